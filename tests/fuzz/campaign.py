"""Fuzz every target for hours, in slices: `python -m tests.fuzz.campaign --until 3600`.

The target that has had least comes first. What each has had is in `record.json`, in processor
seconds, so a campaign goes on where it was stopped and a busy machine counts for what it gave.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TypedDict

from tests.fuzz.__main__ import FOUND, ROOT, unpack
from tests.fuzz.targets import TARGETS

RECORD = Path(__file__).with_name("record.json")
_RUNS = re.compile(r"^Done (\d+) runs", re.MULTILINE)
_UNIT_TIMEOUT_S = 120
"""By the clock, for one input: a campaign may run where others have the processor."""


class Fuzzed(TypedDict):
    """What a target has had: `cpu_seconds` and inputs tried in all, and when last."""

    cpu_seconds: int
    inputs: int
    last: str


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz.campaign")
    arguments.add_argument(
        "--until", type=int, default=3_600, help="processor seconds that each target is to have had"
    )
    arguments.add_argument("--seconds", type=int, default=300, help="of a slice, by the clock")
    arguments.add_argument("--jobs", type=int, default=1, help="targets that run at a time")
    given = arguments.parse_args()

    record: dict[str, Fuzzed] = {
        name: {"cpu_seconds": 0, "inputs": 0, "last": ""} for name in TARGETS
    }
    record.update(json.loads(RECORD.read_text()) if RECORD.exists() else {})
    running: set[str] = set()
    failed: list[str] = []
    lock = Lock()

    def worker(_: int) -> None:
        while not failed:
            with lock:
                due = [
                    name
                    for name in TARGETS
                    if name not in running and record[name]["cpu_seconds"] < given.until
                ]
                if not due:
                    return
                name = min(due, key=lambda each: record[each]["cpu_seconds"])
                running.add(name)
            seconds, inputs, problem = fuzzed(name, given.seconds)
            with lock:
                running.discard(name)
                before = record[name]
                record[name] = {
                    "cpu_seconds": before["cpu_seconds"] + seconds,
                    "inputs": before["inputs"] + inputs,
                    "last": f"{datetime.now(UTC):%Y-%m-%d}",
                }
                save(record)
                print(f"{name:6} {record[name]['cpu_seconds']:>6,} s", flush=True)
                if problem:
                    failed.append(name)
                    print(problem, flush=True)

    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(worker, range(given.jobs)))
    return 1 if failed else 0


def fuzzed(name: str, seconds: int) -> tuple[int, int, str]:
    """One slice of a target: its processor seconds, the inputs it tried, and why it failed."""
    corpus = FOUND / "corpus" / name
    unpack(name, corpus)
    log = FOUND / f"{name}.log"
    command = [sys.executable, "-m", "tests.fuzz", "--inside", name, str(corpus)]
    options = [f"-max_total_time={seconds}", f"-timeout={_UNIT_TIMEOUT_S}", "-print_final_stats=0"]
    with log.open("w") as stream:
        process = subprocess.Popen(
            command + options, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(errors="replace")
    runs = _RUNS.search(text)
    problem = "" if process.returncode == 0 else text[-4_000:]
    return round(usage.ru_utime + usage.ru_stime), int(runs[1]) if runs else 0, problem


def save(record: dict[str, Fuzzed]) -> None:
    part = RECORD.with_suffix(".part")
    part.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    part.replace(RECORD)


if __name__ == "__main__":
    sys.exit(main())
