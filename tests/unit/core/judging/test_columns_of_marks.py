"""Tables that are typed with blanks or tabs: a mark says what it stands below."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scaling.measure import MOST, growth
from winnow.judging.text.columns_of_marks import with_columns


def table(text: str) -> str:
    """Lines without the bars in front of them, which keep blanks."""
    return "\n".join(line.strip().removeprefix("|") for line in text.strip().split("\n"))


TABLES = {
    "blanks": (
        """
        |Symptom       Yes   No
        |Melena              X
        |Fever         X
        """,
        ["Melena: no", "Fever: yes"],
    ),
    "a little beside": (
        """
        |Symptom       Yes     No
        |Melena                  X
        |Fever        X
        """,
        ["Melena: no", "Fever: yes"],
    ),
    "boxes": (
        """
        |              Y    N
        |Melena       [ ]  [x]
        |Fever        [x]  [ ]
        |Rash         [ ]  [ ]
        """,
        ["Melena: no", "Fever: yes", "Rash [ ] [ ]"],
    ),
    "in front": (
        """
        |YES  NO
        |( )  (x)  Melena
        |(x)  ( )  Fever
        |___  _X_  Rash
        """,
        ["no Melena", "Fever", "no Rash"],
    ),
    "narrow": ("|Y N\n|  x Melena\n|x   Fever", ["no Melena", "Fever"]),
    "other titles": (
        """
        |Symptom    Current   Past   Never
        |Melena               x
        |Fever                       x
        |Rash         x
        """,
        ["Melena: past", "Fever: no", "Rash: yes"],
    ),
    "twice in a line": (
        """
        |Symptom    Yes  No    Symptom    Yes  No
        |Melena          x     Fever       x
        """,
        ["Melena: no Fever: yes"],
    ),
    "comments, and lines without a mark": (
        """
        |Symptom    Yes  No   Comments
        |  GI
        |Melena          x    since May
        |  Skin
        |Rash        x
        """,
        ["Melena: no since May", "Rash: yes"],
    ),
    "both": ("|Symptom   Yes  No\n|Melena     x    x", ["Melena: ?"]),
    "between": ("|Symptom   Yes    No\n|Melena        x", ["Melena: ?"]),
    "far away": ("|Symptom   Yes  No\n|Melena                  x", ["Melena: ?"]),
    "tabs": ("Symptom\tYes\tNo\nMelena\t\tX\nFever\tX\t", ["Melena:no", "Fever X"]),
    "tabs, no room": ("Symptom\tNo\tYes\nMelena\tX\nFever\t\tX", ["Melena:?", "Fever X"]),
    "no titles": ("|Melena          X\n|Fever     X", ["Melena: ?", "Fever: ?"]),
}


@pytest.mark.parametrize(("text", "told"), TABLES.values(), ids=TABLES)
def test_a_mark_is_what_it_stands_below(text, told):
    lines = with_columns(table(text)).split("\n")
    found = [" ".join(line.split()) for line in lines]
    assert [line for line in found if line in told] == told


@pytest.mark.parametrize(
    "text",
    [
        "Melena      X\nFever       X",
        "Melena  X",
        "Symptom   Yes  No\n\n\nMelena         X",
        "She says yes or no\nMelena   X",
        "Melena: [ ] Yes [x] No\nFever: [x] Yes [ ] No",
        "[x] Melena\n[ ] Fever",
        "x Melena\nx Fever",
        "Finding | Yes | No\nMelena  |     | X",
        "CN X intact\nStage   X   ruled out, now   II",
        "Take 2 x  daily\nThen 1 x  daily for two weeks",
    ],
)
def test_what_is_no_such_table_stays(text):
    assert with_columns(text) == text


@given(st.text(st.sampled_from("abxX \t\n[]()_yesno☐☑-"), max_size=80))
def test_every_character_keeps_its_place(text):
    found = with_columns(f"S  Yes  No\n{text}")
    assert [len(line) for line in found.split("\n")] == [
        len(line) for line in f"S  Yes  No\n{text}".split("\n")
    ]


@pytest.mark.parametrize(
    "piece", ["a  x\n", "Yes  No\n", "a  x  ", "[x] ", "x ", "\tx", "ab  x\n\n", "_ _ ab  x\n"]
)
def test_it_takes_time_in_proportion_to_the_text(piece):
    head = "S  Yes  No\n"

    def subject(text: str) -> Callable[[], object]:
        return lambda: with_columns(text)

    assert growth(subject, lambda size: head + piece * (size // len(piece)), 200_000) < MOST
