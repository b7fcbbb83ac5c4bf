"""One contract for the fake store and the S3 adapter (S3 by moto)."""

import errno
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

from tests.fakes.store import MemoryStore
from winnow.errors import (
    AccessDeniedError,
    AwsRefusedError,
    ObjectGoneError,
    RetryableError,
    RunSupersededError,
    StoredDataInvalidError,
)
from winnow.models import ObjectRef
from winnow.ports import ObjectStore, Piece
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


def test_a_file_is_an_object_of_its_bytes(store: MemoryStore | S3Backed, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content in (b"", b"one\n" * 100_000):
        file.write_bytes(content)
        store.put_file(REF, file, "text/csv")
        assert read(store, REF) == content


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


def test_only_one_creates_an_object_and_nothing_is_written_over(store):
    other = REF.model_copy(update={"key": "other"})
    assert store.create(REF, b"first", "text/plain") is True
    assert store.create(REF, b"second", "text/plain") is False
    assert read(store, REF) == b"first"
    store.put(other, b"", "text/plain")
    assert store.create(other, b"late", "text/plain") is False
    assert read(store, other) == b""


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


@pytest.mark.parametrize(
    ("start", "length", "content"),
    [
        *((0, 1, b"0"), (0, 10, b"0123456789"), (3, 4, b"3456"), (9, 1, b"9")),
        *((7, 100, b"789"), (10, 1, b""), (11, 5, b""), (5, 0, b"")),
    ],
)
def test_a_range_is_read_of_the_version_that_is_named(store, start, length, content):
    first = store.add(BUCKET, "k", b"0123456789")
    store.add(BUCKET, "k", b"another")
    assert store.read_range(first, start, length) == content


@pytest.mark.parametrize(("start", "content"), [(2, b"23456"), (10, b""), (12, b"")])
def test_a_store_that_answers_a_range_with_the_whole_object(client, start, content):
    """As the emulator of the local stack does where the range begins after the end."""
    body = {"Body": StreamingBody(io.BytesIO(b"0123456789"), 10), "ContentLength": 10}
    with Stubber(client) as stub:
        stub.add_response("get_object", body)
        assert S3Store(client).read_range(REF, start, 5) == content


def test_an_empty_object_has_empty_ranges_and_what_is_gone_has_none(store):
    assert store.read_range(store.add(BUCKET, "k", b""), 0, 10) == b""
    with pytest.raises(ObjectGoneError):
        store.read_range(REF, 0, 10)


def pieces(store: Any, *contents: bytes) -> list[Piece]:
    """Objects of these contents."""
    made = []
    for number, content in enumerate(contents):
        ref = ObjectRef(bucket=BUCKET, key=f"pieces/{number:06d}")
        store.put(ref, content, "application/x-ndjson")
        made.append(Piece(ref, len(content)))
    return made


def test_put_writes_what_it_is_given(store):
    store.put(REF, b"1", "application/json")
    assert read(store, REF) == b"1"


def test_many_small_objects_are_read_in_order(store):
    contents = [b"%d" % number for number in range(200)]
    refs = [piece.ref for piece in pieces(store, *contents)]
    assert list(store.read_all(refs)) == contents
    with pytest.raises(ObjectGoneError):
        list(store.read_all([*refs, ObjectRef(bucket=BUCKET, key="nothing")]))


@pytest.mark.parametrize(
    "contents",
    [
        [],
        [b"a\n", b"b\n"],
        [bytes([65 + n]) * 1_000_001 for n in range(20)],
        [b"s" * 10, b"l" * 12_000_000, b"t" * 10],
    ],
    ids=["none", "small", "many parts", "one larger than a part"],
)
def test_pieces_are_joined_in_order(store, contents):
    joined = store.join(REF, pieces(store, *contents), "application/x-ndjson", "1")
    assert read(store, joined) == b"".join(contents)
    assert store.head(REF).ref == joined


def test_nothing_appears_when_a_piece_is_not_what_it_was(store):
    large = pieces(store, *[b"x" * 6_000_000] * 3)
    store.put(large[2].ref, b"x" * 5_999_999, "application/x-ndjson")
    with pytest.raises(StoredDataInvalidError):
        store.join(REF, large, "application/x-ndjson", "1")
    with pytest.raises(ObjectGoneError):
        store.head(REF)


def test_nothing_appears_when_a_piece_is_missing(store):
    gone = Piece(ObjectRef(bucket=BUCKET, key="nothing"), 5)
    with pytest.raises(ObjectGoneError):
        store.join(REF, [*pieces(store, *[b"x" * 6_000_000] * 3), gone], "", "1")
    with pytest.raises(ObjectGoneError):
        store.head(REF)


def test_what_has_a_higher_fencing_token_is_not_written_over(store):
    large = pieces(store, *[b"x" * 6_000_000] * 2)
    second = store.publish(REF, b"second", "application/json", "2026-11-26T09:30:00.001Z")
    for fence in ("", "2026-11-26T09:30:00.000Z"):
        with pytest.raises(RunSupersededError):
            store.publish(REF, b"late", "application/json", fence)
        with pytest.raises(RunSupersededError):
            store.join(REF, large, "application/json", fence)
    assert read(store, REF) == b"second"
    again = store.publish(REF, b"again", "application/json", "2026-11-26T09:30:00.001Z")
    third = store.publish(REF, b"third", "application/json", "2026-11-26T09:31:00.000Z")
    assert len({second.version_id, again.version_id, third.version_id}) == 3
    assert read(store, again) == b"again"


def test_a_version_that_is_named_is_written_over_only_if_it_is_the_newest(store):
    large = pieces(store, *[b"x" * 6_000_000] * 2)
    first = store.publish(REF, b"first", "application/json", "1")
    second = store.publish(first, b"second", "application/json", "1")
    for late in (first, ObjectRef(bucket=BUCKET, key="never", version_id=first.version_id)):
        with pytest.raises(RetryableError):
            store.publish(late, b"late", "application/json", "1")
        with pytest.raises(RetryableError):
            store.join(late, large, "application/json", "1")
    assert read(store, REF) == b"second"
    assert store.head(store.join(second, large, "application/json", "1")).size == 12_000_000


def test_what_was_written_before_there_were_tokens_is_written_over(store):
    store.add(BUCKET, REF.key, b"old")
    store.publish(REF, b"new", "application/json", "2026-11-26T09:30:00.000Z")
    assert read(store, REF) == b"new"


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
    assert raised.value.message == "HeadObject is not allowed in the bucket bucket."


# -- whose error it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE])
def test_an_error_of_the_block_is_not_s3s(store, number):
    ref = store.add(BUCKET, "k", b"content")
    own = OSError(number, "of the block")
    with pytest.raises(OSError, match="of the block") as raised, store.open(ref):
        raise own
    assert raised.value is own


def test_the_first_error_is_told_even_where_the_parts_cannot_be_dropped(client):
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_response("create_multipart_upload", {"UploadId": "u"})
        stub.add_client_error("get_object", "NoSuchKey", http_status_code=404)
        stub.add_client_error("abort_multipart_upload", "AccessDenied")
        calls = []
        client.meta.events.register(
            "before-parameter-build.s3", lambda model, **_: calls.append(model.name)
        )
        with pytest.raises(ObjectGoneError):
            S3Store(client).join(REF, LARGE[:1], "application/x-ndjson", "1")
    assert calls[-1] == "AbortMultipartUpload", "and nothing is completed"
    assert "CompleteMultipartUpload" not in calls


LARGE = [Piece(ObjectRef(bucket=BUCKET, key="piece"), 9_000_000)]


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDenied", AccessDeniedError), ("SlowDown", RetryableError), ("Odd", AwsRefusedError)],
)
@pytest.mark.parametrize(
    "fails",
    [
        *("get_object", "head_object", "put_object", "create_multipart_upload"),
        *("upload_part", "complete_multipart_upload"),
    ],
)
def test_an_error_of_a_call_is_s3s(client, fails, code, error):
    def body(size: int) -> dict[str, Any]:
        return {"Body": StreamingBody(io.BytesIO(b"x" * size), size), "ContentLength": size}

    found = {"ETag": '"e"', "ContentLength": 0}
    answers: dict[str, list[tuple[str, Any]]] = {
        "get_object": [],
        "head_object": [],
        "put_object": [("head_object", found)],
        "create_multipart_upload": [("head_object", found)],
        "upload_part": [
            ("head_object", found),
            ("create_multipart_upload", {"UploadId": "u"}),
            ("get_object", body(9_000_000)),
        ],
    }
    answers["complete_multipart_upload"] = [*answers["upload_part"], ("upload_part", {"ETag": "p"})]
    with Stubber(client) as stub:
        for name, answer in answers[fails]:
            stub.add_response(name, answer)
        for _ in range(3 if fails == "get_object" and error is RetryableError else 1):
            stub.add_client_error(fails, code, "secret-name")
        if fails in ("upload_part", "complete_multipart_upload"):
            stub.add_response("abort_multipart_upload", {})
        with pytest.raises(error) as raised:
            use(S3Store(client), fails)
        stub.assert_no_pending_responses()
    assert "secret-name" not in str(raised.value)


