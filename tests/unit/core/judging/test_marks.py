"""The marks of forms and lists, as the few that judging knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.judging.text import segments
from winnow.judging.text.marks import plain_marks


@pytest.mark.parametrize(
    ("text", "read"),
    [
        # Boxes, ticks and crosses.
        ("◻ a\n◼ b", "☐ a\n☑ b"),
        ("⬜ a\n✅ b", "☐ a\n☑ b"),
        ("✗ a\n✓ b", "☐ a\n☑ b"),
        ("❌\ufe0f a\n✔\ufe0f b", "☐  a\n☑  b"),
        ("✗ a\n□ b", "⍰ a\n☐ b"),
        ("✗ a\n✗ b", "⍰ a\n⍰ b"),
        ("✗ a", "☐ a"),
        ("Melena ✗", "Melena ☐"),
        # Bullets, and circles that are none.
        ("○ a\n○ b", "○ a\n○ b"),
        ("■ a\n■ b", "■ a\n■ b"),
        ("□ a\n■ b", "☐ a\n☑ b"),
        ("● a\n○ b", "● a\n⍰ b"),
        ("● a\n  ○ b", "● a\n  ○ b"),
        ("○ a\n✓ b", "☐ a\n☑ b"),
        # Answers to a question.
        ("Melena? ○ Yes ● No", "Melena? ☐ Yes ☑ No"),
        ("Melena: ■ No □ Yes", "Melena: ☑ No ☐ Yes"),
        ("Melena: □ Yes ✗ No", "Melena: ☐ Yes ☑ No"),
        ("Melena\n○ Yes\n● No", "Melena\n☐ Yes\n☑ No"),
        # Letters of no known font.
        ("\uf0b7 a\n\uf0b7 b", "• a\n• b"),
        ("\uf0a8 a\n\uf0fe b", "⍰ a\n⍰ b"),
        ("\ufffd a", "⍰ a"),
        ("Crohn\ufffds", "Crohn\ufffds"),
        # Blanks.
        ("_ a\n_x_ b", "☐ a\n☑   b"),
        ("__ a", "⍰  a"),
        ("_emphasis_ a", "_emphasis_ a"),
    ],
)
def test_marks(text: str, read: str) -> None:
    assert plain_marks(text) == read
    assert plain_marks(read) == read or "⍰" in read


@given(st.text("ab _x\n-☐○●■□✗✓\ufffd\uf0b7\ufe0f•"))
def test_each_mark_keeps_its_place(text: str) -> None:
    assert len(plain_marks(text)) == len(text)


def test_the_answers_below_a_question_stay_with_it() -> None:
    text = "Melena?\n☐ Yes\n☒ No\n☐ Fever"
    assert [text[s:e] for s, e in segments.spans(text)] == ["Melena?\n☐ Yes\n☒ No", "☐ Fever"]
