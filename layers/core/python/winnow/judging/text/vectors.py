"""Texts as the vectors of their segments: split, and each distinct segment encoded once."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from winnow.judging.text import segments
from winnow.judging.text.blocks import blocks
from winnow.limits.budget import Check, no_deadline
from winnow.ports import Encoder
from winnow.storage.vectors import DIMENSIONS

Floats = NDArray[np.float32]
_INT8 = 127.0
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class SegmentedTexts:
    """The segments of several texts, each distinct one once.

    Segment j of text i stands at `spans[i][j]`, and is `unique[rows[i][j]]`.
    """

    unique: list[str]
    spans: list[list[segments.Span]]
    rows: list[NDArray[np.intp]]


def rows_of(keys: Iterable[K], rows: dict[K, int]) -> NDArray[np.intp]:
    """The row of each key; keys that are new are added to `rows`."""
    return np.array([rows.setdefault(key, len(rows)) for key in keys], np.intp)


@dataclass(frozen=True)
class SegmentVectors(SegmentedTexts):
    """Segments with their vectors: `vectors[row]` is that of `unique[row]`."""

    vectors: Floats
    """Shape [len(unique), 512]."""

    def sums(self, values: NDArray[np.floating]) -> Floats:
        """Shape [texts, k]: the sum of `values` [len(unique), k] over each text's segments."""
        if not len(values):
            return np.zeros((len(self.spans), values.shape[1]), np.float32)
        # Most texts have one segment: one copy of its values is all that they cost.
        firsts = [rows[0] if len(rows) else 0 for rows in self.rows]
        out = values[firsts].astype(np.float32, copy=False)
        out[[index for index, rows in enumerate(self.rows) if not len(rows)]] = 0
        several = [index for index, rows in enumerate(self.rows) if len(rows) > 1]
        if several:
            starts = np.cumsum([0, *(len(self.rows[index]) for index in several[:-1])])
            every = values[np.concatenate([self.rows[index] for index in several])]
            out[several] = np.add.reduceat(every, starts, axis=0)
        return out

    def text_vectors(self) -> tuple[Floats, NDArray[np.float32]]:
        """Sums of the segments' vectors, made of length 1, and [texts, 1]: the lengths before.

        A text without segments gets zeros, and the length 1.
        """
        sums = self.sums(self.vectors)
        lengths = np.sqrt((sums.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
        lengths = np.where(lengths > 0, lengths, 1.0).astype(np.float32)
        return (sums / lengths).astype(np.float32), lengths


def packed(vectors: Floats) -> list[bytes | None]:
    """The directions of vectors [n, d] as d int8 each; None: it is zero."""
    greatest = np.abs(vectors).max(axis=1, initial=0.0, keepdims=True)
    scaled = np.rint(vectors * (_INT8 / np.where(greatest > 0, greatest, 1.0)))
    rows, known = scaled.astype(np.int8), (greatest[:, 0] > 0).tolist()
    return [row.tobytes() if any_ else None for row, any_ in zip(rows, known, strict=True)]


def text_vector(text: str, encoder: Encoder) -> NDArray[np.int8]:
    """The vector of a text that records may be like; zeros: it has no sentence."""
    (vector,) = packed(encode_segments([text], encoder).text_vectors()[0])
    return np.frombuffer(vector, np.int8) if vector else np.zeros(DIMENSIONS, np.int8)


def encode_segments(
    texts: Sequence[str], encoder: Encoder, check: Check = no_deadline
) -> SegmentVectors:
    """The vectors of the texts' segments: one encoder call a block of segments, of all texts."""
    known: dict[str, int] = {}
    spans: list[list[segments.Span]] = []
    rows: list[NDArray[np.intp]] = []
    for text in texts:
        check()
        spans.append(segments.spans(text))
        rows.append(rows_of((text[start:end] for start, end in spans[-1]), known))
    unique = list(known)
    parts: list[Floats] = []
    for block in blocks(unique):
        check()
        parts.append(encoder(unique[block]))
    vectors = np.concatenate(parts) if parts else encoder([])
    return SegmentVectors(unique, spans, rows, vectors)
