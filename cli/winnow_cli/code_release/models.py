"""The shapes of a code release. Their fields are those of a release of a model.

Versions are those of the workflow, by number: a version of it names every function by version.
"""

from typing import Literal

from pydantic import Field

from winnow.models import Alias, FrozenModel
from winnow.registry.models import Stage
from winnow_cli.code_release.counts import Counts


class CodeRelease(FrozenModel):
    """New code on its way to have all runs."""

    stage: Stage
    challenger: str
    percent: int = Field(0, ge=0, le=100, description="share of new runs that it has")
    guarantee: None = None
    automatic: bool = Field(
        False, description="moved by CloudFormation (CodeRelease), not by a person"
    )
    started_at: str
    by: str
    id: str | None = Field(None, description="of a second stack: its keys begin with shadow/<id>/")
    comparison: Counts | None = Field(
        None, description="what a second stack made of retained uploads"
    )


class CodeEntry(FrozenModel):
    """The code of a stack: which versions of the workflow are called what."""

    stack: str
    champion: str
    challenger: str | None = None
    release: CodeRelease | None = Field(None, description="absent: the champion has all new runs")
    previous: str | None = Field(None, description="the champion before")
    previous_until: str | None = None
    taken_back: bool = Field(False, description="`previous` is code that was taken back")
    revision: int = Field(0, ge=0, description="a change names the one that it saw; 0: no change")
    changed_at: str = ""
    changed_by: str = ""


class CodeChange(FrozenModel):
    """One change of a stack's code. Changes are only added."""

    revision: int = Field(ge=1)
    at: str
    by: str
    action: Literal["canary", "shadow", "promoted", "rolled_back", "stopped"]
    champion_before: str
    champion_after: str
    challenger_after: str | None = None
    percent: int | None = None
    reason: str = ""


class Runs(FrozenModel):
    """How the newest runs of a version ended, at most a hundred of them."""

    runs: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = Field(0, description="failed, stopped or timed out; a bad file fails, too")


class CodeVersion(Runs):
    """A version of the workflow, and its newest runs."""

    version: str
    alias: Alias


class CodeStatus(FrozenModel):
    """The code of a stack, and its release, if one is under way."""

    stack: str
    revision: int
    champion: CodeVersion
    challenger: CodeVersion | None
    release: CodeRelease | None
    previous: str | None
    previous_until: str | None
