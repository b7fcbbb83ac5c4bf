"""Rows to Parquet, and files of Parquet to one. The same rows give the same bytes."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from winnow.errors import IndexDamagedError
from winnow.search.files import TOMBSTONE, TOMBSTONE_RECORD, Batch
from winnow.search.rows import IndexRow

COLUMNS: Mapping[str, str] = {
    "process": "VARCHAR",
    "version": "VARCHAR",
    "upload": "VARCHAR",
    "record": "INTEGER",
    "line": "INTEGER",
    "part": "VARCHAR",
    "source_id": "VARCHAR",
    "outcome": "VARCHAR",
    "decision": "VARCHAR",
    "code": "VARCHAR",
    "score": "DOUBLE",
    "confidence": "DOUBLE",
    "calibrated": "BOOLEAN",
    "threshold": "DOUBLE",
    "dropped_at": "VARCHAR",
    "judged_at": "VARCHAR",
    "finished_at": "VARCHAR",
    "seconds": "DOUBLE",
    "usd": "DOUBLE",
    "review_decision": "VARCHAR",
    "reviewed_by": "VARCHAR",
    "reviewed_at": "VARCHAR",
    "changed": "BOOLEAN",
    "review_kind": "VARCHAR",
    "review_blind": "BOOLEAN",
    "text": "VARCHAR",
    "tokens": "VARCHAR",
    "vector": "BLOB",
}
"""The columns of a file, beside `generation` and `sources`."""
_WRITE = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 50000)"
MAX_LINE = 256 * 1024 * 1024
"""Bytes of a row as JSON."""


def connect(
    database: str = ":memory:", *, threads: int = 1, memory: str = "60%"
) -> duckdb.DuckDBPyConnection:
    """A connection that reaches no network and loads no extension.

    Args:
        database: Its file.
        threads: How many it has.
        memory: How much of the machine's it takes. More is written to the temporary folder.
    """
    settings: dict[str, Any] = {
        "threads": threads,
        "memory_limit": memory,
        "temp_directory": tempfile.gettempdir(),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    return duckdb.connect(database, config=settings)


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    return connect()


def _cursor() -> duckdb.DuckDBPyConnection:
    """A connection of its own to a database in memory: making a database takes 20 ms."""
    return _shared().cursor()


def write_segment(rows: Iterable[IndexRow], generation: object, sources: str = "") -> bytes:
    """The file of one upload.

    Args:
        rows: The rows; not kept in memory.
        generation: Its text is asked for when the last row was read.
        sources: What it is made of.
    """
    columns = {name: "VARCHAR" if kind == "BLOB" else kind for name, kind in COLUMNS.items()}
    with _folder() as folder:
        lines = folder / "rows.jsonl"
        with lines.open("w", encoding="ascii") as stream:
            for row in rows:
                stream.write(json.dumps(_json(row)) + "\n")
        shape = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
        chosen = ", ".join(
            f"from_hex({name}) AS {name}" if kind == "BLOB" else name
            for name, kind in COLUMNS.items()
        )
        return _copied(
            folder,
            f"SELECT {chosen}, $generation AS generation, $sources AS sources"  # noqa: S608
            f" FROM read_json($file, "
            f"format='newline_delimited', maximum_object_size={MAX_LINE}, columns={{{shape}}})"
            " ORDER BY record",
            {"file": str(lines), "generation": str(generation), "sources": sources},
        )


def write_tombstone(process: str, upload: str, sources: str = "") -> bytes:
    """The file of an upload that was deleted, or whose results have no record."""
    given = {"process": "$process", "upload": "$upload", "record": str(TOMBSTONE_RECORD)}
    chosen = ", ".join(
        f"CAST({given.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in COLUMNS.items()
    )
    with _folder() as folder:
        return _copied(
            folder,
            f"SELECT {chosen}, '{TOMBSTONE}' AS generation, $sources AS sources",
            {"process": process, "upload": upload, "sources": sources},
        )


def merge(files: Sequence[tuple[Path, Iterable[str]]]) -> bytes:
    """One file of the rows of some uploads of each file."""
    with _folder() as folder, _cursor() as database:
        database.execute("CREATE TEMP TABLE kept (file VARCHAR, upload VARCHAR)")
        kept = [(str(path), upload) for path, uploads in files for upload in uploads]
        database.executemany("INSERT INTO kept VALUES (?, ?)", kept)
        return _copied(
            folder,
            f"SELECT {', '.join(COLUMNS)}, generation, sources"  # noqa: S608
            " FROM read_parquet($files, filename=true) r"
            " SEMI JOIN kept k ON r.filename = k.file AND r.upload = k.upload"
            " ORDER BY upload, record",
            {"files": [str(path) for path, _ in files]},
            database,
        )


def batches(path: Path, *, whole: bool = False) -> list[Batch]:
    """The batches of a file. Raises IndexDamagedError where it cannot be read.

    Args:
        path: The file.
        whole: Whether all columns are read, too, so that the file is known to be readable.
    """
    try:
        with _cursor() as database:
            if whole:
                columns = ", ".join(COLUMNS)
                database.execute(
                    f"SELECT bit_xor(hash({columns})) FROM read_parquet(?)",  # noqa: S608
                    [str(path)],
                )
            found = database.execute(
                "SELECT process, upload, generation, count(*), sources FROM read_parquet(?)"
                " GROUP BY ALL ORDER BY ALL",
                [str(path)],
            ).fetchall()
    except duckdb.Error:
        raise IndexDamagedError("A file of the index cannot be read.") from None
    return [Batch(*row) for row in found]


def _json(row: IndexRow) -> dict[str, Any]:
    vector = None if row.vector is None else row.vector.hex()
    return row._replace(vector=vector)._asdict()  # type: ignore[arg-type]


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _copied(
    folder: Path,
    select: str,
    parameters: Mapping[str, Any],
    database: duckdb.DuckDBPyConnection | None = None,
) -> bytes:
    target = folder / "out.parquet"
    with database or _cursor() as open_database:
        open_database.execute(
            f"COPY ({select}) TO $target {_WRITE}", {**parameters, "target": str(target)}
        )
    return target.read_bytes()
