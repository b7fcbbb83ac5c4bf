"""Definitions that have every field, and cannot mean what they say: told where they are written."""

import itertools

import pytest

from winnow.errors import ProcessInvalidError
from winnow.judging.criteria.compile import compile_criteria
from winnow.processes.loader import check_definition, load_definition
from winnow.processes.meaning import MAX_CRITERIA, constant_groups, idle_criteria, misspelt_unit
from winnow.processes.schema import CriteriaProcess, Group, parse_definition_json

TEXT = """\
id: knee
version: 1.0.0
kind: criteria
title: Knee
criteria:
  - id: a
    title: A
    statements: [The knee hurts.]
    FACT
  - {id: b, title: B, statements: [Therapy failed.]}
  - {id: c, title: C, statements: [The knee is swollen.]}
logic: LOGIC
"""
LOGIC = "{all_of: [a, b, c]}"
HB = "name: hemoglobin, aliases: [hb]"


def definition(fact: str = "keywords: [knee]", logic: str = LOGIC) -> str:
    return TEXT.replace("FACT", fact).replace("LOGIC", logic)


def measure(*rules: str) -> str:
    return f"measure: [{', '.join(f'{{{rule}}}' for rule in rules)}]"


def told(text: str) -> list[str]:
    return [problem.told("k") for problem in check_definition(text).problems]


@pytest.mark.parametrize(
    ("rule", "field", "problem"),
    [
        ("unit: g/dL, below: 12, least: 20, most: 3", "least", "is not smaller than most (3)"),
        ("unit: g/dL, below: 12, least: 12, most: 12", "least", "is not smaller than most"),
        ("unit: g/dL, below: 2, least: 3, most: 20", "below", "is no value that is read"),
        ("unit: g/dL, below: 3, least: 3, most: 20", "below", "no value that is read is below"),
        ("unit: g/dL, below: 120, least: 3, most: 20", "below", "is no value that is read"),
        ("unit: g/dL, above: 20, least: 3, most: 20", "above", "no value that is read is above"),
        ("unit: g/dL, above: 9, normal_to: 1, least: 3, most: 20", "normal_to", "is no value"),
        ("unit: g/dL, below: 13, normal_from: 12, least: 3, most: 20", "normal_from", "smaller"),
        ("unit: g/dL, above: 12, normal_to: 13, least: 3, most: 20", "normal_to", "greater"),
        ("unit: g/dL, above: 12, normal_from: 13, least: 3, most: 20", "normal_from", "goes with"),
        ("unit: g/dL, below: 12, normal_to: 13, least: 3, most: 20", "normal_to", "goes with"),
        ("unit: g/dL, below: 12, above: 5, least: 3, most: 20", "above", "every value supports"),
        ("unit: gdL, below: 12, least: 3, most: 20", "unit", "did you mean 'g/dL'?"),
        ("unit: mmol-l, above: 6, least: 1, most: 20", "unit", "did you mean 'mmol/L'?"),
        ("unit: 10^9L, above: 6, least: 1, most: 20", "unit", "did you mean '10^9/L'?"),
        ("unit: g/dL, aliases: [hb, '+'], above: 6, least: 1, most: 20", "aliases[1]", "no letter"),
    ],
)
def test_measures_that_are_never_or_always_read_the_same(
    rule: str, field: str, problem: str
) -> None:
    (line,) = told(definition(measure(f"name: hemoglobin, {rule}")))
    assert line.startswith(f"k:9: criteria[0].measure[0].{field}: ")
    assert problem in line


