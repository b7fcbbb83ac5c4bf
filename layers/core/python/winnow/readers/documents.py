"""Documents to records: the whole, a page or a row, each with the locations of its lines."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from winnow.errors import FileTooLargeError, NoRecordsError
from winnow.models import InvalidRecord, Record, SourceLocation
from winnow.readers.fragments import Fragment, TableRow, TextFragment
from winnow.readers.source import Source
from winnow.readers.table_lines import APART, as_text
from winnow.readers.tabular.tables import RecordTable

_LINE = re.compile(r"[^\n]*\n?")
_MAX_FRAGMENTS = 100_000


def records(
    source: Source,
    parts: Iterable[Fragment],
    fields: Mapping[str, str] | None = None,
    first: int = 1,
) -> Iterator[Record | InvalidRecord]:
    """The records of a document, numbered from `first`, by the process's unit.

    With the unit `row`, the rows of tables whose header names the text column; without such a
    table, the lines of the text (in a PDF, its paragraphs). Raises NoRecordsError when the document
    holds no text.
    """
    fragments = _within_limits(source, parts)
    if source.unit == "row":
        fragments = list(fragments)
        tables = list(_tables(source, fragments))
        if tables:
            for table, rows in tables:
                for row in rows:
                    cells = [cell.replace(APART, "\t") for cell in row.cells]
                    record = table.record(first, row.line, cells)
                    if record:
                        first += 1
                        yield record
            return
    yield from records_of(source, as_text(fragments), fields, first)


def records_of(
    source: Source,
    fragments: Iterable[TextFragment],
    fields: Mapping[str, str] | None = None,
    first: int = 1,
) -> Iterator[Record | InvalidRecord]:
    """The records of a document without tables."""
    empty = True
    max_chars = source.limits.max_record_chars
    for group in _groups(source, fragments):
        text = "".join(fragment.text for fragment in group).rstrip("\n")
        if not text.strip() and source.unit != "document":
            continue
        empty = False
        yield source.record(
            first,
            group[0].line,
            text,
            source_id=source.case_id,
            fields=fields,
            places=_locations(group, len(text)) if len(text) <= max_chars else (),
            of_upload=source.unit != "row",
        )
        first += 1
    if empty:
        raise NoRecordsError("The document contains no text.")


def lines_of(text: str) -> Iterator[TextFragment]:
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
        yield TextFragment(line, page if paged else None, number)
        if paged:
            page += line.count("\f")


def _within_limits(source: Source, parts: Iterable[Fragment]) -> Iterable[Fragment]:
    left = source.limits.max_document_chars
    for part in parts:
        left -= len(part.text) if isinstance(part, TextFragment) else sum(map(len, part.cells)) + 1
        if left < 0:
            raise FileTooLargeError(
                f"The document is longer than {source.limits.max_document_chars:,} characters "
                "(limit max_document_chars)."
            )
        yield part


def _tables(
    source: Source, parts: Sequence[Fragment]
) -> Iterator[tuple[RecordTable, Iterable[TableRow]]]:
    rows: dict[int, list[TableRow]] = defaultdict(list)
    for part in parts:
        if isinstance(part, TableRow):
            rows[part.table].append(part)
    for header, *rest in rows.values():
        if rest and source.match_text_column(header.cells):
            yield RecordTable(source, list(header.cells)), rest


def _groups(source: Source, fragments: Iterable[TextFragment]) -> Iterator[list[TextFragment]]:
    if source.unit == "document":
        if group := _collected(source, fragments):
            yield group
    elif source.unit == "page":
        for _, page in groupby(fragments, key=lambda fragment: fragment.page):
            yield _collected(source, page)
    else:
        line: list[TextFragment] = []
        for fragment in fragments:
            line.append(fragment)
            if fragment.text.endswith("\n"):
                yield line
                line = []
        if line:
            yield line


def _collected(source: Source, fragments: Iterable[TextFragment]) -> list[TextFragment]:
    """The fragments as a list.

    When the text is longer than a record may be, they become one fragment: their locations are not
    reported, and millions of them would fill the memory.
    """
    collected: list[TextFragment] = []
    size = 0
    for fragment in fragments:
        collected.append(fragment)
        size += len(fragment.text)
        if len(collected) > _MAX_FRAGMENTS and size > source.limits.max_record_chars:
            text = "".join(part.text for part in collected)
            collected = [TextFragment(text, collected[0].page, collected[0].line)]
    return collected


def _locations(fragments: Iterable[TextFragment], length: int) -> tuple[SourceLocation, ...]:
    locations = []
    start = 0
    for fragment in fragments:
        if start < length and fragment.text.strip() and (fragment.page or fragment.line):
            locations.append(
                SourceLocation(
                    start=start,
                    page=fragment.page,
                    line=fragment.line,
                    box=fragment.box,
                    confidence=fragment.confidence,
                    picture=fragment.picture,
                )
            )
        start += len(fragment.text)
    return tuple(locations)
