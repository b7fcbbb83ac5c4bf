"""How fast the index of results answers: `python -m tests.bench.searching [RECORDS]`.

Prints one JSON document: milliseconds by the clock, p50 and p95 of warm requests, and of this
process's CPU the median; bytes of the index beside those of the results. Records are short notes of
60 words on average, from 30,000 words as frequent as words are; a fortieth have a person's
decision. Vectors are random: their content does not change how long a scan takes.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.fakes.index_files import MemoryFiles
from tests.fakes.results import Judged, result_record
from winnow.search.files import FileName
from winnow.search.rows import IndexRow
from winnow.search.shapes import (
    ChartId,
    RecordRef,
    SearchFilter,
    SearchRequest,
    StatsRequest,
)
from winnow.storage.jsonl import dump_line
from winnow_search.duck import DuckSearcher
from winnow_search.parquet import connect, write_segment

RECORDS = 500_000
UPLOAD = 500
"""Records of an upload."""
WORDS = 30_000
DIMENSIONS = 192
ROUNDS = 15
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


def main(records: int = RECORDS) -> dict[str, Any]:
    """The times and the sizes."""
    random = np.random.default_rng(7)
    words = ["".join(random.choice(_LETTERS, size=random.integers(3, 11))) for _ in range(WORDS)]
    files = MemoryFiles()
    started = time.process_time()
    content = write_segment(_rows(records, np.array(words), random), "1")
    made = time.process_time() - started
    files.write(FileName("bench", "2026-11", number=1), content, "")
    with tempfile.TemporaryDirectory() as folder:
        engine = DuckSearcher(files, time.time, refresh_s=1e9, limit_s=60, folder=Path(folder))
        started = time.process_time()
        engine.search(SearchRequest(limit=0))
        loaded = time.process_time() - started
        started = time.process_time()
        engine.refresh()
        indexed = time.process_time() - started
        found = {name: _timed(ask) for name, ask in _asked(engine, words, records).items()}
        copy = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        engine.close()
    sample = [dump_line(result_record(n, Judged(_text(words, random)))) for n in range(1, 1001)]
    return {
        "records": records,
        "index_bytes_a_record": round(len(content) / records),
        "column_bytes_a_record": _columns(content, records),
        "result_bytes_a_record": round(statistics.mean(map(len, sample))),
        "copy_bytes_a_record": round(copy / records),
        "cpu_s": {"write": round(made, 1), "load": round(loaded, 1), "words": round(indexed, 1)},
        "ms": found,
    }


def _columns(content: bytes, records: int) -> dict[str, float]:
    """What each column has of the index: what Athena reads, and is paid for."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, connect() as database:
        file.write(content)
        file.flush()
        found = database.execute(
            "SELECT path_in_schema, sum(total_compressed_size) FROM parquet_metadata(?)"
            " GROUP BY 1 ORDER BY 2 DESC",
            [file.name],
        ).fetchall()
    return {name: round(size / records, 2) for name, size in found}


def _text(words: list[str], random: np.random.Generator) -> str:
    return " ".join(random.choice(words, size=60))


def _rows(records: int, words: Any, random: np.random.Generator) -> Iterator[IndexRow]:
    shares = 1 / np.arange(1, WORDS + 1) ** 1.05
    shares /= shares.sum()
    for start in range(0, records, 10_000):
        count = min(10_000, records - start)
        lengths = np.clip(random.normal(60, 20, count).astype(int), 8, 200)
        drawn = words[random.choice(WORDS, size=lengths.sum(), p=shares)]
        ends = np.cumsum(lengths)
        confidences = random.beta(5, 1.5, count).round(4)
        vectors = random.integers(-127, 128, (count, DIMENSIONS), np.int8)
        for place in range(count):
            number = start + place
            text = " ".join(drawn[ends[place] - lengths[place] : ends[place]])
            confidence = float(confidences[place])
            review = confidence < 0.6
            decided = number % 40 == 0
            yield IndexRow(
                process=("L33774", "emotions", "intents", "notes")[number // UPLOAD % 4],
                version=f"{number // 100_000:012x}",
                upload=f"{number // UPLOAD:032x}",
                record=number % UPLOAD + 1,
                line=number % UPLOAD + 2,
                part=None,
                source_id=f"PA-{number}",
                outcome="review" if review else "accepted",
                decision=("met", "not_met", "undetermined")[number % 3],
                code="below_threshold" if review else None,
                score=confidence,
                confidence=confidence,
                calibrated=True,
                threshold=0.6,
                dropped_at=None,
                judged_at=f"2026-{number // UPLOAD % 12 + 1:02d}-{number // UPLOAD % 28 + 1:02d}"
                "T10:00:00.000Z",
                finished_at=None,
                seconds=float(number // UPLOAD % 600),
                usd=0.00001,
                review_decision="met" if decided else None,
                reviewed_by="ann" if decided else None,
                reviewed_at="2026-11-27T10:00:00.000Z" if decided else None,
                changed=bool(number % 3) if decided else None,
                review_kind="review" if decided else None,
                review_blind=False if decided else None,
                text=text,
                tokens=f" {text} ",
                vector=vectors[place].tobytes(),
            )


def _asked(engine: DuckSearcher, words: list[str], records: int) -> dict[str, Callable[[], object]]:
    def search(**given: Any) -> Callable[[], object]:
        return lambda: engine.search(SearchRequest(**given))

    some = SearchFilter(processes=("L33774",), outcomes=("review",), since="2026-03")
    like = RecordRef(process="L33774", upload=f"{0:032x}", record=1)
    # The most frequent phrase there is, one of middling words, and one that nothing has.
    asked = {
        "phrase, frequent": search(query=f'"{words[0]} {words[1]}"'),
        "phrase": search(query=f'"{words[20]} {words[60]}"'),
        "phrase, absent": search(query='"no such phrase"'),
        "phrase and filter": search(query=f'"{words[20]} {words[3]}"', filters=some),
        "word, in every tenth record": search(query=words[50]),
        "word, in almost all records": search(query=words[0]),
        "filter": search(filters=some),
        "filter, least sure first": search(filters=some, sort="least_sure"),
        "likeness": search(like_record=like),
        "likeness and filter": search(like_record=like, filters=some),
    }
    charts = {
        f"chart: {chart}": (lambda chart=chart: engine.stats(StatsRequest(chart=chart)))
        for chart in ChartId
    }
    return {**asked, **charts}


def _timed(ask: Callable[[], object]) -> dict[str, float]:
    ask()
    clock, cpu = [], []
    for _ in range(ROUNDS):
        started, used = time.perf_counter(), time.process_time()
        ask()
        clock.append((time.perf_counter() - started) * 1_000)
        cpu.append((time.process_time() - used) * 1_000)
    return {
        "p50": round(statistics.median(clock), 1),
        "p95": round(statistics.quantiles(clock, n=20)[-1], 1),
        "cpu_p50": round(statistics.median(cpu), 1),
    }


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:])), indent=2))
