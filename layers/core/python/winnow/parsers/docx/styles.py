"""What the styles of a Word file do to text: hide it, strike it through, make symbols of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from winnow.parsers.marks import symbol_font
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts, Relation

_FALSE_VALUES = frozenset(("0", "false", "off"))
_STRIKES = ("strike", "dstrike")
_MAX_DEPTH = 50
LOOKS = ("rFonts", "vertAlign", "color", "shd", "highlight")
_NO_GROUND = ("", "auto", "none", "clear", "white", "ffffff")


def is_on(value: str | None) -> bool:
    """Whether a property with this value is set: it is if it has none."""
    return value not in _FALSE_VALUES


@dataclass(frozen=True, slots=True)
class Look:
    """What is said of how text looks; None where nothing is."""

    font: str | None = None
    """The symbol font; "" for one of letters."""
    raised: bool | None = None
    white: bool | None = None
    ground: bool | None = None
    """Whether it is on a ground of its own."""

    def over(self, other: "Look") -> "Look":
        """This look, where it says nothing the other."""
        return Look(
            other.font if self.font is None else self.font,
            other.raised if self.raised is None else self.raised,
            other.white if self.white is None else self.white,
            other.ground if self.ground is None else self.ground,
        )


_NO_LOOK = Look()


def look_of(name: str, attributes: Mapping[str, str], space: str) -> Look:
    """What one element of these (`LOOKS`) says of how text looks."""
    if name == "rFonts":
        return Look(font=_font_of(attributes, space))
    if name == "vertAlign":
        return Look(raised=attributes.get(f"{space}val") == "superscript")
    if name == "color":
        return Look(white=attributes.get(f"{space}val", "").lower() == "ffffff")
    ground = attributes.get(f"{space}fill") or attributes.get(f"{space}val", "")
    return Look(ground=ground.lower() not in _NO_GROUND)


def _font_of(attributes: Mapping[str, str], space: str) -> str | None:
    """The symbol font that `rFonts` sets, "" for one of letters; None where it sets none."""
    fonts = []
    for kind in ("ascii", "hAnsi"):
        if f"{space}{kind}Theme" in attributes:  # it is taken before a name
            fonts.append("")
        elif f"{space}{kind}" in attributes:
            fonts.append(symbol_font(attributes[f"{space}{kind}"]))
    return next(filter(None, fonts), "") if fonts else None


class Toggle:
    """What styles say of a property; one that is silent has it of the style it is based on."""

    def __init__(self, based_on: Mapping[str, str]) -> None:
        self.says: dict[str, bool] = {}
        self._based_on = based_on

    def has(self, style: str) -> bool:
        """Whether text of this style has the property."""
        for _ in range(_MAX_DEPTH):
            if style in self.says:
                return self.says[style]
            if style not in self._based_on:
                return False
            style = self._based_on[style]
        return False


class Styles:
    """The styles of a Word file, as far as what they do to text changes what it says."""

    def __init__(self) -> None:
        self.based_on: dict[str, str] = {}
        self.hidden = Toggle(self.based_on)
        self.struck = {name: Toggle(self.based_on) for name in _STRIKES}
        """By one line, and by two."""
        self._strikes: dict[str, frozenset[str]] = {}
        self.looks: dict[str, Look] = {}
        """What each style says by itself; the defaults of all under the name ""."""
        self._whole_looks: dict[str, Look] = {}
        self.default = ""
        """The style of paragraphs that name none."""
        self.numbers: dict[str, str] = {}
        self.levels: dict[str, str] = {}

    def strikes(self, style: str) -> frozenset[str]:
        """What strikes text of this style through."""
        known = self._strikes.get(style)
        if known is None:
            known = frozenset(name for name, toggle in self.struck.items() if toggle.has(style))
            self._strikes[style] = known
        return known

    def look(self, style: str) -> Look:
        """How text of this style looks, by itself or by what it is based on."""
        known = self._whole_looks.get(style)
        if known is None:
            known = Look()
            name: str | None = style
            for _ in range(_MAX_DEPTH):
                if name is None:
                    break
                known = known.over(self.looks.get(name, _NO_LOOK))
                name = self.based_on.get(name)
            self._whole_looks[style] = known
        return known

    def numbering(self, style: str) -> tuple[str, str]:
        """The list of paragraphs of this style, and their level in it; "" where it names none."""
        number = level = ""
        for _ in range(_MAX_DEPTH):
            level = level or self.levels.get(style, "")
            number = self.numbers.get(style, "")
            if number or style not in self.based_on:
                break
            style = self.based_on[style]
        return number, level


class Strikes:
    """Whether the open run is struck through: by itself, else by its style and its paragraph's."""

    __slots__ = ("_of_paragraph", "_said", "_struck", "_styles", "out")

    def __init__(self, styles: Styles, style: str) -> None:
        self._styles = styles
        self._of_paragraph = styles.strikes(style)
        self.new_run()

    def new_run(self) -> None:
        """A run begins, of which nothing is said yet."""
        self._struck = self._of_paragraph
        self._said: dict[str, bool] | None = None
        self.out = bool(self._struck)

    def run_style(self, style: str) -> None:
        """The run has a style, which toggles what the paragraph's has."""
        self._struck = self._of_paragraph ^ self._styles.strikes(style)
        self._tell()

    def say(self, name: str, value: str | None) -> None:
        """The run has the property itself, or not."""
        self._said = {**(self._said or {}), name: is_on(value)}
        self._tell()

    def _tell(self) -> None:
        said = self._said or {}
        self.out = any(said.get(name, name in self._struck) for name in _STRIKES)


def styles_of(parts: Parts, related: Iterable[Relation]) -> Styles:
    """The styles of the document with these relations."""
    styles = Styles()
    for relation in related:
        if relation.kind == "styles" and relation.target in parts:
            _read(parts, relation.target, styles)
    return styles


def _read(parts: Parts, part: str, styles: Styles) -> None:
    style = ""
    aside = 0

    def looks(name: str, attributes: dict[str, str], space: str) -> None:
        said = look_of(name, attributes, space)
        styles.looks[style] = said.over(styles.looks.get(style, _NO_LOOK))

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal style, aside
        space, _, name = tag.rpartition("}")
        value = attributes.get(f"{space}}}val")
        if style and value and name in ("numId", "ilvl"):
            (styles.numbers if name == "numId" else styles.levels).setdefault(style, value)
        if name == "shd" and aside == 1 and style:  # of its paragraphs
            looks(name, attributes, f"{space}}}")
        if aside or name in ("tblStylePr", "pPr") or name.endswith("PrChange"):
            aside += 1  # of a paragraph's mark, of a part of a table, of the past
        elif name == "style":
            style = attributes.get(f"{space}}}styleId", "")
            kind = attributes.get(f"{space}}}type")
            if kind == "paragraph" and is_on(attributes.get(f"{space}}}default", "0")):
                styles.default = style
        elif name == "basedOn" and style:
            styles.based_on[style] = value or ""
        elif name == "vanish":
            styles.hidden.says[style] = is_on(value)  # the defaults of all under the name ""
        elif name in _STRIKES:
            styles.struck[name].says[style] = is_on(value)
        elif name in LOOKS:
            looks(name, attributes, f"{space}}}")

    def end(tag: str) -> None:
        nonlocal style, aside
        if aside:
            aside -= 1
        elif tag.endswith("}style"):
            style = ""

    parser = xml_parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    feed(parser, parts.blocks(part))
