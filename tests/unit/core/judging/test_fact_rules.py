"""What numbers, ages, intervals and columns say of a criterion, and what a decision makes of it."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest

from tests.fakes.encoder import FakeEncoder
from winnow.judging.criteria.fact_rules import Note, Stated, fact_rules
from winnow.judging.criteria.judge import CriteriaJudge
from winnow.models import CriteriaDecision, CriterionFinding, Polarity, Record
from winnow.processes.schema import (
    ADAPTER,
    CriteriaProcess,
    Criterion,
    InputColumns,
    parse_definition_json,
)
from winnow.readers import ReadLimits, Source, read

TODAY = date(2024, 4, 15)
HEMOGLOBIN = {
    "name": "hemoglobin",
    "aliases": ["haemoglobin", "hgb", "hb"],
    "unit": "g/dL",
    "below": 12,
    "normal_from": 13,
    "least": 3,
    "most": 20,
}
CALPROTECTIN = {
    "name": "calprotectin",
    "unit": "ug/g",
    "above": 200,
    "normal_to": 50,
    "least": 1,
    "most": 999,
}
SCREENING_AGE = {"age": {"at_least": 45, "at_most": 75}}
TEN_YEARS = {"interval_since": {"event": "colonoscopy", "at_least": "10 years"}}
TWO_YEARS = {"interval_since": {"event": "colonoscopy", "at_most": "2 years"}}


def stated(rule: dict[str, Any], text: str, **fields: str) -> Stated | None:
    criterion = Criterion.model_validate({"id": "c", "title": "C", **rule})
    (only,) = fact_rules(criterion)
    return only(Note(text, fields, InputColumns().date_columns, TODAY))


@pytest.mark.parametrize(
    ("rule", "text", "sign", "said"),
    [
        ({"measure": [HEMOGLOBIN]}, "Hgb 7.9", 1, "hemoglobin 7.9 g/dL"),
        ({"values": [HEMOGLOBIN]}, "Hgb 7.9", 1, "hemoglobin 7.9 g/dL"),
        ({"measure": [HEMOGLOBIN]}, "Hb 82 g/L", 1, "hemoglobin 8.2 g/dL"),
        ({"measure": [HEMOGLOBIN]}, "Hgb was 7.9 in May, now 13.4", -1, "hemoglobin 13.4 g/dL"),
        ({"measure": [HEMOGLOBIN]}, "Hemoglobin fell from 13.2 to 8.8", 1, "hemoglobin 8.8 g/dL"),
        ({"measure": [HEMOGLOBIN]}, "Hgb 7 to 14 over the stay", 0, "hemoglobin 7 to 14 g/dL"),
        ({"measure": [HEMOGLOBIN]}, "Hgb 12.5", None, ""),
        ({"measure": [HEMOGLOBIN]}, "Hemoglobin A1c 7.9", None, ""),
        ({"measure": [HEMOGLOBIN]}, "Transfuse for hemoglobin < 7.", None, ""),
        ({"measure": [HEMOGLOBIN]}, "His mother's hemoglobin was 7.9", None, ""),
        ({"measure": [CALPROTECTIN]}, "Calprotectin 412", 1, "calprotectin 412 ug/g"),
        ({"measure": [CALPROTECTIN]}, "Calprotectin 20 ug/g", -1, "calprotectin 20 ug/g"),
        (SCREENING_AGE, "52 yo man", 1, "age 52"),
        (SCREENING_AGE, "44 yo man", -1, "age 44"),
        (SCREENING_AGE, "A woman of 76 years, age 76", -1, "age 76"),
        (SCREENING_AGE, "A woman in her seventies", 0, "age 70 to 79"),
        (SCREENING_AGE, "His father is 52 years old", None, ""),
        (TEN_YEARS, "Never had a colonoscopy", 1, "never had colonoscopy"),
        (
            TEN_YEARS,
            "Last colonoscopy in March 2015",
            -1,
            "last colonoscopy 2015-03, 9 years before 2024-04-15",
        ),
        (TEN_YEARS, "Last colonoscopy 11 years ago", 1, None),
        (TEN_YEARS, "Last colonoscopy in 2014", 0, None),
        (TEN_YEARS, "Had a colonoscopy once", 0, "colonoscopy done, date not known"),
        (TEN_YEARS, "Screening colonoscopy is scheduled", None, ""),
        (TEN_YEARS, "Her sister had a colonoscopy last year", None, ""),
        (TWO_YEARS, "Never had a colonoscopy", -1, None),
        (TWO_YEARS, "Colonoscopy 14 months ago", 1, None),
        (TWO_YEARS, "Colonoscopy in 2019", -1, None),
    ],
)
def test_what_a_text_says(
    rule: dict[str, Any], text: str, sign: int | None, said: str | None
) -> None:
    found = stated(rule, text)
    if sign is None:
        assert found is None
    else:
        assert found is not None
        assert found.sign == sign
        assert said is None or found.said.startswith(said)
        assert text[found.start : found.end]


@pytest.mark.parametrize(
    ("test", "cell", "sign"),
    [
        ({"at_least": 45}, "45", 1),
        ({"at_least": 45}, " 44.9 ", -1),
        ({"at_most": 75, "at_least": 45}, "76", -1),
        ({"above": 45}, "45", -1),
        ({"below": 45}, "44", 1),
        ({"at_least": 45}, "unknown", 0),
        ({"at_least": 45}, "", None),
        ({"one_of": ["F", "female"]}, "Female", 1),
        ({"one_of": ["F", "female"]}, "M", -1),
    ],
)
def test_what_a_column_says(test: dict[str, Any], cell: str, sign: int | None) -> None:
    found = stated({"column": {"name": "the age", **test}}, "", The_Age=cell)
    assert (found.sign if found else None) == sign


def test_the_date_of_a_record_is_a_column_then_the_text_then_the_day_it_arrived() -> None:
    text = "Date of visit: 04/15/2024. Colonoscopy in 2012."
    columns = InputColumns().date_columns

    def day(text: str, **fields: str) -> date:
        return Note(text, fields, columns, TODAY).date

    assert day(text, visit_date="2023-01-31") == date(2023, 1, 31)
    assert day(text, visit_date="01/31/2023 10:30") == date(2023, 1, 31)
    assert day(text, visit_date="2023-01-31; 2023-03-02; soon") == date(2023, 3, 2)
    assert day(text, upload_date="2026-01-01") == TODAY
    assert day("Colonoscopy in 2012.", upload_date="2026-01-01") == date(2026, 1, 1)
    assert day("", visit_date="last year") == TODAY


# -- in a decision ---------------------------------------------------------------------------------


def finding(record: str, criterion: dict[str, Any], **fields: str) -> CriterionFinding:
    definition = ADAPTER.validate_python(
        {
            "id": "p",
            "version": "1.0.0",
            "kind": "criteria",
            "title": "P",
            "criteria": [{"id": "c", "title": "C", **criterion}],
            "logic": {"all_of": ["c"]},
        }
    )
    assert isinstance(definition, CriteriaProcess)
    judge = CriteriaJudge(definition, FakeEncoder(), lambda: TODAY)
    (judgement,) = judge([record], [fields])
    assert isinstance(judgement.decision, CriteriaDecision)
    return judgement.decision.criteria[0]


def test_a_criterion_of_facts_alone_is_decided_and_explained() -> None:
    found = finding("Clinic note. A 44 yo man. No complaints.", SCREENING_AGE)
    assert found.verdict == "not_met"
    (evidence,) = found.evidence
    assert evidence.text == "A 44 yo man."
    assert evidence.polarity is Polarity.OPPOSES
    assert evidence.fact == "age 44"
    assert evidence.reference == "age 45 to 75"


def test_a_column_is_evidence_without_a_place_in_the_text() -> None:
    found = finding("Any note.", {"column": {"name": "age", "at_least": 45}}, age="52")
    assert found.verdict == "met"
    (evidence,) = found.evidence
    assert (evidence.start, evidence.end, evidence.fact) == (0, 0, "age 52")


def test_a_doubt_says_what_was_read() -> None:
    found = finding("Had a colonoscopy once.", TEN_YEARS)
    assert found.verdict == "undetermined"
    assert found.doubt == "colonoscopy done, date not known"
    assert not found.evidence


def test_an_interval_outweighs_what_a_sentence_resembles() -> None:
    statements = {"statements": ["Colonoscopy in 2020 was normal."], "keywords": ["colonoscopy"]}
    text = "Colonoscopy in 2020 was normal."
    assert finding(text, statements).verdict == "met"
    assert finding(text, statements | TEN_YEARS).verdict == "not_met"


def test_a_number_counts_where_its_own_sentence_resembles_the_opposite() -> None:
    anemia = {
        "statements": ["The patient has anemia."],
        "counter_statements": ["Hgb 7.9, normal."],
        "measure": [HEMOGLOBIN],
    }
    assert finding("Hgb 7.9, normal.", anemia).verdict == "met"
    assert finding("Hgb 7.9. Hgb 7.9, normal.", anemia).verdict == "met"


def test_two_facts_that_differ_are_a_doubt() -> None:
    both = {"column": {"name": "age", "at_least": 45}, "age": {"at_least": 45}}
    found = finding("A 44 yo man.", both, age="52")
    assert found.verdict == "undetermined"
    assert found.doubt == "age 44; age 52"


def test_a_doubt_of_a_record_is_the_same_whatever_is_judged_beside_it() -> None:
    definition = ADAPTER.validate_python(
        {
            "id": "p",
            "version": "1.0.0",
            "kind": "criteria",
            "title": "P",
            "criteria": [
                {
                    "id": "c",
                    "title": "C",
                    "statements": ["The patient has anemia."],
                    "keywords": ["anemia"],
                }
            ],
            "logic": {"all_of": ["c"]},
        }
    )
    assert isinstance(definition, CriteriaProcess)
    judge = CriteriaJudge(definition, FakeEncoder(), lambda: TODAY)
    doubtful = "Whether there is anemia is unknown."
    (alone,) = judge([doubtful])
    _, beside = judge(["The patient has anemia.", doubtful])
    assert isinstance(alone.decision, CriteriaDecision)
    assert alone.decision.criteria[0].doubt
    assert beside == alone


# -- in a definition -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criterion", "problem"),
    [
        ({}, "needs statements"),
        ({"measure": [{"name": "x", "unit": "g", "least": 0, "most": 1}]}, "below or above"),
        ({"age": {}}, "at_least or at_most"),
        ({"interval_since": {"event": "x"}}, "at_least or at_most"),
        ({"interval_since": {"event": "x", "at_least": "ten years"}}, "pattern"),
        ({"column": {"name": "x"}}, "one_of"),
        ({"column": {"name": "x", "at_least": 1, "one_of": ["a"]}}, "one_of"),
    ],
)
def test_a_rule_needs_its_bounds(criterion: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Criterion.model_validate({"id": "c", "title": "C", **criterion})


def test_a_definition_without_facts_keeps_its_sha256() -> None:
    """It is what a run of an earlier version carries."""
    data = (
        '{"id":"p","version":"1.0.0","kind":"criteria","title":"P","criteria":[{"id":"c",'
        '"title":"C","statements":["A."],"values":[{"name":"x","unit":"g","below":1,'
        '"least":0,"most":2}]}],"logic":{"all_of":["c"]}}'
    )
    definition = parse_definition_json(data.encode())
    assert definition.info.sha256 == (
        "4c07e5922ad852383416815f5e308dfb02b1ddb1dad5dc91892b8954a3d68808"
    )
    again = parse_definition_json(definition.model_dump_json().encode())
    assert again.info == definition.info


def test_a_table_without_a_text_is_judged_by_its_columns_from_the_file_to_the_decision():
    definition = ADAPTER.validate_python(
        {
            "id": "adults",
            "version": "1.0.0",
            "kind": "criteria",
            "title": "Adults",
            "input": {"text_columns": [], "id_columns": ["case"]},
            "criteria": [
                {"id": "adult", "title": "An adult", "column": {"name": "Age", "at_least": 18}},
                {"id": "plan", "title": "A plan", "column": {"name": "plan", "one_of": ["gold"]}},
            ],
            "logic": {"all_of": ["adult", "plan"]},
        }
    )
    assert isinstance(definition, CriteriaProcess)
    table = b"case,age,Plan,other\nA,18,Gold,x\nB,17,gold,y\nC,,gold,z\nD,40,silver,\n"
    with Source(
        BytesIO(table),
        "cases.csv",
        definition.input.text_columns,
        definition.input.id_columns,
        ReadLimits(),
        numeric_columns=definition.other_columns,
    ) as source:
        records = [line for line in read(source) if isinstance(line, Record)]
    assert [record.source_id for record in records] == ["A", "B", "C", "D"]
    judge = CriteriaJudge(definition, FakeEncoder())
    judged = judge([record.text for record in records], [record.fields for record in records])
    assert [judgement.decision.value for judgement in judged] == [
        "met",
        "not_met",
        "undetermined",
        "not_met",
    ]
