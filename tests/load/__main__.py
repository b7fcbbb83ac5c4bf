"""`python -m tests.load`: on the local stack 1,000 uploads at once, and 100,000 records in one.

Also one ZIP of 10,000 pictures, 1,000 uploads in memory, where calls are refused as Lambda refuses
them, and twenty reviewers on one queue of 2,000 records. Bounded, and on loopback only. Writes its
tables into docs/reliability-tables.md; exit code 1 if an upload or a decision was lost or came
twice. The options make it smaller; `--only` runs one part, and the others' tables stay as they are.
"""

import argparse
import json
import logging
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.services import stepfunctions

from tests.faults.lab import lab
from tests.load.emulator import SIZES, call_times, rows
from tests.load.pictures import pictures
from tests.load.reviewers import crowd_of_reviewers
from tests.load.watched import load_before, local_stack, put, table_of, wait, write
from winnow.recovery.status import UploadStatus
from winnow_aws.reviews import ReviewTable
from winnow_cli.audit import AuditRow, audit
from winnow_cli.target import Target
from winnow_cli.uploads import Uploads
from winnow_encoder import load_encoder
from winnow_local import mailbox
from winnow_local.ministack import places
from winnow_local.template import Checkout

PER_FILE = 10
PUTTING = 16
"""Files that are being put at a time; their runs overlap, all of them."""
MAIL_S = 120.0
FEELINGS = ("happy", "sad", "afraid", "angry", "ashamed", "guilty", "disgusted", "proud")


def text_of(number: int) -> str:
    feeling = FEELINGS[number % len(FEELINGS)]
    return f"I felt {feeling} when I heard of it on day {number} of the journey."


