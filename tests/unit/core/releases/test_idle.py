"""The golden set in the place of traffic."""

import pytest

from tests.fakes.audits import PROCESS, an_audit, answered, sha_of
from tests.fakes.registry import AT, MemoryRegistry, a_version
from tests.fakes.releases import MailBox, MemoryLive
from winnow.errors import VersionAlteredError
from winnow.registry import aliases
from winnow.registry.aliases import Changed, Who
from winnow.registry.models import Action, ModelVersion, ProcessEntry
from winnow.releases.automatic import GATE, Gatekeeper
from winnow.releases.golden import CODE, GoldenResult
from winnow.releases.idle import take_back_broken

ANN = Who("ann", AT)
NOW = 1_800_000_000.0


def result(*, broken: bool) -> GoldenResult:
    return GoldenResult(
        version=sha_of(2), rows=40, accepted=40, right=2, lower=0.0, upper=0.2, broken=broken
    )


class Room:
    """A process with a release, and what its challenger makes of the golden set."""

    def __init__(self, found: GoldenResult | None, guarantee: float | None = 0.9) -> None:
        self.registry, self.live, self.mails = MemoryRegistry(), MemoryLive(), MailBox()
        self.found = found
        self.asked: list[float] = []
        versions = [a_version(number=number) for number in (1, 2)]
        for version in versions:
            self.registry.add(version)
        self.do(None, aliases.first(versions[0], ANN))
        self.do(self.entry, aliases.set_challenger(self.entry, versions[1], ANN))
        self.do(self.entry, aliases.start_canary(self.entry, ANN, "00", 5, guarantee=guarantee))

    def do(self, before: ProcessEntry | None, changed: Changed) -> None:
        self.registry.change(before, changed.entry, changed.change)

    @property
    def entry(self) -> ProcessEntry:
        entry = self.registry.entry(PROCESS)
        assert entry is not None
        return entry

    def look(self) -> list[str]:
        def check(
            entry: ProcessEntry, version: ModelVersion, guarantee: float
        ) -> GoldenResult | None:
            assert version.sha256 == sha_of(2)
            self.asked.append(guarantee)
            return self.found

        looked = take_back_broken(self.registry, self.live, check, self.mails, lambda: NOW)
        assert not looked.failed
        return [change.process for change in looked.changes]


def test_a_challenger_that_breaks_its_guarantee_there_is_taken_back_and_told() -> None:
    room = Room(result(broken=True))
    assert room.look() == [PROCESS]
    assert (room.entry.champion, room.entry.challenger) == (sha_of(1), None)
    last = room.registry.history(PROCESS)[-1]
    assert (last.action, last.by, last.code) == (Action.ROLLED_BACK, GATE, CODE)
    assert last.automatic
    (mail,) = room.mails.sent
    assert f"{sha_of(2)[:12]} was taken back" in mail.subject
    assert "On the golden set" in mail.body
    # What is over is not looked at again.
    assert room.look() == []
    assert room.asked == [0.9]


@pytest.mark.parametrize("found", [None, result(broken=False)], ids=["no golden set", "kept"])
def test_otherwise_nothing_is_taken_back_and_nothing_promoted(found: GoldenResult | None) -> None:
    room = Room(found)
    before = room.entry
    assert room.look() == []
    assert room.entry == before
    assert room.mails.sent == []


def test_without_a_guarantee_there_is_nothing_to_break() -> None:
    room = Room(result(broken=True), guarantee=None)
    assert room.look() == []
    assert room.asked == []


def test_a_release_that_is_audited_is_the_gates_alone() -> None:
    room = Room(result(broken=True))
    gate = Gatekeeper(room.registry, room.live, room.mails, lambda: NOW)
    gate.decided([answered(an_audit(1, version=sha_of(2)), right=True)])
    assert room.look() == []
    assert room.asked == []


@pytest.mark.parametrize(
    "error", [VersionAlteredError("A file is gone."), KeyError("a mistake of ours")], ids=repr
)
@pytest.mark.parametrize("failing", ["aaa", "mmm", "zzz"])
def test_a_process_that_cannot_be_judged_keeps_no_other_from_being_taken_back(
    error: Exception, failing: str
) -> None:
    registry, live, mails = MemoryRegistry(), MemoryLive(), MailBox()
    for process in ("aaa", "mmm", "zzz"):
        one, two = (a_version(process, number) for number in (1, 2))
        registry.add(one)
        registry.add(two)
        first = aliases.first(one, ANN)
        challenged = aliases.set_challenger(first.entry, two, ANN)
        canary = aliases.start_canary(challenged.entry, ANN, "00", 5, guarantee=0.9)
        registry.change(None, *first)
        registry.change(first.entry, *challenged)
        registry.change(challenged.entry, *canary)

    def check(entry: ProcessEntry, version: ModelVersion, guarantee: float) -> GoldenResult:
        if entry.process == failing:
            raise error
        return result(broken=True)

    looked = take_back_broken(registry, live, check, mails, lambda: NOW)
    others = sorted({"aaa", "mmm", "zzz"} - {failing})
    assert [change.process for change in looked.changes] == others
    assert [(one.process, one.error) for one in looked.failed] == [(failing, error)]
    assert len(mails.sent) == 2
    left = registry.entry(failing)
    assert left is not None
    assert left.release is not None
