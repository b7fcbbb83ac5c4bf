"""n texts in, n rows out, in order, whatever the texts are."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.models import ModelInfo
from winnow_encoder.batching import (
    BATCHES_FOR_AN_ENGINE,
    DIMENSIONS,
    MAX_TOKENS,
    TokenEncoder,
    Vectors,
    split,
)
from winnow_encoder.blank import is_blank
from winnow_encoder.sparse import sparse_indices

INFO = ModelInfo(name="fake", version="1", sha256="0" * 64, engine="fake")
START = 7
"""The fake tokeniser's id for a word's first character."""


class Characters:
    """A token a character; the first of a word is START, so that a word start can be told."""

    def __call__(self, text: str) -> list[int]:
        return [
            START if n == 0 or text[n - 1] == " " else 10 + ord(char) % 997
            for n, char in enumerate(text)
        ]

    def starts_word(self, token: int) -> bool:
        return token == START


class CheckedEngine:
    """Row = one at position (sum of ids mod 512); refuses what a TokenEngine need not take."""

    made = 0

    def __init__(self, batch: int) -> None:
        type(self).made += 1
        self._batch = batch
        self._busy = threading.Lock()

    def __call__(self, rows: Sequence[Sequence[int]]) -> Vectors:
        assert self._busy.acquire(blocking=False), "one engine, two threads"
        assert 1 <= len(rows) <= self._batch
        assert len({len(row) for row in rows}) == 1, "rows of different lengths would be padded"
        assert 1 <= len(rows[0]) <= MAX_TOKENS
        out = np.zeros((len(rows), DIMENSIONS), np.float32)
        for row, ids in zip(out, rows, strict=True):
            row[sum(ids) % DIMENSIONS] = 1
        self._busy.release()
        return out


def encoder(threads: int = 1, batch: int = 4) -> TokenEncoder:
    return TokenEncoder(Characters(), lambda: CheckedEngine(batch), INFO, threads, batch)


texts = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(["", " ", "\n\t", "\u200b", "\ufeff \u2028", "\u00a0"]),
        st.text("ab c", min_size=100, max_size=600),
    ),
    max_size=25,
)
LENGTHS = ["a" * n for n in range(1, 3 * BATCHES_FOR_AN_ENGINE)]
"""A batch each: enough work for three engines."""


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(texts, texts.map(lambda some: some + LENGTHS)), st.integers(1, 3), st.integers(1, 5)
)
def test_rows_are_the_texts_own_in_their_order(texts: list[str], threads: int, batch: int) -> None:
    rows = encoder(threads, batch)(texts)
    assert rows.shape == (len(texts), DIMENSIONS)
    assert rows.dtype == np.float32
    for text, row in zip(texts, rows, strict=True):
        assert np.array_equal(row, encoder()([text])[0])
        assert np.linalg.norm(row) == pytest.approx(0 if is_blank(text) else 1, abs=1e-6)


def test_no_text_is_no_row() -> None:
    assert encoder()([]).shape == (0, DIMENSIONS)
    assert encoder()(["", " "]).shape == (2, DIMENSIONS)


def test_long_text_is_the_mean_of_its_pieces_weighted_by_tokens() -> None:
    text = "word " * 60
    pieces = split(Characters()(text), Characters().starts_word)
    assert len(pieces) == 3
    mean = sum(len(piece) * CheckedEngine(1)([piece])[0] for piece in pieces)
    assert np.allclose(encoder()([text])[0], mean / np.linalg.norm(mean))


@given(st.lists(st.sampled_from([START, 50]), max_size=900))
def test_split_loses_nothing_and_fits(ids: list[int]) -> None:
    pieces = split(ids, Characters().starts_word)
    assert [token for piece in pieces for token in piece] == ids
    assert all(1 <= len(piece) <= MAX_TOKENS for piece in pieces)
    assert len(pieces) <= max(1, -(-len(ids) // (MAX_TOKENS // 2)))


def test_split_cuts_before_words_where_it_can() -> None:
    ids = ([START] + [50] * 6) * 40
    pieces = split(ids, Characters().starts_word)
    assert all(piece[0] == START for piece in pieces)
    assert max(map(len, pieces)) - min(map(len, pieces)) <= 14


def test_engines_are_made_when_there_is_work_for_them() -> None:
    CheckedEngine.made = 0
    several = encoder(threads=3, batch=2)
    several(["a", "b"])
    assert CheckedEngine.made == 1
    several(LENGTHS[: BATCHES_FOR_AN_ENGINE - 1])
    assert CheckedEngine.made == 1
    several(LENGTHS[:BATCHES_FOR_AN_ENGINE])
    assert CheckedEngine.made == 2
    several(LENGTHS)
    assert CheckedEngine.made == 3
    several(["a"] + 3 * LENGTHS)
    assert CheckedEngine.made == 3


def test_what_an_engine_raises_reaches_the_caller() -> None:
    class Broken:
        def __call__(self, rows: Sequence[Sequence[int]]) -> Vectors:
            raise ValueError("broken")

    for threads in (1, 2):
        with pytest.raises(ValueError, match="broken"):
            TokenEncoder(Characters(), Broken, INFO, threads, 2)(LENGTHS)


def test_calls_from_several_threads_do_not_meet() -> None:
    shared = encoder(threads=2, batch=2)
    inputs = [[f"text {n} of {m}" + "x" * n for n in range(20)] for m in range(6)]
    outputs: dict[int, Vectors] = {}

    def run(number: int) -> None:
        outputs[number] = shared(inputs[number])

    workers = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for number in range(6):
        assert np.array_equal(outputs[number], encoder()(inputs[number]))


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("", True), (" \r\n\t", True), ("\u00a0\u3000", True), ("\u200b\ufeff", True),
        (" \u200d \u2028", True), ("\x00\x07", True), (".", False), ("0", False),
        ("\u200ba", False), ("日", False), ("▁", False),
    ],
)  # fmt: skip
def test_blank_is_what_cannot_be_seen(text: str, blank: bool) -> None:
    assert is_blank(text) is blank


def test_sparse_indices_name_row_and_position() -> None:
    assert sparse_indices(2, 3).tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
