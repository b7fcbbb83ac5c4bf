"""What one record may cost: beyond it the record is invalid, and the others are judged."""

import inspect
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.encoder import FakeEncoder
from tests.fakes.processes import SayingJudge, book
from tests.unit.core.steps.test_steps import Run
from winnow.errors import ChunkTooSlowError
from winnow.judging import build_judge
from winnow.judging.text import segments
from winnow.judging.text.blocks import TEXTS, blocks
from winnow.judging.text.similarity import count, windows
from winnow.limits.budget import (
    TOO_SLOW,
    Check,
    DeadlineError,
    RecordBudget,
    RecordRejection,
    estimated_segments,
    most_segments,
    no_deadline,
)
from winnow.limits.unicode import nfkc, nfkc_length
from winnow.models import InvalidRecord, Judgement, Record
from winnow.processes.loader import load_definition
from winnow.steps.classify import GROUP_SEGMENTS, classify, judge_records

MODEL = FakeEncoder.info


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class PonderingJudge(SayingJudge):
    """Takes a second a text, or as many as stand behind `slow` in it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(book().find("moods"))
        self._clock = clock
        self.asked: list[int] = []

    def __call__(
        self, texts: Sequence[str], fields: object = None, *, check: Check = no_deadline
    ) -> list[Judgement]:
        self.asked.append(len(texts))
        for text in texts:
            seconds = int(text.removeprefix("slow ")) if text.startswith("slow") else 1
            for _ in range(seconds):
                self._clock.now += 1
                check()
        return [self._judge("glad 0.8") for _ in texts]


def records(*texts: str) -> list[Record]:
    return [Record(record=number, text=text) for number, text in enumerate(texts, start=1)]


def judged(texts: Sequence[str], left: float | None = None, **budget: float) -> list[str]:
    """What becomes of each text: its label, or the code of its refusal."""
    clock = Clock()
    results = judge_records(
        PonderingJudge(clock),
        records(*texts),
        RecordBudget(**budget),
        clock,
        None if left is None else clock() + left,
    )
    return [r.code if isinstance(r, RecordRejection) else str(r.decision.value) for r in results]


def test_a_record_that_is_too_slow_is_invalid_and_the_others_are_judged():
    texts = ["glad 0.8"] * 20
    texts[7] = texts[13] = "slow 500"
    assert judged(texts, max_seconds=60) == [
        "record_too_slow" if index in (7, 13) else "glad" for index in range(20)
    ]


def test_a_slow_record_costs_its_seconds_twice_and_not_a_halving_of_its_chunk():
    clock = Clock()
    texts = ["glad 0.8"] * 100
    texts[70] = "slow 500"
    budget = RecordBudget(max_seconds=200)
    list(judge_records(PonderingJudge(clock), records(*texts), budget, clock))
    assert clock.now - 1_000 <= 200 + 99 + 200


def test_records_that_are_each_in_time_are_all_judged_though_together_they_are_not():
    assert judged(["slow 5"] * 30, max_seconds=60) == ["glad"] * 30


def test_a_chunk_that_would_outlast_its_time_says_so():
    with pytest.raises(ChunkTooSlowError, match="chunk_too_slow"):
        judged(["slow 5"] * 30, left=100, max_seconds=60)


def test_a_record_alone_that_would_outlast_the_time_that_is_left_is_invalid():
    assert judged(["slow 50"], left=20, max_seconds=60) == ["record_too_slow"]


def test_no_time_left_at_all_is_a_chunk_too_slow_before_anything_is_asked():
    with pytest.raises(ChunkTooSlowError):
        judged(["glad 0.8", "glad 0.8"], left=0)


def test_a_record_of_too_many_sentences_is_invalid_and_the_others_are_judged():
    texts = ["glad 0.8", "Pain.\n" * 50, "Pain.\n" * 49]
    assert judged(texts, max_segments=49) == ["glad", "record_too_long", "glad"]


def test_a_record_that_unicode_writes_out_to_too_much_is_invalid():
    phrase = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}"
    assert judged([phrase * 100, phrase * 50, "a" * 1_001], max_characters=1_000) == [
        "record_too_long",
        "glad",
        "record_too_long",
    ]


def test_what_is_in_memory_at_a_time_is_a_group_of_records():
    clock = Clock()
    judge = PonderingJudge(clock)
    heavy = "It hurts.\n" * (GROUP_SEGMENTS // 8)
    budget = RecordBudget(max_segments=10**6)
    list(judge_records(judge, records(*[heavy] * 10, "glad 0.8"), budget, clock))
    assert sum(judge.asked) == 11
    most = estimated_segments(heavy) * max(judge.asked)
    assert GROUP_SEGMENTS / 2 < most <= GROUP_SEGMENTS


def test_a_group_is_judged_when_its_first_judgement_is_asked_for():
    clock = Clock()
    judge = PonderingJudge(clock)
    heavy = "It hurts.\n" * (GROUP_SEGMENTS // 2)
    budget = RecordBudget(max_segments=10**6)
    judgements = judge_records(judge, records(heavy, heavy, heavy), budget, clock)
    asked = []
    for _ in judgements:
        asked.append(sum(judge.asked))
    assert asked == [1, 2, 3]


def test_the_budget_reaches_the_scored_chunk():
    pipeline = Run()
    run = pipeline.serialize("id,note\n1,glad 0.8\n2,slow 70\n3,glad 0.8\n")
    (task,) = pipeline.tasks(run)
    clock = Clock()
    classify(task, pipeline.store, lambda *_: PonderingJudge(clock), MODEL, clock)
    pipeline.filter(run)
    (invalid,) = pipeline.lines("moods", "invalid")
    assert (invalid["record"], invalid["code"]) == (2, TOO_SLOW.code)
    assert len(pipeline.lines("moods", "accepted")) == 2


def test_a_chunk_too_slow_writes_nothing():
    pipeline = Run()
    (task,) = pipeline.tasks(pipeline.serialize("id,note\n1,slow 30\n2,slow 30\n3,slow 30\n"))
    clock = Clock()
    with pytest.raises(ChunkTooSlowError):
        classify(task, pipeline.store, lambda *_: PonderingJudge(clock), MODEL, clock, seconds=50.0)
    assert task.scored.key not in pipeline.store.keys("results")


# -- chunks --------------------------------------------------------------------------------------


def test_a_chunk_ends_before_the_record_that_would_make_it_too_heavy():
    pipeline = Run(chunk_segments=10)
    cells = ["It hurts. " * times for times in (3, 3, 3, 30, 1, 1, 1)]
    rows = "".join(f"{number},{cell}\n" for number, cell in enumerate(cells))
    counts = [task.records for task in pipeline.tasks(pipeline.serialize("id,note\n" + rows))]
    assert counts == [2, 1, 1, 3]


def test_ordinary_records_fill_a_chunk_of_a_thousand():
    pipeline = Run()
    rows = "".join(f"{n},Melena twice since May. Hgb 8.1.\n" for n in range(2_500))
    counts = [task.records for task in pipeline.tasks(pipeline.serialize("id,note\n" + rows))]
    assert counts == [1_000, 1_000, 500]


# -- estimates -----------------------------------------------------------------------------------

_PIECES = st.sampled_from([
    "a", "Abc", ".", ". ", "?", "!", "1) ", "2. ", "\n", "\r\n", "\u2028", " ", "; ", ": ", ", ",
    "NOTE: ", "It was. ", "They ", "b.i.d. A", "'", '"', "-", "[]", "[x] ", "(x)", "☐", "☒ ", "☑a",
    "Dear Ann, ", "pain.Hgb", " Y. ", "C. Abc",
])  # fmt: skip


@given(st.lists(_PIECES, max_size=60).map("".join) | st.text(max_size=300))
def test_no_text_has_more_segments_than_estimated(text: str):
    found = segments.spans(text)
    parts = [span for span in windows(text, found) if any(s <= span[0] and span[1] <= e
             for s, e in found)]  # fmt: skip
    assert len(found) + len(parts) <= estimated_segments(text)
    assert count(text) <= most_segments(text)


@pytest.mark.parametrize("unit", ["[]a", "[x]a", "☐a", "☒ a ", "☑a\n"])
def test_boxes_count(unit: str):
    """Each of them may begin a segment."""
    text = unit * 30_000
    assert RecordBudget().rejection(text, count) is not None


def test_prose_has_not_far_fewer_segments_than_estimated():
    text = (
        "The patient came in May with melena. Hemoglobin was 8.1 g/dL (normal: 12 to 16). EGD and "
        "colonoscopy were normal; no source was found.\nIron was given, and it helped.\n"
    ) * 40
    assert count(text) <= estimated_segments(text) <= 2 * count(text)


@given(st.lists(st.text(max_size=5) | st.just("x" * 400_000), max_size=12))
def test_blocks_cover_the_texts_in_order_and_are_bounded(texts: list[str]):
    found = list(blocks(texts))
    assert [text for block in found for text in texts[block]] == texts
    for block in found:
        assert 0 < block.stop - block.start <= TEXTS
        assert sum(map(len, texts[block][:-1])) < 1_000_000


# -- Unicode -------------------------------------------------------------------------------------


@given(st.text(max_size=80))
def test_normal_text_is_normalised_as_unicode_has_it(text: str):
    assert nfkc(text) == unicodedata.normalize("NFKC", text)
    assert len(nfkc(text)) <= nfkc_length(text)


def test_a_run_of_combining_marks_is_cut_and_loses_none():
    marks = "\u0300\u0316" * 500
    text = nfkc("a" + marks + "b")
    assert text.replace("\u034f", "").startswith(("à", "a\u0316"))
    kept = unicodedata.normalize("NFD", text).replace("\u034f", "")
    assert sorted(kept) == sorted(unicodedata.normalize("NFD", "a" + marks + "b"))
    runs = [len(run) for run in text[1:-1].split("\u034f")]
    assert max(runs) <= 60


# -- every judge stops where it is told to -------------------------------------------------------


class Counting:
    """A Check that lets so many looks pass."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def __call__(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise DeadlineError


