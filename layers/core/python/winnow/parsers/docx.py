"""DOCX: paragraphs, tables, headers and footers, in order, read as a stream of XML."""

import posixpath
from collections.abc import Callable, Iterator
from typing import IO, Any

from winnow.parsers.packages import Counted, feed, open_package, xml_parser
from winnow.parsers.refusal import Refusal, too_long

_WORD = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "http://purl.oclc.org/ooxml/wordprocessingml/main}",
)
_MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_GONE = frozenset(("del", "moveFrom"))
"""Tracked changes: what stands in these is no longer in the text."""
_OFF = frozenset(("0", "false", "off"))
_LETTERS = "61 62 67 64 44 65 6C 6D 70 73 57 77 A3 B3 B4 B0 B1 B9 BB B7 AE DE FC A8 FE"
_SYMBOLS = dict(zip(_LETTERS.split(), "αβγδΔελμπσΩω≤≥×°±≠≈•→⇒✓☐☒", strict=True))
"""Letters of the fonts Symbol and Wingdings, by their codes."""
_RELATION = "}Relationship"
_MAX_DEPTH = 400

Emit = Callable[[list[Any]], None]


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, _scratch: IO[bytes] | None) -> None:
    """Emit headers, body, notes and footers, a paragraph or a table's row a time."""
    package = open_package(file, limits)
    members = {member.filename: member for member in package.infolist()}
    unpacked = Counted(package, limits)

    def blocks(name: str) -> Iterator[bytes]:
        if name not in members:
            raise Refusal("file_unreadable", "The DOCX lacks a part that it names.")
        return unpacked.blocks(members[name])

    main = next(
        (target for kind, target in _relations(blocks, members, "") if kind == "officeDocument"),
        "word/document.xml",
    )
    related = _relations(blocks, members, main)
    story = _Story(limits, emit)
    said: set[str] = set()
    for kind, target in related:
        if kind == "header" and target in members:
            _Part(story, said).read(blocks(target))
    _Part(story, None).read(blocks(main))
    for kind, target in related:
        if kind in ("footnotes", "endnotes") and target in members:
            _Part(story, None).read(blocks(target))
    for kind, target in related:
        if kind == "footer" and target in members:
            _Part(story, said).read(blocks(target))


