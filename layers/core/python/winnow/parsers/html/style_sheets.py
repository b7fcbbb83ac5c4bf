"""Style sheets, as far as they hide or raise text: which of its elements a page shows to nobody.

Read are rules whose selectors are names, classes, ids, attributes and their lists, and those inside
others (`.a b`, `.a > b`). Rules for print, for some widths of a window, or with pseudo-classes hold
on some screens only: what they hide is text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from winnow.parsers.html.markup import Attributes

_PROPERTIES = frozenset(
    re.findall(
        r"\S+",
        """
        display visibility opacity font-size color background background-color position left top
        right bottom text-indent clip clip-path width height max-width max-height overflow
        overflow-x overflow-y content-visibility font font-family vertical-align
        text-decoration text-decoration-line white-space white-space-collapse
        """,
    )
)
_DECLARATION = re.compile(r"\s*([a-zA-Z-]+)\s*:\s*([^;]*)")
_IMPORTANT = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)
_COMPOUND = re.compile(
    r"(\*|[a-zA-Z][\w-]*)?((?:[#.]-?[a-zA-Z_][\w-]*|\[[\w-]+(?:=(?:\"[^\"\]]*\"|'[^'\]]*'|[\w-]+))?\])*)"
)
_PART = re.compile(r"([#.])([\w-]+)|\[([\w-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'|([\w-]+)))?\]")
_BRACE = re.compile(r"[{}]")
_SCREEN = re.compile(
    r"@media\s*(?:only\s+)?(?:all|screen)(?:\s*,.*)?\s*\Z", re.IGNORECASE | re.DOTALL
)
_LENGTH = re.compile(r"(-?\d*\.?\d+)\s*([a-z%]*)\Z")
_HEX = re.compile(r"#([0-9a-f]{3,8})\Z")
_RGB = re.compile(
    r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*(?:[,/]\s*([\d.]+%?)\s*)?\)\Z"
)
_SHORTHAND = re.compile(r".{0,100}?\d[\w.%]{0,8}(?:\s?/\s?\S{1,10})?\s(.+)", re.DOTALL)
"""The value of `font`: the families come after the size."""
_CLIPPED = re.compile(r"rect\(\s*([01])(?:px)?[\s,]+\1(?:px)?[\s,]+\1(?:px)?[\s,]+\1(?:px)?\s*\)\Z")
_INSET = re.compile(r"inset\(\s*(?:50|100)%\s*\)\Z")
_OFF_SCREEN = -500.0
"""Pixels: content further out than this is not on any screen."""
_MAX_RULES = 20_000
_MAX_LOOKS = 20_000_000
"""Maximum matches of a rule against an element per page: about half a minute."""
_MAX_CACHED = 5_000
_NAMES = {"white": "ffffff", "black": "000000", "red": "ff0000", "gray": "808080", "grey": "808080",
          "silver": "c0c0c0", "yellow": "ffff00", "blue": "0000ff", "green": "008000"}  # fmt: skip
TRANSPARENT = "transparent"
COLLAPSED, LINES_KEPT, ALL_KEPT = range(3)
"""What a style makes of blanks and line ends in a text."""
_WHITE_SPACE = {
    **dict.fromkeys(("normal", "nowrap", "wrap", "initial"), COLLAPSED),
    **dict.fromkeys(("collapse", "preserve-spaces", "-webkit-nowrap"), COLLAPSED),
    **dict.fromkeys(("pre-line", "preserve-breaks"), LINES_KEPT),
    **dict.fromkeys(("pre", "pre-wrap", "break-spaces", "preserve"), ALL_KEPT),
    **dict.fromkeys(("-moz-pre-wrap", "-o-pre-wrap", "-pre-wrap"), ALL_KEPT),
}

Style = dict[str, tuple[str, bool]]
"""A property's value, in small letters, and whether it is important."""


class Compound(NamedTuple):
    """The conditions on one element: its name and the values of its attributes."""

    name: str
    parts: tuple[tuple[str, str | None], ...]

    @property
    def key(self) -> str:
        """The id, class or name by which elements find it in the index."""
        for kind, value in self.parts:
            if kind in ("#", "."):
                return f"{kind}{value}"
        return self.name

    @property
    def weight(self) -> tuple[int, int, int]:
        ids = sum(kind == "#" for kind, _ in self.parts)
        return ids, len(self.parts) - ids, int(self.name != "*")


