"""How good an encoder is on sentence pairs that people have scored."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from winnow.errors import FileUnreadableError
from winnow.ports import Encoder
from winnow.storage.file_names import name_of


@dataclass(frozen=True)
class SimilarityReport:
    """Agreement of cosine similarity with people's scores, each from -1 to 1."""

    pearson: float
    spearman: float
    pairs: int


@dataclass(frozen=True)
class Pairs:
    """Sentence pairs with people's scores."""

    first: list[str]
    second: list[str]
    scores: list[float]


def read_pairs(csv_path: Path) -> Pairs:
    """Pairs of a CSV file such as the STS benchmark's.

    The file is UTF-8 and has no header; a row is sentence, sentence, score (any scale, more is more
    alike). FileUnreadableError names the line that is not that, or says that the pairs are too few
    or all scored alike.
    """
    pairs = Pairs([], [], [])
    try:
        with csv_path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            for row in reader:
                try:
                    first, second, score = row
                    pairs.scores.append(float(score))
                except ValueError:
                    raise FileUnreadableError(
                        f"{name_of(csv_path)}:{reader.line_num}: a row is sentence, sentence, "
                        "score."
                    ) from None
                pairs.first.append(first)
                pairs.second.append(second)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileUnreadableError(
            f"{name_of(csv_path)} cannot be read as CSV in UTF-8 ({type(error).__name__})."
        ) from None
    scores = np.asarray(pairs.scores, np.float64)
    if len(scores) < 2 or not (np.isfinite(scores).all() and np.ptp(scores)):
        raise _too_few(csv_path)
    return pairs


def evaluate_similarity(encoder: Encoder, csv_path: Path) -> SimilarityReport:
    """Compare the encoder's cosines with the scores of a file.

    Raises what `read_pairs` does, and FileUnreadableError where all cosines are alike.
    """
    pairs = read_pairs(csv_path)
    vectors = encoder([*pairs.first, *pairs.second]).astype(np.float64)
    cosines = (vectors[: len(pairs.first)] * vectors[len(pairs.first) :]).sum(axis=1)
    if not np.ptp(cosines):
        raise _too_few(csv_path)
    return SimilarityReport(
        pearson=float(stats.pearsonr(cosines, pairs.scores).statistic),
        spearman=float(stats.spearmanr(cosines, pairs.scores).statistic),
        pairs=len(pairs.scores),
    )


def _too_few(csv_path: Path) -> FileUnreadableError:
    return FileUnreadableError(f"{name_of(csv_path)} has too few different scores to correlate.")
