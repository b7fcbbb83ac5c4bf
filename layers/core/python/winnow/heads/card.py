"""A trained head: a linear classifier over a record's vector and its numbers.

A head is data: arrays (`head.npz`, read without pickle) and a model card (`head.json`) with its
training data, its encoder and its measured quality. It is stored beside its process in `<id>.head/`
and is checked against the card's sha256 whenever it is loaded.

This module needs no numpy: Serialize, which carries heads from the image into a run, has none. What
a head computes is in `winnow.heads.linear`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from winnow.errors import HeadInvalidError
from winnow.models import FrozenModel, HeadInfo, ModelInfo, Profile, UnitInterval

ARRAYS = "head.npz"
CARD = "head.json"
TRAINING = "training.npz"
"""Held-out decisions of the training rows, so that `tune` can use them; runs do not read it."""


_ROUNDED = 1e-6
"""A definition has six digits of a threshold."""


class TrainingData(FrozenModel):
    """What a head was trained on; no text of it is kept."""

    file: str
    sha256: str
    rows: int = Field(ge=2)
    rows_of: dict[str, int] = Field(description="rows of each label")
    none: int = Field(0, ge=0, description="pictures of no label, which taught the scope alone")
    text_column: str | None = None
    label_column: str
    numeric_columns: tuple[str, ...] = ()


class Calibration(FrozenModel):
    """Knots of a non-decreasing map from score to confidence (see winnow.heads.calibration)."""

    version: str = Field(description="first 12 hex digits of the sha256 of its knots")
    rows: int = Field(ge=1, description="held-out decisions it was fitted on")
    scores: Annotated[tuple[UnitInterval, ...], Field(min_length=1)]
    confidences: Annotated[tuple[UnitInterval, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_a_map(self) -> "Calibration":
        pairs = list(zip(self.scores, self.scores[1:], strict=False))
        if len(self.scores) != len(self.confidences) or any(a >= b for a, b in pairs):
            raise ValueError("knots must come in pairs, scores rising")
        if list(self.confidences) != sorted(self.confidences):
            raise ValueError("confidences must not fall")
        return self


class Scope(FrozenModel):
    """When a record is out of scope: more unlike the training rows than they are to each other.

    A record is unlike them when its distance is great, and when no label fits it. Both are ranks in
    [0, 1] among held-out training rows, and so is `novelty`, which combines them
    (see winnow.heads.linear).
    """

    threshold: UnitInterval = Field(0.99, description="a record of greater novelty is out of scope")
    distances: Annotated[tuple[float, ...], Field(min_length=2)] = Field(
        description="quantiles of the held-out distances, in ascending order"
    )
    weaknesses: Annotated[tuple[float, ...], Field(min_length=2)] = Field(
        description="quantiles of how little any label fits: the greatest logit, negated, or the "
        "logit of being none of them"
    )
    strangeness: Annotated[tuple[float, ...], Field(min_length=2)] = Field(
        description="quantiles of distance and weakness combined"
    )


class ThresholdGuarantee(FrozenModel):
    """What `winnow tune` found: the threshold and the guarantee it keeps."""

    precision: UnitInterval
    confidence: UnitInterval
    threshold: UnitInterval
    coverage: UnitInterval
    rows: int
    accepted: int
    right: int
    file: str
    data_sha256: str
    held_out: bool | None = Field(
        description="false: some rows were trained on; their held-out decisions were used; null: "
        "it is not known whether any was"
    )
    created: str
    judging: str | None = Field(
        None,
        description="sha256 of what of the definition makes decisions and their confidence; "
        "absent: it was found before this was kept",
    )

    shown: tuple[UnitInterval, ...] = Field(
        (),
        description="every threshold from `threshold` on that the rows show to keep it; absent: it "
        "was found before these were kept, and holds at `threshold` alone",
    )

    def holds(self, threshold: float, judging: str) -> bool:
        """Whether it was found for decisions that are made so, at this very threshold.

        A higher threshold that was not tested may keep it or not: the few surest decisions may be
        worse than the many below them.
        """
        same = self.judging in (None, judging)
        return same and any(
            abs(threshold - one) <= _ROUNDED for one in (self.threshold, *self.shown)
        )


class CardMetrics(FrozenModel):
    """Cross-validated measures of the head on its training rows."""

    folds: int = Field(ge=2)
    accuracy: UnitInterval
    macro_f1: UnitInterval
    log_loss: float = Field(ge=0)
    ece_before: UnitInterval
    ece_after: UnitInterval = Field(description="calibration fitted on the other folds, too")
    accuracy_by_c: dict[str, float] = Field(
        description="accuracy for each value of C; the regularisation was chosen by it"
    )


class HeadCard(FrozenModel):
    """head.json: the model card."""

    format: Literal[2] = 2
    kind: Literal["labels", "criteria"]
    process: str
    labels: Annotated[tuple[str, ...], Field(min_length=2)]
    created: str
    encoder: ModelInfo | None = Field(None, description="absent: the head reads no text")
    picture_encoder: ModelInfo | None = Field(
        None, description="whose features the head weighs; absent: it reads no pictures"
    )
    evidence_encoder: ModelInfo | None = Field(
        None,
        description="by whose vectors the criteria were judged that the head weighs; absent: the "
        "head is of labels, or was trained before this was kept",
    )
    judging: str | None = Field(
        None,
        description="sha256 of what of the definition makes the decisions that the head vouches "
        "for; absent: the head is of labels, or was trained before this was kept",
    )
    data: TrainingData
    criteria: tuple[str, ...] = Field((), description="criteria whose scores it weighs")
    features: tuple[str, ...] = Field(
        (), description="features of the criteria's evidence that it weighs, behind their scores"
    )
    understood: tuple[str, ...] | None = Field(
        None,
        description="words that may undo a sentence, and stand in the evidence of right decisions; "
        "absent: the head lets every word pass",
    )
    caps: dict[str, UnitInterval] = Field(
        default_factory=dict,
        description="the most that a decision is trusted, by what may undo it: a class of words, a "
        "caution, a denial that only resembles; learned from the rows. Others: 0.6",
    )
    gram_bits: int = Field(0, ge=0, le=20, description="0: no n-grams")
    temperature: float = Field(gt=0)
    regularisation: float = Field(gt=0)
    seed: int
    metrics: CardMetrics
    calibration: Calibration | None = None
    scope: Scope | None = None
    profile: Profile | None = Field(None, description="profile of the held-out training rows")
    promise: ThresholdGuarantee | None = None
    arrays_sha256: str
    arrays_bytes: int

    def vouches_for(self, judging: str) -> bool:
        """Whether decisions that are made so are those it was trained on, as far as it says."""
        return self.judging in (None, judging)

    @property
    def info(self) -> HeadInfo:
        return HeadInfo(
            version=self.arrays_sha256[:12],
            sha256=self.arrays_sha256,
            calibration=self.calibration.version if self.calibration else None,
        )


@dataclass(frozen=True)
class HeadFiles:
    """A head as bytes; `sha256` identifies both files, and equality compares it alone."""

    sha256: str
    read: Callable[[], tuple[bytes, bytes]] = field(compare=False, repr=False)
    """Returns (card, arrays)."""

    @classmethod
    def of(cls, card: bytes, arrays: bytes) -> "HeadFiles":
        return cls(digest_of(card, arrays), lambda: (card, arrays))

    @classmethod
    def beside(cls, process_file: Path, process_id: str) -> "HeadFiles | None":
        """The head stored beside a process, if any.

        Raises:
            HeadInvalidError: Its files cannot be read, or do not match.
        """
        folder = folder_of(process_file, process_id)
        if not (folder / CARD).is_file():
            return None
        try:
            files = cls.of((folder / CARD).read_bytes(), (folder / ARRAYS).read_bytes())
        except OSError as error:
            raise HeadInvalidError(
                f"{folder.name} cannot be read ({type(error).__name__})."
            ) from None
        files.card()
        return files

    def card(self) -> HeadCard:
        """The card, with the arrays checked against it.

        Raises:
            HeadInvalidError: The card does not validate, or the files are not this head's.
        """
        return self.checked()[0]

    def checked(self) -> tuple[HeadCard, bytes]:
        """The card, and the arrays checked against it; both are read once.

        Raises:
            HeadInvalidError: The card does not validate, or the files are not this head's.
        """
        text, arrays = self.read()
        digest = hashlib.sha256(arrays)
        if _digest_of(text, digest.digest()) != self.sha256:
            raise HeadInvalidError("The head has changed since the run began.")
        card = parse_card(text)
        if len(arrays) != card.arrays_bytes or digest.hexdigest() != card.arrays_sha256:
            raise HeadInvalidError(f"{ARRAYS} is not the file that {CARD} describes.")
        return card, arrays


def parse_card(text: bytes) -> HeadCard:
    """Read `head.json`.

    Raises:
        HeadInvalidError: It is not a model card.
    """
    try:
        return HeadCard.model_validate_json(text)
    except ValidationError as error:
        fields = sorted({".".join(map(str, line["loc"])) for line in error.errors()})
        raise HeadInvalidError(f"{CARD} does not validate: {', '.join(fields)}.") from None


def digest_of(card: bytes, arrays: bytes) -> str:
    """What identifies a head: the sha256 of both files' sha256."""
    return _digest_of(card, hashlib.sha256(arrays).digest())


def _digest_of(card: bytes, arrays_sha256: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(card).digest() + arrays_sha256).hexdigest()


def folder_of(process_file: Path, process_id: str) -> Path:
    """The folder of a process's head."""
    return process_file.parent / f"{process_id}.head"
