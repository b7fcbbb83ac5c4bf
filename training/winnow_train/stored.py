"""training.npz: what the folds without each training row decided of it.

It also says which rows the head knows, so that none of them is taken for a new one: a row as it
was, the same words in another layout, and a near copy of it.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError
from winnow.heads.card import TRAINING, folder_of


class HeldOutDecisions(NamedTuple):
    """One entry a training row."""

    arrays_sha256: str
    """Of the head that they are of."""
    keys: NDArray[np.uint64]
    """What a judge sees of the row (`data.keys_of`)."""
    kept_keys: NDArray[np.uint64] | None
    """Of pictures, what results keep of the row (`data.kept_keys_of`); None: it was not written."""
    copy_keys: NDArray[np.uint64] | None
    """Of texts, the words that a judge sees (`data.copy_keys_of`); None: it was not written."""
    signatures: NDArray[np.uint16] | None
    """Of texts, what near copies agree in (`near_copies.signatures`); None: it was not written."""
    none: "NoneDecisions | None"
    """Of pictures of no label, which taught the scope alone; None: none did, or not written."""
    decided: NDArray[np.int32]
    """Positions of the card's labels; -1: no label."""
    confidence: NDArray[np.float64]
    novelty: NDArray[np.float64]

    @property
    def known(self) -> frozenset[int]:
        """The keys of its rows, by what a judge sees and by what results keep of it."""
        kept = () if self.kept_keys is None else self.kept_keys.tolist()
        return frozenset((*self.keys.tolist(), *kept))


class NoneDecisions(NamedTuple):
    """One entry a picture of no label that was trained on."""

    keys: NDArray[np.uint64]
    kept_keys: NDArray[np.uint64]
    novelty: NDArray[np.float64]


def training_beside(process_file: Path, process_id: str) -> bytes | None:
    """training.npz of the head beside a process; None: it is not there.

    Raises:
        HeadInvalidError: It cannot be read.
    """
    file = folder_of(process_file, process_id) / TRAINING
    try:
        return file.read_bytes() if file.is_file() else None
    except OSError as error:
        raise HeadInvalidError(f"{TRAINING} cannot be read ({type(error).__name__}).") from None


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
                stored.get("copy_keys"),
                stored.get("signatures"),
                _none(stored),
                stored["decided"],
                stored["confidence"].astype(np.float64),
                stored["novelty"].astype(np.float64),
            )
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise HeadInvalidError(f"{TRAINING} cannot be read ({type(error).__name__}).") from None


def _none(stored: Mapping[str, NDArray[Any]]) -> NoneDecisions | None:
    if "none_keys" not in stored:
        return None
    novelty = stored["none_novelty"].astype(np.float64)
    return NoneDecisions(stored["none_keys"], stored["none_kept_keys"], novelty)
