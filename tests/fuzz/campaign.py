"""Fuzz every reader for hours, in slices: `python -m tests.fuzz.campaign --until 3600`.

The reader that has had least comes first, and of its kinds of file the one that has had least; the
target of files of any kind comes last. What each has had is in `record.json`, in processor seconds,
so a campaign goes on where it was stopped (Ctrl-C, or SIGTERM) and a busy machine counts for what
it gave.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock
from typing import TypedDict

from tests.fuzz.__main__ import FOUND, ROOT, unpack
from tests.fuzz.targets import TARGETS
from winnow.readers import READERS

RECORD = Path(__file__).with_name("record.json")
_RUNS = re.compile(r"^(?:Done |#)(\d+)", re.MULTILINE)
"""Inputs so far: libFuzzer prints them now and then, and at the end."""
_READERS = {str(kind): ".".join(reader) for kind, reader in READERS.items()}
_UNIT_TIMEOUT_S = 120
"""By the clock, for one input: a campaign may run where others have the processor."""

_START_S = 5
"""By the clock, until a target has read its corpus."""


class Fuzzed(TypedDict):
    """What a target has had: `cpu_seconds` and inputs tried in all, and when last."""

    cpu_seconds: int
    inputs: int
    last: str


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz.campaign")
    arguments.add_argument(
        "--until", type=int, default=3_600, help="processor seconds that each reader is to have had"
    )
    arguments.add_argument("--seconds", type=int, default=300, help="of a slice, by the clock")
    arguments.add_argument("--jobs", type=int, default=1, help="targets that run at a time")
    given = arguments.parse_args()
    campaign = Campaign(given.until, given.seconds)
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: campaign.stop())
    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(lambda _: campaign.work(), range(given.jobs)))
    return 1 if campaign.failed else 0


def reader_of(target: str) -> str:
    """The reader of a target's files, as `module.function`; of `any`, files of any kind, `any`."""
    return _READERS.get(target, target)


def had_by_readers(record: Mapping[str, Fuzzed]) -> dict[str, int]:
    """Processor seconds that each reader has had, with all its kinds of file."""
    had: dict[str, int] = {}
    for target, fuzzed in record.items():
        reader = reader_of(target)
        had[reader] = had.get(reader, 0) + fuzzed["cpu_seconds"]
    return had


class Campaign:
    """Slices of targets, several side by side, until each reader has had `until` seconds."""

    def __init__(self, until: int, seconds: int) -> None:
        self.failed = False
        self._until = until
        self._seconds = seconds
        self._record: dict[str, Fuzzed] = {
            name: {"cpu_seconds": 0, "inputs": 0, "last": ""} for name in TARGETS
        }
        self._record |= json.loads(RECORD.read_text()) if RECORD.exists() else {}
        self._running: dict[str, subprocess.Popen[bytes] | None] = {}
        self._lock = Lock()
        self._ended = Event()

    def stop(self) -> None:
        """Ends the slices that run; what they have had counts."""
        self._ended.set()
        for process in list(self._running.values()):
            if process is not None:
                process.terminate()

    def work(self) -> None:
        """One slice after the other."""
        while not self._ended.is_set() and (name := self._begin()):
            seconds, inputs, problem = self._fuzz(name)
            with self._lock:
                del self._running[name]
                before = self._record[name]
                self._record[name] = {
                    "cpu_seconds": before["cpu_seconds"] + seconds,
                    "inputs": before["inputs"] + inputs,
                    "last": f"{datetime.now(UTC):%Y-%m-%d}",
                }
                save(self._record)
                had = had_by_readers(self._record)[reader_of(name)]
                print(f"{name:6} {seconds:>4} s, its reader {had:>6,} s", flush=True)
                if problem and not self._ended.is_set():
                    self.failed = True
                    self.stop()
                    print(problem, flush=True)

    def _begin(self) -> str | None:
        """The target that is due; None if there is none."""
        with self._lock:
            had = had_by_readers(self._record)
            due = [
                name
                for name in TARGETS
                if name not in self._running and had[reader_of(name)] < self._until
            ]
            if not due:
                return None
            # A reader that runs already comes later.
            busy = [reader_of(name) for name in self._running]
            name = min(
                due,
                key=lambda each: (
                    each not in _READERS,
                    reader_of(each) in busy,
                    had[reader_of(each)],
                    self._record[each]["cpu_seconds"],
                ),
            )
            self._running[name] = None
            return name

    def _slice(self, name: str) -> int:
        """Seconds by the clock: no longer than its reader needs if it has a processor alone."""
        with self._lock:
            needs = self._until - had_by_readers(self._record)[reader_of(name)]
        return min(self._seconds, needs + _START_S)

    def _fuzz(self, name: str) -> tuple[int, int, str]:
        """One slice of a target: its processor seconds, inputs tried, and why it failed."""
        corpus = FOUND / "corpus" / name
        unpack(name, corpus)
        log = FOUND / f"{name}.log"
        command = [sys.executable, "-m", "tests.fuzz", "--inside", name, str(corpus)]
        options = [
            f"-max_total_time={self._slice(name)}",
            f"-timeout={_UNIT_TIMEOUT_S}",
            "-print_final_stats=0",
        ]
        with log.open("w") as stream:
            process = subprocess.Popen(
                command + options, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT
            )
            self._running[name] = process
            if self._ended.is_set():
                process.terminate()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        text = log.read_text(errors="replace")
        runs = _RUNS.findall(text)
        problem = "" if process.returncode == 0 else text[-4_000:]
        return round(usage.ru_utime + usage.ru_stime), int(runs[-1]) if runs else 0, problem


def save(record: Mapping[str, Fuzzed]) -> None:
    part = RECORD.with_suffix(".part")
    part.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    part.replace(RECORD)


if __name__ == "__main__":
    sys.exit(main())
