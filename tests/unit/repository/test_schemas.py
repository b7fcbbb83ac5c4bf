"""The published JSON Schemas are those of the models, and what is written obeys them."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.unit.core.reviews.test_reviewed import PATHS, Desk
from tests.unit.core.steps.test_steps import TABLE, Run
from winnow.models import RESULT_SCHEMA_VERSION, ResultRecord
from winnow.reviews.reviewed import REVIEW_SCHEMA_VERSION
from winnow_cli.schemas import PUBLISHED, schema_of

FOLDER = Path(__file__).parents[3] / "docs" / "schemas"


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_published_schema_is_the_model_s(name):
    assert (FOLDER / name).read_text() == schema_of(PUBLISHED[name]), "run `make schemas`"


def test_every_written_object_obeys_its_schema():
    record = json.loads((FOLDER / "record.json").read_text())
    result = json.loads((FOLDER / "result.json").read_text())
    pipeline = Run()
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    done = pipeline.filter(run)
    jsonschema.validate(json.loads(pipeline.store.content(done.result)), result)
    lines = [
        line for name in ("accepted", "review", "invalid") for line in pipeline.lines("moods", name)
    ]
    assert len(lines) == 4
    for line in lines:
        jsonschema.validate(line, record)
        assert line["schema_version"] == RESULT_SCHEMA_VERSION


def test_what_people_decided_obeys_its_schemas():
    desk = Desk(0.5, 0.4, 0.3)
    desk.decide(1, "sad")
    desk.decide(2, None)
    desk.write()
    summary = json.loads(desk.objects.content(PATHS.counts))
    jsonschema.validate(summary, json.loads((FOLDER / "review.json").read_text()))
    record = json.loads((FOLDER / "reviewed-record.json").read_text())
    assert len(desk.lines()) == 2
    for line in desk.lines():
        jsonschema.validate(line, record)
        assert line["schema_version"] == summary["schema_version"] == REVIEW_SCHEMA_VERSION


OLD_LINE = {
    "schema_version": "1.3",
    "outcome": "review",
    "record": 7,
    "line": 8,
    "fields": {},
    "decision": {"kind": "labels", "value": "sad", "scores": [], "evidence": []},
    "score": 0.5,
    "confidence": 0.5,
    "calibrated": False,
    "code": "below_threshold",
    "reason": "The confidence is below the threshold of 0.6.",
}


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_results_of_earlier_schemas_are_read_and_have_no_text(version):
    old = {**OLD_LINE, "schema_version": version}
    jsonschema.validate(old, json.loads((FOLDER / "record.json").read_text()))
    record = ResultRecord.model_validate(old)
    assert (record.record, record.schema_version, record.text) == (7, version, None)
    assert record.places == ()


def test_a_wrong_record_does_not_pass():
    record = json.loads((FOLDER / "record.json").read_text())
    for wrong in ({"outcome": "maybe", "record": 1}, {"outcome": "review"}, {"extra": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, record)
