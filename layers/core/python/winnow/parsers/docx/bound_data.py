"""What content controls show that are bound to data: Word takes it from the data, not the text."""

import re
from collections.abc import Iterable

from winnow.parsers.errors import ParseError
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts, Relation

_STEP = re.compile(r"/(@?)(?:[\w.-]+:)?([\w.-]+)(?:\[(\d{1,9})\])?")
_MAX_ELEMENTS = 100_000
"""Elements of an item of data that are looked at."""
_MAX_DEPTH = 100
Path = tuple[tuple[str, int], ...]


class BoundData:
    """The data of a document, read when a control first asks for it."""

    def __init__(self, parts: Parts, related: Iterable[Relation]) -> None:
        self._parts = parts
        self._items = [r.target for r in related if r.kind == "customXml" and r.target in parts]
        self._values: dict[str, dict[Path, str]] | None = None

    def value(self, item: str | None, path: str | None) -> str | None:
        """What is at a path of the item with this id (of any, if it has none).

        A path is a plain one of XPath: steps with or without a number. None for any other, and
        where nothing stands there.
        """
        sought = _parsed(path or "")
        if not sought:
            return None
        if self._values is None:
            self._values = dict(self._read())
        for name, values in self._values.items():
            if item is None or name == item.lower():
                text = values.get(sought, "").strip()
                if text:
                    return text
        return None

    def _read(self) -> Iterable[tuple[str, dict[Path, str]]]:
        for part in self._items:
            try:
                yield self._name(part), _values(self._parts, part)
            except ParseError as error:
                if error.code != "file_unreadable":
                    raise

    def _name(self, part: str) -> str:
        names = [part]

        def start(_: str, attributes: dict[str, str]) -> None:
            for name, value in attributes.items():
                if name.rpartition("}")[2] == "itemID":
                    names.append(value.lower())

        for relation in self._parts.related(part).values():
            if relation.kind == "customXmlProps" and relation.target in self._parts:
                parser = xml_parser()
                parser.StartElementHandler = start
                feed(parser, self._parts.blocks(relation.target))
        return names[-1]


def _parsed(path: str) -> Path:
    steps = []
    at = 0
    for match in _STEP.finditer(path.removesuffix("/text()")):
        if match.start() != at:
            return ()
        at = match.end()
        steps.append((match[1] + match[2], int(match[3] or 1)))
    return tuple(steps) if at == len(path.removesuffix("/text()")) else ()


def _values(parts: Parts, part: str) -> dict[Path, str]:
    """Texts of elements without others in them, and of attributes, by their paths."""
    values: dict[Path, str] = {}
    path: list[tuple[str, int]] = []
    counts: list[dict[str, int]] = [{}]
    texts: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        counts[-1][name] = counts[-1].get(name, 0) + 1
        path.append((name, counts[-1][name]))
        counts.append({})
        texts.clear()
        if len(path) > _MAX_DEPTH or len(values) > _MAX_ELEMENTS:
            raise ParseError("file_unreadable", "Its data is nested too deeply, or too long.")
        for attribute, value in attributes.items():
            values[*path, ("@" + attribute.rpartition("}")[2], 1)] = value

    def end(_: str) -> None:
        text = "".join(texts)
        texts.clear()
        if text.strip():
            values[tuple(path)] = text
        path.pop()
        counts.pop()

    parser = xml_parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = texts.append
    feed(parser, parts.blocks(part))
    return values
