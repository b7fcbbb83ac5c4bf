"""Documents to records: the whole, a page or a row, each with the places of its lines."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from winnow.errors import FileTooLargeError, NoRecordsError
from winnow.models import InvalidRecord, Record, SourceLocation
from winnow.readers.pages.reflow import Piece
from winnow.readers.source import Source
from winnow.readers.tabular.tables import Table

_LINE = re.compile(r"[^\n]*\n?")
_MANY = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table with this number in its document."""

    table: int
    cells: tuple[str, ...]
    page: int | None = None
    line: int | None = None

    def as_piece(self) -> Piece:
        cells = (" ".join(cell.split()) for cell in self.cells)
        return Piece("\t".join(cells).rstrip("\t") + "\n", self.page, self.line)


def records(
    source: Source,
    parts: Iterable[Piece | Row],
    fields: Mapping[str, str] | None = None,
    first: int = 1,
) -> Iterator[Record | InvalidRecord]:
    """The records of a document, numbered from `first`, as the process's unit says.

    A row is a row of those tables of the document whose header names the text; where there is no
    such table, a line; of a PDF, whose lines are put together again, a paragraph. Raises
    NoRecordsError when there is nothing in it.
    """
    found = _within_limits(source, parts)
    if source.unit == "row":
        found = list(found)
        tables = list(_tables(source, found))
        if tables:
            for table, rows in tables:
                for row in rows:
                    record = table.record(first, row.line, list(row.cells))
                    if record:
                        first += 1
                        yield record
            return
    pieces = (part.as_piece() if isinstance(part, Row) else part for part in found)
    yield from records_of(source, pieces, fields, first)


def records_of(
    source: Source,
    pieces: Iterable[Piece],
    fields: Mapping[str, str] | None = None,
    first: int = 1,
) -> Iterator[Record | InvalidRecord]:
    """The records of a document without tables."""
    empty = True
    for group in _groups(source, pieces):
        text = "".join(piece.text for piece in group).rstrip("\n")
        if not text.strip() and source.unit != "document":
            continue
        empty = False
        yield source.record(
            first,
            group[0].line,
            text,
            source_id=source.case_id,
            fields=fields,
            places=_places(group, len(text)) if len(text) <= source.limits.max_record_chars else (),
        )
        first += 1
    if empty:
        raise NoRecordsError("The document holds no text.")


def lines_of(text: str) -> Iterator[Piece]:
    """The lines of a text with their numbers; a form feed begins a page."""
    page = 1
    paged = "\f" in text
    for number, match in enumerate(_LINE.finditer(text), start=1):
        line = match.group()
        if not line:
            return
        if paged and line.startswith("\f"):
            page += 1
            line = line[1:]
        yield Piece(line, page if paged else None, number)
        if paged:
            page += line.count("\f")


def _within_limits(source: Source, parts: Iterable[Piece | Row]) -> Iterable[Piece | Row]:
    left = source.limits.max_document_chars
    for part in parts:
        left -= len(part.text) if isinstance(part, Piece) else sum(map(len, part.cells)) + 1
        if left < 0:
            raise FileTooLargeError(
                f"The document is longer than {source.limits.max_document_chars:,} characters "
                "(limit max_document_chars)."
            )
        yield part


def _tables(source: Source, parts: Sequence[Piece | Row]) -> Iterator[tuple[Table, Iterable[Row]]]:
    rows = [part for part in parts if isinstance(part, Row)]
    for _, members in groupby(rows, key=lambda row: row.table):
        header, *rest = members
        if rest and source.wanted_column(header.cells):
            yield Table(source, list(header.cells)), rest


def _groups(source: Source, pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    if source.unit == "document":
        if group := _collected(source, pieces):
            yield group
    elif source.unit == "page":
        for _, page in groupby(pieces, key=lambda piece: piece.page):
            yield _collected(source, page)
    else:
        line: list[Piece] = []
        for piece in pieces:
            line.append(piece)
            if piece.text.endswith("\n"):
                yield line
                line = []
        if line:
            yield line


def _collected(source: Source, pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces; those of a text that is longer than a record may be become one: their places are
    not told, and ten million of them would take all the memory there is."""
    found: list[Piece] = []
    size = 0
    for piece in pieces:
        found.append(piece)
        size += len(piece.text)
        if len(found) > _MANY and size > source.limits.max_record_chars:
            text = "".join(part.text for part in found)
            found = [Piece(text, found[0].page, found[0].line)]
    return found


def _places(pieces: Iterable[Piece], length: int) -> tuple[SourceLocation, ...]:
    places = []
    start = 0
    for piece in pieces:
        if start < length and piece.text.strip() and (piece.page or piece.line):
            places.append(
                SourceLocation(
                    start=start,
                    page=piece.page,
                    line=piece.line,
                    box=piece.box,
                    confidence=piece.confidence,
                )
            )
        start += len(piece.text)
    return tuple(places)