def use(store: S3Store, fails: str) -> None:
    if fails == "get_object":
        list(store.read_all([REF]))
    elif fails in ("head_object", "put_object"):
        store.publish(REF, b"x", "application/json", "1")
    else:
        store.join(REF, LARGE, "application/x-ndjson", "1")


@pytest.mark.parametrize(
    "code", ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "NoSuchUpload"]
)
@pytest.mark.parametrize("way", ["put_object", "complete_multipart_upload"])
def test_a_write_that_another_one_overtook_is_tried_again(client, way, code):
    """The condition is what was looked at, and a second look tells who is the later run."""
    whole = StreamingBody(io.BytesIO(b"x" * 9_000_000), 9_000_000)
    asked = []
    client.meta.events.register(
        "before-parameter-build.s3", lambda model, params, **_: asked.append((model.name, params))
    )
    with Stubber(client) as stub:
        stub.add_response("head_object", {"ETag": '"seen"', "Metadata": {"winnow-fence": "1"}})
        if way == "complete_multipart_upload":
            stub.add_response("create_multipart_upload", {"UploadId": "u"})
            stub.add_response("get_object", {"Body": whole, "ContentLength": 9_000_000})
            stub.add_response("upload_part", {"ETag": "p"})
        stub.add_client_error(way, code, http_status_code=412)
        if way == "complete_multipart_upload":
            stub.add_response("abort_multipart_upload", {})
        with pytest.raises(RetryableError):
            use(S3Store(client), way)
        stub.assert_no_pending_responses()
    [given] = [params for name, params in asked if name.lower() == way.replace("_", "")]
    assert given["IfMatch"] == '"seen"'


