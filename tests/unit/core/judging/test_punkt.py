"""The copied part of Punkt decides as NLTK's does, and so do our segments."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.judging.text import punkt, segments

PARAMETERS = json.loads(Path(punkt.__file__).with_name("punkt.json").read_text("utf-8"))

WORDS = st.sampled_from(
    [
        "Dr.",
        "pain.",
        "pain",
        "The",
        "the",
        "no.",
        "5",
        "e.g.",
        "U.S.",
        "what?!",
        "it!",
        "(yes.)",
        "anemia...",
        "7.4",
        "(approx.)",
        "post-op.",
        "end.)",
        "J.R.",
        "?",
        '"Stop."',
    ]
)
PIECES = st.sampled_from(
    [
        *".?!,;:()\"'-*&#@`{}[]|“”’«»\n\t",
        *("...", "..", "--", ". . .", "\u00a0", "A.", "a.", "É.", "x", "X", "5.", "-7.", "B12."),
        *(f"{word}." for word in PARAMETERS["abbreviations"]),
        *PARAMETERS["sentence_starters"],
        *(word.capitalize() for word in PARAMETERS["sentence_starters"]),
        *(f"{first}. {second}" for first, second in PARAMETERS["collocations"]),
    ]
)


@pytest.fixture(scope="module")
def nltk_tokenizer() -> Any:
    """NLTK's own tokenizer with our parameters."""
    # Imported here: it takes a second.
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types = set(PARAMETERS["abbreviations"])
    parameters.sent_starters = set(PARAMETERS["sentence_starters"])
    parameters.collocations = {tuple(pair) for pair in PARAMETERS["collocations"]}
    return PunktSentenceTokenizer(parameters)


@given(pieces=st.lists(st.tuples(PIECES | WORDS, st.sampled_from(["", " "])), max_size=6))
def test_full_stops_end_sentences_where_nltk_says(
    nltk_tokenizer: Any, pieces: list[tuple[str, str]]
) -> None:
    text = "".join(piece + space for piece, space in pieces)
    assert punkt.load().ends(text) == nltk_tokenizer.text_contains_sentbreak(text)


@given(text=st.lists(WORDS, min_size=1, max_size=25).map(" ".join))
def test_segments_end_where_nltk_ends_sentences(nltk_tokenizer: Any, text: str) -> None:
    # Three rules of ours are left within such a line: a list mark stays with its item, an answer
    # with its question, and a question mark with the word that it stands in front of.
    joined: list[str] = []
    for sentence in nltk_tokenizer.tokenize(text):
        answers = joined and joined[-1].endswith("?") and segments._ANSWER.match(sentence)
        in_front = joined and re.search(r"\s\?$", joined[-1]) and sentence[0].islower()
        if joined and (answers or in_front or segments._ONLY_MARK.match(joined[-1])):
            joined[-1] += " " + sentence
        else:
            joined.append(sentence)
    assert [text[start:end] for start, end in segments.spans(text)] == joined
