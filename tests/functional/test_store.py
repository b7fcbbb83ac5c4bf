"""One contract for the fake store and the S3 adapter (S3 by moto)."""

import errno
import gc
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

from tests.fakes.store import MemoryStore
from winnow.errors import AccessDeniedError, AwsRefusedError, ObjectGoneError, RetryableError
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


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def read(store: ObjectStore, ref: ObjectRef) -> bytes:
    with store.open(ref) as stream:
        return stream.read()


BUCKET = "bucket"
REF = ObjectRef(bucket=BUCKET, key="secret-name")
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
        ("503", 503, RetryableError),
        ("RequestTimeout", 400, RetryableError),
        ("InvalidRequest", 400, AwsRefusedError),
        ("KMS.DisabledException", 400, AwsRefusedError),
    ],
)
def test_s3_errors_become_ours(client, code, status, error):
    with Stubber(client) as stub:
        stub.add_client_error("head_object", code, http_status_code=status)
        with pytest.raises(error) as raised:
            S3Store(client).head(ObjectRef(bucket=BUCKET, key="secret-name"))
    assert "secret-name" not in str(raised.value)


def test_what_is_not_allowed_is_told_alike_to_functions_and_people(client):
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "403", http_status_code=403)
        with pytest.raises(AccessDeniedError) as raised:
            S3Store(client).head(ObjectRef(bucket=BUCKET, key="k"))
    assert raised.value.sentence == "HeadObject is not allowed in the bucket bucket."


# -- whose error it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["open", "create"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE])
def test_an_error_of_the_block_is_not_s3s(store, way, number):
    ref = store.add(BUCKET, "k", b"content")
    opened = store.open(ref) if way == "open" else store.create(ref, "application/x-ndjson")
    own = OSError(number, "of the block")
    with pytest.raises(OSError, match="of the block") as raised, opened:
        raise own
    assert raised.value is own


def test_the_blocks_error_is_told_even_where_the_parts_cannot_be_dropped(client):
    with Stubber(client) as stub:
        stub.add_response("create_multipart_upload", {"UploadId": "u"})
        stub.add_client_error("abort_multipart_upload", "AccessDenied")
        calls = []
        client.meta.events.register(
            "before-parameter-build.s3", lambda model, **_: calls.append(model.name)
        )
        with pytest.raises(KeyError), S3Store(client).create(REF, "application/x-ndjson") as stream:
            stream.write(b"half")
            raise KeyError
        del stream
        gc.collect()
    assert calls == ["CreateMultipartUpload", "AbortMultipartUpload"], "and nothing is completed"


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDenied", AccessDeniedError), ("SlowDown", RetryableError), ("Odd", AwsRefusedError)],
)
@pytest.mark.parametrize(
    "fails", ["get_object", "create_multipart_upload", "upload_part", "complete_multipart_upload"]
)
def test_an_error_of_the_stream_is_s3s(client, fails, code, error):
    answers: dict[str, Any] = {
        "create_multipart_upload": {"UploadId": "u"},
        "upload_part": {"ETag": "e"},
    }
    with Stubber(client) as stub:
        if fails != "get_object":
            for name, answer in answers.items():
                if name == fails or fails == "create_multipart_upload":
                    break
                stub.add_response(name, answer)
        stub.add_client_error(fails, code, "secret-name")
        if fails in ("upload_part", "complete_multipart_upload"):
            stub.add_response("abort_multipart_upload", {})
        with pytest.raises(error) as raised:
            use(S3Store(client), fails)
        stub.assert_no_pending_responses()
    assert "secret-name" not in str(raised.value)


def use(store: S3Store, fails: str) -> None:
    if fails == "get_object":
        read(store, REF)
        return
    with store.create(REF, "application/x-ndjson") as stream:
        stream.write(b"x")


def test_a_connection_that_stays_broken_is_no_answer(client, monkeypatch):
    class Broken:
        def read(self, _amount: int | None = None) -> bytes:
            raise ConnectionClosedError(endpoint_url="https://secret-name")

        def close(self) -> None:
            pass

    monkeypatch.setattr("smart_open.s3.time.sleep", lambda _: None)
    answer = {
        "Body": StreamingBody(Broken(), 10),
        "ContentLength": 10,
        "ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0},
    }
    with Stubber(client) as stub:
        for _ in range(9):
            stub.add_response("get_object", answer)
        with S3Store(client).open(REF) as stream, pytest.raises(RetryableError) as raised:
            stream.read()
    assert "secret-name" not in str(raised.value)
