"""`python -m tests.load`: 1,000 uploads at once in memory, 100,000 records on the local stack.

Bounded and on loopback only. Writes its table into docs/reliability.md; exit code 1 if an upload
was lost or came twice. `--files` and `--records` make it smaller.
"""

import argparse
import json
import logging
import os
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from ministack.services import stepfunctions

from tests.faults.lab import lab
from tests.faults.page import replace_section
from winnow.standing import Standing
from winnow_aws.sweep import TableRuns
from winnow_cli.standings import Stand, audit
from winnow_cli.target import Target
from winnow_cli.uploads import Uploads
from winnow_local import ministack
from winnow_local.deploy import client_config, session
from winnow_local.stack import start_detached, stop
from winnow_local.state import StackState, StateDir
from winnow_local.template import Checkout
from winnow_use import load_encoder

FEELINGS = ("happy", "sad", "afraid", "angry", "ashamed", "guilty", "disgusted", "proud")
LIMIT_S = 1_500.0


def text_of(number: int) -> str:
    feeling = FEELINGS[number % len(FEELINGS)]
    return f"I felt {feeling} when I heard of it on day {number} of the journey."


class Memory(threading.Thread):
    """The most memory that MiniStack and its workers held at once, in MB."""

    def __init__(self, state: StackState) -> None:
        super().__init__(daemon=True)
        self._state = state
        self._stop_it = threading.Event()
        self.most: Counter[str] = Counter()

    def run(self) -> None:
        main = self._state.ministack
        assert main is not None
        while not self._stop_it.wait(1.0):
            own = worker = 0.0
            for process in ministack.members(main):
                with suppress(psutil.Error):
                    rss = process.memory_info().rss / 1e6
                    if process.pid == main.pid:
                        own = rss
                    else:
                        worker = max(worker, rss)
            self.most["emulator"] = max(self.most["emulator"], round(own))
            self.most["worker"] = max(self.most["worker"], round(worker))

    def finish(self) -> Counter[str]:
        self._stop_it.set()
        self.join()
        return self.most


def wait(target: Target, count: int) -> float:
    """Waits until so many uploads have ended; seconds."""
    began = time.monotonic()
    runs = TableRuns(target.dynamodb(), target.table, 90)
    while time.monotonic() - began < LIMIT_S:
        ended = sum(1 for row in runs.every() if row.state != "RUNNING")
        if ended >= count:
            return time.monotonic() - began
        time.sleep(1.0)
    return LIMIT_S


def at_once(count: int, most: int) -> tuple[list[Stand], int, int, float]:
    """So many uploads at once through the workflow in memory; each function takes `most` calls.

    The rest is refused, as Lambda refuses it. On the local stack this would start a process for
    every call: the emulator's local executor knows no reserved concurrency. Returns how each
    upload stands, the mails, the refused calls and the seconds.
    """
    refused = 0
    with lab() as laboratory:
        for name, work in list(laboratory.world.functions.items()):
            places = threading.Semaphore(most)

            def limited(payload: Any, work: Any = work, places: Any = places) -> Any:
                nonlocal refused
                if not places.acquire(blocking=False):
                    refused += 1
                    time.sleep(0.02)
                    raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", "")
                try:
                    time.sleep(0.02)
                    return work(payload)
                finally:
                    places.release()

            laboratory.world.functions[name] = limited
        events = [laboratory.drop(key=f"inbox/moods/{number}.csv") for number in range(count)]
        began = time.monotonic()
        # Every tenth event comes twice.
        runs = [laboratory.world.start("triage", event) for event in (*events, *events[::10])]
        for run in runs:
            while stepfunctions._executions[run]["status"] == "RUNNING":
                time.sleep(0.01)
        seconds = time.monotonic() - began
        return laboratory.audit(), laboratory.mails, refused, seconds


def put(target: Target, key: str, body: bytes) -> None:
    target.s3().put_object(Bucket=target.uploads_bucket, Key=key, Body=body)


def line(number: int) -> str:
    return json.dumps({"id": str(number), "text": text_of(number)}) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.load")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=4, help="of each function")
    given = parser.parse_args()
    root = Checkout.here().root

    encoder = load_encoder(root / "build" / "model")
    sample = [text_of(number) for number in range(20_000)]
    encoder(sample[:512])
    began = time.monotonic()
    encoder(sample)
    alone = len(sample) / (time.monotonic() - began)

    logging.disable(logging.WARNING)
    stood, mails, refused, files_s = at_once(given.files, given.concurrency)
    print(f"{given.files} at once: {files_s:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        state_dir = StateDir(Path(folder) / ".winnow")
        state = start_detached(state_dir, lambda _: None)
        try:
            target = Target(state.stack, state.outputs, session(), state.endpoint, client_config())
            memory = Memory(state)
            memory.start()
            big = "inbox/emotions/load/big.jsonl"
            began = time.monotonic()
            put(target, big, "".join(map(line, range(given.records))).encode())
            wait(target, 1)
            big_s = time.monotonic() - began
            row = Uploads(target).by_key(big)
            judged = 0 if row is None or row.records is None else row.records

            found = audit(target, 0.0, 90, time.time())
            most = memory.finish()
        finally:
            stop(state_dir)

    states = Counter(one.standing for one in stood)
    lost = given.files - states[Standing.SUCCEEDED]
    double = states[Standing.DOUBLE] + max(0, len(stood) - given.files) + max(0, len(found) - 1)
    rate = judged / big_s
    rows: list[tuple[str, Any]] = [
        ("uploads at once, in memory; every tenth event twice", f"{given.files:,}"),
        ("calls that a function takes at a time", given.concurrency),
        ("calls refused and tried again", f"{refused:,}"),
        ("all ended after", f"{files_s:.0f} s"),
        ("lost or failed", lost),
        ("double", double),
        ("mails", f"{mails:,}"),
        ("records in one file, on the local stack", f"{judged:,} of {given.records:,}"),
        ("judged after", f"{big_s:.0f} s ({rate:,.0f} records a second)"),
        ("encoding alone, same texts, same cores", f"{alone:,.0f} a second"),
        ("whole pipeline over encoding alone", f"{rate / alone:.2f}"),
        ("most memory of a worker", f"{most['worker']:,} MB"),
        ("most memory of the emulator", f"{most['emulator']:,} MB, files and histories included"),
        (
            "other work on the machine, load average",
            f"{os.getloadavg()[1]:.0f} on {os.cpu_count()} cores",
        ),
    ]
    table = ["| what | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    print("\n".join(table))
    replace_section("load", "\n".join(table))
    return 1 if lost or double or mails != given.files or judged != given.records else 0


if __name__ == "__main__":
    raise SystemExit(main())
