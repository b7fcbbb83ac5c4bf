"""Training a version again from its manifest, and saying whether it is the same."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from winnow.errors import HeadInvalidError, NotReproducibleError
from winnow.heads.card import HeadCard, HeadFiles
from winnow.heads.linear import BLOCKS, places_of
from winnow.models import FrozenModel
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.schema import ProcessDefinition
from winnow.registry.models import DataManifest
from winnow.registry.training_rows import TrainingRow
from winnow_train.challenger import fit_head
from winnow_train.data import LabelledData
from winnow_train.fit import Fitted
from winnow_train.train import train
from winnow_train.training_set import Options

_NO_PART_OF_JUDGING = {
    *("format", "created", "data", "metrics", "profile", "promise"),
    *("arrays_sha256", "arrays_bytes"),
}
_WEIGHTS_FILES = ("encoder", "picture_encoder", "evidence_encoder")
"""Encoders: the same weights under another engine's name are the same."""


class Reproduction(FrozenModel):
    """Whether a version that was trained again is the same."""

    same: bool = Field(
        description="every array of the head, bit for bit, and all of its card that judges"
    )
    same_calibration: bool
    card_differs: tuple[str, ...] = Field((), description="fields of the card that are others")
    arrays: dict[str, float] = Field(
        description="the greatest difference in each array that is not the same"
    )
    shapes_differ: tuple[str, ...] = Field((), description="arrays of another shape, or missing")
    confidence: float = Field(description="the greatest difference of a held-out confidence")
    decisions: int = Field(description="held-out decisions that differ")
    rows: int
    sentence: str


