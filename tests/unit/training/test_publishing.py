"""A training of a stack: the champion is read from the registry, the challenger published there."""

from pathlib import Path

import pytest

from tests.fakes.bank import WHO, Bank
from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import PROCESS, WORDS, rows, write_rows
from tests.fakes.registry import MemoryRegistry
from tests.fakes.retraining import NEW_WORDS
from tests.fakes.store import MemoryStore
from winnow.errors import (
    NotReproducibleError,
    ProcessUnknownError,
    ReleaseConflictError,
    ReleaseInvalidError,
    ReviewsTooFewError,
    TrainingRunningError,
)
from winnow.processes.loader import load_definition
from winnow.registry import aliases
from winnow.registry.models import Action
from winnow.registry.publish import Draft, Models, appoint, publish
from winnow.reviews.models import RecordKey
from winnow_train.comparison import Outcome as Verdict
from winnow_train.publishing import (
    LEASE_S,
    read_champion,
    reproduce_version,
    retrain_and_publish,
)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def test_a_better_challenger_is_published_and_decides_nothing(bank: Bank):
    bank.decide()
    report = bank.train()
    assert report.outcome is Verdict.BETTER
    assert report.published
    version = bank.challenger()
    assert version.sha256 == report.challenger
    assert (version.source, version.parents) == ("trained", (bank.first.sha256,))
    assert version.metrics == report.metrics
    names = {file.name for file in version.files}
    assert {"evaluation.html", "evaluation.json", "data.json", "training.npz"} <= names
    entry = bank.registry.entry("bank")
    assert entry is not None
    assert entry.champion == bank.first.sha256
    assert entry.decisions_at_training == 150
    change = bank.registry.history("bank")[-1]
    assert (change.action, change.reason) == (Action.CHALLENGER, report.sentence)
    assert bank.lease.held == {}


def test_rows_are_kept_with_their_sides(bank: Bank):
    upload = bank.decide()
    report = bank.train()
    kept = bank.rows_of(bank.challenger())
    assert len(kept) == 150
    assert sum(row.held_out for row in kept) == report.counts.held_out
    assert {row.source.upload for row in kept} == {upload}
    champion = read_champion(bank.challenger(), bank.models, ())
    assert champion.rows == tuple(kept)


def test_nothing_better_changes_nothing(bank: Bank):
    bank.decide(words=WORDS, wrong=True)
    before = (bank.registry.entry("bank"), bank.objects.keys("models"))
    report = bank.train()
    assert report.outcome is not Verdict.BETTER
    assert not report.published
    assert (bank.registry.entry("bank"), bank.objects.keys("models")) == before
    assert len(bank.registry.versions("bank")) == 1
    assert bank.lease.held == {}


def test_too_few_reviews_change_nothing(bank: Bank):
    bank.decide(20)
    before = bank.objects.keys("models")
    with pytest.raises(ReviewsTooFewError):
        bank.train()
    assert bank.objects.keys("models") == before
    assert bank.lease.held == {}


def test_the_next_generation_goes_on_from_the_rows(bank: Bank):
    bank.decide()
    bank.train()
    first = bank.challenger()
    entry = bank.registry.entry("bank")
    assert entry is not None
    bank.registry.change(entry, *aliases.promote(entry, first, WHO))
    sides = {row.id: row.held_out for row in bank.rows_of(first)}
    later = {label: [f"{word}x" for word in words] for label, words in NEW_WORDS.items()}
    bank.decide(words=later, seed=2)
    report = bank.train()
    assert report.counts.new_reviews == 150
    assert report.published
    again = {row.id: row.held_out for row in bank.rows_of(bank.challenger())}
    assert {name: again[name] for name in sides} == sides


def test_a_version_is_reproduced_from_the_bucket(bank: Bank):
    bank.decide()
    bank.train()
    version = bank.challenger()
    parent = bank.registry.version("bank", version.parents[0])
    assert parent.reproducible is None
    found = reproduce_version(version, bank.models, FakeEncoder(), ())
    assert found.same
    assert bank.challenger().reproducible is True


def test_a_shipped_head_is_found_by_its_file(tmp_path: Path):
    from tests.fakes.heads import trained
    from winnow.heads.card import folder_of

    shipped = trained(tmp_path)
    file = shipped.files["bank"]
    registry, objects = MemoryRegistry(), MemoryStore()
    models = Models(registry, objects, "models")
    training = (folder_of(file, "bank") / "training.npz").read_bytes()
    draft = Draft(file.read_text(), shipped.find("bank"), shipped.heads["bank"], training=training)
    version = publish(draft, models, "ann", WHO.at)
    own = read_champion(version, models, (tmp_path / "elsewhere", tmp_path))
    assert own.files == ("train.csv",)
    assert own.rows is not None
    assert len(own.rows) == 240
    assert reproduce_version(version, models, FakeEncoder(), (tmp_path,)).same
    # Another file of that name is not the one.
    write_rows(tmp_path / "train.csv", rows(100, seed=9))
    assert read_champion(version, models, (tmp_path,)).rows is None
    with pytest.raises(NotReproducibleError, match="was not kept"):
        reproduce_version(version, models, FakeEncoder(), (tmp_path,))


# -- races ----------------------------------------------------------------------------------------


def test_one_training_at_a_time(bank: Bank):
    bank.lease.take("bank", "other", bank.now, bank.now + 60)
    with pytest.raises(TrainingRunningError):
        bank.train()


def test_the_lease_is_lengthened_while_it_trains(bank: Bank):
    bank.decide()
    ends = []

    def later(line: str) -> None:
        ends.append(bank.lease.held["bank"][1])
        bank.now += 600

    bank.train(report=later)
    assert ends[-1] - ends[0] == 600 * (len(ends) - 1) > LEASE_S


def test_a_process_that_is_not_there(bank: Bank):
    with pytest.raises(ProcessUnknownError):
        retrain_and_publish("other", bank.stack(), "ann", holder="run-1")


def test_while_a_release_is_under_way_nothing_is_trained(bank: Bank):
    bank.decide()
    bank.train()
    entry = bank.registry.entry("bank")
    assert entry is not None
    bank.registry.change(entry, *aliases.start_shadow(entry, WHO, "00"))
    with pytest.raises(ReleaseInvalidError, match="is being released"):
        bank.train()


def test_a_champion_that_was_replaced_meanwhile(bank: Bank):
    bank.decide()

    def promote_another(line: str) -> None:
        if line == "publishing":
            other = PROCESS.replace("1.2.3", "1.3.0")
            draft = Draft(other, load_definition(other, "bank.yaml"), None)
            version = publish(draft, bank.models, "bob", WHO.at)
            appoint(version, bank.registry, WHO)

    with pytest.raises(ReleaseConflictError, match="promoted while"):
        bank.train(report=promote_another)
    entry = bank.registry.entry("bank")
    assert entry is not None
    assert entry.challenger is None


def test_what_is_erased_while_it_trains_is_not_kept(bank: Bank):
    upload = bank.decide()

    def erase(line: str) -> None:
        if line == "publishing":
            bank.service.erase("ann", RecordKey(upload, 7))

    before = bank.objects.keys("models")
    with pytest.raises(ReleaseConflictError, match="were erased"):
        bank.train(report=erase)
    assert bank.objects.keys("models") == before
    assert bank.train().published
    kept = bank.rows_of(bank.challenger())
    assert 7 not in {row.source.record for row in kept if row.source}
