"""`winnow index`: what the search index has, and making it again of the results."""

from typing import TYPE_CHECKING

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.options import AsJson, StackName, handle_errors

if TYPE_CHECKING:
    from winnow_cli.indexing import IndexStatus

app = typer.Typer(no_args_is_help=True, help="The search index: what it has, and making it again.")


@app.command()
@handle_errors
def status(stack: StackName = None, as_json: AsJson = False) -> None:
    """Show what the search index has, and what waits to be indexed.

    The index follows the results by itself, some seconds after a change. Once a day it is
    compacted and compared with them.
    """
    from winnow_cli.indexing import read_status
    from winnow_cli.target import find_target

    found = read_status(find_target(stack))
    if as_json:
        emit_json(found.document())
        return
    _print(found)


def _print(found: "IndexStatus") -> None:
    files = "file" if found.files == 1 else "files"
    say(f"{found.files:,} {files}, {found.size / 1e6:,.1f} MB")
    state = found.state
    if state is None:
        say("Not compared with the results yet: searches say so.")
    else:
        say(
            f"{state.uploads:,} uploads with {state.records:,} records when it was compared with "
            f"the results, {state.compared_at}"
        )
    say(f"{found.waiting:,} changes wait to be indexed")
    if state is not None and state.missing:
        what = "are being indexed" if state.pending else "have results that cannot be read"
        note(f"{state.missing:,} uploads {what}.")
    if found.failed:
        note(
            f"{found.failed:,} changes could not be indexed: the function's log names the uploads. "
            "`winnow index rebuild` makes up for it."
        )


@app.command()
@handle_errors
def rebuild(stack: StackName = None, as_json: AsJson = False) -> None:
    """Delete the search index and make it again of the results.

    Meanwhile searches and charts say that results are being indexed. It goes on if the command is
    interrupted.
    """
    from winnow_cli.indexing import read_status, rebuild_index
    from winnow_cli.target import find_target

    target = find_target(stack)
    rebuild_index(target)
    if as_json:
        emit_json(read_status(target).document())
    else:
        _print(read_status(target))
