"""Definitions: what is accepted, and that every problem is reported with its line and field."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from winnow.errors import ProcessInvalidError
from winnow.processes.loader import check_definition, load_definition
from winnow.processes.schema import (
    CriteriaProcess,
    LabelsProcess,
    Names,
    parse_definition_json,
)

CRITERIA = """\
id: knee
version: 1.2.0
kind: criteria
title: Knee replacement
codes: [27447, 0110]
threshold: 0.8
criteria:
  - id: pain
    title: Pain
    statements: [The knee hurts.]
    keywords: [knee]
  - id: therapy
    title: Therapy
    statements: [Physical therapy did not help.]
    counter_statements: [Physical therapy has not been tried.]
    if_silent: not_met
logic:
  all_of:
    - pain
    - any_of: [therapy]
"""

LABELS = """\
id: moods
version: 1.0.0
kind: labels
title: Moods
labels:
  - {id: glad, examples: [I am glad.]}
  - {id: sad, examples: [I am sad.]}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ProcessInvalidError) as caught:
        load_definition(text, "p.yaml")
    return caught.value.message.split("\n")


def test_criteria_process() -> None:
    definition = load_definition(CRITERIA, "knee.yaml")
    assert isinstance(definition, CriteriaProcess)
    assert definition.names == ("knee", "27447", "0110")
    assert definition.threshold == 0.8
    assert definition.on_none == "review"
    assert definition.criteria[1].if_silent == "not_met"
    assert definition.input.text_columns == ("text",)
    assert definition.info.kind == "criteria"


def test_labels_process() -> None:
    definition = load_definition(LABELS, "moods.yaml")
    assert isinstance(definition, LabelsProcess)
    assert [label.id for label in definition.labels] == ["glad", "sad"]


@pytest.mark.parametrize(
    ("implied", "problem"),
    [
        ("{criterion: pane, each_of: [[knee]]}", "no other criterion has the id 'pane'; did you"),
        ("{criterion: therapy, each_of: [[knee]]}", "no other criterion has the id 'therapy'"),
        ("{criterion: pain, each_of: [[knee, hip]]}", "'pain' has no keyword 'hip'"),
    ],
)
def test_what_implies_a_criterion_must_be_there(implied: str, problem: str) -> None:
    (found,) = problems(
        CRITERIA.replace("if_silent: not_met", f"if_silent: not_met\n    implied_by: {implied}")
    )
    assert "criteria[1].implied_by" in found
    assert problem in found


def test_a_criterion_that_another_implies() -> None:
    text = CRITERIA.replace(
        "if_silent: not_met", "implied_by: {criterion: pain, each_of: [[knee]]}"
    )
    definition = load_definition(text, "knee.yaml")
    assert isinstance(definition, CriteriaProcess)
    assert definition.criteria[1].implied_by is not None
    assert definition.criteria[1].implied_by.each_of == (("knee",),)


@pytest.mark.parametrize("text", [CRITERIA, LABELS])
def test_json_round_trip(text: str) -> None:
    definition = load_definition(text, "p.yaml")
    again = parse_definition_json(definition.model_dump_json().encode())
    assert again == definition
    assert again.info == definition.info


def test_sha_is_of_the_content_and_not_of_the_spelling() -> None:
    lines = LABELS.splitlines()
    reordered = "\n".join(["# a comment", *lines[1:4], lines[0], *lines[4:]])
    info = load_definition(LABELS, "a").info
    assert load_definition(reordered, "b").info == info
    changed = load_definition(LABELS.replace("I am sad.", "I am low."), "c").info
    assert changed.sha256 != info.sha256


