"""Records to a file of CSV, JSON lines or Parquet, all with the same columns.

In CSV each text is a cell that no spreadsheet takes for a formula: the statement below writes what
`winnow.tables.formulas.defused` does. The other formats have the texts as they are.
"""

import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from winnow.search.exports import CANNOT_TELL, COLUMNS, ExportFormat, cells_of
from winnow.search.shapes import Hit
from winnow.tables.formulas import CELL_STARTS, FORMULA_STARTS, SKIPPED
from winnow_search.parquet import COLUMNS as STORED
from winnow_search.parquet import MAX_LINE, connect

TYPES: Mapping[str, str] = {
    name: STORED.get(name, "DOUBLE" if name == "likeness" else "VARCHAR") for name in COLUMNS
}
_REVIEWED = (
    "CASE WHEN reviewed_by IS NOT NULL"
    f" THEN coalesce(review_decision, '{CANNOT_TELL}') END AS reviewed"
)
SELECTED = ", ".join(_REVIEWED if name == "reviewed" else name for name in COLUMNS)
"""The columns, of a row of the index that has a likeness beside it."""
_WRITE = {
    ExportFormat.CSV: "(FORMAT csv, HEADER)",
    ExportFormat.JSONL: "(FORMAT json)",
    ExportFormat.PARQUET: "(FORMAT parquet, COMPRESSION zstd)",
}


class Written(NamedTuple):
    """What was written of an index."""

    records: int
    damaged: int
    """Files that could not be read."""


def copy(
    database: duckdb.DuckDBPyConnection,
    select: str,
    parameters: Sequence[Any],
    form: ExportFormat,
    file: Path,
) -> int:
    """Write what a statement selects, which has `COLUMNS`; how many records it was."""
    if form is ExportFormat.CSV:
        select = f"SELECT {', '.join(map(_cell, COLUMNS))} FROM ({select})"  # noqa: S608
    found = database.execute(
        f"COPY ({select}) TO {_quoted(str(file))} {_WRITE[form]}", parameters
    ).fetchone()
    assert found is not None
    return int(found[0])


def write_hits(hits: Iterable[Hit], form: ExportFormat, file: Path) -> int:
    """Write hits with their whole texts; how many it was. They are not kept in memory."""
    with tempfile.TemporaryDirectory() as folder, connect() as database:
        lines = Path(folder) / "hits.jsonl"
        with lines.open("wb") as stream:
            for hit in hits:
                line = json.dumps(cells_of(hit), ensure_ascii=False) + "\n"
                stream.write(line.encode(errors="replace"))
        shape = ", ".join(f"{name}: '{kind}'" for name, kind in TYPES.items())
        return copy(
            database,
            f"SELECT {', '.join(COLUMNS)} FROM read_json(?, format='newline_delimited',"  # noqa: S608
            f" maximum_object_size={MAX_LINE}, columns={{{shape}}})",
            [str(lines)],
            form,
            file,
        )


def _quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def _pattern(text: str) -> str:
    """A pattern of Python as RE2 and SQL have it: RE2 writes a code point in braces."""
    return _quoted(re.sub(r"\\[xu]([0-9a-f]{2,4})", r"\\x{\1}", text))


_NUMBER = _pattern(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INSIDE = _pattern(rf"([{CELL_STARTS}])([{SKIPPED}]*[{FORMULA_STARTS}])")
_FIRST = _pattern(rf"^[{SKIPPED}]*[{FORMULA_STARTS}\t\r\n]")
_MARKED = _quoted(r"\1'\2")


def _cell(name: str) -> str:
    if TYPES[name] != "VARCHAR":
        return name
    marked = f"regexp_replace({name}, {_INSIDE}, {_MARKED}, 'g')"
    return (
        f"CASE WHEN regexp_full_match({name}, {_NUMBER}) THEN {name}"
        f" WHEN regexp_matches({name}, {_FIRST}) THEN chr(39) || {marked}"
        f" ELSE {marked} END AS {name}"
    )
