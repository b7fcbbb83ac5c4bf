"""How many versions the sweep walks over in a call: `python -m tests.bench.sweeping` prints JSON.

The sweep itself, with botocore's clients: they sign, send and parse as ever, and are answered in
this process by what S3 and DynamoDB would say. So a page's processor time is measured, on one core;
what the services take to answer is assumed, and an argument of the command: it was not measured.

The audit is measured over the same answers.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from tests.fakes.store import MemoryStore
from tests.fakes.uploads import MemoryMailer, MemoryWorkflow
from winnow.recovery.call import RESERVE_S
from winnow.recovery.ports import LeasePage
from winnow.recovery.report import SweepOptions
from winnow.recovery.state import SweepState
from winnow.recovery.sweep import Sweep
from winnow.steps.upload import upload_id
from winnow.storage.paths import sweep_state
from winnow_aws.inbox import S3Inbox
from winnow_aws.table import TableRuns
from winnow_cli.audit import audit
from winnow_cli.target import Target

PAGE = 1_000
CALL_S, EVERY_S = 840.0, 900.0
"""The function's time limit and its schedule, as template.yaml has them."""
ALARM_S = 7_200.0
STAMP = "2026-11-21T09:30:01.000Z"
WRITTEN = datetime.fromisoformat(STAMP).timestamp()
RESULTS = "results"
NO_KEY = b"<Error><Code>NoSuchKey</Code><Message/></Error>"


def key_of(number: int) -> str:
    return f"inbox/L33774/18c5f0a2b3d4e5f6a7b8c9d0e1f2a3b4/cases-{number:010}.csv"


def version_of(number: int) -> str:
    return f"3sL4kqtJlcpXroDTDmJ.rmSpXd3dIb{number:08}"


def answered(client: Any, event: str, answer: Any, status: int = 200) -> None:
    """Has a client's calls answered by `answer(request)` instead of the network."""

    def send(request: Any, **_: Any) -> AWSResponse:
        made = AWSResponse(
            request.url, status, HTTPHeaders(), SimpleNamespace(stream=lambda: iter(()))
        )
        made._content = answer(request)  # type: ignore[attr-defined]
        return made

    client.meta.events.register(f"before-send.{event}", send)


class Places:
    """An inbox of so many pages, and a table with a row for every version."""

    def __init__(self, pages: int) -> None:
        self._pages = pages
        config = Config(region_name="us-east-1")
        session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none")
        self.s3 = session.client("s3", config=config)
        self.dynamodb = session.client("dynamodb", config=config)
        self.session = session
        self._told = 0
        answered(self.s3, "s3.ListObjectVersions", self._listing)
        answered(self.s3, "s3.GetObject", lambda _: NO_KEY, 404)
        answered(self.dynamodb, "dynamodb.BatchGetItem", self._rows)
        answered(self.dynamodb, "dynamodb.Scan", self._scan)

    def _listing(self, _request: Any) -> bytes:
        first, self._told = self._told * PAGE, self._told + 1
        last = self._told >= self._pages
        versions = "".join(
            f"<Version><Key>{key_of(n)}</Key><VersionId>{version_of(n)}</VersionId>"
            f"<IsLatest>true</IsLatest><LastModified>{STAMP}</LastModified>"
            "<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>48213</Size>"
            "<StorageClass>STANDARD</StorageClass><Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faee"
            "bf76c078efc7c6caea54ba06a</ID></Owner></Version>"
            for n in range(first, first + PAGE)
        )
        if last:
            self._told = 0
        return (
            '<?xml version="1.0"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01'
            f'/"><Name>uploads</Name><EncodingType>url</EncodingType><IsTruncated>'
            f"{'false' if last else 'true'}</IsTruncated>"
            f"<NextKeyMarker>{key_of(first + PAGE - 1)}</NextKeyMarker>"
            f"<NextVersionIdMarker>v</NextVersionIdMarker>{versions}</ListVersionsResult>"
        ).encode()

    @staticmethod
    def _item(own_id: str, key: str) -> dict[str, Any]:
        text = {
            **{"upload_id": own_id, "state": "SUCCEEDED", "bucket": "uploads", "object_key": key},
            **{"claimed_at": STAMP, "ended_at": STAMP, "process": "L33774", "version_id": "v"},
            "run": "arn:aws:states:us-east-1:123456789012:execution:winnow-triage:"
            "0b9cd2a1-7e7b-4a53-8b1e-8f6cbe0a1b2c",
            "result_key": f"results/L33774/{own_id}/result.json",
            "result_bucket": RESULTS,
        }
        numbers = ("size", "attempt", "expires", "records", "accepted", "review", "invalid")
        return {**{k: {"S": v} for k, v in text.items()}, **{k: {"N": "1"} for k in numbers}}

    def _rows(self, request: Any) -> bytes:
        [(table, asked)] = json.loads(request.body)["RequestItems"].items()
        items = [self._item(one["upload_id"]["S"], key_of(0)) for one in asked["Keys"]]
        return json.dumps({"Responses": {table: items}, "UnprocessedKeys": {}}).encode()

    def _scan(self, request: Any) -> bytes:
        start = json.loads(request.body).get("ExclusiveStartKey", {"at": {"N": "0"}})
        at = int(start["at"]["N"])
        items = [
            self._item(upload_id("uploads", key_of(n), version_of(n)), key_of(n))
            for n in range(at, at + PAGE)
        ]
        more = (
            {}
            if at + PAGE >= self._pages * PAGE
            else {"LastEvaluatedKey": {"at": {"N": str(at + PAGE)}}}
        )
        return json.dumps({"Items": items, **more}).encode()