class Rule(NamedTuple):
    """A selector, and what it hides or shows."""

    weight: tuple[int, int, int]
    order: int
    last: Compound
    inside: tuple[Compound, ...]
    parent: Compound | None
    style: Style


class _Spoken(NamedTuple):
    """What rules say of elements with the same name, id and classes."""

    rules: list[Rule]
    """Those whose last part they are, the weightiest last."""
    around: tuple[Compound, ...]
    """The other parts of rules that they are."""
    always: Style | None
    """The style that they have wherever they stand; None where that depends."""

    @property
    def cost(self) -> int:
        """How many looks it takes to say it of one more element."""
        return len(self.around) + (len(self.rules) if self.always is None else 0)


_UNKNOWN = _Spoken([], (), {})


class StyleSheet:
    """The rules of a page's style sheets that can hide text."""

    def __init__(self, sheets: Iterable[tuple[Attributes, str]] = ()) -> None:
        self._rules: dict[str, list[Rule]] = {}
        self._around: dict[str, dict[Compound, None]] = {}
        self._open: Counter[Compound] = Counter()
        self._by_attributes = False
        self._known: dict[tuple[str, str | None, str | None], _Spoken] = {}
        self._names: set[str] = set()
        """The keys of all compounds: an element without one of them is not affected."""
        self._looks = _MAX_LOOKS
        self.incomplete = False
        """Whether rules were left out, for all elements or for some: there are too many."""
        count = 0
        for attributes, text in sheets:
            media = attributes.get("media", "").strip()
            if media and not _SCREEN.match(f"@media {media}"):
                continue
            for selectors, block in _blocks(_uncommented(text)):
                style = declarations_of(block)
                if not style:
                    continue
                for selector in selectors.split(","):
                    if count >= _MAX_RULES:
                        self.incomplete = True
                        return
                    if rule := _rule(selector, count, style):
                        count += 1
                        self._add(rule)

    def concerns(self, name: str, attributes: Attributes) -> bool:
        """Whether a rule may match an element; most pages have no such rule."""
        if not self._names:
            return False
        return (
            name in self._names or "*" in self._names or "class" in attributes or "id" in attributes
        )

    def _add(self, rule: Rule) -> None:
        self._rules.setdefault(rule.last.key, []).append(rule)
        around = (*rule.inside, *([rule.parent] if rule.parent else []))
        self._names.update(compound.key for compound in (rule.last, *around))
        self._by_attributes = self._by_attributes or any(
            kind not in ("#", ".")
            for compound in (rule.last, *around)
            for kind, _ in compound.parts
        )
        for compound in around:
            self._around.setdefault(compound.key, {})[compound] = None

    def entered(self, name: str, attributes: Attributes) -> tuple[Compound, ...]:
        """What rules ask for and this element is; give it back to `left` at its end."""
        matched = self._spoken_of(name, attributes).around
        if matched:
            self._open.update(matched)
        return matched

    def _spoken_of(self, name: str, attributes: Attributes) -> "_Spoken":
        cache_key = (name, attributes.get("id"), attributes.get("class"))
        if known := self._known.get(cache_key):
            return known if self._may_look(known.cost) else _UNKNOWN
        keys = tuple(_keys(name, attributes))
        speaking = (len(self._rules.get(key, ())) + len(self._around.get(key, ())) for key in keys)
        if not self._may_look(sum(speaking)):
            return _UNKNOWN
        rules = [
            rule
            for key in keys
            for rule in self._rules.get(key, ())
            if _is(rule.last, name, attributes)
        ]
        rules.sort(key=lambda rule: (rule.weight, rule.order))
        around = tuple(
            compound
            for key in keys
            for compound in self._around.get(key, ())
            if _is(compound, name, attributes)
        )
        always: Style | None = None
        if not any(rule.inside or rule.parent for rule in rules):
            always = {}
            for rule in rules:
                merge(always, rule.style)
        spoken = _Spoken(rules, around, always)
        if not self._by_attributes and len(self._known) < _MAX_CACHED:
            self._known[cache_key] = spoken
        return spoken

    def _may_look(self, cost: int) -> bool:
        self._looks -= cost
        if self._looks < 0:
            self.incomplete = True
        return self._looks >= 0

    def left(self, matched: Sequence[Compound]) -> None:
        """An element ends."""
        self._open.subtract(matched)

    def style(self, name: str, attributes: Attributes, parent: Sequence[Compound]) -> Style:
        """What the rules say of an element inside of those that were entered; not to be changed."""
        spoken = self._spoken_of(name, attributes)
        if spoken.always is not None:
            return spoken.always
        style: Style = {}
        for rule in spoken.rules:
            if (rule.parent is None or rule.parent in parent) and all(
                self._open[compound] > 0 for compound in rule.inside
            ):
                merge(style, rule.style)
        return style


