"""What judging costs beside encoding."""

import csv
import statistics
import time
from collections.abc import Callable

from tests.quality.row import ROOT, Row, data_folder
from winnow.book import ProcessBook
from winnow.judging import build_judge
from winnow_use import load_encoder

ROUNDS = 5


def measure() -> list[Row]:
    with (data_folder() / "banking77" / "test.csv").open(encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)]
    encoder = load_encoder(ROOT / "build" / "model")
    book = ProcessBook.from_directory(ROOT / "build" / "quality" / "banking77")
    judge = build_judge(book.find("banking77"), encoder, book.heads["banking77"])
    pairs = [(_seconds(encoder, texts), _seconds(judge, texts)) for _ in range(ROUNDS)]
    ratio = statistics.median(judging / encoding for encoding, judging in pairs)
    return [
        Row(
            80,
            "Judging with a head of 77 labels: its time over that of encoding alone",
            ratio,
            2.0,
            f"{len(texts):,} BANKING77 test rows, median of {ROUNDS} rounds.",
            ["python -m tests.quality --only banking77 cost"],
            at_most=True,
            digits=2,
        )
    ]


def _seconds(call: Callable[[list[str]], object], texts: list[str]) -> float:
    started = time.perf_counter()
    call(texts)
    return time.perf_counter() - started
