"""Live precision: what people decide of audited records becomes bounds, one transaction a record.

An observation is derived from the present state of a record's review, not from what changed. So an
event that comes twice, late or out of order changes nothing, an answer that is changed or undone
changes or voids its observation, and a record whose text was erased keeps it. The bounds depend on
the order of the observations; each keeps its place (`ordinal`), and after a change they are
computed again from the first on.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from winnow.errors import RetryableError
from winnow.models import Outcome
from winnow.releases import change
from winnow.releases.change import Watch
from winnow.releases.models import Observation, VersionWatch
from winnow.releases.ports import LiveStore
from winnow.releases.precision import Audited
from winnow.reviews.models import Kind, ReviewHead

ATTEMPTS = 30
"""Others record observations of the same version at the same time."""
EXPECTED = 0.9
"""The precision whose fall is looked for where nothing was promised or measured."""
_MOST = 0.9995
"""A fall from a precision of 1 cannot be told from one mistake."""


class Expected(NamedTuple):
    """What is expected of a version."""

    guarantee: float | None
    """None: nothing was promised."""
    precision: float
    """Below it, precision has fallen: the guarantee, else what was measured."""

    @classmethod
    def of(cls, guarantee: float | None, measured: float | None = None) -> "Expected":
        """What is expected by a guarantee, or else by what was measured."""
        known = next((p for p in (guarantee, measured) if p is not None and p > 0), EXPECTED)
        return cls(guarantee, min(known, _MOST))


class Found(NamedTuple):
    """What a record's review says of the version that accepted it."""

    correct: bool | None
    """None: nobody has decided it, or it cannot be told."""
    blind: bool
    at: str


def audited(head: ReviewHead) -> bool:
    """Whether a record counts for the live precision of the version that judged it."""
    return (
        head.kind is Kind.AUDIT
        and head.outcome is Outcome.ACCEPTED
        and head.judged_by is not None
        and head.sampled_at_least != 0
    )


def found(head: ReviewHead) -> Found:
    """What a record's review says, as it is now."""
    answer = head.answer
    if answer is None:
        return Found(None, blind=False, at="")
    return Found(head.agreed, blind=answer.blind, at=answer.at)


def begin(process: str, version: str, expected: Expected, floor: float) -> VersionWatch:
    """The bounds of a version of which nothing is known."""
    state = change.begin(expected.precision, floor)
    return VersionWatch(process=process, version=version, guarantee=expected.guarantee, state=state)


def record(
    head: ReviewHead, store: LiveStore, expect: Callable[[VersionWatch | None], Expected]
) -> VersionWatch | None:
    """Count what a record's review says now, unless it is counted already.

    Args:
        head: The present state of a review for which `audited` holds.
        store: Where observations and bounds are kept.
        expect: What is expected of the version that judged it, by what is kept of it.

    Returns:
        The bounds of the version; None: nothing is known of it yet.

    Raises:
        RetryableError: Too many others count observations of this version.
    """
    assert head.judged_by is not None
    process, version = head.process.id, head.judged_by.sha256
    for _ in range(ATTEMPTS):
        watch = store.watch(process, version)
        there = store.observation(process, version, head.key)
        now = _observation(head, there, watch)
        expected = expect(watch)
        if now is None or (there is not None and there.event >= now.event):
            return watch if watch is None else expecting(watch, store, expected)
        before = watch or begin(process, version, expected, now.floor)
        after = _after(before, now, there, store, expected)
        seen = watch.revision if watch else None
        if store.keep(after, seen, now, there.event if there else None):
            return after
    raise RetryableError("Too many audits of one version were counted at the same time.")


def recount(
    process: str, version: str, observations: Iterable[Observation], expected: Expected
) -> VersionWatch | None:
    """The bounds of a version from its observations alone; None: it has none.

    What is kept has to be equal to it: `winnow audit` compares them.
    """
    every = sorted(observations, key=lambda one: one.ordinal)
    if not every:
        return None
    watch = begin(process, version, expected, every[0].floor)
    return watch.model_copy(
        update={"observed": every[-1].ordinal, "state": _replayed(every, watch.state)}
    )


def differences(kept: VersionWatch, observations: Iterable[Observation]) -> list[str]:
    """In what the kept bounds are not those of the observations: names of what differs."""
    expected = Expected(kept.guarantee, kept.state.expected)
    again = recount(kept.process, kept.version, observations, expected)
    if again is None:
        return ["observed"] if kept.observed else []
    names = ("observed", "state")
    return [name for name in names if getattr(kept, name) != getattr(again, name)]


def _observation(
    head: ReviewHead, there: Observation | None, watch: VersionWatch | None
) -> Observation | None:
    """What is to be kept of a record; None: nothing was ever said of it."""
    assert head.judged_by is not None
    now = found(head)
    if there is None and now.correct is None:
        return None
    return Observation(
        process=head.process.id,
        version=head.judged_by.sha256,
        upload=head.upload,
        record=head.record,
        ordinal=there.ordinal if there else (watch.observed if watch else 0) + 1,
        event=head.version,
        correct=now.correct,
        probability=head.probability,
        floor=head.sampled_at_least or head.probability,
        blind=now.blind,
        at=now.at or (there.at if there else ""),
    )


def _after(
    watch: VersionWatch,
    now: Observation,
    there: Observation | None,
    store: LiveStore,
    expected: Expected,
) -> VersionWatch:
    """The bounds with an observation more, or with a changed one."""
    update = {
        "revision": watch.revision + 1,
        "observed": max(watch.observed, now.ordinal),
        "guarantee": expected.guarantee,
    }
    if watch.state.expected == expected.precision:
        if there is None:
            return watch.model_copy(update=update | {"state": _next(watch.state, now)})
        if there.correct == now.correct:
            return watch.model_copy(update=update)
    others = [
        one
        for one in store.observations(now.process, now.version)
        if (one.upload, one.record) != (now.upload, now.record)
    ]
    again = recount(now.process, now.version, [*others, now], expected)
    assert again is not None
    return watch.model_copy(update=update | {"state": again.state})


def expecting(watch: VersionWatch, store: LiveStore, expected: Expected) -> VersionWatch:
    """The bounds, computed again if something else is expected of the version now.

    Raises:
        RetryableError: Too many others count observations of this version.
    """
    for _ in range(ATTEMPTS):
        if (watch.guarantee, watch.state.expected) == expected:
            return watch
        every = store.observations(watch.process, watch.version)
        again = recount(watch.process, watch.version, every, expected)
        if again is None:
            return watch
        after = watch.model_copy(
            update={
                "revision": watch.revision + 1,
                "guarantee": expected.guarantee,
                "state": again.state,
            }
        )
        if store.keep(after, watch.revision):
            return after
        watch = store.watch(watch.process, watch.version) or watch
    raise RetryableError("Too many audits of one version were counted at the same time.")


def _replayed(observations: Iterable[Observation], state: Watch) -> Watch:
    for one in observations:
        state = _next(state, one)
    return state


def _next(state: Watch, one: Observation) -> Watch:
    if one.correct is None:
        return state
    return change.observe(state, *Audited(one.correct, one.probability, one.floor))
