"""Definitions of processes on disk: those of a folder, whatever state they are in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow.errors import HeadInvalidError
from winnow.heads.card import HeadCard, HeadFiles
from winnow.processes.loader import DefinitionCheck, check_definition
from winnow.processes.yaml_tree import Problem

if TYPE_CHECKING:
    from winnow.processes.schema import ProcessDefinition


@dataclass(frozen=True)
class DefinitionFile:
    """A file of a definition, valid or not."""

    path: Path
    text: str
    check: DefinitionCheck

    @property
    def definition(self) -> "ProcessDefinition | None":
        """None where the file does not validate."""
        return self.check.definition

    @property
    def problems(self) -> list[str]:
        """Each as `file:line: field: problem`."""
        return [problem.told(self.path.name) for problem in self.check.problems]

    @property
    def parts(self) -> str:
        """How many criteria or labels it has, in words."""
        definition = self.definition
        if definition is None:
            return ""
        if definition.kind == "criteria":
            count = len(definition.criteria)
            return f"{count} {'criteria' if count > 1 else 'criterion'}"
        return f"{len(definition.labels)} labels"

    def head(self) -> HeadCard | None:
        """The card of the trained head beside it, if there is one.

        Raises:
            HeadInvalidError: The head cannot be read.
        """
        definition = self.definition
        files = None if definition is None else HeadFiles.beside(self.path, definition.id)
        return files.card() if files else None


def read_definition(path: Path) -> DefinitionFile:
    """One file."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        problem = Problem(1, "", "is not UTF-8 text")
        return DefinitionFile(path, "", DefinitionCheck(None, (problem,), {(): 1}))
    return DefinitionFile(path, text, check_definition(text))


def definitions_in(folder: Path) -> list[DefinitionFile]:
    """The files of a folder, by name; none where there is no such folder."""
    return [read_definition(path) for path in sorted(folder.glob("*.y*ml")) if _is_yaml(path)]


def _is_yaml(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml")


def shared_names(files: Sequence[DefinitionFile]) -> list[str]:
    """Ids and codes that more than one of the definitions has, case aside."""
    names = Counter(
        name
        for file in files
        if file.definition is not None
        for name in {name.casefold() for name in file.definition.names}
    )
    return sorted(name for name, count in names.items() if count > 1)


def described(file: DefinitionFile) -> dict[str, Any]:
    """A definition as `winnow process list --json` has it."""
    definition = file.definition
    if definition is None:
        return {"file": file.path.name, "valid": False, "problems": file.problems}
    try:
        card, problem = file.head(), None
    except HeadInvalidError as error:
        card, problem = None, error.message
    return {
        "file": file.path.name,
        "valid": True,
        **definition.info.model_dump(),
        "title": definition.title,
        "codes": list(definition.codes),
        "parts": file.parts,
        "threshold": definition.threshold,
        "head": card.info.version if card else None,
        "head_problem": problem,
        "calibrated": bool(card and card.calibration),
    }
