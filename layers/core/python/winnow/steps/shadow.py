"""The version beside the run's: it judges the same records of a chunk, and decides nothing.

Nothing of it can harm the run. It is left out where records are judged a second time because the
function was too slow or crashed, and given up for a chunk when it fails or takes more than
SHARE of the time; either is counted.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from winnow.errors import WinnowError
from winnow.judging.shadow import SHADOW_FAILED, JudgePair
from winnow.judging.text.remembering import RememberingEncoder
from winnow.models import (
    Judgement,
    ShadowCounts,
    ShadowDecision,
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
        self._same = self._differed = self._unheard = 0
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
        self._briefs = iter(self._pair.briefs)
        self.judge = self._pair

    def difference(self, judgement: Judgement) -> ShadowDecision | None:
        """Where the versions differ about a record; to be asked of each judgement, in order.

        They differ in the decision, or in whether its version accepts it.
        """
        brief = next(self._briefs) if self._pair else None
        if brief is None:
            self._unheard += 1
            return None
        value = str(judgement.decision.value)
        ours = judgement.objection(self._threshold) is None
        theirs = brief.objection(self._beside.threshold) is None
        if value == brief.value and ours == theirs:
            self._same += 1
            return None
        self._differed += 1
        return ShadowDecision(
            version=self._version.short, decision=brief.value, confidence=brief.confidence
        )

    def counts(self) -> ShadowCounts:
        """The counts of all records that were compared."""
        if self._pair is None:
            return ShadowCounts(version=self._version.sha256, dropped=self._unheard)
        if self._pair.dropped is not None:
            self._dropped(self._pair.dropped)
        return ShadowCounts(
            version=self._version.sha256,
            records=self._same + self._differed,
            same=self._same,
            differed=self._differed,
            dropped=self._unheard,
            seconds=round(self._pair.seconds, 3),
        )

    def _dropped(self, code: str) -> None:
        _logger.warning(
            "the other version was not heard", extra={"version": self._version.short, "code": code}
        )
