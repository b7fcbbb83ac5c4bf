"""Keywords, and the words shared with reference sentences."""

import pytest

from winnow.judging.criteria.keywords import Keywords, SharedWords, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Two colonoscopies were done.", {"colonoscopy"}),
        ("COLONOSCOPY", {"colonoscopy"}),
        ("colonscopy done", {"colonoscopy"}),
        ("Upper enteroscopy", set()),
        ("upper endoscopy was done", {"upper endoscopy"}),
        ("upper part; later endoscopy", set()),
        ("the Hb fell", {"Hb"}),
        ("the Hub fell", set()),
        ("heme-positive stool", {"heme-positive"}),
        ("Crohn’s disease", {"Crohn's"}),
        ("", set()),
    ],
)
def test_keywords(text: str, found: set[str]) -> None:
    keywords = ["colonoscopy", "upper endoscopy", "Hb", "heme-positive", "Crohn's"]
    assert {keywords[i] for i in Keywords(keywords)(words(text))} == found


def test_a_word_is_not_forgotten_wrongly_when_the_memo_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("winnow.judging.criteria.keywords._MAX_REMEMBERED", 2)
    keywords = Keywords(["anemia", "iron deficiency"])
    for _ in range(3):
        assert keywords(words("a b c d iron deficiency e f anemia")) == {0, 1}


def test_where_a_keyword_stands() -> None:
    find = Keywords(["melena", "black stools"])
    assert find.spans(words("No melena; black stools, melena")) == [(0, 1, 2), (1, 2, 4), (0, 4, 5)]


def test_keywords_that_begin_alike_and_one_that_is_given_twice() -> None:
    find = Keywords(
        ["small bowel series", "small bowel", "small", "Small bowel", "small intestine"]
    )
    assert sorted(find.spans(words("Small bowels series."))) == [
        (0, 0, 3),
        (1, 0, 2),
        (2, 0, 1),
        (3, 0, 2),
    ]
    assert find(words("a small bowel, serious")) == {1, 2, 3}
    assert find(words("the small")) == {2}


def test_shared_words() -> None:
    shared = SharedWords(["Iron deficiency anemia.", "The anemia has resolved.", "Of the"])
    (row,) = shared([words("chronic iron-deficiency anaemia was seen")])
    assert row[0] == pytest.approx(1.0)
    assert 0 < row[1] < 0.5
    assert row[2] == 0
    assert shared([]).shape == (0, 3)
    # A rare word tells more than one that many references have.
    (rare,) = shared([words("iron")])
    (common,) = shared([words("anemia")])
    assert rare[0] > common[0] > 0
