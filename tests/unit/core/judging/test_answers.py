"""Forms as text: which questions nobody has answered, and which answers stand on the line below."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scaling.measure import MOST, growth
from winnow.judging.text import segments
from winnow.judging.text.answers import plain_answers
from winnow.judging.text.headings import list_headings

NOT_ANSWERED = [
    *("Choose an item.", "Choose", "Select one", "Please select", "-- Select --", "<select>"),
    *("Click or tap here to enter text.", "[Click here to enter text]", "Click to enter a date."),
    *("[enter]", "Enter text", "Enter here", "Type here...", "(please specify)", "Describe:"),
    *("(circle one)", "check all that apply", "Check one box", "Explain if yes", "Fill in"),
    *("«Answer»", "<<answer>>", "{answer}", "{{ patient.melena }}", "${answer}", "[[answer]]"),
    *("%melena%", "@MELENA@", "<blank>", "***", "*", "( )", "()", ".", "..", "/", "\\", ";", "—"),
    *("null", "NaN", "undefined", "(blank)", "left blank", "unanswered", "NA", "nope", "&nbsp;"),
    *("#N/A", "#REF!", "########", "Y/N", "Y / N", "(Yes/No)", "[Y/N]", "Y / N (circle)", "F"),
]
ANSWERS = [
    *("yes", "No", "Y", "n", "[x] Yes [ ] No", "☐ Yes ☒ No", "since May", "2 episodes", "+", "-"),
    *("none", "denied", "positive", "true", "0", "1", "select cases were reviewed", "<5 mL", "??"),
    *("check hemoglobin daily", "described by her son", "entered by the ward", "[since May]"),
    *(
        "clear",
        "ok",
        "sees double",
        "complete heart block",
        "typed and crossed",
        "a point mutation",
        "(resolved)",
        "A/B",
    ),
]


@pytest.mark.parametrize("value", NOT_ANSWERED)
@pytest.mark.parametrize("around", ["Melena: {}", "Fever: no\nMelena: {}  \nPain: no", "Melena:{}"])
def test_what_a_form_says_where_nobody_answered_is_a_blank(value, around):
    read = plain_answers(around.format(value))
    rest = (part.replace(" ", "") for part in around.split("{}"))
    blank = "[_?][_ ]*;?".join(map(re.escape, rest))
    assert re.fullmatch(blank, read.replace(" ", "")), read


@pytest.mark.parametrize("value", ANSWERS)
def test_an_answer_stays(value):
    for text in (f"Melena: {value}", f"Melena? {value}\nFever: no", f"Seen {value}"):
        assert plain_answers(text) in (text, text.replace("☒", "☑"))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        # Both answers are named, and one is given or none.
        ("Melena (Y/N): N", "Melena      : N"),
        ("Melena? (yes/no) Yes", "Melena?          Yes"),
        ("Melena [Y/N]", "Melena ____;"),
        ("Melena (Y/N) since May", "Melena (Y/N) since May"),
        ("Melena ( )\nFever (x)", "Melena [ ]\nFever (x)"),
        # Dots.
        ("Melena ........ no\nPain .....", "Melena :        no\nPain _____"),
        ("Melena . . . . . Y", "Melena :         Y"),
        ("Pain..... melena since May", "Pain..... melena since May"),
        # On the line below.
        ("Melena\nNo\nFever?\nYes", "Melena:No\nFever? Yes"),
        ("Melena:\nDenied, since May", "Melena: Denied, since May"),
        ("1. Melena\nNo\n2. Fever\nYes", "1. Melena:No\n2. Fever:Yes"),
        ("- Melena\n  none reported", "- Melena:  none reported"),
        ("Melena\n- No", "Melena:  No"),
        ("Melena\n: No", "Melena:  No"),
        ("Q: Melena?\nA: No", "Q: Melena?    No"),
        ("Melena\nAnswer: No", "Melena:        No"),
        ("Problem: Melena\nStatus: resolved", "Problem: Melena:        resolved"),
        ("Melena:\n____", "Melena: ____"),
        # Above, or with something between: nobody knows.
        ("Yes\nMelena\nNo\nFever\nNo", "Yes⍰Melena⍰No⍰Fever⍰No"),
        ("No\nMelena", "No⍰Melena"),
        ("No\n\nMelena\nYes", "No\n\nMelena:Yes"),
        ("Melena\n\nNo", "Melena\n\nNo"),
        # What only looks alike.
        ("Melena.\nNo fever.", "Melena.\nNo fever."),
        ("Melena\nNo fever", "Melena\nNo fever"),
        ("Melena\nNegative colonoscopy", "Melena\nNegative colonoscopy"),
        ("Melena\nNormal: no\nPale", "Melena\nNormal: no\nPale"),
        ("Plan:\n====\nNo", "Plan:\n====\nNo"),
        ("Sex: F\nPatient: F   b. 1961", "Sex: F\nPatient: F   b. 1961"),
        ('"Is it melena?"\nshe asked.', '"Is it melena?"\nshe asked.'),
        ("At 10:30: no. See https://a.example/", "At 10:30: no. See https://a.example/"),
    ],
)
def test_a_question_and_its_answer_are_one_line(text, read):
    assert plain_answers(text) == read


@pytest.mark.parametrize(
    ("text", "open_lines"),
    [
        ("Melena:", ["Melena:"]),
        ("Melena:\nAnemia:\nFever: no", ["Melena:", "Anemia:"]),
        ("Melena:\n\nFever: no", ["Melena:"]),
        ("1. Melena:\n2. Fever: no", ["1. Melena:"]),
        ("Seen today. Melena:\nFever: no", ["Melena:"]),
        ("Melena (describe):\nHb: 7.9", ["Melena (describe):"]),
        ("Melena:\nsince May", []),
        ("Melena:\n- Hb: 7.9", []),
        ("Melena:\n  Hb: 7.9", []),
        ("Melena:\nHb 7.9, was given blood.", []),
        ("Melena: no", []),
        ("Melena", []),
    ],
)
def test_a_question_without_an_answer_is_followed_by_the_next_one(text, open_lines):
    spans = segments.spans(text)
    headings = list_headings(text, spans)
    found = zip(spans, headings, strict=True)
    assert [text[start:end] for (start, end), one in found if one.is_unanswered] == open_lines


@given(st.text(st.sampled_from("aN:?.=\n \t_[]()/*yesno-F\u2002☐☑⍰<>{}"), max_size=60))
def test_every_character_keeps_its_place(text):
    read = plain_answers(text)
    assert len(read) == len(text)


@pytest.mark.parametrize(
    "piece",
    [
        ":" + " " * 30,
        "::",
        ":.",
        "=.",
        ":choose a ",
        "a\nNo\n",
        "No\n",
        "a.... ",
        ": (" + "." * 9,
        ": {" + "a" * 70,
        ": Y/N (",
        "a:\n",
        ". . . . ",
    ],
)
def test_it_takes_time_in_proportion_to_the_text(piece):
    def subject(text: str) -> Callable[[], object]:
        return lambda: plain_answers(text)

    assert growth(subject, lambda size: piece * (size // len(piece)), 300_000) < MOST
