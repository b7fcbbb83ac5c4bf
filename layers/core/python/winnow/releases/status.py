"""How a process stands: its versions with what audits prove of them, and what to tell people."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from winnow.models import Alias, FrozenModel, ShadowCounts
from winnow.registry.models import AliasChange, ProcessEntry, Release
from winnow.registry.ports import ModelRegistry
from winnow.releases.automatic import agreed_guarantee, expected_of, judge
from winnow.releases.gate import Decision
from winnow.releases.live import differences
from winnow.releases.models import VersionTotals, VersionWatch
from winnow.releases.ports import LiveStore

TOLD_FOR = timedelta(days=7)
"""How long people are shown what the gate has done."""


class VersionLive(FrozenModel):
    """What audits prove of one version; bounds of 0 and 1: nothing yet."""

    sha256: str
    alias: Alias
    process_version: str
    audited: int
    right: int
    estimate: float | None
    lower: float
    upper: float
    guarantee: float | None
    fallen: bool = False
    """Its precision has fallen, and the bounds are of the records since."""
    broken: bool = False
    """It does not keep its guarantee."""


class Banner(FrozenModel):
    """Something that people have to see: no text of documents."""

    code: str
    process: str
    text: str
    at: str


class ReleaseStatus(FrozenModel):
    """A process and its release, if one is under way."""

    process: str
    revision: int
    champion: VersionLive
    challenger: VersionLive | None
    release: Release | None
    differences: ShadowCounts | None
    """What champion and challenger made of the same records; None: nothing was counted."""
    decision: Decision | None
    """What follows from the audits for the release; None: there is none."""
    previous: str | None
    previous_until: str | None
    banners: tuple[Banner, ...]


class Recount(NamedTuple):
    """What is kept of a version, beside what its observations say."""

    version: str
    totals: VersionTotals
    differing: list[str]
    """Names of what differs; empty: nothing does."""


def status_of(
    entry: ProcessEntry, registry: ModelRegistry, store: LiveStore, now: float
) -> ReleaseStatus:
    """How a process stands; `now` in epoch seconds."""
    champion = store.watch(entry.process, entry.champion)
    challenger = entry.challenger and store.watch(entry.process, entry.challenger)
    release = entry.release
    decision = None
    if release is not None:
        watch = store.watch(entry.process, release.challenger)
        decision = judge(release, watch, champion)
    live = _live(entry, Alias.CHAMPION, entry.champion, champion, registry)
    broken = champion if live.broken else None
    return ReleaseStatus(
        process=entry.process,
        revision=entry.revision,
        champion=live,
        challenger=_live(entry, Alias.CHALLENGER, entry.challenger, challenger or None, registry)
        if entry.challenger
        else None,
        release=release,
        differences=store.differences(entry.process, entry.challenger)
        if entry.challenger
        else None,
        decision=decision,
        previous=entry.previous,
        previous_until=entry.previous_until,
        banners=banners_of(entry, broken, registry.history(entry.process), now),
    )


def banners_of(
    entry: ProcessEntry,
    broken: VersionWatch | None,
    history: tuple[AliasChange, ...],
    now: float,
) -> tuple[Banner, ...]:
    """What people have to see of a process.

    That its guarantee is not kept, for as long as that is so; and for a week what the gate did
    last, unless a person has changed something since.
    """
    found: list[Banner] = []
    if broken is not None and broken.guarantee is not None:
        precision = broken.precision
        text = (
            f"The champion does not keep its guarantee of {broken.guarantee:.2%}: its precision "
            f"is {precision.lower:.2%} to {precision.upper:.2%}."
        )
        found.append(
            Banner(code="guarantee_broken", process=entry.process, text=text, at=entry.changed_at)
        )
    last = history[-1] if history else None
    if last is not None and last.automatic and _recent(last.at, now):
        banner = Banner(code=last.action.value, process=entry.process, text=last.reason, at=last.at)
        found.append(banner)
    return tuple(found)


def recounts_of(process: str, versions: Iterable[str], store: LiveStore) -> list[Recount]:
    """What is kept of some versions of a process, compared with their observations."""
    found: list[Recount] = []
    for version in versions:
        # Read again until nothing was counted in between: that would be no difference.
        watch = store.watch(process, version)
        observations = list(store.observations(process, version))
        again = store.watch(process, version)
        while again != watch:
            watch = again
            observations = list(store.observations(process, version))
            again = store.watch(process, version)
        if watch is None:
            differing = ["observed"] if observations else []
        else:
            differing = differences(watch, observations)
        found.append(Recount(version, VersionTotals.of(observations), differing))
    return found


def _live(
    entry: ProcessEntry,
    alias: Alias,
    sha256: str,
    watch: VersionWatch | None,
    registry: ModelRegistry,
) -> VersionLive:
    version = registry.version(entry.process, sha256)
    guarantee = agreed_guarantee(entry, sha256)
    if guarantee is None:
        guarantee = watch.guarantee if watch else expected_of(version).guarantee
    precision = watch.precision if watch else None
    return VersionLive(
        sha256=sha256,
        alias=alias,
        process_version=version.process_version,
        audited=precision.n if precision else 0,
        right=precision.right if precision else 0,
        estimate=precision.estimate if precision else None,
        lower=precision.lower if precision else 0.0,
        upper=precision.upper if precision else 1.0,
        guarantee=guarantee,
        fallen=watch is not None and watch.state.fallen,
        # What was found by another guarantee says nothing of this one.
        broken=watch is not None and watch.broken and watch.guarantee == guarantee,
    )


def _recent(at: str, now: float) -> bool:
    return datetime.fromtimestamp(now, UTC) - datetime.fromisoformat(at) < TOLD_FOR
