"""What `winnow process validate` warns of: each kind once, and nothing on a sound definition."""

import pytest

from tests.fakes.encoder import FakeEncoder
from winnow.processes.loader import check_definition
from winnow_train.lint import lint

SOUND = """\
id: knee
version: 1.0.0
kind: criteria
title: Knee
criteria:
  - id: pain
    title: Pain
    statements: [The knee hurts badly., The knee is painful.]
    counter_statements: [The knee does not hurt., No pain of the knee.]
    neutral_statements: [The knee was examined.]
    keywords: [knee]
  - id: therapy
    title: Therapy
    statements: [Physiotherapy failed to help.]
    counter_statements: [Physiotherapy was never tried.]
    keywords: [physiotherapy]
logic: {all_of: [pain, therapy]}
"""
LABELS = """\
id: moods
version: 1.0.0
kind: labels
title: Moods
labels:
  - id: glad
    examples: [Glad morning., Glad evening., So glad.]
  - id: sad
    examples: [Sad news., Sad story., Very sad.]
"""


def warnings(text: str, *, judged: bool = True) -> list[str]:
    check = check_definition(text)
    assert check.definition is not None, check.problems
    return [found.told("k") for found in lint(check, text, FakeEncoder() if judged else None)]


def changed(*pairs: tuple[str, str], text: str = SOUND) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("text", [SOUND, LABELS])
def test_a_sound_definition_has_none(text: str) -> None:
    assert warnings(text) == []


def test_an_invalid_definition_has_none() -> None:
    assert lint(check_definition("id: x"), "id: x", FakeEncoder()) == []


@pytest.mark.parametrize(
    ("old", "new", "begin", "words"),
    [
        ("    keywords: [knee]\n", "", "k:6: criteria[0]: pain has no keywords", ""),
        (
            "    counter_statements: [Physiotherapy was never tried.]\n",
            "",
            "k:12: criteria[1]: therapy has no counter_statements",
            "",
        ),
        (
            "The knee is painful.",
            "The joint is painful.",
            "k:8: criteria[0].statements[1]: has none of the keywords",
            "not heard",
        ),
        (
            "The knee was examined.",
            "An examination was done.",
            "k:10: criteria[0].neutral_statements[0]: has none of the keywords",
            "never counts",
        ),
        (
            "[physiotherapy]",
            "[physiotherapy]\n    counter_keywords: [exercise]",
            "k:15: criteria[1].counter_statements[0]: has none of the counter_keywords",
            "not heard",
        ),
        (
            "[The knee was examined.]",
            "\n      - The knee MRI #2 was done.",
            "k:11: criteria[0].neutral_statements[0]: ends before ' #'",
            "quote",
        ),
        (
            "[The knee was examined.]",
            "[The knee was examined, aspirated and imaged.]",
            "k:10: criteria[0].neutral_statements[1]: looks like the end of",
            "comma",
        ),
        (
            "Physiotherapy failed to help.",
            '"TODO: say it"',
            "k:14: criteria[1].statements[0]: is still to be written",
            "",
        ),
    ],
)
def test_each_warning_has_its_line(old: str, new: str, begin: str, words: str) -> None:
    found = warnings(changed((old, new)), judged=False)
    assert any(line.startswith(begin) and words in line for line in found), found


def test_numbers_are_told_where_they_stand_on_both_sides() -> None:
    one = changed(("hurts badly.", "hurts for 3 months."))
    assert not any("number" in line for line in warnings(one, judged=False))
    both = changed(("does not hurt.", "did not hurt for two weeks."), text=one)
    (line,) = [line for line in warnings(both, judged=False) if "number" in line]
    assert line.startswith("k:8: criteria[0].statements[0]: ")
    assert "(also line 9)" in line


def test_a_sentence_that_decides_another_criterion_is_named_with_it() -> None:
    text = changed(
        ("The knee is painful.", "Physiotherapy of this knee works."),
        (
            "statements: [Physiotherapy failed to help.]",
            "statements: [Physiotherapy of this knee really works.]",
        ),
    )
    found = [line for line in warnings(text) if "makes" in line]
    assert [line.split(": it is")[0] for line in found] == [
        "k:8: criteria[0].statements[1]: makes therapy met",
        "k:14: criteria[1].statements[0]: makes pain met",
    ]


def test_a_statement_that_its_criterion_does_not_understand_is_told() -> None:
    text = changed(("The knee was examined.", "The knee is painful!"))
    found = [line for line in warnings(text) if "leaves its criterion" in line]
    assert [line.split(":")[1] for line in found] == ["8"]


def test_a_sentence_of_two_criteria_is_shared_on_purpose() -> None:
    text = changed(
        ("[The knee hurts badly., ", "[The knee hurts badly., Physiotherapy of the knee failed., "),
        ("[Physiotherapy failed to help.]", "[Physiotherapy of the knee failed.]"),
    )
    assert not any("makes" in line for line in warnings(text))


def test_labels_that_examples_do_not_tell_apart() -> None:
    text = changed(
        ("Glad morning.", "Sad news today."), ("Glad evening.", "A sad story."), text=LABELS
    )
    found = warnings(text)
    assert any(
        line.startswith("k:7: labels[0].examples: do not tell glad from other labels: ")
        for line in found
    ), found
    few = changed((", Sad story., Very sad.", ""), text=LABELS)
    assert [line.split(": ")[:2] for line in warnings(few)] == [["k:9", "labels[1].examples"]]


FACT = "    measure: [{name: x, unit: %s, above: %s, least: 1, most: 900000}]\n  - id: therapy\n"


@pytest.mark.parametrize(
    ("pairs", "warning"),
    [
        ([("[physiotherapy]", "[physiotherapy, '--']")], "keywords[1]: has no letter and no digit"),
        ([("kind: criteria", "kind: criteria\nthreshold: 0")], "k:4: threshold: accepts every"),
        ([("[pain, therapy]", "[pain, therapy, pain]")], "logic.all_of[2]: repeats an earlier"),
        (
            [("{all_of: [pain, therapy]}", "{any_of: [pain, {all_of: [pain, therapy]}]}")],
            "logic: comes to the same whatever therapy is",
        ),
        ([("  - id: therapy\n", FACT % ("mgg/dL", 2))], "].unit: is no unit that is known: values"),
        ([("  - id: therapy\n", FACT % ("g/dL", 120))], "measure[0]: has a bound of 120 g/dL"),
        ([("  - id: therapy\n", FACT % ("10^9/L", 150000))], "has a bound of 150000 10^9/L"),
        (
            [
                (
                    "  - id: therapy\n",
                    "    interval_since: {event: x-ray, at_least: 999 years}\n  - id: therapy\n",
                )
            ],
            "interval_since: is longer than anybody lives",
        ),
    ],
)
def test_what_is_hardly_meant(pairs: list[tuple[str, str]], warning: str) -> None:
    (found,) = warnings(changed(*pairs), judged=False)
    assert warning in found


@pytest.mark.parametrize(
    ("unit", "bound"), [("ratio", 3), ("score", 20), ("g/dL", 17), ("g/L", 120), ("/uL", 150000)]
)
def test_units_and_bounds_that_are_meant(unit: str, bound: int) -> None:
    assert warnings(changed(("  - id: therapy\n", FACT % (unit, bound))), judged=False) == []
