"""A function out of memory: the kernel ends it, and what it judged is judged again in halves."""

import json
import time

import pytest

from tests.container.engine import docker
from tests.container.test_local_stack import SURE, state_dir, up, winnow
from winnow.recovery.upload_row import UploadRow
from winnow_cli.target import find_target
from winnow_cli.uploads import Uploads
from winnow_local import mailbox
from winnow_local.state import StateDir

__all__ = ["state_dir"]

pytestmark = [
    pytest.mark.container,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

STATS = ("/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/memory/memory.stat")
"""Of a control group, version 2 and 1."""
KILLS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
TO_SPARE = 10_000_000
"""Bytes that the function is left beside what it holds already."""
BODY = json.dumps({"text": SURE}) + "\n"
LARGE = json.dumps({"text": "It was a day like any other. " * 6_000}) + "\n"
RECORDS = 100
"""Of 170 kB each: with the text in memory more than is left."""


def drop(name: str, body: str) -> UploadRow:
    """A file, and its upload once the run has ended."""
    target = find_target(None)
    key = f"inbox/emotions/memory/{name}"
    target.s3().put_object(Bucket=target.uploads_bucket, Key=key, Body=body.encode())
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        row = Uploads(target).by_key(key)
        if row is not None and row.ended:
            return row
        time.sleep(0.1)
    raise AssertionError(f"the run of {name} does not end")


def mails_about(upload_id: str, state_dir: StateDir) -> list[mailbox.StoredMail]:
    """They follow the row by a moment."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        found = [mail for mail in mailbox.read(state_dir.mail) if upload_id in mail.body]
        if found:
            return found
        time.sleep(0.1)
    return []


def limit_memory(container: str) -> None:
    """Leaves a running container little more memory than its processes hold."""
    stat = docker("exec", container, "sh", "-c", f"cat {' '.join(STATS)} 2>/dev/null || true")
    held = {name: int(count) for name, count in map(str.split, stat.splitlines())}
    most = held.get("anon", held.get("rss", 0)) + TO_SPARE
    docker("update", f"--memory={most}", f"--memory-swap={most}", container)


def killed(container: str) -> int:
    """How many processes of a running container the kernel has ended for want of memory."""
    told = docker("exec", container, "sh", "-c", f"cat {' '.join(KILLS)} 2>/dev/null || true")
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("oom_kill "))


def test_what_a_function_out_of_memory_was_judging_is_judged_again_in_halves(
    state_dir: StateDir,
) -> None:
    state = up(state_dir)
    assert drop("before.jsonl", BODY).state == "SUCCEEDED"
    label = f"label={state.containers}"
    found = docker("ps", "--filter", label, "--format={{.ID}} {{.Image}}").splitlines()
    [classify] = [line.split()[0] for line in found if "classify" in line]
    limit_memory(classify)

    row = drop("large.jsonl", LARGE * RECORDS)
    assert killed(classify), "it had too little memory"
    assert (row.state, row.error_code) == ("SUCCEEDED", None)
    assert (row.records, row.invalid) == (RECORDS, 0), "the next container has its memory"
    mails = mails_about(row.upload_id, state_dir)
    assert len(mails) == 1
    assert "day like any other" not in mails[0].body + str(row.error_message)
    assert winnow("audit", "--missed-after", "0")["clean"]
    # What comes after it is judged, in a container that has its memory.
    assert drop("after.jsonl", BODY).state == "SUCCEEDED"
