"""The parts of an Office package and what they refer to."""

import posixpath
import zipfile
from collections.abc import Iterator
from typing import IO, NamedTuple
from urllib.parse import unquote

from winnow.parsers.errors import ParseError
from winnow.parsers.packages import Counted, feed, open_package, xml_parser


class Relation(NamedTuple):
    """What a part refers to: a kind, and the name of a part, or of something outside."""

    kind: str
    target: str
    outside: bool


class Parts:
    """A package by the names of its parts, ignoring case and the kind of slash."""

    def __init__(self, file: IO[bytes], limits: dict[str, int]) -> None:
        self._package = open_package(file, limits)
        self._limits = limits
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._package.infolist():
            self._members.setdefault(_plain(member.filename), member)
        self._unpacked = Counted(self._package, limits)
        self._related: dict[str, dict[str, Relation]] = {}

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def name(self, part: str) -> str:
        """A part's name as the package has it, with slashes."""
        return self._member(part).filename.replace("\\", "/")

    def blocks(self, name: str) -> Iterator[bytes]:
        """A part's bytes. Raises ParseError when there is no such part, or it is damaged."""
        return self._unpacked.blocks(self._member(name))

    def uncounted(self, name: str) -> Iterator[bytes]:
        """A part's bytes, for a look ahead at what is read, and counted, afterwards."""
        return Counted(self._package, self._limits).blocks(self._member(name))

    def related(self, part: str) -> dict[str, Relation]:
        """What a part refers to, by id, in the order of the targets' names."""
        if part not in self._related:
            self._related[part] = self._relations(part)
        return self._related[part]

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._members[_plain(name)]
        except KeyError:
            raise ParseError("file_unreadable", "The file lacks a part that it names.") from None

    def _relations(self, part: str) -> dict[str, Relation]:
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        if rels not in self:
            return {}
        relations: dict[str, Relation] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if not tag.endswith("}Relationship"):
                return
            outside = attributes.get("TargetMode") == "External"
            target = attributes.get("Target", "").replace("\\", "/")
            if not outside:
                target = unquote(target)
                whole = target if target.startswith("/") else posixpath.join(folder, target)
                target = posixpath.normpath(whole).lstrip("/")
            kind = attributes.get("Type", "").rpartition("/")[2]
            relations[attributes.get("Id", "")] = Relation(kind, target, outside)

        parser = xml_parser()
        parser.StartElementHandler = start
        feed(parser, self.blocks(rels))
        by_name = sorted(relations.items(), key=lambda item: (len(item[1].target), item[1].target))
        return dict(by_name)


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
