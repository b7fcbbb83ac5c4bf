"""Which styles of a Word file hide text."""

from collections.abc import Iterable

from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts, Relation

_FALSE_VALUES = frozenset(("0", "false", "off"))
_MAX_DEPTH = 50


def is_on(value: str | None) -> bool:
    """Whether a property with this value is set: it is if it has none."""
    return value not in _FALSE_VALUES


class HiddenStyles:
    """Hidden styles by their ids; what a style does not say it has of the one it is based on."""

    def __init__(self) -> None:
        self.says: dict[str, bool] = {}
        self.based_on: dict[str, str] = {}
        self.default = ""
        """The style of paragraphs that name none."""

    def hide(self, style: str) -> bool:
        """Whether text of this style is hidden."""
        for _ in range(_MAX_DEPTH):
            if style in self.says:
                return self.says[style]
            if style not in self.based_on:
                return False
            style = self.based_on[style]
        return False


def hidden_styles(parts: Parts, related: Iterable[Relation]) -> HiddenStyles:
    """The styles of the document with these relations."""
    styles = HiddenStyles()
    for relation in related:
        if relation.kind == "styles" and relation.target in parts:
            _read(parts, relation.target, styles)
    return styles


def _read(parts: Parts, part: str, styles: HiddenStyles) -> None:
    style = ""
    aside = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal style, aside
        space, _, name = tag.rpartition("}")
        value = attributes.get(f"{space}}}val")
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
            styles.says[style] = is_on(value)  # the defaults of all under the name ""

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
