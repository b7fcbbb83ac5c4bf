"""Files dropped into the real local stack, and what comes of them."""

import json
from pathlib import Path

import jsonschema
import pytest

from winnow.models import Outcome
from winnow_local.template import Checkout

from .conftest import SURE, UNSURE, Stack, until

CASES = Checkout.here().root / "samples" / "prior-auth-cases.csv"


def lines(*texts: str) -> str:
    return "".join(json.dumps({"text": text}) + "\n" for text in texts)


def test_the_sample_cases_are_accepted_set_aside_or_invalid(stack: Stack) -> None:
    row = stack.run(CASES.name, CASES.read_bytes(), "91110")

    assert row.state == "SUCCEEDED"
    assert row.process == "L33774", "the code should name the process"
    result, records = stack.result(row)
    assert result.counts.accepted > 0
    assert result.counts.review > 0
    assert result.counts.invalid > 0
    assert result.counts.records == len(records) == row.records
    assert [record.record for record in records] == list(range(1, len(records) + 1))
    for record in records:
        if record.outcome is Outcome.INVALID:
            assert record.code
            assert record.decision is None
        else:
            assert record.confidence is not None
            assert record.decision is not None
            decided = record.decision.value != "undetermined"
            sure = record.confidence >= result.threshold
            assert (decided and sure) == (record.outcome is Outcome.ACCEPTED)
    assert result.model is not None
    assert result.model.engine == "litert"


def test_evidence_points_into_the_text(stack: Stack) -> None:
    text = f"On Monday it was cold. {SURE}"
    _, records = stack.result(stack.run("note.jsonl", lines(text)))
    assert records[0].decision is not None
    assert records[0].decision.kind == "labels"
    assert records[0].decision.evidence
    for found in records[0].decision.evidence:
        assert text[found.start : found.end] == found.text


def test_what_is_written_matches_the_published_schema(stack: Stack) -> None:
    schemas = Checkout.here().root / "docs" / "schemas"
    row = stack.run("mixed.jsonl", lines(SURE, UNSURE) + "not json\n")
    assert row.result_bucket
    assert row.result_key
    folder = row.result_key.rpartition("/")[0]

    def read(name: str) -> bytes:
        return stack.s3.get_object(Bucket=str(row.result_bucket), Key=f"{folder}/{name}")[
            "Body"
        ].read()

    jsonschema.validate(
        json.loads(read("result.json")), json.loads((schemas / "result.json").read_text("utf-8"))
    )
    record_schema = json.loads((schemas / "record.json").read_text("utf-8"))
    for name in ("accepted.jsonl", "review.jsonl", "invalid.jsonl"):
        for line in read(name).splitlines():
            jsonschema.validate(json.loads(line), record_schema)


def test_one_mail_tells_the_counts_and_no_text(stack: Stack) -> None:
    row = stack.run("secret-name.jsonl", lines(SURE, UNSURE))
    (mail,) = stack.mails(row.upload_id)
    assert "1 accepted" in mail.subject or "accepted" in mail.subject
    assert row.results_at
    assert row.results_at in mail.body
    for hidden in ("secret-name", "daughter", "Tuesday"):
        assert hidden not in mail.subject + mail.body


def test_a_bad_row_is_one_invalid_record_with_its_line(stack: Stack) -> None:
    row = stack.run("rows.jsonl", lines(SURE) + "{broken\n" + lines(SURE))
    assert row.state == "SUCCEEDED"
    _, records = stack.result(row)
    assert [record.outcome is Outcome.INVALID for record in records] == [False, True, False]
    assert records[1].line == 2
    assert records[1].reason


@pytest.mark.parametrize(
    ("name", "body", "process", "code"),
    [
        ("empty.csv", b"", "emotions", "file_empty"),
        ("blank.txt", b" \n\n ", "emotions", "file_empty"),
        ("broken.pdf", b"%PDF-1.7 \x00\x01", "emotions", "file_unreadable"),
        ("letter.rtf", b"{\\rtf1 some text}", "emotions", "file_type"),
        ("broken.json", b'[{"text": "a"}, {"te', "emotions", "file_unreadable"),
        ("columns.csv", b"weight,height\n1,2\n", "emotions", "no_text_column"),
        ("header.csv", b"id,text\n", "emotions", "no_records"),
        ("cases.csv", b"id,text\n1,hello there\n", "no-such-process", "process_unknown"),
    ],
)
def test_a_file_that_cannot_be_judged_fails_with_a_code_and_a_mail(
    stack: Stack, name: str, body: bytes, process: str, code: str
) -> None:
    row = stack.run(name, body, process)
    assert (row.state, row.error_code) == ("FAILED", code)
    assert row.error_message
    assert row.ended_at
    (mail,) = stack.mails(row.upload_id)
    assert code in mail.subject + mail.body
    assert name not in mail.subject + mail.body


