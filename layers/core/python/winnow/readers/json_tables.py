"""JSON that is a table, as data frames write it: by columns, or rows without names.

pandas writes six forms. `records` and `table` are arrays of objects, as everywhere; the others are
made so here. Rows without any names (`values`) are refused, with what to do.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from winnow.errors import FileUnreadableError, NoTextColumnError
from winnow.readers.json_values import JsonProblem
from winnow.readers.source import Source
from winnow.tables.columns import plain_name

_MAX_DEPTH = 4
_MAX_ROW_DIGITS = 6
"""Shorter labels that are all numbers count the rows: those of other files are the same."""
_HOW_TO_FIX = 'Write it as a list of objects; pandas does with to_json(orient="records").'


def rows_of(
    value: Any, source: Source, *, lists: bool = True, depth: int = 1
) -> list[dict[str, Any]] | None:
    """The rows of an object that is a table as a whole; None where it is not a table.

    `lists` says whether columns may be lists; one of several objects has a text of several lines.
    Raises FileUnreadableError where its columns are not equally long.
    """
    if not isinstance(value, dict) or not value:
        return None
    members = list(value.values())
    if not isinstance(members[0], (dict, list)):
        return None
    if has_read_column(value, source):
        if all(isinstance(member, dict) for member in members):
            return _by_labels(value, source)
        if lists and all(isinstance(member, list) for member in members):
            return _side_by_side(value)
        return None
    names, data = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(data, list) and _is_header(names, source):
        return [row_of(names, row) for row in data]
    if (
        "schema" in value
        and isinstance(data, list)
        and any(has_read_column(row, source) for row in data)
    ):
        return data
    if all(isinstance(member, dict) for member in members):
        if any(has_read_column(member, source) and _has_text(member, source) for member in members):
            return _rows_by_label(value, source)
        if len(members) == 1 and depth < _MAX_DEPTH:
            return rows_of(members[0], source, lists=lists, depth=depth + 1)
    return None


class UnnamedRows:
    """Rows that are arrays: the first may name the columns of the others."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names: Sequence[str] | None = None
        self.count = 0
        """Arrays that no header names."""

    def with_names(self, value: list[Any], number: int) -> Any:
        """The row as an object where a header was read before; None for that header itself.

        `number` is how many values were read before.
        """
        if not number and self._names is None and _is_header(value, self._source):
            self._names = value
            return None
        if self._names is None:
            self.count += 1
            return value
        return row_of(self._names, value)

    def raise_if_all(self, number: int) -> None:
        """Raises NoTextColumnError when every element was an array without names."""
        if self.count and self.count == number:
            raise NoTextColumnError(
                f"The JSON is a list of lists, whose cells have no name. {_HOW_TO_FIX}"
            )


def row_of(names: Sequence[str], cells: Any) -> Any:
    """An array with the header's names as an object, or the JsonProblem with it."""
    if not isinstance(cells, list) or len(cells) != len(names):
        return JsonProblem("row_ragged")
    if len(set(names)) != len(names):
        return JsonProblem("json_duplicate_key")
    return dict(zip(names, cells, strict=True))


def has_read_column(members: Any, source: Source) -> bool:
    """Whether one of an object's members has a name that the process reads."""
    return isinstance(members, dict) and source.reads(tuple(members))


def _has_text(members: dict[str, Any], source: Source) -> bool:
    return any(
        plain_name(name) in source.process_columns and isinstance(member, (str, float, int))
        for name, member in members.items()
    )


def _is_header(names: Sequence[Any], source: Source) -> bool:
    return all(isinstance(name, str) for name in names) and source.reads(tuple(names))


def _by_labels(columns: dict[str, dict[str, Any]], source: Source) -> list[dict[str, Any]]:
    """Rows of columns whose cells are labelled by row."""
    labels = dict.fromkeys(label for column in columns.values() for label in column)
    id_name = _id_name(labels, source) if not source.id_column(tuple(columns)) else None
    return [
        {
            **({id_name: label} if id_name else {}),
            **{name: column.get(label) for name, column in columns.items()},
        }
        for label in labels
    ]


def _rows_by_label(rows: dict[str, dict[str, Any]], source: Source) -> list[dict[str, Any]]:
    """Rows that are labelled; a row that has an id keeps it."""
    id_name = _id_name(rows, source)
    return [
        row if id_name is None or source.id_column(tuple(row)) else {id_name: label, **row}
        for label, row in rows.items()
    ]


def _id_name(labels: Iterable[str], source: Source) -> str | None:
    """The column that the rows' labels are; None where they only number the rows."""
    numbered = all(label.isdecimal() and len(label) <= _MAX_ROW_DIGITS for label in labels)
    return None if numbered else source.id_name


def _side_by_side(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    if len({len(column) for column in columns.values()}) > 1:
        raise FileUnreadableError(f"The columns of the table are not equally long. {_HOW_TO_FIX}")
    names = list(columns)
    return [dict(zip(names, cells, strict=True)) for cells in _zipped(columns)]


def _zipped(columns: dict[str, list[Any]]) -> Iterator[tuple[Any, ...]]:
    return zip(*columns.values(), strict=True)
