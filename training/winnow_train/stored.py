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
    kept_keys: NDArray[np.uint64] | None
    """Of pictures, what results keep of the row (`data.kept_keys_of`); None: it was not written."""
    decided: NDArray[np.int32]
    """Positions of the card's labels; -1: no label."""
    confidence: NDArray[np.float64]
    novelty: NDArray[np.float64]

    @property
    def known(self) -> frozenset[int]:
        """The keys of its rows, by what a judge sees and by what results keep of it."""
        kept = () if self.kept_keys is None else self.kept_keys.tolist()
        return frozenset((*self.keys.tolist(), *kept))


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
                stored.get("kept_keys"),
                stored["decided"],
                stored["confidence"].astype(np.float64),
                stored["novelty"].astype(np.float64),
            )
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise HeadInvalidError(f"{TRAINING} cannot be read ({type(error).__name__}).") from None