def test_a_process_that_demands_confidence_fails_where_there_is_none(stack: Stack) -> None:
    row = stack.run("doubt.jsonl", lines("Numbers are even or odd."), "strict")
    assert (row.state, row.error_code) == ("FAILED", "confidence_threshold_not_met")
    assert len(stack.mails(row.upload_id)) == 1
    result, records = stack.result(row)
    assert result.counts.review == 1, "what was set aside can be looked at"
    assert records[0].outcome is Outcome.REVIEW


def test_a_sender_may_raise_the_threshold_and_not_lower_it(stack: Stack) -> None:
    strict = stack.run("one.jsonl", lines(SURE), metadata={"threshold": "1"})
    assert (strict.accepted, strict.review) == (0, 1)
    result, _ = stack.result(strict)
    assert (result.threshold, result.threshold_from) == (1.0, "upload")
    (mail,) = stack.mails(strict.upload_id)
    assert "The threshold of 1 is set by the sender." in mail.body

    lax = stack.run("one.jsonl", lines(UNSURE), metadata={"threshold": "0"})
    assert (lax.state, lax.error_code) == ("FAILED", "threshold_too_low")

    wrong = stack.run("one.jsonl", lines(UNSURE), metadata={"threshold": "high"})
    assert (wrong.state, wrong.error_code) == ("FAILED", "threshold_invalid")


def test_metadata_names_the_process_before_the_folder_does(stack: Stack) -> None:
    row = stack.run("one.jsonl", lines(SURE), "no-such-process", {"process": "emotions"})
    assert (row.state, row.process) == ("SUCCEEDED", "emotions")


@pytest.mark.parametrize(
    "name",
    [
        "Füße & Ärzte (1).jsonl",
        "日本語 %20 +plus.jsonl",
        "quote'\"; DROP TABLE.jsonl",
        "emoji 🙂.jsonl",
        "a=b&c?d#e.jsonl",
        ".jsonl.hidden.jsonl",
    ],
)
def test_odd_names_are_read_like_any_other(stack: Stack, name: str) -> None:
    row = stack.run(name, lines(SURE))
    assert (row.state, row.file_name) == ("SUCCEEDED", name)
    assert name not in str(row.result_key), "no part of an uploaded key is used as a path"


def test_a_second_delivery_of_the_same_event_changes_nothing(stack: Stack) -> None:
    first = stack.run("twice.jsonl", lines(SURE))
    mails = stack.mails(first.upload_id)
    assert len(mails) == 1
    event = stack.workflow.describe_execution(executionArn=first.run or "")["input"]

    # What a rule does with a second delivery: it starts the workflow with the same event.
    again = stack.workflow.start_execution(
        stateMachineArn=stack.state.outputs["StateMachineArn"], input=event
    )["executionArn"]

    def ended() -> str:
        status = stack.workflow.describe_execution(executionArn=again)["status"]
        return "" if status == "RUNNING" else status

    assert until(ended) == "SUCCEEDED", "a duplicate ends quietly"
    assert stack.uploads.find(first.upload_id) == first
    assert stack.mails(first.upload_id) == mails


def test_dropping_the_same_file_again_is_a_new_upload(stack: Stack) -> None:
    key = stack.put("again.jsonl", lines(SURE))
    first = stack.wait(key)
    stack.s3.put_object(
        Bucket=stack.target.uploads_bucket, Key=key, Body=lines(SURE, SURE).encode()
    )
    second = until(
        lambda: (
            (row := stack.uploads.by_key(key))
            and row.upload_id != first.upload_id
            and row.ended
            and row
        )
    )
    assert (first.records, second.records) == (1, 2)


def test_what_is_not_in_the_inbox_starts_nothing(stack: Stack) -> None:
    stack.s3.put_object(Bucket=stack.target.uploads_bucket, Key="elsewhere/a.jsonl", Body=b"{}")
    stack.s3.put_object(Bucket=stack.target.uploads_bucket, Key="inbox/emotions/folder/", Body=b"")
    probe = stack.run("after.jsonl", lines(SURE))
    assert probe.state == "SUCCEEDED"
    assert stack.uploads.by_key("elsewhere/a.jsonl") is None
    assert stack.uploads.by_key("inbox/emotions/folder/") is None


def test_a_file_of_many_chunks_is_put_together_in_order(stack: Stack) -> None:
    count = 2_500
    body = "id,text\n" + "".join(f"r{n},I felt happy on day {n}.\n" for n in range(count))
    row = stack.run("many.csv", body)
    result, records = stack.result(row)
    assert result.counts.records == count
    assert [record.source_id for record in records] == [f"r{n}" for n in range(count)]


def test_files_dropped_at_once_do_not_touch_each_other(stack: Stack) -> None:
    keys = [stack.put(f"{n}.jsonl", lines(*[SURE] * (n + 1))) for n in range(3)]
    rows = [stack.wait(key) for key in keys]
    assert [row.records for row in rows] == [1, 2, 3]


def test_nothing_is_written_outside_the_state_folder(stack: Stack) -> None:
    stack.run("one.jsonl", lines(SURE))
    port = str(stack.state.endpoint).rpartition(":")[2]
    assert not list(Path("/tmp").glob(f"ministack-{port}*"))
    assert (stack.state_dir.data / "tmp").is_dir()
