"""What a trained head computes: features of records, and from them logits and distances.

The text of a record is its vector (the mean of its segments' vectors, of length 1) and its hashed
n-grams (winnow.heads.ngrams); its numbers are standardised, as are a picture's features. One matrix
product a block; no model runtime.
"""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError
from winnow.heads import ngrams
from winnow.heads.calibration import calibrated
from winnow.heads.card import HeadCard
from winnow.heads.encoders import same_vectors
from winnow.heads.ngrams import Block, HashedNgrams
from winnow.models import ModelInfo

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

BLOCKS: tuple[tuple[Block, float], ...] = (("characters", 0.7), ("words", 0.7))
"""The blocks of n-grams and the length that a record's row has in each."""
VECTOR_SCALE = 1.5
"""The length of a record's vector among the features. By five-fold cross-validation on BANKING77's
training rows (C 1), lengths of vector and blocks from 1 to 2 and from 0.7 to 1 are equally good
(0.917 to 0.919 right); blocks of 0.5 are not (0.915), nor is the vector alone (0.870) or n-grams
alone (0.905)."""
NEAREST = 3
"""The distance from the training rows is 1 - the mean cosine to this many of them."""
_ROUNDING = 1e-6
"""Distances that are nearer to each other than this may be equal: products round."""
_ROWS = 256
"""Records that are compared with all training rows at a time: their cosines fit into a cache."""


@dataclass(frozen=True)
class Inputs:
    """Records as a head takes them; a part that the head does not use may be empty."""

    vectors: Floats
    """Shape [n, 512]: mean segment vectors of length 1; zeros for blank text."""
    texts: Sequence[str]
    numbers: Doubles
    """Shape [n, columns], as they are in the record."""
    hashed: Callable[[Block, int], HashedNgrams] | None = None
    """Gives the texts' n-grams where they may be known already; None: they are computed."""

    def ngrams(self, block: Block, bits: int) -> HashedNgrams:
        """The n-grams of the texts."""
        if self.hashed is not None:
            return self.hashed(block, bits)
        return ngrams.hash_ngrams(self.texts, block, bits)


class _Grams(NamedTuple):
    """The weights of a block of n-grams."""

    frequency: Floats
    """Inverse document frequency of each place."""
    row_of: NDArray[np.intp]
    """For each place its row of the matrix."""
    matrix: Floats

    @classmethod
    def of(cls, block: Block, arrays: Mapping[str, NDArray[np.generic]]) -> "_Grams":
        """The block of a head: the rows of the places that its training rows have, or of all."""
        frequency, stored = _float32(arrays[f"{block}_idf"]), arrays[block]
        if (places := arrays.get(places_of(block))) is None:
            return cls(frequency, np.arange(len(stored)), _float32(stored))
        # The last row, of zeros, is that of every other place.
        matrix = np.zeros((len(stored) + 1, *stored.shape[1:]), np.float32)
        matrix[:-1] = stored
        row_of = np.full(len(frequency), len(stored))
        row_of[places.astype(np.intp)] = np.arange(len(stored))
        return cls(frequency, row_of, matrix)

    def fits(self, places: int, labels: int) -> bool:
        """Whether each place has a row of weights for the labels."""
        return self.frequency.shape == self.row_of.shape == (places,) and (
            self.matrix.shape[1:] == (labels,)
        )


