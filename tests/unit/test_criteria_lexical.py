"""Keywords and cues."""

import pytest

from winnow.judging.lexical import Cue, Keywords, clauses, cues, words


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
    monkeypatch.setattr("winnow.judging.lexical._MEMO", 2)
    keywords = Keywords(["anemia", "iron deficiency"])
    for _ in range(3):
        assert keywords(words("a b c d iron deficiency e f anemia")) == {0, 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("She has melena.", Cue(0)),
        ("No evidence of bleeding.", Cue.NEGATED),
        ("He denies melena.", Cue.NEGATED),
        ("It wasn’t done.", Cue.NEGATED),
        ("Colonoscopy is planned.", Cue.UNSURE),
        ("Her mother had anemia.", Cue.OTHER),
        ("The father will not come.", Cue.OTHER | Cue.UNSURE | Cue.NEGATED),
        ("Notable nodules in the normality.", Cue(0)),
    ],
)
def test_cues(text: str, found: Cue) -> None:
    assert cues(text) == found


def test_clauses() -> None:
    assert clauses("melena but no pain; iron if needed") == [
        "melena ",
        "but no pain",
        " iron ",
        "if needed",
    ]
