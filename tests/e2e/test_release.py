"""Models have a life: a release that proves itself, and one that is taken back by itself.

One story on a stack of its own, where every accepted record is audited. The reviewer is a script
that knows the truth; nothing is restarted in between.
"""

import csv
import io
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import needs_model
from tests.fakes.heads import PROCESS, rows, write_rows
from winnow.models import Result
from winnow.recovery.upload_row import UploadRow
from winnow.releases import live
from winnow.releases.live import Expected
from winnow.releases.models import VersionTotals
from winnow.releases.status import recounts_of
from winnow.reviews.models import QueueFilter
from winnow.reviews.service import Given
from winnow_cli.releases import StackReleases, open_releases
from winnow_cli.reviews import StackReviews
from winnow_cli.target import find_target
from winnow_local import mailbox
from winnow_local.stack import start_detached, stop
from winnow_local.state import STATE_DIR_VARIABLE, StateDir

from .conftest import Stack, until, winnow

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(600)]

GUARANTEE = "0.9"
RECORDS = 25
"""Of an upload."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    needs_model()
    state_dir = StateDir(tmp_path_factory.mktemp("release") / ".winnow")
    parameters = {
        "ReviewAuditShare": "100",
        "ReviewBlindShare": "50",
        "DisagreementShare": "100",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_DIR_VARIABLE, str(state_dir.path))
        try:
            state = start_detached(state_dir, lambda _: None, parameters)
            yield Stack(state, state_dir, find_target(None))
        finally:
            stop(state_dir)


class Story:
    """The stack, its reviewer, and the versions of the process."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.reviews = StackReviews(stack.target)
        self.releases: StackReleases = open_releases(stack.target)
        self.truth: dict[str, str] = {}
        self.results: list[tuple[UploadRow, Result]] = []
        self._seeds = count(100)

    # -- versions --------------------------------------------------------------------------------

    def publish(self, name: str, made: list[tuple[str, str, str]], alias: str) -> str:
        """Train a head on some rows and publish it; its sha256."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "bank.yaml").write_text(
            PROCESS.replace("0.7 ", "0.4 ").replace("1.2.3", f"{next(self._seeds)}.0.0"), "utf-8"
        )
        data = write_rows(folder / "train.csv", made)
        trained = winnow(
            *("train", "--process", "bank", "--label-column", "label", "--data", data),
            *("--processes", folder, "--json"),
        )
        assert trained.code == 0, trained.err
        done = winnow("process", "publish", folder / "bank.yaml", "--as", alias, "--json")
        assert done.code == 0, done.out
        version: str = done.document()["version"]["sha256"]
        return version

    @property
    def entry(self) -> Any:
        return self.releases.models.entry("bank")

    def status(self) -> Any:
        (found,) = winnow("release", "status", "bank", "--json").document()["processes"]
        return found

    # -- uploads ---------------------------------------------------------------------------------

    def upload(self) -> Result:
        """A file of records; its result, once its audits are in the queue."""
        made = rows(RECORDS, seed=next(self._seeds), noise=0.0)
        self.truth |= {text: label for text, label, _ in made}
        stream = io.StringIO()
        csv.writer(stream).writerows([("text",), *((text,) for text, _, _ in made)])
        row = self.stack.run("cases.csv", stream.getvalue(), "bank")
        assert row.state == "SUCCEEDED", row.error_code
        result = self.stack.uploads.result(row)
        self.results.append((row, result))
        until(lambda: self.reviews.store.totals_of_upload(row.upload_id) is not None)
        return result

    def decide(self) -> int:
        """Decide everything that is in the queue; how many records that were."""
        decided = 0
        wanted = [QueueFilter(process="bank")]
        while heads := self.reviews.service.take("script", wanted, 50):
            for head in heads:
                record = self.reviews.items.record(head)
                answer = Given(self.truth[str(record.text)])
                self.reviews.service.decide("script", head.key, head.version, answer)
                decided += 1
        return decided

    def counted(self) -> None:
        """Wait until every decision of an audited record is counted, and compare all counts."""
        expected: dict[str, list[bool]] = {}
        for row, _ in self.results:
            for head in self.reviews.store.heads(row.upload_id):
                if live.audited(head) and head.agreed is not None:
                    assert head.judged_by is not None
                    expected.setdefault(head.judged_by.sha256, []).append(head.agreed)

        def same() -> bool:
            return all(
                VersionTotals.of(self.releases.live.observations("bank", version)).audited
                == len(answers)
                for version, answers in expected.items()
            )

        until(same)
        for version, answers in expected.items():
            watch = self.releases.live.watch("bank", version)
            assert watch is not None
            every = list(self.releases.live.observations("bank", version))
            assert VersionTotals.of(every).right == sum(answers)
            assert live.differences(watch, every) == []
            again = live.recount(
                "bank", version, every, Expected(watch.guarantee, watch.state.expected)
            )
            assert again is not None
            assert (watch.observed, watch.state) == (again.observed, again.state)

    def mails(self) -> list[str]:
        return [m.subject for m in mailbox.read(self.stack.state_dir.mail) if "bank" in m.subject]


def rotated(made: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Rows whose labels are all wrong."""
    wrong = {"card": "loan", "loan": "app", "app": "card"}
    return [(text, wrong[label], branch) for text, label, branch in made]


