"""One contract for the index's files in memory and in S3 (by moto)."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.fakes.index_files import MemoryFiles
from winnow.errors import ObjectGoneError, RunSupersededError
from winnow.models import ObjectRef
from winnow.search.files import FileName, IndexFiles, sources_of
from winnow_aws.index_files import S3IndexFiles
from winnow_aws.index_queue import S3ResultFolders
from winnow_aws.s3 import S3Store

SEGMENT = FileName("triage", "2026-11", upload="u1")
COMPACTED = FileName("triage", "2026-11", number=1)
OTHER = FileName("moods", "2026-10", upload="u1")


@pytest.fixture(params=["memory", "s3"])
def files(request, monkeypatch) -> Iterator[IndexFiles]:
    if request.param == "memory":
        yield MemoryFiles()
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="results")
        client.put_bucket_versioning(
            Bucket="results", VersioningConfiguration={"Status": "Enabled"}
        )
        client.put_object(Bucket="results", Key="index/records/README", Body=b"none of them")
        yield S3IndexFiles(client, S3Store(client), "results")


def names(files: IndexFiles, process: str | None = None) -> list[FileName]:
    return [file.name for file in files.list(process)]


def etag(files: IndexFiles, name: FileName) -> str:
    return next(file.etag for file in files.list() if file.name == name)


def test_segments_are_listed_before_compacted_files_and_by_process(files: IndexFiles) -> None:
    for name in (COMPACTED, OTHER, SEGMENT):
        files.write(name, b"x", "")
    assert names(files) == [OTHER, SEGMENT, COMPACTED]
    assert names(files, "triage") == [SEGMENT, COMPACTED]
    (file,) = files.list("moods")
    assert (file.size, file.modified[4], file.modified[-1]) == (1, "-", "Z")
    assert files.read(SEGMENT) == b"x"
    assert files.delete(SEGMENT, etag(files, SEGMENT))
    with pytest.raises(ObjectGoneError):
        files.read(SEGMENT)


def test_a_later_generation_stays(files: IndexFiles) -> None:
    files.write(SEGMENT, b"first", "1")
    files.write(SEGMENT, b"second", "2")
    with pytest.raises(RunSupersededError):
        files.write(SEGMENT, b"first", "1")
    assert files.read(SEGMENT) == b"second"


def test_a_compacted_file_is_never_written_over(files: IndexFiles) -> None:
    files.write(COMPACTED, b"first", "")
    with pytest.raises(RunSupersededError):
        files.write(COMPACTED, b"second", "")
    assert files.read(COMPACTED) == b"first"


def test_what_has_changed_is_not_deleted_and_what_is_deleted_is_in_no_version(
    files: IndexFiles,
) -> None:
    files.write(SEGMENT, b"first", "1")
    old = etag(files, SEGMENT)
    files.write(SEGMENT, b"second", "2")
    assert not files.delete(SEGMENT, old)
    assert files.read(SEGMENT) == b"second"
    assert files.delete(SEGMENT, etag(files, SEGMENT))
    assert not files.delete(SEGMENT, old)
    assert not files.delete(SEGMENT, None)
    assert names(files) == []
    if isinstance(files, S3IndexFiles):
        assert "Versions" not in files._client.list_object_versions(
            Bucket="results", Prefix=SEGMENT.key
        )


def test_what_is_deleted_without_an_etag_is_deleted_as_it_is(files: IndexFiles) -> None:
    for content in (b"first", b"second"):
        files.write(SEGMENT, content, "1")
    assert files.delete(SEGMENT, None)
    assert names(files) == []


@pytest.mark.parametrize("files", ["s3"], indirect=True)
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("breaks_off_after", range(4))
def test_no_older_version_is_read_while_a_file_is_deleted(
    files: S3IndexFiles, monkeypatch: pytest.MonkeyPatch, breaks_off_after: int, *, given: bool
) -> None:
    for number in range(4):
        files.write(SEGMENT, str(number).encode(), str(number))
    newest = etag(files, SEGMENT)
    delete, left = files._client.delete_object, iter(range(breaks_off_after))

    def fail(**what: Any) -> None:
        if next(left, None) is None:
            raise RuntimeError("The time is over.")
        assert files.read(SEGMENT) == b"3"
        delete(**what)

    monkeypatch.setattr(files._client, "delete_object", fail)
    with pytest.raises(RuntimeError):
        files.delete(SEGMENT, newest if given else None)
    assert files.read(SEGMENT) == b"3"
    monkeypatch.setattr(files._client, "delete_object", delete)
    assert files.delete(SEGMENT, newest)
    assert names(files) == []


@mock_aws
def test_a_list_of_results_names_the_states_that_rows_are_made_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="results")
    store, folders = S3Store(client), S3ResultFolders(client, "results")
    for key in ("p/u1/result.json", "p/u1/review.json", "p/u2/reviewed.jsonl", "q/u1/result.json"):
        client.put_object(Bucket="results", Key=f"results/{key}", Body=key.encode())
    client.put_object(Bucket="results", Key="results/p/u1/reviewed.jsonl", Body=b"1")

    def etag(key: str) -> str:
        return store.head(ObjectRef(bucket="results", key=f"results/{key}")).etag

    found = {(one.change.process, one.change.upload): one for one in folders.list()}
    assert {folder: one.sources for folder, one in found.items()} == {
        ("p", "u1"): sources_of(etag("p/u1/result.json"), etag("p/u1/reviewed.jsonl")),
        ("q", "u1"): sources_of(etag("q/u1/result.json"), None),
    }
    assert all(len(one.modified) == len("2026-11-27T10:00:00.000Z") for one in found.values())
