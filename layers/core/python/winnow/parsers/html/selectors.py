"""Selectors of style sheets: names, ids, classes and attributes, and how elements stand to others.

As CSS writes them (https://www.w3.org/TR/selectors-4/), but for namespaces and nesting. What a
pseudo-class asks is not understood.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from winnow.parsers.html.markup import Attributes

_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|([^\n]))")
_IDENTIFIER = r"(?![0-9])(?>[\w\-\u0080-\U0010ffff]|\\(?>[0-9a-fA-F]{1,6}\s?|[^\n]))++"
_PIECE = re.compile(
    rf"\s*+(?P<between>[>+~,])\s*+|(?P<blank>\s++)|(?P<name>\*|{_IDENTIFIER})"
    rf"|(?P<mark>[#.])(?P<value>{_IDENTIFIER})"
    rf"|\[\s*+(?P<attribute>{_IDENTIFIER})\s*+(?:(?P<how>[~|^$*]?=)\s*+"
    rf"(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>{_IDENTIFIER}|[0-9]++))\s*+"
    rf"(?P<flag>[iIsS])?\s*+)?\]"
    r"|(?P<pseudo>::?-?[\w-]++)(?P<arguments>\()?|(?P<unknown>.)",
    re.DOTALL,
)
"""A piece of a selector."""
_DYNAMIC = frozenset(
    re.findall(
        r"\S+",
        """
        active after autofill backdrop before checked first-letter first-line focus focus-visible
        focus-within hover placeholder placeholder-shown target visited
        """,
    )
)
"""Pseudo-classes that hold at times, and parts of elements, without their colons."""
_MAX_COMPOUNDS = 8
_MAX_SELECTOR = 500
MAX_CLASSES = 50
_MAX_ATTRIBUTE = 1_000
"""Characters of an attribute in which a part is looked for."""
_BRACKET = re.compile(r"[()]")


class Part(NamedTuple):
    """A condition: an id (`#`), a class (`.`), or what an attribute of this name is or has."""

    kind: str
    how: str
    value: str


class Compound(NamedTuple):
    """The conditions on one element: its name and its id, classes and attributes."""

    name: str
    parts: tuple[Part, ...]

    @property
    def key(self) -> str:
        """The id, class or name by which elements find it in the index."""
        for part in self.parts:
            if part.kind in ("#", "."):
                return f"{part.kind}{part.value}"
        return self.name

    @property
    def weight(self) -> tuple[int, int, int]:
        ids = sum(part.kind == "#" for part in self.parts)
        return ids, len(self.parts) - ids, int(self.name != "*")


class Selector(NamedTuple):
    """A selector as it is written."""

    compounds: tuple[tuple[str, Compound], ...]
    """Each with how it stands to the one before."""
    understood: bool
    dynamic: bool
    """Whether it holds at times only, or for what is no text of the page."""


class Element(NamedTuple):
    """What selectors ask of an element; its classes are split once."""

    name: str
    attributes: Attributes
    classes: frozenset[str]


def keys_of(name: str, attributes: Attributes, classes: Iterable[str]) -> Iterator[str]:
    """By what an element finds the compounds that it may be in the index."""
    yield "*"
    yield name
    if given := attributes.get("id"):
        yield f"#{given}"
    for single in classes:
        yield f".{single}"


def matches(compound: Compound, element: Element) -> bool:
    """Whether an element is what a compound asks for."""
    if compound.name not in ("*", element.name):
        return False
    for part in compound.parts:
        if part.kind == ".":
            if part.value not in element.classes:
                return False
        elif part.kind == "#":
            if element.attributes.get("id") != part.value:
                return False
        elif part.kind not in element.attributes or not _has(element.attributes[part.kind], part):
            return False
    return True


def _has(given: str, part: Part) -> bool:
    """Whether an attribute's value is or has what is asked for."""
    how, value = part.how, part.value
    if not how:
        return True
    if how == "=":
        return given == value
    if how == "|=":
        return given == value or given.startswith(f"{value}-")
    if not value:
        return False
    if how == "^=":
        return given.startswith(value)
    if how == "$=":
        return given.endswith(value)
    if how == "*=":
        return value in given[:_MAX_ATTRIBUTE]
    return value in given[:_MAX_ATTRIBUTE].split()


def selectors_of(text: str) -> Iterator[Selector]:
    """The selectors of a rule."""
    text = text.strip()
    at = 0
    while at < len(text):
        selector, at = _selector(text, at)
        yield selector


def _selector(text: str, at: int) -> tuple[Selector, int]:
    """The selector that begins here, and where the next one does."""
    start = at
    compounds: list[tuple[str, Compound]] = []
    name, parts, how, is_begun = "*", list[Part](), "", False
    understood = True
    dynamic = False
    while at < len(text) and (piece := _PIECE.match(text, at)):
        at = piece.end()
        if between := piece["between"] or (piece["blank"] and " "):
            understood = understood and is_begun
            if between == ",":
                break
            compounds.append((how, Compound(name, tuple(parts))))
            name, parts, how, is_begun = "*", [], between, False
            continue
        if piece["name"]:
            understood = understood and not is_begun
            name = _plain(piece["name"]).lower()
        elif piece["mark"]:
            parts.append(Part(piece["mark"], "", _plain(piece["value"])))
        elif piece["attribute"]:
            value = piece["double"] or piece["single"] or piece["bare"] or ""
            understood = understood and not piece["flag"]
            parts.append(Part(piece["attribute"].lower(), piece["how"] or "", _plain(value)))
        else:
            understood = False
            pseudo = piece["pseudo"] or ""
            dynamic = dynamic or pseudo.lstrip(":") in _DYNAMIC or pseudo.startswith(("::", ":-"))
            if piece["arguments"]:
                at = _after_bracket(text, at)
        is_begun = True
    understood = understood and is_begun and at - start <= _MAX_SELECTOR
    if is_begun:
        compounds.append((how, Compound(name, tuple(parts))))
    understood = understood and len(compounds) <= _MAX_COMPOUNDS
    return Selector(tuple(compounds[-_MAX_COMPOUNDS:]), understood, dynamic), at


def _plain(identifier: str) -> str:
    """A name with its escapes replaced."""
    if "\\" not in identifier:
        return identifier
    return _ESCAPE.sub(
        lambda found: chr(min(int(found[1], 16), 0x10FFFF)) if found[1] else found[2], identifier
    )


def _after_bracket(text: str, at: int) -> int:
    """Where the bracket ends that was opened before."""
    depth = 1
    for bracket in _BRACKET.finditer(text, at):
        depth += 1 if bracket.group() == "(" else -1
        if not depth:
            return bracket.end()
    return len(text)
