"""The search index on the local stack: it follows the results, and is made again of them."""

from pathlib import Path
from typing import Any

import pytest

from winnow.judging.text.vectors import text_vector
from winnow.models import ObjectRef
from winnow.recovery.upload_row import UploadRow
from winnow.search.files import PREFIX
from winnow.search.shapes import RecordRef, SearchFilter, SearchRequest
from winnow_aws.search_function import SearchFunction
from winnow_cli.options import DEFAULT_MODEL
from winnow_encoder import load_encoder
from winnow_search.parquet import batches

from .conftest import SURE, UNSURE, Stack, until, winnow

pytestmark = pytest.mark.model
TABLE = f"id,text\nA,{SURE}\nB,{UNSURE}\nC,Ochre walruses were overjoyed.\n"


@pytest.fixture(scope="module")
def row(stack: Stack) -> UploadRow:
    found = stack.run("walruses.csv", TABLE)
    assert found.state == "SUCCEEDED", found.error_message
    return found


def searcher(stack: Stack) -> SearchFunction:
    functions = stack.target.client("lambda")
    return SearchFunction(functions, stack.target.output("SearchFunction"), vectorise)


def vectorise(text: str) -> bytes:
    return text_vector(text, load_encoder(DEFAULT_MODEL)).tobytes()


def total(stack: Stack, row: UploadRow, query: str = "") -> int:
    filters = SearchFilter(uploads=(row.upload_id,))
    return searcher(stack).search(SearchRequest(query=query, filters=filters, limit=0)).total


def status() -> dict[str, Any]:
    answer = winnow("index", "status", "--json")
    assert answer.code == 0, answer.err
    return dict(answer.document())


def versions(stack: Stack) -> list[bytes]:
    """Every version of every file of the index."""
    s3, bucket = stack.target.s3(), stack.target.results_bucket
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=PREFIX)
    return [
        s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        for page in pages
        for one in page.get("Versions", ())
    ]


def test_what_a_run_found_is_in_it_soon(stack: Stack, row: UploadRow) -> None:
    until(lambda: total(stack, row) == 3)
    assert total(stack, row, '"ochre walruses"') == 1


def test_what_means_about_the_same_is_found(stack: Stack, row: UploadRow) -> None:
    until(lambda: total(stack, row) == 3)
    filters = SearchFilter(uploads=(row.upload_id,))
    like = SearchRequest(like_text="The walruses felt great joy.", filters=filters)
    hits = searcher(stack).search(like).hits
    assert hits[0].source_id == "C"
    ref = RecordRef(process=row.process or "", upload=row.upload_id, record=3)
    others = searcher(stack).search(SearchRequest(like_record=ref, filters=filters)).hits
    assert {hit.source_id for hit in others} == {"A", "B"}
    likeness = [hit.likeness for hit in others if hit.likeness is not None]
    assert likeness == sorted(likeness, reverse=True)


@pytest.mark.slow
def test_it_is_made_again_of_the_results(stack: Stack, row: UploadRow) -> None:
    until(lambda: total(stack, row) == 3)
    answer = winnow("index", "rebuild", "--json")
    assert answer.code == 0, answer.err
    compared = answer.document()["compared"]
    assert (compared["missing"], compared["pending"]) == (0, False)
    assert compared["uploads"] >= 1
    assert total(stack, row) == 3


def test_a_damaged_file_is_noticed_and_made_again(stack: Stack, row: UploadRow) -> None:
    until(lambda: total(stack, row) == 3)
    s3, bucket = stack.target.s3(), stack.target.results_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="index/records/")["Contents"]
    key = next(one["Key"] for one in listed if row.upload_id in one["Key"])
    s3.put_object(Bucket=bucket, Key=key, Body=b"PAR1 no parquet at all")
    until(lambda: total(stack, row) == 0)
    until(lambda: total(stack, row) == 3)


def rows(content: bytes, upload: str, folder: Path) -> int:
    """The records of an upload in a file of the index."""
    file = folder / "file.parquet"
    file.write_bytes(content)
    found = batches(file)
    return sum(one.rows for one in found if one.upload == upload and not one.deleted)


def test_what_is_forgotten_is_in_no_version_of_a_file(stack: Stack, tmp_path: Path) -> None:
    row = stack.run("forgotten.csv", "id,text\nA,Forgotten puffins rejoice.\nB,Others weep.\n")
    until(lambda: total(stack, row) == 2)
    answer = winnow("forget", row.upload_id, "1", "--yes")
    assert answer.code == 0, answer.err
    until(lambda: total(stack, row, "puffins") == 0)
    assert total(stack, row) == 2
    answer = winnow("forget", row.upload_id, "--yes")
    assert answer.code == 0, answer.err
    until(lambda: total(stack, row) == 0)
    # What is left is a tombstone: one row without a text.
    assert sum(rows(content, row.upload_id, tmp_path) for content in versions(stack)) == 0


def test_deleted_results_leave_it(stack: Stack) -> None:
    row = stack.run("deleted.csv", "id,text\nA,Deleted herons rejoice.\n")
    until(lambda: total(stack, row) == 1)
    ref = row.result_ref(stack.target.results_bucket)
    assert isinstance(ref, ObjectRef)
    stack.target.s3().delete_object(Bucket=ref.bucket, Key=ref.key)
    until(lambda: total(stack, row) == 0)
