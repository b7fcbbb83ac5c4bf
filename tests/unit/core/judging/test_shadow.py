"""A second judge beside the one that decides: it is heard, and changes nothing."""

from collections.abc import Mapping, Sequence

import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import rows, trained, with_scope
from winnow.errors import HeadInvalidError
from winnow.heads import ngrams
from winnow.judging import build_judge
from winnow.judging.shadow import SHADOW_FAILED, SHADOW_TOO_SLOW, JudgePair
from winnow.judging.text.remembering import RememberingEncoder
from winnow.limits.budget import Check, no_deadline
from winnow.models import Judgement, ProcessInfo
from winnow.ports import Judge
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry

TEXTS = [f"{text}. Please help with {text}." for text, _, _ in rows(40, seed=3)]

CRITERIA = """
id: bleed
version: 1.0.0
kind: criteria
title: Bleeding
criteria:
  - id: bleeding
    title: Bleeding
    statements: [The patient has melena.]
    counter_statements: [The patient has no melena.]
    keywords: [melena]
logic: {all_of: [bleeding]}
"""
NOTES = ["The patient has melena.", "The patient has no melena. Seen today.", "Feels well."]


class Clock:
    """Goes on by a second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> tuple[ProcessRegistry, ProcessRegistry]:
    """Two versions of a process with a head: of few rows, and of many without mistakes."""
    first, second = (tmp_path_factory.mktemp("processes") for _ in range(2))
    return trained(first, 80, noise=0.3), trained(second, 240, noise=0.0)


def heads(
    books: tuple[ProcessRegistry, ProcessRegistry], encoder: FakeEncoder | RememberingEncoder
) -> tuple[Judge, Judge]:
    first, second = (build_judge(b.find("bank"), encoder, b.heads["bank"]) for b in books)
    return first, second


def criteria(text: str, encoder: FakeEncoder | RememberingEncoder) -> Judge:
    return build_judge(load_definition(text, "t"), encoder)


def alone(judge: Judge, texts: Sequence[str] = TEXTS) -> list[tuple[str, float, bool]]:
    return [(one.decision.value, one.confidence, one.out_of_scope) for one in judge(texts)]


def test_the_second_head_says_what_it_says_alone_and_the_first_is_not_changed(
    books: tuple[ProcessRegistry, ProcessRegistry],
) -> None:
    judge, shadow = heads(books, FakeEncoder())
    pair = JudgePair(judge, shadow, Clock())
    assert pair(TEXTS) == judge(TEXTS)
    assert pair.briefs == alone(shadow)
    assert pair.briefs != alone(judge)
    assert pair.dropped is None


@pytest.mark.parametrize("limit", [0.0, 0.3, 0.9, 0.99, 1.0])
def test_the_second_head_knows_its_scope(
    books: tuple[ProcessRegistry, ProcessRegistry], limit: float
) -> None:
    book = books[1]
    shadow = build_judge(book.find("bank"), FakeEncoder(), with_scope(book.heads["bank"], limit))
    pair = JudgePair(heads(books, FakeEncoder())[0], shadow, Clock())
    texts = [*TEXTS, "", "zebra quantum my the", "Ω"]
    pair(texts)
    assert pair.briefs == alone(shadow, texts)
    assert any(brief.out_of_scope for brief in pair.briefs if brief) is (limit < 1)


def test_two_heads_share_sentences_and_ngrams(
    books: tuple[ProcessRegistry, ProcessRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = FakeEncoder()
    judge, shadow = heads(books, encoder)
    encoder.calls.clear()
    hashed: list[str] = []
    original = ngrams.hash_ngrams

    def counted(texts: Sequence[str], block: ngrams.Block, bits: int) -> ngrams.HashedNgrams:
        hashed.append(block)
        return original(texts, block, bits)

    monkeypatch.setattr(ngrams, "hash_ngrams", counted)
    JudgePair(judge, shadow, Clock())(TEXTS)
    assert len(encoder.calls) == 1
    assert sorted(hashed) == ["characters", "words"]


def test_the_calls_of_a_pair_add_up(books: tuple[ProcessRegistry, ProcessRegistry]) -> None:
    judge, shadow = heads(books, FakeEncoder())
    pair = JudgePair(judge, shadow, Clock())
    pair(TEXTS[:7])
    pair([])
    pair(TEXTS[7:])
    assert pair.briefs == alone(shadow)


def test_other_criteria_are_judged_twice_and_each_sentence_is_encoded_once() -> None:
    encoder = FakeEncoder()
    memory = RememberingEncoder(encoder)
    judge = criteria(CRITERIA, memory)
    shadow = criteria(CRITERIA.replace("[melena]}", "[melena, seen]}"), memory)
    shadow = criteria(CRITERIA.replace("has melena.]", "has melena., Feels well.]"), memory)
    expected, of_shadow = judge(NOTES), alone(shadow, NOTES)
    encoder.calls.clear()
    pair = JudgePair(judge, shadow, Clock(), memory=memory)
    assert pair(NOTES) == expected
    assert pair.briefs == of_shadow
    encoded = [text for call in encoder.calls for text in call]
    assert len(encoded) == len(set(encoded))


def test_an_encoder_forgets_when_the_block_ends() -> None:
    encoder = FakeEncoder()
    memory = RememberingEncoder(encoder)
    with memory.remembering():
        once = memory(["a b", "c", "a b"])
        assert memory(["c", "a b"]).tolist() == [once[1].tolist(), once[0].tolist()]
        assert encoder.calls == [["a b", "c"]]
        assert memory([]).shape == (0, 512)
    memory(["c"])
    assert encoder.calls[-1] == ["c"]


class Failing:
    """A judge that fails, or that takes longer than it may."""

    def __init__(self, error: Exception | None) -> None:
        self.process: ProcessInfo = load_definition(CRITERIA.replace("1.0.0", "2.0.0"), "t").info
        self._error = error
        self.calls = 0

    def __call__(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, str]] | None = None,
        *,
        check: Check = no_deadline,
    ) -> list[Judgement]:
        self.calls += 1
        if self._error is not None:
            raise self._error
        while True:
            check()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), SHADOW_FAILED),
        (HeadInvalidError("It is damaged."), "head_invalid"),
        (None, SHADOW_TOO_SLOW),
    ],
)
def test_a_second_judge_that_fails_or_is_too_slow_is_given_up(
    error: Exception | None, code: str
) -> None:
    judge, shadow = criteria(CRITERIA, FakeEncoder()), Failing(error)
    pair = JudgePair(judge, shadow, Clock(), seconds=20)
    assert pair(NOTES) == judge(NOTES)
    assert pair(NOTES) == judge(NOTES)
    assert pair.briefs == [None] * 2 * len(NOTES)
    assert (pair.dropped, shadow.calls) == (code, 1)
