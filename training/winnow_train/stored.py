"""training.npz: what the folds without each training row decided of it."""

import io
import zipfile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError
from winnow.heads.card import TRAINING


class HeldOutDecisions(NamedTuple):
    """One entry a training row."""

    arrays_sha256: str
    """Of the head that they are of."""
    keys: NDArray[np.uint64]
    """What a judge sees of the row (`data.keys_of`)."""
    decided: NDArray[np.int32]
    """Positions of the card's labels; -1: no label."""
    confidence: NDArray[np.float64]
    novelty: NDArray[np.float64]


def read_training(content: bytes) -> HeldOutDecisions:
    """Read training.npz.

    Raises:
        HeadInvalidError: It cannot be read.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return HeldOutDecisions(
                str(stored["arrays_sha256"]),
                stored["keys"],
                stored["decided"],
                stored["confidence"].astype(np.float64),
                stored["novelty"].astype(np.float64),
            )
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise HeadInvalidError(f"{TRAINING} cannot be read ({type(error).__name__}).") from None


def keys_of_training(content: bytes | None) -> frozenset[int]:
    """The keys of the rows that a head was trained on; none where that was not kept."""
    return frozenset() if content is None else frozenset(read_training(content).keys.tolist())
