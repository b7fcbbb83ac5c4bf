"""An encoder that remembers: for two judges of the same records, which ask for the same sentences.

Encoding is most of what judging costs. A sentence's vector does not depend on the others in the
call (see `winnow.ports.Encoder`), so that a remembered one is the same to the bit.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from winnow.models import ModelInfo
from winnow.ports import Encoder


@runtime_checkable
class Knowing(Protocol):
    """An encoder that has vectors which it need not compute."""

    def knows(self, texts: Sequence[str]) -> bool:
        """Whether none of the texts has to be encoded."""
        ...


@runtime_checkable
class KeepsReadings(Protocol):
    """An encoder that has more of the sentences of definitions than vectors."""

    def readings(self, key: str) -> str | None:
        """What was kept under a key; None: nothing."""
        ...


def find_readings(encoder: Encoder, key: str) -> str | None:
    """What an encoder keeps under a key; None if it keeps nothing."""
    return encoder.readings(key) if isinstance(encoder, KeepsReadings) else None


class RememberingEncoder:
    """An Encoder that encodes each sentence once within `remembering`, and is another elsewhere.

    About two kilobytes of memory a sentence; all are forgotten at the end of the block.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._rows: dict[str, NDArray[np.float32]] | None = None

    @property
    def info(self) -> ModelInfo:
        """The other encoder's."""
        return self._encoder.info

    def knows(self, texts: Sequence[str]) -> bool:
        """Whether none of the texts has to be encoded."""
        return isinstance(self._encoder, Knowing) and self._encoder.knows(texts)

    def readings(self, key: str) -> str | None:
        """What the other encoder keeps of a definition's sentences."""
        return find_readings(self._encoder, key)

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Remember what is encoded until the end of the block."""
        self._rows = {}
        try:
            yield
        finally:
            self._rows = None

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `winnow.ports.Encoder`."""
        rows = self._rows
        if rows is None:
            return self._encoder(texts)
        new = list(dict.fromkeys(text for text in texts if text not in rows))
        if not new and not texts:
            return self._encoder(texts)
        if new:
            vectors = self._encoder(new)
            rows.update(zip(new, vectors, strict=True))
            if len(new) == len(texts):
                return vectors
        return np.stack([rows[text] for text in texts])
