"""How answers of two processors are compared (tests/arm)."""

from typing import Any

import numpy as np
import pytest

from tests.arm.compare import Answer, Apart, apart, good

VECTORS = np.eye(3, 512, dtype=np.float32)
TURNED = np.roll(VECTORS, 1, axis=1)


def answer(*records: tuple[str, float], together: Any = VECTORS, alone: Any = None) -> Answer:
    judged = [{"judgement": {"decision": {"value": v}, "confidence": c}} for v, c in records]
    return Answer(together, together if alone is None else alone, judged)


EXPECTED = answer(("met", 0.91), ("not_met", 0.5))


def compared(ours: Answer) -> Apart:
    return apart(ours, EXPECTED, VECTORS[:2])


def test_an_answer_is_like_itself() -> None:
    found = compared(EXPECTED)
    assert good(found)
    assert (found["texts"], found["records"], found["least_cosine"]) == (3, 2, 1.0)


def test_texts_without_tokens_are_alike() -> None:
    blank = np.vstack([VECTORS[:2], np.zeros((1, 512), np.float32)])
    expected = answer(("met", 0.91), ("not_met", 0.5), together=blank)
    assert good(apart(expected, expected, VECTORS[:2]))
    assert not good(apart(EXPECTED, expected, VECTORS[:2]))


@pytest.mark.parametrize(
    "ours",
    [
        answer(("met", 0.91), ("met", 0.5)),
        answer(("met", 0.91), ("not_met", 0.51)),
        answer(("met", 0.91), ("not_met", 0.5), together=TURNED),
        answer(("met", 0.91), ("not_met", 0.5), alone=TURNED),
    ],
    ids=["another decision", "another confidence", "other vectors", "others when alone"],
)
def test_what_is_apart_is_not_good(ours: Answer) -> None:
    assert not good(compared(ours))


def test_a_record_that_is_missing_is_an_error() -> None:
    with pytest.raises(ValueError, match="longer"):
        compared(answer(("met", 0.91)))
