"""The golden set: what is proven to be worse is found without traffic; nothing is promoted."""

from collections.abc import Sequence

import pytest

from tests.fakes.registry import a_version
from tests.fakes.store import MemoryStore
from winnow.models import Judgement, LabelDecision
from winnow.registry.models import DataManifest, DataPart, ModelVersion
from winnow.registry.training_rows import TrainingRow, dump_rows
from winnow.releases.golden import golden_rows, judge_golden


def echo(rows: Sequence[TrainingRow]) -> list[Judgement]:
    """Decides what the text says before the colon, with the confidence behind it."""
    made = []
    for row_ in rows:
        value, confidence = row_.text.split(":")
        decision = LabelDecision(value=value, scores=())
        made.append(
            Judgement(decision=decision, score=0.5, confidence=float(confidence), segments=1)
        )
    return made


def row(number: int, *, right: bool, confidence: float = 0.9, **more: object) -> TrainingRow:
    text = f"{'joy' if right else 'fear'}:{confidence}"
    given = {"id": str(number), "text": text, "label": "joy", "held_out": True}
    return TrainingRow.model_validate(given | more)


def with_rows(store: MemoryStore, *rows: TrainingRow) -> ModelVersion:
    ref = store.add("models", "data/triage/rows.jsonl", dump_rows(rows))
    part = DataPart(kind="reviews", object=ref, sha256="0" * 64, rows=len(rows), name="reviews")
    return a_version(data=DataManifest(parts=(part,), rows=len(rows)))


def test_it_is_the_rows_that_were_held_out_of_the_first_version_that_has_some() -> None:
    store = MemoryStore()
    version = with_rows(store, row(1, right=True), row(2, right=True, held_out=False))
    assert [one.id for one in golden_rows((a_version(number=2), version), store)] == ["1"]
    assert golden_rows((a_version(),), store) == []


def test_rows_that_are_gone_are_none() -> None:
    store = MemoryStore()
    version = with_rows(store, row(1, right=True))
    assert golden_rows((version,), MemoryStore()) == []


@pytest.mark.parametrize(("wrong_every", "broken"), [(1_000, False), (20, False), (3, True)])
def test_what_breaks_the_guarantee_is_found(wrong_every: int, broken: bool) -> None:
    rows = [row(n, right=n % wrong_every > 0) for n in range(1, 201)]
    found = judge_golden(a_version(), echo, rows, 0.9, None)
    assert (found.rows, found.accepted, found.broken) == (200, 200, broken)
    assert found.lower < found.right / 200 <= found.upper


def test_what_is_below_the_threshold_does_not_count() -> None:
    rows = [row(n, right=False, confidence=0.5) for n in range(1, 100)]
    found = judge_golden(a_version(), echo, rows, 0.9, None)
    assert (found.accepted, found.broken, found.lower, found.upper) == (0, False, 0.0, 1.0)


@pytest.mark.parametrize(("threshold", "broken"), [(0.5, True), (None, False), (0.95, False)])
def test_the_threshold_of_the_stack_is_in_force(threshold: float | None, broken: bool) -> None:
    """Of what a run accepts: the doubtful rows are wrong, and the version's own leaves them out."""
    version = a_version()
    assert 0.5 < version.threshold < 0.95
    rows = [row(n, right=True, confidence=0.95) for n in range(100)]
    rows += [row(n, right=True, confidence=version.threshold) for n in range(100, 150)]
    rows += [row(n, right=False, confidence=0.5) for n in range(150, 200)]
    found = judge_golden(version, echo, rows, 0.9, threshold)
    accepted = {0.5: 200, None: 150, 0.95: 100}[threshold]
    assert (found.accepted, found.broken) == (accepted, broken)


def test_without_a_guarantee_or_rows_nothing_is_broken() -> None:
    rows = [row(n, right=False) for n in range(1, 100)]
    assert not judge_golden(a_version(), echo, rows, None, None).broken
    assert not judge_golden(a_version(), echo, [], 0.9, None).broken


def test_a_row_counts_with_its_weight() -> None:
    """Ten of the wrong ones stand for ten, ninety of the right ones for nine hundred."""
    rows = [row(n, right=True, weight=10.0) for n in range(90)]
    rows += [row(n, right=False, weight=1.0) for n in range(90, 150)]
    assert not judge_golden(a_version(), echo, rows, 0.9, None).broken
    even = [one.model_copy(update={"weight": 1.0}) for one in rows]
    assert judge_golden(a_version(), echo, even, 0.9, None).broken
