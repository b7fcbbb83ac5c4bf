"""An upload's results as rows of the index."""

import json

import pytest

from tests.fakes.processes import vector_of
from tests.fakes.results import BUCKET, Folders, Judged
from tests.unit.core.reviews.test_reviewed import Desk
from winnow.errors import ObjectGoneError, StoredDataInvalidError
from winnow.models import Evidence, LabelDecision, Outcome, ResultRecord
from winnow.search.rows import UploadRows
from winnow.storage.paths import ReviewPaths, RunPaths
from winnow.storage.vectors import ERASED, dump_vectors

RESULT = RunPaths(BUCKET, "u1").result("triage")


def a_folder() -> Folders:
    folders = Folders()
    records = [Judged("Iron deficiency."), Judged("No.", "not_met", 0.4), Judged("", None)]
    folders.run("triage", "u1", records)
    return folders


def test_every_line_is_a_row_with_what_the_upload_says_of_it() -> None:
    rows = a_folder().rows("triage", "u1")
    assert [(row.record, row.outcome, row.code) for row in rows] == [
        (1, "accepted", None),
        (2, "review", "below_threshold"),
        (3, "invalid", "text_empty"),
    ]
    first, _, invalid = rows
    assert first.version == "a" * 12
    assert first.judged_at == "2026-11-01T00:37:00.000Z"
    assert (first.text, first.tokens) == ("Iron deficiency.", " iron deficiency ")
    assert (invalid.text, invalid.tokens, invalid.decision) == (None, "", None)
    assert first.usd == pytest.approx(0.0041)


def altered(folders: Folders, **fields: object) -> None:
    """Change fields of result.json; None: it is from before there was such a field."""
    result = json.loads(folders.store.content(RESULT)) | fields
    given = {name: value for name, value in result.items() if value is not None}
    folders.store.add(BUCKET, RESULT.key, json.dumps(given).encode())


@pytest.mark.parametrize(
    ("dropped", "finished", "seconds"),
    [
        ("2026-11-01T00:36:30.000Z", "2026-11-01T00:37:04.250Z", 34.25),
        ("2026-11-01T00:37:05.000Z", "2026-11-01T00:37:04.250Z", 0.0),
        (None, "2026-11-01T00:37:04.250Z", None),
        (None, None, None),
    ],
)
def test_a_row_says_how_long_its_result_took_if_that_is_known(dropped, finished, seconds) -> None:
    folders = a_folder()
    version = "1.7" if dropped else "1.6"
    altered(folders, dropped_at=dropped, finished_at=finished, schema_version=version)
    row = folders.rows("triage", "u1")[0]
    assert (row.dropped_at, row.finished_at, row.seconds) == (dropped, finished, seconds)


def test_what_a_person_decided_is_in_the_row() -> None:
    folders = a_folder()
    folders.review("triage", "u1", {1: "not_met", 2: None})
    first, second, third = folders.rows("triage", "u1")
    assert (first.review_decision, first.changed, first.reviewed_by) == ("not_met", True, "ann")
    assert (second.review_decision, second.changed, second.reviewed_by) == (None, None, "bob")
    assert third.reviewed_by is None


def test_a_generation_grows_with_a_decision_an_erased_record_and_a_later_run() -> None:
    folders = a_folder()
    seen = []

    def look() -> None:
        upload = UploadRows(folders.store, RESULT)
        assert len(list(upload)) == 3
        seen.append(upload.generation)

    look()
    folders.review("triage", "u1", {1: "not_met"})
    look()
    folders.review("triage", "u1", {})
    look()
    folders.erase("triage", "u1", 2)
    look()
    folders.erase("triage", "u1", 1)
    look()
    folders.run("triage", "u1", [Judged("Again.")] * 3)
    look()
    assert seen == sorted(set(seen))


def test_an_erased_record_has_neither_text_nor_words() -> None:
    folders = a_folder()
    folders.erase("triage", "u1", 1)
    erased = folders.rows("triage", "u1")[0]
    assert (erased.code, erased.text, erased.tokens, erased.source_id) == ("erased", None, "", None)


def test_results_that_kept_no_text_are_found_by_their_evidence() -> None:
    folders = a_folder()
    ref = RunPaths(BUCKET, "u1").outcome("triage", Outcome.ACCEPTED)
    decision = LabelDecision(
        value="met",
        scores=(),
        evidence=(
            Evidence(start=0, end=4, text="Iron low.", similarity=1.0),
            Evidence(start=9, end=14, text="Anemia.", similarity=1.0),
        ),
    )
    old = ResultRecord(outcome=Outcome.ACCEPTED, record=1, decision=decision, confidence=0.9)
    written = folders.store.add(BUCKET, ref.key, old.model_dump_json(exclude_none=True).encode())
    result = json.loads(folders.store.content(RESULT))
    result["files"]["accepted"] = written.model_dump()
    folders.store.add(BUCKET, RESULT.key, json.dumps(result).encode())
    row = folders.rows("triage", "u1")[0]
    assert (row.text, row.tokens) == (None, " iron low . anemia ")


@pytest.mark.parametrize("name", ["result.json", "accepted.jsonl", "reviewed.jsonl"])
def test_a_damaged_object_is_said_to_be_one(name: str) -> None:
    folders = a_folder()
    folders.review("triage", "u1", {1: "not_met"})
    written = folders.store.add(BUCKET, f"results/triage/u1/{name}", b'{"record": ')
    if name == "accepted.jsonl":
        result = json.loads(folders.store.content(RESULT))
        result["files"]["accepted"] = written.model_dump()
        folders.store.add(BUCKET, RESULT.key, json.dumps(result).encode())
    with pytest.raises(StoredDataInvalidError):
        folders.rows("triage", "u1")


def test_results_that_are_gone_are_said_to_be_gone() -> None:
    folders = a_folder()
    folders.delete("triage", "u1")
    with pytest.raises(ObjectGoneError):
        folders.rows("triage", "u1")


def test_a_row_has_its_vector_if_the_results_have_one() -> None:
    folders = a_folder()
    assert [row.vector for row in folders.rows("triage", "u1")] == [None] * 3
    vectors = dump_vectors([(1, ERASED), (2, vector_of("No."))])
    written = folders.store.add(BUCKET, "results/triage/u1/vectors.bin", vectors)
    altered(folders, vectors=written.model_dump())
    assert [row.vector for row in folders.rows("triage", "u1")] == [None, vector_of("No."), None]


def test_what_the_pipeline_and_the_review_page_write_is_read() -> None:
    desk = Desk(0.9, 0.5, 0.2)
    desk.decide(2, "sad")
    desk.write()
    paths = ReviewPaths("results", "moods", desk.run.result.key.split("/")[2])
    assert desk.objects.content(paths.reviewed)
    rows = list(UploadRows(desk.objects, desk.run.result))
    assert [(row.record, row.outcome, row.review_decision) for row in rows] == [
        (1, "accepted", None),
        (2, "review", "sad"),
        (3, "review", None),
    ]
    assert rows[1].tokens == " glad 0 5 "
