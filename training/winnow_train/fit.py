"""Fitting a head: cross-validated regularisation, temperature, calibration, scope.

scikit-learn fits; what comes of it is arrays that winnow.heads.linear computes with. Over text
the classifier is a linear support vector machine, one label against the rest, whose margins a
fitted temperature turns into shares; over numbers alone it is multinomial logistic regression. On
BANKING77's training rows, by five-fold cross-validation, 0.919 of the former's decisions are right
(C 1), and 0.913 of those of logistic regression on the same features (C 30).
"""

import hashlib
import io
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from winnow.errors import TrainingDataError
from winnow.heads import ngrams
from winnow.heads.calibration import calibrated, centred
from winnow.heads.card import Calibration, CardMetrics, HeadCard, Scope, TrainingData
from winnow.heads.drift import Profiler
from winnow.heads.linear import (
    BLOCKS,
    NEAREST,
    VECTOR_SCALE,
    best_first,
    mean_of_greatest,
    ood_score,
    places_of,
    ranked,
    softmax,
)
from winnow.judging.criteria.undoing import cap, learned_caps
from winnow.models import ModelInfo, Profile, Verdict
from winnow_train.gain import CriteriaGain
from winnow_train.metrics import by_label, confusion, expected_calibration_error
from winnow_train.picture_scope import picture_scope
from winnow_train.processes import in_processes

FOLDS = 5
GRAM_BITS = 14
REFERENCES = 2048
SCOPE = 0.99
"""The novelty above which a record is out of scope: one of 100 training rows is beyond it."""
PICTURE_SCOPE = 0.9
"""The same for pictures, of which a head knows few. Of drawings of other things the head of
two-wheels accepts 17 % at 0.99, 8 % at 0.95 and 4 % at 0.9, and of its own 98, 96 and 94 %."""
QUANTILES = 401
STRENGTHS = (0.3, 1.0, 3.0)
"""The values of C that are tried; where rows are many, the first two, where very many, 1."""
MANY = 3_000
VERY_MANY = 20_000

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Material:
    """What a head is fitted to."""

    labels: tuple[str, ...]
    known: Ints
    """Position of each row's label."""
    texts: tuple[str, ...]
    """Empty where the head reads no text."""
    vectors: Floats
    numbers: Doubles
    extra_texts: tuple[str, ...] = ()
    """Sentences beside the rows: examples and names of labels. They teach and are not measured."""
    extra_vectors: Floats | None = None
    extra_known: Ints | None = None
    weights: Doubles | None = None
    """How many records each row stands for, as 1 over the probability that it was sampled with.
    None: each for itself. Only their ratios count."""
    none: Doubles | None = None
    """Features of pictures that have no label: they teach the scope alone."""
    groups: Ints | None = None
    """Rows of one group share a fold, and at most one of them is a reference. None: rows that a
    judge cannot tell apart are a group."""
    alike: Ints | None = None
    """Of the rows, then of the sentences beside them: near copies have the same. None: those that
    are equal."""

    @property
    def row_weights(self) -> Doubles | None:
        """The weights with a mean of 1, so that C means what it means without them."""
        return None if self.weights is None else self.weights / self.weights.mean()

    @property
    def reads_text(self) -> bool:
        return bool(self.texts)


@dataclass(frozen=True)
class Fitted:
    """A head, and what its rows were given by the folds that had not seen them."""

    card: HeadCard
    arrays: bytes
    training: bytes
    gain: CriteriaGain | None = None
    """Of a criteria process: what the confidence accepts before and after."""
    shares: Doubles | None = None
    """Shape [rows, labels]: the probabilities that the folds without a row give its labels."""


