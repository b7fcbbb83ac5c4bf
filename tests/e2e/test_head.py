"""`winnow train` and `winnow tune`, and then the same process in the running system."""

import csv
import json
from pathlib import Path

import pytest

from tests.conftest import LocalStack
from tests.fakes.heads import rows
from winnow.models import HeadInfo, Outcome, Result
from winnow.processes.registry import ProcessRegistry

from .conftest import Stack, winnow

pytestmark = pytest.mark.model

FOREIGN = [
    "Zebras gallop across endless savannah grassland.",
    "The orchestra rehearsed a symphony until midnight.",
    "Photosynthesis turns sunlight into sugar inside leaves.",
    "Our ferry anchored near the volcanic island.",
]


@pytest.fixture
def trained(local_stack: LocalStack) -> Path:
    """The stack's folder of processes, of which `bank` was trained and tuned before it started."""
    return local_stack.processes


@pytest.fixture
def head(trained: Path) -> HeadInfo:
    return ProcessRegistry.from_directory(trained).heads["bank"].card().info


def table(texts: list[str]) -> str:
    return "id,text\n" + "".join(f"r{n},{text}\n" for n, text in enumerate(texts))


def test_records_are_judged_by_the_head_at_the_tuned_threshold(
    stack: Stack, trained: Path, head: HeadInfo
) -> None:
    made = rows(300, seed=11, noise=0)
    result, records = stack.result(stack.run("new.csv", table([r[0] for r in made]), "bank"))
    definition = ProcessRegistry.from_directory(trained).find("bank")
    assert definition.version == "1.0.1", "tune raises it"
    assert result.head == head
    assert (result.process.version, result.threshold) == ("1.0.1", definition.threshold)
    assert result.threshold_from == "process"
    assert {record.calibrated for record in records} == {True}
    assert {record.calibration for record in records} == {head.calibration}
    assert all(record.novelty is not None for record in records)
    accepted = [record for record in records if record.outcome is Outcome.ACCEPTED]
    assert len(accepted) > 200
    assert all((record.confidence or 0) >= definition.threshold for record in accepted)
    right = [
        record.decision is not None and record.decision.value == made[record.record - 1][1]
        for record in accepted
    ]
    assert sum(right) / len(right) >= 0.9, "the guarantee"


def test_what_is_judged_here_is_what_predict_says(stack: Stack, trained: Path) -> None:
    text = "Please help with the contactless chip of my card."
    _, (record,) = stack.result(stack.run("one.csv", table([text]), "bank"))
    told = winnow("predict", "--process", "bank", "--processes", trained, "--json", text)
    (alone,) = told.document()["records"]
    assert record.decision is not None
    assert alone["outcome"] == record.outcome
    judged = alone["judgement"]
    assert judged["decision"]["value"] == record.decision.value
    assert (judged["confidence"], judged["novelty"]) == (record.confidence, record.novelty)
    assert judged["calibration"] == record.calibration


def test_foreign_records_go_to_review_and_the_mail_says_that_the_run_drifted(
    stack: Stack, trained: Path, tmp_path: Path
) -> None:
    row = stack.run("foreign.csv", table(FOREIGN * 10), "bank")
    result, records = stack.result(row)
    assert result.counts.review == 40
    assert {record.code for record in records} == {"out_of_scope"}
    assert result.drift is not None
    assert result.drift.drifted
    (mail,) = stack.mails(row.upload_id)
    assert "unlike those that the confidence was measured on" in mail.body
    assert not [text for text in FOREIGN if max(text.split(), key=len) in mail.body]
    file = tmp_path / "result.json"
    file.write_text(result.model_dump_json(), encoding="utf-8")
    told = winnow(
        "evaluate", "--process", "bank", "--processes", trained, "--drift", file, "--json"
    ).document()
    assert told["drift"][0]["drifted"]
    assert told["drift"][0]["same_head"]


def test_a_run_like_the_training_rows_has_not_drifted(stack: Stack) -> None:
    row = stack.run("alike.csv", table([r[0] for r in rows(300, seed=12)]), "bank")
    result: Result = stack.result(row)[0]
    assert result.drift is not None
    assert not result.drift.drifted
    (mail,) = stack.mails(row.upload_id)
    assert "unlike" not in mail.body


def test_results_as_a_table_name_the_best_label(stack: Stack, tmp_path: Path) -> None:
    row = stack.run("one.csv", table(["My mortgage: what interest do I repay?"]), "bank")
    shown = winnow("results", row.upload_id, "--format", "csv")
    (line,) = csv.DictReader(shown.out.splitlines())
    assert "loan" in json.dumps(line)
