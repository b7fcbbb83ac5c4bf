"""Process definitions as analysts write them: YAML, read with line numbers.

`load_definition` reports every problem at once, one per line, as `file:line: field: problem`.

In these files a scalar is the text as written: `codes: [0110]` keeps its zero, `no` is the word
"no", and only `null`, `~` or nothing at all mean "absent". YAML 1.1's guesses (octal,
yes/no, dates, 12:30 in base sixty) never apply. Anchors, aliases and tags are refused.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from winnow.errors import ProcessInvalidError
from winnow.processes.schema import (
    ADAPTER,
    KINDS,
    FieldPath,
    Process,
    ProcessDefinition,
    cross_problems,
    field_of,
    nearest,
)

MAX_BYTES = 1_000_000
"""A definition larger than this is refused unread."""
MAX_DEPTH = 30
"""Nesting beyond this is refused: no definition needs it, and it would exhaust the stack."""
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))

# -- YAML with positions -------------------------------------------------------------------------


class _UnreadableError(Exception):
    """The text cannot be read any further; the reason is among the problems."""


class _Problem(NamedTuple):
    line: int
    field: str
    message: str


class _Tree(NamedTuple):
    """The data of a text, and what is wrong with it as YAML."""

    data: Any
    """Plain data: dict, list, str, None."""
    lines: dict[FieldPath, int]
    """The line of every path in the data."""
    problems: list[_Problem]


def _read_yaml(text: str) -> _Tree:
    """YAML as plain data. A value's line is its key's, which is where an editor should look."""
    reader = _YamlReader(text)
    data: Any = None
    try:
        data = reader.document()
    except _UnreadableError:
        pass
    except yaml.YAMLError as error:
        reader.problems.append(_syntax_problem(error, text))
    reader.lines[()] = 1
    return _Tree(data, reader.lines, reader.problems)


class _YamlReader:
    """Builds plain data from the parser's events, and keeps the line of each value."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.lines: dict[FieldPath, int] = {}
        self.problems: list[_Problem] = []

    def document(self) -> Any:
        """The text's only document; None if it has none."""
        data: Any = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if data is not None:
                    message = "a file contains one process; a second document starts here"
                    self.problems.append(_Problem(_line(event), "", message))
                    break
                data = self._value(next(self._events), (), 0)
        return data

    def _value(self, event: yaml.Event, path: FieldPath, depth: int) -> Any:
        self.lines.setdefault(path, _line(event))
        if depth > MAX_DEPTH:
            self._note(event, path[:3], f"nested deeper than {MAX_DEPTH} levels")
            raise _UnreadableError
        if isinstance(event, yaml.AliasEvent):
            self._note(event, path, "aliases (*name) are not supported")
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
            self._note(event, path, "anchors (&name) are not supported")
        if (tag := getattr(event, "tag", None)) is not None and tag != "!":
            self._note(event, path, f"the tag {tag} is not supported")

    def _note(self, event: yaml.Event, path: FieldPath, message: str) -> None:
        self.problems.append(_Problem(_line(event), field_of(path), message))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _syntax_problem(error: yaml.YAMLError, text: str) -> _Problem:
    """Why a text is not YAML."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        if "mapping values" in message:
            message += "; a text that contains ': ' must be in quotes"
        return _Problem(mark.line + 1 if mark else 1, "", f"not YAML: {message}")
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return _Problem(line, "", "not YAML: a control character or one that YAML forbids")
    return _Problem(1, "", "not YAML")


# -- loading -------------------------------------------------------------------------------------

_MESSAGES = {
    "missing": "is missing",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "model_type": "must contain named fields",
    "model_attributes_type": "must contain named fields",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "too_short": "has too few items",
    "string_too_short": "must not be empty",
    "union_tag_invalid": "must be a criterion's id or a group",
    "union_tag_not_found": "must be a criterion's id or a group",
}

_PATTERNS: dict[str, str] = {
    "id": "must be 1 to 64 letters, digits, '_' or '-', beginning with a letter or digit",
    "codes": "must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit",
    "version": "must be a version as in 1.0.0",
}


def _fields_at(kind: type[Process], path: FieldPath) -> list[str]:
    """Names of the fields that the schema allows at a path, for suggestions."""
    schema = kind.model_json_schema()
    fields = _properties(schema, schema)
    for name in path:
        if isinstance(name, str):
            fields = _properties(fields.get(name, {}), schema)
    return list(fields)


def _properties(node: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the objects that a node of a JSON Schema allows, by itself or in a list."""
    fields = dict(node.get("properties", {}))
    inner = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    if "items" in node:
        inner.append(node["items"])
    if "$ref" in node:
        inner.append(schema["$defs"][node["$ref"].rpartition("/")[2]])
    for part in inner:
        fields |= _properties(part, schema)
    return fields