def test_every_problem_at_once_with_line_and_field() -> None:
    text = """\
id: bad id
version: 1.0
kind: criteria
titel: x
codes: [91110, 91110]
threshold: 1.5
criteria:
  - id: a
    title: A
    statements: [one, One]
    keyword: [x]
  - id: b
    title: B
    statements: []
logic:
  all_of: [aa, {any_of: [a]}]
title: y
title: z
"""
    assert problems(text) == [
        "p.yaml:1: id: must be 1 to 64 letters, digits, '_' or '-', "
        "beginning with a letter or digit",
        "p.yaml:2: version: must be a version as in 1.0.0",
        "p.yaml:4: titel: is not a known field; did you mean 'title'?",
        "p.yaml:5: codes[1]: repeats an earlier one",
        "p.yaml:6: threshold: must be from 0 to 1",
        "p.yaml:10: criteria[0].statements[1]: repeats an earlier one",
        "p.yaml:11: criteria[0].keyword: is not a known field; did you mean 'keywords'?",
        "p.yaml:12: criteria[1]: needs statements, measure, age, interval_since or column",
        "p.yaml:12: criteria[1].id: the logic does not use 'b'",
        "p.yaml:16: logic.all_of[0]: no criterion has the id 'aa'; did you mean 'a'?",
        "p.yaml:18: title: is repeated; the first is on line 17",
    ]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("threshold: 0.8", "source: {citation: [x]}", "source.citation: *'citations'"),
        ("threshold: 0.8", "input: {text_column: [x]}", "input.text_column: *'text_columns'"),
        (
            "keywords: [knee]",
            "values: [{nam: x, unit: mg, least: 1, most: 9, below: 2}]",
            "criteria[0].values[0].nam: *'name'",
        ),
        ("  all_of:", "  all_off:", "logic.all_off: *'all_of'"),
        ("any_of: [therapy]", "any_off: [therapy]", "logic.all_of[1].any_off: *'any_of'"),
    ],
)
def test_a_misspelt_field_is_named_with_the_one_meant_at_every_level(
    old: str, new: str, field: str
) -> None:
    expected = field.replace("*", "is not a known field; did you mean ") + "?"
    assert any(line.endswith(expected) for line in problems(CRITERIA.replace(old, new)))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "p.yaml:1: (file): is empty"),
        ("# only a comment\n", "p.yaml:1: (file): is empty"),
        ("just words", "p.yaml:1: (file): must contain named fields, as `id: my-process`"),
        ("kind: judge", "p.yaml:1: kind: must be 'criteria' or 'labels'"),
        ("id: x", "p.yaml:1: kind: is missing"),
        (
            "a: 1\n---\nb: 2",
            "p.yaml:2: (file): a file contains one process; a second document starts here",
        ),
        ("? [a, b]\n: c", "p.yaml:1: (file): a field's name must be plain text"),
        ("a: !ruby x", "p.yaml:1: a: the tag !ruby is not supported; quote a text that begins so"),
    ],
)
def test_files_that_are_no_definition(text: str, line: str) -> None:
    assert line in problems(text)


def test_yaml_syntax_error_names_the_line() -> None:
    found = problems("id: x\nkind: labels\ntitle: a: b\n")
    assert found[-1].startswith("p.yaml:3: title: not YAML: ")
    assert "p.yaml:1: labels: is missing" in found


def test_control_character_names_the_line() -> None:
    (line,) = problems("id: x\ntitle: \x07\n")
    assert line == "p.yaml:2: (file): not YAML: a control character or one that YAML forbids"


def test_aliases_never_expand() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
    )
    found = problems(bomb + "kind: labels\n")
    assert "p.yaml:1: a: anchors (&name) are not supported; quote a text that begins so" in found
    assert "p.yaml:2: b[0]: aliases (*name) are not supported; quote a text that begins so" in found


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opening: str) -> None:
    (line,) = problems("kind: labels\nx: \n  " + opening * 5000)
    assert line.endswith("nested deeper than 30 levels") or "not YAML" in line


def test_huge_file_is_refused_unread() -> None:
    (line,) = problems("#" * 1_000_001)
    assert "larger than" in line


@pytest.mark.parametrize("word", ["no", "on", "yes", "12:30", "2024-01-01", "0x1F", "1e3", "007"])
def test_a_scalar_is_the_text_that_stands_there(word: str) -> None:
    definition = load_definition(LABELS.replace("I am sad.", word), "p.yaml")
    assert isinstance(definition, LabelsProcess)
    assert definition.labels[1].examples == (word,)


def test_an_empty_field_counts_as_not_given() -> None:
    definition = load_definition(LABELS + "description:\n", "p.yaml")
    assert definition.description is None
    assert problems(LABELS.replace("title: Moods", "title:")) == ["p.yaml:4: title: is missing"]


@pytest.mark.parametrize("value", [".nan", "nan", "inf", "-0.1", "much"])
def test_threshold_is_a_number_from_0_to_1(value: str) -> None:
    (line,) = problems(LABELS + f"threshold: {value}\n")
    assert line.startswith("p.yaml:8: threshold: must ")


@pytest.mark.parametrize("unit", ["document", "page", "row"])
def test_a_process_says_what_is_a_record_of_a_document(unit: str) -> None:
    assert load_definition(LABELS, "p.yaml").input.unit == "document"
    definition = load_definition(LABELS + f"input: {{unit: {unit}}}\n", "p.yaml")
    assert definition.input.unit == unit
    assert parse_definition_json(definition.model_dump_json().encode()).input.unit == unit


def test_no_other_unit_is_known() -> None:
    (line,) = problems(LABELS + "input: {unit: sentence}\n")
    assert line.startswith("p.yaml:8: input.unit: ")


