"""Versions of objects are deleted for good; the fake and S3 (by moto) under one contract."""

from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.fakes.store import MemoryEraser, MemoryStore
from winnow.errors import AwsRefusedError, NotFinishedError, RetryableError
from winnow.reviews.forget import Eraser, StoredVersion
from winnow_aws.erasing import S3Eraser, UploadsTable
from winnow_aws.rows import row_of

BUCKET = "bucket"
REGION: Final = "eu-west-1"


@pytest.fixture(params=["memory", "s3"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[Eraser, Any]]:
    """An eraser, and a function that writes a version of an object."""
    if request.param == "memory":
        store = MemoryStore()
        yield MemoryEraser(store), lambda key: store.add(BUCKET, key, b"x")
        return
    request.getfixturevalue("moto_aws")
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield S3Eraser(s3), lambda key: s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")


def test_every_version_under_a_prefix_is_found_and_deleted(place: tuple[Eraser, Any]) -> None:
    eraser, put = place
    for key in ("a/1", "a/1", "a/2", "b/1"):
        put(key)
    found = list(eraser.versions(BUCKET, "a/"))
    assert sorted(v.key for v in found) == ["a/1", "a/1", "a/2"]
    assert sorted((v.key, v.latest) for v in found) == [
        ("a/1", False),
        ("a/1", True),
        ("a/2", True),
    ]
    assert eraser.delete(BUCKET, found) == 3
    assert list(eraser.versions(BUCKET, "a/")) == []
    assert [v.key for v in eraser.versions(BUCKET, "")] == ["b/1"]


NOT_XML = (
    "a/\x01", "a/\x1b[31m", "a/\x08\x0b\x0c\x0e\x1f", "a/\ufffe", "a/é\uffff", "a/&\x02;",
)  # fmt: skip
"""Keys with characters that XML 1.0 cannot have."""
XML = (
    "a/\r\n\t", "a/\x7f\x80\x85\x9f", "a/\u2028\ufeff", "a/&<>]]>\"'", "a/&#1;", "a/%01+ %2B",
    "a/\U0001f600", "a/\U0001fffe", "a/\ue000\ufffd", "a/\ud7ff", "a/ ", "a//", "a/plain.csv",
)  # fmt: skip


def test_keys_of_any_characters_are_deleted_all_at_once(moto_aws: None) -> None:
    """XML cannot have some of them; the others go in one list all the same."""
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    sent: list[bytes] = []
    s3.meta.events.register_first(
        "before-send.s3.DeleteObjects", lambda request, **_: sent.append(request.body)
    )
    kept = s3.put_object(Bucket=BUCKET, Key="b/kept\x01", Body=b"x")["VersionId"]
    found = [
        StoredVersion(key, s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")["VersionId"], latest)
        for key in (*NOT_XML, *XML)
        for latest in (False, True)
    ]
    assert S3Eraser(s3).delete(BUCKET, found) == len(found)
    assert s3.head_object(Bucket=BUCKET, Key="b/kept\x01", VersionId=kept)
    for version in found:
        with pytest.raises(ClientError):
            s3.head_object(Bucket=BUCKET, Key=version.key, VersionId=version.version_id)
    [body] = sent
    listed = ElementTree.fromstring(body).iterfind(".//{*}Key")
    assert sorted(str(each.text) for each in listed) == sorted(XML * 2)


def test_what_is_gone_already_is_no_error(place: tuple[Eraser, Any]) -> None:
    eraser, put = place
    put("a/1")
    found = list(eraser.versions(BUCKET, "a/"))
    assert [eraser.delete(BUCKET, found) for _ in range(2)] == [1, 1]
    assert eraser.delete(BUCKET, []) == 0


def test_delete_markers_are_deleted_and_thousands_too(moto_aws: None) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(1_050):
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="a")
    eraser = S3Eraser(s3)
    assert eraser.delete(BUCKET, eraser.versions(BUCKET, "a")) == 1_051
    assert list(eraser.versions(BUCKET, "")) == []


@pytest.mark.parametrize(
    ("code", "kind"), [("SlowDown", RetryableError), ("AccessDenied", AwsRefusedError)]
)
def test_a_version_that_s3_keeps_is_an_error_without_its_key(code: str, kind: type) -> None:
    class Keeps:
        def delete_objects(self, **_: object) -> dict[str, Any]:
            return {"Errors": [{"Key": "inbox/hans.csv", "Code": code}]}

    with pytest.raises(kind) as error:
        S3Eraser(Keeps()).delete(BUCKET, [StoredVersion("inbox/hans.csv", "v", latest=True)])  # type: ignore[arg-type]
    assert "hans" not in str(error.value)


@pytest.fixture
def dynamodb(moto_aws: None) -> Any:
    client = boto3.client("dynamodb", region_name=REGION)
    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "upload_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "upload_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def stored(dynamodb: Any) -> Any:
    return dynamodb.get_item(TableName="t", Key={"upload_id": {"S": "u"}})["Item"]


STATES: list[dict[str, Any]] = [{}, {"state": {"S": "FAILED"}}, {"state": {"N": "7"}}]


@pytest.mark.parametrize("state", STATES)
def test_a_row_is_marked_once_and_loses_the_files_name_last(
    dynamodb: Any, state: dict[str, Any]
) -> None:
    row = {"upload_id": {"S": "u"}, "object_key": {"S": "inbox/p/hans.csv"}, **state}
    dynamodb.put_item(TableName="t", Item=row)
    table = UploadsTable(dynamodb, "t")
    table.begin_erasing("u", "2027-01-01T00:00:00.000Z", "ann")
    marked = {"erased_at": {"S": "2027-01-01T00:00:00.000Z"}, "erased_by": {"S": "ann"}}
    assert stored(dynamodb) == {**row, **marked}
    assert not row_of(stored(dynamodb)).erased
    table.begin_erasing("u", "2028-01-01T00:00:00.000Z", "bob")
    table.mark_erased("u", "2028-01-01T00:00:00.000Z", "bob")
    assert stored(dynamodb) == {**row, **marked, "object_key": {"S": "erased"}}
    assert row_of(stored(dynamodb)).erased


def test_a_row_that_has_expired_is_not_made_again(dynamodb: Any) -> None:
    table = UploadsTable(dynamodb, "t")
    table.begin_erasing("u", "2027-01-01T00:00:00.000Z", "ann")
    table.mark_erased("u", "2027-01-01T00:00:00.000Z", "ann")
    assert dynamodb.scan(TableName="t")["Count"] == 0


def test_an_upload_that_a_run_has_claimed_meanwhile_is_not_erased(dynamodb: Any) -> None:
    row = {"upload_id": {"S": "u"}, "state": {"S": "RUNNING"}, "object_key": {"S": "inbox/a"}}
    dynamodb.put_item(TableName="t", Item=row)
    with pytest.raises(NotFinishedError):
        UploadsTable(dynamodb, "t").begin_erasing("u", "2027-01-01T00:00:00.000Z", "ann")
    assert stored(dynamodb) == row


def test_the_folders_of_a_prefix_are_found_also_those_of_deleted_objects(
    place: tuple[Eraser, Any],
) -> None:
    eraser, put = place
    for key in ("results/a/1/x", "results/a/2/x", "results/b/1/pages/1.jpg", "results/c", "d/e/f"):
        put(key)
    assert sorted(eraser.folders(BUCKET, "results/")) == ["results/a/", "results/b/"]


def test_a_server_that_ignores_the_delimiter_is_understood() -> None:
    class Pages:
        def paginate(self, **_: object) -> list[dict[str, Any]]:
            keys = ("results/a/1", "results/a/2", "results/b/1")
            return [{"Versions": [{"Key": key} for key in keys]}]

    class Lists:
        def get_paginator(self, _: str) -> Pages:
            return Pages()

    folders = S3Eraser(Lists()).folders(BUCKET, "results/")  # type: ignore[arg-type]
    assert list(folders) == ["results/a/", "results/b/"]
