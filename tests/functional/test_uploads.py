"""What the command line reads of an upload that failed only for want of confidence (S3 by moto)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from moto import mock_aws

from tests.unit.core.steps.test_steps import UPLOAD_ID, Run
from winnow.errors import (
    AwsRefusedError,
    ConfidenceThresholdNotMetError,
    NotFinishedError,
    RecordUnknownError,
    UploadUnknownError,
)
from winnow.models import ObjectRef, Outcome
from winnow.recovery.upload_row import UploadRow
from winnow_cli.target import Target
from winnow_cli.uploads import Uploads


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="results")
        yield Target(
            name="winnow",
            outputs={"ResultsBucket": "results"},
            session=session,
            endpoint=None,
            config=Config(),
        )


@pytest.mark.parametrize("threshold", [0.8512344, 0.85, 1.0, 1e-05])
def test_a_threshold_is_sent_with_all_its_digits(
    target: Target, tmp_path: Path, threshold: float
) -> None:
    target.outputs["UploadsBucket"] = "uploads"
    s3 = target.s3()
    s3.create_bucket(Bucket="uploads")
    file = tmp_path / "a.csv"
    file.write_text("note\nx\n")
    Uploads(target).drop(file, "inbox/p/a.csv", threshold)
    sent = s3.head_object(Bucket="uploads", Key="inbox/p/a.csv")["Metadata"]
    assert float(sent["threshold"]) == threshold


def failed(**values: Any) -> UploadRow:
    return UploadRow(
        upload_id=UPLOAD_ID,
        state="FAILED",
        bucket="uploads",
        object_key="inbox/strict/x.csv",
        claimed_at="2026-11-21T09:30:01.000Z",
        error_code=ConfidenceThresholdNotMetError.code,
        **values,
    )


def test_its_results_are_where_its_process_keeps_them(target: Target) -> None:
    pipeline = Run()
    run = pipeline.serialize("note\nglad 0.5\n", "inbox/strict/x.csv")
    pipeline.classify(run)
    with pytest.raises(ConfidenceThresholdNotMetError):
        pipeline.filter(run)
    for key in pipeline.store.keys("results"):
        content = pipeline.store.content(ObjectRef(bucket="results", key=key))
        # This bucket keeps no versions.
        content = re.sub(rb'"version_id": "v\d+"', b'"version_id": null', content)
        target.s3().put_object(Bucket="results", Key=key, Body=content)
    uploads = Uploads(target)
    result = uploads.result(failed(process="strict"))
    assert result.counts.review == 1
    assert [record.outcome for record in uploads.records(result)] == [Outcome.REVIEW]


def test_a_record_is_found_in_the_file_of_its_outcome(target: Target) -> None:
    pipeline = Run()
    run = pipeline.serialize("case_id,note\nA,glad 0.9\nB,sad 0.55\nC,\nD,sad 0.6\n")
    pipeline.classify(run)
    pipeline.filter(run)
    for key in pipeline.store.keys("results"):
        content = pipeline.store.content(ObjectRef(bucket="results", key=key))
        content = re.sub(rb'"version_id": "v\d+"', b'"version_id": null', content)
        target.s3().put_object(Bucket="results", Key=key, Body=content)
    uploads = Uploads(target)
    row = failed(process="moods").model_copy(
        update={
            "state": "SUCCEEDED",
            "result_bucket": "results",
            "result_key": f"results/moods/{UPLOAD_ID}/result.json",
        }
    )
    result = uploads.result(row)
    found = {number: uploads.record(result, number) for number in range(1, 5)}
    assert [(r.source_id, r.outcome.value, r.text) for r in found.values()] == [
        ("A", "accepted", "glad 0.9"),
        ("B", "review", "sad 0.55"),
        ("C", "invalid", None),
        ("D", "accepted", "sad 0.6"),
    ]
    assert [r.record for r in uploads.records(result, ["invalid", "accepted"])] == [1, 4, 3]
    with pytest.raises(RecordUnknownError, match="no record 5: it has 4, numbered from 1"):
        uploads.record(result, 5)
    with pytest.raises(RecordUnknownError, match="Record 1 is not review or invalid"):
        uploads.record(result, 1, ["review", "invalid"])


def test_without_a_process_it_has_no_results_and_that_is_said(target: Target) -> None:
    with pytest.raises(NotFinishedError, match="it has no results"):
        Uploads(target).result(failed())


@pytest.mark.parametrize(
    ("given", "said"), [("cd", "its first 6 characters or more"), ("abcdef", "has the id 'abcdef'")]
)
def test_an_id_that_is_too_short_is_not_one_that_is_unknown(
    target: Target, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    monkeypatch.setattr(Uploads, "_scan", lambda *_, **__: iter(()))
    with pytest.raises(UploadUnknownError, match=said):
        Uploads(target).find(given)


@pytest.mark.parametrize(
    "given",
    [
        *("\udcff" * 6, "\udcff" * 32, "a" * 65, "a" * 3_000, "3f2a9c\x00", "3f2a 9c", "ümlaute"),
        *("a" * 31 + "\udcff", "a" * 32 + "\n3", "p-\udcff\udcff\udcff\udcff", "\U0001f600" * 8),
    ],
)
def test_what_can_be_no_id_is_unknown_and_the_table_is_not_asked(
    target: Target, given: str
) -> None:
    """There is no table here."""
    with pytest.raises(UploadUnknownError):
        Uploads(target).find(given)


LOST = b"<Error><Code>NoSuchUpload</Code><Message>x</Message></Error>"


@pytest.mark.parametrize("completed", [True, False])
def test_a_large_file_whose_end_got_lost_on_the_way_counts_as_uploaded(
    target: Target, tmp_path: Path, *, completed: bool
) -> None:
    """S3 completes it, the answer is lost, and the second try finds no parts any more."""
    target.outputs["UploadsBucket"] = "uploads"
    target.s3().create_bucket(Bucket="uploads")
    versioning: Any = {"Status": "Enabled"}
    target.s3().put_bucket_versioning(Bucket="uploads", VersioningConfiguration=versioning)
    uploads = Uploads(target)
    sent = []

    def gone(request: Any, **_: Any) -> AWSResponse | None:
        sent.append(request)
        if completed and len(sent) == 1:
            return None
        return AWSResponse(
            request.url, 404, HTTPHeaders(), SimpleNamespace(stream=lambda: iter([LOST]))
        )

    def lost(**_: Any) -> int | None:
        if not completed:
            # What moto stored.
            [stored] = target.s3().list_object_versions(Bucket="uploads")["Versions"]
            target.s3().delete_object(
                Bucket="uploads", Key=stored["Key"], VersionId=stored["VersionId"]
            )
        return 0 if completed and len(sent) == 1 else None

    events: Any = uploads._s3.meta.events
    # Both answer, and the first is heard: this one, and then moto.
    events.register_first("before-send.s3.CompleteMultipartUpload", gone)
    events.register_first("needs-retry.s3.CompleteMultipartUpload", lost)
    file = tmp_path / "large.csv"
    file.write_bytes(b"a,b\n" * 2_400_000)
    if not completed:
        with pytest.raises(AwsRefusedError, match="NoSuchUpload"):
            uploads.drop(file, "inbox/p/1/large.csv", None)
        return
    version = uploads.drop(file, "inbox/p/1/large.csv", None)
    [stored] = target.s3().list_object_versions(Bucket="uploads")["Versions"]
    assert (stored["VersionId"], len(sent)) == (version, 2)


STATES = ("FAILED", "RUNNING", "SUCCEEDED")


PAGES = pytest.mark.parametrize("page", [{}, {"ReviewPage": "https://page.example"}])


def with_nine_rows(target: Target, page: dict[str, str]) -> Uploads:
    """A row a day from the 20th, of each state in turn; the index, whether it is used or not."""
    dynamodb = target.dynamodb()
    dynamodb.create_table(
        TableName="uploads",
        KeySchema=[{"AttributeName": "upload_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("upload_id", "state", "claimed_at")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_claim",
                "KeySchema": [
                    {"AttributeName": "state", "KeyType": "HASH"},
                    {"AttributeName": "claimed_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(9):
        row = {
            "upload_id": f"u{number}",
            "state": STATES[number % 3],
            "claimed_at": f"2026-11-2{number}T09:30:01.000Z",
        }
        dynamodb.put_item(TableName="uploads", Item={name: {"S": v} for name, v in row.items()})
    return Uploads(replace(target, outputs={"Table": "uploads", **page}))


@PAGES
def test_the_latest_of_all_states_are_listed(target: Target, page: dict[str, str]) -> None:
    uploads = with_nine_rows(target, page)
    assert uploads.have_index is bool(page)
    assert [row.upload_id for row in uploads.latest(4)] == ["u8", "u7", "u6", "u5"]
    assert [row.upload_id for row in uploads.latest(20)] == [f"u{n}" for n in range(8, -1, -1)]


@PAGES
def test_what_has_ended_since_a_day_is_found(target: Target, page: dict[str, str]) -> None:
    uploads = with_nine_rows(target, page)
    found = {row.upload_id for row in uploads.ended_since("2026-11-26")}
    ended = {"u5", "u6", "u8"}  # One that was claimed the day before may have ended on that day.
    assert found == ended if page else found > ended


def test_with_the_index_the_table_is_not_read_as_a_whole(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = with_nine_rows(target, {"ReviewPage": "https://page.example"})
    monkeypatch.delattr(Uploads, "_scan")
    assert len(list(uploads.ended_since("2026-11-01"))) == 6
