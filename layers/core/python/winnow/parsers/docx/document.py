"""DOCX: the parts of a Word file, in the order in which they are read."""

import io
import re
from itertools import chain
from typing import IO

from winnow.parsers.docx import embedded
from winnow.parsers.docx.bound_data import BoundData
from winnow.parsers.docx.bullets import Bullets
from winnow.parsers.docx.part import PartReader
from winnow.parsers.docx.story import Document, Emit, Story
from winnow.parsers.docx.styles import is_on, styles_of
from winnow.parsers.errors import ParseError
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts, Relation

_SECTIONS = re.compile(
    rb"""<(?:\w+:)?(?:(sectPr|sectPrChange)\b[^<>]*>|(titlePg|headerReference|footerReference)\b"""
    rb"""([^<>]*)>)|</(?:\w+:)?(sectPrChange)\s*>"""
)
_MAIN = "officeDocument"
_KIND = re.compile(rb"""\btype\s*=\s*["'](\w+)""")
_ID = re.compile(rb""":id\s*=\s*["']([^"'<>]*)""")
_VALUE = re.compile(rb"""\bval\s*=\s*["'](\w*)""")
_OVERLAP = 2_000
"""Bytes of an element that two blocks may share."""
_FILES = frozenset(("oleObject", "package", "control"))
_DRAWN = frozenset(("chart", "chartEx", "diagramData"))
_MAX_CHUNK_DEPTH = 3
"""Maximum depth of Word files that contain others as parts."""


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, _scratch: IO[bytes] | None) -> None:
    """Emit headers, body, notes and footers, a paragraph or a table's row a time."""
    story = Story(limits, emit)
    _read(file, limits, story, 0)
    for note in story.notes():
        emit(["note", *note])


def _read(file: IO[bytes], limits: dict[str, int], story: Story, depth: int) -> None:
    parts = Parts(file, limits)
    main = next(
        (relation.target for relation in parts.related("").values() if relation.kind == _MAIN),
        "word/document.xml",
    )
    related = parts.related(main)
    shown = _shown(parts, main, related)
    styles = styles_of(parts, related.values())
    document = Document(
        story,
        styles,
        Bullets(parts, related.values(), styles),
        BoundData(parts, related.values()),
        lambda part, relation_id: _chunk(parts, part, relation_id, limits, story, depth),
    )
    seen: set[str] = set()
    for kind in ("header", "", "footnotes", "endnotes", "footer"):
        if not kind:
            PartReader(document, main).read(parts.blocks(main))
        for key, relation in related.items():
            part = relation.target
            if relation.kind != kind or part not in parts:
                continue
            if kind not in ("header", "footer"):
                PartReader(document, part, is_notes=True).read(parts.blocks(part))
            elif key in shown:
                PartReader(document, part, seen=seen).read(parts.blocks(part))
    for relation in related.values():
        story.files += relation.kind in _FILES
        story.drawn += relation.kind in _DRAWN
        if relation.kind == "comments" and relation.target in parts:
            story.comments += _comments(parts, relation.target)


def _shown(parts: Parts, main: str, related: dict[str, Relation]) -> frozenset[str]:
    """The relations of the headers and footers that the sections show.

    That of first pages only where a section has a first page of its own, that of even pages only
    where the settings part them from odd ones.
    """
    all_keys = {key for key, relation in related.items() if relation.kind in ("header", "footer")}
    if not all_keys or main not in parts:
        return frozenset(all_keys)
    references: list[tuple[str, str]] = []
    first, old, rest = False, False, b""
    for block in chain(parts.uncounted(main), (b"",)):
        data = rest + block
        end = max(0, len(data) - _OVERLAP) if block else len(data)
        cut = 0
        for match in _SECTIONS.finditer(data):
            if match.start() >= end:
                break
            cut = match.end()
            if match[4]:
                old = False
            elif match[1]:  # what a section was like before it was changed counts not
                old = old or (match[1] == b"sectPrChange" and not match[0].endswith(b"/>"))
            elif old:
                continue
            elif match[2] == b"titlePg":
                value = _VALUE.search(match[3])
                first = first or is_on(value[1].decode("ascii", "replace") if value else None)
            elif name := _ID.search(match[3]):
                kind = _KIND.search(match[3])
                references.append(((kind[1] if kind else b"default").decode(), name[1].decode()))
        rest = data[max(cut, end) :]
    if not references:
        return frozenset(all_keys)
    even = any(kind == "even" for kind, _ in references) and _parts_even_pages(parts, related)
    is_shown = {"first": first, "even": even}
    return frozenset(key for kind, key in references if is_shown.get(kind, True))


def _parts_even_pages(parts: Parts, related: dict[str, Relation]) -> bool:
    settings: list[bool] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition("}")
        if name == "evenAndOddHeaders":
            settings.append(is_on(attributes.get(f"{space}}}val")))

    for relation in related.values():
        if relation.kind == "settings" and relation.target in parts:
            parser = xml_parser()
            parser.StartElementHandler = start
            feed(parser, parts.blocks(relation.target))
    return any(settings)


def _comments(parts: Parts, part: str) -> int:
    count = 0

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal count
        count += tag.endswith("}comment")

    parser = xml_parser()
    parser.StartElementHandler = start
    try:
        feed(parser, parts.blocks(part))
    except ParseError as error:  # they are not read, so their damage harms nothing
        if error.code != "file_unreadable":
            raise
        return max(count, 1)
    return count


def _chunk(
    parts: Parts,
    part: str,
    relation_id: str,
    limits: dict[str, int],
    story: Story,
    depth: int,
) -> None:
    """Read a file that Word takes into the text when it opens the document."""
    relation = parts.related(part).get(relation_id)
    if relation is None or relation.outside or relation.target not in parts:
        story.chunks += 1
        return
    content = bytearray()
    for block in parts.blocks(relation.target):
        content += block
        if len(content) > limits["max_spool_bytes"]:
            raise ParseError(
                "file_too_large",
                f"A part of the DOCX is larger than {limits['max_spool_bytes']:,} bytes "
                "(limit max_spool_bytes).",
            )
    kind = embedded.kind_of(bytes(content[:4_096]), relation.target)
    try:
        if kind == "docx" and depth < _MAX_CHUNK_DEPTH:
            _read(io.BytesIO(content), limits, story, depth + 1)
        elif kind in embedded.READ:
            story.begin_chunk()
            embedded.read(kind, bytes(content), limits, story.take)
        else:
            story.chunks += 1
    except ParseError as error:
        if error.code not in ("file_unreadable", "file_encrypted"):
            raise
        story.chunks += 1
