"""Uploads of a stack: drops files, finds uploads, reads their results."""

import heapq
import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import TypeAdapter, ValidationError

from winnow.errors import (
    NotFinishedError,
    RecordErasedError,
    RecordUnknownError,
    StoredDataInvalidError,
    UploadUnknownError,
)
from winnow.models import ObjectRef, Outcome, Result, ResultRecord
from winnow.recovery.upload_row import ENDED_STATES, STORED_STATES, UploadRow
from winnow.steps.upload import INBOX, THRESHOLD_METADATA, may_be_id
from winnow.storage.file_names import name_of
from winnow.storage.jsonl import load_lines
from winnow.storage.record_lines import find_record, parse_record
from winnow_aws.aws_errors import code_of
from winnow_aws.rows import row_of
from winnow_aws.s3 import S3Store
from winnow_aws.upload_list import UploadList
from winnow_cli.aws_errors import botocore_cause
from winnow_cli.reviews import PAGE
from winnow_cli.target import Target, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

ID_LENGTH = 32
MIN_PREFIX = 6
_KEY_EXISTS = {"PreconditionFailed", "412"}
_PARTS_GONE = {"NoSuchUpload"}
"""S3's response to a completion that is sent again because its response was lost."""
_RECORDS = TypeAdapter(ResultRecord)


