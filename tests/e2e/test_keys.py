"""Keys of every kind, dropped into the real local stack by an S3 client."""

import re

import pytest

from .conftest import SURE, Stack

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
    assert all(re.fullmatch(r"[a-z0-9_./-]+", key) and ".." not in key for key in keys)
