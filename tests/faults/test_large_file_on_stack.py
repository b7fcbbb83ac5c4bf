"""Files of a gigabyte on the local stack: one end, one mail, bounded memory and time.

One that the limits take is judged; those that they do not are refused with a reason.
"""

import json
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import SURE, Stack, until
from tests.faults.sabotage import Verdict, changed, rows_of, workers

pytestmark = [
    pytest.mark.stack,
    pytest.mark.model,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.environ.get("WINNOW_LARGE") != "1",
        reason="gigabytes of memory and minutes: make faults does it (WINNOW_LARGE=1)",
    ),
]

GIGABYTE = 1_000_000_000
MOST_MB = 400
"""Of a worker of serialize: a gigabyte is read piece by piece."""
MOST_S = 300.0
"""A third of the function's time-out, on a machine that does other things too."""
RECORDS = 1_100


@pytest.fixture
def verdict(stack: Stack, request: pytest.FixtureRequest) -> Verdict:
    return Verdict(stack, request)


def records(file: Path) -> None:
    """A gigabyte of records whose texts are short: the rest is in a field that nobody judges."""
    with file.open("w", encoding="utf-8") as out:
        for number in range(RECORDS):
            attachment = "0123456789abcdef" * (GIGABYTE // RECORDS // 16)
            text = f"{SURE} It was day {number}."
            out.write(json.dumps({"id": number, "text": text, "attachment": attachment}) + "\n")
    assert file.stat().st_size > 0.99 * GIGABYTE


def zeros(file: Path) -> None:
    """A gigabyte of nothing, which takes no room on the disk."""
    with file.open("wb") as out:
        out.truncate(GIGABYTE)


def pdf(file: Path) -> None:
    zeros(file)
    with file.open("r+b") as out:
        out.write(b"%PDF-1.7\n")


def one_line(file: Path) -> None:
    with file.open("wb") as out:
        for _ in range(GIGABYTE // 1_000_000):
            out.write(b"I was glad of it. " * 55_556)


@contextmanager
def watched(stack: Stack, name: str, version: str = "1") -> Iterator[Callable[[], float]]:
    """The most memory that a worker of the function held while the block ran, in MB."""
    most, done = 0.0, threading.Event()

    def look() -> None:
        nonlocal most
        while not done.wait(0.1):
            for worker in workers(stack, name, version):
                with suppress(psutil.Error):
                    most = max(most, worker.memory_info().rss / 1e6)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield lambda: most
    finally:
        done.set()
        watcher.join()


def forget(stack: Stack, key: str) -> None:
    """Gives the emulator its memory back."""
    bucket = stack.target.uploads_bucket
    for one in stack.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        stack.s3.delete_object(Bucket=bucket, Key=key, VersionId=one["VersionId"])


def drop(stack: Stack, file: Path, name: str) -> str:
    key = f"inbox/emotions/{uuid.uuid4().hex}/{name}"
    stack.s3.upload_file(str(file), stack.target.uploads_bucket, key)
    return key


@pytest.mark.parametrize(
    ("name", "make", "end"),
    [
        ("records.jsonl", records, "SUCCEEDED"),
        ("zeros.csv", zeros, "file_type"),
        ("document.pdf", pdf, "file_too_large"),
        ("line.txt", one_line, "file_too_large"),
    ],
)
def test_a_gigabyte(
    stack: Stack,
    verdict: Verdict,
    tmp_path: Path,
    name: str,
    make: Callable[[Path], None],
    end: str,
) -> None:
    file = tmp_path / name
    make(file)
    with watched(stack, "serialize") as most:
        key = drop(stack, file, name)
        file.unlink()
        until(lambda: (rows := rows_of(stack, key)) and rows[0].ended, MOST_S)
    verdict(f"1 GB: {name}", [key], [end], 1)
    assert 0 < most() < MOST_MB
    [row] = rows_of(stack, key)
    assert row.records == (RECORDS if end == "SUCCEEDED" else None)
    forget(stack, key)


def test_a_file_over_the_limit_is_not_read(stack: Stack, verdict: Verdict, tmp_path: Path) -> None:
    file = tmp_path / "over.csv"
    zeros(file)
    with changed(stack, "serialize", {"LIMIT_FILE_BYTES": str(GIGABYTE - 1)}) as version:
        with watched(stack, "serialize", version) as most:
            key = drop(stack, file, "over.csv")
            stack.wait(key)
        verdict("1 GB: over the limit", [key], ["file_too_large"], 1)
        assert most() < MOST_MB
        forget(stack, key)