class LinearHead:
    """The arrays of a head, ready to compute with."""

    def __init__(self, card: HeadCard, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self.card = card
        try:
            self._bias = _float32(arrays["bias"])
            self._dense = _float32(arrays["dense"]) if card.encoder else None
            numeric = bool(card.data.numeric_columns or card.criteria or card.picture_encoder)
            self._mean = arrays["mean"].astype(np.float64) if numeric else None
            self._scale = arrays["scale"].astype(np.float64) if numeric else None
            self._numeric = arrays["numeric"].astype(np.float64) if numeric else None
            self._components = _optional(arrays, "components")
            self._outside = _optional(arrays, "outside")
            self._grams = {block: _Grams.of(block, arrays) for block, _ in BLOCKS if card.gram_bits}
            self.references = _float32(arrays["references"]) if card.encoder else None
            self.reference_labels = (
                arrays["reference_labels"].astype(np.intp) if card.encoder else np.zeros(0, np.intp)
            )
        except KeyError as error:
            raise HeadInvalidError(f"The head lacks the array {error.args[0]}.") from None
        except (IndexError, ValueError):
            raise HeadInvalidError("The head's n-grams have no places.") from None
        count = len(card.labels)
        shapes = [self._bias.shape == (count,)]
        shapes += [grams.fits(1 << card.gram_bits, count) for grams in self._grams.values()]
        if self._dense is not None and self.references is not None:
            shapes += [
                self._dense.shape[1] == count,
                self.references.shape == (len(self.reference_labels), self._dense.shape[0]),
            ]
        if self._numeric is not None:
            columns = len(card.criteria or card.data.numeric_columns) + len(card.features)
            if card.picture_encoder and self._mean is not None:
                columns = len(self._mean)
            shapes.append(self._numeric.shape == (columns, count))
            shapes += [a.shape[0] == columns for a in (self._components,) if a is not None]
            shapes += [a.shape == (columns + 1,) for a in (self._outside,) if a is not None]
        if not all(shapes):
            raise HeadInvalidError("The head's arrays do not fit its labels.")

    @classmethod
    def load(cls, card: HeadCard, arrays: bytes) -> "LinearHead":
        """Read the arrays of `head.npz`.

        Raises:
            HeadInvalidError: The arrays are not readable, or not this head's.
        """
        try:
            with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
                return cls(card, {name: stored[name] for name in stored.files})
        except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
            raise HeadInvalidError(
                f"The head's arrays cannot be read ({type(error).__name__})."
            ) from None

    def logits(self, inputs: Inputs) -> Doubles:
        """Shape [n, labels]."""
        count = max(len(inputs.vectors), len(inputs.texts), len(inputs.numbers))
        logits = np.zeros((count, len(self._bias))) + self._bias
        if self._dense is not None:
            logits += VECTOR_SCALE * (inputs.vectors @ self._dense)
        for block, scale in BLOCKS:
            if block in self._grams:
                grams = self._grams[block]
                counts = inputs.ngrams(block, self.card.gram_bits)
                rows = ngrams.tfidf_normalise(counts, grams.frequency)
                rows = replace(rows, places=grams.row_of[rows.places])
                logits += scale * ngrams.matmul(rows, grams.matrix)
        if self._numeric is not None and self._mean is not None and self._scale is not None:
            logits += ((inputs.numbers - self._mean) / self._scale) @ self._numeric
        return logits

    def probabilities(self, logits: Doubles) -> Doubles:
        """Softmax at the card's temperature."""
        return softmax(logits / self.card.temperature)

    def confidences(self, scores: Doubles) -> Doubles:
        """Confidences: calibrated, if the card has a calibration."""
        calibration = self.card.calibration
        return scores if calibration is None else calibrated(scores, calibration)

    def distances(self, inputs: Inputs) -> Doubles:
        """How far each record is from the training rows.

        Without text it is the root mean square of the standardised numbers; of pictures, the length
        of what the principal components of the training rows do not explain.
        """
        if self.references is not None:
            nearest = np.empty(len(inputs.vectors))
            for begin in range(0, len(nearest), _ROWS):
                rows = slice(begin, begin + _ROWS)
                cosines = inputs.vectors[rows] @ self.references.T
                nearest[rows] = mean_of_greatest(cosines, NEAREST)
            return 1 - nearest
        if self._mean is None or self._scale is None:
            return np.zeros(len(inputs.texts))
        if self._components is not None:
            return unexplained(inputs.numbers - self._mean, self._components)
        away = (inputs.numbers - self._mean) / self._scale
        distances: Doubles = np.sqrt((away**2).mean(axis=1))
        return distances

    def weaknesses(self, inputs: Inputs, logits: Doubles) -> Doubles:
        """How little each record fits any label.

        It is the logit of being none of them where the head was trained on records of no label, or
        else the greatest logit, negated.
        """
        if self._outside is None or self._mean is None or self._scale is None:
            weakest: Doubles = -logits.max(axis=1)
            return weakest
        standard = (inputs.numbers - self._mean) / self._scale
        outside: Doubles = standard @ self._outside[:-1] + self._outside[-1]
        return outside

    def novelty(self, distances: Doubles, weaknesses: Doubles) -> tuple[Doubles, Doubles] | None:
        """Novelty and rank of the distance, among held-out training rows; None where not stored."""
        scope = self.card.scope
        if scope is None:
            return None
        far = ranked(distances, scope.distances)
        weak = ranked(weaknesses, scope.weaknesses)
        return ranked(ood_score(far, weak), scope.strangeness), far


def places_of(block: Block) -> str:
    """The array with the places whose weights are in the array of a block, in ascending order.

    A head without it, as those of before, has the weights of all places.
    """
    return f"{block}_places"


def unexplained(centred: Doubles, components: Doubles) -> Doubles:
    """The length of each row without its part along the components, which are orthonormal."""
    explained = centred @ components
    squares = (centred**2).sum(axis=1) - (explained**2).sum(axis=1)
    lengths: Doubles = np.sqrt(np.maximum(squares, 0))
    return lengths


def check_encoder(card: HeadCard, process_id: str, encoder: ModelInfo) -> None:
    """Check that a head was trained with the encoder that is to judge, or one with its vectors.

    Raises:
        HeadInvalidError: It was trained with another.
    """
    trained = card.encoder or card.picture_encoder or card.evidence_encoder
    if trained is not None and not same_vectors(trained.sha256, encoder.sha256):
        raise HeadInvalidError(
            f"The head of {process_id} was trained with {trained.name} "
            f"{trained.version} ({trained.sha256[:12]}), and this is "
            f"{encoder.name} {encoder.version} ({encoder.sha256[:12]})."
        )


def ranked(distances: Doubles, quantiles: Sequence[float]) -> Doubles:
    """Ranks in [0, 1] of distances, by the quantiles of others.

    Where many of the others are at one distance, the rank jumps there. A distance that is the same
    but for rounding counts as that one, or the records judged beside it would decide on its rank.
    """
    knots = np.asarray(quantiles)
    jumps = knots[1:][np.diff(knots) < _ROUNDING]
    if len(jumps):
        below = jumps[np.searchsorted(jumps, distances + _ROUNDING, side="right") - 1]
        distances = np.where(np.abs(distances - below) <= _ROUNDING, below, distances)
    ranks: Doubles = np.interp(distances, knots, np.linspace(0, 1, len(knots)))
    return ranks


def ood_score(far: Doubles, weak: Doubles) -> Doubles:
    """The out-of-distribution score: two ranks in [0, 1] as one number, any number from 0.

    Fisher's method of combining tests (1932): one extreme rank makes the score extreme. A rank of 1
    counts as 1 in 2,000.
    """
    scores: Doubles = -np.log(1.0005 - far) - np.log(1.0005 - weak)
    return scores


def softmax(logits: Doubles, temperature: float = 1.0) -> Doubles:
    """Rows of shares that add up to 1; a lower temperature makes the greatest share greater."""
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    shares: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return shares


def best_first(scores: Doubles) -> NDArray[np.intp]:
    """Positions of the labels in each row, best first; on a tie the label that is listed first.

    Judging and training both decide by this, so that a head is measured as it will decide. The
    order of the labels is that of the card, or of the definition for labels without a head.
    """
    return np.argsort(-scores, axis=1, kind="stable")


def mean_of_greatest(values: Floats, count: int) -> Doubles:
    """Mean of the greatest `count` values of each row, or of all where there are fewer."""
    if values.shape[1] <= count:
        return np.asarray(values.mean(axis=1, dtype=np.float64))
    # A few passes for the greatest take a fraction of the time of putting a row in order.
    left, every = values.copy(), np.arange(len(values))
    sums = np.zeros(len(values))
    for _ in range(count):
        at = left.argmax(axis=1)
        sums += left[every, at]
        left[every, at] = -np.inf
    return sums / count


def _float32(values: NDArray[np.generic]) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float32)


def _optional(arrays: Mapping[str, NDArray[np.generic]], name: str) -> Doubles | None:
    return arrays[name].astype(np.float64) if name in arrays else None
