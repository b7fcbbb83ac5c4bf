"""The gate at work: what audits prove is done, once, and told."""

import pytest

from tests.fakes.audits import PROCESS, an_audit, answered, sha_of
from tests.fakes.registry import AT, MemoryRegistry, a_version
from tests.fakes.releases import MailBox, MemoryLive
from winnow.errors import ReleaseConflictError
from winnow.registry import aliases
from winnow.registry.aliases import Changed, Who
from winnow.registry.models import Action, AliasChange, ProcessEntry
from winnow.releases.automatic import GATE, Gatekeeper, Seen
from winnow.releases.status import status_of

ANN = Who("ann", AT)
CHAMPION, CHALLENGER = sha_of(1), sha_of(2)


class Stage:
    """A champion and a challenger in a release."""

    def __init__(
        self,
        *,
        guarantee: float | None = 0.9,
        automatic: bool = True,
        promised: float | None = None,
    ) -> None:
        self.registry = MemoryRegistry()
        self.live = MemoryLive()
        self.mails = MailBox()
        self.gate = Gatekeeper(self.registry, self.live, self.mails, lambda: 1_800_000_000.0)
        self.records = 0
        first = a_version(number=1, guarantee=0.9)
        second = a_version(number=2, guarantee=promised)
        for version in (first, second):
            self.registry.add(version)
        self.do(None, aliases.first(first, ANN))
        self.do(self.entry, aliases.set_challenger(self.entry, second, ANN))
        self.do(
            self.entry,
            aliases.start_canary(
                self.entry, ANN, "00", 50, guarantee=guarantee, automatic=automatic
            ),
        )

    @property
    def entry(self) -> ProcessEntry:
        entry = self.registry.entry(PROCESS)
        assert entry is not None
        return entry

    def do(self, before: ProcessEntry | None, changed: Changed) -> None:
        self.registry.change(before, changed.entry, changed.change)

    def decide(self, *rights: bool | None, version: str = CHALLENGER) -> list[Seen]:
        """People decide records that a version accepted, one delivery each."""
        seen: list[Seen] = []
        for right in rights:
            self.records += 1
            head = answered(an_audit(self.records, version=version), right=right)
            seen += self.gate.decided([head])
        return seen

    @property
    def changes(self) -> list[AliasChange]:
        return [change for change in self.registry.history(PROCESS) if change.automatic]


def test_a_challenger_whose_guarantee_is_proven_is_promoted_once_and_told() -> None:
    stage = Stage()
    stage.decide(*[True] * 80)
    assert stage.entry.champion == CHALLENGER
    assert (stage.entry.previous, stage.entry.challenger, stage.entry.release) == (
        CHAMPION,
        None,
        None,
    )
    assert stage.entry.previous_until == "2027-01-16T08:00:00.000Z"
    (change,) = stage.changes
    assert (change.action, change.by, change.code) == (Action.PROMOTED, GATE, "guarantee_proven")
    (mail,) = stage.mails.sent
    assert f"{CHALLENGER[:12]} was promoted" in mail.subject
    assert change.reason in mail.body
    assert "90 %" in change.reason


def test_one_that_breaks_it_is_taken_back_also_without_automatic_promotion() -> None:
    stage = Stage(automatic=False)
    stage.decide(*[True, False] * 30)
    assert stage.entry.champion == CHAMPION
    assert (stage.entry.release, stage.entry.challenger) == (None, None)
    (change,) = stage.changes
    assert (change.action, change.code) == (Action.ROLLED_BACK, "guarantee_broken")
    (mail,) = stage.mails.sent
    assert "taken back" in mail.subject
    assert "decides every new upload" in mail.body


@pytest.mark.parametrize(
    "settings", [{"automatic": False}, {"guarantee": None, "automatic": False}]
)
def test_nothing_is_promoted_by_itself_without_a_guarantee_or_if_nobody_asked(
    settings: dict[str, object],
) -> None:
    stage = Stage(**settings)  # type: ignore[arg-type]
    stage.decide(*[True] * 100)
    assert stage.entry.champion == CHAMPION
    assert stage.entry.release is not None
    assert stage.mails.sent == []


def test_no_audits_neither_promote_nor_roll_back() -> None:
    stage = Stage()
    before = stage.entry
    assert stage.gate.act(PROCESS) is not None
    assert stage.decide(None, None) != []
    assert stage.entry == before
    assert stage.mails.sent == []


