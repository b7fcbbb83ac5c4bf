"""Which version is called what, and who may be it next."""

import pytest

from tests.fakes.registry import AT, a_version
from winnow.errors import ReleaseInvalidError, RolledBackAlreadyError
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import Action, ProcessEntry, Stage

WHO = Who("ann", AT, "Because.", "because")
ONE, TWO, THREE = (a_version(number=number, codes=(f"c{number}",)) for number in (1, 2, 3))
KEY, OTHER_KEY = "00ff", "ff00"


@pytest.fixture
def entry() -> ProcessEntry:
    return aliases.first(ONE, WHO).entry


@pytest.fixture
def challenged(entry: ProcessEntry) -> ProcessEntry:
    return aliases.set_challenger(entry, TWO, WHO).entry


def test_the_first_version_is_champion():
    entry, change = aliases.first(ONE, WHO)
    assert (entry.champion, entry.names, entry.revision) == (ONE.sha256, ("triage", "c1"), 1)
    assert (change.action, change.champion_before) == (Action.PUBLISHED, None)


def test_a_change_says_who_when_why_and_what_was_before(entry):
    after, change = aliases.set_challenger(entry, TWO, WHO, decisions=40)
    assert (after.challenger, after.champion) == (TWO.sha256, ONE.sha256)
    assert (after.revision, change.revision) == (2, 2)
    assert (change.by, change.at, change.reason, change.code) == (*WHO[:4],)
    assert (change.challenger_before, change.challenger_after) == (None, TWO.sha256)
    assert after.decisions_at_training == 40


@pytest.mark.parametrize(
    "version", [ONE, a_version("other", 2)], ids=["is the champion", "of another process"]
)
def test_what_cannot_be_challenger_or_champion(entry, version):
    for change in (aliases.set_challenger, aliases.promote):
        with pytest.raises(ReleaseInvalidError):
            change(entry, version, WHO)


def test_a_release_needs_a_challenger_and_an_automatic_one_a_guarantee(entry, challenged):
    with pytest.raises(ReleaseInvalidError, match="no challenger"):
        aliases.start_shadow(entry, WHO, KEY)
    with pytest.raises(ReleaseInvalidError, match="guarantee"):
        aliases.start_canary(challenged, WHO, KEY, 50, automatic=True)


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_share_is_one_of_a_hundred(challenged, percent):
    with pytest.raises(ReleaseInvalidError):
        aliases.start_canary(challenged, WHO, KEY, percent)


def test_the_key_of_a_release_stays_while_its_share_rises(challenged):
    shadow = aliases.start_shadow(challenged, WHO, KEY).entry
    canary, change = aliases.start_canary(shadow, WHO, OTHER_KEY, 50, guarantee=0.9)
    assert canary.release is not None
    assert (canary.release.key, canary.release.percent) == (KEY, 50)
    assert canary.release.stage is Stage.CANARY
    assert change.percent == 50


def test_no_other_challenger_while_one_is_released(challenged):
    canary = aliases.start_canary(challenged, WHO, KEY, 50).entry
    with pytest.raises(ReleaseInvalidError, match=TWO.short):
        aliases.set_challenger(canary, THREE, WHO)


def test_promotion_ends_the_release_and_keeps_the_champion_before(challenged):
    canary = aliases.start_canary(challenged, WHO, KEY, 50).entry
    after, change = aliases.promote(canary, TWO, WHO, previous_until=AT)
    assert (after.champion, after.previous, after.codes) == (TWO.sha256, ONE.sha256, ("c2",))
    assert (after.challenger, after.release, after.previous_until) == (None, None, AT)
    assert change.action is Action.PROMOTED


def test_a_release_under_way_is_rolled_back_first(challenged):
    canary = aliases.start_canary(challenged, WHO, KEY, 50).entry
    after, change = aliases.roll_back(canary, None, WHO)
    assert (after.champion, after.challenger, after.release) == (ONE.sha256, None, None)
    assert change.challenger_before == TWO.sha256


def test_a_promotion_is_rolled_back_once(entry):
    promoted = aliases.promote(entry, TWO, WHO).entry
    back, change = aliases.roll_back(promoted, ONE, WHO)
    assert (back.champion, back.codes) == (ONE.sha256, ("c1",))
    assert change.released == TWO.sha256
    with pytest.raises(RolledBackAlreadyError, match=TWO.short):
        aliases.roll_back(back, TWO, WHO)
    assert aliases.roll_back(back, TWO, WHO, force=True).entry.champion == TWO.sha256
    # Who promotes it again may take it back again.
    again = aliases.promote(back, TWO, WHO).entry
    assert aliases.roll_back(again, ONE, WHO).entry.champion == ONE.sha256


@pytest.mark.parametrize("promised", [None, 0.9, 0.97])
def test_a_champion_that_comes_back_is_held_to_what_it_was_released_with(entry, promised):
    second = aliases.promote(entry, TWO, WHO, guarantee=promised).entry
    third = aliases.promote(second, THREE, WHO, guarantee=0.99).entry
    back = aliases.roll_back(third, TWO, WHO).entry
    assert (back.champion, back.promised) == (TWO.sha256, promised)
    again = aliases.roll_back(back, THREE, WHO, force=True).entry
    assert (again.champion, again.promised) == (THREE.sha256, 0.99)
    assert aliases.roll_back(again, TWO, WHO, force=True).entry.promised == promised
    # The first champion was promised nothing by anybody: its own guarantee holds.
    assert aliases.roll_back(second, ONE, WHO).entry.promised is None


def test_after_a_champion_was_taken_back_a_release_still_can_be(entry):
    back = aliases.roll_back(aliases.promote(entry, TWO, WHO).entry, ONE, WHO).entry
    canary = aliases.start_canary(
        aliases.set_challenger(back, THREE, WHO).entry, WHO, KEY, 50
    ).entry
    after, change = aliases.roll_back(canary, None, WHO)
    assert (after.champion, after.release) == (ONE.sha256, None)
    assert change.released == THREE.sha256
    with pytest.raises(RolledBackAlreadyError):
        aliases.roll_back(after, TWO, WHO)


def test_a_champion_that_is_taken_back_ends_the_release_that_was_compared_with_it(entry):
    promoted = aliases.promote(entry, TWO, WHO).entry
    challenged = aliases.set_challenger(promoted, THREE, WHO).entry
    canary = aliases.start_canary(challenged, WHO, KEY, 50).entry
    after = aliases.take_back_champion(canary, ONE, WHO).entry
    assert (after.champion, after.challenger, after.release) == (ONE.sha256, THREE.sha256, None)


def test_nothing_to_roll_back_and_nothing_to_stop(entry):
    with pytest.raises(ReleaseInvalidError, match="nothing to roll back"):
        aliases.roll_back(entry, None, WHO)
    with pytest.raises(ReleaseInvalidError, match="no release"):
        aliases.stop(entry, WHO)
    promoted = aliases.promote(entry, TWO, WHO).entry
    with pytest.raises(ReleaseInvalidError, match=ONE.short):
        aliases.roll_back(promoted, THREE, WHO)


def test_a_release_that_is_stopped_leaves_the_challenger_its_name(challenged):
    after, change = aliases.stop(aliases.start_shadow(challenged, WHO, KEY).entry, WHO)
    assert (after.release, after.challenger) == (None, TWO.sha256)
    assert change.action is Action.STOPPED
