"""Finding a phrase is finding a substring of tokens, and what is found is marked in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.models import PART_SEPARATOR
from winnow.search.tokens import matches, terms, tokens, tokens_of, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" -- !", ""),
        ("Iron-deficiency ANEMIA.", " iron deficiency anemia "),
        ("Hgb 7.4 g/dL", " hgb 7 4 g dl "),
        ("snake_case", " snake case "),
        ("Straße, ÉTÉ and e\u0301te\u0301", " strasse été and été "),
        ("ane\u00admia", " anemia "),
        ("½ ㎎ ﬁt ™", " 1 2 mg fit tm "),
        ("हिन्दी में", " हिन्दी में "),
        ("東京です", " 東 京 で す "),
        ("가 \u1100\u1161", " 가 가 "),
        ("x\u0301", " x\u0301 "),
        ("\u0301", ""),
    ],
)
def test_tokens_are_words_without_case_and_marks_of_layout(text: str, expected: str) -> None:
    assert tokens(text) == expected


@given(st.text())
def test_tokens_of_tokens_are_the_same(text: str) -> None:
    assert tokens(tokens(text).replace(".", "\x1d")) == tokens(text)


@given(st.text())
def test_words_are_in_their_order_and_where_they_say(text: str) -> None:
    found = list(words(text))
    assert tokens(text) == (f" {' '.join(word.token for word in found)} " if found else "")
    ends = 0
    for word in found:
        assert ends <= word.start or word.start < word.end <= len(text)
        ends = max(ends, word.end)


@given(st.lists(st.text(), min_size=1, max_size=5), st.data())
def test_what_is_cut_out_at_blanks_is_found(texts: list[str], data: st.DataObject) -> None:
    text = " ".join(texts)
    part = data.draw(st.sampled_from(texts))
    if term := tokens(part.replace("\x1d", " ")):
        assert (term in tokens(text)) or "\x1d" in part
        if term in tokens(text):
            assert matches(text, [term])


def test_no_phrase_reaches_over_the_parts_of_a_case_or_from_one_text_into_the_next() -> None:
    joined = tokens(f"iron{PART_SEPARATOR}deficiency")
    assert " iron deficiency " not in joined
    assert " iron " in joined
    assert " deficiency " in joined
    assert tokens_of(["iron", "", "deficiency now"]) == " iron . deficiency now "
    assert terms('"iron\x1ddeficiency ." .') == (" iron deficiency ",)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ()),
        ("?!", ()),
        ("Iron anemia", (" iron ", " anemia ")),
        ('"Iron  Deficiency" x', (" iron deficiency ", " x ")),
        ('an unclosed "phrase here', (" an ", " unclosed ", " phrase here ")),
        ("bleed* iron-defi*", (" bleed", " iron defi")),
        ("same same", (" same ",)),
        ('"', ()),
    ],
)
def test_a_query_is_words_and_phrases(query: str, expected: tuple[str, ...]) -> None:
    assert terms(query) == expected


def test_matches_are_marked_in_the_text_and_overlapping_ones_are_one() -> None:
    text = "Iron-deficiency ANEMIA, bleeding; no anemia."
    marked = [text[a:b] for a, b in matches(text, terms('"iron deficiency" "deficiency anemia"'))]
    assert marked == ["Iron-deficiency ANEMIA"]
    assert [text[a:b] for a, b in matches(text, terms("anemia bleed*"))] == [
        "ANEMIA",
        "bleeding",
        "anemia",
    ]
    assert matches(text, terms("ane")) == []
    assert matches(text, []) == []
