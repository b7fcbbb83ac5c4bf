"""How well cosine similarity agrees with human scores of sentence pairs: Pearson and Spearman."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.errors import FileUnreadableError, NoRecordsError
from winnow.ports import Encoder


class Pair(NamedTuple):
    """Two sentences and how alike people find them."""

    first: str
    second: str
    score: float


class Agreement(NamedTuple):
    """Correlations in [-1, 1] between cosine similarities and human scores."""

    pearson: float
    spearman: float


def read_pairs(file: Path) -> list[Pair]:
    """Rows of sentence 1, sentence 2, score; a first row whose score is no number is a header.

    Raises:
        FileUnreadableError: a row has not three fields or no number for a score; names the line.
        NoRecordsError: fewer than two pairs, which no correlation is defined for.
    """
    pairs: list[Pair] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for row in reader:
                if not row:
                    continue
                try:
                    first, second, score = row
                    pairs.append(Pair(first, second, float(score)))
                except ValueError:
                    if reader.line_num > 1 or len(row) != 3:
                        raise FileUnreadableError(
                            f"Line {reader.line_num} is not sentence, sentence, score."
                        ) from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileUnreadableError(f"It is not CSV in UTF-8 ({type(error).__name__}).") from None
    if len(pairs) < 2:
        raise NoRecordsError("The file has fewer than two pairs.")
    return pairs


def measure(pairs: Sequence[Pair], encoder: Encoder) -> Agreement:
    """Encodes every sentence once and correlates the pairs' cosines with their scores."""
    count = len(pairs)
    vectors = encoder([*(pair.first for pair in pairs), *(pair.second for pair in pairs)])
    # Rows are L2-normalised: the dot product is the cosine.
    cosines = np.einsum("ij,ij->i", vectors[:count], vectors[count:]).astype(np.float64)
    scores = np.array([pair.score for pair in pairs], dtype=np.float64)
    return Agreement(pearson(cosines, scores), pearson(ranks(cosines), ranks(scores)))


def pearson(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Pearson's correlation; NaN where one side never varies."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.corrcoef(left, right)[0, 1])


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, ties sharing their mean rank, as Spearman's correlation wants."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: NDArray[np.float64] = (last - (counts - 1) / 2.0)[place]
    return shared
