"""Tables: a header, then one record per row. Shared by CSV, XLSX and tables in documents."""

import re
from collections.abc import Sequence

from winnow.errors import FileTooLargeError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source
from winnow.readers.tabular.row_shape import RowShape, shape_of, trimmed_width

_RULE = re.compile(r"\s*[+:]?(?:--|==)[-=+:]*\s*")

_RULE_MARKS = ("-", "=", "+", ":")


class RecordTable:
    """The rows under one header, as records.

    Raises NoTextColumnError when no column is the text, FileTooLargeError over `max_columns`.
    """

    def __init__(self, source: Source, header: Sequence[str]) -> None:
        if len(header) > source.limits.max_columns:
            raise FileTooLargeError(
                f"The table has {len(header):,} columns, more than "
                f"{source.limits.max_columns:,} (limit max_columns)."
            )
        self._source = source
        self._header = list(header)
        self._names, repeated = distinct(header)
        if repeated:
            source.note(
                "duplicate_headers",
                f"{repeated} column names are repeated; the later ones got a number.",
            )
        text_column = source.text_column(self._names)
        self._text = None if text_column is None else self._names.index(text_column)
        others = [name for index, name in enumerate(self._names) if index != self._text]
        id_column = source.id_column(others)
        self._id = self._names.index(id_column) if id_column else None
        self._nameless = [
            index for index, cell in enumerate(header) if index != self._text and not cell.strip()
        ]
        self._others = [
            (index, name)
            for index, name in enumerate(self._names)
            if index not in (self._text, self._id) and index not in self._nameless
        ]
        self._min_width = max(trimmed_width(header), 0 if self._text is None else self._text + 1)
        self.shape: RowShape | None = None
        """What delimited rows have in common: a row that differs is not read."""

    def learn(
        self, rows: Sequence[Sequence[str]], *, may_be_wider: bool, commented: bool
    ) -> RowShape:
        """Take the shape of a delimited table from its first rows."""
        rows = [
            cells
            for cells in rows
            if any(map(str.strip, cells))
            and not self._is_ruled(cells)
            and not (len(cells) == len(self._header) and self._is_header(cells))
        ]
        self.shape = shape_of(
            self._header, rows, self._text, may_be_wider=may_be_wider, commented=commented
        )
        return self.shape

    @property
    def text_is_first(self) -> bool:
        """Whether a delimited row begins with its text."""
        return self._text == 0

    @property
    def text_is_last(self) -> bool:
        """Whether a delimited row ends with its text."""
        return self.shape is not None and self._text == self.shape.width - 1

    def record(
        self, number: int, line: int | None, cells: Sequence[str]
    ) -> Record | InvalidRecord | None:
        """The record of a row.

        None for a row in which every cell is blank, for a line drawn with dashes, and for a
        repeated header.
        """
        width = len(self._names)
        if not any(map(str.strip, cells)):
            return None
        if cells == ["\x1a"]:  # DOS ended its files so
            return None
        if width > 1 and self._is_ruled(cells):
            self._source.note("ruled_lines", "Lines drawn between the rows were left out.")
            return None
        is_whole = len(cells) >= width and not any(map(str.strip, cells[width:]))
        if width > 1 and is_whole and self._is_header(cells):
            self._source.note("repeated_header", "Rows that repeat the header were left out.")
            return None
        if problem := self._misfit(cells):
            return ragged(number, line, problem)
        cells = [*cells, *[""] * (width - len(cells))]
        fields = {name: cells[index] for index, name in self._others}
        for index in self._nameless:
            if cells[index].strip():
                fields[self._names[index]] = cells[index]
        return self._source.record(
            number,
            line,
            "" if self._text is None else cells[self._text],
            source_id=cells[self._id] if self._id is not None else None,
            fields=fields,
        )

    def _misfit(self, cells: Sequence[str]) -> str | None:
        """Why a row does not fit its table; None where it does."""
        width = len(self._names)
        expected = self.shape.width if self.shape else width
        # A row that is not delimited may have blank cells too many, or lack nameless ones.
        is_uneven = len(cells) != expected if self.shape else len(cells) < self._min_width
        if is_uneven or any(map(str.strip, cells[width:])):
            than = "header" if expected == width else "other rows"
            return (
                f"Cells in the row: {len(cells)}, in the {than}: {expected}. "
                "A delimiter or a quote in it is not quoted."
            )
        beyond = cells[self._min_width :]
        if self.shape and not self.shape.has_nameless and any(map(str.strip, beyond)):
            return (
                "It has a cell where the header has no name. Name the column, or quote the "
                "delimiter in the row."
            )
        return None

    def _is_ruled(self, cells: Sequence[str]) -> bool:
        """Whether a row is a line drawn with dashes, as below the header of a Markdown table."""
        first = cells[self._text or 0] if len(cells) == len(self._names) else cells[0]
        return first.lstrip()[:1] in _RULE_MARKS and all(
            _RULE.fullmatch(cell) for cell in cells if cell.strip()
        )

    def _is_header(self, cells: Sequence[str]) -> bool:
        if self._text is None:
            return False
        return cells[self._text].strip() == self._header[self._text].strip() and all(
            cell.strip(" \ufeff") == name.strip(" \ufeff")
            for cell, name in zip(cells, self._header, strict=False)
        )


def ragged(number: int, line: int | None, reason: str) -> InvalidRecord:
    """The invalid record for a row that does not fit its table."""
    return InvalidRecord(record=number, line=line, code="row_ragged", reason=reason)


def distinct(header: Sequence[str]) -> tuple[list[str], int]:
    """Names without their padding, a number to those that stand twice, and how many those are.

    >>> distinct(["id", " note", "id", ""])
    (['id', 'note', 'id (2)', 'column 4'], 1)
    """
    seen: dict[str, int] = {}
    names: list[str] = []
    repeated = 0
    for position, cell in enumerate(header, start=1):
        name = " ".join(cell.replace("\ufeff", "").replace("\x00", "").split())
        name = name or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            repeated += 1
            while f"{name} ({seen[name]})" in seen:
                seen[name] += 1
            name = f"{name} ({seen[name]})"
            seen[name] = 1
        names.append(name)
    return names, repeated
