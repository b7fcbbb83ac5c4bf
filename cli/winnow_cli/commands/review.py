"""`winnow review`: the queue, for a person: the page, or the same in this terminal."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.console import command, emit_json, note, say
from winnow_cli.options import REVIEWS, AsJson, ReviewProcess, StackName, handle_errors

if TYPE_CHECKING:
    from winnow_cli.target import Target


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=REVIEWS)(review)


@handle_errors
def review(
    terminal: Annotated[
        bool,
        typer.Option("--terminal", help="Decide in this terminal, one key a record."),
    ] = False,
    process: ReviewProcess = None,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the page's address; open no browser.")
    ] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Decide what was set aside for a person: opens the review page, signed in on the local stack.

    With --terminal: Enter approves, 1 to 9 choose a decision, 0 is "cannot tell", S skips, Z takes
    the last decision back, N writes a note, Q quits.
    """
    from winnow_cli.target import find_target

    if terminal and (only_print or as_json):
        raise typer.BadParameter("--terminal goes with neither --print nor --json")
    if terminal and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise typer.BadParameter("--terminal needs a terminal: neither a pipe nor a file")
    target = find_target(stack)
    if terminal:
        _in_terminal(target, process)
    else:
        _open_page(target, process, only_print or as_json, as_json)


def _open_page(target: "Target", process: str | None, only_print: bool, as_json: bool) -> None:
    import webbrowser
    from urllib.parse import quote

    from winnow_cli.reviews import PAGE, review_off

    if PAGE not in target.outputs:
        raise review_off(target)
    page = target.outputs[PAGE]
    if process is not None:
        page += f"#/review?process={quote(process)}"
    if as_json:
        emit_json({"page": page})
        return
    say(page)
    if not only_print and not webbrowser.open(page):
        note(f"No browser was found: open this address, or use `{command()} review --terminal`.")


def _in_terminal(target: "Target", process: str | None) -> None:
    from rich.control import Control

    from winnow_cli.console import stdout
    from winnow_cli.desk import Desk
    from winnow_cli.keyboard import keyboard
    from winnow_cli.render.review_screen import Page
    from winnow_cli.reviews import StackReviews
    from winnow_cli.target import aws_errors
    from winnow_cli.terminal_review import TerminalReview

    reviews = StackReviews(target)
    with aws_errors(target):
        desk = Desk(
            reviews.service,
            reviews.store,
            reviews.items,
            reviews.notes,
            reviews.user,
            reviews.processes(process),
            time.monotonic,
        )
        desk.keep_leases()
        screen = stdout()
        # A screen of its own: no text of a record stays in the terminal.
        try:
            with screen.screen() as alternate, keyboard(screen) as keys:

                def draw(page: Page) -> None:
                    screen.control(Control.home())  # Rich would scroll the last page away.
                    alternate.update(page)

                TerminalReview(desk, keys, draw, lambda: screen.height).run()
        finally:
            desk.close()
    totals = desk.totals
    note(f"You decided {desk.decided:,}. {totals.open:,} of {totals.queued:,} are open.")