@pytest.mark.parametrize(
    "rule",
    [
        "unit: g/dL, below: 12, normal_from: 13, least: 3, most: 20",
        "unit: g/dL, below: 12, normal_from: 12, least: 3, most: 20",
        "unit: '%', below: 89, normal_from: 89, least: 50, most: 100",
        "unit: mEq/L, above: 5, normal_to: 5, least: 1, most: 10",
        "unit: score, above: 14, least: 0, most: 40",
        "unit: 10^9/L, below: 4, above: 11, normal_from: 4, normal_to: 11, least: 0, most: 500",
        "unit: 10^9/L, below: 4, above: 11, normal_from: 5, least: 0, most: 500",
        "unit: gm/dl, above: 12, normal_to: 11, least: 3, most: 20",
        "unit: x10^9/L, above: 12, least: 3, most: 20",
        "unit: mL/min/1.73 m2, below: 60, least: 1, most: 200",
        "unit: °C, above: 38, normal_to: 37.5, least: 30, most: 45",
    ],
)
def test_measures_that_mean_what_they_say(rule: str) -> None:
    assert told(definition(measure(f"name: hemoglobin, {rule}"))) == []


@pytest.mark.parametrize(
    ("other", "is_contradiction"),
    [
        (f"{HB}, unit: g/dL, above: 10, least: 3, most: 20", True),
        (f"{HB}, unit: g/dL, above: 17, normal_to: 16, least: 3, most: 20", True),
        ("name: HB, unit: gm/dl, above: 12, least: 3, most: 20", True),
        (f"{HB}, unit: g/dL, below: 8, normal_from: 8, least: 3, most: 20", True),
        (f"{HB}, unit: g/dL, below: 8, least: 3, most: 20", False),
        (f"{HB}, unit: g/L, above: 10, least: 3, most: 20", False),
        (f"{HB}, unit: g/dL, above: 10, least: 3, most: 20, not_before: [A1c]", False),
        ("name: ferritin, unit: g/dL, above: 10, least: 3, most: 20", False),
    ],
)
def test_two_measures_of_one_name(other: str, is_contradiction: bool) -> None:
    first = f"{HB}, unit: g/dL, below: 12, normal_from: 13, least: 3, most: 20"
    lines = told(definition(measure(first, other)))
    assert [line.partition(" an ")[0] for line in lines] == (
        ["k:9: criteria[0].measure[1]: contradicts"] if is_contradiction else []
    )


@pytest.mark.parametrize(
    ("fact", "field"),
    [
        ("age: {at_least: 75, at_most: 45}", "age.at_least"),
        ("column: {name: seats, at_least: 9, at_most: 2}", "column.at_least"),
        ("column: {name: seats, above: 2, below: 2}", "column.above"),
        ("column: {name: seats, above: 2, at_most: 2}", "column.above"),
        ("column: {name: seats, at_least: 2, below: 2}", "column.at_least"),
        ("interval_since: {event: '?', at_least: 10 years}", "interval_since.event"),
        (
            "interval_since: {event: scopy, keywords: [x, '--'], at_least: 1 year}",
            "interval_since.keywords[1]",
        ),
        (
            "interval_since: {event: scopy, keywords: [scope], look_alikes: [CT, Scope], "
            "at_least: 1 year}",
            "interval_since.look_alikes[1]",
        ),
    ],
)
def test_facts_that_nothing_is(fact: str, field: str) -> None:
    (line,) = told(definition(fact))
    assert line.startswith(f"k:9: criteria[0].{field}: ")


@pytest.mark.parametrize(
    "fact",
    [
        "age: {at_least: 45, at_most: 45}",
        "column: {name: '#', at_least: 2, at_most: 2}",
        "column: {name: seats, above: 2, below: 3}",
        "interval_since: {event: scopy, look_alikes: [CT scopy], at_least: 1 year}",
        "keywords: [5-ASA, 'ß']",
    ],
)
def test_facts_that_something_is(fact: str) -> None:
    assert told(definition(fact)) == []


@pytest.mark.parametrize(
    ("logic", "path", "always"),
    [
        ("{all_of: [a, b, c], none_of: [a]}", "logic", False),
        ("{any_of: [a, b, c, {none_of: [a]}]}", "logic", True),
        ("{all_of: [a, b, {none_of: [b, c]}]}", "logic", False),
        ("{any_of: [c, {all_of: [a, b], none_of: [b]}]}", "logic.any_of[1]", False),
        ("{all_of: [c, {any_of: [a, {none_of: [a, b]}, b]}]}", "logic.all_of[1]", True),
        ("{none_of: [a, b, c, {none_of: [a]}]}", "logic", False),
    ],
)
def test_a_logic_that_decides_nothing(logic: str, path: str, always: bool) -> None:
    (line,) = told(definition(logic=logic))
    assert line.startswith(f"k:12: {path}: ")
    assert ("is always met" in line) is always


