"""`winnow submit` that is broken off, and run again: what was dropped is judged once."""

import json
import os
import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from typer.testing import CliRunner

from winnow.errors import AccessDeniedError, AwsUnreachableError, UploadAbandonedError
from winnow.recovery.upload_row import UploadRow
from winnow.steps.upload import upload_id
from winnow_cli import submissions, target, uploads
from winnow_cli.app import app
from winnow_cli.batch import wait_for_all
from winnow_cli.target import Target


class Inbox:
    """What stands for the bucket and the table: it takes a key once."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.stop_at: str | None = None
        self.stop: BaseException = KeyboardInterrupt()
        self.answer_lost = False

    @property
    def names(self) -> Counter[str]:
        return Counter(key.rpartition("/")[2] for key in self.versions)

    def __call__(self, _: Target) -> "Inbox":
        return self

    def new_key(self, file: Path, process: str) -> str:
        return f"inbox/{process}/{len(self.versions)}-{time.time_ns()}/{file.name}"

    def drop(self, file: Path, key: str, _threshold: float | None) -> str | None:
        stops = file.name == self.stop_at
        if not stops or self.answer_lost:
            self.versions.setdefault(key, f"v{len(self.versions)}")
        if stops:
            raise self.stop
        return self.versions[key]

    def by_key(self, key: str) -> UploadRow | None:
        if key not in self.versions:
            return None
        return UploadRow.model_validate(
            {
                "upload_id": upload_id("b", key, self.versions[key]),
                "state": self.states.get(key.rpartition("/")[2], "SUCCEEDED"),
                "bucket": "b",
                "object_key": key,
                "claimed_at": "2026-01-01T00:00:00Z",
            }
        )


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Inbox:
    found = Inbox()
    monkeypatch.setattr(uploads, "Uploads", found)
    monkeypatch.setattr(target, "find_target", a_target)
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path / ".winnow"))
    return found


def a_target(name: str | None, started_at: str = "1") -> Target:
    outputs = {"UploadsBucket": "b", "ResultsBucket": "r", "Table": "t"}
    session = boto3.Session(region_name="us-east-1")
    return Target(name or "", outputs, session, "http://x", Config(), started_at)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    found = []
    for name in "abcde":
        (tmp_path / f"{name}.csv").write_text(f"text\n{name}\n")
        found.append(str(tmp_path / f"{name}.csv"))
    return found


def submit(*arguments: str) -> tuple[int, Any, str]:
    ran = CliRunner().invoke(app, ["submit", *arguments, "--process", "p", "--json"])
    return ran.exit_code, json.loads(ran.stdout), ran.stderr


@pytest.mark.parametrize("deployed", [False, True])
@pytest.mark.parametrize(
    ("state", "options"),
    [("RUNNING", []), ("SUCCEEDED", ["--wait"]), ("FAILED", ["--wait"]), ("stopped", ["--wait"])],
)
def test_what_it_says_to_type_asks_the_same_stack(
    inbox: Inbox,
    files: list[str],
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    options: list[str],
    deployed: bool,
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    inbox.states = {"a.csv": state}
    if state == "stopped":
        monkeypatch.setattr("winnow_cli.batch.wait_for_all", interrupted)
    if deployed:
        in_aws = replace(a_target("prod"), endpoint=None)
        monkeypatch.setattr(target, "find_target", lambda _: in_aws)
        options = [*options, "--stack", "prod"]
    ran = CliRunner().invoke(app, ["submit", files[0], "--process", "p", *options])
    hints = re.findall(r"winnow (?:status|why|results)[^`\n]*", ran.stdout + ran.stderr)
    assert {hint.endswith(" --stack prod") for hint in hints} == {deployed}


@pytest.mark.parametrize("endpoint", ["http://x", None])
def test_the_advice_of_why_can_be_pasted(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, endpoint: str | None
) -> None:
    inbox.versions, inbox.states = {"inbox/p/a.csv": "v"}, {"a.csv": "FAILED"}
    dropped = inbox.by_key("inbox/p/a.csv")
    assert dropped
    row = dropped.model_copy(update={"error_code": UploadAbandonedError.code})
    monkeypatch.setattr(Inbox, "find", lambda *_: row, raising=False)
    found = replace(a_target("prod"), endpoint=endpoint)
    monkeypatch.setattr(target, "find_target", lambda _: found)
    ran = CliRunner().invoke(app, ["why", row.upload_id])
    where = " --stack prod" if endpoint is None else ""
    assert f"winnow redrive {row.upload_id}{where}`" in ran.stdout


def test_why_sends_who_asks_of_a_row_that_cannot_be_read_to_the_audit(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = UploadRow(upload_id="0" * 32)
    monkeypatch.setattr(Inbox, "find", lambda *_: row, raising=False)
    ran = CliRunner().invoke(app, ["why", row.upload_id])
    assert ran.exit_code == 0
    assert "cannot be read" in ran.stdout
    assert "winnow audit`" in ran.stdout


def left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / ".winnow" / "submissions").glob("*.jsonl"))


@pytest.mark.parametrize("answer_lost", [False, True])
@pytest.mark.parametrize(
    ("stop", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (AwsUnreachableError("AWS does not answer."), 1, "aws_unreachable"),
        (AccessDeniedError("PutObject is not allowed."), 1, "access_denied"),
        (PermissionError(13, "Permission denied", "c.csv"), 1, "local_file"),
        (ValueError("x"), 1, "internal"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BaseException) else str(one),
)
def test_what_was_dropped_is_named_and_taken_up(
    inbox: Inbox,
    files: list[str],
    tmp_path: Path,
    stop: BaseException,
    code: int,
    says: str,
    answer_lost: bool,
) -> None:
    inbox.stop_at, inbox.stop, inbox.answer_lost = "c.csv", stop, answer_lost
    ended, document, told = submit(*files)
    assert (ended, document["error"]["code"]) == (code, says)
    assert [one["file"] for one in document["uploads"]] == files[:2]
    assert document["not_dropped"] == files[2:]
    for one in document["uploads"]:
        assert one["upload_id"] == upload_id("b", one["object_key"], one["version_id"])
        assert f"{one['upload_id']}  {one['file']}" in told
    assert all(f"\n  {name}" in told for name in files[2:])
    assert "2 of 5 files were dropped" in told
    unsure = says in ("interrupted", "aws_unreachable", "internal")
    assert document["on_its_way"] == (files[2] if unsure else None)

    inbox.stop_at = None
    ended, again, told = submit(*files)
    assert ended == 0
    assert inbox.names == {f"{name}.csv": 1 for name in "abcde"}
    assert [one["object_key"] for one in again["uploads"][:2]] == [
        one["object_key"] for one in document["uploads"]
    ]
    assert [one.get("taken_up", False) for one in again["uploads"]] == [True] * 2 + [False] * 3
    assert "2 of 5 files were dropped by an earlier submit" in told
    assert left(tmp_path) == []

    # Once more is meant so: new uploads.
    submit(*files)
    assert inbox.names == {f"{name}.csv": 2 for name in "abcde"}


def test_another_choice_of_the_files_is_taken_up_too_and_each_once(
    inbox: Inbox, files: list[str]
) -> None:
    inbox.stop_at = "d.csv"
    submit(*files)
    inbox.stop_at = None
    submit(files[1])
    assert inbox.names["b.csv"] == 1
    submit(files[1])
    assert inbox.names["b.csv"] == 2
    submit(*files)
    assert inbox.names == {"a.csv": 1, "b.csv": 3, "c.csv": 1, "d.csv": 1, "e.csv": 1}


def test_broken_off_again_and_again_it_is_dropped_once(inbox: Inbox, files: list[str]) -> None:
    for name in "abcde":
        inbox.stop_at = f"{name}.csv"
        inbox.answer_lost = name in "bd"
        submit(*files)
    inbox.stop_at = None
    assert submit(*files)[0] == 0
    assert inbox.names == {f"{name}.csv": 1 for name in "abcde"}


@pytest.mark.parametrize(
    "differently", ["content", "threshold", "process", "path", "stack", "anew", "a day later"]
)
def test_what_is_not_the_same_is_a_new_upload(
    inbox: Inbox,
    files: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    differently: str,
) -> None:
    inbox.stop_at = "b.csv"
    submit(*files)
    inbox.stop_at, file, options = None, files[0], []
    if differently == "content":
        Path(file).write_text("text\nanother\n")
    elif differently == "threshold":
        options = ["--threshold", "0.5"]
    elif differently == "path":
        (tmp_path / "other").mkdir()
        file = str(Path(file).rename(tmp_path / "other" / "a.csv"))
    elif differently == "stack":
        monkeypatch.setattr(target, "find_target", lambda name: a_target(name, "2"))
    elif differently == "anew":
        options = ["--anew"]
    elif differently == "a day later":
        now = time.time() + submissions.KEPT_S + 1
        monkeypatch.setattr("time.time", lambda: now)
    process = "q" if differently == "process" else "p"
    ran = CliRunner().invoke(app, ["submit", file, "--process", process, *options])
    assert ran.exit_code == 0
    assert inbox.names["a.csv"] == 2


def test_a_run_that_failed_meanwhile_is_dropped_anew(inbox: Inbox, files: list[str]) -> None:
    inbox.stop_at = "b.csv"
    submit(*files)
    inbox.stop_at, inbox.states = None, {"a.csv": "FAILED"}
    submit(*files)
    assert inbox.names == {"a.csv": 2, "b.csv": 1, "c.csv": 1, "d.csv": 1, "e.csv": 1}


def test_the_same_file_twice_in_one_call_is_two_uploads(inbox: Inbox, files: list[str]) -> None:
    inbox.stop_at = "c.csv"
    submit(files[0], files[0], files[2])
    inbox.stop_at = None
    submit(files[0], files[0], files[2])
    assert inbox.names == {"a.csv": 2, "c.csv": 1}


def test_an_interrupted_wait_goes_on_with_the_same_uploads(
    inbox: Inbox, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("winnow_cli.batch.wait_for_all", interrupted)
        code, document, told = submit(*files, "--wait")
    assert (code, document["not_dropped"]) == (130, [])
    assert "All files were dropped, and their runs continue" in told
    code, again, _ = submit(*files, "--wait")
    assert code == 0
    assert set(inbox.names.values()) == {1}
    assert all(one["state"] == "SUCCEEDED" for one in again["uploads"])
    submit(*files, "--wait")
    assert set(inbox.names.values()) == {2}


def test_what_did_not_end_in_time_is_waited_for_again(inbox: Inbox, files: list[str]) -> None:
    inbox.states = {"a.csv": "RUNNING"}
    assert submit(*files, "--wait", "--timeout", "1")[0] == 1
    inbox.states = {}
    assert submit(files[0], "--wait")[0] == 0
    assert inbox.names["a.csv"] == 1


def test_a_submit_that_runs_is_not_taken_up_and_one_that_was_killed_is(tmp_path: Path) -> None:
    folder, about = tmp_path / "s", {"place": "x"}
    file = tmp_path / "a"
    file.write_text("a")
    with submissions.submission(folder, about, False, print) as running:
        running.dropped(running.plan(file, lambda: "k1", time.time()), "v1")
        with submissions.submission(folder, about, False, print) as other:
            drop = other.plan(file, lambda: "k2", time.time())
            assert (drop.key, drop.dropped) == ("k2", False)
            other.settled("k2")
    # Nothing was settled in the first: it ended as a killed one does, with half a line at its end.
    (left_over,) = folder.glob("*.jsonl")
    with left_over.open("ab") as stream:
        stream.write(b'{"file": "')
    with submissions.submission(folder, about, False, print) as after:
        drop = after.plan(file, lambda: "k3", time.time())
        assert (drop.key, drop.dropped, drop.version_id) == ("k1", True, "v1")
        after.settled("k1")
    assert not list(folder.glob("*.jsonl"))


def test_where_nothing_can_be_written_files_are_dropped_all_the_same(
    inbox: Inbox, files: list[str], tmp_path: Path
) -> None:
    (tmp_path / ".winnow").mkdir()
    (tmp_path / ".winnow" / "submissions").write_text("in the way")
    code, document, told = submit(*files)
    assert (code, len(document["uploads"])) == (0, 5)
    assert "cannot be written" in told


def test_thousands_of_names_are_counted(inbox: Inbox, tmp_path: Path) -> None:
    files = [tmp_path / f"{number:04}.csv" for number in range(300)]
    for file in files:
        file.write_text("x")
    inbox.stop_at = "0150.csv"
    _, document, told = submit(*map(str, files))
    assert (len(document["uploads"]), len(document["not_dropped"])) == (150, 150)
    assert told.count("and 130 more; --json lists all.") == 2
    assert len(told.splitlines()) < 60


@pytest.mark.parametrize("kind", ["pipe", "long", "control", "surrogate"])
def test_what_makes_no_key_is_a_wrong_call(inbox: Inbox, tmp_path: Path, kind: str) -> None:
    file, process = tmp_path / "a.csv", "p"
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.write_text("x")
        process = {"long": "p" * 1000, "control": "p\x1b", "surrogate": "p\udcff"}[kind]
    ran = CliRunner().invoke(app, ["submit", str(file), "--process", process])
    assert ran.exit_code == 2
    assert not inbox.versions


def test_of_many_runs_each_is_looked_at_in_turn(inbox: Inbox, files: list[str]) -> None:
    keys = [f"inbox/p/{number}/{number}.csv" for number in range(250)]
    inbox.versions = dict.fromkeys(keys, "v")
    inbox.states = {"249.csv": "RUNNING"}
    looked: list[str] = []

    class Watched:
        def by_key(self, key: str) -> UploadRow | None:
            looked.append(key)
            if looked.count(keys[249]) == 3:
                inbox.states.clear()
            return inbox.by_key(key)

    seen: dict[str, UploadRow] = {}
    wait_for_all(Watched(), keys, 60.0, 0.0, seen)  # type: ignore[arg-type]
    assert looked == [*keys, keys[249], keys[249]]
    assert all(row.ended for row in seen.values())
    assert list(seen) == keys


def test_ctrl_c_in_any_command_leaves_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(target, "find_target", interrupted)
    for command in ("status", "audit"):
        ran = CliRunner().invoke(app, [command, "--json"])
        assert ran.exit_code == 130
        assert json.loads(ran.stdout)["error"]["code"] == "interrupted"
        assert ran.stderr == "Interrupted.\n"
