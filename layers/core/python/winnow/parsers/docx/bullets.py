"""Bullets of a Word file's lists that are boxes: ☐ before what is not ticked, ☒ before what is."""

from collections.abc import Iterable
from dataclasses import dataclass

from winnow.parsers.docx.styles import Styles
from winnow.parsers.errors import ParseError
from winnow.parsers.marks import from_symbol_font, is_box, symbol_font
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts, Relation

_Levels = dict[str, str]


@dataclass(slots=True)
class Numbering:
    """What a paragraph says of the list that it is in."""

    style: str
    number: str | None = None
    level: str | None = None


class Bullets:
    """The boxes of all lists, read when a paragraph of one first asks for it."""

    def __init__(self, parts: Parts, related: Iterable[Relation], styles: Styles) -> None:
        self._parts = parts
        self._styles = styles
        self._targets = [r.target for r in related if r.kind == "numbering" and r.target in parts]
        self._lists: dict[str, _Levels] | None = None

    def box(self, numbering: Numbering) -> str:
        """The box that a paragraph has for a bullet; "" if it has none."""
        number, level = numbering.number, numbering.level
        if number is None:
            number, of_style = self._styles.numbering(numbering.style)
            level = level or of_style
        if not number or not self._targets:
            return ""
        if self._lists is None:
            self._lists = self._read()
        return self._lists.get(number, {}).get(level or "0", "")

    def _read(self) -> dict[str, _Levels]:
        reader = _NumberingReader()
        try:
            for target in self._targets:
                reader.read(self._parts, target)
        except ParseError as error:
            if error.code != "file_unreadable":
                raise
        return reader.lists()


class _NumberingReader:
    """The definitions of lists, by their ids, and the lists that use and change them."""

    def __init__(self) -> None:
        self._definitions: dict[str, _Levels] = {}
        self._uses: dict[str, str] = {}
        self._changes: dict[str, _Levels] = {}
        self._levels: _Levels = {}
        self._level = ""
        self._number = ""
        self._text = ""
        self._font = ""

    def lists(self) -> dict[str, _Levels]:
        """The boxes of each list, by levels."""
        return {
            number: {**self._definitions.get(definition, {}), **self._changes.get(number, {})}
            for number, definition in self._uses.items()
        }

    def read(self, parts: Parts, part: str) -> None:
        parser = xml_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        feed(parser, parts.blocks(part))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition("}")
        value = attributes.get(f"{space}}}val", "")
        if name == "abstractNum":
            self._levels = self._definitions.setdefault(
                attributes.get(f"{space}}}abstractNumId", ""), {}
            )
        elif name == "num":
            self._number = attributes.get(f"{space}}}numId", "")
            self._levels = self._changes.setdefault(self._number, {})
        elif name == "abstractNumId" and self._number:
            self._uses[self._number] = value
        elif name == "lvl":
            self._level = attributes.get(f"{space}}}ilvl", "0")
            self._text = self._font = ""
        elif name == "lvlText":
            self._text = value
        elif name == "rFonts":
            fonts = (attributes.get(f"{space}}}{kind}", "") for kind in ("ascii", "hAnsi"))
            self._font = next(filter(None, map(symbol_font, fonts)), "")

    def _end(self, tag: str) -> None:
        if tag.endswith("}lvl"):
            sign = from_symbol_font(self._text.strip(), self._font)
            self._levels[self._level] = sign if is_box(sign) else ""
        elif tag.endswith("}num"):
            self._number = ""
