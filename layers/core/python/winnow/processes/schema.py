"""Process definitions: what records are judged by. Analysts write them as YAML (loader.py).

A run carries its definition as the JSON of these shapes. The fields are explained in
processes/README.md.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
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
from winnow.processes.imagenet import class_names, class_position

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
    """What a record is; in a table, which columns are used, best first."""

    modality: Literal["text", "image"] = Field(
        "text", description="image: a record is a picture, and is judged as one"
    )
    picture_columns: tuple[Sentence, ...] = Field(
        ("picture",), description="for pictures: columns of a list that hold their keys"
    )
    text_columns: tuple[Sentence, ...] = ("text",)
    id_columns: tuple[Sentence, ...] = ("id",)
    numeric_columns: tuple[Sentence, ...] = Field(
        (), description="columns that a trained head takes numbers from"
    )
    date_columns: tuple[Sentence, ...] = Field(
        ("record_date", "date_of_service", "service_date", "visit_date", "encounter_date", "date"),
        description="columns with the date of the record, which ages and intervals are counted to",
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


class Measure(FrozenModel):
    """A measured value, read as it is now, that supports or opposes a criterion."""

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
    not_behind: tuple[Sentence, ...] = Field(
        (), description='words that must not stand in front of the name: "urine"'
    )
    not_before: tuple[Sentence, ...] = Field(
        (), description='words that must not follow the name: "A1c"'
    )

    @model_validator(mode="after")
    def _require_a_bound(self) -> "Measure":
        if self.below is None and self.above is None:
            raise ValueError(_NO_BOUND)
        return self


class AgeRange(FrozenModel):
    """The patient's age in full years at the record's date; any other age opposes the criterion."""

    at_least: int | None = Field(None, ge=0, le=130)
    at_most: int | None = Field(None, ge=0, le=130)

    @model_validator(mode="after")
    def _require_a_bound(self) -> "AgeRange":
        if self.at_least is None and self.at_most is None:
            raise ValueError(_NO_LIMIT)
        return self


Duration = Annotated[str, Field(pattern=r"^[1-9]\d{0,2} (year|month)s?$")]


class IntervalSince(FrozenModel):
    """How long before the record's date something was last done and completed."""

    event: Sentence = Field(description="what was done: a procedure or a finding, as it is named")
    keywords: tuple[Sentence, ...] = Field((), description="its other names")
    look_alikes: tuple[Sentence, ...] = Field(
        (), description='what is something else although it has one of the names: "CT colonoscopy"'
    )
    at_least: Duration | None = Field(
        None, description='supports if it is at least so long ago ("10 years"), or never was done'
    )
    at_most: Duration | None = Field(
        None, description="supports if it is at most so long ago; opposes if it never was done"
    )

    @model_validator(mode="after")
    def _require_one_bound(self) -> "IntervalSince":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs at_least or at_most, one of them")
        return self

    @property
    def months(self) -> int:
        """The bound, in months."""
        number, unit = (self.at_least or self.at_most or "").split()
        return int(number) * (12 if unit.startswith("year") else 1)


class ColumnTest(FrozenModel):
    """A comparison with a column of the table; a cell that fails it opposes the criterion."""

    name: Sentence
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    one_of: tuple[Sentence, ...] = Field(
        (), description="texts, without regard to case and outer blanks"
    )

    @model_validator(mode="after")
    def _require_a_bound(self) -> "ColumnTest":
        if bool(self.one_of) == self.is_number:
            raise ValueError("needs bounds of numbers (at_least, at_most, above, below) or one_of")
        return self

    @property
    def is_number(self) -> bool:
        """Whether the column has numbers."""
        bounds = (self.at_least, self.at_most, self.above, self.below)
        return any(bound is not None for bound in bounds)


class ImpliedBy(FrozenModel):
    """What makes a criterion met on which the record is silent."""

    criterion: Slug = Field(description="another criterion, which must be met")
    each_of: Annotated[
        tuple[Annotated[tuple[Sentence, ...], Field(min_length=1)], ...], Field(min_length=1)
    ] = Field(description="lists of its keywords: one of each must be in what supports it")
    unless: tuple[Sentence, ...] = Field(
        (),
        description="words of another explanation: nothing is implied if a sentence has one that "
        "is not denied, and does not support the other criterion",
    )