def test_in_a_shadow_nothing_is_promoted() -> None:
    stage = Stage()
    stage.do(
        stage.entry, aliases.start_shadow(stage.entry, ANN, "00", guarantee=0.9, automatic=True)
    )
    stage.decide(*[True] * 100)
    assert stage.entry.champion == CHAMPION


def test_a_delivery_that_comes_again_repeats_nothing() -> None:
    stage = Stage()
    stage.decide(*[True] * 80)
    entry, sent = stage.entry, list(stage.mails.sent)
    head = answered(an_audit(1, version=CHALLENGER), right=True)
    stage.gate.decided([head, head])
    assert (stage.entry, stage.mails.sent) == (entry, sent)


def test_an_email_that_was_not_sent_is_sent_by_the_next_delivery() -> None:
    class Down(MailBox):
        down = True

        def send(self, mail: object, attributes: object = None) -> None:
            if self.down:
                raise ConnectionError
            super().send(mail)  # type: ignore[arg-type]

    stage = Stage()
    box = Down()
    stage.gate = Gatekeeper(stage.registry, stage.live, box, lambda: 1_800_000_000.0)
    with pytest.raises(ConnectionError):
        stage.decide(*[True] * 80)
    assert stage.entry.champion == CHALLENGER
    assert box.sent == []
    box.down = False
    stage.decide(True)
    stage.decide(True)
    assert len(box.sent) == 1


def test_somebody_who_is_faster_is_looked_at_again() -> None:
    class Late(MemoryRegistry):
        """Somebody stops the release just before the gate's change."""

        late = True

        def change(
            self, before: ProcessEntry | None, after: ProcessEntry, change: AliasChange
        ) -> None:
            if change.automatic and self.late and before is not None:
                self.late = False
                stopped = aliases.stop(before, ANN)
                super().change(before, stopped.entry, stopped.change)
                raise ReleaseConflictError("Somebody was faster.")
            super().change(before, after, change)

    stage = Stage()
    late = Late()
    late.__dict__.update(vars(stage.registry))
    stage.registry = late
    stage.gate = Gatekeeper(late, stage.live, stage.mails, lambda: 1_800_000_000.0)
    stage.decide(*[True] * 80)
    assert stage.entry.champion == CHAMPION
    assert stage.changes == []
    assert stage.mails.sent == []


def test_the_champion_is_watched_and_people_are_told_once_when_its_guarantee_breaks() -> None:
    stage = Stage()
    stage.do(stage.entry, aliases.stop(stage.entry, ANN))
    stage.decide(*[True] * 300, version=CHAMPION)
    assert stage.mails.sent == []
    seen = stage.decide(*[False, True] * 40, version=CHAMPION)
    (mail,) = stage.mails.sent
    assert "the guarantee is not kept" in mail.subject
    assert seen[-1].champion is not None
    assert seen[-1].champion.broken
    assert stage.entry.champion == CHAMPION


def test_a_version_without_a_promise_is_watched_and_nobody_is_told() -> None:
    stage = Stage(guarantee=None, automatic=False)
    stage.decide(*[False] * 60)
    assert stage.mails.sent == []
    watch = stage.live.watch(PROCESS, CHALLENGER)
    assert watch is not None
    assert watch.precision.n == 60


def test_the_promoted_version_is_watched_by_the_guarantee_of_its_release() -> None:
    stage = Stage()
    stage.decide(*[True] * 80)
    stage.decide(*[True] * 5)
    watch = stage.live.watch(PROCESS, CHALLENGER)
    assert watch is not None
    assert (watch.guarantee, watch.precision.n) == (0.9, 85)


# -- the champion before, kept ready ---------------------------------------------------------------


def replaced(
    guarantee: float | None = 0.9,
    until: str | None = "2027-01-16T08:00:00.000Z",
    released: float | None = None,
) -> Stage:
    """A version that became champion at once, and the one before, which is kept ready."""
    stage = Stage(promised=guarantee)
    stage.do(stage.entry, aliases.stop(stage.entry, ANN))
    version = stage.registry.version(PROCESS, CHALLENGER)
    changed = aliases.promote(stage.entry, version, ANN, previous_until=until, guarantee=released)
    stage.do(stage.entry, changed)
    return stage


