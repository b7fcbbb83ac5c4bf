"""A training is told, whatever comes of it, and nothing is trained twice by mistake."""

from pathlib import Path

import pytest

from tests.fakes.bank import NOW, Bank
from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import WORDS
from tests.fakes.releases import MailBox
from tests.fakes.training_lease import MemoryTrainings
from winnow.errors import (
    ProcessUnknownError,
    RetryableError,
    ReviewsTooFewError,
    TrainingDiedError,
    TrainingRunningError,
)
from winnow.registry.trainings import EndedTraining, TrainingOutcome, is_due
from winnow_train.retrain import TrainingReport
from winnow_train.trainings import Telling, train_and_tell, train_if_due


class Room:
    """A bank whose trainings are told."""

    def __init__(self, samples: Path) -> None:
        self.bank = Bank(samples)
        self.log = MemoryTrainings()
        self.mails = MailBox()
        self.telling = Telling(self.log, self.mails, "https://page.example.org/")

    def train(self, process: str = "bank", run: str = "run-1") -> TrainingReport:
        return train_and_tell(process, self.bank.stack(), self.telling, "ann", run=run)

    def if_due(self, every: int, run: str = "run-1") -> TrainingReport | None:
        return train_if_due(
            "bank", self.bank.stack(), self.telling, "trigger", run=run, every=every
        )

    @property
    def last(self) -> EndedTraining:
        ended = self.log.last("bank")
        assert ended is not None
        return ended


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_a_better_one_says_that_a_challenger_waits(room: Room):
    room.bank.decide()
    report = room.train()
    assert room.last.challenger == report.challenger
    assert (room.last.outcome, room.last.decisions) == (TrainingOutcome.BETTER, 150)
    [mail] = room.mails.sent
    assert mail.subject == "Winnow bank: a challenger waits"
    assert report.challenger[:12] in mail.body
    assert report.sentence in mail.body
    assert "https://page.example.org/#/models" in mail.body


def test_nothing_better_is_told_and_remembered(room: Room):
    room.bank.decide(words=WORDS, wrong=True)
    before = room.bank.registry.entry("bank")
    report = room.train()
    assert room.bank.registry.entry("bank") == before
    assert room.last.outcome.value == report.outcome.value != "better"
    assert room.last.challenger is None
    assert "Nothing was changed." in room.mails.sent[0].body
    assert room.if_due(100, "run-2") is None, "the same decisions again"


def test_a_failure_says_why_and_what_to_do_and_names_nobody(room: Room):
    upload = room.bank.decide(20)
    with pytest.raises(ReviewsTooFewError) as failure:
        room.train()
    assert (room.last.outcome, room.last.code) == (TrainingOutcome.FAILED, "reviews_too_few")
    [mail] = room.mails.sent
    assert mail.subject == "Winnow bank: the training failed"
    assert failure.value.message in mail.body
    assert ReviewsTooFewError.hint in mail.body
    texts = [row.text for row in room.bank.rows(upload)]
    assert not [text for text in ("ann", *texts) if text in mail.body]


def test_of_an_error_that_is_not_ours_only_the_type_is_told(room: Room):
    class Broken(FakeEncoder):
        def __call__(self, texts):
            raise ValueError(f"cannot read {texts[0]}")

    room.bank.decide()
    room.bank.encoder = Broken()
    with pytest.raises(ValueError, match="cannot read"):
        room.train()
    assert (room.last.code, room.last.sentence) == ("internal", "ValueError.")
    assert "cannot read" not in room.mails.sent[0].body


def test_what_did_not_begin_is_not_told(room: Room):
    with pytest.raises(ProcessUnknownError):
        room.train("moods")
    room.bank.lease.take("bank", "other", NOW, NOW + 1e6)
    with pytest.raises(TrainingRunningError):
        room.train()
    assert room.mails.sent == []
    assert room.log.ended == {}


def test_the_second_attempt_tells_that_the_first_one_died(room: Room):
    room.bank.decide()
    room.bank.lease.take("bank", "run-1", NOW, NOW + 1200)
    with pytest.raises(TrainingDiedError):
        room.train()
    assert room.last.code == "training_died"
    assert room.bank.lease.held == {}
    assert len(room.bank.registry.versions("bank")) == 1
    assert room.train(run="run-2").published, "whoever asks again has it trained"


def test_what_could_not_be_mailed_is_not_kept_as_told(room: Room):
    class Down:
        def send(self, mail: object, attributes: object = None) -> None:
            raise RetryableError("The topic is down.")

    room.bank.decide(20)
    room.telling = Telling(room.log, Down())
    with pytest.raises(RetryableError):
        room.train()
    assert room.log.ended == {}


def test_a_training_is_due_after_so_many_new_decisions(room: Room):
    room.bank.decide()
    assert room.if_due(151) is None
    told = room.if_due(150)
    assert told is not None
    assert told.published
    assert room.if_due(1, "run-2") is None
    entry = room.bank.registry.entry("bank")
    assert entry is not None
    began = room.bank.reviews.began()
    assert is_due(entry, None, 151, 1, began)
    assert not is_due(entry, room.last, 150, 1, began)
    released = entry.model_copy(update={"release": object()})
    assert not is_due(released, None, 10_000, 1, began)


def test_two_that_are_due_at_once_train_once(room: Room):
    room.bank.decide()
    room.bank.lease.take("bank", "other", NOW, NOW + 1e6)
    assert room.if_due(100) is None
    assert room.mails.sent == []