class Criterion(FrozenModel):
    """One condition that a record supports, opposes, or does not mention."""

    id: Slug
    title: Sentence
    statements: tuple[Sentence, ...] = Field(
        (), description="sentences that a record would contain if it were met"
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
    measure: tuple[Measure, ...] = Field(
        (), description="measured values that support or oppose the criterion"
    )
    values: tuple[Measure, ...] = Field((), description="the former name of `measure`")
    age: AgeRange | None = None
    interval_since: IntervalSince | None = None
    column: ColumnTest | None = None
    if_silent: Literal["undetermined", "not_met"] = Field(
        "undetermined",
        description="verdict if the record has evidence on other criteria but none on this",
    )
    implied_by: ImpliedBy | None = Field(
        None, description="what makes it met if nothing is said against it or in doubt"
    )

    @model_validator(mode="after")
    def _require_something_to_hear(self) -> "Criterion":
        if not (self.statements or self.has_facts):
            raise ValueError(_NOTHING_TO_HEAR)
        return self

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All measured values, under either name."""
        return self.measure + self.values

    @property
    def has_facts(self) -> bool:
        """Whether it is decided by facts that have a type, alone or beside statements."""
        return bool(self.measures or self.age or self.interval_since or self.column)


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
    classes: tuple[Sentence, ...] = Field(
        (), description="of pictures: ImageNet's classes that the label gathers, by name"
    )


_NO_PART_OF_JUDGING = {
    *("version", "title", "description", "codes", "source"),
    *("threshold", "on_none"),
}


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
        return ProcessInfo(
            id=self.id,
            version=self.version,
            kind=self.kind,  # type: ignore[attr-defined]
            sha256=_sha256(self.model_dump(mode="json")),
        )

    @cached_property
    def judging_sha256(self) -> str:
        """The sha256 of what makes decisions and their confidence: not of names and threshold."""
        return _sha256(self.model_dump(mode="json", exclude=_NO_PART_OF_JUDGING))

    @property
    def of_pictures(self) -> bool:
        """Whether a record is a picture."""
        return self.input.modality == "image"

    @property
    def judges_texts(self) -> bool:
        """Whether a record has a text; else it is a picture, or numbers alone."""
        return bool(self.input.text_columns) and not self.of_pictures

    @property
    def counts_dates(self) -> bool:
        """Whether a record's date matters: for ages and intervals."""
        return False

    @property
    def cells_read(self) -> tuple[str, ...]:
        """The columns beside the text that criteria read."""
        return ()

    @property
    def other_columns(self) -> tuple[str, ...]:
        """The columns beside the text that it judges by; without a text column, they are all."""
        return self.input.numeric_columns

    @property
    def names(self) -> tuple[str, ...]:
        """The id and the codes."""
        return (self.id, *self.codes)


_LATER: dict[str, object] = {
    "modality": "text",
    "picture_columns": list(InputColumns().picture_columns),
    "date_columns": list(InputColumns().date_columns),
    "case": "separate",
    "classes": [],
    "measure": [],
    "age": None,
    "interval_since": None,
    "column": None,
    "implied_by": None,
    "unless": [],
    "not_behind": [],
    "not_before": [],
}
"""Fields that were added later, each with its default.

A definition that does not use them keeps its sha256, so a run that an earlier version began is
finished by this one.
"""


def _sha256(values: Any) -> str:
    canonical = json.dumps(
        _without_later_fields(values), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_later_fields(data: Any) -> Any:
    if isinstance(data, list):
        return [_without_later_fields(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        name: _without_later_fields(value)
        for name, value in data.items()
        if name not in _LATER or value != _LATER[name]
    }


class CriteriaProcess(Process):
    """Records are judged by criteria; the logic combines them to a verdict."""

    kind: Literal["criteria"]
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    logic: Group

    @property
    def cells_read(self) -> tuple[str, ...]:
        """The columns beside the text that criteria read."""
        return (*self.other_columns, *(self.input.date_columns if self.counts_dates else ()))

    @property
    def other_columns(self) -> tuple[str, ...]:
        """The columns beside the text that it judges by; without a text column, they are all."""
        return tuple(dict.fromkeys(c.column.name for c in self.criteria if c.column))

    @property
    def counts_dates(self) -> bool:
        """Whether a record's date matters: for ages and intervals."""
        return any(criterion.age or criterion.interval_since for criterion in self.criteria)


class LabelsProcess(Process):
    """Records are given the label whose examples they are most like."""

    kind: Literal["labels"]
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]


ProcessDefinition = CriteriaProcess | LabelsProcess

ADAPTER: TypeAdapter[ProcessDefinition] = TypeAdapter(
    Annotated[ProcessDefinition, Field(discriminator="kind")],
    config=ConfigDict(defer_build=True),  # for what an analyst writes: few functions read that
)

KINDS: dict[str, type[CriteriaProcess] | type[LabelsProcess]] = {
    "criteria": CriteriaProcess,
    "labels": LabelsProcess,
}


class _Kind(BaseModel):
    """What says which of the shapes a definition has."""

    model_config = ConfigDict(defer_build=True)

    kind: Literal["criteria", "labels"]


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
_NO_LIMIT = "needs at_least or at_most"
_NOTHING_TO_HEAR = "needs statements, measure, age, interval_since or column"
_NO_NUMERIC_COLUMNS = (
    "is for kind labels; a criterion compares a column with `column: {name: age, at_least: 45}`: "
    "remove it"
)
_FACTS = ("measure", "values", "age", "interval_since", "column")
_PICTURE_COLUMNS = list(InputColumns().picture_columns)
_OF_TEXTS = {
    name: InputColumns().model_dump(mode="json")[name]
    for name in ("text_columns", "numeric_columns", "unit", "case", "min_ocr_confidence")
}
"""Fields of `input` that mean nothing where records are pictures, each with its default."""


def cross_problems(data: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    """Problems between fields. The data may be invalid in any other way, too."""
    columns = data.get("input")
    if isinstance(columns, Mapping):
        yield from _repeats(columns.get("numeric_columns"), ("input", "numeric_columns"))
        tests_columns = any(criterion.get("column") for _, criterion in _items(data, "criteria"))
        if columns.get("text_columns") in ([], ()) and not (
            columns.get("numeric_columns") or tests_columns
        ):
            yield ("input", "text_columns"), "needs at least 1 if there are no numeric_columns"
        if data.get("kind") == "criteria" and columns.get("numeric_columns"):
            yield ("input", "numeric_columns"), _NO_NUMERIC_COLUMNS
    yield from _modality_problems(data, columns if isinstance(columns, Mapping) else {})
    yield from _repeats(data.get("codes"), ("codes",), before=data.get("id"))
    yield from _repeats(data.get("criteria"), ("criteria",), "id")
    yield from _repeats(data.get("labels"), ("labels",), "id")
    for index, criterion in _items(data, "criteria"):
        for name in ("keywords", "counter_keywords"):
            yield from _repeats(criterion.get(name), ("criteria", index, name))
        if not any(criterion.get(name) for name in ("statements", *_FACTS)):
            yield ("criteria", index), _NOTHING_TO_HEAR
        for name in ("measure", "values"):
            for position, value in _items(criterion, name):
                if value.get("below") is None and value.get("above") is None:
                    yield ("criteria", index, name, position), _NO_BOUND
        for name in ("age", "interval_since"):
            bounds = criterion.get(name)
            if isinstance(bounds, Mapping) and not bounds.keys() & {"at_least", "at_most"}:
                yield ("criteria", index, name), _NO_LIMIT
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
    yield from _implication_problems(data)
    if "logic" not in data:
        return
    ids = [c["id"] for _, c in _items(data, "criteria") if isinstance(c.get("id"), str)]
    known = Names(ids)
    used: set[str] = set()
    for path, name in _clauses(data["logic"], ("logic",)):
        used.add(name)
        if name not in known:
            yield path, f"no criterion has the id {name!r}{known.nearest(name)}"
    for index, criterion in _items(data, "criteria"):
        if isinstance(own := criterion.get("id"), str) and own not in used:
            yield ("criteria", index, "id"), f"the logic does not use {own!r}"


def _modality_problems(
    data: Mapping[str, Any], columns: Mapping[str, Any]
) -> Iterator[tuple[FieldPath, str]]:
    """What a process of pictures, or of texts, says that is for the other."""
    if columns.get("modality") != "image":
        for index, label in _items(data, "labels"):
            if label.get("classes"):
                yield ("labels", index, "classes"), "are of pictures: remove them"
        if columns.get("picture_columns", _PICTURE_COLUMNS) != _PICTURE_COLUMNS:
            yield ("input", "picture_columns"), "is for modality image: remove it"
        return
    if data.get("kind") == "criteria":
        yield ("input", "modality"), "image is for kind labels: criteria are found in sentences"
    for name, value in _OF_TEXTS.items():
        if columns.get(name, value) != value:
            yield ("input", name), "is for texts, and pictures have none: remove it"
    for index, label in _items(data, "labels"):
        if label.get("examples"):
            yield (
                ("labels", index, "examples"),
                "are sentences, and pictures have none: give classes, or train a head",
            )
    yield from _class_problems(data)


def _class_problems(data: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    """What is wrong with the classes of ImageNet that labels gather."""
    owners: dict[int, int] = {}
    for index, label in _items(data, "labels"):
        yield from _repeats(label.get("classes"), ("labels", index, "classes"))
        for place, name in enumerate(_texts(label.get("classes"))):
            where = ("labels", index, "classes", place)
            position = class_position(name)
            if position is None:
                yield where, f"ImageNet has no class {name!r}{nearest(name, list(class_names()))}"
            elif owners.setdefault(position, index) != index:
                yield where, "is a class of another label too"


def _implication_problems(data: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    """What is wrong with what implies a criterion."""
    keywords = {
        name: set(_texts(criterion.get("keywords")))
        for _, criterion in _items(data, "criteria")
        if isinstance(name := criterion.get("id"), str)
    }
    known = Names(keywords)
    for index, criterion in _items(data, "criteria"):
        implied = criterion.get("implied_by")
        if not isinstance(implied, Mapping) or not isinstance(implied.get("criterion"), str):
            continue
        where, other = ("criteria", index, "implied_by"), implied["criterion"]
        if other == criterion.get("id") or other not in keywords:
            yield (
                (*where, "criterion"),
                f"no other criterion has the id {other!r}{known.nearest(other)}",
            )
            continue
        lists = implied.get("each_of")
        for place, names in enumerate(lists if isinstance(lists, list) else []):
            for position, name in enumerate(_texts(names)):
                if name not in keywords[other]:
                    yield (
                        (*where, "each_of", place, position),
                        f"{other!r} has no keyword {name!r}",
                    )


class Names:
    """Names that are known, for those who write another.

    To find the one that was meant takes time for each, so that of very many names, or of very long
    ones, none is offered, and after many mistakes no more.
    """

    _MOST = 5_000
    _LONGEST = 100
    _OFFERS = 50

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        short = sorted(name for name in self._names if len(name) <= self._LONGEST)
        self._offered = short if len(short) <= self._MOST else []
        self._left = self._OFFERS

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def nearest(self, name: str) -> str:
        """A question to append if an unknown name resembles a known one; else ""."""
        if len(name) > self._LONGEST or not self._offered or not self._left:
            return ""
        import difflib  # a cold start does not need it

        self._left -= 1
        near = difflib.get_close_matches(name, self._offered, n=1, cutoff=0.6)
        return f"; did you mean {near[0]!r}?" if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """A question to append if an unknown name resembles a known one; else ""."""
    return Names(known).nearest(name)


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
        # Not by ADAPTER: a cold start builds one kind's validation, and only once.
        return KINDS[_Kind.model_validate_json(data).kind].model_validate_json(data)
    except ValidationError as error:
        fields = sorted({field_of(line["loc"]) for line in error.errors()})
        raise ProcessInvalidError(
            f"the stored definition does not validate: {', '.join(fields)}"
        ) from None