def test_a_release_proves_itself_and_a_worse_one_is_taken_back_by_itself(
    stack: Stack, tmp_path: Path
) -> None:
    story = Story(stack, tmp_path)
    began = stack.state_dir.read()
    champion = story.publish("first", rows(90, noise=0.25), "champion")

    # 200 records that people decide.
    for _ in range(8):
        assert story.upload().version.sha256 == champion
    assert story.decide() >= 150
    story.counted()
    assert story.status()["champion"]["audited"] > 0

    # A challenger, which judges beside the champion at first.
    challenger = story.publish("second", rows(400, noise=0.0), "challenger")
    told = winnow(*("release", "shadow", "bank", "--guarantee", GUARANTEE, "--automatic", "--json"))
    assert told.code == 0, told.err
    result = story.upload()
    assert (result.version.sha256, result.shadow.version) == (champion, challenger)
    assert result.shadow.records == RECORDS
    assert result.shadow.dropped == 0
    until(lambda: story.status()["differences"] is not None)
    differences = story.status()["differences"]
    assert (differences["records"], differences["differed"]) == (RECORDS, result.shadow.differed)
    story.decide()
    story.counted()
    assert story.entry.champion == champion

    # A canary of half of the uploads: the bound rises, and it is promoted by itself.
    winnow("release", "canary", "bank", "--percent", "50")
    lowest = [story.status()["challenger"]["lower"]]
    for _ in range(40):
        story.upload()
        story.decide()
        story.counted()
        if story.entry.champion == challenger:
            break
        lowest.append(story.status()["challenger"]["lower"])
    assert lowest == sorted(lowest)
    assert lowest[-1] > lowest[0]
    until(lambda: story.entry.champion == challenger)
    assert story.entry.previous == champion
    assert story.status()["champion"]["lower"] >= float(GUARANTEE)
    until(lambda: any("was promoted" in subject for subject in story.mails()))
    canary = {r.version.sha256 for _, r in story.results if r.version}
    assert canary == {champion, challenger}, "both sides decided"
    assert story.upload().version.sha256 == challenger

    # A worse one is taken back by itself.
    worse = story.publish("third", rotated(rows(400, noise=0.0)), "challenger")
    winnow(
        *("release", "canary", "bank", "--percent", "50"),
        *("--guarantee", GUARANTEE, "--automatic"),
    )
    for _ in range(40):
        story.upload()
        story.decide()
        story.counted()
        if story.entry.release is None:
            break
    until(lambda: story.entry.release is None)
    assert (story.entry.champion, story.entry.challenger) == (challenger, None)
    history = winnow("model", "show", "bank", "--json").document()["history"]
    last = history[-1]
    assert (last["action"], last["automatic"], last["challenger_before"]) == (
        "rolled_back",
        True,
        worse,
    )
    assert "guarantee" in last["reason"]
    until(lambda: any("was taken back" in subject for subject in story.mails()))
    (banner,) = story.status()["banners"]
    assert banner["text"] == last["reason"]
    begun = time.monotonic()
    assert story.upload().version.sha256 == challenger
    assert time.monotonic() - begun < 60

    # Nothing was restarted, no run saw two versions, and every number equals the events.
    assert stack.state_dir.read() == began
    for row, result in story.results:
        assert result.version is not None
        judged = {h.judged_by for h in story.reviews.store.heads(row.upload_id)}
        assert judged <= {result.version}
    story.decide()
    story.counted()
    versions = (first.sha256 for first in story.releases.models.versions(story.entry))
    recounts = recounts_of("bank", versions, story.releases.live)
    assert sum(recount.totals.audited for recount in recounts) > 200
    assert all(not recount.differing for recount in recounts)
    audit = winnow("audit", "--json")
    assert audit.code == 0, audit.out


def test_of_no_percent_none_and_of_all_percent_every_upload_is_the_challengers(
    stack: Stack, tmp_path: Path
) -> None:
    story = Story(stack, tmp_path)
    first = story.publish("fourth", rows(90, noise=0.1), "champion")
    second = story.publish("fifth", rows(120, noise=0.0), "challenger")
    for percent, expected in ((0, first), (100, second)):
        told = winnow("release", "canary", "bank", "--percent", str(percent))
        assert told.code == 0, told.err
        for _ in range(2):
            result = story.upload()
            assert result.version is not None
            assert result.version.sha256 == expected
    assert winnow("release", "stop", "bank").code == 0
    assert story.upload().version.sha256 == first
