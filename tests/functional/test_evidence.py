"""Evidence that is not fooled: the shipped process on the cases written for it, and public notes.

The figures of docs/quality.md are made by the same functions; the bounds here are what must hold.
"""

from pathlib import Path

import pytest

from tests.quality import context, l33774
from winnow.judging import build_judge
from winnow.models import CriteriaDecision, Polarity
from winnow.ports import Encoder
from winnow.processes.loader import load_definition


@pytest.mark.model
@pytest.mark.parametrize(
    ("name", "split", "least"),
    [
        ("l33774_cases", "dev", 0.95),
        ("l33774_cases", "held", 0.9),
        ("l33774_further", "dev", 0.95),
        ("l33774_further", "unseen", 0.85),
        ("l33774_further", "near", 0.0),
    ],
)
def test_written_cases(encoder: Encoder, name: str, split: str, least: float) -> None:
    cases = [case for case in l33774.written(name) if case.split == split]
    tally = l33774.tally(l33774.judge(encoder), cases)
    assert tally.wrong_met == ()
    assert tally.right >= least * tally.cases, tally


@pytest.mark.model
@pytest.mark.data
def test_notes_that_somebody_read(encoder: Encoder, data_dir: Path) -> None:
    tally = l33774.tally(l33774.judge(encoder), l33774.read(data_dir))
    assert tally.wrong_met == ()
    assert tally.right >= 7, tally


@pytest.mark.data
@pytest.mark.parametrize("split", ["dev", "held", "fresh", "unseen"])
def test_contexts_in_public_notes(data_dir: Path, split: str) -> None:
    right, cases = context.shares(context.notes(data_dir))[split]
    assert right >= {"unseen": 0.9}.get(split, 0.95) * cases


@pytest.mark.slow
@pytest.mark.model
def test_the_rule_beats_its_parts(encoder: Encoder) -> None:
    cases = [case for case in l33774.written("l33774_further") if case.split != "near"]
    found = l33774.ablation(encoder, [*l33774.written(), *cases])
    shipped = found.pop(l33774.SHIPPED)
    assert all(tally.right < shipped.right for tally in found.values()), found
    assert shipped.wrong_met == ()


@pytest.mark.model
@pytest.mark.parametrize(
    ("text", "criterion", "polarity", "shown"),
    [
        ("No evidence of GI bleeding.", "blood-loss", Polarity.OPPOSES, ("negated",)),
        ("Suspected small bowel bleeding.", "obscure-bleeding", Polarity.SUPPORTS, ("possible",)),
        ("Hgb 7.9.", "anemia", Polarity.SUPPORTS, ()),
    ],
)
def test_evidence_shows_its_context(
    encoder: Encoder, text: str, criterion: str, polarity: Polarity, shown: tuple[str, ...]
) -> None:
    (result,) = l33774.judge(encoder)([text])
    assert isinstance(result.decision, CriteriaDecision)
    (finding,) = (f for f in result.decision.criteria if f.id == criterion)
    assert [(e.polarity, e.context) for e in finding.evidence] == [(polarity, shown)]


@pytest.mark.model
def test_a_window_is_heard_where_the_next_sentence_refers_back(encoder: Encoder) -> None:
    definition = load_definition(
        "id: w\nversion: 1.0.0\nkind: criteria\ntitle: W\ncriteria:\n"
        "  - id: egd\n    title: EGD\n    statements: [EGD was normal.]\n    keywords: [EGD]\n"
        "logic: {all_of: [egd]}\n",
        "w",
    )
    text = "EGD was repeated in June. It was normal."
    back, apart = build_judge(definition, encoder)([text, "EGD was repeated in June. Eyes normal."])
    assert isinstance(back.decision, CriteriaDecision)
    assert [e.text for e in back.decision.criteria[0].evidence] == [text]
    assert isinstance(apart.decision, CriteriaDecision)
    assert apart.decision.criteria[0].evidence == ()
