"""What judging costs beside encoding."""

import csv
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from tests.quality.row import ROOT, Row, data_folder
from winnow.judging import build_judge
from winnow.processes.registry import ProcessRegistry
from winnow_encoder import load_encoder

ROUNDS = 11


def measure() -> list[Row]:
    # In a process of its own, as Classify runs: what was trained before fills this one.
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    return [
        Row(
            80,
            "Judging with a head of 77 labels: its time over that of encoding alone",
            float(done.stdout),
            1.4,
            f"{len(_texts()):,} BANKING77 test rows, CPU time, median of {ROUNDS} rounds.",
            ["python -m tests.quality --only banking77 cost"],
            at_most=True,
            digits=2,
        )
    ]


def ratio() -> float:
    """Judging's CPU time over encoding's, both of all rows at once; a median over the rounds."""
    texts = _texts()
    encoder = load_encoder(ROOT / "build" / "model")
    book = ProcessRegistry.from_directory(ROOT / "build" / "quality" / "banking77")
    judge = build_judge(book.find("banking77"), encoder, book.heads["banking77"])
    pairs = [(_seconds(encoder, texts), _seconds(judge, texts)) for _ in range(ROUNDS)]
    return statistics.median(judging / encoding for encoding, judging in pairs)


def _texts() -> list[str]:
    with (data_folder() / "banking77" / "test.csv").open(encoding="utf-8", newline="") as stream:
        return [row["text"] for row in csv.DictReader(stream)]


def _seconds(call: Callable[[list[str]], object], texts: list[str]) -> float:
    started = time.process_time()
    call(texts)
    return time.process_time() - started


if __name__ == "__main__":
    print(ratio())
