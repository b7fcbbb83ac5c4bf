"""Charts of made-up records, as `winnow stats --svg` writes them."""

import random
from pathlib import Path

from tests.pictures import PICTURES
from winnow.models import Outcome
from winnow.search.drawing import draw
from winnow.search.memory import MemorySearcher
from winnow.search.rows import IndexRow
from winnow.search.shapes import ChartId, StatsRequest
from winnow.search.svg import svg

CHARTS = (ChartId.OUTCOMES, ChartId.CALIBRATION)
DAYS = 24
_SURE = 0.7


def make() -> list[Path]:
    """Writes docs/pictures/chart-*.svg."""
    engine = MemorySearcher(rows(), lambda: 1_795_000_000.0)
    made = []
    for chart in CHARTS:
        path = PICTURES / f"chart-{chart}.svg"
        path.write_bytes(svg(draw(engine.stats(StatsRequest(chart=chart)))))
        made.append(path)
    return made


def rows() -> list[IndexRow]:
    """Some hundred records a working day; people mostly agree with what is sure."""
    chance = random.Random(7)
    made: list[IndexRow] = []
    for day in range(1, DAYS + 1):
        for _ in range(chance.randint(180, 320) if day % 7 not in (0, 1) else 20):
            made.append(_row(chance, f"2026-11-{day:02d}T10:00:00.000Z", len(made) + 1))
    return made


def _row(chance: random.Random, at: str, number: int) -> IndexRow:
    invalid = chance.random() < 0.03
    confidence = None if invalid else round(1 - chance.random() ** 1.6 * 0.7, 4)
    decision = None if invalid else chance.choice(["met", "met", "not_met"])
    outcome, code = Outcome.ACCEPTED, None
    if confidence is None:
        outcome, code = Outcome.INVALID, chance.choice(["record_empty", "record_too_long"])
    elif confidence < _SURE:
        outcome, code = Outcome.REVIEW, "below_threshold"
        if chance.random() < 0.3:
            code = chance.choice(["out_of_scope", "case_incomplete"])
    looked = confidence is not None and (confidence < _SURE or chance.random() < 0.1)
    agreed = confidence is not None and chance.random() < confidence + 0.04
    return IndexRow(
        process="L33774",
        version="3f2a9c01d4e5",
        upload="u",
        record=number,
        line=None,
        part=None,
        source_id=None,
        outcome=outcome.value,
        decision=decision,
        code=code,
        score=confidence,
        confidence=confidence,
        calibrated=True,
        threshold=_SURE,
        dropped_at=at,
        judged_at=at,
        finished_at=at,
        seconds=4.0,
        usd=0.00003,
        review_decision=decision if looked and agreed else "not_met" if looked else None,
        reviewed_by="ann" if looked else None,
        reviewed_at=at if looked else None,
        changed=not agreed if looked else None,
        review_kind="review" if looked else None,
        review_blind=False if looked else None,
        text=None,
        tokens="",
        vector=None,
    )