CRITERIA = """
id: blood
version: 1.0.0
kind: criteria
title: Blood
input: {text_columns: [note]}
threshold: 0.5
logic: {all_of: [melena]}
criteria:
  - id: melena
    title: Melena
    statements: [The patient has melena.]
    counter_statements: [The patient has no melena.]
    keywords: [melena]
"""


@pytest.mark.parametrize("text", [CRITERIA, None])
def test_every_judge_looks_at_the_clock_between_pieces_of_work(text: str | None):
    definition = book().find("moods") if text is None else load_definition(text, "blood")
    judge = build_judge(definition, FakeEncoder())
    texts = [f"Melena number {n}. No pain.\nIt was seen." for n in range(20)]
    assert judge(texts, check=Counting(10_000)) == judge(texts)
    for looks in (0, 1, 20):
        with pytest.raises(DeadlineError):
            judge(texts, check=Counting(looks))


def test_the_clock_is_looked_at_in_every_stage_of_judging_criteria():
    judge = build_judge(load_definition(CRITERIA, "blood"), FakeEncoder())
    looking: Counter[str] = Counter()

    def check() -> None:
        frame = inspect.currentframe()
        assert frame is not None
        assert frame.f_back is not None
        looking[frame.f_back.f_code.co_name] += 1

    [judgement] = judge(["The patient has melena.\n" + "No pain, no fever.\n" * 50], check=check)
    assert judgement.decision.value == "met"
    assert {"_plain", "_segments", "_match_block", "findings_of", "cautions"} <= looking.keys()
    # For each sentence, before anything is known of it.
    assert looking["_segments"] > 50


def test_a_refusal_is_an_invalid_record_with_code_and_cure():
    from winnow.steps.classify import scored

    line = scored(Record(record=3, line=4, source_id="a", text="x"), TOO_SLOW)
    assert isinstance(line, InvalidRecord)
    assert (line.record, line.line, line.source_id) == (3, 4, "a")
    assert line.code == "record_too_slow"
    assert "Split the record" in line.reason


def _counted(inner: Callable[[str], int]) -> tuple[Callable[[str], int], list[str]]:
    asked: list[str] = []

    def outer(text: str) -> int:
        asked.append(text)
        return inner(text)

    return outer, asked


def test_ordinary_records_are_not_counted_before_they_are_judged():
    counting, asked = _counted(count)
    budget = RecordBudget()
    assert (
        budget.rejection("Melena twice since May. Hgb 8.1, iron was given.\n" * 100, counting)
        is None
    )
    assert not asked
