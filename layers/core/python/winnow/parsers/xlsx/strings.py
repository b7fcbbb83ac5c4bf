"""Texts of a workbook without what is struck through: Excel's way to delete and still tell."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO
from xml.sax.saxutils import escape

from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRIKE = re.compile(rb"""[<:]strike\b(?!\s{1,9}val=["'](?:0|false)["'])""")
_OVERLAP = 40
"""Bytes of an element that two blocks may share."""
_BLOCK = 1 << 16


def has_strike(data: bytes) -> bool:
    """Whether bytes of XML have an element that strikes text through."""
    return b"strike" in data and _STRIKE.search(data) is not None


def is_strike(attributes: dict[str, str]) -> bool:
    """Whether an element `strike` strikes text through."""
    return attributes.get("val", "1") not in ("0", "false")


def is_strings(part: str) -> bool:
    """Whether a part, in small letters, holds the shared strings."""
    return part.rpartition("/")[2] == "sharedstrings.xml"


def any_struck(blocks: Iterable[bytes]) -> bool:
    """Whether something in the blocks of a part, all of which are taken, is struck through."""
    struck = False
    rest = b""
    for block in blocks:
        struck = struck or has_strike(rest + block)
        rest = block[-_OVERLAP:]
    return struck


class Written:
    """A part that is written piece by piece, in blocks."""

    def __init__(self, out: IO[bytes], begin: str) -> None:
        self._out = out
        self._waiting: list[str] = []
        self._size = 0
        self.add(begin)

    def add(self, piece: str) -> None:
        """Write a piece."""
        self._waiting.append(piece)
        self._size += len(piece)
        if self._size > _BLOCK:
            self._flush()

    def end(self, piece: str) -> None:
        """Write the last piece."""
        self.add(piece)
        self._flush()

    def _flush(self) -> None:
        self._out.write("".join(self._waiting).encode())
        self._waiting.clear()
        self._size = 0


class RichText:
    """The text of a cell as a stream of its elements."""

    def __init__(self) -> None:
        self._open = self._aside = False
        self.clear()

    def clear(self) -> None:
        """A text begins."""
        self._shown: list[str] = []
        self._own: list[str] = []
        self._is_struck = self._has_own = False
        self.struck = False
        """Whether some of it is struck through by itself."""

    @property
    def shown(self) -> str:
        """What of it is not struck through by itself."""
        return "".join(self._shown)

    @property
    def own(self) -> str:
        """What is shown of it in a cell that is struck through: what has a font of its own."""
        return "".join(self._own)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name in ("t", "v"):
            self._open = True
        elif name == "rPh":
            self._aside = True  # how the text is pronounced
        elif name == "r":
            self._is_struck = self._has_own = False
        elif name == "rPr":
            self._has_own = True
        elif name == "strike":
            self._is_struck = is_strike(attributes)

    def end(self, name: str) -> None:
        """An element ends."""
        if name in ("t", "v"):
            self._open = False
        elif name == "rPh":
            self._aside = False
        elif name == "r":
            self._is_struck = self._has_own = False

    def data(self, text: str) -> None:
        """Text of the open element."""
        if not self._open or self._aside:
            return
        if self._is_struck:
            self.struck = self.struck or bool(text.strip())
            return
        self._shown.append(text)
        if self._has_own:
            self._own.append(text)


@dataclass(slots=True)
class SharedStrings:
    """The shared strings: the numbers of the empty ones, and how many there are."""

    empty: set[str] = field(default_factory=set)
    count: int = 0
    struck: bool = False
    """Whether some of them have text that is struck through."""
    own: dict[str, str] = field(default_factory=dict)
    """By number: what is shown of one in a cell that is struck through."""

    def read(self, parts: Parts, part: str) -> None:
        """Take the strings of a part."""

        def take(text: RichText) -> None:
            if not text.shown:
                self.empty.add(str(self.count))
            if text.own:
                self.own[str(self.count)] = text.own
            self.struck = self.struck or text.struck
            self.count += 1

        _each_text(parts, part, take)


def shared_strings(parts: Parts) -> SharedStrings:
    """The shared strings of a workbook."""
    strings = SharedStrings()
    for part in filter(is_strings, parts):
        strings = SharedStrings()
        strings.read(parts, part)
    return strings


def write_strings(parts: Parts, part: str, out: IO[bytes]) -> None:
    """Write shared strings anew without what is struck through."""
    written = Written(out, f'<sst xmlns="{MAIN}">')

    def take(text: RichText) -> None:
        written.add(f'<si><t xml:space="preserve">{escape(text.shown)}</t></si>')

    _each_text(parts, part, take)
    written.end("</sst>")


def _each_text(parts: Parts, part: str, take: Callable[[RichText], None]) -> None:
    text = RichText()

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "si":
            text.clear()
        else:
            text.start(name, attributes)

    def end(tag: str) -> None:
        name = tag.rpartition("}")[2]
        text.end(name)
        if name == "si":
            take(text)

    parser = xml_parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.data
    feed(parser, parts.uncounted(part))
