"""What a call of the sweep is given, and what it says it has done."""

from pydantic import BaseModel, ConfigDict, Field

from winnow.models import FrozenModel


class SweepOptions(BaseModel):
    """What a stack decides about sweeping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    missed_s: float = Field(900, gt=0, description="age at which an upload without a row is missed")
    retention_days: int = Field(ge=1, description="how long the table keeps a row claimed now")
    attempts: int = Field(3, ge=1, description="runs an upload gets before it is given up")
    pages: int = Field(100_000, ge=1, description="pages of the inbox a call")
    starts: int = Field(5_000, ge=1, description="runs started a call")


class SweepInput(BaseModel):
    """What the schedule sends; nothing in it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SweepFailure(FrozenModel):
    """An upload that could not be started again, and the code of the error."""

    upload_id: str | None
    """None: a whole page of the inbox or of the index"""
    code: str


class SweepReport(FrozenModel):
    """What a call saw and did."""

    versions: int = Field(0, ge=0, description="versions listed, without folders")
    looked_up: int = Field(0, ge=0, description="of these, those whose row was looked for")
    unfinished: int = Field(0, ge=0, description="found without an end")
    restarted: int = Field(0, ge=0)
    abandoned: int = Field(0, ge=0)
    doubles: int = Field(0, ge=0)
    failed: int = Field(0, ge=0, description="that could not be started again")
    failures: tuple[SweepFailure, ...] = Field((), description="the first of these")
    oldest_unfinished_s: float = Field(0.0, ge=0, description="of all calls of a walk, or the last")
    complete: bool = Field(True, description="the walk came to the inbox's end")