def at_once(count: int, most: int) -> tuple[list[AuditRow], int, int, float]:
    """So many uploads at once through the workflow in memory; each function takes `most` calls.

    The rest is refused, as Lambda refuses it; on the local stack a call waits for its place
    instead. Returns how each upload stands, the mails, the refused calls and the seconds.
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


def line(number: int) -> str:
    return json.dumps({"id": str(number), "text": text_of(number)}) + "\n"


@dataclass(frozen=True)
class Crowd:
    """What came of many uploads at once."""

    stood: list[AuditRow]
    told: Counter[str]
    """upload id -> mails"""
    records: int
    seconds: float
    most: int
    """runs that were under way at once"""


def crowd(target: Target, mail: Path, count: int) -> Crowd:
    """So many uploads at once through the local stack; each tenth is started twice."""
    bodies = [
        "".join(line(number * PER_FILE + n) for n in range(PER_FILE)).encode()
        for number in range(count)
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(PUTTING) as pool:
        for number, body in enumerate(bodies):
            pool.submit(put, target, f"inbox/emotions/crowd/{number}.jsonl", body)
    again(target, count // 10)
    seconds, most = wait(target, count, began)
    stood = list(audit(target, 0.0, time.time()))
    ids = {one.upload_id for one in stood}
    deadline = time.monotonic() + MAIL_S
    while time.monotonic() < deadline:
        told = Counter(found for one in mailbox.read(mail) for found in mentioned(one.body) & ids)
        if told.keys() >= ids:
            break
        time.sleep(1.0)
    records = sum(row.records or 0 for row in Uploads(target).every())
    return Crowd(stood, told, records, seconds, most)


def mentioned(text: str) -> set[str]:
    return set(re.findall(r"\b[0-9a-f]{32}\b", text))


def again(target: Target, count: int) -> None:
    """Delivers the events of so many runs a second time."""
    states, machine = target.client("stepfunctions"), target.outputs["StateMachineArn"]
    runs: list[str] = []
    while len(runs) < count:
        runs = [
            one["executionArn"]
            for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine)
            for one in page["executions"]
        ]
        time.sleep(0.2)
    for run in runs[:count]:
        event = states.describe_execution(executionArn=run)["input"]
        states.start_execution(stateMachineArn=machine, input=event)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.load")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--reviews", type=int, default=2_000, help="records in their queue")
    parser.add_argument("--concurrency", type=int, default=4, help="of each function, in memory")
    parser.add_argument("--pictures", type=int, default=10_000, help="in one ZIP")
    parser.add_argument("--only", choices=("uploads", "pictures", "reviewers"), help="one part")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    problems = []
    if given.only in (None, "uploads"):
        problems += uploads(given)
    if given.only in (None, "pictures"):
        problems += pictures(given.pictures)
    if given.only in (None, "reviewers"):
        problems += reviewers(given)
    print("\n".join(problems))
    return 1 if problems else 0


def reviewers(given: argparse.Namespace) -> list[str]:
    """Many reviewers on one queue; writes their table and returns what went wrong."""
    load = load_before()
    with local_stack() as (target, _, memory):
        memory.finish()
        times = call_times(ReviewTable(target.dynamodb(), target.outputs["ReviewsTable"]))
    with local_stack() as (target, _, memory):
        memory.finish()
        table = target.outputs["ReviewsTable"]
        crowd = crowd_of_reviewers(target.dynamodb, table, given.reviewers, given.reviews)
    print(f"{given.reviews} records decided: {crowd.seconds:.0f} s", flush=True)
    sizes = [f"{size:,} rows" for size in SIZES]
    write(
        "reviewers",
        [
            *table_of([*crowd.rows(), load]),
            "",
            f"| one call to the emulator, alone | {' | '.join(sizes)} |",
            f"|---|{'---|' * len(sizes)}",
            *rows(times),
        ],
    )
    return crowd.problems


def uploads(given: argparse.Namespace) -> list[str]:
    """Many uploads and a large one; writes their table and returns what went wrong."""
    load = load_before()
    root = Checkout.here().root

    encoder = load_encoder(root / "build" / "model")
    sample = [text_of(number) for number in range(20_000)]
    encoder(sample[:512])
    began = time.monotonic()
    encoder(sample)
    alone = len(sample) / (time.monotonic() - began)
    del encoder
    print(f"encoding alone: {alone:,.0f} a second", flush=True)

    stood, mails, refused, memory_s = at_once(given.files, given.concurrency)
    print(f"{given.files} at once, in memory: {memory_s:.0f} s", flush=True)

    with local_stack() as (target, state_dir, memory):
        many = crowd(target, state_dir.mail, given.files)
        many_most = memory.finish()
    print(f"{given.files} at once, on the local stack: {many.seconds:.0f} s", flush=True)

    with local_stack() as (target, _, memory):
        big = "inbox/emotions/load/big.jsonl"
        began = time.monotonic()
        put(target, big, "".join(map(line, range(given.records))).encode())
        big_s, _ = wait(target, 1, began)
        row = Uploads(target).by_key(big)
        judged = 0 if row is None or row.records is None else row.records
        found = list(audit(target, 0.0, time.time()))
        big_most = memory.finish()

    problems = [
        *problems_of("in memory", given.files, stood, mails),
        *problems_of("on the local stack", given.files, many.stood, many.told.total()),
    ]
    if set(many.told.values()) != {1}:
        problems.append("an upload was not mailed once")
    if many.records != given.files * PER_FILE or judged != given.records:
        problems.append("records are missing")
    if [one.status for one in found] != [UploadStatus.SUCCEEDED]:
        problems.append("the large file has not one end")
    table: list[tuple[str, Any]] = [
        ("**uploads at once, on the local stack**; every tenth event twice", f"{given.files:,}"),
        ("runs under way at once, most", f"{many.most:,}"),
        ("calls that run at a time, of all functions", places()),
        ("all ended after", f"{many.seconds:.0f} s ({given.files / many.seconds:.1f} a second)"),
        *outcome(given.files, many.stood, many.told.total()),
        (f"records, {PER_FILE} a file", f"{many.records:,}"),
        ("records over encoding alone", f"{many.records / many.seconds / alone:.2f}"),
        *used(many_most),
        ("**uploads at once, in memory**; every tenth event twice", f"{given.files:,}"),
        ("calls that a function takes at a time", given.concurrency),
        ("calls refused and tried again", f"{refused:,}"),
        ("all ended after", f"{memory_s:.0f} s"),
        *outcome(given.files, stood, mails),
        ("**records in one file**, on the local stack", f"{judged:,} of {given.records:,}"),
        ("judged after", f"{big_s:.0f} s ({judged / big_s:,.0f} records a second)"),
        ("encoding alone, same texts, same cores", f"{alone:,.0f} a second"),
        ("whole pipeline over encoding alone", f"{judged / big_s / alone:.2f}"),
        *used(big_most),
        load,
    ]
    write("load", table_of(table))
    return problems


def used(most: Counter[str]) -> list[tuple[str, str]]:
    return [
        ("most memory of a worker", f"{most['worker']:,} MB"),
        ("most memory of the emulator, files and histories included", f"{most['emulator']:,} MB"),
        ("most memory of all, at once", f"{most['all']:,} MB in {most['processes']} processes"),
    ]


def outcome(files: int, stood: list[AuditRow], mails: int) -> list[tuple[str, Any]]:
    lost, double = tally(files, stood)
    return [("lost or failed", lost), ("double", double), ("mails", f"{mails:,}")]


def tally(files: int, stood: list[AuditRow]) -> tuple[int, int]:
    """How many uploads are lost or failed, and how many came twice."""
    states = Counter(one.status for one in stood)
    lost = files - states[UploadStatus.SUCCEEDED]
    return lost, states[UploadStatus.DUPLICATE] + max(0, len(stood) - files)


def problems_of(where: str, files: int, stood: list[AuditRow], mails: int) -> list[str]:
    lost, double = tally(files, stood)
    right = not lost and not double and mails == files
    return [] if right else [f"{where}: {lost} lost, {double} double, {mails} mails"]


if __name__ == "__main__":
    raise SystemExit(main())
