"""TXT and Markdown: the whole file is one record."""

from collections.abc import Iterator

from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """One record, its text as it stands in the file with line ends made `\\n`."""
    text = source.lines.read_all(source.limits.max_document_chars)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    yield source.record(1, 1, "text", {"text": text})
