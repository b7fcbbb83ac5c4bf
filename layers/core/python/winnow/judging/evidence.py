"""Evidence: the segments of a text that are shown with its decision, whatever judged."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.judging.text.vectors import SegmentedTexts
from winnow.models import Evidence, Polarity

SCORE_DECIMALS = 4
"""Scores are rounded, so that the last bits of a matrix product decide nothing."""
MAX_EVIDENCE = 3
"""Segments that are shown: of a label, or of a criterion and a polarity."""


def best_positions(
    rows: NDArray[np.intp], ranking: Sequence[float], similarity: Sequence[float]
) -> list[int]:
    """The positions of a text's segments that rank highest, the highest first.

    All arguments have one item a segment: its row, what it ranks by, and its similarity to the
    reference. Of equals the earlier in the text is first. A segment that is in the text twice
    is shown once, and one of similarity 0 never.
    """
    positions: dict[int, int] = {}
    for position in sorted(range(len(rows)), key=ranking.__getitem__, reverse=True):
        if similarity[position] > 0:
            positions.setdefault(int(rows[position]), position)
        if len(positions) == MAX_EVIDENCE:
            break
    return list(positions.values())


def segment_evidence(
    texts: SegmentedTexts,
    index: int,
    position: int,
    similarity: float,
    *,
    polarity: Polarity = Polarity.SUPPORTS,
    reference: str | None = None,
    keywords: Sequence[str] = (),
    context: Sequence[str] = (),
) -> Evidence:
    """One segment, by its position in text `index`, as evidence."""
    start, end = texts.spans[index][position]
    return Evidence(
        start=start,
        end=end,
        text=texts.unique[texts.rows[index][position]],
        polarity=polarity,
        # A cosine of unit vectors may be over 1 by rounding.
        similarity=min(1.0, round(similarity, SCORE_DECIMALS)),
        reference=reference,
        keywords=tuple(keywords),
        context=tuple(context),
    )
