"""TXT and Markdown: one record per file, page or line."""

import re
from collections.abc import Iterator

from winnow.models import InvalidRecord, Record
from winnow.readers.documents import lines_of, records_of
from winnow.readers.source import Source

_STRUCK = re.compile(r"(?<!~)~~(?=[^\s~])[^~\n]{1,2000}(?<=[^\s])~~(?!~)")
"""Text that Markdown strikes through, as GitHub's does: on one line."""


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    r"""The text as it is in the file with line ends made `\n`; a form feed begins a page."""
    yield from records_of(source, lines_of(_text(source)))


def read_markdown(source: Source) -> Iterator[Record | InvalidRecord]:
    """The same, without the text that is struck through; other markup is text."""
    text, count = _STRUCK.subn("", _text(source))
    if count:
        source.note("struck_text", "Text that is struck through was not read.")
    yield from records_of(source, lines_of(text))


def _text(source: Source) -> str:
    text = source.lines.read_all(source.limits.max_document_chars)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