@lru_cache(maxsize=512)
def inline_style(style: str) -> Style:
    """The declarations of an element's own `style`; not to be changed."""
    return declarations_of(style)


def laid_over(style: Style, later: Style) -> Style:
    """A style of both, in which the later one counts."""
    both = dict(style)
    merge(both, later)
    return both


def declarations_of(block: str) -> Style:
    """The declarations of a rule, or of an element's own `style`, that may hide it."""
    style: Style = {}
    for piece in block.split(";"):
        if (match := _DECLARATION.match(piece)) and (name := match[1].lower()) in _PROPERTIES:
            value = match[2].strip().lower()
            bare = _IMPORTANT.sub("", value[-40:])
            important = bare != value[-40:]
            value = value[:-40] + bare if important else value
            merge(style, {name: (value[:200], important)})
    return style


def merge(style: Style, later: Mapping[str, tuple[str, bool]]) -> None:
    """Lay the later declarations over the earlier ones."""
    for name, (value, important) in later.items():
        if important or not style.get(name, ("", False))[1]:
            style[name] = (value, important)


def hides(style: Style) -> bool:
    """Whether an element with this style, and all that is in it, is not seen."""

    def value(name: str) -> str:
        return style.get(name, ("", False))[0]

    if value("display") == "none" or value("content-visibility") == "hidden":
        return True
    if _number(value("opacity")) == 0 or _pixels(value("text-indent")) <= _OFF_SCREEN:
        return True
    if value("position") in ("absolute", "fixed"):
        if any(_pixels(value(side)) <= _OFF_SCREEN for side in ("left", "top", "right", "bottom")):
            return True
        if _CLIPPED.match(value("clip")) or _INSET.match(value("clip-path")):
            return True
    clipped = "hidden" in (value("overflow") or value("overflow-x") or value("overflow-y"))
    return clipped and any(
        _number(value(side)) in (0.0, 1.0)
        for side in ("height", "max-height", "width", "max-width")
        if not value(side).endswith(("%", "em", "vh", "vw", "in", "cm"))
        or _number(value(side)) == 0
    )


def strikes(style: Style) -> bool | None:
    """Whether a style strikes text through; None where it says nothing of it."""
    said = [style[name][0] for name in ("text-decoration-line", "text-decoration") if name in style]
    return any("line-through" in value for value in said) if said else None


def white_space(style: Style) -> int | None:
    """What a style makes of blanks and line ends; None where it says nothing of them."""
    for name in ("white-space-collapse", "white-space"):
        for word in style.get(name, ("", False))[0].split():
            if word in _WHITE_SPACE:
                return _WHITE_SPACE[word]
    return None


def family(style: Style) -> str:
    """The first family of fonts that a style names; "" where it names none."""
    value = style["font-family"][0] if "font-family" in style else ""
    if not value and (match := _SHORTHAND.match(style.get("font", ("", False))[0])):
        value = match[1]
    return value.split(",")[0].strip()


def font_is_nothing(style: Style, before: bool) -> bool:
    """Whether letters have no size, when those around them had (or had not)."""
    size = style.get("font-size", ("", False))[0]
    if not size:
        return before
    match = _LENGTH.match(size)
    if not match:
        return before and size in ("inherit", "smaller", "larger")
    if float(match[1]) == 0:
        return True
    return before and match[2] in ("em", "%", "ex", "ch")


