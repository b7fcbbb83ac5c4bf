"""`winnow retrain` on a registry and reviews in memory."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.fakes.bank import NOW, Bank
from tests.fakes.heads import WORDS
from tests.fakes.releases import MailBox
from tests.fakes.training_lease import MemoryTrainings
from winnow_cli import models, retraining, target
from winnow_cli.app import app
from winnow_cli.models import StackModels
from winnow_train.trainings import Telling


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bank:
    made = Bank(tmp_path)
    stack = SimpleNamespace(local=True, name="winnow", hint=lambda words: f"winnow {words}")
    opened = StackModels(made.registry, made.objects, "models", lambda: "ann", lambda: made.now)
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(models, "open_models", lambda _: opened)
    monkeypatch.setattr(retraining, "training_stack", lambda *_: made.stack())
    return made


@pytest.fixture(autouse=True)
def mails(monkeypatch: pytest.MonkeyPatch) -> MailBox:
    """What is told about trainings."""
    sent = MailBox()
    monkeypatch.setattr(retraining, "telling", lambda _: Telling(MemoryTrainings(), sent))
    return sent


def retrain(*arguments: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["retrain", "bank", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def test_a_better_challenger_is_told_with_what_to_do_next(
    bank: Bank, mails: MailBox, tmp_path: Path
):
    bank.decide()
    page = tmp_path / "page.html"
    done = retrain("--html", page)
    version = bank.challenger()
    assert version.created
    assert bank.registry.history("bank")[-1].by == "ann"
    lines = done.stdout.splitlines()
    assert lines[0].startswith("bank: Better")
    sides = f"challenger {version.short}\tchampion {bank.first.short}"
    assert f"\t{sides}" in lines
    accuracy = next(line for line in lines if line.startswith("accuracy")).split("\t")
    assert accuracy[1] != accuracy[2]
    measures = version.metrics
    assert measures is not None
    assert accuracy[1] == f"{measures.accuracy:.1%}"
    assert f"held-out reviews  {measures.rows}" in lines
    assert any(line.startswith("doubtful labels") for line in lines)
    assert f"Published: bank, version {version.short}" in lines
    assert "winnow release shadow bank" in done.stderr
    assert "comparing on" in done.stderr
    assert version.short in page.read_text("utf-8")
    assert [mail.subject for mail in mails.sent] == ["Winnow bank: a challenger waits"]


def test_nothing_better_changes_nothing_and_is_no_error(bank: Bank, tmp_path: Path):
    bank.decide(words=WORDS, wrong=True)
    before = bank.registry.entry("bank")
    page = tmp_path / "page.html"
    done = retrain("--html", page)
    assert "Not better." in done.stdout or "Worse." in done.stdout
    assert "Published" not in done.stdout
    assert "nothing changed" in done.stderr
    assert "release shadow" not in done.stderr
    assert bank.registry.entry("bank") == before
    assert "champion" in page.read_text("utf-8")


def test_the_answer_as_json_is_the_report(bank: Bank):
    bank.decide()
    told = json.loads(retrain("--json").stdout)
    assert (told["process"], told["outcome"], told["published"]) == ("bank", "better", True)
    assert told["challenger"] == bank.challenger().sha256
    assert told["champion"] == bank.first.sha256


def test_the_fewest_reviews_that_it_takes_are_an_option(bank: Bank):
    bank.decide(40)
    done = retrain("--json", code=1)
    assert json.loads(done.stdout)["error"]["code"] == "reviews_too_few"
    told = json.loads(retrain("--json", "--min-reviews", 20).stdout)
    assert told["counts"]["reviews"] == 40


def test_a_training_that_runs_already_is_told(bank: Bank):
    bank.decide()
    assert bank.lease.take("bank", "somebody", NOW, bank.now + 600)
    error = json.loads(retrain("--json", code=1).stdout)["error"]
    assert error["code"] == "training_running"
    assert len(bank.registry.versions("bank")) == 1


def test_an_unknown_process_is_told(bank: Bank):
    done = CliRunner().invoke(app, ["retrain", "other", "--json"])
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (1, "process_unknown")


def test_a_page_that_cannot_be_written_changes_nothing(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bank.decide()
    done = CliRunner().invoke(app, ["retrain", "bank", "--html", str(tmp_path / "no" / "page")])
    assert (done.exit_code, "there is no folder" in done.stderr) == (2, True)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "page.html")

    monkeypatch.setattr(Path, "write_bytes", full)
    error = json.loads(retrain("--html", tmp_path / "page", "--json", code=1).stdout)["error"]
    assert error["code"] == "local_file"
    assert len(bank.registry.versions("bank")) == 1
    assert bank.lease.held == {}


def test_statements_that_caused_mistakes_are_listed(bank: Bank, capsys: pytest.CaptureFixture[str]):
    from winnow_cli.render.retraining import print_training
    from winnow_train.retrain import StatementMistakes

    bank.decide()
    found = tuple(
        StatementMistakes(
            criterion=f"c{n}", statement=None, verdict="met", needed="not_met", mistakes=n
        )
        for n in range(12, 0, -1)
    )
    print_training(bank.train().model_copy(update={"statements": found}))
    shown = capsys.readouterr().out
    assert "c12\t(nothing was heard of it)\tmet\tnot_met\t12" in shown
    assert "2 more" in shown
    assert "c2\t" not in shown
