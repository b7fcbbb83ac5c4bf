"""What is kept of a version's live precision: one observation an audited record, and the bounds.

They are kept in the table of versions, and name records by upload and number: no text.
"""

from collections.abc import Iterable

from pydantic import ConfigDict, Field

from winnow.models import FrozenModel, UnitInterval
from winnow.releases.change import Watch
from winnow.releases.precision import Precision


class _Stored(FrozenModel):
    """Base of what is kept in the table."""

    model_config = ConfigDict(extra="ignore")


class Observation(_Stored):
    """What a person found of one accepted record that was drawn for an audit."""

    process: str
    version: str = Field(description="sha256 of the version that accepted it")
    upload: str
    record: int = Field(ge=1)
    ordinal: int = Field(ge=1, description="place in the sequence: when it was first decided")
    event: int = Field(ge=1, description="version of the record's review that it is of")
    correct: bool | None = Field(
        description="the person decided as the version had; absent: undone, or cannot tell"
    )
    probability: float = Field(gt=0, le=1, description="with which the record was drawn")
    floor: float = Field(
        gt=0, le=1, description="smallest probability with which one of its run was drawn"
    )
    blind: bool = Field(False, description="decided without seeing the version's decision")
    at: str = Field(description="of the decision, ISO 8601 in UTC")


class VersionWatch(_Stored):
    """The live precision of one version."""

    process: str
    version: str
    revision: int = Field(0, ge=0, description="a change names the one that it saw")
    observed: int = Field(0, ge=0, description="observations, void ones counted: the last ordinal")
    guarantee: UnitInterval | None = Field(
        None, description="precision of what is accepted; absent: none was promised"
    )
    state: Watch
    broken: bool = Field(False, description="the guarantee is not kept, and people were told")
    told: int = Field(0, ge=0, description="revision of the last change by the gate that was told")

    @property
    def precision(self) -> Precision:
        """The bounds as they are now."""
        return self.state.precision


class VersionTotals(FrozenModel):
    """Counts of a version's observations."""

    audited: int = Field(0, ge=0, description="records with an answer that says right or wrong")
    right: int = Field(0, ge=0)
    void: int = Field(0, ge=0, description="undone, or cannot tell")
    blind: int = Field(0, ge=0, description="of the audited: decided blind")

    @classmethod
    def of(cls, observations: Iterable[Observation]) -> "VersionTotals":
        """The counts of some observations."""
        every = list(observations)
        known = [one for one in every if one.correct is not None]
        return cls(
            audited=len(known),
            right=sum(one.correct is True for one in known),
            void=len(every) - len(known),
            blind=sum(one.blind for one in known),
        )
