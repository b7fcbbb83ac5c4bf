"""Style sheets, as far as they hide or raise text: which of its elements a page shows to nobody.

Read are rules whose selectors are names, classes, ids, attributes and their lists, and those inside
or behind others (`.a b`, `.a > b`, `.a + b`, `.a ~ b`). Rules for print, for some widths of a
window, or with pseudo-classes hold on some screens only: what they hide is text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from winnow.parsers.html.markup import Attributes
from winnow.parsers.html.selectors import (
    MAX_CLASSES,
    Compound,
    Element,
    Selector,
    keys_of,
    matches,
    selectors_of,
)

_PROPERTIES = frozenset(
    re.findall(
        r"\S+",
        """
        display visibility opacity font-size color background background-color position left top
        right bottom text-indent clip clip-path width height max-width max-height overflow
        overflow-x overflow-y content-visibility font font-family vertical-align
        text-decoration text-decoration-line white-space white-space-collapse
        margin margin-left margin-top padding padding-left transform scale filter text-fill-color
        background-clip text-shadow float flex-direction flex-flow
        """,
    )
)
_PREFIXED = frozenset(("clip-path", "transform", "filter", "text-fill-color", "background-clip"))
"""Those that are also known by the names that browsers gave them first."""
_DECLARATION = re.compile(r"\s*([a-zA-Z-]+)\s*:\s*([^;]*)")
_IMPORTANT = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
_SCREEN = re.compile(
    r"@media\s*(?:(?:only\s+)?(?:all|screen)|not\s+(?:print|speech))(?:\s*,.*)?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_UNSUPPORTED = re.compile(r"\bnot\b|\(\s*-", re.IGNORECASE)
"""What asks for the lack of something, or for one browser."""
_LENGTH = re.compile(r"(-?\d*\.?\d+)\s*([a-z%]*)\Z")
_HEX = re.compile(r"#([0-9a-f]{3,8})\Z")
_FUNCTION = re.compile(r"(rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(([^()]{1,100})\)\Z")
_RGB = re.compile(r"(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*(?:[,/].*)?\Z")
_SHORTHAND = re.compile(r".{0,100}?\d[\w.%]{0,8}(?:\s?/\s?\S{1,10})?\s(.+)", re.DOTALL)
"""The value of `font`: the families come after the size."""
_CLIPPED = re.compile(r"rect\(\s*([01])(?:px)?[\s,]+\1(?:px)?[\s,]+\1(?:px)?[\s,]+\1(?:px)?\s*\)\Z")
_SHAPE = re.compile(r"(inset|circle|ellipse|polygon)\(([^()]{0,150})\)")
_SCALED = re.compile(r"scale(?:x|y|3d)?\(\s*([^()]{1,60})\)|matrix\(\s*([^()]{1,60})\)")
_MOVED = re.compile(r"translate(?:x|y|3d)?\(\s*([^()]{1,60})\)")
_FILTERED = re.compile(r"opacity\(\s*(?:0*\.?0+)%?\s*\)")
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


class _Step(NamedTuple):
    """A compound of a selector, and how it stands to the step before."""

    compound: Compound
    how: str
    """`" "` inside, `>` directly inside, `+` directly behind, `~` behind; "" where it is first."""
    before: int
    """The number of the step before."""


class Rule(NamedTuple):
    """A selector, by its last step, and what it hides or shows."""

    weight: tuple[int, int, int]
    order: int
    last: _Step
    style: Style


Matched = frozenset[int]
"""The numbers of the steps that an element is."""
NOTHING: Matched = frozenset()


class Siblings:
    """What the elements were, so far, that are directly inside of another."""

    __slots__ = ("earlier", "last")

    def __init__(self) -> None:
        self.last = NOTHING
        self.earlier: set[int] = set()

    def add(self, matched: Matched) -> None:
        """One more of them."""
        self.last = matched
        if matched:
            self.earlier |= matched


class _Spoken(NamedTuple):
    """What rules say of elements with the same name, id and classes."""

    rules: list[Rule]
    """Those whose last part they are, the weightiest last."""
    around: tuple[tuple[int, _Step], ...]
    """The other steps of rules that they may be."""
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
        self._steps: dict[_Step, int] = {}
        self._around: dict[str, dict[int, _Step]] = {}
        self._open: Counter[int] = Counter()
        self._by_attributes = False
        self.has_siblings = False
        """Whether a rule asks what stands before an element."""
        self._doubtful: set[str] = set()
        """The keys of what selectors hide that are not understood."""
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
            for selectors, block, sure in _blocks(_uncommented(text)):
                style = declarations_of(block)
                if not style:
                    continue
                for selector in selectors_of(selectors):
                    if count >= _MAX_RULES:
                        self.incomplete = True
                        return
                    if sure and selector.understood:
                        count += 1
                        self._add(selector, count, style)
                    elif selector.compounds and not selector.dynamic and _hides_text(style):
                        key = selector.compounds[-1][1].key
                        self._doubtful.add(key)
                        self._names.add(key)

    def concerns(self, name: str, attributes: Attributes) -> bool:
        """Whether a rule may match an element; most pages have no such rule."""
        if not self._names:
            return False
        return (
            name in self._names or "*" in self._names or "class" in attributes or "id" in attributes
        )

    def _add(self, selector: Selector, order: int, style: Style) -> None:
        number = -1
        step: _Step | None = None
        for how, compound in selector.compounds:
            if step is not None:
                number = self._steps.setdefault(step, len(self._steps))
                self._around.setdefault(step.compound.key, {})[number] = step
            step = _Step(compound, how, number)
            self._names.add(compound.key)
            self.has_siblings = self.has_siblings or how in ("+", "~")
            self._by_attributes = self._by_attributes or any(
                part.kind not in ("#", ".", "class", "id") for part in compound.parts
            )
        if step is not None:
            weights = [compound.weight for _, compound in selector.compounds]
            ids, parts, names = (sum(column) for column in zip(*weights, strict=True))
            rule = Rule((ids, parts, names), order, step, style)
            self._rules.setdefault(step.compound.key, []).append(rule)

    def entered(
        self, name: str, attributes: Attributes, parent: Matched, siblings: Siblings
    ) -> Matched:
        """The steps of rules that this element is; give them back to `left` at its end."""
        around = self._spoken_of(name, attributes).around
        if not around:
            return NOTHING
        matched = frozenset(n for n, step in around if self._holds(step, parent, siblings))
        self._open.update(matched)
        return matched

    def _holds(self, step: _Step, parent: Matched, siblings: Siblings) -> bool:
        """Whether an element stands as a step says to the one before."""
        if step.how == " ":
            return self._open[step.before] > 0
        if step.how == ">":
            return step.before in parent
        if step.how == "+":
            return step.before in siblings.last
        return not step.how or step.before in siblings.earlier

    def _spoken_of(self, name: str, attributes: Attributes) -> "_Spoken":
        cache_key = (name, attributes.get("id"), attributes.get("class"))
        if known := self._known.get(cache_key):
            return known if self._may_look(known.cost) else _UNKNOWN
        classes = tuple(dict.fromkeys(attributes.get("class", "").split()[:MAX_CLASSES]))
        keys = tuple(keys_of(name, attributes, classes))
        speaking = (len(self._rules.get(key, ())) + len(self._around.get(key, ())) for key in keys)
        if not self._may_look(sum(speaking)):
            return _UNKNOWN
        if self._doubtful and not self._doubtful.isdisjoint(keys):
            self.incomplete = True
        element = Element(name, attributes, frozenset(classes))
        rules = [
            rule
            for key in keys
            for rule in self._rules.get(key, ())
            if matches(rule.last.compound, element)
        ]
        rules.sort(key=lambda rule: (rule.weight, rule.order))
        around = tuple(
            (number, step)
            for key in keys
            for number, step in self._around.get(key, {}).items()
            if matches(step.compound, element)
        )
        always: Style | None = None
        if not any(rule.last.how for rule in rules):
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

    def left(self, matched: Matched) -> None:
        """An element ends."""
        self._open.subtract(matched)

    def style(
        self, name: str, attributes: Attributes, parent: Matched, siblings: Siblings
    ) -> Style:
        """What the rules say of an element inside of those that were entered; not to be changed."""
        spoken = self._spoken_of(name, attributes)
        if spoken.always is not None:
            return spoken.always
        style: Style = {}
        for rule in spoken.rules:
            if self._holds(rule.last, parent, siblings):
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
    for piece in (_uncommented(block) if "/*" in block else block).split(";"):
        if (match := _DECLARATION.match(piece)) and (name := _property(match[1])) in _PROPERTIES:
            value = match[2].strip().lower()
            bare = _IMPORTANT.sub("", value[-40:])
            important = bare != value[-40:]
            value = value[:-40] + bare if important else value
            merge(style, {name: (value[:200], important)})
    return style


def _property(name: str) -> str:
    name = name.lower()
    bare = name.removeprefix("-webkit-").removeprefix("-moz-").removeprefix("-ms-")
    return bare if bare in _PREFIXED else name


def merge(style: Style, later: Mapping[str, tuple[str, bool]]) -> None:
    """Lay the later declarations over the earlier ones."""
    for name, (value, important) in later.items():
        if important or not style.get(name, ("", False))[1]:
            style[name] = (value, important)


def hides(style: Style, *, inline: bool = False) -> bool:
    """Whether an element with this style, and all that is in it, is not seen.

    One that is `inline` is a part of a line: it has no size of its own and is not transformed.
    """

    def value(name: str) -> str:
        return style.get(name, ("", False))[0]

    if value("display") == "none" or value("content-visibility") == "hidden":
        return True
    if _number(value("opacity")) == 0 or _FILTERED.search(value("filter")):
        return True
    if _is_off_screen(style) or _is_clipped(value("clip-path")):
        return True
    if value("position") in ("absolute", "fixed"):
        if _CLIPPED.match(value("clip")):
            return True
    elif inline and value("float") in ("", "none"):
        return False
    if _is_scaled_away(value("transform"), value("scale")):
        return True
    clipped = "hidden" in (value("overflow") or value("overflow-x") or value("overflow-y"))
    return clipped and any(
        _number(value(side)) in (0.0, 1.0)
        for side in ("height", "max-height", "width", "max-width")
        if not value(side).endswith(("%", "em", "vh", "vw", "in", "cm"))
        or _number(value(side)) == 0
    )


def _is_off_screen(style: Style) -> bool:
    """Whether a style moves text so far that it is on no screen."""

    def pixels(name: str) -> float:
        return _pixels(style[name][0]) if name in style else 0.0

    def side(name: str, of_four: int) -> float:
        """The left or the upper margin or padding."""
        return pixels(name) or _pixels(
            _of_shorthand(style.get(name.partition("-")[0], ("", False))[0], of_four)
        )

    # What a margin moves out, a padding may move back in: such boxes reach over their page.
    x = side("margin-left", 3) + side("padding-left", 3) + pixels("text-indent")
    y = side("margin-top", 0)
    position = style["position"][0] if "position" in style else ""
    if position in ("relative", "sticky"):
        x += pixels("left") or -pixels("right")
        y += pixels("top") or -pixels("bottom")
    elif position in ("absolute", "fixed") and any(
        pixels(name) <= _OFF_SCREEN for name in ("left", "top", "right", "bottom")
    ):
        return True
    if moved := _MOVED.search(style["transform"][0] if "transform" in style else ""):
        x += min(_pixels(part.strip()) for part in moved[1].split(","))
    return min(x, y) <= _OFF_SCREEN


def _of_shorthand(value: str, of_four: int) -> str:
    """A side of a margin or padding: 0 is the upper one, 3 the left."""
    sides = value.split()
    if not sides:
        return ""
    return sides[of_four] if of_four < len(sides) else sides[-1] if len(sides) < 3 else sides[1]


def _is_clipped(shape: str) -> bool:
    """Whether nothing is inside of the shape that a box is clipped to."""
    match = _SHAPE.match(shape)
    if not match:
        return False
    kind, inside = match.groups()
    if kind == "polygon":
        return bool(inside) and all(_number(part) == 0 for part in inside.replace(",", " ").split())
    sizes = inside.partition(" at ")[0].partition(" round ")[0].split()
    if kind != "inset":
        return any(_number(size) == 0 for size in sizes)
    if not 0 < len(sizes) < 5:
        return False
    top, right, bottom, left = (
        _pixels(_of_shorthand(" ".join(sizes), place)) if size.endswith("%") else 0.0
        for place, size in enumerate(_of_shorthand(" ".join(sizes), place) for place in range(4))
    )
    return top + bottom >= 100 or left + right >= 100


def _is_scaled_away(transform: str, scale: str) -> bool:
    """Whether a transformation leaves no size."""
    if scale and 0 in (_number(part) for part in scale.split()):
        return True
    for match in _SCALED.finditer(transform):
        numbers = [_number(part.strip()) for part in (match[1] or match[2]).split(",")]
        if 0 in (numbers if match[1] else numbers[:1] + numbers[3:4]):
            return True
    return False


def _hides_text(style: Style) -> bool:
    """Whether a style hides text in any of the ways that are known here."""
    return (
        hides(style)
        or style.get("visibility", ("", False))[0] in ("hidden", "collapse")
        or font_is_nothing(style, before=False)
        or colour(style.get("color", ("", False))[0]) == TRANSPARENT
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
    if match := _FUNCTION.match(name):
        return _of_function(match[1], match[2].strip())
    return _NAMES.get(name)


def _of_function(kind: str, inside: str) -> str | None:
    """A colour that is written as numbers."""
    numbers = inside.replace("/", ",").split(",")
    is_fourth = "/" in inside or len(numbers) == 4
    if is_fourth and _number(numbers[-1].strip()) == 0:
        return TRANSPARENT
    if kind == "rgb" and (match := _RGB.match(inside)):
        return "".join(f"{min(255, int(part)):02x}" for part in match.groups())
    if kind == "hsl":
        light = inside.replace("/", " ").replace(",", " ").split()[2:3]
        return {"0%": "000000", "100%": "ffffff"}.get("".join(light))
    return None


def _uncommented(css: str) -> str:
    pieces = []
    at = 0
    while (start := css.find("/*", at)) >= 0:
        pieces.append(css[at:start])
        end = css.find("*/", start + 2)
        at = end + 2 if end >= 0 else len(css)
    pieces.append(css[at:])
    return " ".join(pieces).replace("<!--", " ").replace("-->", " ")


def _blocks(css: str) -> Iterator[tuple[str, str, bool]]:
    """Selectors and declarations of the rules that apply to every screen, or that may do so."""
    at = unsure = 0
    while (start := css.find("{", at)) >= 0:
        before = css[at:start]
        prelude = before[before.rfind("}") + 1 :].strip()
        if prelude.startswith("@"):  # statements of one line stand before it
            prelude = prelude[prelude.rfind(";") + 1 :].strip()
        kind = prelude.lower()
        if not prelude.startswith("@"):
            end = css.find("}", start)
            if end < 0:
                end = len(css)
            yield prelude, css[start + 1 : end], start >= unsure
            at = end + 1
        elif (
            kind.startswith("@layer")
            or _SCREEN.match(prelude)
            or (kind.startswith("@supports") and not _UNSUPPORTED.search(kind))
        ):
            at = start + 1
        elif kind.startswith(("@container", "@supports", "@scope")):
            if start >= unsure:
                unsure = _after_block(css, start)
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
