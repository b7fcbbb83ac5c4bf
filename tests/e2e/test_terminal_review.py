"""What was set aside is decided in a terminal, seen in the results, exported and trained with."""

import csv
import json
import os
import re
import tempfile
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import Stack, until, winnow
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.model
SEATS = [
    *(f"Number {n} asks for a seat at the window, please." for n in range(12)),
    *(f"Number {n} asks for a seat at the aisle, please." for n in range(12)),
]
KEYS = {"window": "1", "aisle": "2"}


def queued(stack: Stack, body: str, process: str, count: int, name: str = "cases.csv") -> str:
    """The id of an upload whose records for review are in the queue."""
    row = stack.run(name, body, process)

    def complete() -> bool:
        (document,) = winnow("status", row.upload_id, "--json").document()["uploads"]
        return bool(document.get("reviews", {}).get("queued") == count)

    until(complete)
    return row.upload_id


def review(process: str) -> Terminal:
    return Terminal("review", "--terminal", "--process", process, environment=os.environ)


def test_the_demos_five_records_take_five_keys(stack: Stack) -> None:
    sample = (ROOT / "samples" / "prior-auth-cases.csv").read_text(encoding="utf-8")
    upload = queued(stack, sample, "L33774", 5)
    mine = upload[:12]
    decided: list[int] = []
    with review("L33774") as terminal:
        while len(decided) < 5:
            screen = terminal.wait("Q quit")
            shown = re.search(r"record (\d+) of ([0-9a-f]{12})", screen)
            assert shown, screen
            # Other tests may have put records of this process into the queue, too.
            terminal.press("2" if shown[2] == mine else "s")
            decided += [int(shown[1])] if shown[2] == mine else []
            moved_on(terminal, shown[0])
        terminal.press("q")
        assert terminal.end() == 0
    assert sorted(decided) == [9, 10, 11, 12, 14]
    records = winnow("results", upload, "--json").document()["records"]
    reviews = {r["record"]: r["review"]["decision"] for r in records if "review" in r}
    assert reviews == dict.fromkeys((9, 10, 11, 12, 14), "not_met")
    assert "5 of 5 decided" in winnow("status", upload).out
    events = winnow("history", upload, "9", "--json").document()["events"]
    assert [(e["from"], e["to"], e["by"], e["through"]) for e in events] == [
        ("undetermined", "not_met", "you@winnow.local", "terminal")
    ]
    results = f"results/L33774/{upload}"
    counts = until(lambda: _complete_counts(stack, f"{results}/review.json"))
    assert counts["totals"]["decided"] == 5
    lines = stack.s3.get_object(Bucket=stack.target.results_bucket, Key=f"{results}/reviewed.jsonl")
    assert [json.loads(line)["decision"] for line in lines["Body"].iter_lines()] == ["not_met"] * 5


def moved_on(terminal: Terminal, before: str) -> None:
    """Wait until another record is shown than the one before, or that nothing is left."""

    def moved(screen: str) -> bool:
        return ("Q quit" in screen and before not in screen) or "Nothing is left" in screen

    terminal.wait_for(moved, f"another record than {before}")


def _complete_counts(stack: Stack, key: str) -> dict | None:
    content = stack.s3.get_object(Bucket=stack.target.results_bucket, Key=key)["Body"].read()
    counts: dict = json.loads(content)
    return counts if counts["complete"] else None


def test_what_was_decided_is_exported_and_trained_with(stack: Stack, tmp_path: Path) -> None:
    body = "id,text\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(SEATS))
    queued(stack, body, "seats", len(SEATS))
    with review("seats") as terminal:
        while "Nothing is left" not in (screen := terminal.wait("Q quit")):
            shown = re.search(r"record \d+ of ", screen)
            label = re.search(r"seat at the (\w+)", screen)
            assert shown, screen
            assert label, screen
            terminal.press(KEYS[label[1]])
            moved_on(terminal, shown[0])
        terminal.press("q")
        assert terminal.end() == 0
        assert "You decided 24." in terminal.output
    data = tmp_path / "decided.csv"
    exported = winnow("reviews", "export", "--process", "seats", "--output", data, "--json")
    assert exported.document()["rows"] == len(SEATS)
    with data.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["text"] for row in rows} == set(SEATS)
    assert all(row["decision"] in row["text"] for row in rows)
    assert {row["decided_by"] for row in rows} == {"you@winnow.local"}
    processes = tmp_path / "processes"
    processes.mkdir()
    own = ROOT / "tests" / "e2e" / "processes" / "seats.yaml"
    (processes / own.name).write_bytes(own.read_bytes())
    given = ("--process", "seats", "--data", data, "--processes", processes, "--json")
    trained = winnow("train", *given)
    assert trained.code == 0, trained.err
    assert trained.document()["rows"] == len(SEATS)
    assert winnow("evaluate", *given).document()["evaluation"]["rows"] == len(SEATS)


def test_leaving_with_ctrl_c_gives_the_records_back(stack: Stack) -> None:
    upload = queued(stack, "id,text\n1,A seat.\n2,Another seat.\n", "seats", 2, "left.csv")
    with review("seats") as terminal:
        terminal.wait("Q quit")
        held = winnow("queue", "--process", "seats", "--json").document()["records"]
        assert [r["leased_by"] for r in held if r["upload"] == upload].count(None) == 0
        terminal.press("\x03")
        assert terminal.end() == 130
    left = winnow("queue", "--process", "seats", "--json").document()["records"]
    assert {r["leased_by"] for r in left if r["upload"] == upload} == {None}


def test_a_person_is_erased_from_every_version(stack: Stack) -> None:
    upload = queued(
        stack, "id,text\nhans,Hans wants a seat.\ngrete,Grete too.\n", "seats", 2, "h.csv"
    )
    erased = winnow("forget", upload, "1", "--yes", "--json")
    assert erased.code == 0, erased.err
    assert "Hans" not in _everything(stack, upload)
    assert "Grete too." in _everything(stack, upload)
    assert winnow("history", upload, "1", "--json").document()["review"]["state"] == "erased"
    assert "erased: It was erased on request." in winnow("results", upload).out
    assert winnow("forget", upload, "--yes").code == 0
    assert "Grete" not in _everything(stack, upload)
    assert "record_erased" in winnow("results", upload).err
    assert "erased" in winnow("status", upload).out
    assert winnow("forget", upload, "--yes").code == 0


def _everything(stack: Stack, upload: str) -> str:
    """All versions of all objects that are about an upload, and its file."""
    found = []
    for bucket in (stack.target.results_bucket, stack.target.uploads_bucket):
        pages = stack.s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for page in pages:
            for version in page.get("Versions", []):
                key = version["Key"]
                if upload in key or key.endswith("/h.csv"):
                    content = stack.s3.get_object(
                        Bucket=bucket, Key=key, VersionId=version["VersionId"]
                    )
                    found.append(_text(key, content["Body"].read()))
    return "\n".join(found)


def _text(key: str, content: bytes) -> str:
    """What an object says; a file of the index is compressed, so its rows are read."""
    if not key.endswith(".parquet"):
        return content.decode(errors="replace")
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(content)
        file.flush()
        return str(duckdb.read_parquet(file.name).fetchall())


def test_the_page_is_named_and_a_stack_without_reviews_says_so(stack: Stack) -> None:
    assert winnow("review", "--print").out.strip() == stack.target.outputs["ReviewPage"]
    assert winnow("review", "--terminal").code == 2
