"""Rows that a version was trained on: JSON lines in the bucket of models, one a row.

They are the only text of records in that bucket. `erasure` takes out the rows of a person; so a row
names the record that it was made of.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter

from winnow.models import FrozenModel
from winnow.reviews.models import Kind
from winnow.storage.jsonl import load_lines


class RowSource(FrozenModel):
    """The record that a person decided."""

    model_config = ConfigDict(extra="ignore")

    upload: str
    record: int = Field(ge=1)


class TrainingRow(FrozenModel):
    """One labelled record."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(description="what pages call it; no name of a file, no id of the record's own")
    text: str
    features: str | None = Field(
        None, repr=False, description="of a picture, as its result has them; absent: a text"
    )
    fields: dict[str, str] = Field(
        default_factory=dict, description="the columns that the process reads, no others"
    )
    label: str
    weight: Annotated[float, Field(gt=0)] = Field(
        1.0, description="1 over the probability that the record was sampled with"
    )
    blind: bool = Field(False, description="decided without seeing the machine's decision")
    source: RowSource | None = Field(None, description="absent: a row of a file")
    kind: Kind | None = Field(None, description="why a person looked at it; absent: of a file")
    code: str | None = Field(None, description="why it was set aside")
    held_out: bool = Field(
        False, description="kept back for comparing versions: no version is ever trained on it"
    )


_ADAPTER: TypeAdapter[TrainingRow] = TypeAdapter(TrainingRow)


def dump_rows(rows: Iterable[TrainingRow]) -> bytes:
    """The rows as JSON lines. Every line has all fields, `source` too: erasing reads it."""
    return b"".join(json.dumps(_written(row), ensure_ascii=True).encode() + b"\n" for row in rows)


def _written(row: TrainingRow) -> dict[str, Any]:
    """Rows of texts are written as they were before there were others: their SHA-256 stays."""
    return row.model_dump(mode="json", exclude=None if row.features else {"features"})


def load_rows(lines: Iterable[bytes]) -> Iterator[TrainingRow]:
    """The rows of JSON lines.

    Raises:
        StoredDataInvalidError: A line is damaged; names the line, never its content.
    """
    return load_lines(lines, _ADAPTER)
