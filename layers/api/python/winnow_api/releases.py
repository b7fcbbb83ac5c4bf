"""Releases: how a challenger becomes champion, and how it is taken back."""

from winnow.errors import ReleaseConflictError, ReleaseInvalidError
from winnow.registry import aliases
from winnow.registry.aliases import KEPT_READY_S, Changed, Who
from winnow.registry.models import Action, ModelVersion, ProcessEntry, Stage
from winnow.registry.naming import version_named
from winnow_api import idempotency
from winnow_api.call import Call, iso
from winnow_api.messages import Response
from winnow_api.models import open_entry, shown
from winnow_api.problems import problem_of
from winnow_api.services import Services
from winnow_api.shapes import ProcessModels, ReleaseRequest, Releases, ReleasesQuery
from winnow_api.threads import pool

DEFAULT_PERCENT = 10
_KEY_BYTES = 16
_DONE = {
    "shadow": Action.SHADOW,
    "canary": Action.CANARY,
    "promote": Action.PROMOTED,
    "rollback": Action.ROLLED_BACK,
    "stop": Action.STOPPED,
}


def listed(services: Services, call: Call, given: ReleasesQuery) -> Releases:
    """The processes with a release under way."""
    if given.process is not None:
        entries = [open_entry(services, call.user, given.process)]
    else:
        entries = [e for e in services.models().entries() if call.user.may_see(e.process)]
    under_way = [entry for entry in entries if entry.release is not None]
    return Releases(items=tuple(pool().map(lambda entry: shown(services, entry), under_way)))


def change(services: Services, call: Call, given: ReleaseRequest) -> ProcessModels | Response:
    """Release a version, or take it back; of two who change the same, the second is told.

    Time and random key are claimed first, so that a request which is sent again finds its own
    changes in the history, and makes only those that are missing.
    """
    registry = services.models()
    entry = open_entry(services, call.user, given.process)
    fresh = f"{iso(services.now())} {services.random(_KEY_BYTES)}"
    claimed = idempotency.claimed(services.keys(), call.key or "", call.body, fresh)
    at, _, key = claimed.value.partition(" ")
    who = Who(call.user.name, at)
    expected = given.revision
    if not claimed.first:
        own = [c for c in registry.history(entry.process) if (c.at, c.by) == (at, who.by)]
        if any(c.action is _DONE[given.action] for c in own):
            return shown(services, entry)
        expected += len(own)
    try:
        if entry.revision != expected:
            raise ReleaseConflictError(
                f"{entry.changed_by} has changed {entry.process} at {entry.changed_at}."
            )
        version = _version(services, entry, given)
        if version is not None and _takes_traffic(entry, version, given):
            _check_golden(services, entry, version, given)
        starts = given.action in ("shadow", "canary")
        if starts and version is not None and entry.challenger != version.sha256:
            entry = _made(services, entry, aliases.set_challenger(entry, version, who))
        entry = _made(services, entry, _changed(services, entry, version, who, key, given))
    except ReleaseConflictError as error:
        now = registry.entry(entry.process) or entry
        return problem_of(error, call.request_id, {"version": now.revision})
    return shown(services, entry)


def _made(services: Services, before: ProcessEntry, changed: Changed) -> ProcessEntry:
    services.models().change(before, changed.entry, changed.change)
    return changed.entry


def _version(services: Services, entry: ProcessEntry, given: ReleaseRequest) -> ModelVersion | None:
    """The version that is meant: the one that is named, else the challenger."""
    if given.action in ("rollback", "stop"):
        return None
    if given.version is not None:
        return version_named(services.models(), entry, given.version)
    if entry.challenger is None:
        return None
    return services.models().version(entry.process, entry.challenger)


def _takes_traffic(entry: ProcessEntry, version: ModelVersion, given: ReleaseRequest) -> bool:
    """Whether a version decides uploads by this that it did not decide before."""
    if given.action == "canary":
        return True
    release = entry.release
    begun = release is not None and (release.stage, release.challenger) == (
        *(Stage.CANARY, version.sha256),
    )
    return given.action == "promote" and not begun


def _check_golden(
    services: Services, entry: ProcessEntry, version: ModelVersion, given: ReleaseRequest
) -> None:
    """Have the golden set judged, as `winnow release canary` does.

    Raises ReleaseInvalidError if the version breaks its guarantee there, or cannot be judged.
    """
    from winnow.releases.golden import may_have_rows, refuse_broken

    guarantee = aliases.guarantee_of(entry, version, given.guarantee)
    champion = services.models().version(entry.process, entry.champion)
    golden = services.golden()
    if golden is None or guarantee is None or not may_have_rows((version, champion)):
        return
    report = golden.judged(entry.process, version.sha256, guarantee)
    if report.code is not None:
        raise ReleaseInvalidError(
            f"{entry.process}: {version.short} cannot be judged on the golden set ({report.code})."
        )
    refuse_broken(entry.process, report.result)


def _changed(
    services: Services,
    entry: ProcessEntry,
    version: ModelVersion | None,
    who: Who,
    key: str,
    given: ReleaseRequest,
) -> Changed:
    if given.action == "stop":
        return aliases.stop(entry, who)
    if given.action == "rollback":
        previous = entry.previous
        back = None if previous is None else services.models().version(entry.process, previous)
        return aliases.roll_back(entry, back, who)
    if given.action == "promote":
        if version is None:
            raise ReleaseInvalidError(f"{entry.process} has no challenger: name a version.")
        until = iso(services.now() + KEPT_READY_S)
        return aliases.promote(entry, version, who, previous_until=until, guarantee=given.guarantee)
    guarantee = given.guarantee
    if version is not None:
        guarantee = aliases.guarantee_of(entry, version, guarantee)
    if given.action == "shadow":
        return aliases.start_shadow(entry, who, key, guarantee=guarantee, automatic=given.automatic)
    percent = DEFAULT_PERCENT if given.percent is None else given.percent
    return aliases.start_canary(
        entry, who, key, percent, guarantee=guarantee, automatic=given.automatic
    )
