"""`winnow users`: who may sign in to a stack's review page."""

import sys
from typing import Annotated

import typer

from winnow_api.identity import Group
from winnow_cli.console import emit_json, note, say
from winnow_cli.options import AsJson, StackName, handle_errors

app = typer.Typer(help="Who may sign in to the review page.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Who may sign in to the review page."""


@app.command()
@handle_errors
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Where the invitation is sent.")],
    member_of: Annotated[
        Group,
        typer.Option(
            "--group",
            help="reviewer: decides records, tries texts, uploads files. auditor: reads, and "
            "changes nothing. admin: everything.",
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="What stands beside the user's decisions; default: what is before the @.",
            show_default=False,
        ),
    ] = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Invite somebody to the review page.

    Cognito sends the e-mail, with a password for three days. The local stack sends none: its page
    signs its own user in.
    """
    from winnow_cli.access.users import UserPool, checked_address, name_for
    from winnow_cli.target import find_target

    address = checked_address(email)
    called = name_for(address, name)
    target = find_target(stack)
    user = UserPool(target).add(address, member_of, called)
    if as_json:
        emit_json(user.document())
        return
    say(f"{user.name} is invited as {member_of.value}.")
    if target.local:
        note("The local stack sends no invitation, and its page signs its own user in.")
    else:
        note("Cognito sends the invitation; its password is good for three days.")


@app.command("list")
@handle_errors
def list_users(stack: StackName = None, as_json: AsJson = False) -> None:
    """List who may sign in, with their groups."""
    from winnow_cli.access.users import UserPool
    from winnow_cli.render.tables import table
    from winnow_cli.target import find_target

    users = UserPool(find_target(stack)).users()
    if as_json:
        emit_json({"users": [user.document() for user in users]})
        return
    if not users:
        note("There is no user yet: `winnow users add EMAIL --group reviewer`.")
        return
    table(
        ("name", "address", "groups", "state", "since"),
        [
            (user.name, user.address, ", ".join(user.groups) or "none", user.state, user.since[:10])
            for user in users
        ],
        spare=("since",),
    )


@app.command()
@handle_errors
def remove(
    who: Annotated[str, typer.Argument(metavar="USER", help="The user's name or address.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask. Needed where there is no terminal.")
    ] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Remove somebody from the review page. What they decided stays, with their name."""
    from winnow_cli.access.users import UserPool
    from winnow_cli.target import find_target

    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("Nobody is there to be asked.", param_hint="'--yes'")
    pool = UserPool(find_target(stack))
    user = pool.find(who)
    if not yes:
        groups = ", ".join(user.groups) or "no group"
        typer.confirm(f"Remove {user.name} ({groups})?", abort=True, err=True)
    pool.remove(user)
    if as_json:
        emit_json(user.document())
        return
    say(f"{user.name} is removed.")
    note("A page that is open can go on for at most an hour: until its token expires.")
