"""`winnow policy`: the IAM policy of somebody who works with a stack."""

import json
from typing import Annotated

import typer

from winnow_cli.access.people import Person
from winnow_cli.console import emit_json, say
from winnow_cli.options import ACCESS, AsJson, StackName, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=ACCESS)(policy)


@handle_errors
def policy(
    role: Annotated[
        Person,
        typer.Argument(
            metavar="ROLE",
            help="What the person does: drop files, read results, review, publish versions, "
            "promote versions, deploy, operate (watch only), or forget (erase people).",
            show_choices=True,
        ),
    ],
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Print the IAM policy of a person, with the ARNs of a stack.

    Nothing is made or changed: give the policy to a user, a group or a permission set, as your
    organisation does it.
    """
    from winnow_cli.access.policies import needs_reviews, read_arns
    from winnow_cli.access.policies import policy as made
    from winnow_cli.reviews import review_off
    from winnow_cli.target import find_target

    target = find_target(stack)
    arns = read_arns(target)
    if needs_reviews(role, arns):
        raise review_off(target)
    document = made(role, arns)
    if as_json:
        emit_json(document)
    else:
        say(json.dumps(document, indent=2))