@pytest.mark.parametrize(
    "logic",
    [
        LOGIC,
        "{any_of: [a, b, c]}",
        "{none_of: [a, b, c]}",
        "{all_of: [a, {any_of: [b, c]}], none_of: [{all_of: [b, c]}]}",
        "{any_of: [{all_of: [a], none_of: [b]}, {all_of: [b], none_of: [a]}, c]}",
    ],
)
def test_a_logic_that_decides(logic: str) -> None:
    assert told(definition(logic=logic)) == []


def holds(group: Group, met: set[str]) -> bool:
    def one(member: str | Group) -> bool:
        return member in met if isinstance(member, str) else holds(member, met)

    return (
        all(map(one, group.all_of or ()))
        and (group.any_of is None or any(map(one, group.any_of)))
        and not any(map(one, group.none_of or ()))
    )


@pytest.mark.parametrize(
    "logic",
    [
        {"all_of": ["a", "b"], "any_of": ["a", "c"]},
        {"any_of": ["a", {"all_of": ["a", "b"]}, "c"]},
        {"all_of": ["a", {"any_of": ["b", {"none_of": ["b"]}]}], "none_of": ["c"]},
        {"any_of": ["a", {"all_of": ["b"], "none_of": ["c"]}]},
    ],
)
def test_idle_criteria_are_those_that_change_nothing(logic: dict[str, object]) -> None:
    group = Group.model_validate(logic)
    names = ("a", "b", "c")
    subsets = [set(s) for n in range(4) for s in itertools.combinations(names, n)]
    assert set(idle_criteria(group)) == {
        name
        for name in names
        if all(holds(group, s | {name}) == holds(group, s - {name}) for s in subsets)
    }


def test_a_logic_of_many_criteria_is_tried_up_to_a_limit() -> None:
    names = [f"c{n}" for n in range(MAX_CRITERIA)]
    never = {"all_of": names, "none_of": names[-1:]}
    assert constant_groups(Group.model_validate(never)) == [(("logic",), False)]
    never["all_of"] = [*names, "more"]
    assert constant_groups(Group.model_validate(never)) == []


def test_every_problem_is_told_at_once() -> None:
    fact = measure(f"{HB}, unit: gdL, below: 2, least: 3, most: 20") + "\n    age: {at_least: x}"
    lines = told(definition(fact, "{all_of: [a, b, c], none_of: [a]}"))
    assert [line.split(": ")[1] for line in lines] == [
        "criteria[0].measure[0].below",
        "criteria[0].measure[0].unit",
        "criteria[0].age.at_least",
        "logic",
    ]


def test_what_was_published_before_stays_readable() -> None:
    fact = measure(f"{HB}, unit: gdL, below: 2, least: 3, most: 20")
    text = definition(fact, "{all_of: [a, b, c], none_of: [a]}")
    with pytest.raises(ProcessInvalidError):
        load_definition(text, "k")
    before = load_definition(text, "k", published=True)
    assert isinstance(before, CriteriaProcess)
    assert parse_definition_json(before.model_dump_json().encode()) == before


def test_a_published_name_without_a_word_is_judged_as_one_that_no_text_has() -> None:
    text = definition("interval_since: {event: '?', at_least: 10 years}")
    before = load_definition(text, "k", published=True)
    assert isinstance(before, CriteriaProcess)
    assert compile_criteria(before).criteria[0].measured == frozenset()


@pytest.mark.parametrize(
    ("unit", "meant"),
    [("gdL", "g/dL"), ("MG DL", "mg/dL"), ("kgm2", "kg/m2"), ("g/dL", None), ("mEq/L", None)],
)
def test_units_that_are_misspelt(unit: str, meant: str | None) -> None:
    assert misspelt_unit(unit) == meant
