"""Labelled rows of a table."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.columns import plain_name
from winnow.errors import TrainingDataError
from winnow.models import Record
from winnow.numbers import wrong_column
from winnow.process import CriteriaProcess, ProcessDefinition
from winnow.readers import ReadLimits, Source, read

VERDICTS = ("met", "not_met", "undetermined")
_OPEN = ("partly", "partial", "partlymet", "unclear", "unknown")
"""What people call a case of criteria that is neither met nor not met."""


@dataclass(frozen=True)
class Row:
    """One labelled record; `label` is None where the data name none of the process's."""

    text: str
    fields: Mapping[str, str]
    label: str | None
    named: str
    """The label as it stands in the data."""


@dataclass(frozen=True)
class Labelled:
    """A file of labelled records."""

    file: str
    sha256: str
    rows: tuple[Row, ...]
    left_out: int
    """Rows without text, label or number."""

    @property
    def known(self) -> tuple[Row, ...]:
        """The rows whose label the process has."""
        return tuple(row for row in self.rows if row.label is not None)

    @property
    def foreign(self) -> tuple[Row, ...]:
        """The rows whose label it has not: out of its scope."""
        return tuple(row for row in self.rows if row.label is None)


def read_labelled(
    path: Path,
    definition: ProcessDefinition,
    label_column: str,
    text_column: str | None = None,
    numeric_columns: Sequence[str] | None = None,
) -> Labelled:
    """The labelled rows of a table.

    :param text_column: None: the process's own, or none where it takes numbers alone
    :raises TrainingDataError: there is no such column, or no usable row
    """
    numeric = definition.input.numeric_columns if numeric_columns is None else numeric_columns
    texts = definition.input.text_columns if text_column is None else (text_column,)
    names = names_of(definition)
    rows: list[Row] = []
    left_out = 0
    wanted = plain_name(label_column)
    with (
        path.open("rb") as stream,
        Source(
            stream, path.name, texts, (), ReadLimits(), numeric_columns=tuple(numeric), unit="row"
        ) as source,
    ):
        for line in read(source):
            if not isinstance(line, Record):
                left_out += 1
                continue
            cell = next((v for n, v in line.fields.items() if plain_name(n) == wanted), None)
            if cell is None:
                raise TrainingDataError(f"{path.name} has no column {label_column}.")
            if not cell.strip() or wrong_column(line.fields, numeric) is not None:
                left_out += 1
                continue
            named = cell.strip()
            rows.append(Row(line.text, line.fields, names.get(_plain(named)), named))
    if not rows:
        raise TrainingDataError(f"{path.name} holds no row with what is needed.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Labelled(path.name, digest, tuple(rows), left_out)


def labels_of(definition: ProcessDefinition) -> tuple[str, ...]:
    """What a process decides between."""
    if isinstance(definition, CriteriaProcess):
        return VERDICTS
    return tuple(label.id for label in definition.labels)


def names_of(definition: ProcessDefinition) -> dict[str, str]:
    """Ids of labels by every plain name that data may call them by: ids and titles."""
    names = {_plain(label): label for label in labels_of(definition)}
    if isinstance(definition, CriteriaProcess):
        names |= dict.fromkeys(_OPEN, "undetermined")
    else:
        for label in definition.labels:
            if label.title:
                names.setdefault(_plain(label.title), label.id)
    return names


def keys_of(rows: Sequence[Row], numeric_columns: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits that stand for what a judge sees of each row."""
    from winnow.numbers import numbers_of

    numbers = numbers_of([row.fields for row in rows], numeric_columns, len(rows))
    digests = [
        hashlib.blake2b(row.text.encode() + b"\0" + values.tobytes(), digest_size=8).digest()
        for row, values in zip(rows, numbers, strict=True)
    ]
    return np.frombuffer(b"".join(digests), np.uint64)


def read_column(path: Path, column: str) -> list[str]:
    """Every value of a column of a CSV file, for labels that no process names yet."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream)
        name = next(
            (n for n in table.fieldnames or () if plain_name(n) == plain_name(column)), None
        )
        if name is None:
            raise TrainingDataError(f"{path.name} has no column {column}.")
        return [row[name] for row in table]


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
