"""TXT and Markdown: one record per file, page or line."""

from collections.abc import Iterator

from winnow.models import InvalidRecord, Record
from winnow.readers.documents import lines_of, records_of
from winnow.readers.source import Source


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    r"""The text as it is in the file with line ends made `\n`; a form feed begins a page."""
    text = source.lines.read_all(source.limits.max_document_chars)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    yield from records_of(source, lines_of(text))
