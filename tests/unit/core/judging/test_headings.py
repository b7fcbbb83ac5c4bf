"""What the lines of a list stand under, and what that says of them."""

import pytest

from winnow.judging.criteria.context import Context
from winnow.judging.criteria.list_headings import is_open, known_words, read_heading
from winnow.judging.text import segments
from winnow.judging.text.headings import ListHeading, list_headings
from winnow.models import PART_SEPARATOR


def under(text: str) -> dict[str, ListHeading]:
    spans = segments.spans(text)
    return {text[s:e]: h for (s, e), h in zip(spans, list_headings(text, spans), strict=True)}


@pytest.mark.parametrize(
    "items",
    [
        "- fever\n- anemia",
        "* Fever\n* Anemia",
        "1. Fever\n2. Anemia",
        "a) fever\nb) anemia",
        "fever\nanemia",
        "    fever\n    anemia",
        "\n- fever\n\n- anemia",
        "\nFever\n\nAnemia",
        "fever, chills or anemia.",
        "[ ] fever\n[x] anemia",
        "- fever\n  with chills\n- anemia",
    ],
)
@pytest.mark.parametrize("before", ["", "He bled. ", "Seen today.\n\n"])
def test_items_stand_under_the_line_in_front_of_them(items: str, before: str) -> None:
    found = under(f"{before}Denies:\n{items}\nThe colonoscopy was done in June.")
    of_items = {text: heading for text, heading in found.items() if "nemia" in text}
    assert list(of_items.values()) == [ListHeading(("Denies:",))]
    assert found["The colonoscopy was done in June."] == ListHeading()


@pytest.mark.parametrize(
    "heading",
    ["Denies", "# Denies", "**Denies**", "DENIES", "- Denies", "Denies\n======"],
)
def test_a_line_without_colon_heads_the_list_below_it(heading: str) -> None:
    assert under(f"{heading}\n  - fever\n  - anemia")["- anemia"] == ListHeading(
        ("DENIES" if heading.isupper() else "Denies",)
    )


@pytest.mark.parametrize("items", ["fever\nanemia", "\nFever\nAnemia", "Fever.\n\nAnemia"])
@pytest.mark.parametrize(
    ("heading", "is_sure"),
    [
        ("Denies", True),
        ("Pertinent negatives", True),
        ("Symptoms absent", True),
        ("Not present -", True),
        ("Family history", False),
        ("Mother's history", False),
        ("Resolved problems", False),
        ("She does not have", True),
        ("Return to the ER if", True),
        ("Possible side effects", False),
        ("When to call us", False),
        ("Previously ruled out", True),
    ],
)
def test_a_title_by_its_words_heads_lines_without_marks(
    heading: str, is_sure: bool, items: str
) -> None:
    over = under(f"{heading}\n{items}")[items.split()[-1]]
    assert over.lines == (heading.removesuffix(" -"),)
    assert over.is_sure is is_sure


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("Denies:  fever\n         chills\n         anemia", "Denies:"),
        ("Denies   fever\n         anemia", "Denies:"),
        ("FHx:\tcolon cancer\n\tanemia", "FHx:"),
        ("Family history   none known\n                 anemia", "Family history:"),
    ],
)
def test_what_stands_below_the_text_of_a_label_is_of_the_label(text: str, heading: str) -> None:
    found = under(f"{text}\nNow: melena\nMelena again.")
    assert found["anemia"] == ListHeading((heading,))
    assert found["Now: melena"] == found["Melena again."] == ListHeading()


@pytest.mark.parametrize(
    "text",
    ["No fever\nmelena", "EGD negative\nmelena", "Allergies:None\nmelena", "Fatigue\nmelena"],
)
def test_statements_head_no_lines_without_marks(text: str) -> None:
    assert under(text)["melena"] == ListHeading()


@pytest.mark.parametrize(
    "line",
    [
        "Seen in clinic today.",
        "EGD was normal, no source was seen\n",
        "To whom it may concern:",
        "Last colonoscopy: never",
        "1. Iron deficiency anemia",
    ],
)
def test_other_lines_head_nothing(line: str) -> None:
    assert under(f"{line}\n- melena")["- melena"] == ListHeading()


def test_a_heading_goes_on_until_another_of_its_depth() -> None:
    found = under(
        "Denies:\n- fever\nEndorses:\n- melena\n"
        "Review of systems:\n- GI:\n  - pain\n- Skin:\n  - rash"
    )
    assert found["- melena"].lines == ("Endorses:",)
    assert found["- pain"].lines == ("Review of systems:", "GI:")
    assert found["- rash"].lines == ("Review of systems:", "Skin:")


