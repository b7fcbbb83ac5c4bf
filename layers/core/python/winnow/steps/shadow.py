"""The version beside the run's: it judges the same records of a chunk, and decides nothing.

Nothing of it can harm the run. It is left out where records are judged a second time because the
function was too slow or crashed, and given up for a chunk when it fails or takes more than
SHARE of the time; either is counted.
"""

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from winnow.errors import WinnowError
from winnow.judging.shadow import SHADOW_FAILED, JudgePair
from winnow.judging.text.remembering import RememberingEncoder
from winnow.limits.budget import RecordRejection
from winnow.models import (
    Judgement,
    ShadowCounts,
    ShadowDecision,
    Verdict,
    VersionRef,
)
from winnow.ports import Judge
from winnow.processes.schema import parse_definition_json

SHARE = 0.25
"""Of the time for a chunk that the version beside the run's may take."""

_logger = logging.getLogger(__name__)


class Beside(NamedTuple):
    """The version beside the run's, ready to judge."""

    judge: Judge
    threshold: float
    """Minimum confidence of a record that it accepts."""


@lru_cache(maxsize=16)
def threshold_of(definition: bytes) -> float:
    """The threshold of a definition."""
    return parse_definition_json(definition).threshold


class Shadow:
    """One chunk judged by two versions."""

    def __init__(
        self,
        version: VersionRef,
        judge: Judge,
        threshold: float,
        build: Callable[[], Beside],
        clock: Callable[[], float],
        *,
        memory: RememberingEncoder | None = None,
        seconds: float | None = None,
    ) -> None:
        """Take both versions.

        Args:
            version: The one beside the run's.
            judge: The run's.
            threshold: The run's.
            build: Makes the other judge; what it raises leaves the other version out.
            clock: Tells seconds.
            memory: The encoder of both, where it remembers.
            seconds: What is left for judging the chunk; None: as long as it takes.
        """
        self._version = version
        self._threshold = threshold
        self._pair: JudgePair | None = None
        self.judge = judge
        """What the records are to be judged by."""
        try:
            self._beside = build()
        except WinnowError as error:
            self._dropped(error.code)
            return
        except Exception:
            self._dropped(SHADOW_FAILED)
            return
        allowed = None if seconds is None else SHARE * seconds
        self._pair = JudgePair(judge, self._beside.judge, clock, memory=memory, seconds=allowed)
        self.judge = self._pair

    def compare(
        self, judged: Sequence[Judgement | RecordRejection]
    ) -> tuple[list[ShadowDecision | None], ShadowCounts]:
        """Where the versions differ, for each of the records; and the counts.

        They differ in the decision, or in whether it is accepted at the threshold.
        """
        known = sum(isinstance(one, Judgement) for one in judged)
        if self._pair is None:
            counts = ShadowCounts(version=self._version.sha256, dropped=known)
            return [None] * len(judged), counts
        if self._pair.dropped is not None:
            self._dropped(self._pair.dropped)
        briefs = iter(self._pair.briefs)
        decisions: list[ShadowDecision | None] = []
        both = 0
        for one in judged:
            brief = next(briefs) if isinstance(one, Judgement) else None
            if brief is None or not isinstance(one, Judgement):
                decisions.append(None)
                continue
            both += 1
            value = str(one.decision.value)
            ours = _accepted(value, one.confidence, self._threshold)
            theirs = _accepted(brief.value, brief.confidence, self._beside.threshold)
            alike = value == brief.value and ours == theirs
            decisions.append(
                None
                if alike
                else ShadowDecision(
                    version=self._version.short, decision=brief.value, confidence=brief.confidence
                )
            )
        differed = sum(decision is not None for decision in decisions)
        return decisions, ShadowCounts(
            version=self._version.sha256,
            records=both,
            same=both - differed,
            differed=differed,
            dropped=known - both,
            seconds=round(self._pair.seconds, 3),
        )

    def _dropped(self, code: str) -> None:
        _logger.warning(
            "the other version was not heard", extra={"version": self._version.short, "code": code}
        )


def _accepted(value: str, confidence: float, threshold: float) -> bool:
    return value != Verdict.UNDETERMINED and confidence >= threshold
