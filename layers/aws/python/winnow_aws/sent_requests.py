"""Counts the requests that clients send, by what AWS bills them as."""

import threading
from collections import Counter
from typing import Any

_PUTS = (
    *("PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "UploadPartCopy"),
    *("CompleteMultipartUpload", "ListObjects", "ListObjectsV2", "ListObjectVersions"),
    *("ListBuckets", "ListMultipartUploads", "ListParts"),
)
_FREE = ("DeleteObject", "DeleteObjects", "AbortMultipartUpload")
_DYNAMODB_READS = ("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems")
_DYNAMODB_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
BILLED_AS = {
    **{f"s3.{name}": "s3_puts" for name in _PUTS},
    **{f"s3.{name}": "" for name in _FREE},
    **{f"dynamodb.{name}": "dynamodb_reads" for name in _DYNAMODB_READS},
    **{f"dynamodb.{name}": "dynamodb_writes" for name in _DYNAMODB_WRITES},
    **{f"textract.{name}": "textract_pages" for name in ("DetectDocumentText", "AnalyzeDocument")},
}
"""Operation -> the field of StepUnits; empty: it is free. All others of S3 are GETs."""
_EVENT = "before-send."
"""Sent for each attempt: a request that is sent again is billed again."""

_sent: Counter[str] = Counter()
_lock = threading.Lock()


def count_requests(client: Any) -> None:
    """Count what this client sends from now on."""
    client.meta.events.register(_EVENT.rstrip("."), _count)


def sent() -> dict[str, int]:
    """What this process has sent, by the fields of StepUnits."""
    with _lock:
        return dict(_sent)


def _count(event_name: str, **_: Any) -> None:
    # None: the request is sent.
    operation = event_name.removeprefix(_EVENT)
    unit = BILLED_AS.get(operation, "s3_gets" if operation.startswith("s3.") else "")
    if unit:
        with _lock:
            _sent[unit] += 1
