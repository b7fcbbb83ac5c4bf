"""One contract for the fake store and the S3 adapter (S3 by moto)."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tests.fakes.store import MemoryStore
from winnow.errors import AccessDeniedError, ObjectGoneError, RetryableError
from winnow.models import ObjectRef
from winnow.ports import ObjectStore
from winnow_aws.s3 import S3Store


class S3Backed(S3Store):
    """The adapter, with the fake's way to upload."""

    def add(self, bucket: str, key: str, content: bytes, **metadata: str) -> ObjectRef:
        put = self._client.put_object(Bucket=bucket, Key=key, Body=content, Metadata=metadata)
        return ObjectRef(bucket=bucket, key=key, version_id=put["VersionId"])


@pytest.fixture(params=["memory", "s3"])
def store(request, monkeypatch) -> Iterator[MemoryStore | S3Backed]:
    if request.param == "memory":
        yield MemoryStore()
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield S3Backed(client)


def read(store: ObjectStore, ref: ObjectRef) -> bytes:
    with store.open(ref) as stream:
        return stream.read()


BUCKET = "bucket"
AWKWARD_KEYS = ["a b+c", "100%25", "é/ü", "a//b", "a@b:c?d#e", "../up", "x" * 1000]


@pytest.mark.parametrize("key", AWKWARD_KEYS)
def test_any_key_is_read_back(store, key):
    ref = store.add(BUCKET, key, b"content")
    assert store.head(ref).ref == ref
    assert read(store, ref) == b"content"


def test_head_pins_the_newest_version_and_later_reads_keep_to_it(store):
    first = store.add(BUCKET, "k", b"one", process="emotions")
    pinned = store.head(ObjectRef(bucket=BUCKET, key="k"))
    store.add(BUCKET, "k", b"two, longer")
    assert pinned.ref == first
    assert (pinned.size, pinned.metadata) == (3, {"process": "emotions"})
    assert read(store, pinned.ref) == b"one"
    assert read(store, ObjectRef(bucket=BUCKET, key="k")) == b"two, longer"


def test_put_and_create_write_what_they_are_given(store):
    small, large = ObjectRef(bucket=BUCKET, key="small"), ObjectRef(bucket=BUCKET, key="large")
    store.put(small, b"1", "application/json")
    with store.create(large, "application/x-ndjson") as stream:
        for _ in range(20):
            stream.write(b"x" * 1_000_000)
    assert read(store, small) == b"1"
    assert store.head(large).size == 20_000_000


def test_an_empty_stream_makes_an_empty_object(store):
    ref = ObjectRef(bucket=BUCKET, key="empty")
    with store.create(ref, "application/x-ndjson"):
        pass
    assert store.head(ref).size == 0
    assert read(store, ref) == b""


def test_nothing_appears_when_the_writer_fails(store):
    ref = ObjectRef(bucket=BUCKET, key="half")
    with pytest.raises(KeyError), store.create(ref, "application/x-ndjson") as stream:
        stream.write(b"x" * 10_000_000)
        raise KeyError
    with pytest.raises(ObjectGoneError):
        store.head(ref)


def test_what_is_not_there_is_gone_and_the_key_is_not_told(store):
    missing = ObjectRef(bucket=BUCKET, key="secret-name", version_id=None)
    with pytest.raises(ObjectGoneError) as head:
        store.head(missing)
    with pytest.raises(ObjectGoneError) as opened, store.open(missing):
        pass
    assert "secret-name" not in f"{head.value}{opened.value}"


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AccessDenied", 403, AccessDeniedError),
        ("403", 403, AccessDeniedError),
        ("SlowDown", 503, RetryableError),
        ("InternalError", 500, RetryableError),
    ],
)
def test_s3_errors_become_ours(code, status, error):
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stub:
        stub.add_client_error("head_object", code, http_status_code=status)
        with pytest.raises(error) as raised:
            S3Store(client).head(ObjectRef(bucket=BUCKET, key="secret-name"))
    assert "secret-name" not in str(raised.value)
