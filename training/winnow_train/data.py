"""Labelled rows of a table."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.errors import TrainingDataError
from winnow.judging.text.similarity import count
from winnow.limits.budget import RecordBudget
from winnow.models import Record
from winnow.processes.schema import CriteriaProcess, ProcessDefinition
from winnow.readers import ReadLimits, Source, read
from winnow.storage.file_names import name_of
from winnow.tables.columns import plain_name
from winnow.tables.numbers import numbers_of, wrong_column

VERDICTS = ("met", "not_met", "undetermined")
_OPEN = ("partly", "partial", "partlymet", "unclear", "unknown")
"""What people call a case of criteria that is neither met nor not met."""


@dataclass(frozen=True)
class LabelledRow:
    """One labelled record; `label` is None where the process does not know it."""

    record: int
    """Its place in the file, from 1."""
    text: str
    fields: Mapping[str, str]
    label: str | None
    named: str
    """The label as it stands in the data."""


@dataclass(frozen=True)
class LabelledData:
    """A file of labelled records."""

    file: str
    sha256: str
    rows: tuple[LabelledRow, ...]
    left_out: int
    """Rows without text, label or number, or with more text than a record may have."""

    @property
    def known(self) -> tuple[LabelledRow, ...]:
        """The rows whose label the process has."""
        return tuple(row for row in self.rows if row.label is not None)

    @property
    def unknown(self) -> tuple[LabelledRow, ...]:
        """The rows with a label that the process does not know: out of its scope."""
        return tuple(row for row in self.rows if row.label is None)


def left_out_note(labelled: LabelledData) -> str:
    """A line on the rows left out."""
    rows = "1 row" if labelled.left_out == 1 else f"{labelled.left_out:,} rows"
    return f"Left out: {rows} (no text, label or number, or too long)."


def unknown_labels_note(labelled: LabelledData, process: str) -> str:
    """A line on the rows with a label that the process does not know."""
    count = len(labelled.unknown)
    rows = "1 row has" if count == 1 else f"{count:,} rows have"
    return (
        f"{rows} a label that {process} does not have, such as {labelled.unknown[0].named!r}: "
        "they count as out of scope, and as mistakes if they are accepted."
    )


@dataclass(frozen=True)
class LabelledTable:
    """The rows of a table that have what is needed, each with the label that it names."""

    rows: tuple[tuple[Record, str], ...]
    left_out: int


def read_table(
    path: Path, label_column: str, text_columns: Sequence[str], numeric_columns: Sequence[str]
) -> LabelledTable:
    """The rows with a text (where text columns are given), every number, and a label.

    Raises:
        TrainingDataError: There is no such column, or no such row.
    """
    rows: list[tuple[Record, str]] = []
    left_out = 0
    unnamed = False
    wanted = plain_name(label_column)
    budget = RecordBudget()
    with (
        path.open("rb") as stream,
        Source(
            stream,
            path.name,
            text_columns,
            (),
            ReadLimits(),
            numeric_columns=tuple(numeric_columns),
            unit="row",
        ) as source,
    ):
        for line in read(source):
            if not isinstance(line, Record) or budget.rejection(line.text, count):
                left_out += 1
                continue
            cell = next((v for n, v in line.fields.items() if plain_name(n) == wanted), None)
            unnamed |= cell is None
            if cell is None or not cell.strip() or wrong_column(line.fields, numeric_columns):
                left_out += 1
                continue
            rows.append((line, " ".join(cell.split())))
    if not rows and unnamed:
        beside = " beside that of the text" if wanted in map(plain_name, text_columns) else ""
        raise TrainingDataError(f"{path.name} has no column {label_column}{beside}.")
    if not rows:
        what = "a label and a number in each column" if numeric_columns else "a text and a label"
        raise TrainingDataError(f"{path.name} holds no row with {what}.")
    return LabelledTable(tuple(rows), left_out)


def read_labelled(
    path: Path,
    definition: ProcessDefinition,
    label_column: str,
    text_column: str | None = None,
) -> LabelledData:
    """The labelled rows of a table, as a process takes them.

    Args:
        text_column: None: the process's own, or none where it takes numbers alone.

    Raises:
        TrainingDataError: There is no such column, or no usable row.
    """
    texts = definition.input.text_columns if text_column is None else (text_column,)
    table = read_table(path, label_column, texts, definition.input.numeric_columns)
    label_of = label_finder(definition)
    rows = tuple(
        LabelledRow(line.record, line.text, line.fields, label_of(named), named)
        for line, named in table.rows
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return LabelledData(name_of(path), digest, rows, table.left_out)


def labels_of(definition: ProcessDefinition) -> tuple[str, ...]:
    """What a process decides between."""
    if isinstance(definition, CriteriaProcess):
        return VERDICTS
    return tuple(label.id for label in definition.labels)


def label_finder(definition: ProcessDefinition) -> Callable[[str], str | None]:
    """From what data call a label to its id.

    An id or title as it stands goes first; then one that is alike but for case, blanks and
    punctuation, where only one label is.
    """
    if isinstance(definition, CriteriaProcess):
        names = [(label, label) for label in VERDICTS]
        names += [(name, "undetermined") for name in _OPEN]
    else:
        names = [
            (" ".join(label.title.split()), label.id) for label in definition.labels if label.title
        ]
        names += [(label.id, label.id) for label in definition.labels]
    exact = dict(names)
    alike: dict[str, set[str]] = defaultdict(set)
    for name, label in names:
        alike[_plain(name)].add(label)

    def find(named: str) -> str | None:
        if named in exact:
            return exact[named]
        found = alike.get(_plain(named), set())
        return next(iter(found)) if len(found) == 1 and _plain(named) else None

    return find


def keys_of(rows: Sequence[LabelledRow], numeric_columns: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits that stand for what a judge sees of each row."""
    numbers = numbers_of([row.fields for row in rows], numeric_columns, len(rows))
    digests = [
        hashlib.blake2b(row.text.encode() + b"\0" + values.tobytes(), digest_size=8).digest()
        for row, values in zip(rows, numbers, strict=True)
    ]
    return np.frombuffer(b"".join(digests), np.uint64)


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
