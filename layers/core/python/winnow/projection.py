"""A linear map of sentence vectors after which their cosine follows what people call alike.

Stored as data: `projection.npz` and a card, `projection.json`, in a folder of their own.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from winnow.errors import HeadInvalidError
from winnow.models import ModelInfo, Shape

ARRAYS = "projection.npz"
CARD = "projection.json"

Floats = NDArray[np.float32]


class ProjectionCard(Shape):
    """What a projection was learned from."""

    created: str
    encoder: ModelInfo
    file: str
    file_sha256: str
    pairs: int = Field(ge=2)
    seeds: int = Field(ge=1, description="maps that were averaged")
    epochs: int
    decay: float = Field(description="weight of the squared distance from the identity")
    arrays_sha256: str


@dataclass(frozen=True)
class Projection:
    """The map, ready to use."""

    card: ProjectionCard
    matrix: Floats
    """Shape [512, 512]; a vector stands on its left."""

    def __call__(self, vectors: Floats) -> Floats:
        """The vectors mapped and of length 1; zeros stay zeros."""
        mapped = vectors @ self.matrix
        lengths = np.linalg.norm(mapped, axis=1, keepdims=True)
        return (mapped / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def load_projection(folder: Path, encoder: ModelInfo) -> Projection:
    """The projection in a folder, checked against its card and the encoder.

    :raises HeadInvalidError: it is damaged, or was learned with another encoder
    """
    try:
        card = ProjectionCard.model_validate_json((folder / CARD).read_bytes())
        arrays = (folder / ARRAYS).read_bytes()
    except (OSError, ValidationError) as error:
        raise HeadInvalidError(
            f"{folder.name} is no projection ({type(error).__name__})."
        ) from None
    if hashlib.sha256(arrays).hexdigest() != card.arrays_sha256:
        raise HeadInvalidError(f"{ARRAYS} is not the file that {CARD} describes.")
    if card.encoder.sha256 != encoder.sha256:
        raise HeadInvalidError(
            f"The projection was learned with {card.encoder.name} ({card.encoder.sha256[:12]}), "
            f"and this is {encoder.name} ({encoder.sha256[:12]})."
        )
    try:
        with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
            return Projection(card, stored["matrix"].astype(np.float32))
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise HeadInvalidError(f"{ARRAYS} cannot be read ({type(error).__name__}).") from None


def save_projection(folder: Path, card: ProjectionCard, arrays: bytes) -> None:
    """Write a projection into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARRAYS).write_bytes(arrays)
    (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
