"""A text-to-vector fake: a fixed table where a test needs exact cosines, hashed words elsewhere."""

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.models import ModelInfo

SIZE = 512


class FakeEncoder:
    """Satisfies `winnow.ports.Encoder`: float32 [n, 512], normalised rows, zeros for blank texts.

    Texts that share words are similar. `table` gives texts vectors of their own: short ones are
    filled up with zeros, all are normalised. `calls` keeps what was asked for.
    """

    info = ModelInfo(name="fake", version="1", sha256="0" * 64, engine="fake")

    def __init__(self, table: Mapping[str, Sequence[float]] | None = None) -> None:
        self._table = dict(table or {})
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls.append(list(texts))
        out = np.zeros((len(texts), SIZE), np.float32)
        for row, text in zip(out, texts, strict=True):
            if text in self._table:
                row[: len(self._table[text])] = self._table[text]
            else:
                for word in re.findall(r"\w+", text.casefold()):
                    digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
                    row[int.from_bytes(digest, "big") % SIZE] += 1.0
            if (length := float(np.linalg.norm(row))) > 0:
                row /= length
        return out
