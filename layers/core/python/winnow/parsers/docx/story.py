"""What all parts of a Word file write to, and what they share."""

from collections.abc import Callable, Iterator
from typing import Any

from winnow.parsers.docx.bound_data import BoundData
from winnow.parsers.docx.bullets import Bullets
from winnow.parsers.docx.styles import Styles
from winnow.parsers.errors import too_long
from winnow.parsers.marks import UNKNOWN_NOTE
from winnow.parsers.merged_cells import Cell, flat

Emit = Callable[[list[Any]], None]


class Story:
    """What all parts write to: one text, with its lines and pages counted, and what is noted."""

    def __init__(self, limits: dict[str, int], emit: Emit) -> None:
        self._limits = limits
        self._left = limits["max_document_chars"]
        self._emit = emit
        self.page = 1
        self.line = 0
        self.table = 0
        self.broken = False
        """A page was just broken, and nothing written since."""
        self.hidden = False
        self.struck = False
        self.symbols = False
        """Whether a sign of a symbol font is not known."""
        self.white = False
        self.changed = False
        self.comments = self.files = self.drawn = self.chunks = 0
        self._chunk_tables: dict[int, int] = {}
        """The numbers here of tables in the file that is taken in."""
        self._taken: dict[tuple[str, str], None] = {}
        """Notes on files that were taken in."""

    def paragraph(self, text: str, page: int | None) -> None:
        self.line += 1
        self._count(len(text) + 1)
        self._emit(["text", text + "\n", page, self.line])

    def row(self, table: int, cells: list[Cell], page: int | None) -> None:
        self.line += 1
        self._count(sum(len(flat(cell)) for cell in cells) + len(cells))
        self._emit(["row", table, cells, page, self.line])

    def begin_chunk(self) -> None:
        """Another file is taken in, whose parser numbers its tables from 1."""
        self._chunk_tables = {}

    def take(self, item: list[Any]) -> None:
        """What another parser has emitted, as if it stood here."""
        if item[0] == "text":
            self.paragraph(item[1].rstrip("\n"), self.page)
        elif item[0] == "row":
            if item[1] not in self._chunk_tables:
                self.table += 1
                self._chunk_tables[item[1]] = self.table
            self.row(self._chunk_tables[item[1]], item[2], self.page)
        elif item[0] == "note":
            self._taken[item[1], item[2]] = None
        elif item[0] in ("member", "unread"):
            self.chunks += 1

    def notes(self) -> Iterator[tuple[str, str]]:
        """What the user should know, as code and text."""
        if self.changed:
            yield "tracked_changes", "It has tracked changes: it was read as if all were accepted."
        if self.white:
            yield "same_colour", "White text without a ground was read; a reader may not see it."
        if self.struck:
            yield "struck_text", "Text that is struck through was not read."
        if self.symbols:
            yield UNKNOWN_NOTE
        for count, code, what in (
            (self.hidden, "hidden_text", "Text that is formatted as hidden was not read."),
            (self.comments, "comments_left_out", "Comments that were not read: {}."),
            (self.files, "attachments_left_out", "Files in the document that were not read: {}."),
            (self.drawn, "drawings_left_out", "Charts and diagrams that were not read: {}."),
            (self.chunks, "parts_left_out", "Other files that it takes in, not read: {}."),
        ):
            if count:
                yield code, what.format(int(count))
        yield from self._taken

    def _count(self, chars: int) -> None:
        self._left -= chars
        if self._left < 0:
            raise too_long(self._limits)


class Document:
    """What the parts of one Word file share."""

    def __init__(
        self,
        story: Story,
        styles: Styles,
        bullets: Bullets,
        bound: BoundData,
        chunk: Callable[[str, str], None],
    ) -> None:
        self.story = story
        self.styles = styles
        self.bullets = bullets
        self.bound = bound
        self.chunk = chunk
        """Read the file that a part names by the id of a relation."""
        self.noted: set[tuple[str, str]] = set()
        """Foot- and endnotes that the text refers to."""
