"""Copies are found whatever was changed a little, and texts that only share words are not."""

import random

import numpy as np
import pytest

from winnow_train.near_copies import near_copies, normalised, text_key

WORDS = [f"word{number}" for number in range(2_000)]


def note(seed: int, words: int = 60) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def test_what_makes_no_difference():
    assert normalised("Hb 7.4 -- Melena!\n") == normalised("hb  7.4: MELENA")
    assert text_key("A note.") == text_key("a NOTE") != text_key("a notes")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.upper().replace(" ", "\n"),
        lambda text: text + " Signed by somebody else.",
        lambda text: "Forwarded: " + text,
        lambda text: text.replace(text.split()[30], "other", 1),
        lambda text: " ".join(text.split()[2:]),
    ],
    ids=["letters and lines", "a sentence more", "a heading", "a word", "words less"],
)
def test_a_changed_copy_is_in_the_group_of_its_text(change):
    for seed in range(30):
        text, other = note(seed), note(seed + 1_000)
        assert near_copies([text, other, change(text)]).tolist() == [0, 1, 0]


def test_a_text_like_two_others_joins_them():
    words = note(1, 100).split()
    first, second = " ".join(words), " ".join([*words[12:], *note(2, 12).split()])
    between = " ".join([*words[6:], *note(2, 12).split()[:6]])
    assert near_copies([first, between, second]).tolist() == [0, 0, 0]


def test_half_of_a_text_is_no_copy():
    texts = [note(seed, 40) + " " + note(7, 40) for seed in range(40)]
    assert len(set(near_copies(texts).tolist())) == 40


def test_short_and_blank_texts():
    assert near_copies([]).tolist() == []
    assert near_copies(["", "no", "No!", " - ", "yes"]).tolist() == [0, 1, 1, 0, 2]


def test_groups_do_not_depend_on_the_order():
    texts = [note(seed % 50) + (" again" if seed >= 50 else "") for seed in range(100)]
    groups = near_copies(texts)
    order = np.random.default_rng(0).permutation(100)
    shuffled = near_copies([texts[i] for i in order])
    pairs = {(int(groups[i]), int(shuffled[at])) for at, i in enumerate(order)}
    assert len(pairs) == len(set(groups.tolist())) == 50
