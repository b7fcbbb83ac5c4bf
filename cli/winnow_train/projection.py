"""Learning a projection from sentence pairs that people have scored.

The squared error of a scaled cosine is brought down by Adam (Kingma and Ba, 2015), with decay
towards the identity, which is where no pair says otherwise. Maps from several orders of the pairs
are averaged. Decay, steps and epochs were chosen on the development pairs of the STS benchmark.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.names import name_of
from winnow.ports import Encoder
from winnow.projection import ProjectionCard
from winnow.similarity import read_pairs

SEEDS = 4
EPOCHS = 15
DECAY = 3e-4
BATCH = 256
STEP = 1e-3
SCALE_STEP = 0.05

Floats = NDArray[np.float32]


def learn(
    encoder: Encoder, path: Path, created: str, report: Callable[[str], None] = lambda _: None
) -> tuple[ProjectionCard, bytes]:
    """The card and the arrays of a projection.

    :param path: rows of sentence, sentence, score; see winnow.similarity.read_pairs
    """
    pairs = read_pairs(path)
    vectors = encoder([*pairs.first, *pairs.second])
    one, other = vectors[: len(pairs.first)], vectors[len(pairs.first) :]
    wanted = np.asarray(pairs.scores, np.float64)
    wanted = (wanted - wanted.min()) / (wanted.max() - wanted.min())
    maps = []
    for seed in range(SEEDS):
        maps.append(_learn_one(one, other, wanted, seed))
        report(f"map {seed + 1} of {SEEDS}")
    stream = io.BytesIO()
    np.savez_compressed(stream, matrix=np.mean(maps, axis=0).astype(np.float32))
    arrays = stream.getvalue()
    card = ProjectionCard(
        created=created,
        encoder=encoder.info,
        file=name_of(path),
        file_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        pairs=len(wanted),
        seeds=SEEDS,
        epochs=EPOCHS,
        decay=DECAY,
        arrays_sha256=hashlib.sha256(arrays).hexdigest(),
    )
    return card, arrays


def _learn_one(one: Floats, other: Floats, wanted: NDArray[np.float64], seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    identity = np.eye(one.shape[1], dtype=np.float32)
    matrix = identity.copy()
    scale, shift = 1.0, 0.0
    first, second = np.zeros_like(matrix), np.zeros_like(matrix)
    step = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(wanted))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            left, right = one[rows] @ matrix, other[rows] @ matrix
            left_length = np.sqrt((left * left).sum(axis=1, keepdims=True))
            right_length = np.sqrt((right * right).sum(axis=1, keepdims=True))
            left, right = left / left_length, right / right_length
            cosine = (left * right).sum(axis=1, keepdims=True)
            error = 2 / len(rows) * (scale * cosine[:, 0] + shift - wanted[rows])
            pull = (error * scale).astype(np.float32)[:, None]
            gradient = one[rows].T @ (pull * (right - cosine * left) / left_length)
            gradient += other[rows].T @ (pull * (left - cosine * right) / right_length)
            gradient += 2 * DECAY * (matrix - identity)
            step += 1
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            rate = STEP * (1 - epoch / EPOCHS)
            matrix = matrix - rate * (first / (1 - 0.9**step)) / (
                np.sqrt(second / (1 - 0.999**step)) + 1e-8
            )
            scale -= SCALE_STEP * float((error * cosine[:, 0]).sum())
            shift -= SCALE_STEP * float(error.sum())
    learned: Floats = matrix.astype(np.float32)
    return learned
