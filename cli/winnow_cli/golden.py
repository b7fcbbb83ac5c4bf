"""Champion and challenger on the golden set, judged here with the model that is built."""

from pathlib import Path
from typing import NamedTuple

from winnow.ports import PictureEncoder
from winnow.registry.models import ModelVersion, ProcessEntry
from winnow.releases import golden
from winnow.releases.golden import GoldenResult, golden_rows
from winnow_cli.models import StackModels
from winnow_cli.target import Target, parameters_of
from winnow_encoder import load_encoder
from winnow_encoder.pictures import load_picture_encoder
from winnow_encoder.references import ReferenceVectors
from winnow_train.golden import judged_unseen


class GoldenCheck(NamedTuple):
    """What both versions make of the same rows."""

    champion: GoldenResult
    challenger: GoldenResult


def check(
    models: StackModels,
    entry: ProcessEntry,
    challenger: ModelVersion,
    guarantee: float | None,
    model: Path,
    target: Target,
) -> GoldenCheck | None:
    """Judge the golden set by both versions, as the stack would; None: none of them has one.

    Raises:
        ModelInvalidError: The model is not built here.
        VersionAlteredError: A file of a version is not what was published.
    """
    champion = models.registry.version(entry.process, entry.champion)
    rows = golden_rows((challenger, champion), models.store)
    if not rows:
        return None
    threshold = _threshold(target)
    vectors = ReferenceVectors(load_encoder(model), model)

    def pictures() -> PictureEncoder:
        return load_picture_encoder(model)

    def judged(version: ModelVersion, guarantee: float | None) -> GoldenResult:
        return judged_unseen(version, rows, guarantee, threshold, models.store, vectors, pictures)

    return GoldenCheck(judged(champion, champion.guarantee), judged(challenger, guarantee))


def _threshold(target: Target) -> float | None:
    """The stack's threshold; None: each version has its own."""
    given = parameters_of(target).get("Threshold")
    return float(given) if given else None


def refuse_broken(entry: ProcessEntry, found: GoldenCheck | None) -> None:
    """Raise ReleaseInvalidError if the challenger breaks its guarantee on the golden set."""
    golden.refuse_broken(entry.process, None if found is None else found.challenger)
