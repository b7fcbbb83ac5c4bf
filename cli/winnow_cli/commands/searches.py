"""`winnow searches`: what people saved of searches."""

from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.console import clean, emit_json, note
from winnow_cli.options import AsJson, StackName, alone, handle_errors

if TYPE_CHECKING:
    from winnow.search.saved import SavedSearch

app = typer.Typer(invoke_without_command=True, help="Saved searches: list and delete them.")


@app.callback()
@handle_errors
def searches(context: typer.Context, stack: StackName = None, as_json: AsJson = False) -> None:
    """List saved searches: your own, and those that are shared.

    `winnow search --save NAME` saves one, `winnow search --saved NAME` asks for it again. They are
    the same as on the page; on the local stack, also the same user's.
    """
    if not alone(context):
        return
    from winnow_cli.render.tables import table
    from winnow_cli.saved_searches import StackSearches
    from winnow_cli.target import find_target

    found = StackSearches(find_target(stack)).every()
    if as_json:
        emit_json({"searches": [document(one) for one in found]})
        return
    if not found:
        note("No search is saved.")
        return
    rows = [
        (one.name, one.shared_with or "", one.by, one.at[:16].replace("T", " "), one.search.query)
        for one in found
    ]
    table(("name", "shared with", "by", "saved (UTC)", "words"), rows)


@app.command()
@handle_errors
def delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The search's name.")],
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Delete a saved search: your own of this name, or else the shared one."""
    from winnow_cli.saved_searches import StackSearches
    from winnow_cli.target import find_target

    deleted = StackSearches(find_target(stack)).delete(name)
    if as_json:
        emit_json(document(deleted))
    else:
        note(f"Deleted the saved search {clean(deleted.name)}.")


def document(saved: "SavedSearch") -> dict[str, object]:
    """A saved search as JSON."""
    found: dict[str, object] = saved.model_dump(mode="json", exclude_defaults=True)
    return {**found, "shared_with": saved.shared_with}
