"""Process definitions: what records are judged by. Analysts write them as YAML (loader.py).

A run carries its definition as the JSON of these shapes. The fields are explained in
processes/README.md.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

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

from winnow.errors import ProcessInvalidError
from winnow.models import FrozenModel, ProcessInfo, UnitInterval

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


class PolicySource(FrozenModel):
    """Where the criteria or labels come from."""

    citations: tuple[Sentence, ...] = ()
    notes: Sentence | None = None
    completeness: Sentence | None = Field(
        None, description="which parts of the source were not available"
    )


class InputColumns(FrozenModel):
    """Which columns of a table are used, best first."""

    text_columns: tuple[Sentence, ...] = ("text",)
    id_columns: tuple[Sentence, ...] = ("id",)
    numeric_columns: tuple[Sentence, ...] = Field(
        (), description="columns that a trained head takes numbers from"
    )
    unit: Literal["document", "page", "row"] = Field(
        "document", description="what part of a document is a record; in a table each row is one"
    )
    case: Literal["separate", "join"] = Field(
        "separate", description="join: the records of an upload with one case id are judged as one"
    )
    min_ocr_confidence: float = Field(
        0.97,
        ge=0,
        le=1,
        description="minimum mean OCR confidence of a page; below it the record goes to review",
    )


class Value(FrozenModel):
    """A measured value that supports or opposes a criterion."""

    name: Sentence
    aliases: tuple[Sentence, ...] = ()
    unit: Sentence
    below: float | None = Field(None, description="smaller values support the criterion")
    above: float | None = Field(None, description="greater values support the criterion")
    normal_from: float | None = Field(
        None, description="values at or above this oppose the criterion"
    )
    normal_to: float | None = Field(
        None, description="values at or below this oppose the criterion"
    )
    least: float = Field(description="smallest plausible value; smaller ones are ignored")
    most: float = Field(description="greatest plausible value; greater ones are ignored")

    @model_validator(mode="after")
    def _require_a_bound(self) -> "Value":
        if self.below is None and self.above is None:
            raise ValueError(_NO_BOUND)
        return self


class Criterion(FrozenModel):
    """One condition that a record supports, opposes, or does not mention."""

    id: Slug
    title: Sentence
    statements: Sentences = Field(
        description="sentences that a record would contain if it were met"
    )
    counter_statements: tuple[Sentence, ...] = Field(
        (), description="sentences that a record would contain if it were not met"
    )
    neutral_statements: tuple[Sentence, ...] = Field(
        (), description="similar sentences that neither support nor oppose it"
    )
    keywords: tuple[Sentence, ...] = Field(
        (), description="if given, only a segment with one of these supports the criterion"
    )
    counter_keywords: tuple[Sentence, ...] = Field(
        (), description="the same for opposing it; if not given, `keywords`"
    )
    values: tuple[Value, ...] = Field(
        (), description="measured values that support or oppose the criterion"
    )
    if_silent: Literal["undetermined", "not_met"] = Field(
        "undetermined",
        description="verdict if the record has evidence on other criteria but none on this",
    )


def _clause_tag(value: object) -> str:
    return "<criterion>" if isinstance(value, str) else "<group>"


Clause = Annotated[
    Annotated[str, Tag("<criterion>")] | Annotated["Group", Tag("<group>")],
    Discriminator(_clause_tag),
]
Clauses = Annotated[tuple[Clause, ...], Field(min_length=1)]


class Group(FrozenModel):
    """A node of the decision logic; if several of its lists are given, all must be true."""

    all_of: Clauses | None = None
    any_of: Clauses | None = None
    none_of: Clauses | None = None

    @model_validator(mode="after")
    def _require_a_list(self) -> "Group":
        if self.all_of is None and self.any_of is None and self.none_of is None:
            raise ValueError("needs all_of, any_of or none_of")
        return self


class Label(FrozenModel):
    """One label, defined by example sentences, or by the rows that a head was trained on."""

    id: Slug
    title: Sentence | None = None
    examples: tuple[Sentence, ...] = ()


class Process(FrozenModel):
    """The fields of every process, whatever its kind."""

    id: Slug
    version: Version
    title: Sentence
    description: Sentence | None = None
    codes: tuple[Code, ...] = Field((), description="other names, such as billing codes")
    source: PolicySource = PolicySource()
    input: InputColumns = InputColumns()
    threshold: UnitInterval = Field(0.7, description="minimum confidence of an accepted record")
    on_none: Literal["review", "fail"] = Field(
        "review", description="result of a run in which no record reaches the threshold"
    )

    @model_validator(mode="after")
    def _check_consistency(self) -> "Process":
        problems = list(cross_problems(self.model_dump(mode="json")))
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


class CriteriaProcess(Process):
    """Records are judged by criteria; the logic combines them to a verdict."""

    kind: Literal["criteria"]
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    logic: Group


class LabelsProcess(Process):
    """Records are given the label whose examples they are most like."""

    kind: Literal["labels"]
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]


ProcessDefinition = CriteriaProcess | LabelsProcess

ADAPTER: TypeAdapter[ProcessDefinition] = TypeAdapter(
    Annotated[ProcessDefinition, Field(discriminator="kind")]
)

KINDS: dict[str, type[Process]] = {"criteria": CriteriaProcess, "labels": LabelsProcess}


# -- what the shapes alone cannot say --------------------------------------------------------------

FieldPath = tuple[str | int, ...]
"""The location of a value in a definition: names of fields and positions in lists."""


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _texts(items: object) -> list[str]:
    """The items of a list, plain; "" for an item that is not text, so that positions stay."""
    return (
        [_plain(i) if isinstance(i, str) else "" for i in items] if isinstance(items, list) else []
    )


def _repeats(
    items: object, path: FieldPath, key: str | None = None, before: object = None
) -> Iterator[tuple[FieldPath, str]]:
    """Items of a list that repeat an earlier one, ignoring case and outer white space."""
    seen = {_plain(before)} if isinstance(before, str) else set()
    for index, item in enumerate(items if isinstance(items, list) else []):
        value = item if key is None else item.get(key) if isinstance(item, Mapping) else None
        if not isinstance(value, str):
            continue
        where = (*path, index) if key is None else (*path, index, key)
        if (plain := _plain(value)) in seen:
            yield where, "repeats an earlier one"
        seen.add(plain)


def _clauses(node: object, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
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


_NO_BOUND = "needs below or above"
_NO_NUMERIC_COLUMNS = (
    "is for kind labels; criteria read only the text, so these columns would be ignored: remove it"
)


def cross_problems(data: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    """Problems between fields. The data may be invalid in any other way, too."""
    columns = data.get("input")
    if isinstance(columns, Mapping):
        yield from _repeats(columns.get("numeric_columns"), ("input", "numeric_columns"))
        if columns.get("text_columns") in ([], ()) and not columns.get("numeric_columns"):
            yield ("input", "text_columns"), "needs at least 1 if there are no numeric_columns"
        if data.get("kind") == "criteria" and columns.get("numeric_columns"):
            yield ("input", "numeric_columns"), _NO_NUMERIC_COLUMNS
    yield from _repeats(data.get("codes"), ("codes",), before=data.get("id"))
    yield from _repeats(data.get("criteria"), ("criteria",), "id")
    yield from _repeats(data.get("labels"), ("labels",), "id")
    for index, criterion in _items(data, "criteria"):
        for name in ("keywords", "counter_keywords"):
            yield from _repeats(criterion.get(name), ("criteria", index, name))
        for position, value in _items(criterion, "values"):
            if value.get("below") is None and value.get("above") is None:
                yield ("criteria", index, "values", position), _NO_BOUND
        first: dict[str, str] = {}
        for name in ("statements", "counter_statements", "neutral_statements"):
            yield from _repeats(criterion.get(name), ("criteria", index, name))
            for position, message in enumerate(_texts(criterion.get(name))):
                if (other := first.setdefault(message, name)) != name:
                    yield ("criteria", index, name, position), f"is also one of the {other}"
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
            yield path, f"no criterion has the id {name!r}{nearest(name, known)}"
    for index, criterion in _items(data, "criteria"):
        if isinstance(own := criterion.get("id"), str) and own not in used:
            yield ("criteria", index, "id"), f"the logic does not use {own!r}"


def nearest(name: str, known: list[str]) -> str:
    """A question to append if an unknown name resembles a known one; else ""."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def field_of(path: FieldPath) -> str:
    """`criteria[2].statements[0]` for a path; the empty path is `(file)`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "(file)"


def parse_definition_json(data: bytes) -> ProcessDefinition:
    """The definition that `model_dump_json` wrote.

    Raises:
        ProcessInvalidError: The bytes are not such a definition.
    """
    try:
        return ADAPTER.validate_json(data)
    except ValidationError as error:
        fields = sorted({field_of(tuple(line["loc"][1:])) for line in error.errors()})
        raise ProcessInvalidError(
            f"the stored definition does not validate: {', '.join(fields)}"
        ) from None
