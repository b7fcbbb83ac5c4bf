"""Tables: a header, then a record a row. What CSV, XLSX and tables in documents share."""

from collections.abc import Sequence

from winnow.errors import FileTooLargeError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source


class Table:
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
        self._names, repeated = distinct(header)
        if repeated:
            source.note(
                "duplicate_headers",
                f"{repeated} column names stand more than once; the later ones got a number.",
            )
        text_column = source.text_column(self._names)
        self._text = None if text_column is None else self._names.index(text_column)
        others = [name for index, name in enumerate(self._names) if index != self._text]
        id_column = source.id_column(others)
        self._id = self._names.index(id_column) if id_column else None
        self._others = [
            (index, name)
            for index, name in enumerate(self._names)
            if index not in (self._text, self._id)
        ]

    def record(
        self, number: int, line: int | None, cells: Sequence[str]
    ) -> Record | InvalidRecord | None:
        """The record of a row; None for a row in which every cell is blank."""
        width = len(self._names)
        if len(cells) != width:
            if not any(cell.strip() for cell in cells):
                return None
            # A delimiter too many at the end of a row takes nothing away.
            if len(cells) < width or any(cell.strip() for cell in cells[width:]):
                return InvalidRecord(
                    record=number,
                    line=line,
                    code="row_ragged",
                    reason=f"It has {len(cells)} cells where the header has {width}: "
                    "a delimiter or a quote in it is not quoted.",
                )
        elif not any(map(str.strip, cells)):
            return None
        return self._source.record(
            number,
            line,
            "" if self._text is None else cells[self._text],
            source_id=cells[self._id] if self._id is not None else None,
            fields={name: cells[index] for index, name in self._others},
        )


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
