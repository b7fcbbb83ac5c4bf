"""The golden set of one version: the labelled rows that it was not trained on.

The rows were held out of the trainings that the stack made. A version that was trained elsewhere,
on an export of the same reviews, may have learned them by heart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from winnow.heads.card import TRAINING
from winnow.ports import ObjectStore, PictureEncoder
from winnow.processes.schema import ProcessDefinition, parse_definition_json
from winnow.registry.files import DEFINITION
from winnow.registry.models import ModelVersion
from winnow.registry.training_rows import TrainingRow
from winnow.registry.verified import read_verified
from winnow.releases.golden import GoldenResult
from winnow_encoder.golden import judged
from winnow_encoder.references import ReferenceVectors
from winnow_train.data import keys_of
from winnow_train.stored import read_training
from winnow_train.training_set import labelled_data, seen_rows


@dataclass(frozen=True)
class Unseen:
    """Labelled rows that a version was not trained on, nor on near copies, as far as is known."""

    rows: tuple[TrainingRow, ...]
    seen: int
    """Rows that are left out: it was trained on them."""
    known: bool
    """False: it has a head, and nothing says what that was trained on."""


def unseen(
    version: ModelVersion,
    definition: ProcessDefinition,
    rows: Sequence[TrainingRow],
    store: ObjectStore,
) -> Unseen:
    """The rows that a version was not trained on.

    Raises:
        VersionAlteredError: A file of the version is not what was published.
        HeadInvalidError: Its training.npz cannot be read.
    """
    if version.head_sha256 is None:
        return Unseen(tuple(rows), 0, known=True)
    if version.file(TRAINING) is None:
        return Unseen(tuple(rows), 0, known=False)
    stored = read_training(read_verified(store, version, TRAINING))
    labelled = labelled_data(definition, rows, "golden set").rows
    keys = keys_of(labelled, definition.input.numeric_columns, definition.cells_read)
    seen = seen_rows(definition, rows, keys, stored)
    kept = tuple(row for row, is_seen in zip(rows, seen, strict=True) if not is_seen)
    known = not definition.of_pictures or stored.kept_keys is not None
    return Unseen(kept, len(rows) - len(kept), known)


def judged_unseen(
    version: ModelVersion,
    rows: Sequence[TrainingRow],
    guarantee: float | None,
    threshold: float | None,
    store: ObjectStore,
    vectors: ReferenceVectors,
    pictures: Callable[[], PictureEncoder],
) -> GoldenResult:
    """What a version makes of the golden set, without the rows that it was trained on.

    Raises:
        VersionAlteredError: A file of the version is not what was published.
        HeadInvalidError: Its training.npz cannot be read.
    """
    definition = parse_definition_json(read_verified(store, version, DEFINITION))
    left = unseen(version, definition, rows, store)
    found = judged(version, list(left.rows), guarantee, threshold, store, vectors, pictures)
    return found.model_copy(update={"seen": left.seen, "seen_known": left.known})
