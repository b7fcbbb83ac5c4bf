"""The train function: by the size of a training it trains, has a job train, or refuses."""

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.fakes.bank import Bank
from tests.fakes.releases import MailBox
from tests.fakes.training_lease import MemoryTrainings
from tests.scripts import load
from winnow.registry.trainings import TrainInput
from winnow_train.size import Need
from winnow_train.trainings import Telling

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE = Need(60.0, 500.0), Need(1e6, 500.0)


class Jobs:
    """Batch, with nothing behind it."""

    def __init__(self) -> None:
        self.asked: list[TrainInput] = []

    def submit(self, asked: TrainInput, megabytes: float) -> str:
        self.asked.append(asked)
        return f"job-{len(self.asked)}"


class Room:
    """The function, with a stack in memory."""

    def __init__(self, app: ModuleType, samples: Path, jobs: Jobs | None) -> None:
        self.app, self.jobs, self.bank = app, jobs, Bank(samples)
        self.mails, self.log = MailBox(), MemoryTrainings()
        telling = Telling(self.log, self.mails)
        self.trainer = app.Trainer(self.bank.stack(), telling, 1, jobs)

    context = SimpleNamespace(
        aws_request_id="call-1",
        get_remaining_time_in_millis=lambda: 900_000,
        function_name="train",
        memory_limit_in_mb=3538,
    )

    def call(self, **asked: Any) -> dict[str, Any]:
        given = {"process": "bank", "by": "ann", **asked}
        answer: dict[str, Any] = self.app.handler(given, self.context)
        return {name: value for name, value in answer.items() if value is not None}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3538")
    return load(ROOT / "functions" / "train" / "app.py")


def room(
    app: ModuleType, samples: Path, monkeypatch: pytest.MonkeyPatch, need: Need | None, jobs: bool
) -> Room:
    made = Room(app, samples, Jobs() if jobs else None)
    monkeypatch.setattr(app, "build", lambda: made.trainer)
    if need is not None:
        monkeypatch.setattr(app, "expected_need", lambda process, stack: need)
    return made


def test_what_fits_is_trained(app, tmp_path, monkeypatch):
    here = room(app, tmp_path, monkeypatch, None, jobs=True)
    here.bank.decide()
    answer = here.call()
    assert answer["outcome"] == "better"
    assert here.bank.challenger().sha256 == answer["challenger"]
    assert here.jobs.asked == []


def test_a_failure_is_answered_with_its_code(app, tmp_path, monkeypatch):
    here = room(app, tmp_path, monkeypatch, None, jobs=False)
    here.bank.decide(20)
    assert here.call() == {"process": "bank", "outcome": "failed", "code": "reviews_too_few"}
    assert here.call(process="other")["code"] == "process_unknown"
    assert len(here.mails.sent) == 1


def test_what_does_not_fit_becomes_one_job(app, tmp_path, monkeypatch):
    here = room(app, tmp_path, monkeypatch, LARGE, jobs=True)
    here.bank.decide()
    assert here.call() == {"process": "bank", "outcome": "moved"}
    assert here.bank.lease.holder("bank") == "job-1"
    assert here.call()["code"] == "training_running", "the lease is the job's already"
    assert [one.by for one in here.jobs.asked] == ["ann"]
    assert here.mails.sent == []
    # The job goes on with its lease; a second attempt of it would tell that the first one died.
    monkeypatch.setenv("AWS_BATCH_JOB_ID", "job-1")
    monkeypatch.setenv("TRAIN_EVENT", here.jobs.asked[0].model_dump_json())
    app.job()
    assert [mail.subject for mail in here.mails.sent] == ["Winnow bank: a challenger waits"]
    assert here.bank.lease.held == {}


def test_a_job_that_died_is_told_by_its_second_attempt(app, tmp_path, monkeypatch):
    here = room(app, tmp_path, monkeypatch, LARGE, jobs=True)
    here.bank.decide()
    here.call()
    monkeypatch.setenv("AWS_BATCH_JOB_ID", "job-1")
    monkeypatch.setenv("AWS_BATCH_JOB_ATTEMPT", "2")
    monkeypatch.setenv("TRAIN_EVENT", here.jobs.asked[0].model_dump_json())
    app.job()
    assert here.log.ended["bank"].code == "training_died"


def test_without_jobs_it_is_refused_and_told(app, tmp_path, monkeypatch):
    here = room(app, tmp_path, monkeypatch, LARGE, jobs=False)
    here.bank.decide()
    assert here.call()["code"] == "training_too_large"
    assert here.log.ended["bank"].code == "training_too_large"
    assert "winnow training create" in here.mails.sent[0].body
    # By itself it is not asked for again before there are more decisions.
    assert here.call(every=10) == {"process": "bank", "outcome": "not_due"}
    assert len(here.mails.sent) == 1


def test_the_need_is_read_off_the_champion_and_the_decisions(app, tmp_path, monkeypatch):
    here = room(app, tmp_path, monkeypatch, None, jobs=False)
    before = app.expected_need("bank", here.bank.stack())
    here.bank.decide()
    after = app.expected_need("bank", here.bank.stack())
    assert before.seconds < after.seconds
    assert before.megabytes < after.megabytes
    assert after.fits(900, 1769)
    assert SMALL.fits(900, 1769)


def test_a_version_is_judged_on_the_golden_set(app, tmp_path, monkeypatch):
    here = room(app, tmp_path, monkeypatch, None, jobs=False)
    settings = SimpleNamespace(model_dir=tmp_path, threshold_override=None)
    monkeypatch.setattr(app.TrainSettings, "from_environment", lambda _: settings)

    def asked(version: str, guarantee: float) -> Any:
        return here.app.handler(
            {"check": "golden", "process": "bank", "version": version, "guarantee": guarantee},
            here.context,
        )

    nothing = {"result": None, "code": None}
    assert asked(here.bank.first.sha256, 0.9) == nothing, "nothing was held out yet"
    here.bank.decide()
    here.call()
    challenger = here.bank.challenger()
    kept = asked(challenger.sha256, 0.05)["result"]
    assert (kept["version"], kept["broken"]) == (challenger.sha256, False)
    assert 0 < kept["right"] <= kept["accepted"] <= kept["rows"]
    settings.threshold_override = 1.0
    assert asked(challenger.sha256, 0.05)["result"]["accepted"] < kept["accepted"]
    assert asked("0" * 64, 0.9) == {"result": None, "code": "version_unknown"}
