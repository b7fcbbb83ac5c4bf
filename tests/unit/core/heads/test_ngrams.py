"""Hashed n-grams: what a text is, whatever stands beside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.heads import ngrams
from winnow.heads.ngrams import (
    HashedNgrams,
    hash_ngrams,
    inverse_document_frequency,
    matmul,
    tfidf_normalise,
)

BITS = 12
TEXTS = st.lists(st.text(max_size=40), min_size=1, max_size=6)


def row(found: HashedNgrams, index: int) -> dict[int, float]:
    part = slice(found.starts[index], found.starts[index + 1])
    return dict(zip(found.places[part].tolist(), found.values[part].tolist(), strict=True))


def same(one: dict[int, float], other: dict[int, float]) -> bool:
    return one.keys() == other.keys() and all(one[k] == pytest.approx(other[k]) for k in one)


@given(TEXTS)
@pytest.mark.parametrize("block", ["characters", "words"])
def test_a_text_has_the_same_grams_in_any_company(block, texts):
    together = hash_ngrams(texts, block, BITS)
    assert len(together.starts) == len(texts) + 1
    for index, text in enumerate(texts):
        assert same(row(together, index), row(hash_ngrams([text], block, BITS), 0))


@pytest.mark.parametrize("block", ["characters", "words"])
def test_many_texts_are_taken_apart_in_parts(block, monkeypatch):
    texts = ["card lost", "", "a longer text about a card that was lost", "card", "", ""]
    whole = hash_ngrams(texts, block, BITS)
    monkeypatch.setattr(ngrams, "PART", 12)
    parts = hash_ngrams(texts, block, BITS)
    assert parts.starts.tolist() == whole.starts.tolist()
    assert parts.places.tolist() == whole.places.tolist()
    assert parts.values.tolist() == whole.values.tolist()
    assert hash_ngrams([], block, BITS).starts.tolist() == [0]


def test_words_and_pairs_are_counted_as_they_stand():
    bits = 20
    assert len(row(hash_ngrams(["a b"], "words", bits), 0)) == 3
    assert len(row(hash_ngrams(["a b c"], "words", bits), 0)) == 5
    two = row(hash_ngrams(["a a"], "words", bits), 0)
    single = row(hash_ngrams(["a"], "words", bits), 0)
    (place,) = single
    assert abs(two[place]) == pytest.approx(np.log(3))
    assert abs(single[place]) == pytest.approx(np.log(2))


def test_characters_stay_within_a_word():
    # " ab ": 2: " a", "ab", "b "; 3: " ab", "ab "; 4: " ab ".
    assert len(row(hash_ngrams(["ab"], "characters", 20), 0)) == 6
    assert (
        row(hash_ngrams(["ab"], "characters", 20), 0).keys()
        <= row(hash_ngrams(["cd ab ef"], "characters", 20), 0).keys()
    )
    assert len(row(hash_ngrams(["ab cd"], "characters", 20), 0)) == 12


def test_case_and_width_and_punctuation_do_not_count():
    plain = row(hash_ngrams(["Card lost!"], "words", BITS), 0)
    assert same(plain, row(hash_ngrams(["ｃａｒｄ  (LOST)"], "words", BITS), 0))
    assert not same(plain, row(hash_ngrams(["lost card"], "words", BITS), 0))


def test_blank_texts_have_none():
    found = hash_ngrams(["", " \n", "word", ""], "characters", BITS)
    assert [len(row(found, i)) > 0 for i in range(4)] == [False, False, True, False]
    assert matmul(found, np.ones((1 << BITS, 2), np.float32)).shape == (4, 2)
    assert (matmul(found, np.ones((1 << BITS, 2), np.float32))[[0, 1, 3]] == 0).all()


@given(TEXTS)
def test_the_product_is_that_of_the_dense_rows(texts):
    found = hash_ngrams(texts, "characters", BITS)
    found = tfidf_normalise(found, inverse_document_frequency(found, BITS))
    matrix = np.random.default_rng(0).standard_normal((1 << BITS, 3)).astype(np.float32)
    dense = np.zeros((len(texts), 1 << BITS), np.float32)
    for index in range(len(texts)):
        for place, value in row(found, index).items():
            dense[index, place] = value
    lengths = np.linalg.norm(dense, axis=1)
    assert all(length == pytest.approx(1, abs=1e-4) or length == 0 for length in lengths)
    np.testing.assert_allclose(matmul(found, matrix), dense @ matrix, atol=1e-4)


def test_rare_grams_weigh_more():
    found = hash_ngrams(["card lost", "card found", "card stolen"], "words", BITS)
    weights = inverse_document_frequency(found, BITS)
    common, rare = (
        row(hash_ngrams(["card"], "words", BITS), 0),
        row(hash_ngrams(["stolen"], "words", BITS), 0),
    )
    assert weights[next(iter(common))] < weights[next(iter(rare))]
