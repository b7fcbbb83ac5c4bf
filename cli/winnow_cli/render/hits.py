"""What a search found: lines on a terminal, a table in a pipe, or a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.search.engine import Searcher
from winnow.search.exports import CANNOT_TELL, ExportFormat, every_hit
from winnow.search.shapes import Hit, SearchAnswer, SearchRequest
from winnow_cli.console import clean, note, stdout
from winnow_cli.render.records import OUTCOME_STYLES
from winnow_cli.render.tables import table
from winnow_cli.render.uploads import SHORT_ID

if TYPE_CHECKING:
    from rich.text import Text


def print_hits(answer: SearchAnswer) -> None:
    """Print what was found; the number of all goes to stderr."""
    screen = stdout()
    if screen.is_terminal:
        for hit in answer.hits:
            for line in hit_lines(hit):
                screen.print(line, soft_wrap=False)
            screen.print()
    else:
        names = ("outcome", "decision", "confidence", "reviewed", "process", "upload", "record")
        table([*names, "id", "text"], [_cells(hit) for hit in answer.hits])
    shown = len(answer.hits)
    records = "record" if answer.total == 1 else "records"
    more = "" if shown == answer.total else f", of which {shown:,} are shown (--limit, --export)"
    note(f"{answer.total:,} {records} found{more}.")


def hit_lines(hit: Hit) -> Iterator["Text"]:
    """A hit for a terminal: what it is, and its text with what was found marked."""
    yield _head(hit)
    if hit.text:
        yield _marked(hit)


def _reviewed(hit: Hit) -> str:
    if hit.review is None:
        return ""
    return f"{hit.review.decision or CANNOT_TELL} by {hit.review.by}"


def _confidence(hit: Hit) -> str:
    return "" if hit.confidence is None else f"{hit.confidence:.2f}"


def _cells(hit: Hit) -> list[str]:
    return [
        hit.outcome.value,
        hit.decision or hit.code or "",
        _confidence(hit),
        _reviewed(hit),
        hit.process,
        hit.upload[:SHORT_ID],
        str(hit.record),
        hit.source_id or "",
        _around(hit),
    ]


def _around(hit: Hit) -> str:
    """The text, with an ellipsis where it was cut."""
    before = "…" if hit.starts_at else ""
    after = "" if hit.whole or hit.text is None else "…"
    return f"{before}{hit.text or ''}{after}"


def _head(hit: Hit) -> "Text":
    from rich.text import Text

    head = Text.assemble(
        (hit.outcome.value, OUTCOME_STYLES[hit.outcome.value]),
        "  ",
        (clean(hit.decision or hit.code or ""), "bold"),
        f" {_confidence(hit)}",
    )
    if hit.review is not None:
        head.append(f"  {clean(_reviewed(hit))}", style="cyan")
    where = f"  {hit.process}  {hit.upload[:SHORT_ID]} record {hit.record}"
    own = f" ({clean(hit.source_id)})" if hit.source_id else ""
    return head.append(f"{where}{own}", style="dim")


def _marked(hit: Hit) -> "Text":
    """The text on one line, with what was found in bold."""
    from rich.text import Text

    text, line, done = hit.text or "", Text("    "), 0
    line.append("…" if hit.starts_at else "")
    for span in hit.spans:
        line.append(_one_line(text[done : span.start]))
        line.append(_one_line(text[span.start : span.end]), style="bold underline")
        done = span.end
    line.append(_one_line(text[done:]))
    return line.append("" if hit.whole else "…")


def _one_line(text: str) -> str:
    return "".join(" " if char.isspace() else char for char in text)


def write_export(searcher: Searcher, request: SearchRequest, file: Path) -> int:
    """Write everything that a request finds, in the format that the file's name ends in.

    Returns how many records it was.
    """
    from winnow_search.exporting import write_hits

    form = ExportFormat(file.suffix.lower().removeprefix("."))
    return write_hits(every_hit(searcher, request), form, file)
