"""A prediction as it is kept in the results bucket: what was judged outside a run.

Its id begins with its time, counted down, so that the keys of a process are listed newest first.
"""

import hashlib
import re

from pydantic import Field

from winnow.models import (
    Decision,
    FrozenModel,
    HeadInfo,
    ModelInfo,
    Outcome,
    Picture,
    ProcessInfo,
    ResultRecord,
    UnitInterval,
    VersionRef,
)

PREDICTION_SCHEMA_VERSION = "1.1"
RECORD = 1
"""A prediction is reviewed as record 1 of itself."""
_NEWEST = 10**20 - 1
_MARK = 4
_ID = re.compile(r"p-[0-9]{20}[0-9a-f]{12}")


class StoredPrediction(FrozenModel):
    """One JSON object in the results bucket."""

    schema_version: str = PREDICTION_SCHEMA_VERSION
    id: str
    process: ProcessInfo
    judged_by: VersionRef | None = Field(
        None, description="the version of the process; absent: judged before versions had names"
    )
    at: str = Field(description="when it was judged: ISO 8601, UTC")
    by: str = Field(description="who asked for it")
    text: str = Field(description="empty: a picture")
    picture: Picture | None = Field(
        None, description="of a picture, which itself is not kept; absent: a text"
    )
    fields: dict[str, str] = Field(default_factory=dict, description="the other columns")
    outcome: Outcome
    code: str | None = Field(None, description="why it is for review")
    reason: str | None = Field(None, description="the same in a sentence")
    decision: Decision
    score: UnitInterval = Field(description="raw model output for the decision")
    confidence: UnitInterval = Field(description="probability that the decision is right")
    calibrated: bool = Field(description="false: the confidence is the score, unmeasured")
    calibration: str | None = None
    novelty: UnitInterval | None = None
    threshold: UnitInterval = Field(description="what the confidence is compared with")
    model: ModelInfo
    head: HeadInfo | None = None

    @property
    def record(self) -> ResultRecord:
        """The same as a record of a file would have it."""
        return ResultRecord(
            record=RECORD,
            outcome=self.outcome,
            text=None if self.picture else self.text,
            picture=self.picture,
            fields=self.fields,
            decision=self.decision,
            score=self.score,
            confidence=self.confidence,
            calibrated=self.calibrated,
            calibration=self.calibration,
            novelty=self.novelty,
            code=self.code,
            reason=self.reason,
        )


def prediction_id(process: str, nanoseconds: int, random: str) -> str:
    """The id of a prediction: `p-`, the time counted down, and 12 hex digits.

    Args:
        process: Its id; four of the digits are of its hash, so that an id alone finds the object.
        nanoseconds: Since the epoch.
        random: Eight hex digits.
    """
    return f"p-{_NEWEST - nanoseconds:020d}{_mark(process)}{random}"


def may_be_of(prediction: str, process: str) -> bool:
    """Whether a prediction of this id can be one of the process.

    >>> may_be_of(prediction_id("moods", 0, "0" * 8), "moods")
    True
    """
    return bool(_ID.fullmatch(prediction)) and prediction[22 : 22 + _MARK] == _mark(process)


def _mark(process: str) -> str:
    return hashlib.sha256(process.encode()).hexdigest()[:_MARK]