def test_logic_problems() -> None:
    head = CRITERIA[: CRITERIA.index("logic:")]
    assert problems(head + "logic: {}") == [
        "p.yaml:8: criteria[0].id: the logic does not use 'pain'",
        "p.yaml:12: criteria[1].id: the logic does not use 'therapy'",
        "p.yaml:17: logic: needs all_of, any_of or none_of",
    ]
    assert problems(head + "logic: {all_of: [pain, therapy, {none_of: []}]}") == [
        "p.yaml:17: logic.all_of[2].none_of: needs at least 1"
    ]
    assert problems(head + "logic: {all_of: [pain, therapy, [pain]]}") == [
        "p.yaml:17: logic.all_of[2]: must contain named fields"
    ]


def test_labels_problems() -> None:
    one = LABELS.replace("  - {id: sad, examples: [I am sad.]}\n", "")
    assert problems(one) == ["p.yaml:5: labels: needs at least 2"]
    same = LABELS.replace("id: sad", "id: glad").replace("I am sad.", "I am  GLAD.")
    assert problems(same) == [
        "p.yaml:7: labels[1].examples[0]: is an example of another label too",
        "p.yaml:7: labels[1].id: repeats an earlier one",
    ]


def test_a_sentence_cannot_be_for_and_against() -> None:
    text = CRITERIA.replace(
        "Physical therapy has not been tried.", "Physical therapy did not help."
    )
    assert problems(text) == [
        "p.yaml:15: criteria[1].counter_statements[0]: is also one of the statements"
    ]


def test_damaged_stored_definition() -> None:
    data = load_definition(LABELS, "p").model_dump_json().encode()
    for damaged in (data[:-10], b"", b"[]", data.replace(b"1.0.0", b"one")):
        with pytest.raises(ProcessInvalidError):
            parse_definition_json(damaged)


@given(st.text(max_size=300))
def test_any_text_is_a_definition_or_refused(text: str) -> None:
    with pytest.raises(ProcessInvalidError) as caught:
        load_definition(text, "p.yaml")
    assert all(line.startswith("p.yaml:") for line in caught.value.message.split("\n"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "kind",
                        "labels",
                        "criteria",
                        "logic",
                        "all_of",
                        "examples",
                        "statements",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    ),
    st.sampled_from(["criteria", "labels"]),
)
def test_any_structure_is_refused_with_lines(data: object, kind: str) -> None:
    fields = data if isinstance(data, dict) else {"labels": data, "criteria": data, "logic": data}
    text = yaml.safe_dump({**fields, "kind": kind})
    with pytest.raises(ProcessInvalidError) as caught:
        load_definition(text, "p.yaml")
    assert caught.value.message


def test_the_readmes_example_is_a_process() -> None:
    readme = Path(__file__).parents[4] / "processes" / "README.md"
    (example,) = re.findall(r"```yaml\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    assert example.count("\n") == 10
    assert load_definition(example, "README.md").id == "mood"


def test_what_is_wrong_with_labels_is_said_once() -> None:
    wrong = LABELS.replace("{id: glad, examples: [I am glad.]}", "glad")
    wrong = wrong.replace("{id: sad, examples: [I am sad.]}", "glad")
    wrong += "  - {id: low, examples: [I am low.]}\n"
    assert problems(wrong) == [
        "p.yaml:6: labels[0]: must contain named fields",
        "p.yaml:7: labels[1]: must contain named fields",
    ]


def test_a_colon_in_a_text_is_told_with_its_cure() -> None:
    (problem,) = problems(LABELS.replace("title: Moods", "title: Moods: four of them"))
    assert problem.startswith("p.yaml:4: title: ")
    assert problem.endswith('quote it: title: "Moods: four of them"')


def test_a_sentence_that_becomes_a_field_is_told_with_its_cure() -> None:
    text = CRITERIA.replace(
        "[The knee hurts.]", "\n      - Complaint: knee pain\n      - It hurts."
    )
    (problem,) = problems(text)
    assert problem == (
        "p.yaml:11: criteria[0].statements[0]: must be text, but ': ' makes a field of it; "
        'quote it: "Complaint: knee pain"'
    )


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("[a, b]", "must be text, not a list; quote a text that begins with '[' or '- '"),
        ("{a: b, c: d}", "must be text, not named fields; quote a text that begins with '{'"),
        ("~", "must be text, and is empty"),
    ],
)
def test_what_yaml_reads_as_no_text_is_told_with_its_cure(value: str, end: str) -> None:
    (problem,) = problems(CRITERIA.replace("[The knee hurts.]", f"[It hurts., {value}]"))
    assert problem == f"p.yaml:10: criteria[0].statements[1]: {end}"


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("80", "must be from 0 to 1; 80 % is 0.8"),
        ("80%", "must be a number; 80 % is 0.8"),
        ("0,8", "must be a number, with a point: 0.8"),
        ("1.2", "must be from 0 to 1"),
        ("high", "must be a number"),
    ],
)
def test_a_threshold_as_people_write_it(value: str, end: str) -> None:
    (problem,) = problems(CRITERIA.replace("threshold: 0.8", f"threshold: {value}"))
    assert problem == f"p.yaml:6: threshold: {end}"


