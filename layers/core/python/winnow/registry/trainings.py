"""What came of a process's last training, and whether people decided enough for another one."""

from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from winnow.errors import InternalError, RetryableError, WinnowError
from winnow.models import FrozenModel
from winnow.registry.models import ProcessEntry

MIN_REVIEWS = 50
"""With fewer reviews nothing is trained, unless somebody says so."""

AGAIN = "Train it again. If it fails again, look at the log of the train function."


class TrainingOutcome(StrEnum):
    """What a training came to."""

    BETTER = "better"
    """A challenger was published."""
    NOT_BETTER = "not_better"
    WORSE = "worse"
    FAILED = "failed"


class EndedTraining(FrozenModel):
    """The last training of a process. No text of a document is in it."""

    model_config = ConfigDict(extra="ignore")

    process: str
    run: str = Field(description="what the attempt was called")
    by: str = Field(description="who asked for it")
    at: str = Field(description="when it ended, ISO 8601 in UTC")
    outcome: TrainingOutcome
    code: str | None = Field(None, description="of the error that it failed with")
    sentence: str = Field(description="what came of it, and why")
    hint: str = Field("", description="what to do about it")
    challenger: str | None = Field(None, description="sha256 of the version that was published")
    decisions: int = Field(ge=0, description="that people had made when it began")


def is_due(
    entry: ProcessEntry, last: EndedTraining | None, decisions: int, every: int, began: str
) -> bool:
    """Whether people have made enough decisions since the last training, whatever came of it.

    While a challenger is being released, nothing is trained.

    Args:
        entry: The process.
        last: Its last training; None: there was none.
        decisions: That people have made of it by now.
        every: New decisions that are enough.
        began: When the table of reviews began that these decisions are counted in. A training of
            before has seen none of them: reviews were switched off and on again.
    """
    if entry.release is not None:
        return False
    if last is None:
        return decisions - entry.decisions_at_training >= every
    return decisions - (last.decisions if last.at >= began else 0) >= every


def failed(
    process: str, run: str, by: str, at: str, error: Exception, decisions: int
) -> EndedTraining:
    """A training that ended with an error; of one that is not ours only the type is told."""
    ours = error if isinstance(error, WinnowError) else InternalError(f"{type(error).__name__}.")
    hint = AGAIN if isinstance(ours, RetryableError | InternalError) else ours.hint
    return EndedTraining(
        process=process,
        run=run,
        by=by,
        at=at,
        outcome=TrainingOutcome.FAILED,
        code=ours.code,
        sentence=ours.message,
        hint=hint,
        decisions=decisions,
    )


class TrainInput(FrozenModel):
    """What the train function is asked for."""

    process: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    by: str = Field(min_length=1, max_length=200, description="who asked for it")
    every: int | None = Field(
        None,
        ge=1,
        description="train only if people made as many decisions since the last training; absent: "
        "whatever they made",
    )


class CheckInput(FrozenModel):
    """What the schedule of the golden set asks the train function for."""

    check: Literal["idle"] = Field(description="the releases that nobody has audited yet")


class CheckReport(FrozenModel):
    """What the train function answers to it."""

    taken_back: tuple[str, ...] = Field(description="processes whose challenger was taken back")


class TrainReport(FrozenModel):
    """What the train function answers."""

    process: str
    outcome: Literal["better", "not_better", "worse", "failed", "not_due", "moved"] = Field(
        description="not_due: nothing was trained; moved: it is trained by a job of AWS Batch"
    )
    challenger: str | None = None
    code: str | None = None