def test_a_new_champion_that_breaks_its_guarantee_is_taken_back_while_the_old_one_is_ready() -> (
    None
):
    stage = replaced()
    stage.decide(*[True, False] * 30)
    entry = stage.entry
    assert (entry.champion, entry.previous, entry.previous_until) == (CHAMPION, CHALLENGER, None)
    (change,) = stage.changes
    assert (change.action, change.code, change.by) == (
        Action.ROLLED_BACK,
        "guarantee_broken",
        GATE,
    )
    (mail,) = stage.mails.sent
    assert f"{CHALLENGER[:12]} was taken back" in mail.subject
    assert f"The champion before, {CHAMPION[:12]}, was kept ready" in mail.body
    assert change.reason in mail.body
    # It is not taken back a second time, whatever people find of what it had accepted.
    stage.decide(*[False] * 10)
    assert stage.entry == entry
    assert len(stage.mails.sent) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"guarantee": None},
        {"until": None},
        {"until": "2027-01-15T08:00:00.000Z"},
    ],
    ids=["nothing promised", "none kept ready", "its time is over"],
)
def test_without_a_promise_or_a_champion_that_is_ready_nothing_is_taken_back(
    settings: dict[str, str | None],
) -> None:
    stage = replaced(**settings)  # type: ignore[arg-type]
    stage.decide(*[True, False] * 30)
    assert stage.entry.champion == CHALLENGER
    assert stage.changes == []


def test_the_champion_before_is_no_way_out_if_it_breaks_the_same_guarantee() -> None:
    stage = replaced()
    stage.decide(*[True, False] * 30, version=CHAMPION)
    stage.decide(*[True, False] * 30)
    assert stage.entry.champion == CHALLENGER
    assert ["the guarantee is not kept" in mail.subject for mail in stage.mails.sent] == [True]


def test_a_champion_is_held_to_the_guarantee_that_it_was_released_with() -> None:
    stage = replaced(guarantee=None, released=0.9)
    stage.decide(*[True, False] * 30)
    assert stage.entry.champion == CHAMPION
    assert stage.entry.promised is None
    (change,) = stage.changes
    assert "90 %" in change.reason


def promoted_later(canary: float, champion: float) -> Stage:
    """A version that broke the guarantee of its canary, and was promoted later with another one."""
    stage = Stage(guarantee=canary, automatic=False)
    stage.decide(*[True] * 36, *[False] * 4)
    version = stage.registry.version(PROCESS, CHALLENGER)
    changed = aliases.promote(
        stage.entry,
        version,
        ANN,
        previous_until="2027-01-16T08:00:00.000Z",
        guarantee=champion,
    )
    stage.do(stage.entry, changed)
    stage.mails.sent.clear()
    return stage


def test_after_a_promotion_the_guarantee_agreed_then_holds_before_another_audit_is_counted() -> (
    None
):
    stage = promoted_later(canary=0.99, champion=0.8)
    assert [change.action for change in stage.changes] == [Action.ROLLED_BACK]
    # Of a run of before: it says nothing of the new champion.
    (seen,) = stage.decide(True, version=CHAMPION)
    assert stage.entry.champion == CHALLENGER
    assert stage.mails.sent == []
    assert seen.champion is not None
    assert (seen.champion.guarantee, seen.champion.broken) == (0.8, False)


def test_so_does_one_that_was_agreed_higher() -> None:
    stage = promoted_later(canary=0.5, champion=0.99)
    assert stage.changes == []
    stage.decide(True, version=CHAMPION)
    (change,) = stage.changes
    assert (stage.entry.champion, change.code) == (CHAMPION, "guarantee_broken")
    assert "99 %" in change.reason


def test_the_status_shows_the_guarantee_that_was_agreed_on() -> None:
    stage = promoted_later(canary=0.99, champion=0.8)
    watch = stage.live.watch(PROCESS, CHALLENGER)
    assert watch is not None
    assert watch.guarantee == 0.99, "no audit has been counted since"
    shown = status_of(stage.entry, stage.registry, stage.live, 1_800_000_000.0)
    assert shown.champion.guarantee == 0.8


def test_a_new_champion_without_audits_stays() -> None:
    stage = replaced()
    before = stage.entry
    assert stage.gate.act(PROCESS) is not None
    assert stage.entry == before
