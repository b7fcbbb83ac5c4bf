"""The gate at work: after every audited decision, what it proves is acted upon.

A challenger whose guarantee is proven is promoted if its release is automatic; one that is proven
to break it is taken back. So is a new champion while the one before is kept ready. Each is one
conditional change of the process's entry, told by e-mail. The champion is watched in the same way
for as long as it decides, and people are told once when its guarantee is not kept.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from winnow.errors import ReleaseConflictError, RetryableError
from winnow.ports import Mailer
from winnow.registry import aliases
from winnow.registry.aliases import KEPT_READY_S, Who
from winnow.registry.models import AliasChange, ModelVersion, ProcessEntry, Release, Stage
from winnow.registry.ports import ModelRegistry
from winnow.releases import live, mails
from winnow.releases.gate import Action, Decision, decide, is_broken
from winnow.releases.live import Expected
from winnow.releases.models import VersionWatch
from winnow.releases.ports import LiveStore
from winnow.releases.precision import Precision, start
from winnow.reviews.models import ReviewHead
from winnow.storage.times import iso

GATE = "gate"
"""Who changes an entry where no person does."""
_ATTEMPTS = 5
_FLOOR = 1.0
"""Of a version that nobody has audited; the first audit brings its own."""


class Seen(NamedTuple):
    """What was seen of a process."""

    entry: ProcessEntry
    champion: VersionWatch | None
    """None: none of its records was audited yet."""
    challenger: VersionWatch | None
    changes: tuple[AliasChange, ...]
    """What the gate has done now, as it was told."""


class Gatekeeper:
    """Counts what people decided of audited records, and acts on what it proves."""

    def __init__(
        self,
        registry: ModelRegistry,
        store: LiveStore,
        mailer: Mailer,
        clock: Callable[[], float],
        page_url: str = "",
    ) -> None:
        """`clock` tells the time in epoch seconds."""
        self._registry = registry
        self._store = store
        self._mailer = mailer
        self._clock = clock
        self._page_url = page_url

    def decided(self, heads: Iterable[ReviewHead]) -> list[Seen]:
        """Count the reviews of some records as they are now, and act.

        Calling it again for the same records changes nothing; an e-mail that was not sent is sent.

        Returns:
            A process that has audited records among them, each.
        """
        processes: dict[str, ProcessEntry] = {}
        for head in heads:
            version = head.judged_by
            if version is None or not live.audited(head):
                continue
            process = head.process.id
            if process not in processes:
                entry = self._registry.entry(process)
                if entry is None:
                    continue
                processes[process] = entry
            live.record(
                head, self._store, partial(self._expected, version.sha256, processes[process])
            )
        return [seen for process in processes if (seen := self.act(process)) is not None]

    def act(self, process: str) -> Seen | None:
        """Act on what is known of a process; None: nothing was published for it.

        Raises:
            RetryableError: Others change it again and again.
        """
        for _ in range(_ATTEMPTS):
            entry = self._registry.entry(process)
            if entry is None:
                return None
            champion = self._watch(entry, entry.champion)
            try:
                if not self._release(entry, champion):
                    self._return(entry, champion)
            except ReleaseConflictError:
                continue  # Somebody was faster: look again.
            entry = self._registry.entry(process) or entry
            changes = self._tell(entry)
            champion = self._watched(entry)
            release = entry.release
            challenger = self._store.watch(process, release.challenger) if release else None
            return Seen(entry, champion, challenger, changes)
        raise RetryableError(f"The versions of {process} are changed again and again.")

    def _release(self, entry: ProcessEntry, champion: VersionWatch | None) -> bool:
        """Promote the challenger or take it back, if that is proven; whether it was."""
        release = entry.release
        if release is None:
            return False
        watch = self._store.watch(entry.process, release.challenger)
        decision = judge(release, watch, champion)
        who = self._gate(decision)
        if decision.action is Action.TAKE_BACK:
            self._registry.change(entry, *aliases.roll_back(entry, None, who))
            return True
        if decision.action is Action.PROMOTE and release.stage is Stage.CANARY:
            version = self._registry.version(entry.process, release.challenger)
            changed = aliases.promote(entry, version, who, previous_until=ready_until(self._clock))
            self._registry.change(entry, *changed)
            return True
        return False

    def _return(self, entry: ProcessEntry, champion: VersionWatch | None) -> None:
        """Return to the champion before, while it is kept ready, if the new one breaks its word.

        The one before has to be no worse: it is not proven to break that guarantee, too.
        """
        until, previous = entry.previous_until, entry.previous
        if champion is None or champion.guarantee is None or previous is None or until is None:
            return
        if self._clock() >= datetime.fromisoformat(until).timestamp():
            return
        decision = decide(champion.precision, champion.guarantee, automatic=False)
        before = self._store.watch(entry.process, previous)
        if decision.action is not Action.TAKE_BACK or (
            before is not None and is_broken(before.precision, champion.guarantee)
        ):
            return
        version = self._registry.version(entry.process, previous)
        changed = aliases.take_back_champion(entry, version, self._gate(decision))
        self._registry.change(entry, *changed)

    def _gate(self, decision: Decision) -> Who:
        return Who(
            by=GATE,
            at=iso(self._clock()),
            reason=decision.reason,
            code=decision.code.value,
            automatic=True,
        )

    def _tell(self, entry: ProcessEntry) -> tuple[AliasChange, ...]:
        """Tell people of the gate's last change, if nobody was told yet."""
        if entry.changed_by != GATE:
            return ()
        done = next(
            (one for one in self._registry.history(entry.process)[::-1] if one.automatic), None
        )
        if done is None or done.revision != entry.revision:
            return ()
        released = done.released
        watch = self._store.watch(entry.process, released) if released else None
        if watch is None or watch.told >= done.revision:
            return ()
        self._mailer.send(mails.changed(done, self._page_url))
        self._mark(watch, told=done.revision)
        return (done,)

    def _watched(self, entry: ProcessEntry) -> VersionWatch | None:
        """The champion's bounds; people are told once when its guarantee is not kept."""
        watch = self._watch(entry, entry.champion)
        if watch is None or watch.guarantee is None:
            return watch
        broken = is_broken(watch.precision, watch.guarantee) or watch.state.fallen
        if broken and not watch.broken:
            self._mailer.send(mails.broken(watch, self._page_url))
        return watch if broken == watch.broken else self._mark(watch, broken=broken)

    def _mark(self, watch: VersionWatch, **update: int | bool) -> VersionWatch:
        for _ in range(_ATTEMPTS):
            after = watch.model_copy(update={**update, "revision": watch.revision + 1})
            if self._store.keep(after, watch.revision):
                return after
            watch = self._store.watch(watch.process, watch.version) or watch
        return watch  # The e-mail may be sent once more.

    def _watch(self, entry: ProcessEntry, sha256: str) -> VersionWatch | None:
        """The bounds of a version, held to what is expected of it now.

        Another guarantee may have been agreed on since its last audit was counted.
        """
        watch = self._store.watch(entry.process, sha256)
        if watch is None:
            return None
        return live.expecting(watch, self._store, self._expected(sha256, entry, watch))

    def _expected(self, sha256: str, entry: ProcessEntry, kept: VersionWatch | None) -> Expected:
        agreed = agreed_guarantee(entry, sha256)
        if agreed is not None:
            return Expected.of(agreed)
        if kept is not None:
            return Expected(kept.guarantee, kept.state.expected)
        return expected_of(self._registry.version(entry.process, sha256))


def agreed_guarantee(entry: ProcessEntry, sha256: str) -> float | None:
    """The guarantee that a version was released with; None: none was, or it is not released."""
    if entry.release is not None and entry.release.challenger == sha256:
        return entry.release.guarantee
    return entry.promised if entry.champion == sha256 else None


def expected_of(version: ModelVersion) -> Expected:
    """What is expected of a version by what was found when it was made."""
    metrics = version.metrics
    return Expected.of(version.guarantee, metrics.accepted_precision if metrics else None)


def judge(
    release: Release, challenger: VersionWatch | None, champion: VersionWatch | None
) -> Decision:
    """What follows for a release from what is known of its versions."""
    return decide(
        precision_of(challenger),
        release.guarantee,
        automatic=release.automatic,
        champion=champion.precision if champion else None,
    )


def precision_of(watch: VersionWatch | None) -> Precision:
    """The bounds of a version, also of one that nobody has audited."""
    return start(_FLOOR) if watch is None else watch.precision


def ready_until(clock: Callable[[], float]) -> str:
    """Until when a champion that is replaced now is kept ready, ISO 8601 in UTC."""
    return iso(clock() + KEPT_READY_S)
