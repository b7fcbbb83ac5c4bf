"""Process definitions: what records are judged by, written by an analyst as YAML.

`load_definition` reports every problem at once, one line each, as `file:line: field: problem`.
The fields are explained in processes/README.md.

In these files a scalar is the text that stands there: `codes: [0110]` keeps its zero, `no` is the
word "no", and only `null`, `~` or nothing at all mean "not there". YAML 1.1's guesses (octal,
yes/no, dates, 12:30 in base sixty) never apply. Anchors, aliases and tags are refused.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import (
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from winnow.errors import HeadInvalidError, ProcessInvalidError, ProcessUnknownError
from winnow.head import HeadFiles
from winnow.models import ProcessInfo, Shape, Unit

MAX_BYTES = 1_000_000
"""A definition larger than this is refused unread."""
MAX_DEPTH = 30
"""Nesting beyond this is refused: no definition needs it, and it would exhaust the stack."""

Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Version = Annotated[
    str,
    Field(
        pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
    ),
]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Sentences = Annotated[tuple[Sentence, ...], Field(min_length=1)]


# -- the shapes ----------------------------------------------------------------------------------


class Source(Shape):
    """Where the criteria or labels come from."""

    citations: tuple[Sentence, ...] = ()
    notes: Sentence | None = None
    completeness: Sentence | None = Field(None, description="what of the source was not seen")


class InputColumns(Shape):
    """Which columns of a table are used, best first."""

    text_columns: tuple[Sentence, ...] = ("text",)
    id_columns: tuple[Sentence, ...] = ("id",)
    numeric_columns: tuple[Sentence, ...] = Field(
        (), description="columns that a trained head takes numbers from"
    )
    unit: Literal["document", "page", "row"] = Field(
        "document", description="what becomes a record of a document; a table's is a row"
    )
    min_ocr_confidence: float = Field(
        0.97,
        ge=0,
        le=1,
        description="a scanned page that OCR is less sure of on average sends its record to review",
    )


class Value(Shape):
    """A measured value that speaks for or against a criterion."""

    name: Sentence
    aliases: tuple[Sentence, ...] = ()
    unit: Sentence
    below: float | None = Field(None, description="a smaller value speaks for the criterion")
    above: float | None = Field(None, description="a greater value speaks for the criterion")
    normal_from: float | None = Field(None, description="from here up it speaks against")
    normal_to: float | None = Field(None, description="down from here it speaks against")
    least: float = Field(description="smallest value that can be: less is not read")
    most: float = Field(description="greatest value that can be: more is not read")

    @model_validator(mode="after")
    def _says_something(self) -> "Value":
        if self.below is None and self.above is None:
            raise ValueError("needs below or above")
        return self


class Criterion(Shape):
    """One thing that a record supports, speaks against, or is silent on."""

    id: Slug
    title: Sentence
    statements: Sentences = Field(description="sentences a record would hold if it were met")
    counter_statements: tuple[Sentence, ...] = Field(
        (), description="sentences a record would hold if it were not met"
    )
    neutral_statements: tuple[Sentence, ...] = Field(
        (), description="sentences that look alike and say nothing either way"
    )
    keywords: tuple[Sentence, ...] = Field(
        (), description="where given, only a segment with one of these speaks for the criterion"
    )
    counter_keywords: tuple[Sentence, ...] = Field(
        (), description="the same for speaking against; `keywords` where not given"
    )
    values: tuple[Value, ...] = Field(
        (), description="measured values that speak for or against the criterion"
    )
    if_silent: Literal["undetermined", "not_met"] = Field(
        "undetermined",
        description="what it means that a record which speaks of other criteria is silent on this",
    )


def _clause_tag(value: object) -> str:
    return "<criterion>" if isinstance(value, str) else "<group>"


Clause = Annotated[
    Annotated[str, Tag("<criterion>")] | Annotated["Group", Tag("<group>")],
    Discriminator(_clause_tag),
]
Clauses = Annotated[tuple[Clause, ...], Field(min_length=1)]


class Group(Shape):
    """A node of the decision logic; where several of its lists are given, each must hold."""

    all_of: Clauses | None = None
    any_of: Clauses | None = None
    none_of: Clauses | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Group":
        if self.all_of is None and self.any_of is None and self.none_of is None:
            raise ValueError("needs all_of, any_of or none_of")
        return self


class Label(Shape):
    """One label, shown by example sentences, or by the rows that a head was trained on."""

    id: Slug
    title: Sentence | None = None
    examples: tuple[Sentence, ...] = ()


class _Process(Shape):
    id: Slug
    version: Version
    title: Sentence
    description: Sentence | None = None
    codes: tuple[Code, ...] = Field((), description="other names, such as billing codes")
    source: Source = Source()
    input: InputColumns = InputColumns()
    threshold: Unit = Field(0.7, description="least confidence to be accepted")
    on_none: Literal["review", "fail"] = Field(
        "review", description="what becomes of a run in which no record reached the threshold"
    )

    @model_validator(mode="after")
    def _hangs_together(self) -> "_Process":
        problems = list(_cross_problems(self.model_dump(mode="json")))
        if problems:
            raise PydanticCustomError("cross", "; ".join(text for _, text in problems))
        return self

    @cached_property
    def info(self) -> ProcessInfo:
        """Id, version and the sha256 of the definition's canonical JSON: sorted keys, no spaces."""
        canonical = json.dumps(
            self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return ProcessInfo(
            id=self.id,
            version=self.version,
            kind=self.kind,  # type: ignore[attr-defined]
            sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The id and the codes."""
        return (self.id, *self.codes)


class CriteriaProcess(_Process):
    """Records are judged by criteria, joined by logic to `met`, `not_met` or `undetermined`."""

    kind: Literal["criteria"]
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    logic: Group


class LabelsProcess(_Process):
    """Records are given the label whose examples they are most like."""

    kind: Literal["labels"]
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]


ProcessDefinition = CriteriaProcess | LabelsProcess

_ADAPTER: TypeAdapter[ProcessDefinition] = TypeAdapter(
    Annotated[ProcessDefinition, Field(discriminator="kind")]
)

_KINDS: dict[str, type[_Process]] = {"criteria": CriteriaProcess, "labels": LabelsProcess}


# -- what the shapes alone cannot say --------------------------------------------------------------

Path_ = tuple[str | int, ...]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _texts(items: object) -> list[str]:
    """The items of a list, plain; what is not text is an empty one, so that positions hold."""
    return (
        [_plain(i) if isinstance(i, str) else "" for i in items] if isinstance(items, list) else []
    )


def _repeats(
    items: object, path: Path_, key: str | None = None, before: object = None
) -> Iterator[tuple[Path_, str]]:
    """Items of a list that repeat an earlier one, case and outer white space aside."""
    seen = {_plain(before)} if isinstance(before, str) else set()
    for index, item in enumerate(items if isinstance(items, list) else []):
        value = item.get(key) if key is not None and isinstance(item, Mapping) else item
        if not isinstance(value, str):
            continue
        where = (*path, index) if key is None else (*path, index, key)
        if (plain := _plain(value)) in seen:
            yield where, "repeats an earlier one"
        seen.add(plain)


def _clauses(node: object, path: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, Mapping):
        for name in ("all_of", "any_of", "none_of"):
            members = node.get(name)
            for index, member in enumerate(members if isinstance(members, list) else []):
                yield from _clauses(member, (*path, name, index))


def _items(data: Mapping[str, Any], name: str) -> list[tuple[int, Mapping[str, Any]]]:
    items = data.get(name)
    return [
        (index, item)
        for index, item in enumerate(items if isinstance(items, list) else [])
        if isinstance(item, Mapping)
    ]


def _cross_problems(data: Mapping[str, Any]) -> Iterator[tuple[Path_, str]]:
    """Problems between fields; takes plain data that may be wrong in any way."""
    columns = data.get("input")
    if isinstance(columns, Mapping):
        yield from _repeats(columns.get("numeric_columns"), ("input", "numeric_columns"))
        if columns.get("text_columns") in ([], ()) and not columns.get("numeric_columns"):
            yield ("input", "text_columns"), "needs at least 1 where there are no numeric_columns"
    yield from _repeats(data.get("codes"), ("codes",), before=data.get("id"))
    yield from _repeats(data.get("criteria"), ("criteria",), "id")
    yield from _repeats(data.get("labels"), ("labels",), "id")
    for index, criterion in _items(data, "criteria"):
        for name in ("keywords", "counter_keywords"):
            yield from _repeats(criterion.get(name), ("criteria", index, name))
        first: dict[str, str] = {}
        for name in ("statements", "counter_statements", "neutral_statements"):
            yield from _repeats(criterion.get(name), ("criteria", index, name))
            for position, sentence in enumerate(_texts(criterion.get(name))):
                if (stands := first.setdefault(sentence, name)) != name:
                    yield ("criteria", index, name, position), f"stands among the {stands} too"
    owners: dict[str, int] = {}
    for index, label in _items(data, "labels"):
        yield from _repeats(label.get("examples"), ("labels", index, "examples"))
        for position, example in enumerate(_texts(label.get("examples"))):
            if owners.setdefault(example, index) != index:
                where = ("labels", index, "examples", position)
                yield where, "is an example of another label too"
    if "logic" not in data:
        return
    known = [c["id"] for _, c in _items(data, "criteria") if isinstance(c.get("id"), str)]
    used: set[str] = set()
    for path, name in _clauses(data["logic"], ("logic",)):
        used.add(name)
        if name not in known:
            yield path, f"no criterion has the id {name!r}{_nearest(name, known)}"
    for index, criterion in _items(data, "criteria"):
        if isinstance(own := criterion.get("id"), str) and own not in used:
            yield ("criteria", index, "id"), f"the logic does not use {own!r}"


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


# -- YAML with positions -------------------------------------------------------------------------


class _Stop(Exception):  # noqa: N818
    """The text cannot be read any further."""


class _Tree(NamedTuple):
    """Plain data (dict, list, str, None), the line of every path in it, and problems by line."""

    data: Any
    lines: dict[Path_, int]
    problems: list[tuple[int, str, str]]


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _read_yaml(text: str) -> _Tree:
    """YAML as plain data. A value's line is its key's, which is where an editor should look."""
    lines: dict[Path_, int] = {}
    problems: list[tuple[int, str, str]] = []
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events = yaml.parse(text, Loader=loader)

    def build(event: yaml.Event, path: Path_, depth: int) -> Any:
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
        problems.append((mark.line + 1 if mark else 1, "", f"not YAML: {said}"))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.append((line, "", "not YAML: a control character or one that YAML forbids"))
    except yaml.YAMLError:
        problems.append((1, "", "not YAML"))
    lines[()] = 1
    return _Tree(data, lines, problems)


def field_of(path: Path_) -> str:
    """`criteria[2].statements[0]` for a path; the empty path is `(file)`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "(file)"


# -- loading -------------------------------------------------------------------------------------

_SAID = {
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


def _fields_at(kind: type[_Process], path: Path_) -> list[str]:
    """Names of the fields that may stand at a path, for suggestions."""
    names = [part for part in path if isinstance(part, str)]
    inner: dict[str, type[Shape]] = {
        "source": Source,
        "input": InputColumns,
        "criteria": Criterion,
        "labels": Label,
        "logic": Group,
    }
    model: type[Shape] = inner.get(names[0], kind) if names else kind
    if names[1:2] == ["values"]:
        model = Value
    return list(model.model_fields)


def _say(error: Mapping[str, Any], kind: type[_Process]) -> tuple[Path_, str]:
    # Union members put their tag, "<group>", into the location; no field is called so.
    path = tuple(part for part in error["loc"] if not str(part).startswith("<"))
    name = str(error["type"])
    context = error.get("ctx", {})
    if name == "extra_forbidden":
        wrong = str(path[-1])
        return path, f"is not a known field{_nearest(wrong, _fields_at(kind, path[:-1]))}"
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
    return path, _SAID.get(name, str(error["msg"]))


def load_definition(text: str, source: str) -> ProcessDefinition:
    """A definition from YAML.

    :param text: the YAML
    :param source: the file's name, for the messages
    :raises ProcessInvalidError: with every problem, a line each: `source:line: field: problem`
    """
    if len(text) > MAX_BYTES:
        raise ProcessInvalidError(f"{source}:1: (file): is larger than {MAX_BYTES} characters")
    tree = _read_yaml(text)
    problems = list(tree.problems)

    def add(path: Path_, said: str) -> None:
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
        elif data.get("kind") not in _KINDS:
            add(("kind",), "must be 'criteria' or 'labels'" if "kind" in data else "is missing")
        else:
            kind = _KINDS[data["kind"]]
            for path, said in _cross_problems(data):
                add(path, said)
            try:
                # A field with nothing behind its colon is a field not given.
                definition = _ADAPTER.validate_python(_without_nulls(data))
            except ValidationError as error:
                for line in error.errors(include_url=False):
                    # A list whose items are all wrong is called too short as well: said already.
                    short = line["type"] == "too_short" and line["ctx"]["actual_length"] == 0
                    if line["type"] != "cross" and not (short and line["input"]):
                        add(*_say({**line, "loc": line["loc"][1:]}, kind))
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


def parse_definition_json(data: bytes) -> ProcessDefinition:
    """The definition that `model_dump_json` wrote.

    :raises ProcessInvalidError: the bytes are not such a definition
    """
    try:
        return _ADAPTER.validate_json(data)
    except ValidationError as error:
        fields = sorted({field_of(tuple(line["loc"][1:])) for line in error.errors()})
        raise ProcessInvalidError(
            f"the stored definition does not validate: {', '.join(fields)}"
        ) from None


# -- the book ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProcessBook:
    """The processes of one folder, found by id or code."""

    definitions: Sequence[ProcessDefinition]
    heads: Mapping[str, HeadFiles] = field(default_factory=dict)
    """Trained heads by the id of their process."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Where each process was read from, by its id."""

    @classmethod
    def from_directory(cls, path: Path, *, with_heads: bool = True) -> "ProcessBook":
        """Every `*.yaml` and `*.yml` in a folder, with the trained heads beside them.

        :param with_heads: False: without them, for what trains them anew
        :raises ProcessInvalidError: a file does not validate, two share an id or code (case aside),
            or the folder holds none; all problems of all files together
        """
        files = sorted(p for p in path.glob("*.y*ml") if p.suffix in (".yaml", ".yml"))
        if not files:
            raise ProcessInvalidError(f"{path.name}: no process (*.yaml) in this folder")
        definitions: list[ProcessDefinition] = []
        problems: list[str] = []
        owner: dict[str, str] = {}
        heads: dict[str, HeadFiles] = {}
        read_from: dict[str, Path] = {}
        for file in files:
            try:
                definition = load_definition(file.read_text(encoding="utf-8-sig"), file.name)
            except ProcessInvalidError as error:
                problems.append(error.sentence)
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
                problems.append(f"{file.name}:1: (head): {error.sentence} {error.advice}")
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

        :raises ProcessUnknownError: names the known ids
        """
        if found := self._by_name.get(name.strip().casefold()):
            return found
        # What was asked for may be a folder's name, which may be about a person: not repeated.
        known = ", ".join(self.ids)
        raise ProcessUnknownError(
            f"No process has the id or code that was asked for. Known: {known}."
        )

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the processes, sorted."""
        return tuple(sorted(d.id for d in self.definitions))