def page_cpu_s(pages: int, *, new: bool) -> float:
    """The processor's seconds of a page; with `new`, of one whose rows are all looked up."""
    places = Places(pages)
    runs = TableRuns(places.dynamodb, "runs", 90)
    runs.leases = lambda *_: LeasePage([], more=False)  # type: ignore[method-assign]
    sweep = Sweep(
        S3Inbox(places.s3, "uploads"),
        runs,
        MemoryWorkflow(),
        MemoryMailer(),
        SweepOptions(retention_days=90),
    )
    store, ref, now = MemoryStore(), sweep_state(RESULTS), WRITTEN + 10 * 86_400
    if not new:
        state = SweepState(looked_until=now, all_at=now)
        store.put(ref, state.model_dump_json().encode(), "application/json")
    began = time.process_time()
    report = sweep(store, ref, now)
    used = time.process_time() - began
    assert (report.versions, report.restarted, report.complete) == (pages * PAGE, 0, True)
    assert report.looked_up == (pages * PAGE if new else 0)
    # What the answers cost to make is no work of the sweep.
    began = time.process_time()
    for _ in range(pages):
        places._listing(None)
        if new:
            for _ in range(PAGE // 100):
                keys = [{"upload_id": {"S": "0" * 32}}] * 100
                asked = {"RequestItems": {"runs": {"Keys": keys}}}
                places._rows(SimpleNamespace(body=json.dumps(asked)))
    return (used - (time.process_time() - began)) / pages


def audited(pages: int) -> dict[str, float]:
    places = Places(pages)

    class Place(Target):
        def s3(self) -> Any:
            return places.s3

        def dynamodb(self) -> Any:
            return places.dynamodb

    outputs = {"UploadsBucket": "uploads", "ResultsBucket": RESULTS, "Table": "runs"}
    target = Place("bench", {**outputs, "RetentionDays": "90"}, places.session, None, Config())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    told = sum(1 for _ in audit(target, 900, WRITTEN + 86_400))
    seconds = time.process_time() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "versions": pages * PAGE,
        "told": told,
        "cpu_s": round(seconds, 1),
        "grown_mb": round((after - before) / 1024, 1),
    }


def ceiling(page_s: float) -> dict[str, Any]:
    """What a call walks over, and how many versions a walk may have to be over in time."""
    pages = (CALL_S - RESERVE_S) / page_s
    call = int(pages) * PAGE
    # What appears right behind the walk waits for the next one, and is old enough by then.
    return {
        "page_s": round(page_s, 3),
        "versions_a_call": call,
        "versions_a_walk_within_two_hours": int(call * (ALARM_S - EVERY_S) / EVERY_S),
        "hours_for_10_million": round(10_000_000 / call * EVERY_S / 3_600, 1),
    }


def main(arguments: Iterator[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.sweeping", description=__doc__)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--list-seconds", type=float, default=0.25, help="S3's for a page")
    parser.add_argument("--batch-seconds", type=float, default=0.02, help="DynamoDB's for 100 rows")
    parser.add_argument("--put-seconds", type=float, default=0.05, help="S3's for the state")
    given = parser.parse_args(None if arguments is None else list(arguments))
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    of_the_audit = audited(given.pages)
    nothing, all_new = (page_cpu_s(given.pages, new=new) for new in (False, True))
    # The state is written every tenth page, or after each that rows were looked up for.
    quiet = nothing + given.list_seconds + given.put_seconds / 10
    busy = all_new + given.list_seconds + given.put_seconds
    busy += PAGE / 100 * given.batch_seconds
    print(
        json.dumps(
            {
                "pages": given.pages,
                "assumed_s": {
                    "list": given.list_seconds,
                    "batch": given.batch_seconds,
                    "put": given.put_seconds,
                },
                "cpu_s_a_page": {"nothing_new": round(nothing, 4), "all_new": round(all_new, 4)},
                "nothing_new": ceiling(quiet),
                "all_new": ceiling(busy),
                "audit": of_the_audit,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
