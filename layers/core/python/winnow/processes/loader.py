"""Process definitions as analysts write them: YAML, read with line numbers.

`load_definition` gives a definition, or raises every problem at once, one per line, as
`file:line: field: problem`; `check_definition` gives the problems and the lines of all fields.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from winnow.errors import ProcessInvalidError
from winnow.processes.meaning import meaning_problems
from winnow.processes.messages import explain
from winnow.processes.schema import (
    ADAPTER,
    KINDS,
    FieldPath,
    Process,
    ProcessDefinition,
    cross_problems,
    field_of,
)
from winnow.processes.yaml_tree import Problem, read_yaml

MAX_BYTES = 1_000_000
"""A definition larger than this is refused unread."""


@dataclass(frozen=True)
class DefinitionCheck:
    """What is in a file of a definition, and what is wrong with it."""

    definition: ProcessDefinition | None
    """None where there are problems."""
    problems: tuple[Problem, ...]
    """In the order of their lines."""
    lines: Mapping[FieldPath, int]
    """The line of every field."""

    def line_of(self, path: FieldPath) -> int:
        """The line of a field, or of what it is missing from."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def load_definition(text: str, source: str, *, published: bool = False) -> ProcessDefinition:
    """A definition from YAML.

    Args:
        text: The YAML.
        source: The file's name, for the messages.
        published: It was published before: see `check_definition`.

    Raises:
        ProcessInvalidError: With every problem, one per line: `source:line: field: problem`.
    """
    check = check_definition(text, published=published)
    if check.definition is None:
        raise ProcessInvalidError("\n".join(problem.told(source) for problem in check.problems))
    return check.definition


def check_definition(text: str, *, published: bool = False) -> DefinitionCheck:
    """A definition from YAML, with every problem that it has.

    Args:
        text: The YAML.
        published: It was published before, and stays readable though it cannot mean what it says.
    """
    if len(text) > MAX_BYTES:
        problem = Problem(1, "", f"is larger than {MAX_BYTES} characters")
        return DefinitionCheck(None, (problem,), {(): 1})
    tree = read_yaml(text)
    problems = list(tree.problems)
    definition: ProcessDefinition | None = None
    # What follows a syntax error was never read: reporting it as missing would mislead.
    if tree.complete:
        definition, wrong = _validate(tree.data)
        if isinstance(tree.data, dict) and not published:
            wrong += meaning_problems(_without_nulls(tree.data))
        problems += [_at_line(path, message, tree.lines) for path, message in wrong]
    if problems:
        definition = None
    return DefinitionCheck(definition, tuple(sorted(dict.fromkeys(problems))), tree.lines)


def _validate(data: Any) -> tuple[ProcessDefinition | None, list[tuple[FieldPath, str]]]:
    """The definition, or None, and what is wrong with the data, by field."""
    if not isinstance(data, dict):
        message = "is empty" if data is None else "must contain named fields, as `id: my-process`"
        return None, [((), message)]
    problems = list(cross_problems(data))
    given = data.get("kind")
    if not (isinstance(given, str) and given in KINDS):
        message = "must be 'criteria' or 'labels'" if "kind" in data else "is missing"
        return None, [*problems, (("kind",), message), *_problems_whatever_kind(data)]
    # A field with nothing behind its colon is a field not given.
    definition, wrong = _validated(ADAPTER, KINDS[given], _without_nulls(data))
    return definition, problems + wrong


def _problems_whatever_kind(data: Mapping[str, Any]) -> list[tuple[FieldPath, str]]:
    """What else is wrong with a definition of no known kind: as of the kind that it seems to be."""
    near = difflib.get_close_matches(str(data.get("kind")), KINDS, n=1)
    kind = next((name for name in (*near, *KINDS) if name in near or name in data), None)
    if kind is not None:
        return _validated(ADAPTER, KINDS[kind], {**_without_nulls(data), "kind": kind})[1]
    common = {name: value for name, value in data.items() if name in Process.model_fields}
    return _validated(TypeAdapter(Process), Process, _without_nulls(common), tag=False)[1]


def _validated(
    adapter: TypeAdapter[Any], kind: type[Process], data: Mapping[str, Any], *, tag: bool = True
) -> tuple[Any, list[tuple[FieldPath, str]]]:
    """The definition, or None, and its problems; with a tag, paths begin with the kind."""
    try:
        return adapter.validate_python(data), []
    except ValidationError as error:
        problems = []
        for line in error.errors(include_url=False):
            # A list with invalid items may be called too short as well: those are reported already.
            short = line["type"] == "too_short"
            if short and line["ctx"]["actual_length"] < len(line["input"]):
                continue
            if line["type"] != "cross":
                path = line["loc"][1:] if tag else line["loc"]
                problems.append(explain({**line, "loc": path}, kind))
        return None, problems


def _at_line(path: FieldPath, message: str, lines: Mapping[FieldPath, int]) -> Problem:
    """A problem with a field, on the line of the field or of what it is missing from."""
    known = path
    while known not in lines:
        known = known[:-1]
    return Problem(lines[known], field_of(path), message)


def _without_nulls(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    return [_without_nulls(item) for item in data] if isinstance(data, list) else data
