"""The shapes of the registry: versions, aliases and their history.

They are kept in a table that an older or newer Winnow may read: a field that it does not know is
ignored. No text of a document is in them.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict, Field

from winnow.models import (
    Alias,
    FrozenModel,
    HeadInfo,
    HeadRef,
    ModelInfo,
    ObjectRef,
    StoredFile,
    UnitInterval,
    VersionRef,
)

if TYPE_CHECKING:
    from winnow.heads.card import HeadFiles
    from winnow.processes.schema import ProcessDefinition

__all__ = [
    "Action",
    "Alias",
    "AliasChange",
    "DataManifest",
    "DataPart",
    "ModelVersion",
    "PinnedVersion",
    "ProcessEntry",
    "Release",
    "Sha256",
    "Stage",
    "StoredFile",
    "VersionMetrics",
    "VersionRef",
]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Stored(FrozenModel):
    """Base of what is kept in the table."""

    model_config = ConfigDict(extra="ignore")


class DataPart(_Stored):
    """One set of rows that a version was trained on."""

    kind: Literal["file", "reviews"]
    object: ObjectRef | None = Field(
        None, description="the rows, with their version id; absent: they were not kept"
    )
    sha256: str = Field(description="of the rows")
    rows: int = Field(ge=0)
    name: str = Field(description="what people know it by; no path")


class DataManifest(_Stored):
    """What a version was trained on, so that it can be trained again: no text."""

    parts: tuple[DataPart, ...]
    rows: int = Field(ge=0)
    rows_of: dict[str, int] = Field(default_factory=dict, description="rows of each label")
    seed: int = 0
    options: dict[str, str] = Field(default_factory=dict, description="of the training")


class VersionMetrics(_Stored):
    """How well a version does on held-out rows; absent: not measured."""

    accuracy: UnitInterval | None = None
    macro_f1: UnitInterval | None = None
    log_loss: float | None = Field(None, ge=0)
    ece: UnitInterval | None = Field(None, description="expected calibration error")
    accepted: UnitInterval | None = Field(None, description="share accepted at its threshold")
    accepted_precision: UnitInterval | None = Field(
        None, description="share of these that is right"
    )
    accepted_precision_lower: UnitInterval | None = Field(
        None, description="lower 95% bound of that"
    )
    rows: int = Field(ge=0, description="that it was measured on")
    against: str | None = Field(None, description="sha256 of the champion on the same rows")
    champion_accuracy: UnitInterval | None = Field(None, description="that champion's accuracy")
    mcnemar_p: UnitInterval | None = Field(
        None, description="probability of such a difference between two that are equally good"
    )
    better: bool | None = Field(None, description="than the champion; absent: not compared")


class ModelVersion(_Stored):
    """One version of a process: never changed, but for `reproducible`."""

    process: str
    sha256: Sha256 = Field(description="of the definition's sha256 and its head's")
    process_version: str = Field(description="the version that the definition calls itself")
    kind: Literal["criteria", "labels"]
    codes: tuple[str, ...] = Field((), description="other names of the process")
    definition_sha256: Sha256 = Field(description="of the definition's canonical JSON")
    head: HeadInfo | None = Field(None, description="absent: it has no trained head")
    head_sha256: Sha256 | None = Field(None, description="of the head's card and arrays")
    threshold: UnitInterval = Field(description="minimum confidence of an accepted record")
    guarantee: UnitInterval | None = Field(
        None, description="precision that `winnow tune` found of what is accepted"
    )
    created: str = Field(description="when it was published, ISO 8601 in UTC")
    by: str = Field(description="who published it")
    source: Literal["shipped", "published", "trained"]
    parents: tuple[str, ...] = Field((), description="sha256 of the versions it was made from")
    encoder: ModelInfo | None = Field(None, description="that its vectors are of; absent: none")
    code: str = Field("", description="version of Winnow that published it")
    metrics: VersionMetrics | None = None
    data: DataManifest | None = Field(None, description="absent: what it was trained on is unknown")
    reproducible: bool | None = Field(
        None, description="whether training it again gives it; absent: not tried"
    )
    files: tuple[StoredFile, ...] = ()

    @property
    def short(self) -> str:
        """What people are shown: the first 12 hex digits."""
        return self.sha256[:12]

    def file(self, name: str) -> StoredFile | None:
        """Its file of this name, if it has one."""
        return next((file for file in self.files if file.name == name), None)

    @property
    def references(self) -> StoredFile | None:
        """The vectors of its reference sentences, if they were computed."""
        return next((f for f in self.files if f.name.startswith("references-")), None)

    @property
    def head_ref(self) -> HeadRef | None:
        """Where its trained head is, if it has one."""
        card, arrays = self.file("head.json"), self.file("head.npz")
        if self.head_sha256 is None or card is None or arrays is None:
            return None
        return HeadRef(card=card.object, arrays=arrays.object, sha256=self.head_sha256)


class Stage(StrEnum):
    """How far the release of a challenger is."""

    SHADOW = "shadow"
    """The champion decides; the challenger judges the same records and is only counted."""
    CANARY = "canary"
    """The challenger decides a share of the uploads."""


class Release(_Stored):
    """A challenger on its way to become champion."""

    stage: Stage
    challenger: Sha256
    percent: int = Field(0, ge=0, le=100, description="share of the uploads that it decides")
    guarantee: UnitInterval | None = Field(
        None, description="precision to be proved; absent: it is never promoted by itself"
    )
    automatic: bool = Field(False, description="promoted by itself when that is proved")
    key: str = Field(description="random hex digits: which uploads are on which side")
    started_at: str
    by: str


class ProcessEntry(_Stored):
    """A process in the registry: which of its versions are called what."""

    process: str
    codes: tuple[str, ...] = Field((), description="the champion's other names of the process")
    kind: Literal["criteria", "labels"]
    champion: Sha256
    challenger: Sha256 | None = None
    release: Release | None = Field(None, description="absent: the champion decides alone")
    promised: UnitInterval | None = Field(
        None, description="guarantee that the champion was released with; absent: its own"
    )
    previous: Sha256 | None = Field(None, description="the champion before")
    previous_promised: UnitInterval | None = Field(
        None, description="guarantee that that one was released with; absent: its own"
    )
    previous_until: str | None = Field(None, description="until when that one is kept ready")
    taken_back: bool = Field(False, description="`previous` is a champion that was taken back")
    decisions_at_training: int = Field(
        0, ge=0, description="decisions that people had made when it was last trained"
    )
    revision: int = Field(ge=1, description="a change names the one that it saw")
    changed_at: str
    changed_by: str

    @property
    def names(self) -> tuple[str, ...]:
        """The id and the codes."""
        return (self.process, *self.codes)

    def alias_of(self, sha256: str) -> Alias | None:
        """What a version is called now, if anything."""
        if sha256 == self.champion:
            return Alias.CHAMPION
        return Alias.CHALLENGER if sha256 == self.challenger else None


class Action(StrEnum):
    """What was done to the aliases of a process."""

    PUBLISHED = "published"
    """Its first version became champion, or a newer shipped one did."""
    CHALLENGER = "challenger"
    SHADOW = "shadow"
    CANARY = "canary"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    STOPPED = "stopped"


class AliasChange(_Stored):
    """One change of a process's entry. Changes are only added."""

    process: str
    revision: int = Field(ge=1, description="of the entry after it")
    at: str = Field(description="when, ISO 8601 in UTC")
    by: str
    action: Action
    champion_before: str | None = None
    champion_after: str
    challenger_before: str | None = None
    challenger_after: str | None = None
    percent: int | None = Field(None, description="of a canary")
    reason: str = Field("", description="a sentence; no text of documents")
    code: str | None = Field(None, description="stable code of the reason, if it has one")
    automatic: bool = Field(False, description="done by the gate, not by a person")

    @property
    def released(self) -> str | None:
        """The version that was promoted or taken back."""
        if self.action is Action.ROLLED_BACK and self.champion_before != self.champion_after:
            return self.champion_before
        return self.challenger_before


class DeployedCode(FrozenModel):
    """The code of the functions that judge: what was deployed last."""

    version: str
    """Winnow's."""
    at: str


@dataclass(frozen=True)
class PinnedVersion:
    """The version that a run is judged by, and the one that judges beside it.

    Equality compares what names the version and the one beside it: the rest follows from that.
    """

    ref: VersionRef
    definition: "ProcessDefinition" = field(compare=False)
    stored: ObjectRef | None = field(default=None, compare=False)
    """definition.json, immutable; None: the version is of a folder, and the run keeps a copy."""
    head: HeadRef | None = field(default=None, compare=False)
    """The trained head, immutable."""
    references: StoredFile | None = field(default=None, compare=False)
    """Vectors of its reference sentences."""
    files: "HeadFiles | None" = field(default=None, compare=False)
    """The trained head of a version of a folder; the run keeps a copy."""
    shadow: "PinnedVersion | None" = None
    """Judges the same records and is only counted."""
    entry: ProcessEntry | None = field(default=None, compare=False)
    """None: the version is of a folder."""
