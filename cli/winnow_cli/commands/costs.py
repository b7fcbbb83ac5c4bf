"""`winnow costs`: what a stack has cost, and what it costs without a file."""

from typing import Annotated

import typer

from winnow_cli.options import FILES, AsJson, StackName, handle_errors

MAX_DAYS = 3_650


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(costs)


@handle_errors
def costs(
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=MAX_DAYS, help="Days to look back.")
    ] = 30,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show what runs have cost by day, process and step, and the month without a file.

    At AWS's list prices, without free tiers, discounts and taxes: each run measures what it uses,
    and the table of uploads keeps what that cost. What a price is missing of is named. Not in it:
    runs that failed, storage, and the review page. The local stack is told the prices of us-east-1.
    """
    from winnow_cli.costs import idle, prices_of, spent_in
    from winnow_cli.render.costs import print_costs
    from winnow_cli.target import find_target
    from winnow_cli.uploads import Uploads

    target = find_target(stack)
    found = spent_in(days, Uploads(target))
    print_costs(found, idle(target), prices_of(target), target, as_json)