@pytest.mark.parametrize("kind", ["kind: criterion", "kind: rules", "", "kind: [criteria]"])
def test_a_wrong_kind_hides_no_other_problem(kind: str) -> None:
    text = CRITERIA.replace("kind: criteria", kind).replace("titel", "title")
    text = text.replace("keywords", "keyword").replace("[therapy]", "[therapie]")
    found = [line.split(": ", 1)[1] for line in problems(text)]
    assert found == [
        *(["kind: is missing"] if not kind else []),
        *(["kind: must be 'criteria' or 'labels'"] if kind else []),
        "criteria[0].keyword: is not a known field; did you mean 'keywords'?",
        "criteria[1].id: the logic does not use 'therapy'",
        "logic.all_of[1].any_of[0]: no criterion has the id 'therapie'; did you mean 'therapy'?",
    ]


def test_a_value_without_a_bound_is_told_beside_its_other_problems() -> None:
    text = CRITERIA.replace("keywords: [knee]", "values: [{name: age, unit: years, least: 0}]")
    assert problems(text) == [
        "p.yaml:11: criteria[0].values[0]: needs below or above",
        "p.yaml:11: criteria[0].values[0].most: is missing",
    ]


def test_criteria_have_no_numeric_columns() -> None:
    (problem,) = problems(CRITERIA + "input: {numeric_columns: [age]}\n")
    assert problem.startswith("p.yaml:21: input.numeric_columns: is for kind labels; ")


PICTURES = """
id: two-wheels
version: 1.0.0
kind: labels
title: Bicycle or motorcycle
input: {modality: image}
labels: [{id: bicycle}, {id: motorcycle}]
"""


def test_a_process_of_pictures() -> None:
    definition = load_definition(PICTURES, "two-wheels.yaml")
    assert definition.of_pictures
    assert definition.input.picture_columns == ("picture",)
    assert not load_definition(LABELS, "moods.yaml").of_pictures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CRITERIA + "input: {modality: image}\n", "input.modality: image is for kind labels"),
        (LABELS + "input: {picture_columns: [key]}\n", "input.picture_columns: is for modality"),
        (PICTURES.replace("image}", "image, case: join}"), "input.case: is for texts"),
        (PICTURES.replace("image}", "image, unit: page}"), "input.unit: is for texts"),
        (PICTURES.replace("image}", "image, text_columns: [t]}"), "input.text_columns: is for"),
        (
            PICTURES.replace("image}", "image, numeric_columns: [n]}"),
            "input.numeric_columns: is for texts",
        ),
        (
            PICTURES.replace("bicycle}", "bicycle, examples: [It has pedals.]}"),
            "labels[0].examples: are sentences",
        ),
        (
            LABELS.replace("- {id: glad, ", "- {id: glad, classes: [moped], "),
            "labels[0].classes: are of pictures",
        ),
        (
            PICTURES.replace("bicycle}", "bicycle, classes: [mountin bike]}"),
            "labels[0].classes[0]: ImageNet has no class 'mountin bike'; did you mean 'mountain",
        ),
        (
            PICTURES.replace("bicycle}", "bicycle, classes: [crane]}"),
            "labels[0].classes[0]: ImageNet has no class",
        ),
        (
            PICTURES.replace("{id: bicycle}", "{id: bicycle, classes: [scooter]}").replace(
                "motorcycle}", "motorcycle, classes: [motor scooter]}"
            ),
            "labels[1].classes[0]: is a class of another label too",
        ),
    ],
)
def test_what_is_for_pictures_or_for_texts_alone(text, expected) -> None:
    (problem,) = problems(text)
    assert expected in problem


def test_the_check_has_the_lines_of_all_fields() -> None:
    check = check_definition(CRITERIA)
    assert check.definition is not None
    assert check.line_of(("criteria", 1, "counter_statements", 0)) == 15
    assert check.line_of(("criteria", 0, "counter_statements")) == 8
    assert check_definition(CRITERIA.replace("knee\n", "knee: x\n")).definition is None


def test_of_many_mistakes_the_first_are_told_what_was_meant() -> None:
    known = Names(["anemia", "melena"])
    offered = [known.nearest("anemai") for _ in range(60)]
    assert offered[0] == "; did you mean 'anemia'?"
    assert offered.count("") == 10


@pytest.mark.parametrize(
    ("names", "wrong"), [([f"name-{n}" for n in range(6_000)], "nam-7"), (["melena"], "melen" * 50)]
)
def test_very_many_names_and_very_long_ones_are_not_compared(names: list[str], wrong: str) -> None:
    known = Names(names)
    assert names[0] in known
    assert known.nearest(wrong) == ""
