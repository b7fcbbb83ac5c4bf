"""YAML as plain data with the line of every value, and every problem that it has as YAML.

A scalar is the text as written: `codes: [0110]` keeps its zero, `no` is the word "no", and only
`null`, `~` or nothing at all mean "absent". YAML 1.1's guesses (octal, yes/no, dates, 12:30 in base
sixty) never apply. Anchors, aliases and tags are refused.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

from winnow.processes.schema import FieldPath, field_of
from winnow.processes.yaml_repair import repaired

MAX_DEPTH = 30
"""Nesting beyond this is refused: no definition needs it, and it would exhaust the stack."""
_QUOTE = "quote a text that begins so"
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class _UnreadableError(Exception):
    """The text cannot be read any further; the reason is among the problems."""


class Problem(NamedTuple):
    """Something wrong with a definition."""

    line: int
    field: str
    message: str

    def told(self, source: str) -> str:
        """`source:line: field: message`."""
        return f"{source}:{self.line}: {self.field or '(file)'}: {self.message}"


class Tree(NamedTuple):
    """The data of a text, and what is wrong with it as YAML."""

    data: Any
    """Plain data: dict, list, str, None."""
    lines: dict[FieldPath, int]
    """The line of every path in the data."""
    problems: list[Problem]
    complete: bool
    """Whether all of the text was read."""


def read_yaml(text: str) -> Tree:
    """YAML as plain data. A value's line is its key's, which is where an editor should look.

    After a syntax error the text is read on as if the line were repaired.
    """
    tree, error = _read_once(text)
    if error is None:
        return tree
    text, repairs, error = repaired(text)
    tree, error = _read_once(text)
    problems = [
        Problem(
            line := repair.line + 1,
            _field_on(line, tree.lines) if repair.of_value else "",
            f"not YAML: {repair.message}",
        )
        for repair in repairs
    ]
    if error is not None:
        problems.append(_syntax_problem(error, text))
    return tree._replace(problems=[*tree.problems, *problems])


def _read_once(text: str) -> tuple[Tree, yaml.YAMLError | None]:
    """What can be read up to the first syntax error, and that error."""
    reader = _YamlReader(text)
    data: Any = None
    complete = False
    failed: yaml.YAMLError | None = None
    try:
        data = reader.document()
        complete = True
    except _UnreadableError:
        pass
    except yaml.YAMLError as error:
        failed = error
    reader.lines[()] = 1
    return Tree(data, reader.lines, reader.problems, complete), failed


def _field_on(line: int, lines: Mapping[FieldPath, int]) -> str:
    """The field that stands on a line; "" where none or several do."""
    paths = sorted((path for path, at in lines.items() if at == line), key=len)
    if not paths or (len(paths) > 1 and len(paths[-2]) == len(paths[-1])):
        return ""
    return field_of(paths[-1])


class _YamlReader:
    """Builds plain data from the parser's events, and keeps the line of each value."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.lines: dict[FieldPath, int] = {}
        self.problems: list[Problem] = []

    def document(self) -> Any:
        """The text's only document; None if it has none."""
        data: Any = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if data is not None:
                    message = "a file contains one process; a second document starts here"
                    self.problems.append(Problem(_line(event), "", message))
                    break
                data = self._value(next(self._events), (), 0)
        return data

    def _value(self, event: yaml.Event, path: FieldPath, depth: int) -> Any:
        self.lines.setdefault(path, _line(event))
        if depth > MAX_DEPTH:
            self._note(event, path[:3], f"nested deeper than {MAX_DEPTH} levels")
            raise _UnreadableError
        if isinstance(event, yaml.AliasEvent):
            self._note(event, path, f"aliases (*name) are not supported; {_QUOTE}")
            return None
        self._refuse_anchor_and_tag(event, path)
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None or event.style == ""
            return None if plain and event.value in _NULLS else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, depth)
        return self._mapping(path, depth)

    def _sequence(self, path: FieldPath, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(item, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: FieldPath, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                self._note(key, path, "a field's name must be plain text")
                raise _UnreadableError
            inner = (*path, key.value)
            if key.value in mapping:
                self._note(key, inner, f"is repeated; the first is on line {self.lines[inner]}")
                # Read, so that its own problems are reported, and dropped.
                self._value(next(self._events), ("",), depth + 1)
            else:
                self.lines[inner] = _line(key)
                mapping[key.value] = self._value(next(self._events), inner, depth + 1)
        return mapping

    def _refuse_anchor_and_tag(self, event: yaml.Event, path: FieldPath) -> None:
        if getattr(event, "anchor", None) is not None:
            self._note(event, path, f"anchors (&name) are not supported; {_QUOTE}")
        if (tag := getattr(event, "tag", None)) is not None and tag != "!":
            self._note(event, path, f"the tag {tag} is not supported; {_QUOTE}")

    def _note(self, event: yaml.Event, path: FieldPath, message: str) -> None:
        self.problems.append(Problem(_line(event), field_of(path), message))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    """Why a text is not YAML."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        return Problem(mark.line + 1 if mark else 1, "", f"not YAML: {message}")
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem(line, "", "not YAML: a control character or one that YAML forbids")
    return Problem(1, "", "not YAML")
