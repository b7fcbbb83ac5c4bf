"""What `make demo` leads a new user through: five records, five keys, an export, a training."""

import csv
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import chromium
from tests.conftest import ROOT
from tests.e2e.conftest import RUN_TIMEOUT_S, Answer, Stack, until, winnow
from winnow_local.sign_in import USER

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.model
SET_ASIDE = {9: "PA-1009", 10: "PA-1010", 11: "PA-1011", 12: "PA-1012", 14: "PA-1014"}
SHEET = """() => [
  document.querySelector('.sheet .meta a[href^="#/uploads/"]')?.getAttribute("href"),
  document.querySelector("#record-name")?.textContent,
]"""
# Two uploads of one file have records of one name, so the upload is compared as well.
ANOTHER = f"shown => {{ const now = ({SHEET})(); return now.every(Boolean) && now + '' != shown }}"


@pytest.fixture(scope="module")
def page() -> "Iterator[Page]":
    with chromium() as browser:
        context = browser.new_context()
        context.set_default_timeout(RUN_TIMEOUT_S * 1000)
        yield context.new_page()


class Demo:
    """What `make demo` has printed."""

    def __init__(self, output: str) -> None:
        self.output = output

    def key(self, name: str) -> str:
        """The key of the first sample of this name."""
        found = re.search(rf"put (inbox/\S+/{re.escape(name)})", self.output)
        assert found, self.output
        return found[1]

    def arguments(self, title: str) -> list[str]:
        """Those of the `winnow` command that its last part names so."""
        found = re.search(rf"^  {title} +(\S*winnow .+?)(?:  \(.*)?$", self.output, re.MULTILINE)
        assert found, self.output
        return shlex.split(found[1])[1:]

    @property
    def searched(self) -> list[str]:
        """The arguments of the search that it shows with what was found."""
        found = re.search(r"  \S*winnow (search .+)$", self.output, re.MULTILINE)
        assert found, self.output
        shown = re.search(r"([\d,]+) of ([\d,]+) records, ", self.output)
        assert shown, self.output
        assert int(shown[1]) > 0
        return shlex.split(found[1])


@pytest.fixture(scope="module")
def demo(stack: Stack) -> Demo:
    # `stack` has set the environment, so the demo finds this stack running.
    command = [sys.executable, "-m", "winnow_cli.demo"]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return Demo(ran.stdout)


@pytest.mark.slow
def test_the_five_records_that_the_demo_sets_aside_are_decided_exported_and_trained_with(
    stack: Stack, demo: Demo, page: "Page", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = stack.uploads.by_key(demo.key("prior-auth-cases.csv"))
    assert row is not None
    assert row.review == len(SET_ASIDE)
    assert demo.arguments("Decided") == ["results", row.upload_id[:12]]
    until(lambda: queued(row.upload_id) == len(SET_ASIDE))

    # The page that `winnow review` opens: one key a record, and the next is there.
    assert demo.arguments("Decide") == ["review"]
    page.goto(f"{winnow('review', '--print').out.strip()}#/review?process=L33774")
    keys = 0
    while keys < len(SET_ASIDE):
        page.locator("#record-name").wait_for()
        of, name = page.evaluate(SHEET)
        mine = of == f"#/uploads/{row.upload_id}" and name in SET_ASIDE.values()
        # Other tests have records of this process in the queue, too; and there are spot checks.
        page.wait_for_selector("body:not(.fresh)")
        page.keyboard.press("2" if mine else "s")
        keys += mine
        if keys < len(SET_ASIDE):
            page.wait_for_function(ANOTHER, arg=f"{of},{name}")
    page.get_by_text("All saved").wait_for()

    # The search that it shows finds those records of this upload, too, and each only once.
    asked = (*demo.searched, "--upload", row.upload_id, "--json")
    found = until(lambda: (told := winnow(*asked).document())["total"] and told)
    numbers = [hit["record"] for hit in found["hits"]]
    assert found["total"] == len(numbers) == len(set(numbers)) > 0

    # The corrected results.
    corrected = winnow(*demo.arguments("Decided"), "--json").document()["records"]
    assert {
        record["record"]: (record["review"]["decision"], record["review"]["by"])
        for record in corrected
        # One that was accepted may be in the queue for a spot check.
        if record.get("review", {}).get("state") == "decided"
    } == dict.fromkeys(SET_ASIDE, ("not_met", USER))
    assert "reviewed" in winnow(*demo.arguments("Decided")).out

    # The export: of this upload those five.
    data = tmp_path / "decided.csv"
    exported = with_file(demo.arguments("Export"), data)
    assert exported.code == 0, exported.err
    with data.open(encoding="utf-8", newline="") as stream:
        rows = [line for line in csv.DictReader(stream) if line["upload"] == row.upload_id]
    # In whatever order they were decided: the least sure came first.
    assert sorted((line["id"], line["decision"], line["changed"]) for line in rows) == [
        (case, "not_met", "true") for case in SET_ASIDE.values()
    ]

    # A training with them, beside the labelled notes that one has.
    alone = tmp_path / "five.csv"
    with alone.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    processes = tmp_path / "processes"
    processes.mkdir()
    own = ROOT / "processes" / "L33774.yaml"
    (processes / own.name).write_bytes(own.read_bytes())
    monkeypatch.setenv("WINNOW_PROCESSES", str(processes))
    monkeypatch.chdir(ROOT)
    given = demo.arguments("Train")
    refused = winnow("train", "--process", "L33774", "--data", alone)
    assert refused.code == 1
    assert "another --data" in refused.err
    trained = with_file([*given, "--json"], alone)
    assert trained.code == 0, trained.err
    with (ROOT / given[given.index("--data") + 1]).open(encoding="utf-8", newline="") as stream:
        labelled = sum(1 for _ in csv.DictReader(stream))
    assert trained.document()["rows"] == labelled + len(SET_ASIDE)
    assert trained.document()["left_out"] == 0
    measured = winnow("evaluate", "--process", "L33774", "--data", alone, "--json").document()
    assert measured["evaluation"]["rows"] == len(SET_ASIDE)
    # They were trained on: what is measured are decisions of the folds without them.
    assert measured["evaluation"]["held_out"] == len(SET_ASIDE)
    tuned = with_file(["tune", *given[1:], "--precision", "0.8", "--dry-run", "--json"], alone)
    assert tuned.document()["rows"] == labelled + len(SET_ASIDE)


def queued(upload: str) -> int:
    """How many records of an upload are in the queue or decided."""
    (document,) = winnow("status", upload, "--json").document()["uploads"]
    count: int = document.get("reviews", {}).get("queued", 0)
    return count


def with_file(arguments: list[str], data: Path) -> Answer:
    """Runs a command of the demo, with a file of the test's own in place of decided.csv."""
    assert "decided.csv" in arguments
    return winnow(*(data if each == "decided.csv" else each for each in arguments))
