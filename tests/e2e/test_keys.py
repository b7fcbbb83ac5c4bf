"""Keys of every kind, dropped into the real local stack by an S3 client."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from winnow.steps.upload import upload_id

from .conftest import SURE, Stack, until

NAMES = ["a b.jsonl", "a+b.jsonl", "a%25b.jsonl", "é/ü.jsonl", "../../up.jsonl", "a//b.jsonl"]


@pytest.mark.parametrize("name", [*NAMES, "n" * 970])
def test_a_key_is_judged_as_it_is_and_names_no_result(stack: Stack, name: str) -> None:
    row = stack.run(name, f'{{"text": "{SURE}"}}\n')
    assert (row.state, row.records) == ("SUCCEEDED", 1)
    result, _ = stack.result(row)
    assert result.upload.object.key.endswith(f"/{name}")
    assert row.result_key == f"results/emotions/{row.upload_id}/result.json"
    listed = stack.s3.list_objects_v2(Bucket=stack.target.results_bucket)["Contents"]
    keys = [found["Key"] for found in listed if row.upload_id in found["Key"]]
    assert keys
    assert all(re.fullmatch(r"[a-z0-9_.=/-]+", key) and ".." not in key for key in keys)


def test_overwrites_in_a_moment_are_each_judged_as_they_were(stack: Stack) -> None:
    key = f"inbox/emotions/{uuid.uuid4().hex}/again.jsonl"
    bucket = stack.target.uploads_bucket

    def put(number: int) -> str:
        body = f'{{"id": "{number}", "text": "{SURE}"}}\n'.encode()
        return stack.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]

    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(put, range(20)))
    ids = {upload_id(bucket, key, version): number for number, version in enumerate(versions)}
    assert len(ids) == 20
    until(lambda: sum(row.object_key == key and row.ended for row in stack.uploads.every()) == 20)
    rows = [row for row in stack.uploads.every() if row.object_key == key]
    assert {row.upload_id for row in rows} == set(ids)
    assert {row.version_id for row in rows} == set(versions)
    # Each run has judged its own version's text, not what the key held by then.
    for row in rows[::5]:
        _, records = stack.result(row)
        assert [record.source_id for record in records] == [str(ids[row.upload_id])]
