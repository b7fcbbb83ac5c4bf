"""The row of an upload in the table, written by the workflow and the sweep."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal, Self, get_args

from pydantic import ConfigDict, ValidationError

from winnow.errors import ConfidenceThresholdNotMetError
from winnow.models import FrozenModel, ObjectRef, RunCost
from winnow.storage.paths import RunPaths

LEASE_S = 18_000
"""Seconds that a claim is valid; a test compares it with the state machine."""

ERASED_KEY = "erased"
"""The key of a row whose upload is erased: the file's own may name a person."""

RowState = Literal["RUNNING", "SUCCEEDED", "FAILED", "DAMAGED"]
"""DAMAGED is not stored: it means that the row's state is missing or unknown."""


class UploadRow(FrozenModel):
    """One row; its fields are the attributes that are stored.

    Rows of earlier versions lack attributes, those of later ones may have more: what is missing has
    its default, what is unknown is ignored. Times are ISO 8601 as the workflow writes them, in UTC;
    `claimed_s` and `ended_s` are the same as numbers.
    """

    # Millions of rows are read: their values are not cached.
    model_config = ConfigDict(extra="ignore", cache_strings="keys")

    upload_id: str
    state: RowState = "DAMAGED"
    bucket: str = ""
    object_key: str = ""
    version_id: str | None = None
    sequencer: str | None = None
    """The event's sequencer, if it has no version id."""
    size: int = 0
    """bytes"""
    run: str | None = None
    """ARN of the execution that has claimed the upload; `sweep` if the sweep abandoned it"""
    attempt: int = 1
    crashes: int = 0
    """how many runs in a row crashed before this one, since somebody redrove it"""
    started_at: str | None = None
    """when the run began, as its results name it; None: a version before wrote the row"""
    claimed_at: str = ""
    lease_until: int | None = None
    """epoch seconds; None once the run has ended"""
    ended_at: str | None = None
    expires: int | None = None
    """epoch seconds after which DynamoDB deletes the row"""
    process: str | None = None
    records: int | None = None
    accepted: int | None = None
    review: int | None = None
    invalid: int | None = None
    result_bucket: str | None = None
    result_key: str | None = None
    run_cost: str | None = None
    """JSON of the run's RunCost; empty or None: it was not measured"""
    error_code: str | None = None
    error_message: str | None = None
    erased_at: str | None = None
    """when somebody began to erase its content; it is erased when the row has no key any more"""
    erased_by: str | None = None

    @classmethod
    def from_stored(cls, upload_id: str, attributes: Mapping[str, object]) -> Self:
        """The row of what is stored, however little of it can be read.

        `attributes` are plain values: text, and numbers as Decimal. One of another type is taken
        for missing, so that a damaged row is a row, too.
        """
        readable: dict[str, str | int] = {}
        for name, value in attributes.items():
            if isinstance(value, Decimal) and name in NUMBERS:
                readable[name] = int(value)
            elif isinstance(value, str) and name in TEXTS:
                readable[name] = value
        if readable.get("state") not in _STATES:
            readable["state"] = "DAMAGED"
        return cls.model_validate({**readable, "upload_id": upload_id})

    @property
    def claimed_s(self) -> float:
        """When it was claimed, in epoch seconds; 0 if that cannot be read."""
        return _epoch_seconds(self.claimed_at) or 0.0

    @property
    def ended_s(self) -> float | None:
        """When its run ended, in epoch seconds; None if it has not, or that cannot be read."""
        return _epoch_seconds(self.ended_at)

    @property
    def ended(self) -> bool:
        """Whether its run has ended, with success or not."""
        return self.state in ENDED_STATES

    @property
    def erased(self) -> bool:
        """Whether its content was erased, to the end."""
        return self.erased_at is not None and self.object_key == ERASED_KEY

    def lease_expired(self, now: float) -> bool:
        """Whether its run must have crashed: it has not ended, but its lease has expired."""
        until = self.claimed_s + LEASE_S if self.lease_until is None else self.lease_until
        return self.state == "RUNNING" and until < now

    def result_ref(self, results_bucket: str) -> ObjectRef | None:
        """Where its result.json is; None: it has no results, or they were erased."""
        if self.erased_at is not None:
            return None
        if self.result_bucket is not None and self.result_key is not None:
            return ObjectRef(bucket=self.result_bucket, key=self.result_key)
        if self.error_code != ConfidenceThresholdNotMetError.code or self.process is None:
            return None
        # Such a run fails after it has written its results: no record was confident enough.
        return RunPaths(results_bucket, self.upload_id).result(self.process)

    @property
    def cost(self) -> RunCost | None:
        """What its run cost; None if that was not measured, or cannot be read."""
        if not self.run_cost:
            return None
        try:
            return RunCost.model_validate_json(self.run_cost)
        except ValidationError:
            return None

    @property
    def file_name(self) -> str:
        """The last part of the key it was dropped under; of a folder's own key, all of it."""
        return self.object_key.rpartition("/")[2] or self.object_key

    @property
    def results_at(self) -> str | None:
        """The S3 address of the folder with its results."""
        if self.result_bucket is None or self.result_key is None:
            return None
        return f"s3://{self.result_bucket}/{self.result_key.rpartition('/')[0]}/"


NUMBERS = frozenset(
    name for name, field in UploadRow.model_fields.items() if field.annotation in (int, int | None)
)
"""Attributes that DynamoDB stores as numbers; the others are strings."""
ATTRIBUTES = frozenset(UploadRow.model_fields)
TEXTS = ATTRIBUTES - NUMBERS
_STATES = get_args(RowState)
STORED_STATES = tuple(state for state in _STATES if state != "DAMAGED")
ENDED_STATES = ("SUCCEEDED", "FAILED")


def _epoch_seconds(time: str | None) -> float | None:
    """None if it is not a time."""
    if time is None:
        return None
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError):
        return None