class Uploads:
    """The uploads of one stack."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._s3 = target.s3()
        self._dynamodb = target.dynamodb()
        self._store = S3Store(self._s3)
        self._versions: dict[str, str] = {}
        self._refuse_overwrites()

    def new_key(self, file: Path, process: str) -> str:
        """A unique key in the inbox."""
        return f"{INBOX}{process}/{time.time_ns():x}{secrets.token_hex(4)}/{name_of(file)}"

    def drop(self, file: Path, key: str, threshold: float | None) -> str | None:
        """Upload a file under a new key; its version id, or None if S3 returns none.

        Large files are uploaded in parts. No version is made twice: if S3 stored the file and its
        response was lost, S3 rejects the retry, and the file counts as uploaded.
        """
        from boto3.exceptions import S3UploadFailedError

        metadata = {} if threshold is None else {THRESHOLD_METADATA: repr(threshold)}
        bucket = self._target.uploads_bucket
        self._versions.pop(key, None)
        with aws_errors(self._target):
            try:
                self._s3.upload_file(str(file), bucket, key, ExtraArgs={"Metadata": metadata})
            except (S3UploadFailedError, ClientError) as error:
                cause = botocore_cause(error)
                code = code_of(cause) if isinstance(cause, ClientError) else ""
                head = self._head(key) if code in _KEY_EXISTS | _PARTS_GONE else None
                if code not in _KEY_EXISTS and head is None:
                    raise (cause or error) from None
                # Nobody else uploads under this key: what is there is this file.
                return None if head is None else head.get("VersionId")
        return self._versions.pop(key, None)

    def _refuse_overwrites(self) -> None:
        """Have S3 accept each key only once, and keep the version id that it returns."""
        events = self._s3.meta.events

        def add_condition(params: dict[str, Any], **_: Any) -> None:
            params["IfNoneMatch"] = "*"

        def remember_key(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
            context["winnow_key"] = params.get("Key")

        def remember_version(parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
            if version := parsed.get("VersionId"):
                self._versions[str(context.get("winnow_key"))] = version

        for call in ("PutObject", "CompleteMultipartUpload"):
            events.register(f"provide-client-params.s3.{call}", add_condition)
            events.register(f"before-parameter-build.s3.{call}", remember_key)
            events.register(f"after-call.s3.{call}", remember_version)

    def _head(self, key: str) -> "HeadObjectOutputTypeDef | None":
        with suppress(ClientError):  # A user may be allowed to drop files but not to read them.
            return self._s3.head_object(Bucket=self._target.uploads_bucket, Key=key)
        return None

    def by_key(self, key: str) -> UploadRow | None:
        """The latest upload of an object key; None until its run has claimed it."""
        with aws_errors(self._target):
            answer = self._dynamodb.query(
                TableName=self._target.table,
                IndexName="by_object",
                KeyConditionExpression="object_key = :key",
                ExpressionAttributeValues={":key": {"S": key}},
                ScanIndexForward=False,
                Limit=1,
            )
        return row_of(answer["Items"][0]) if answer["Items"] else None

    def every(self) -> list[UploadRow]:
        """All uploads in the table, latest first."""
        return sorted(self._scan(), key=_claimed, reverse=True)

    @property
    def have_index(self) -> bool:
        """Whether the latest are found without reading the whole table."""
        return PAGE in self._target.outputs

    def latest(self, count: int) -> list[UploadRow]:
        """At most so many uploads, latest first; a stack with a review page has an index of them.

        The index has no rows whose state is missing or unknown; `every` and the audit find those.
        """
        if not self.have_index:
            return heapq.nlargest(count, self._scan(), key=_claimed)
        table = UploadList(self._dynamodb, self._target.table)
        with aws_errors(self._target):
            by_state = [table.newest(state, None, count) for state in STORED_STATES]
        # An upload that ends in this moment may be in the index of both states.
        rows = {row.upload_id: row for row in heapq.merge(*by_state, key=_claimed, reverse=True)}
        return list(rows.values())[:count]

    def ended_since(self, day: str) -> Iterator[UploadRow]:
        """The uploads that have ended since a day (ISO 8601, UTC), in no order, and earlier ones.

        With the index it reads those that were claimed since the day before: no run takes longer
        than its lease, which is hours.
        """
        if not self.have_index:
            yield from self._scan()
            return
        table = UploadList(self._dynamodb, self._target.table)
        before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        with aws_errors(self._target):
            for state in ENDED_STATES:
                yield from table.since(state, before)

    def find(self, upload_id: str) -> UploadRow:
        """The upload with this id, or the only one whose id begins with it.

        Raises:
            UploadUnknownError: none, or several.
        """
        prefix = upload_id.strip().lower()
        if len(prefix) >= MIN_PREFIX and not may_be_id(prefix):
            rows = []
        elif len(prefix) >= ID_LENGTH:
            with aws_errors(self._target):
                item = self._dynamodb.get_item(
                    TableName=self._target.table, Key={"upload_id": {"S": prefix}}
                ).get("Item")
            rows = [row_of(item)] if item else []
        elif len(prefix) >= MIN_PREFIX:
            rows = list(self._scan(prefix=prefix))
        else:
            rows = []
        if len(prefix) < MIN_PREFIX:
            raise UploadUnknownError(
                f"{prefix!r} is too short: give an upload's id, or its first {MIN_PREFIX} "
                "characters or more."
            )
        if not rows:
            raise UploadUnknownError(f"No upload has the id {prefix[:64]!r}.")
        if len(rows) > 1:
            raise UploadUnknownError(f"{len(rows)} uploads have an id that begins with {prefix!r}.")
        return rows[0]

    def result(self, row: UploadRow) -> Result:
        """result.json of an upload that succeeded, or whose records are all in review or invalid.

        Raises:
            NotFinishedError: the run has no results.
            RecordErasedError: the upload was erased.
            StoredDataInvalidError: it does not have this version's schema.
        """
        ref = self.result_ref(row)
        with self._store.open(ref) as stream:
            content = stream.read()
        try:
            return Result.model_validate_json(content)
        except ValidationError:
            raise StoredDataInvalidError(
                "result.json does not have the schema that this version of winnow reads."
            ) from None

    def result_ref(self, row: UploadRow) -> ObjectRef:
        """Where result.json of an upload is.

        Raises:
            NotFinishedError: the run has no results.
            RecordErasedError: the upload was erased.
        """
        if row.erased_at is not None:
            raise RecordErasedError(
                f"The upload {row.upload_id} was erased on {row.erased_at[:10]} by {row.erased_by}."
            )
        ref = row.result_ref(self._target.results_bucket)
        if ref is None:
            state = "failed" if row.state == "FAILED" else "has not ended"
            raise NotFinishedError(f"The run of {row.upload_id} {state}: it has no results.")
        return ref

    def records(
        self, result: Result, outcomes: Collection[str] = tuple(Outcome)
    ) -> Iterator[ResultRecord]:
        """The records of a result with these outcomes: accepted, then review, then invalid.

        They are streamed.
        """
        for ref in _files(result, outcomes):
            with self._store.open(ref) as stream:
                yield from load_lines(stream, _RECORDS)

    def record(
        self, result: Result, number: int, outcomes: Collection[str] = tuple(Outcome)
    ) -> ResultRecord:
        """The record with this number, if it has one of these outcomes.

        Raises:
            RecordUnknownError: there is none.
        """
        for ref in _files(result, outcomes):
            line = find_record(self._store, ref, number)
            if line is not None:
                return parse_record(line.content)
        count = result.counts.records
        if number > count:
            raise RecordUnknownError(
                f"The upload has no record {number:,}: it has {count:,}, numbered from 1."
            )
        raise RecordUnknownError(f"Record {number:,} is not {' or '.join(outcomes)}.")

    def _scan(self, prefix: str | None = None) -> Iterator[UploadRow]:
        filters: dict[str, Any] = {}
        if prefix is not None:
            filters = {
                "FilterExpression": "begins_with(upload_id, :prefix)",
                "ExpressionAttributeValues": {":prefix": {"S": prefix}},
            }
        pages = self._dynamodb.get_paginator("scan")
        with aws_errors(self._target):
            for page in pages.paginate(TableName=self._target.table, **filters):
                yield from map(row_of, page["Items"])


def _claimed(row: UploadRow) -> str:
    return row.claimed_at


def _files(result: Result, outcomes: Collection[str]) -> Iterator[ObjectRef]:
    """The files of these outcomes that the result has, in the order of `Outcome`."""
    for outcome in Outcome:
        if outcome in outcomes and outcome in result.files:
            yield result.files[outcome]
