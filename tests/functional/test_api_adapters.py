"""The API's adapters on AWS, and the fakes that stand for them, under one contract."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.fakes.stage import MemoryKeys, MemoryObjects, MemoryUploads
from tests.fakes.store import MemoryStore
from winnow.errors import AwsRefusedError, ObjectGoneError
from winnow.models import ObjectRef
from winnow.recovery.upload_row import UploadRow
from winnow_api.ports import Objects, RequestKeys, UploadTable
from winnow_api.request_keys import KEPT_S, TableKeys
from winnow_api.s3_objects import ApiObjects, links
from winnow_aws.upload_list import UploadList

BUCKET, TABLE = "results", "table"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


def s3() -> Any:
    client = boto3.client("s3", config=links(local=False))
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


def ref(key: str) -> ObjectRef:
    return ObjectRef(bucket=BUCKET, key=key)


# -- objects ---------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "s3"])
def objects(request: pytest.FixtureRequest) -> Objects:
    return MemoryObjects(MemoryStore()) if request.param == "memory" else ApiObjects(s3())


def test_an_object_is_created_once(objects: Objects) -> None:
    assert objects.create(ref("a"), b"one", "application/json")
    assert not objects.create(ref("a"), b"two", "application/json")
    assert objects.read(ref("a")) == b"one"


def test_what_is_not_there_is_gone(objects: Objects) -> None:
    objects.create(ref("a"), b"one", "application/json")
    with pytest.raises(ObjectGoneError):
        objects.read(ref("b"))
    assert objects.read_many([ref("b"), ref("a"), ref("c")]) == [None, b"one", None]
    assert objects.read_many([]) == []


def test_keys_are_in_order_behind_a_key(objects: Objects) -> None:
    for name in ("p/c", "p/a", "q/a", "p/b", "o/z"):
        objects.create(ref(name), b"x", "text/plain")
    assert objects.keys(BUCKET, "p/", None, 10) == ["p/a", "p/b", "p/c"]
    assert objects.keys(BUCKET, "p/", None, 2) == ["p/a", "p/b"]
    assert objects.keys(BUCKET, "p/", "p/a", 10) == ["p/b", "p/c"]
    assert objects.keys(BUCKET, "p/", "p/aa", 1) == ["p/b"]
    assert objects.keys(BUCKET, "x/", None, 10) == []


def test_what_is_deleted_is_gone_and_can_be_made_again(objects: Objects) -> None:
    objects.create(ref("a"), b"one", "application/json")
    objects.delete(ref("a"))
    objects.delete(ref("a"))
    assert objects.keys(BUCKET, "", None, 10) == []
    assert objects.read_many([ref("a")]) == [None]
    assert objects.create(ref("a"), b"two", "application/json")
    assert objects.read(ref("a")) == b"two"


def test_more_keys_than_one_page_of_s3_has() -> None:
    client = s3()
    for number in range(1_003):
        client.put_object(Bucket=BUCKET, Key=f"p/{number:04d}", Body=b"")
    assert len(ApiObjects(client).keys(BUCKET, "p/", None, 1_100)) == 1_003


def test_a_link_is_of_this_region_and_holds_for_so_long() -> None:
    made = ApiObjects(s3()).link(ref("a/b c.csv"), 300, "Fälle.csv")
    assert made.startswith("https://results.s3.eu-central-1.amazonaws.com/a/b%20c.csv?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in made
    assert "X-Amz-Expires=300" in made
    assert "F%25C3%25A4lle.csv" in made


def test_a_form_has_its_key_and_the_size_that_it_takes() -> None:
    import base64
    import json

    made = ApiObjects(s3()).form("uploads", "inbox/p/x/a.csv", 1_000, 900)
    assert made.url == "https://uploads.s3.eu-central-1.amazonaws.com/"
    assert made.fields["key"] == "inbox/p/x/a.csv"
    policy = json.loads(base64.b64decode(made.fields["policy"]))
    assert ["content-length-range", 1, 1_000] in policy["conditions"]
    assert {"key": "inbox/p/x/a.csv"} in policy["conditions"]
    assert {"bucket": "uploads"} in policy["conditions"]


def test_the_page_may_reach_these_origins_and_no_others() -> None:
    assert ApiObjects(s3()).origins(["results", "uploads"]) == [
        "https://results.s3.eu-central-1.amazonaws.com",
        "https://uploads.s3.eu-central-1.amazonaws.com",
    ]


def test_a_refused_call_names_the_bucket_alone() -> None:
    objects = ApiObjects(boto3.client("s3", config=links(local=False)))
    with pytest.raises((AwsRefusedError, ObjectGoneError)) as failed:
        objects.create(ref("secret"), b"x", "text/plain")
    assert "secret" not in str(failed.value)


# -- keys ------------------------------------------------------------------------------------------


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def table(**index: Any) -> Any:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in index["names"]
        ],
        KeySchema=index["keys"],
        **({"GlobalSecondaryIndexes": index["indexes"]} if "indexes" in index else {}),
    )
    return client


@pytest.fixture(params=["memory", "dynamodb"])
def keys(request: pytest.FixtureRequest) -> RequestKeys:
    if request.param == "memory":
        return MemoryKeys()
    schema = [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    return TableKeys(table(names=["pk", "sk"], keys=schema), TABLE, Clock())


def test_the_first_claim_of_a_key_holds(keys: RequestKeys) -> None:
    first = keys.claim("k", "body", "one")
    again = keys.claim("k", "other", "two")
    assert first == ("one", "body", True)
    assert again == ("one", "body", False)
    assert keys.claim("l", "body", "two").first


def test_only_a_claimed_key_is_there(keys: RequestKeys) -> None:
    assert not keys.has("k")
    keys.claim("k", "body", "one")
    assert keys.has("k")
    assert not keys.has("l")


def test_many_claims_at_once_have_one_winner() -> None:
    schema = [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    keys = TableKeys(table(names=["pk", "sk"], keys=schema), TABLE, Clock())
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(keys.claim("k", "b", str(n)).value))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_key_is_free_again_after_a_day() -> None:
    clock = Clock()
    schema = [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    client = table(names=["pk", "sk"], keys=schema)
    keys = TableKeys(client, TABLE, clock)
    keys.claim("k", "b", "one")
    clock.now += KEPT_S + 1
    assert not keys.has("k")
    assert keys.claim("k", "b", "two").first
    (item,) = client.scan(TableName=TABLE)["Items"]
    assert item["pk"] == {"S": "key#k"}
    assert int(item["expires"]["N"]) == int(clock.now) + KEPT_S


# -- uploads ---------------------------------------------------------------------------------------

Add = Callable[[str, str, str], None]


@pytest.fixture(params=["memory", "dynamodb"])
def uploads(request: pytest.FixtureRequest) -> SimpleNamespace:
    if request.param == "memory":
        memory = MemoryUploads()

        def add(own_id: str, state: str, at: str) -> None:
            memory.rows[own_id] = UploadRow(upload_id=own_id, state=state, claimed_at=at)

        return SimpleNamespace(table=memory, add=add)
    client = table(
        names=["upload_id", "state", "claimed_at"],
        keys=[{"AttributeName": "upload_id", "KeyType": "HASH"}],
        indexes=[
            {
                "IndexName": "by_claim",
                "KeySchema": [
                    {"AttributeName": "state", "KeyType": "HASH"},
                    {"AttributeName": "claimed_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )

    def put(own_id: str, state: str, at: str) -> None:
        row = {"upload_id": own_id, "state": state, "claimed_at": at}
        client.put_item(TableName=TABLE, Item={name: {"S": v} for name, v in row.items()})

    return SimpleNamespace(table=UploadList(client, TABLE), add=put)


def test_the_newest_rows_of_a_state(uploads: SimpleNamespace) -> None:
    table: UploadTable = uploads.table
    for number in range(6):
        uploads.add(f"u{number}", ("FAILED", "RUNNING")[number % 2], f"2026-01-0{number + 1}")
    found = [row.upload_id for row in table.newest("FAILED", None, 2)]
    assert found[:2] == ["u4", "u2"]
    until = [row.upload_id for row in table.newest("FAILED", "2026-01-03", 5)]
    assert until == ["u2", "u0"]
    assert table.newest("SUCCEEDED", None, 5) == []


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_rows_of_one_moment_come_together(uploads: SimpleNamespace, limit: int) -> None:
    for number in range(5):
        uploads.add(f"u{number}", "FAILED", "2026-01-01")
    uploads.add("later", "FAILED", "2026-01-02")
    uploads.add("earlier", "FAILED", "2025-01-01")
    found = [row.upload_id for row in uploads.table.newest("FAILED", "2026-01-01", limit)]
    assert set(found[:5]) == {f"u{number}" for number in range(5)}


def test_a_row_by_its_id(uploads: SimpleNamespace) -> None:
    uploads.add("u1", "FAILED", "2026-01-01")
    assert uploads.table.find("u1").state == "FAILED"
    assert uploads.table.find("u2") is None
