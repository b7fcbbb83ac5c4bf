"""Criteria weighed by labelled decisions: what was learned tells how sure to be, and no more."""

import csv
import json
import random
import string
from pathlib import Path

import pytest
from typer.testing import CliRunner

import winnow_encoder
from tests.fakes.encoder import FakeEncoder
from winnow.judging import build_judge
from winnow.models import CriteriaDecision, Judgement
from winnow.processes.registry import ProcessRegistry
from winnow_cli.app import app

PROCESS = """\
id: bleed
version: 1.0.0
kind: criteria
title: Bleeding with anemia
criteria:
  - id: bleeding
    title: Bleeding
    statements: [The patient has melena.]
    counter_statements: [The patient has no melena.]
    keywords: [melena]
  - id: anemia
    title: Anemia
    statements: [The blood count shows anemia.]
    counter_statements: [The blood count shows no anemia.]
    keywords: [anemia]
logic: {all_of: [bleeding, anemia]}
"""
SAID = {
    "bleeding": ["The patient has melena.", "The patient has no melena.", "Seen today."],
    "anemia": ["The blood count shows anemia.", "The blood count shows no anemia.", "Feels well."],
}
TEXTS = [f"{first} {second}" for first in SAID["bleeding"] for second in SAID["anemia"]]


def case(text: str, number: int) -> str:
    """What only one record says: without it records would be near copies."""
    draw = random.Random(f"{text} {number}")
    return " ".join("".join(draw.choices(string.ascii_lowercase, k=7)) for _ in range(12)) + "."


def trained(
    folder: Path, monkeypatch: pytest.MonkeyPatch, decide: dict[str, str]
) -> ProcessRegistry:
    """A book with a head, trained by the command on 20 rows a text, decided as told."""
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: FakeEncoder())
    (folder / "bleed.yaml").write_text(PROCESS, encoding="utf-8")
    made = [(f"{text} {case(text, n)}", decide[text]) for text in TEXTS for n in range(20)]
    random.Random(0).shuffle(made)
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "decision"), *made])
    done = CliRunner().invoke(
        app,
        [
            "train", "--process", "bleed", "--data", str(folder / "rows.csv"),
            "--label-column", "decision", "--processes", str(folder), "--json",
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rows"] == len(made)
    return ProcessRegistry.from_directory(folder)


def both(book: ProcessRegistry) -> list[tuple[Judgement, Judgement]]:
    """Every text as the rules judge it, and as they do with the head."""
    definition, encoder = book.find("bleed"), FakeEncoder()
    rules = build_judge(definition, encoder)(TEXTS)
    return list(
        zip(rules, build_judge(definition, encoder, book.heads["bleed"])(TEXTS), strict=True)
    )


def by_rules(folder: Path) -> dict[str, str]:
    (folder / "bleed.yaml").write_text(PROCESS, encoding="utf-8")
    judge = build_judge(ProcessRegistry.from_directory(folder).find("bleed"), FakeEncoder())
    return {text: result.decision.value for text, result in zip(TEXTS, judge(TEXTS), strict=True)}


def test_people_who_agree_make_sure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decisions = by_rules(tmp_path)
    assert set(decisions.values()) == {"met", "not_met", "undetermined"}
    for rule, weighed in both(trained(tmp_path, monkeypatch, decisions)):
        assert weighed.decision == rule.decision
        assert weighed.calibrated
        assert isinstance(rule.decision, CriteriaDecision)
        assert weighed.confidence > (0.7 if rule.decision.value == "undetermined" else 0.9)


def test_people_who_call_denials_met_turn_no_denial_into_support(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels as wrong as can be: a record is called met where melena is denied, else not."""
    by_rules(tmp_path)
    wrong = {text: "met" if "no melena" in text else "not_met" for text in TEXTS}
    for text, (rule, weighed) in zip(
        TEXTS, both(trained(tmp_path, monkeypatch, wrong)), strict=True
    ):
        assert isinstance(weighed.decision, CriteriaDecision)
        assert weighed.decision == rule.decision, "decision, verdicts and polarity are the rules'"
        if "no melena" in text:
            assert weighed.decision.value == "not_met"
            assert weighed.confidence < 0.5, "where people say otherwise, a person decides"


def test_a_word_that_may_undo_the_evidence_lowers_the_confidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = trained(tmp_path, monkeypatch, by_rules(tmp_path))
    texts = [
        "The patient has melena. The blood count shows anemia.",
        "The patient has melena, says a neighbour. The blood count shows anemia.",
    ]
    table = {
        text: FakeEncoder()(["The patient has melena."])[0] for text in texts[1].split(". ")[:1]
    }
    judge = build_judge(book.find("bleed"), FakeEncoder(table), book.heads["bleed"])
    plain, undone = judge(texts)
    assert plain.decision.value == undone.decision.value == "met"
    assert plain.confidence > 0.9
    assert undone.confidence <= 0.6
