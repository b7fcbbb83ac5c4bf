"""Process definitions as analysts write them: YAML, read with line numbers.

`load_definition` reports every problem at once, one line each, as `file:line: field: problem`.

In these files a scalar is the text that stands there: `codes: [0110]` keeps its zero, `no` is the
word "no", and only `null`, `~` or nothing at all mean "not there". YAML 1.1's guesses (octal,
yes/no, dates, 12:30 in base sixty) never apply. Anchors, aliases and tags are refused.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from winnow.errors import ProcessInvalidError
from winnow.models import FrozenModel
from winnow.processes.schema import (
    ADAPTER,
    KINDS,
    Criterion,
    FieldPath,
    Group,
    InputColumns,
    Label,
    PolicySource,
    Process,
    ProcessDefinition,
    Value,
    cross_problems,
    field_of,
    nearest,
)

MAX_BYTES = 1_000_000
"""A definition larger than this is refused unread."""
MAX_DEPTH = 30
"""Nesting beyond this is refused: no definition needs it, and it would exhaust the stack."""

# -- YAML with positions -------------------------------------------------------------------------


class _Stop(Exception):  # noqa: N818
    """The text cannot be read any further."""


class _Tree(NamedTuple):
    """Plain data (dict, list, str, None), the line of every path in it, and problems by line."""

    data: Any
    lines: dict[FieldPath, int]
    problems: list[tuple[int, str, str]]


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _read_yaml(text: str) -> _Tree:
    """YAML as plain data. A value's line is its key's, which is where an editor should look."""
    lines: dict[FieldPath, int] = {}
    problems: list[tuple[int, str, str]] = []
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events = yaml.parse(text, Loader=loader)

    def build(event: yaml.Event, path: FieldPath, depth: int) -> Any:
        line = _line(event)
        lines.setdefault(path, line)
        if depth > MAX_DEPTH:
            problems.append((line, field_of(path[:3]), f"nested deeper than {MAX_DEPTH} levels"))
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            problems.append((line, field_of(path), "aliases (*name) are not supported"))
            return None
        if getattr(event, "anchor", None) is not None:
            problems.append((line, field_of(path), "anchors (&name) are not supported"))
        if (tag := getattr(event, "tag", None)) is not None and tag != "!":
            problems.append((line, field_of(path), f"the tag {tag} is not supported"))
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None or event.style == ""
            return (
                None if plain and event.value in ("", "~", "null", "Null", "NULL") else event.value
            )
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(build(item, (*path, len(items)), depth + 1))
            return items
        mapping: dict[str, Any] = {}
        while not isinstance(key := next(events), yaml.MappingEndEvent):
            at = _line(key)
            if not isinstance(key, yaml.ScalarEvent):
                problems.append((at, field_of(path), "a field's name must be plain text"))
                raise _Stop
            where = (*path, key.value)
            if key.value in mapping:
                problems.append(
                    (at, field_of(where), f"stands twice, first on line {lines[where]}")
                )
                build(next(events), ("",), depth + 1)
            else:
                lines[where] = at
                mapping[key.value] = build(next(events), where, depth + 1)
        return mapping

    data: Any = None
    try:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if data is not None:
                    at = _line(event)
                    problems.append((at, "", "a file holds one process; a second document starts"))
                    break
                first = next(events)
                data = build(first, (), 0)
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)
        if "mapping values" in said:
            said += "; a text that holds ': ' must stand in quotes"
        problems.append((mark.line + 1 if mark else 1, "", f"not YAML: {said}"))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.append((line, "", "not YAML: a control character or one that YAML forbids"))
    except yaml.YAMLError:
        problems.append((1, "", "not YAML"))
    lines[()] = 1
    return _Tree(data, lines, problems)


# -- loading -------------------------------------------------------------------------------------

_MESSAGES = {
    "missing": "is missing",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "model_type": "must hold named fields",
    "model_attributes_type": "must hold named fields",
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
    """Names of the fields that may stand at a path, for suggestions."""
    names = [part for part in path if isinstance(part, str)]
    inner: dict[str, type[FrozenModel]] = {
        "source": PolicySource,
        "input": InputColumns,
        "criteria": Criterion,
        "labels": Label,
        "logic": Group,
    }
    model: type[FrozenModel] = inner.get(names[0], kind) if names else kind
    if names[1:2] == ["values"]:
        model = Value
    return list(model.model_fields)


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
        return path, "must lie between 0 and 1"
    if name == "value_error":
        return path, str(context["error"])
    return path, _MESSAGES.get(name, str(error["msg"]))


def load_definition(text: str, source: str) -> ProcessDefinition:
    """A definition from YAML.

    Args:
        text: The YAML.
        source: The file's name, for the messages.

    Raises:
        ProcessInvalidError: With every problem, a line each: `source:line: field: problem`.
    """
    if len(text) > MAX_BYTES:
        raise ProcessInvalidError(f"{source}:1: (file): is larger than {MAX_BYTES} characters")
    tree = _read_yaml(text)
    problems = list(tree.problems)

    def add(path: FieldPath, said: str) -> None:
        at = path
        while at not in tree.lines:
            at = at[:-1]
        problems.append((tree.lines[at], field_of(path), said))

    definition: ProcessDefinition | None = None
    data = tree.data
    # What follows a break in the YAML was never read: saying that it is missing would mislead.
    if not any(said.startswith(("not YAML", "nested")) for _, _, said in problems):
        if not isinstance(data, dict):
            add((), "is empty" if data is None else "must hold named fields, as `id: my-process`")
        elif data.get("kind") not in KINDS:
            add(("kind",), "must be 'criteria' or 'labels'" if "kind" in data else "is missing")
        else:
            kind = KINDS[data["kind"]]
            for path, said in cross_problems(data):
                add(path, said)
            try:
                # A field with nothing behind its colon is a field not given.
                definition = ADAPTER.validate_python(_without_nulls(data))
            except ValidationError as error:
                for line in error.errors(include_url=False):
                    # A list of which items are wrong may be called too short as well: said already.
                    short = line["type"] == "too_short"
                    if short and line["ctx"]["actual_length"] < len(line["input"]):
                        continue
                    if line["type"] != "cross":
                        add(*_explain({**line, "loc": line["loc"][1:]}, kind))
    if problems or definition is None:
        raise ProcessInvalidError(
            "\n".join(
                f"{source}:{line}: {field or '(file)'}: {said}"
                for line, field, said in sorted(dict.fromkeys(problems))
            )
        )
    return definition


def _without_nulls(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    return [_without_nulls(item) for item in data] if isinstance(data, list) else data
