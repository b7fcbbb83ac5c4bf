"""How far two machines' answers are apart."""

import json
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np

from winnow_encoder.batching import Vectors

MEAN_COSINE, LEAST_COSINE = 0.999, 0.998
"""To the vectors of the fp32 weights: what the int8 ones must keep on every machine."""
MOST_APART = 0.005
"""Between two confidences: what a page that shows two digits may round differently."""


class Answer(NamedTuple):
    """What a machine has made of the texts and of the chunk."""

    together: Vectors
    alone: Vectors
    records: list[dict[str, Any]]

    @classmethod
    def read(cls, vectors: Path, scored: bytes) -> "Answer":
        """From the probe's file, and the scored chunk: a header, then a line a record."""
        with np.load(vectors) as found:
            records = [json.loads(line) for line in scored.splitlines()[1:]]
            return cls(found["together"], found["alone"], records)


class Apart(TypedDict):
    """How far an answer is from the one of this machine."""

    texts: int
    cosine_to_fp32: tuple[float, float]
    """Of the texts that are sentences: mean, least."""
    least_cosine: float
    """To the vectors of this machine, of all texts."""
    alone_as_together: bool
    """Whether the bits of a text's vector do not depend on what else is encoded."""
    records: int
    other_decisions: int
    confidences_apart: float


def apart(ours: Answer, expected: Answer, fp32: Vectors) -> Apart:
    """Compare. `fp32` has the vectors of the first texts, which are sentences."""
    to_fp32 = _cosines(ours.together[: len(fp32)], fp32)
    pairs = [
        (a["judgement"], b["judgement"])
        for a, b in zip(ours.records, expected.records, strict=True)
    ]
    return Apart(
        texts=len(ours.together),
        cosine_to_fp32=(float(to_fp32.mean()), float(to_fp32.min())),
        least_cosine=float(_cosines(ours.together, expected.together).min()),
        alone_as_together=bool(np.array_equal(ours.alone, ours.together)),
        records=len(pairs),
        other_decisions=sum(a["decision"]["value"] != b["decision"]["value"] for a, b in pairs),
        confidences_apart=max(abs(a["confidence"] - b["confidence"]) for a, b in pairs),
    )


def good(found: Apart) -> bool:
    """Whether the machines answer alike."""
    mean, least = found["cosine_to_fp32"]
    return (
        found["alone_as_together"]
        and mean >= MEAN_COSINE
        and min(least, found["least_cosine"]) >= LEAST_COSINE
        and found["other_decisions"] == 0
        and found["confidences_apart"] <= MOST_APART
    )


def _cosines(ours: Vectors, expected: Vectors) -> Vectors:
    """A text without tokens has a row of zeros on both: such rows are alike."""
    alike = np.all(ours == expected, axis=1)
    return np.where(alike, 1, np.sum(ours * expected, axis=1)).astype(np.float32)
