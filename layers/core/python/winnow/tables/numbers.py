"""Numbers in a record's columns."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from winnow.models import InvalidRecord, Record
from winnow.tables.columns import plain_name

if TYPE_CHECKING:  # the image of Serialize holds no numpy
    import numpy as np
    from numpy.typing import NDArray


MAX_MAGNITUDE = 1e100
"""What is beyond it is no measurement, and its square no number."""


def number(cell: str | None) -> float | None:
    """The number in a cell, or None: with a decimal point, without a unit, not infinite."""
    if cell is None or "_" in cell:  # Python alone reads 1_5 as 15
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) <= MAX_MAGNITUDE else None


def wrong_column(fields: Mapping[str, str], columns: Sequence[str]) -> str | None:
    """The first of the columns that is missing or is not a number."""
    if not columns:
        return None
    cells = _by_plain_name(fields)
    return next((c for c in columns if number(cells.get(plain_name(c))) is None), None)


def with_numbers(
    lines: Iterator[Record | InvalidRecord], columns: Sequence[str]
) -> Iterator[Record | InvalidRecord]:
    """The lines; a record without a number in one of the process's columns becomes invalid."""
    for line in lines:
        if isinstance(line, Record) and (wrong := wrong_column(line.fields, columns)):
            yield InvalidRecord(
                **line.identity,
                code="number_invalid",
                reason=f"Its column {wrong} is missing or is not a number.",
            )
        else:
            yield line


def numbers_of(
    fields: Sequence[Mapping[str, str]] | None, columns: Sequence[str], count: int
) -> "NDArray[np.float64]":
    """Shape [count, columns]. A cell without a number is NaN; Serialize lets none through."""
    import numpy as np

    if not columns or fields is None:
        return np.full((count, len(columns)), np.nan)
    names = [plain_name(name) for name in columns]
    values = []
    for row in map(_by_plain_name, fields):
        cells = [number(row.get(name)) for name in names]
        values.append([math.nan if value is None else value for value in cells])
    return np.array(values, np.float64).reshape(count, len(columns))


def _by_plain_name(fields: Mapping[str, str]) -> dict[str, str]:
    return {plain_name(name): cell for name, cell in reversed(list(fields.items()))}
