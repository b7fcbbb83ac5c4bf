"""Segments: exact spans over all of a text, and sentence ends as Punkt decides them."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.judging import punkt, segments


def split(text: str) -> list[str]:
    return [segment.text for segment in segments.split(text)]


PIECES = st.sampled_from(
    [
        *(
            [
                "Dr.",
                "pt.",
                "mg.",
                "3.5",
                "12.",
                "pain.",
                "The",
                "a",
                "no",
                "No.",
                "e.g.",
                "U.S.",
                "what?!",
                "(yes.)",
                "...",
                "she",
                "é",
                ";",
            ]
        ),
        *('"Stop."', "\n", "\n\n", "1. ", "- ", "HISTORY:", "\t", " ", "x" * 450, "word " * 100),
        *("\u2028", "\r\n", "\x85", "\u00a0"),
    ]
)


@given(st.lists(PIECES, max_size=30).map(" ".join) | st.text(max_size=200))
def test_spans_are_exact_ordered_and_cover_everything(text: str) -> None:
    end = 0
    for segment in segments.split(text):
        assert segment.text == text[segment.start : segment.end]
        assert segment.text == segment.text.strip() != ""
        assert len(segment.text) <= segments.MAX_CHARACTERS
        assert text[end : segment.start].strip() == ""
        assert segment.start >= end
        end = segment.end
    assert text[end:].strip() == ""


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\u2003\x0b\u2028"])
def test_blank_text_has_no_segments(text: str) -> None:
    assert segments.split(text) == []


def test_abbreviations_decimals_and_initials_end_nothing() -> None:
    text = (
        "Dr. Smith gave 3.5 mg. of Fe vs. placebo, e.g. at 8 a.m. daily. "
        "Hgb was 7.1 then. J. Doe agreed."
    )
    assert split(text) == [
        "Dr. Smith gave 3.5 mg. of Fe vs. placebo, e.g. at 8 a.m. daily.",
        "Hgb was 7.1 then.",
        "J. Doe agreed.",
    ]


def test_a_sentence_may_end_in_an_abbreviation() -> None:
    assert split("Iron 325 mg t.i.d. She denies pain.") == [
        "Iron 325 mg t.i.d.",
        "She denies pain.",
    ]


def test_closing_quotes_and_brackets_stay_with_their_sentence() -> None:
    assert split('He said "Stop." (She did.) Then they left.') == [
        'He said "Stop."',
        "(She did.)",
        "Then they left.",
    ]


def test_headings_lists_and_lines() -> None:
    text = (
        "IMPRESSION:\n1. Blood loss anemia.\n2. Diverticulosis\n- iron\n\n"
        "PAST MEDICAL HISTORY: Asthma. Gout.\nHGB: 8.1"
    )
    assert split(text) == [
        "IMPRESSION:",
        "1. Blood loss anemia.",
        "2. Diverticulosis",
        "- iron",
        "PAST MEDICAL HISTORY:",
        "Asthma.",
        "Gout.",
        "HGB: 8.1",
    ]


def test_a_list_on_one_line_keeps_number_and_item_together() -> None:
    assert split("1. Check iron. 2. Repeat colonoscopy. b. Call.") == [
        "1. Check iron.",
        "2. Repeat colonoscopy.",
        "b. Call.",
    ]


def test_soft_wraps_are_joined_and_short_lines_are_not() -> None:
    wrapped = (
        "The patient was seen in the clinic because of bleeding that\r\n"
        "had begun in the spring.\r\nAsthma\r\nGout"
    )
    assert split(wrapped) == [
        "The patient was seen in the clinic because of bleeding that\r\nhad begun in the spring.",
        "Asthma",
        "Gout",
    ]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\u2028"])
def test_an_empty_line_ends_a_sentence_however_lines_are_broken(line_break: str) -> None:
    first = "A line that is long enough to look like one that was wrapped"
    assert split(f"{first}{line_break}second") == [f"{first}{line_break}second"]
    assert split(f"{first}{line_break}{line_break}second") == [first, "second"]


def test_long_segments_break_at_clauses() -> None:
    text = "; ".join(f"finding number {n} was seen" for n in range(40))
    parts = split(text)
    assert len(parts) > 2
    assert all(part.endswith(";") for part in parts[:-1])
    assert [len(p) for p in split("x" * 1000)] == [400, 400, 200]


WORDS = st.sampled_from(
    [
        "Dr.",
        "mg.",
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
        "a.m.",
        "(yes.)",
        "anemia...",
        "J.",
        "7.4",
        "(t.i.d.)",
        "post-op.",
        "end.)",
        "J.R.",
        "?",
        '"Stop."',
    ]
)


@given(st.lists(WORDS, min_size=1, max_size=25).map(" ".join))
def test_sentence_ends_are_punkts(text: str) -> None:
    expected = [s for span in punkt.tokenizer().span_tokenize(text) for s in [text[slice(*span)]]]
    # The one rule of ours within a line: a list mark stays with its item.
    joined: list[str] = []
    for sentence in expected:
        if joined and segments._ONLY_MARK.match(joined[-1]):
            joined[-1] += " " + sentence
        else:
            joined.append(sentence)
    assert split(text) == joined


def test_time_grows_with_the_text_and_not_faster() -> None:
    # Quadratic work on any of these would take minutes.
    for text in ("." * 100_000, "a." * 50_000, "x " * 100_000, "\n" * 200_000, "! " * 50_000):
        segments.spans(text)


def test_punkt_comes_without_the_rest_of_nltk() -> None:
    code = (
        "import sys; from winnow.judging import segments; segments.spans('A b. C d.');"
        "assert not [m for m in sys.modules if m.startswith('nltk')];"
        "import nltk; assert nltk.word_tokenize and nltk.__version__"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