def colour(name: str) -> str | None:
    """A colour as six hex digits; TRANSPARENT; None where it is not known here."""
    name = name.strip().lower()
    if name in ("transparent", "#0000"):
        return TRANSPARENT
    if match := _HEX.match(name):
        digits = match[1]
        if len(digits) in (3, 4):
            digits = "".join(2 * digit for digit in digits)
        if len(digits) == 8:
            return TRANSPARENT if digits[6:] == "00" else digits[:6]
        return digits if len(digits) == 6 else None
    if match := _RGB.match(name):
        if match[4] is not None and _number(match[4].rstrip("%")) == 0:
            return TRANSPARENT
        return "".join(f"{min(255, int(part)):02x}" for part in match.groups()[:3])
    return _NAMES.get(name)


def _keys(name: str, attributes: Attributes) -> Iterator[str]:
    yield "*"
    yield name
    if attributes:
        if given := attributes.get("id"):
            yield f"#{given}"
        if given := attributes.get("class"):
            for single in dict.fromkeys(given.split()[:50]):
                yield f".{single}"


def _is(compound: Compound, name: str, attributes: Attributes) -> bool:
    if compound.name not in ("*", name):
        return False
    for kind, value in compound.parts:
        if kind == "#":
            if attributes.get("id") != value:
                return False
        elif kind == ".":
            if value not in attributes.get("class", "").split():
                return False
        elif kind not in attributes or (value is not None and attributes[kind] != value):
            return False
    return True


def _rule(selector: str, order: int, style: Style) -> Rule | None:
    words = selector.replace(">", " > ").split()
    if not words or len(words) > 8 or len(selector) > 500:
        return None
    parent = None
    if len(words) > 2 and words[-2] == ">":
        parent = _compound(words[-3])
        if parent is None:
            return None
        words = [*words[:-3], words[-1]]
    compounds = [_compound(word) for word in words]
    known = [compound for compound in compounds if compound is not None]
    if len(known) != len(compounds):
        return None
    weights = [compound.weight for compound in (*known, *([parent] if parent else []))]
    weight = (sum(w[0] for w in weights), sum(w[1] for w in weights), sum(w[2] for w in weights))
    return Rule(weight, order, known[-1], tuple(known[:-1]), parent, style)


def _compound(word: str) -> Compound | None:
    match = _COMPOUND.fullmatch(word)
    if not match:
        return None
    parts = tuple(
        (part[1], part[2]) if part[1] else (part[3].lower(), part[4] or part[5] or part[6])
        for part in _PART.finditer(match[2])
    )
    return Compound((match[1] or "*").lower(), parts)


def _uncommented(css: str) -> str:
    pieces = []
    at = 0
    while (start := css.find("/*", at)) >= 0:
        pieces.append(css[at:start])
        end = css.find("*/", start + 2)
        at = end + 2 if end >= 0 else len(css)
    pieces.append(css[at:])
    return " ".join(pieces).replace("<!--", " ").replace("-->", " ")


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that apply to every screen."""
    at = 0
    while (start := css.find("{", at)) >= 0:
        before = css[at:start]
        prelude = before[max(before.rfind(";"), before.rfind("}")) + 1 :].strip()
        if not prelude.startswith("@"):
            end = css.find("}", start)
            if end < 0:
                end = len(css)
            yield prelude, css[start + 1 : end]
            at = end + 1
        elif prelude.lower().startswith("@layer") or _SCREEN.match(prelude):
            at = start + 1
        else:
            at = _after_block(css, start)


def _after_block(css: str, start: int) -> int:
    depth = 0
    for brace in _BRACE.finditer(css, start):
        depth += 1 if brace.group() == "{" else -1
        if not depth:
            return brace.end()
    return len(css)


def _number(written: str) -> float | None:
    match = _LENGTH.match(written)
    return float(match[1]) if match else None


def _pixels(written: str) -> float:
    match = _LENGTH.match(written)
    if not match:
        return 0.0
    return float(match[1]) * {"em": 12.0, "rem": 12.0, "%": 1.0, "vw": 10.0, "vh": 10.0}.get(
        match[2], 1.0
    )