def _relations(
    blocks: Callable[[str], Iterator[bytes]], members: dict[str, Any], part: str
) -> list[tuple[str, str]]:
    """What a part refers to inside the package: (kind, member), in the order of their names."""
    folder, name = posixpath.split(part)
    rels = posixpath.join(folder, "_rels", f"{name}.rels")
    if rels not in members:
        return []
    found: list[tuple[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.endswith(_RELATION) and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            found.append((attributes.get("Type", "").rpartition("/")[2], posixpath.normpath(path)))

    parser = xml_parser()
    parser.StartElementHandler = start
    feed(parser, blocks(rels))
    return sorted(found, key=lambda item: (len(item[1]), item[1]))


class _Story:
    """What all parts write to: one text, with its lines and pages counted."""

    def __init__(self, limits: dict[str, int], emit: Emit) -> None:
        self._limits = limits
        self._left = limits["max_document_chars"]
        self._emit = emit
        self.page = 1
        self.line = 0
        self.table = 0
        self.broken = False
        """A page was just broken, and nothing written since."""

    def paragraph(self, text: str, page: int) -> None:
        self.line += 1
        self._count(len(text) + 1)
        self._emit(["text", text + "\n", page, self.line])

    def row(self, table: int, cells: list[str], page: int) -> None:
        self.line += 1
        self._count(sum(map(len, cells)) + len(cells))
        self._emit(["row", table, cells, page, self.line])

    def _count(self, chars: int) -> None:
        self._left -= chars
        if self._left < 0:
            raise too_long(self._limits)


class _Part:
    """One XML part. With `said`, a paragraph that another such part has is left out."""

    def __init__(self, story: _Story, said: set[str] | None) -> None:
        self._story = story
        self._said = said
        self._runs: list[str] = []
        self._in_text = 0
        self._skip = 0
        self._depth = 0
        self._page = 0
        """Where the open paragraph or row began; 0 before its first letter."""
        self._in_run = 0
        self._hidden = False
        """Whether the open run is formatted as hidden."""
        self._placeholders: list[bool] = []
        """Of each open content control, whether it only says what to enter."""
        self._field: _FormField | None = None
        self._boxes: list[list[str]] = []
        # Of each open table: its number, its open row's cells, its open cell's paragraphs.
        self._tables: list[tuple[int, list[str], list[str]]] = []

    def read(self, blocks: Iterator[bytes]) -> None:
        parser = xml_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        feed(parser, blocks)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise Refusal("file_unreadable", "Its XML is nested too deeply.")
        if self._skip or tag == _FALLBACK:
            self._skip += 1
            return
        space, _, name = tag.rpartition("}")
        if tag == _MATH:
            self._in_text += 1
        if space + "}" not in _WORD:
            return
        value = attributes.get(f"{space}}}val")
        if name in _GONE or (name == "sdtContent" and any(self._placeholders[-1:])):
            self._skip = 1
        elif name == "t":
            self._in_text += 1
        elif name == "r":
            self._in_run, self._hidden = self._in_run + 1, False
        elif name == "vanish" and self._in_run:
            self._hidden = value not in _OFF
        elif name == "sdt":
            self._placeholders.append(False)
        elif name == "showingPlcHdr" and self._placeholders:
            self._placeholders[-1] = True
        elif name == "sym":
            code = attributes.get(f"{space}}}char", "")[-2:]
            self._write(_SYMBOLS.get(code.upper(), "\ufffd"))
        elif name in ("checkBox", "ddList"):
            self._field = _FormField(["[ ]", "[x]"] if name == "checkBox" else [])
        elif self._field and name in ("default", "checked", "result", "listEntry"):
            self._field.take(name, value)
        elif name in ("tab", "ptab"):
            # In a paragraph's properties the same element defines a tab stop.
            if value is None:
                self._runs.append("\t")
        elif name in ("br", "cr"):
            if attributes.get(f"{space}}}type") == "page":
                self._break_page()
                self._story.broken = True
            else:
                self._runs.append("\n")
        elif name == "lastRenderedPageBreak":
            # Word writes one wherever a page began when it was saved, after its own breaks as well.
            if not self._story.broken:
                self._break_page()
            self._story.broken = False
        elif name == "noBreakHyphen":
            self._runs.append("-")
        elif name == "tbl":
            self._story.table += 1
            self._tables.append((self._story.table, [], []))
        elif name == "tr" and self._tables:
            self._tables[-1][1].clear()
        elif name == "tc" and self._tables:
            self._tables[-1][2].clear()
        elif name == "txbxContent":
            # A text box stands inside a run: its paragraphs come before the one that holds it.
            self._boxes.append(self._runs)
            self._runs = []

    def _break_page(self) -> None:
        self._story.page += 1

    def _data(self, data: str) -> None:
        if self._in_text and not self._skip:
            self._write(data)

    def _write(self, text: str) -> None:
        if not self._hidden:
            self._story.broken = False
            self._page = self._page or self._story.page
            self._runs.append(text.replace("\u00ad", "").replace("\u200b", ""))

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._skip:
            self._skip -= 1
            return
        space, _, name = tag.rpartition("}")
        if tag == _MATH:
            self._in_text -= 1
        if space + "}" not in _WORD:
            return
        if name == "t":
            self._in_text -= 1
        elif name == "r":
            self._in_run, self._hidden = self._in_run - 1, False
        elif name == "sdt" and self._placeholders:
            self._placeholders.pop()
        elif name in ("checkBox", "ddList") and self._field:
            self._write(self._field.text)
            self._field = None
        elif name == "p":
            text = "".join(self._runs).strip(" ")
            self._runs = []
            if self._tables:
                if text.strip():
                    self._tables[-1][2].append(text.strip())
            else:
                if text.strip() and self._new(text):
                    self._story.paragraph(text, self._page)
                self._page = 0
        elif name == "tc" and self._tables:
            self._tables[-1][1].append("\n".join(self._tables[-1][2]))
            self._tables[-1][2].clear()
        elif name == "tr" and self._tables:
            number, cells, _ = self._tables[-1]
            if any(cells):
                if len(self._tables) > 1:
                    # A table inside a cell is text of that cell.
                    self._tables[-2][2].append("\t".join(cells))
                elif self._new("\t".join(cells)):
                    self._story.row(number, list(cells), self._page)
            if len(self._tables) == 1:
                self._page = 0
            cells.clear()
        elif name == "tbl" and self._tables:
            self._tables.pop()
        elif name == "txbxContent" and self._boxes:
            self._runs = self._boxes.pop()

    def _new(self, text: str) -> bool:
        if self._said is None:
            return True
        if text in self._said:
            return False
        self._said.add(text)
        return True


class _FormField:
    """A field of Word's old forms: a box to tick, or a list to choose from."""

    def __init__(self, entries: list[str]) -> None:
        self._entries = entries
        self._chosen: int | None = None
        self._default = 0

    def take(self, name: str, value: str | None) -> None:
        """What an element inside the field says."""
        number = int(value[:6]) if value and value.isdecimal() else int(value not in _OFF)
        if name == "listEntry":
            self._entries.append(value or "")
        elif name == "default":
            self._default = number
        else:
            self._chosen = number

    @property
    def text(self) -> str:
        """What the field shows."""
        chosen = self._default if self._chosen is None else self._chosen
        return self._entries[chosen] if chosen < len(self._entries) else ""
