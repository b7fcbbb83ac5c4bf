"""DOCX and HTML: parsed in a child process, made into records here."""

import codecs
from collections.abc import Iterator
from typing import IO

from winnow.models import InvalidRecord, Record
from winnow.parsers.labels import declared_codec
from winnow.readers import documents, sandbox
from winnow.readers.fragments import Fragment
from winnow.readers.source import Source
from winnow.readers.table_lines import as_fragment
from winnow.readers.text import encoding_of

_IN_ASCII = ("hz", "iso2022")
"""Encodings whose every byte is one of ASCII."""


def read_docx(source: Source) -> Iterator[Record | InvalidRecord]:
    """The paragraphs and tables of a Word file, headers first, notes and footers last."""
    yield from documents.records(source, _fragments(source, "docx", source.spooled()))


def read_html(source: Source) -> Iterator[Record | InvalidRecord]:
    """The text of a web page that a browser would show."""
    source.declared_encoding = _declared(source.head)
    text = source.lines.read_all(source.limits.max_document_chars)
    if source.declared_encoding and "\ufffd" in text:
        source.note(
            "bytes_replaced",
            "Some bytes are not valid in the encoding that the page declares.",
        )
    file = source.temporary()
    file.write(text.encode("utf-8", "replace"))
    file.flush()
    xhtml = source.suffix in (".xhtml", ".xht")
    yield from documents.records(source, _fragments(source, "html", file, xhtml=xhtml))


def _fragments(
    source: Source, kind: str, file: IO[bytes], *, xhtml: bool = False
) -> Iterator[Fragment]:
    for item in sandbox.parse(kind, file, source.limits, xhtml=xhtml):
        if fragment := as_fragment(item):
            yield fragment
        elif item[0] == "note":
            source.note(item[1], item[2])


def _declared(head: bytes) -> str | None:
    """The encoding that a web page declares, unless its bytes clearly have another."""
    if encoding_of(head) != "utf-8":
        return None
    name = declared_codec(head)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return name if name != "utf-8" else None
    return name if name and name.startswith(_IN_ASCII) and head.isascii() else None
