"""All segments of one call, split, encoded once and compared with every reference sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.judging import segments
from winnow.ports import Encoder


@dataclass(frozen=True)
class Sheet:
    """Segments of a call and their similarities.

    `similarity[row]` belongs to `unique[row]`; `rows[i]` and `spans[i]` to the segments of text i.
    """

    unique: list[str]
    similarity: NDArray[np.float32]
    """Shape [len(unique), references]: cosine, negatives as 0."""
    spans: list[list[segments.Span]]
    rows: list[NDArray[np.intp]]


class Comparer:
    """Compares texts with reference sentences; these are encoded once, here."""

    def __init__(self, encoder: Encoder, references: Sequence[str]) -> None:
        self._encoder = encoder
        self._references = encoder(list(references)).T.copy()

    def __call__(self, texts: Sequence[str]) -> Sheet:
        """One encoder call and one matrix product, whatever the number of texts.

        Equal segments are encoded once.
        """
        known: dict[str, int] = {}
        spans: list[list[segments.Span]] = []
        rows: list[NDArray[np.intp]] = []
        for text in texts:
            found = segments.spans(text)
            spans.append(found)
            rows.append(
                np.fromiter(
                    (known.setdefault(text[s:e], len(known)) for s, e in found),
                    dtype=np.intp,
                    count=len(found),
                )
            )
        unique = list(known)
        if unique:
            # A cosine of unit vectors may leave [0, 1] by rounding; no evidence is below 0.
            similarity = np.clip(self._encoder(unique) @ self._references, 0.0, 1.0)
        else:
            similarity = np.zeros((0, self._references.shape[1]), np.float32)
        return Sheet(unique, similarity, spans, rows)