def fit(
    material: Material,
    data: TrainingData,
    *,
    kind: str,
    process: str,
    encoder: ModelInfo | None,
    picture_encoder: ModelInfo | None = None,
    evidence_encoder: ModelInfo | None = None,
    judging: str | None = None,
    criteria: tuple[str, ...] = (),
    evidence: tuple[str, ...] = (),
    understood: tuple[str, ...] | None = None,
    causes: Sequence[Collection[str]] | None = None,
    threshold: float,
    created: str,
    keys: NDArray[np.uint64],
    kept_keys: NDArray[np.uint64] | None = None,
    none_keys: tuple[NDArray[np.uint64], NDArray[np.uint64]] | None = None,
    copy_keys: NDArray[np.uint64] | None = None,
    signatures: NDArray[np.uint16] | None = None,
    decided: Ints | None = None,
    strengths: Sequence[float] | None = None,
    seed: int = 0,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Fitted:
    """A head for these rows.

    Args:
        evidence_encoder: By whose vectors the criteria were judged.
        judging: The sha256 of what of the definition made the decisions.
        evidence: Names of the numbers behind the criteria's scores.
        understood: Words that may undo evidence, and that the rows vouch for.
        causes: By row, what may undo its decision, as the other rows vouch for it: rows with a
            cause say nothing of how sure those without are, and are never surer than others with
            it are right.
        threshold: The process's, for the review rate that a run is compared with.
        created: When, ISO 8601.
        keys: One a row; rows that a judge cannot tell apart have the same.
        kept_keys: Of pictures, one a row for what results keep of it; None: rows are texts.
        none_keys: Of the pictures of no label: what stands for each, and for what results keep.
        copy_keys: Of texts, one a row for its words.
        signatures: Of texts, what near copies of the rows are known by.
        decided: Positions of decisions that the head is to vouch for, -1 for one that is no
            label; None: its own.
        strengths: The values of C to choose from. None: by the number of rows.
        workers: Processes that fit folds at the same time where rows are many. The head is the
            same with any number.

    Raises:
        TrainingDataError: There is one label alone, or one with fewer than two different rows.
    """
    # Texts and pictures that are alike were copied; numbers are often just met again.
    copies = material.reads_text or kind == "criteria" or picture_encoder is not None
    group = np.unique(keys, return_inverse=True)[1] if copies else np.arange(len(keys))
    if material.groups is not None:
        group = np.unique(material.groups, return_inverse=True)[1]
    _check(material, group)
    features = _Features.of(material)
    splits = _splits(material.known, group, seed)
    logits, strength, accuracy, solved = _cross_validate(
        features, material, splits, strengths or _strengths(material), seed, workers, report
    )
    temperature = _temperature(logits, material.known, material.row_weights)
    held_out = _HeldOut.of(material, splits, softmax(logits / temperature), decided, causes)

    report(f"fitting all rows with C {strength:g}")
    weights, bias = solved or _solve(features, None, material, strength, seed)
    arrays, distances = _arrays(material, features, group, weights, bias, seed)
    weaknesses, limit = -logits.max(axis=1), SCOPE
    of_none = None
    if picture_encoder is not None:
        found = picture_scope(material.numbers, material.none, splits)
        arrays |= found.arrays
        distances, limit = found.distances, PICTURE_SCOPE
        weaknesses = weaknesses if found.weaknesses is None else found.weaknesses
        of_none = found.none
    scope, novelty, ranks = _scope(distances, weaknesses, limit)
    # Weights hardly become smaller, and each function that starts would have to unpack them.
    packed = _file(np.savez, arrays)
    card = HeadCard(
        kind="criteria" if kind == "criteria" else "labels",
        process=process,
        labels=material.labels,
        created=created,
        encoder=encoder,
        picture_encoder=picture_encoder,
        evidence_encoder=evidence_encoder,
        judging=judging,
        data=data,
        criteria=criteria,
        features=evidence,
        understood=understood,
        caps=held_out.caps(np.arange(len(keys)), material.row_weights),
        gram_bits=GRAM_BITS if material.reads_text else 0,
        temperature=temperature,
        regularisation=strength,
        seed=seed,
        metrics=held_out.metrics(material, len(splits), accuracy),
        calibration=_calibration(*held_out.calibrating(np.arange(len(keys)), material.row_weights)),
        scope=None if kind == "criteria" else scope,
        profile=_profile(material, held_out, ranks, novelty > scope.threshold, threshold),
        arrays_sha256=hashlib.sha256(packed).hexdigest(),
        arrays_bytes=len(packed),
    )
    training = _file(
        np.savez_compressed,
        {
            "arrays_sha256": np.array(card.arrays_sha256),
            "keys": keys,
            **_given(kept_keys=kept_keys, copy_keys=copy_keys, signatures=signatures),
            **_stored_none(none_keys, of_none, scope),
            "decided": held_out.decided.astype(np.int32),
            "score": held_out.scores.astype(np.float32),
            "confidence": held_out.confidences.astype(np.float32),
            "novelty": novelty.astype(np.float32),
        },
    )
    return Fitted(card, packed, training, shares=held_out.shares)


def _given(**arrays: NDArray[Any] | None) -> dict[str, NDArray[Any]]:
    return {name: array for name, array in arrays.items() if array is not None}


def _stored_none(
    keys: tuple[NDArray[np.uint64], NDArray[np.uint64]] | None,
    held_out: tuple[Doubles, Doubles] | None,
    scope: Scope,
) -> dict[str, NDArray[Any]]:
    """What training.npz says of pictures of no label: what they are, and how strange."""
    if keys is None or held_out is None:
        return {}
    ranks = (
        ranked(held_out[0], scope.distances),
        ranked(held_out[1], scope.weaknesses),
    )
    novelty = ranked(ood_score(*ranks), scope.strangeness)
    return {
        "none_keys": keys[0],
        "none_kept_keys": keys[1],
        "none_novelty": novelty.round(4).astype(np.float32),
    }


@dataclass(frozen=True)
class _HeldOut:
    """What the folds without a row decide of it."""

    shares: Doubles
    """Shape [rows, labels]: probabilities before calibration."""
    decided: Ints
    """Positions of labels; -1: no label."""
    scores: Doubles
    right: NDArray[np.bool_]
    causes: Sequence[Collection[str]]
    """By row, what may undo its decision."""
    confidences: Doubles
    """Calibrated on the rows of the other folds."""

    def calibrating(
        self, rows: Ints, weights: Doubles | None
    ) -> tuple[Doubles, NDArray[np.bool_], Doubles | None]:
        """Scores, whether they are right, and weights of those of some rows that calibrate."""
        kept = rows[[not self.causes[row] for row in rows]]
        if not kept.size:
            kept = rows
        return self.scores[kept], self.right[kept], None if weights is None else weights[kept]

    def caps(self, rows: Ints, weights: Doubles | None) -> dict[str, float]:
        """The most that a decision with each cause is trusted, by some rows."""
        return learned_caps(
            [self.causes[row] for row in rows],
            [bool(self.right[row]) for row in rows],
            None if weights is None else [float(weights[row]) for row in rows],
        )

    @classmethod
    def of(
        cls,
        material: Material,
        splits: Sequence[tuple[Ints, Ints]],
        shares: Doubles,
        decided: Ints | None,
        causes: Sequence[Collection[str]] | None,
    ) -> "_HeldOut":
        if decided is None:
            decided = best_first(shares)[:, 0]
        own = np.where(decided < 0, 0.0, shares[np.arange(len(shares)), decided])
        scores = own.round(4)
        right = decided == material.known
        if causes is None:
            causes = [()] * len(scores)
        held_out = cls(shares, decided, scores, right, causes, np.zeros(len(scores)))
        for train, test in splits:
            calibration = _calibration(*held_out.calibrating(train, material.row_weights))
            caps = held_out.caps(train, material.row_weights)
            held_out.confidences[test] = np.minimum(
                calibrated(scores[test], calibration), [cap(causes[row], caps) for row in test]
            )
        return held_out

    def metrics(self, material: Material, folds: int, accuracy: dict[str, float]) -> CardMetrics:
        """The card's figures; `accuracy` by the values of C."""
        known = [_name(material.labels, position) for position in material.known]
        decided = [_name(material.labels, position) for position in self.decided]
        names = tuple(dict.fromkeys((*material.labels, *decided)))
        weights = material.row_weights
        by_name = by_label(confusion(known, decided, names, weights), names)
        likelihood = self.shares[np.arange(len(self.shares)), material.known]
        return CardMetrics(
            folds=folds,
            accuracy=float(np.average(self.right, weights=weights)),
            macro_f1=float(np.mean([metric.f1 for metric in by_name if metric.known])),
            log_loss=float(np.average(-np.log(np.maximum(likelihood, 1e-12)), weights=weights)),
            ece_before=expected_calibration_error(self.scores, self.right, weights=weights),
            ece_after=expected_calibration_error(self.confidences, self.right, weights=weights),
            accuracy_by_c=accuracy,
        )


def _profile(
    material: Material,
    held_out: _HeldOut,
    ranks: Doubles,
    out_of_scope: NDArray[np.bool_],
    threshold: float,
) -> Profile:
    """What a run is compared with, to notice drift: rows count for what they stand for."""
    profiler = Profiler()
    weights = np.ones(len(ranks)) if material.weights is None else material.weights
    reviewed = (held_out.confidences < threshold) | out_of_scope
    for position, score, rank, review, times in zip(
        held_out.decided.tolist(),
        held_out.scores.tolist(),
        ranks.tolist(),
        reviewed.tolist(),
        weights.round().astype(int).tolist(),
        strict=True,
    ):
        name = _name(material.labels, position)
        profiler.count(score, name, rank, reviewed=review, times=times)
    return profiler.profile(threshold)


def _check(material: Material, group: Ints) -> None:
    """Refuse what no head can be fitted to."""
    if len(material.labels) < 2:
        raise TrainingDataError(
            f"Every row has the label {material.labels[0]}: there is nothing to tell apart. "
            "Give rows of other labels with another --data."
        )
    different = np.unique(np.stack([material.known, group]), axis=1)[0]
    counts = np.bincount(different, minlength=len(material.labels))
    if few := np.flatnonzero(counts < 2).tolist():
        some = ", ".join(f"{material.labels[i]} ({counts[i]})" for i in few[:5])
        raise TrainingDataError(
            f"{len(few)} of {len(counts)} labels have fewer than 2 different rows (near "
            f"copies count as one): {some}{', ...' if len(few) > 5 else ''}. Give more rows with "
            "another --data, or leave the labels out."
        )


def _splits(known: Ints, group: Ints, seed: int) -> list[tuple[Ints, Ints]]:
    """(rows to learn from, rows held out) of each fold.

    Rows of one group share a fold, or what is held out would have been learned by heart. The groups
    are dealt label by label, the rarest first, each to the fold that has fewest of its label.
    """
    order = np.random.default_rng(seed).permutation(len(known))
    members: dict[int, list[int]] = {}
    for row in order.tolist():
        members.setdefault(int(group[row]), []).append(row)
    of_label: dict[int, list[list[int]]] = {}
    for rows in members.values():
        for label in {int(known[row]) for row in rows}:
            of_label.setdefault(label, []).append(rows)
    folds = min(FOLDS, len(members))
    fold = np.full(len(known), -1)
    counts = np.zeros((int(known.max()) + 1, folds), np.intp)
    for label in sorted(of_label, key=lambda label: (len(of_label[label]), label)):
        for rows in of_label[label]:
            if fold[rows[0]] >= 0:
                continue
            chosen = int(np.lexsort((counts.sum(axis=0), counts[label]))[0])
            fold[rows] = chosen
            counts[:, chosen] += np.bincount(known[rows], minlength=len(counts))
    return [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(folds)]


def _name(labels: Sequence[str], position: int) -> str:
    return labels[position] if position >= 0 else str(Verdict.UNDETERMINED.value)


@dataclass(frozen=True)
class _Features:
    """Rows as a sparse matrix, those of the extra sentences behind them."""

    all: Any
    known: Ints
    rows: int
    weights: Doubles | None
    """Of the rows, and 1 for each extra sentence; None: all are alike."""
    gram_weights: dict[str, Floats]
    mean: Doubles
    scale: Doubles

    @classmethod
    def of(cls, material: Material) -> "_Features":
        rows = len(material.known)
        known = material.known
        blocks: list[Any] = []
        weights: dict[str, Floats] = {}
        texts, vectors = list(material.texts), material.vectors
        if material.extra_known is not None and material.extra_vectors is not None:
            texts += material.extra_texts
            vectors = np.concatenate([vectors, material.extra_vectors])
            known = np.concatenate([known, material.extra_known])
        if material.reads_text:
            blocks.append(sparse.csr_matrix(VECTOR_SCALE * vectors))
            for block, scale in BLOCKS:
                found = ngrams.hash_ngrams(texts, block, GRAM_BITS)
                weights[block] = ngrams.inverse_document_frequency(found, GRAM_BITS)
                found = ngrams.tfidf_normalise(found, weights[block])
                shape = (len(texts), 1 << GRAM_BITS)
                blocks.append(
                    sparse.csr_matrix((scale * found.values, found.places, found.starts), shape)
                )
        numbers = material.numbers
        mean, scale_ = numbers.mean(axis=0), numbers.std(axis=0)
        scale_ = np.where(scale_ > 0, scale_, 1.0)
        if numbers.shape[1]:
            standard = np.zeros((len(known), numbers.shape[1]))
            standard[:rows] = (numbers - mean) / scale_
            blocks.append(sparse.csr_matrix(standard))
        counts = material.row_weights
        if counts is not None:
            counts = np.concatenate([counts, np.ones(len(known) - rows)])
        return cls(sparse.hstack(blocks).tocsr(), known, rows, counts, weights, mean, scale_)


def features_of(material: Material) -> Any:
    """The rows as the sparse matrix that the classifier is fitted to."""
    return _Features.of(material).all


def _cross_validate(
    features: _Features,
    material: Material,
    splits: Sequence[tuple[Ints, Ints]],
    strengths: Sequence[float],
    seed: int,
    workers: int,
    report: Callable[[str], None],
) -> tuple[Doubles, float, dict[str, float], tuple[Doubles, Doubles] | None]:
    """Held-out logits at the best C, that C, the accuracy of each, and the fit of all rows.

    The last is None where C had to be known before.
    """

    def held_out(strength: float, fold: int) -> Doubles:
        test = splits[fold][1]
        weights, bias = _solve(features, taught[fold], material, strength, seed)
        logits: Doubles = features.all[test] @ weights + bias
        return logits

    taught = [
        np.concatenate([train, _extra_beside(material, test) + features.rows])
        for train, test in splits
    ]
    accuracy: dict[str, float] = {}
    best: tuple[float, Doubles, float] | None = None
    tasks: list[Callable[[], Any]] = [
        partial(held_out, c, fold) for c in strengths for fold in range(len(splits))
    ]
    if len(strengths) == 1:
        tasks.append(partial(_solve, features, None, material, strengths[0], seed))
    answers = in_processes(tasks, workers if features.rows > MANY else 1)
    for strength in strengths:
        logits = np.zeros((features.rows, len(material.labels)))
        for fold, (_, test) in enumerate(splits, start=1):
            logits[test] = next(answers)
            if features.rows > MANY:
                report(f"C {strength:g}: fold {fold} of {len(splits)}")
        right = best_first(logits)[:, 0] == material.known
        share = float(np.average(right, weights=material.row_weights))
        accuracy[f"{strength:g}"] = round(share, 4)
        report(f"C {strength:g}: cross-validated accuracy {share:.4f}")
        if best is None or share > best[0]:
            best = (share, logits, strength)
    if best is None:
        raise TrainingDataError("There is nothing to choose from.")
    return best[1], best[2], accuracy, next(answers, None)


def _strengths(material: Material) -> tuple[float, ...]:
    """The values of C that are tried."""
    rows = len(material.known)
    if not material.reads_text:
        return (0.1, 1.0, 10.0, 100.0)
    if rows > VERY_MANY:
        return (1.0,)
    return STRENGTHS[:2] if rows > MANY else STRENGTHS


def _extra_beside(material: Material, held_out: Ints) -> Ints:
    """Positions of the extra sentences that no held-out row repeats, or nearly."""
    if material.alike is not None:
        beside = material.alike[len(material.known) :]
        return np.flatnonzero(~np.isin(beside, material.alike[held_out]))
    texts = {material.texts[row] for row in held_out.tolist()} if material.texts else set()
    return np.array([i for i, t in enumerate(material.extra_texts) if t not in texts], np.intp)


def _solve(
    features: _Features, rows: Ints | None, material: Material, strength: float, seed: int
) -> tuple[Doubles, Doubles]:
    """Weights [features, labels] and bias [labels], of some rows or of all."""
    inputs, known, row_weights = features.all, features.known, features.weights
    if rows is not None:
        inputs, known = inputs[rows], known[rows]
        row_weights = None if row_weights is None else row_weights[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = (
            LinearSVC(C=strength, random_state=seed)
            if material.reads_text
            else LogisticRegression(C=strength, max_iter=2_000)
        )
        model.fit(inputs, known, sample_weight=row_weights)
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:  # of two labels scikit-learn keeps one side
        weights, bias = np.vstack([-weights[0], weights[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    # A label that these rows do not teach comes last of all.
    every = np.zeros((len(material.labels), weights.shape[1]))
    offset = np.full(len(material.labels), bias.min() - 1)
    every[model.classes_], offset[model.classes_] = weights, bias
    return every.T, offset


def _temperature(logits: Doubles, known: Ints, weights: Doubles | None) -> float:
    """What to divide the logits by for the least log loss."""

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        top = scaled.max(axis=1, keepdims=True)
        norm = np.log(np.exp(scaled - top).sum(axis=1)) + top[:, 0]
        losses = norm - scaled[np.arange(len(known)), known]
        return float(np.average(losses, weights=weights))

    found = optimize.minimize_scalar(loss, bounds=(-5, 3), method="bounded")
    return round(float(np.exp(found.x)), 6)


def _calibration(scores: Doubles, right: NDArray[np.bool_], weights: Doubles | None) -> Calibration:
    order = np.argsort(scores, kind="stable")
    ascending = scores[order]
    # One row right and one wrong at either end: no share of a few rows is all or nothing.
    x = np.concatenate([[ascending[0]] * 2, ascending, [ascending[-1]] * 2])
    y = np.concatenate([[0.0, 1.0], right[order].astype(float), [0.0, 1.0]])
    own = None if weights is None else weights[order]
    every = None if own is None else np.concatenate([[1.0] * 2, own, [1.0] * 2])
    isotonic = IsotonicRegression(y_min=0, y_max=1).fit(x, y, sample_weight=every)
    fitted = isotonic.predict(ascending)
    knots, values = centred(ascending, fitted, own)
    # Below the lowest score seen, where nothing was measured, the confidence falls to nothing.
    knots = np.concatenate([[0.0, ascending[0]], knots])
    values = np.concatenate([[0.0, values[0]], values])
    pairs = dict(zip(knots.round(5).tolist(), values.round(5).tolist(), strict=True))
    text = repr(sorted(pairs.items())).encode()
    return Calibration(
        version=hashlib.sha256(text).hexdigest()[:12],
        rows=len(scores),
        scores=tuple(pairs),
        confidences=tuple(pairs.values()),
    )


def _scope(distances: Doubles, weaknesses: Doubles, limit: float) -> tuple[Scope, Doubles, Doubles]:
    """Where the scope ends, and of each row its novelty and the rank of its distance."""
    at = np.linspace(0, 1, min(QUANTILES, len(distances)))

    def quantiles(values: Doubles) -> tuple[float, ...]:
        return tuple(np.quantile(values, at).tolist())

    far, weak = quantiles(distances), quantiles(weaknesses)
    ranks = ranked(distances, far)
    both = ood_score(ranks, ranked(weaknesses, weak))
    scope = Scope(threshold=limit, distances=far, weaknesses=weak, strangeness=quantiles(both))
    return scope, ranked(both, scope.strangeness).round(4), ranks.round(4)


def _arrays(
    material: Material,
    features: _Features,
    group: Ints,
    weights: Doubles,
    bias: Doubles,
    seed: int,
) -> tuple[dict[str, NDArray[Any]], Doubles]:
    """The arrays of a head, and how far each row is from the reference rows that are not like it.

    Args:
        group: Rows of the same are alike; one of them at most is a reference.
    """
    arrays: dict[str, NDArray[Any]] = {"bias": bias.astype(np.float32)}
    at = 0
    distances = np.zeros(features.rows)
    if material.reads_text:
        size = material.vectors.shape[1]
        arrays["dense"] = weights[:size].astype(np.float16)
        at = size
        for block, _ in BLOCKS:
            grams = weights[at : at + (1 << GRAM_BITS)].astype(np.float16)
            places = np.flatnonzero(grams.any(axis=1))
            arrays[block], arrays[places_of(block)] = grams[places], places.astype(np.int32)
            arrays[f"{block}_idf"] = features.gram_weights[block]
            at += 1 << GRAM_BITS
        first = np.unique(group, return_index=True)[1]
        chosen = np.sort(first[_balanced(material.known[first], REFERENCES, seed)])
        nearest = min(NEAREST, len(chosen) - 1)
        references = material.vectors[chosen].astype(np.float16)
        arrays["references"] = references
        arrays["reference_labels"] = material.known[chosen].astype(np.int16)
        place = np.full(len(first), -1)
        place[group[chosen]] = np.arange(len(chosen))
        for start in range(0, features.rows, 512):
            rows = slice(start, start + 512)
            cosines = material.vectors[rows] @ references.astype(np.float32).T
            own = place[group[rows]]
            cosines[np.flatnonzero(own >= 0), own[own >= 0]] = -1
            distances[rows] = 1 - mean_of_greatest(cosines, nearest)
    if material.numbers.shape[1]:
        arrays["mean"], arrays["scale"] = features.mean, features.scale
        arrays["numeric"] = weights[at:]
        if not material.reads_text:
            away = (material.numbers - features.mean) / features.scale
            distances = np.sqrt((away**2).mean(axis=1))
    return arrays, distances


def _balanced(known: Ints, count: int, seed: int) -> Ints:
    """Up to `count` rows, as evenly over the labels as they allow."""
    if len(known) <= count:
        return np.arange(len(known))
    order = np.random.default_rng(seed).permutation(len(known))
    turn = np.zeros(len(known), np.intp)
    seen: dict[int, int] = {}
    for row in order:
        label = int(known[row])
        turn[row] = seen[label] = seen.get(label, 0) + 1
    chosen: Ints = np.sort(order[np.argsort(turn[order], kind="stable")[:count]])
    return chosen


def _file(save: Callable[..., None], arrays: dict[str, NDArray[Any]]) -> bytes:
    stream = io.BytesIO()
    save(stream, allow_pickle=False, **arrays)
    return stream.getvalue()
