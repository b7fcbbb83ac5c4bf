"""The options, input and report of one call of the sweep."""

from pydantic import BaseModel, ConfigDict, Field

from winnow.models import FrozenModel


class SweepOptions(BaseModel):
    """The settings of the sweep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    missed_s: float = Field(
        900, gt=0, description="age from which an upload without a row counts as missed"
    )
    retention_days: int = Field(ge=1, description="how long the table keeps a row claimed now")
    attempts: int = Field(3, ge=1, description="runs of an upload before it is abandoned")
    pages: int = Field(100_000, ge=1, description="pages of the inbox per call")
    starts: int = Field(5_000, ge=1, description="runs started per call")


class SweepInput(BaseModel):
    """The event of the schedule; nothing in it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SweepFailure(FrozenModel):
    """An upload that could not be started again, and the code of the error."""

    upload_id: str | None
    """None: a whole page of the inbox or of the index"""
    code: str


class SweepReport(FrozenModel):
    """The counts of one call."""

    versions: int = Field(0, ge=0, description="versions listed, without folders")
    looked_up: int = Field(0, ge=0, description="versions whose row was looked up")
    unfinished: int = Field(0, ge=0, description="uploads without a finished run")
    restarted: int = Field(0, ge=0)
    abandoned: int = Field(0, ge=0)
    doubles: int = Field(0, ge=0)
    failed: int = Field(0, ge=0, description="uploads that could not be restarted")
    unqueued: int = Field(0, ge=0, description="runs whose records nobody had queued for review")
    failures: tuple[SweepFailure, ...] = Field((), description="the first of the failed ones")
    oldest_unfinished_s: float = Field(0.0, ge=0, description="of all calls of a walk, or the last")
    complete: bool = Field(True, description="the walk reached the end of the inbox")