def test_what_is_not_there_yet_must_not_be_there_when_it_is_written(client):
    asked = []
    client.meta.events.register(
        "before-parameter-build.s3", lambda model, params, **_: asked.append(params)
    )
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
        with pytest.raises(RetryableError):
            S3Store(client).publish(REF, b"x", "application/json", "1")
    assert asked[-1]["IfNoneMatch"] == "*"


def test_a_connection_that_stays_broken_is_no_answer(client, monkeypatch):
    class Broken:
        def read(self, _amount: int | None = None) -> bytes:
            raise ConnectionClosedError(endpoint_url="https://secret-name")

        def close(self) -> None:
            pass

    monkeypatch.setattr("smart_open.s3.time.sleep", lambda _: None)
    answer = {
        "Body": StreamingBody(cast(IO[bytes], Broken()), 10),
        "ContentLength": 10,
        "ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0},
    }
    with Stubber(client) as stub:
        for _ in range(9):
            stub.add_response("get_object", answer)
        with S3Store(client).open(REF) as stream, pytest.raises(RetryableError) as raised:
            stream.read()
    assert "secret-name" not in str(raised.value)


class WholeAnswers:
    """A server that sends the whole object when a part is asked for, as it may."""

    def get_object(self, **_: object) -> dict[str, object]:
        return {"Body": io.BytesIO(b"0123456789")}


@pytest.mark.parametrize(("start", "length", "part"), [(0, 3, b"012"), (8, 5, b"89"), (12, 1, b"")])
def test_a_part_is_cut_out_where_a_server_ignores_the_range(
    start: int, length: int, part: bytes
) -> None:
    store = S3Store(WholeAnswers())  # type: ignore[arg-type]
    assert store.read_range(ObjectRef(bucket="b", key="k"), start, length) == part