def reproduce(
    definition: ProcessDefinition,
    head: HeadFiles,
    training: bytes | None,
    data: DataManifest,
    rows: Sequence[TrainingRow],
    encoder: Encoder | PictureEncoder,
    *,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Reproduction:
    """Train a version again that `retrain` made, from the rows of its manifest.

    Args:
        definition: The version's own.
        head: Its head.
        training: Its training.npz, to compare decisions with.
        data: Its manifest.
        rows: The rows of the manifest's parts, in their order.
        encoder: Makes the vectors of texts, or has made those of the pictures.
        workers: Processes that fit folds at the same time.
        report: Is told what is being done.

    Raises:
        NotReproducibleError: Rows are missing, or the encoder is another one.
    """
    card = head.card()
    trained = [row for row in rows if not row.held_out]
    if len(trained) != data.rows:
        raise NotReproducibleError(
            f"{definition.id} was trained on {data.rows:,} rows, and {len(trained):,} are left: "
            "some were erased, or never kept."
        )
    _require_encoder(card, encoder)
    values = data.options
    options = Options(
        seed=data.seed,
        held_out=float(values["held_out"]),
        max_weight=float(values["max_weight"]),
        min_reviews=int(values["min_reviews"]),
        min_held_out=int(values["min_held_out"]),
    )
    # As it was before the training found the version's own threshold.
    before = definition.model_copy(
        update={"threshold": float(values["threshold"]), "version": values["version"]}
    )
    strengths = values.get("strengths")
    fitted = fit_head(
        before,
        trained,
        encoder,
        name=card.data.file,
        strengths=tuple(map(float, strengths.split(", "))) if strengths else None,
        created=card.created,
        options=options,
        workers=workers,
        report=report,
    )
    return compared(head, training, fitted)


def reproduce_from_file(
    definition: ProcessDefinition,
    head: HeadFiles,
    training: bytes | None,
    labelled: LabelledData,
    encoder: Encoder | PictureEncoder,
    report: Callable[[str], None] = lambda _: None,
) -> Reproduction:
    """Train a head again that `winnow train` made, from its file: a shipped one, for example.

    Raises:
        NotReproducibleError: The file or the encoder is another one.
    """
    card = head.card()
    if labelled.sha256 != card.data.sha256:
        raise NotReproducibleError(
            f"The head of {definition.id} was trained on another version of its file "
            f"({card.data.sha256[:12]}, this is {labelled.sha256[:12]})."
        )
    _require_encoder(card, encoder)
    fitted = train(
        definition,
        labelled,
        encoder,
        label_column=card.data.label_column,
        text_column=card.data.text_column,
        created=card.created,
        seed=card.seed,
        report=report,
    )
    return compared(head, training, fitted)


def _require_encoder(card: HeadCard, encoder: Encoder | PictureEncoder) -> None:
    trained = card.encoder or card.picture_encoder or card.evidence_encoder
    if trained is not None and trained.sha256 != encoder.info.sha256:
        raise NotReproducibleError(
            f"The head of {card.process} was trained with the encoder "
            f"{trained.sha256[:12]}, and this is {encoder.info.sha256[:12]}."
        )


def compared(head: HeadFiles, training: bytes | None, fitted: Fitted) -> Reproduction:
    """A head against the one that was trained again."""
    card = head.card()
    ours = _weights(card, _arrays(head.read()[1]))
    theirs = _weights(fitted.card, _arrays(fitted.arrays))
    names = sorted({*ours, *theirs})
    odd = [n for n in names if n not in ours or n not in theirs or _shape(ours[n], theirs[n])]
    differences = {
        name: float(np.abs(ours[name].astype(float) - theirs[name].astype(float)).max())
        for name in names
        if name not in odd and not np.array_equal(ours[name], theirs[name])
    }
    before, after = _arrays(training) if training else {}, _arrays(fitted.training)
    decisions, confidence = 0, 0.0
    if "decided" in before and before["decided"].shape == after["decided"].shape:
        decisions = int((before["decided"] != after["decided"]).sum())
        confidence = float(np.abs(before["confidence"] - after["confidence"]).max())
    fields = _fields_that_differ(card, fitted.card)
    same = not odd and not differences and not fields
    return Reproduction(
        same=same,
        same_calibration=card.calibration == fitted.card.calibration,
        card_differs=fields,
        arrays=differences,
        shapes_differ=tuple(odd),
        confidence=confidence,
        decisions=decisions,
        rows=fitted.card.data.rows,
        sentence=_sentence(fitted.card, odd, differences, decisions, confidence, fields),
    )


def _sentence(
    card: HeadCard,
    odd: Sequence[str],
    differences: dict[str, float],
    decisions: int,
    confidence: float,
    fields: Sequence[str],
) -> str:
    whose = f"Trained again on {card.data.rows:,} rows, the head of {card.process}"
    others = f" Other on the card: {', '.join(fields)}." if fields else ""
    if odd:
        return f"{whose} is another one: {', '.join(odd)} have other shapes.{others}"
    if not differences and fields:
        return f"{whose} has the same arrays, bit for bit, and judges otherwise.{others}"
    if not differences:
        return f"{whose} is the same, bit for bit."
    most = max(differences.values(), default=0.0)
    return (
        f"{whose} differs by {most:.2g} at most in its arrays, and by {confidence:.2g} in "
        f"confidence; {decisions:,} of {card.data.rows:,} held-out decisions differ.{others}"
    )


def _fields_that_differ(card: HeadCard, again: HeadCard) -> tuple[str, ...]:
    """Fields of a card that judge and are others; what it did not keep yet is not compared."""
    kept, made = (_judging_fields(one) for one in (card, again))
    return tuple(
        name
        for name, value in kept.items()
        if name in card.model_fields_set and value is not None and value != made[name]
    )


def _judging_fields(card: HeadCard) -> dict[str, Any]:
    """All but what names the training and its files, and what `tune` writes."""
    fields = card.model_dump(exclude=_NO_PART_OF_JUDGING)
    if card.scope is not None:
        fields["scope"] = card.scope.model_dump(exclude={"threshold"})
    for name in _WEIGHTS_FILES:
        encoder = fields.pop(name)
        fields[name] = encoder and encoder["sha256"]
    return fields


def _shape(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape != other.shape


def _weights(card: HeadCard, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays of a head, with the n-grams of all places: heads of before have them."""
    for block, _ in BLOCKS:
        if (places := arrays.pop(places_of(block), None)) is not None:
            rows = arrays[block]
            arrays[block] = np.zeros((1 << card.gram_bits, rows.shape[1]), rows.dtype)
            arrays[block][places] = rows
    return arrays


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError) as error:
        raise HeadInvalidError(
            f"The head's arrays cannot be read ({type(error).__name__})."
        ) from None
