"""What documents are made of: stretches of text and rows of tables, each with its place."""

from dataclasses import dataclass

from winnow.readers.pages.geometry import Box


@dataclass(frozen=True, slots=True)
class TextFragment:
    """A stretch of a document's text: the fragments put together are the text."""

    text: str
    page: int | None = None
    line: int | None = None
    box: Box | None = None
    confidence: float | None = None
    picture: int | None = None
    """The number under which the page's picture is kept."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of the table with this number in its document."""

    table: int
    cells: tuple[str, ...]
    page: int | None = None
    line: int | None = None


Fragment = TextFragment | TableRow
