"""A second judge beside the one that decides: what another version would have said.

Two heads of labels share segments, vectors and hashed n-grams, so that the second costs a few
matrix products. Two heads of the same criteria share the judgements of the rules. Any other pair is
judged twice, and shares the sentences' vectors. The judgements that count are the same to the bit
as without a second judge, which is given up for the rest of the records when it fails, or when it
takes more time than it may.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

from winnow.errors import WinnowError
from winnow.judging.base import BriefJudgement, RecordBatch
from winnow.judging.labels.trained import HeadJudge
from winnow.judging.text.remembering import RememberingEncoder
from winnow.limits.budget import Check, Deadline, DeadlineError, no_deadline
from winnow.models import Judgement, ProcessInfo
from winnow.ports import Judge

SHADOW_FAILED = "shadow_failed"
SHADOW_TOO_SLOW = "shadow_too_slow"

_Briefs = Callable[[Check], list[BriefJudgement]]
"""What the second judge says of the records that the first has just judged."""


class JudgePair:
    """A `winnow.ports.Judge`: the first judge of two; what the second says is kept in `briefs`."""

    def __init__(
        self,
        judge: Judge,
        shadow: Judge,
        clock: Callable[[], float],
        *,
        memory: RememberingEncoder | None = None,
        seconds: float | None = None,
    ) -> None:
        """Take two judges.

        Args:
            judge: The one that decides.
            shadow: The one that is heard, too.
            clock: Tells seconds.
            memory: The encoder of both, where it remembers.
            seconds: How long the second may take in all; None: as long as it takes.
        """
        self._judge = judge
        self._shadow = shadow
        self._clock = clock
        self._memory = memory
        self._allowed = seconds
        self._first = _first_of(judge, shadow)
        self.briefs: list[BriefJudgement | None] = []
        """One a judgement that was returned, in their order; None: the second was given up."""
        self.seconds = 0.0
        """How long the second took."""
        self.dropped: str | None = None
        """Why it was given up, as a code; None: it was not."""

    @property
    def process(self) -> ProcessInfo:
        """What is judged by."""
        return self._judge.process

    def __call__(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, str]] | None = None,
        *,
        check: Check = no_deadline,
    ) -> list[Judgement]:
        """The first judge's judgements (see `winnow.ports.Judge`)."""
        if not texts:
            return []
        if self.dropped is not None:
            judgements = self._judge(texts, fields, check=check)
            self.briefs += [None] * len(judgements)
            return judgements
        shares = self._first is not None or self._memory is None
        with nullcontext() if shares or self._memory is None else self._memory.remembering():
            batch = RecordBatch(texts, fields, check)
            judgements, second = (self._first or self._twice)(batch)
            self.briefs += self._heard(second, len(judgements))
        return judgements

    def _twice(self, batch: RecordBatch) -> tuple[list[Judgement], _Briefs]:
        judgements = self._judge(batch.texts, batch.fields, check=batch.check)

        def again(check: Check) -> list[BriefJudgement]:
            return _brief(self._shadow(batch.texts, batch.fields, check=check))

        return judgements, again

    def _heard(self, second: _Briefs, count: int) -> Sequence[BriefJudgement | None]:
        """What the second judge says; nothing of it can harm the records that were judged."""
        begin = self._clock()
        check: Check = no_deadline
        if self._allowed is not None:
            check = Deadline(self._clock, begin + self._allowed - self.seconds)
        try:
            check()
            return second(check)
        except DeadlineError:
            self.dropped = SHADOW_TOO_SLOW
        except WinnowError as error:
            self.dropped = error.code
        except Exception:
            self.dropped = SHADOW_FAILED
        finally:
            self.seconds += self._clock() - begin
        return [None] * count


_First = Callable[[RecordBatch], tuple[list[Judgement], _Briefs]]


def _first_of(judge: Judge, shadow: Judge) -> _First | None:
    """How two judges share what they compute; None: they do not."""
    if isinstance(judge, HeadJudge) and isinstance(shadow, HeadJudge):
        return _heads(judge, shadow) if judge.shares_features(shadow) else None
    if judge.process.kind != "criteria" or judge.process.sha256 != shadow.process.sha256:
        return None
    return _criteria(judge, shadow)


def _heads(judge: HeadJudge, shadow: HeadJudge) -> _First:
    def first(batch: RecordBatch) -> tuple[list[Judgement], _Briefs]:
        features = judge.features(batch)
        return judge.judge(features), lambda _: shadow.briefly(features)

    return first


def _criteria(judge: Judge, shadow: Judge) -> _First:
    # What labels do not need is not loaded for them.
    from winnow.judging.criteria.weighed import WeighedCriteriaJudge

    rules = judge.rules if isinstance(judge, WeighedCriteriaJudge) else judge

    def weighed(by: Judge, judgements: list[Judgement]) -> list[Judgement]:
        return by.weigh(judgements) if isinstance(by, WeighedCriteriaJudge) else judgements

    def first(batch: RecordBatch) -> tuple[list[Judgement], _Briefs]:
        judgements = rules(batch.texts, batch.fields, check=batch.check)
        return weighed(judge, judgements), lambda _: _brief(weighed(shadow, judgements))

    return first


def _brief(judgements: Sequence[Judgement]) -> list[BriefJudgement]:
    return [
        BriefJudgement(one.decision.value, one.confidence, one.out_of_scope) for one in judgements
    ]
