"""DOCX and HTML: parsed in a child process, made into records here."""

import codecs
import re
from collections.abc import Iterator
from typing import IO

from winnow.models import InvalidRecord, Record
from winnow.readers import documents, sandbox
from winnow.readers.documents import Row
from winnow.readers.reflow import Piece
from winnow.readers.source import Source
from winnow.readers.text import encoding_of

_CHARSET = re.compile(
    rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""",
    re.IGNORECASE,
)


def read_docx(source: Source) -> Iterator[Record | InvalidRecord]:
    """The paragraphs and tables of a Word file, headers first, notes and footers last."""
    yield from documents.records(source, _parts(source, "docx", source.spooled()))


def read_html(source: Source) -> Iterator[Record | InvalidRecord]:
    """The text of a page that its reader would see."""
    source.declared_encoding = _declared(source.head)
    text = source.lines.read_all(source.limits.max_document_chars)
    file = source.temporary()
    file.write(text.encode("utf-8", "replace"))
    file.flush()
    yield from documents.records(source, _parts(source, "html", file))


def _parts(source: Source, kind: str, file: IO[bytes]) -> Iterator[Piece | Row]:
    for item in sandbox.parse(kind, file, source.limits):
        if item[0] == "text":
            yield Piece(item[1], item[2], item[3])
        elif item[0] == "row":
            yield Row(item[1], tuple(item[2]), item[3], item[4])
        elif item[0] == "note":
            source.note(item[1], item[2])


def _declared(head: bytes) -> str | None:
    """The encoding that a page declares, where its bytes are not plainly another."""
    found = _CHARSET.search(head)
    if not found or encoding_of(head) != "utf-8":
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        try:
            name = codecs.lookup(found[1].decode("ascii")).name
        except LookupError:
            return None
        # What pages call Latin 1 is Windows-1252: the HTML standard says so.
        return {"iso8859-1": "cp1252", "ascii": "cp1252", "utf-8": None}.get(name, name)
    return None
