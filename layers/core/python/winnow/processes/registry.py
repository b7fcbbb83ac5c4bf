"""The processes of one folder, found by id or code, each with the trained head beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from winnow.errors import HeadInvalidError, ProcessInvalidError, ProcessUnknownError
from winnow.heads.card import HeadFiles
from winnow.processes.loader import load_definition
from winnow.processes.schema import ProcessDefinition


@dataclass(frozen=True)
class ProcessRegistry:
    """The processes of one folder, found by id or code."""

    definitions: Sequence[ProcessDefinition]
    heads: Mapping[str, HeadFiles] = field(default_factory=dict)
    """Trained heads by the id of their process."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Where each process was read from, by its id."""

    @classmethod
    def from_directory(cls, path: Path, *, with_heads: bool = True) -> "ProcessRegistry":
        """Every `*.yaml` and `*.yml` in a folder, with the trained heads beside them.

        Args:
            with_heads: False: without them, for what trains them anew.

        Raises:
            ProcessInvalidError: A file does not validate, two share an id or code (case aside),
                or the folder holds none; all problems of all files together.
        """
        files = sorted(p for p in path.glob("*.y*ml") if p.suffix in (".yaml", ".yml"))
        if not files:
            raise ProcessInvalidError(
                f"{path.name}: no process (*.yaml) in this folder",
                hint="Write one with `winnow process new`, or name another folder (--processes).",
            )
        definitions: list[ProcessDefinition] = []
        problems: list[str] = []
        owner: dict[str, str] = {}
        heads: dict[str, HeadFiles] = {}
        read_from: dict[str, Path] = {}
        for file in files:
            try:
                definition = load_definition(file.read_text(encoding="utf-8-sig"), file.name)
            except ProcessInvalidError as error:
                problems.append(error.message)
                continue
            except UnicodeDecodeError:
                problems.append(f"{file.name}:1: (file): is not UTF-8 text")
                continue
            definitions.append(definition)
            read_from[definition.id] = file
            try:
                if with_heads and (head := HeadFiles.beside(file, definition.id)):
                    heads[definition.id] = head
            except HeadInvalidError as error:
                problems.append(f"{file.name}:1: (head): {error.message} {error.hint}")
            for name in definition.names:
                first = owner.setdefault(name.casefold(), file.name)
                if first != file.name:
                    problems.append(f"{file.name}:1: id or codes: {name!r} names {first} already")
        if problems:
            raise ProcessInvalidError("\n".join(problems))
        return cls(tuple(definitions), heads, read_from)

    @cached_property
    def _by_name(self) -> dict[str, ProcessDefinition]:
        return {name.casefold(): d for d in self.definitions for name in d.names}

    def find(self, name: str) -> ProcessDefinition:
        """The process with this id or code, case aside.

        Raises:
            ProcessUnknownError: Names the known ids.
        """
        if definition := self._by_name.get(name.strip().casefold()):
            return definition
        # What was asked for may be a folder's name, which may be about a person: not repeated.
        known = ", ".join(self.ids)
        raise ProcessUnknownError(
            f"No process has the id or code that was asked for. Known: {known}."
        )

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the processes, sorted."""
        return tuple(sorted(d.id for d in self.definitions))