def _explain(error: Mapping[str, Any], kind: type[Process]) -> tuple[FieldPath, str]:
    # Union members put their tag, "<group>", into the location; no field is called so.
    path = tuple(part for part in error["loc"] if not str(part).startswith("<"))
    name = str(error["type"])
    context = error.get("ctx", {})
    if name == "extra_forbidden":
        wrong = str(path[-1])
        return path, f"is not a known field{nearest(wrong, _fields_at(kind, path[:-1]))}"
    if name == "string_pattern_mismatch":
        last = next(part for part in reversed(path) if isinstance(part, str))
        return path, _PATTERNS[last]
    if name == "literal_error":
        return path, f"must be {context['expected']}"
    if name == "too_short":
        return path, f"needs at least {context['min_length']}"
    if name in ("greater_than_equal", "less_than_equal"):
        return path, "must be from 0 to 1"
    if name == "value_error":
        return path, str(context["error"])
    return path, _MESSAGES.get(name, str(error["msg"]))


def load_definition(text: str, source: str) -> ProcessDefinition:
    """A definition from YAML.

    Args:
        text: The YAML.
        source: The file's name, for the messages.

    Raises:
        ProcessInvalidError: With every problem, one per line: `source:line: field: problem`.
    """
    if len(text) > MAX_BYTES:
        raise ProcessInvalidError(f"{source}:1: (file): is larger than {MAX_BYTES} characters")
    tree = _read_yaml(text)
    problems = list(tree.problems)
    definition: ProcessDefinition | None = None
    # What follows a syntax error was never read: reporting it as missing would mislead.
    if not any(problem.message.startswith(("not YAML", "nested")) for problem in problems):
        definition, wrong = _validate(tree.data)
        problems += [_at_line(path, message, tree.lines) for path, message in wrong]
    if problems or definition is None:
        raise ProcessInvalidError(
            "\n".join(
                f"{source}:{line}: {field or '(file)'}: {message}"
                for line, field, message in sorted(dict.fromkeys(problems))
            )
        )
    return definition


def _validate(data: Any) -> tuple[ProcessDefinition | None, list[tuple[FieldPath, str]]]:
    """The definition, or None, and what is wrong with the data, by field."""
    if not isinstance(data, dict):
        message = "is empty" if data is None else "must contain named fields, as `id: my-process`"
        return None, [((), message)]
    if data.get("kind") not in KINDS:
        message = "must be 'criteria' or 'labels'" if "kind" in data else "is missing"
        return None, [(("kind",), message)]
    problems = list(cross_problems(data))
    try:
        # A field with nothing behind its colon is a field not given.
        return ADAPTER.validate_python(_without_nulls(data)), problems
    except ValidationError as error:
        kind = KINDS[data["kind"]]
        for line in error.errors(include_url=False):
            # A list with invalid items may be called too short as well: those are reported already.
            short = line["type"] == "too_short"
            if short and line["ctx"]["actual_length"] < len(line["input"]):
                continue
            if line["type"] != "cross":
                problems.append(_explain({**line, "loc": line["loc"][1:]}, kind))
    return None, problems


def _at_line(path: FieldPath, message: str, lines: Mapping[FieldPath, int]) -> _Problem:
    """A problem with a field, on the line of the field or of what it is missing from."""
    known = path
    while known not in lines:
        known = known[:-1]
    return _Problem(lines[known], field_of(path), message)


def _without_nulls(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    return [_without_nulls(item) for item in data] if isinstance(data, list) else data