def test_a_heading_ends_with_its_part() -> None:
    assert under(f"Denies:\n- fever{PART_SEPARATOR}- melena")["- melena"] == ListHeading()


@pytest.mark.parametrize(
    "text",
    [
        "Denies:\n- fever\n- chills\nMelena",
        "Denies:\n- fever\n- chills\n\n- Melena",
        "Denies:\n- fever\n1. Melena",
        "Denies:\nfever\nNow: Melena",
        "Denies:\nMelena again.",
    ],
)
def test_it_is_not_sure_of_a_line_that_may_be_no_item(text: str) -> None:
    (heading,) = (heading for text, heading in under(text).items() if "Melena" in text)
    assert heading == ListHeading(("Denies:",), is_sure=False)


def test_a_list_on_one_line_has_its_heading_in_front() -> None:
    found = under("Negatives: fever, melena, weight loss.\nEGD: normal, no ulcer, no blood.")
    assert found["Negatives: fever, melena, weight loss."] == ListHeading(
        ("Negatives:",), is_inline=True
    )
    assert found["EGD: normal, no ulcer, no blood."] == ListHeading()


@pytest.mark.parametrize("line", ["Has never had", "Not known to have", "He has none of these"])
def test_a_line_that_ends_in_the_midst_of_a_sentence_heads_the_list(line: str) -> None:
    assert under(f"{line}\n- melena")["- melena"] == ListHeading((line,))


def test_of_a_line_without_colon_that_says_something_already_it_is_not_sure() -> None:
    assert under("No fever\n- melena")["- melena"] == ListHeading(("No fever",), is_sure=False)


@pytest.mark.parametrize(
    ("line", "contexts"),
    [
        ("Denies:", {"negated"}),
        ("The patient denies all of the following:", {"negated"}),
        ("NEGATIVE FOR", {"negated"}),
        ("Has never had:", {"negated"}),
        ("Conditions that were ruled out:", {"negated"}),
        ("Not present:", {"negated"}),
        ("Mother:", {"family"}),
        ("Call us if you have:", {"hypothetical"}),
        ("At risk for:", {"hypothetical"}),
        ("Plan:", {"planned"}),
        ("Resolved problems:", {"historical"}),
        ("Past problems:", {"historical"}),
        ("Working diagnosis:", {"possible"}),
        ("Assessment:", set()),
        ("Assessment and plan:", set()),
        ("Indications for capsule endoscopy:", set()),
        ("Prior authorization request", set()),
        ("Previous studies:", set()),
        ("GI history:", set()),
    ],
)
def test_what_a_heading_says_of_its_items(line: str, contexts: set[str]) -> None:
    assert {str(c) for c in read_heading(ListHeading((line,)), "- melena").contexts} == contexts


def test_headings_within_headings_say_both() -> None:
    read = read_heading(ListHeading(("Mother:", "Denies:")), "- melena")
    assert read.contexts == {Context.FAMILY, Context.NEGATED}
    assert read.is_denied


@pytest.mark.parametrize(
    ("line", "item", "found"),
    [
        ("Denies:", "- melena", False),
        ("Denies:", "- melena: yes", True),
        ("Things to expect", "- melena", True),
        ("Leaflet given on:", "- melena", True),
        ("Coverage criteria:", "- melena", True),
        ("Resolved problems:", "- melena", True),
        ("Assessment:", "- melena", False),
        ("72 y/o man, seen by Dr. Roe:", "- melena", False),
        ("Colonoscopy 3/14:", "- melena", False),
        ("The patient has the following symptoms:", "- melena", False),
    ],
)
def test_a_heading_that_nobody_has_read_is_open(line: str, item: str, *, found: bool) -> None:
    known = known_words(["colonoscopy", "no melena"])
    assert is_open(ListHeading((line,)), item, "Melena goes on.", known) is found


def test_what_a_reference_says_too_is_not_open() -> None:
    heading = ListHeading(("Suspected:",))
    assert is_open(heading, "- Crohn", "Crohn in the ileum.", frozenset())
    assert not is_open(heading, "- Crohn", "Suspected Crohn.", frozenset())


def test_what_may_be_no_item_is_open_under_a_heading_that_says_something() -> None:
    assert is_open(ListHeading(("Denies:",), is_sure=False), "Melena", "Melena.", frozenset())
    assert not is_open(ListHeading(("Labs:",), is_sure=False), "Melena", "Melena.", frozenset())
