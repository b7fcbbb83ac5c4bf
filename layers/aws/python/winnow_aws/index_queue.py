"""What waits to be indexed, on SQS, and which uploads have results, in S3."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from winnow.search.files import sources_of
from winnow.search.upkeep import Change, Comparison, ResultFolder
from winnow_aws.aws_errors import translated
from winnow_aws.index_events import change_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_UPLOADS = 25
"""Uploads of one message: if one of them fails, all are indexed again."""
_WHERE = "on the queue of changed results"


class SqsChangeQueue:
    """Implements `winnow.search.upkeep.ChangeQueue`: the queue with this URL."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def send(self, changes: Iterable[Change]) -> None:
        every = [change.model_dump() for change in changes]
        for start in range(0, len(every), _UPLOADS):
            self._send({"changes": every[start : start + _UPLOADS]})

    def compare_later(self, now: Comparison) -> None:
        self._send({"compare": now.missing, "wait_s": now.wait_s}, now.wait_s)

    def compare_now(self) -> None:
        """Have the index compared with the results: a file of it is damaged."""
        self._send({"compare": None})

    def _send(self, asked: dict[str, Any], delay_s: int = 0) -> None:
        with translated(_WHERE):
            self._sqs.send_message(
                QueueUrl=self._url, MessageBody=json.dumps(asked), DelaySeconds=delay_s
            )


class S3ResultFolders:
    """Implements `winnow.search.upkeep.ResultFolders`."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def list(self) -> Iterator[ResultFolder]:
        # Keys are listed in their order, so those of a folder are beside each other.
        for change, objects in groupby(self._objects(), itemgetter(0)):
            named = {each["Key"].rpartition("/")[2]: each for _, each in objects}
            if "result.json" not in named:
                continue
            reviewed = named.get("reviewed.jsonl")
            modified = max(each["LastModified"] for each in named.values()).astimezone(UTC)
            yield ResultFolder(
                change,
                sources_of(named["result.json"]["ETag"], reviewed and reviewed["ETag"]),
                f"{modified:%Y-%m-%dT%H:%M:%S}.000Z",
            )

    def _objects(self) -> Iterator[tuple[Change, Any]]:
        """The objects of results that the index is made of, each with its folder."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix="results/"
        )
        with translated(f"in the bucket {self._bucket}"):
            for page in pages:
                for each in page.get("Contents", ()):
                    change = change_of(each["Key"])
                    if change is not None:
                        yield change, each
