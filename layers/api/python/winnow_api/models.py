"""Processes with their versions: which are used, how well they do, and a training on demand."""

from collections.abc import Iterator

from winnow.errors import (
    ObjectGoneError,
    ProcessNotOpenError,
    ProcessUnknownError,
    TrainingOffError,
    TrainingRunningError,
)
from winnow.registry.aliases import guarantee_of
from winnow.registry.files import EVALUATION_PAGE
from winnow.registry.models import Action, AliasChange, ModelVersion, ProcessEntry
from winnow.registry.naming import version_named
from winnow.registry.resolve import find
from winnow_api import cursors, idempotency
from winnow_api.call import Call, iso
from winnow_api.identity import User
from winnow_api.services import Services
from winnow_api.shapes import (
    CodeInfo,
    EvaluationLink,
    LiveItem,
    LivePrecision,
    ModelChange,
    ModelDetail,
    ModelItem,
    ModelPath,
    Models,
    Nothing,
    Notice,
    Page,
    ProcessDetail,
    ProcessModels,
    ProcessPath,
    ReleaseItem,
    ShadowItem,
    TrainingItem,
    TrainingRequested,
)
from winnow_api.threads import pool

LINK_S = 300
MAX_HISTORY = 50
NOTICED_DAYS = 7
"""For so long a notice is shown of what happened once."""
_DAY_S = 86_400
_WHOLE = 64


def listed(services: Services, call: Call, given: Nothing) -> Models:
    """The processes that are open to the user, and what rings of them."""
    entries = [e for e in services.models().entries() if call.user.may_see(e.process)]
    items = tuple(pool().map(lambda entry: shown(services, entry), entries))
    rings = pool().map(lambda entry: last_of(services, entry), entries)
    found = zip(items, rings, strict=True)
    code = services.code()
    return Models(
        items=items,
        code=None if code is None else CodeInfo(version=code.version, deployed_at=code.at),
        notices=tuple(n for item, last in found for n in notices_of(services, item, last)),
    )


class _Older(cursors.Cursor):
    """The last version that was shown."""

    created: str
    sha256: str


def one(services: Services, call: Call, given: Page) -> ProcessDetail:
    """A process with a page of its versions and its last changes."""
    path: ProcessPath = call.path
    entry = open_entry(services, call.user, path.process)
    of = f"models {entry.process}"
    versions = services.models().versions(entry.process)
    if given.cursor is not None:
        last = cursors.decode(given.cursor, _Older, of)
        versions = tuple(v for v in versions if (v.created, v.sha256) < (last.created, last.sha256))
    page = versions[: given.limit]
    cursor = None
    if len(versions) > len(page):
        cursor = cursors.encode(_Older(of=of, created=page[-1].created, sha256=page[-1].sha256))
    history = services.models().history(entry.process)
    item = shown(services, entry)
    return ProcessDetail(
        **dict(item),
        versions=tuple(item_of(entry, version) for version in page),
        history=tuple(_change(each) for each in history[: -MAX_HISTORY - 1 : -1]),
        notices=tuple(notices_of(services, item, history[-1] if history else None)),
        cursor=cursor,
    )


def version(services: Services, call: Call, given: Nothing) -> ModelDetail:
    """One version."""
    path: ModelPath = call.path
    entry = open_entry(services, call.user, path.process)
    found = version_named(services.models(), entry, path.sha)
    return ModelDetail(
        **dict(item_of(entry, found)),
        process=entry.process,
        kind=found.kind,
        definition_sha256=found.definition_sha256,
        head_sha256=found.head_sha256,
        head=found.head,
        encoder=found.encoder,
        parents=found.parents,
        rows=None if found.data is None else found.data.rows,
        rows_of={} if found.data is None else found.data.rows_of,
        code=found.code,
    )


def evaluation(services: Services, call: Call, given: Nothing) -> EvaluationLink:
    """A link to the page with a version's evaluation."""
    path: ModelPath = call.path
    entry = open_entry(services, call.user, path.process)
    found = version_named(services.models(), entry, path.sha)
    file = found.file(EVALUATION_PAGE)
    if file is None:
        raise ObjectGoneError(f"The version {found.short} was published without an evaluation.")
    return EvaluationLink(
        url=services.objects().link(file.object, LINK_S),
        expires_at=iso(services.now() + LINK_S),
    )


def train(services: Services, call: Call, given: Nothing) -> TrainingRequested:
    """Start a training. The same request again starts no second one."""
    path: ProcessPath = call.path
    entry = open_entry(services, call.user, path.process)
    trainer = services.trainer()
    if trainer is None:
        raise TrainingOffError("This stack has no function that trains.")
    claimed = idempotency.claimed(services.keys(), call.key or "", call.body, iso(services.now()))
    asked = TrainingRequested(process=entry.process, at=claimed.value)
    # Kept once a training was started: until then each attempt with the key starts one. Two that
    # do so at the same moment are harmless, because the second training finds the lease taken.
    started = f"{call.key}-started"
    if not claimed.first and services.keys().has(started):
        return asked
    if services.live().training(entry.process) is not None:
        raise TrainingRunningError(f"{entry.process} is being trained already.")
    trainer.train(entry.process, call.user.name)
    services.keys().claim(started, "", claimed.value)
    return asked


# -- what is shown ---------------------------------------------------------------------------------


def open_entry(services: Services, user: User, name: str) -> ProcessEntry:
    """The process of this id or code. Raises ProcessNotOpenError, which lists those that are."""
    entries = tuple(e for e in services.models().entries() if user.may_see(e.process))
    try:
        return find(name, entries)
    except ProcessUnknownError:
        known = ", ".join(entry.process for entry in entries) or "none"
        raise ProcessNotOpenError(
            f"No process of this name is open to you. Open: {known}."
        ) from None


def shown(services: Services, entry: ProcessEntry) -> ProcessModels:
    """A process as it is answered. The key of a canary stays here."""
    models, live, release = services.models(), services.live(), entry.release
    challenger = entry.challenger
    shadow = None if release is None else live.shadow(entry.process, release.challenger)
    until = live.training(entry.process)
    return ProcessModels(
        process=entry.process,
        title=_title(services, entry),
        kind=entry.kind,
        champion=item_of(entry, models.version(entry.process, entry.champion)),
        challenger=(
            None
            if challenger is None
            else item_of(entry, models.version(entry.process, challenger))
        ),
        release=(
            None
            if release is None
            else ReleaseItem(
                stage=release.stage,
                percent=release.percent,
                guarantee=release.guarantee,
                automatic=release.automatic,
                started_at=release.started_at,
                by=release.by,
            )
        ),
        previous=entry.previous,
        previous_until=entry.previous_until,
        taken_back=entry.taken_back,
        live=LiveItem(
            champion=_live(services, entry.process, entry.champion),
            challenger=None if challenger is None else _live(services, entry.process, challenger),
        ),
        shadow=None
        if shadow is None
        else ShadowItem(records=shadow.records, differed=shadow.differed),
        training=None if until is None else TrainingItem(until=until),
        revision=entry.revision,
        changed_at=entry.changed_at,
        changed_by=entry.changed_by,
    )


def item_of(entry: ProcessEntry, found: ModelVersion) -> ModelItem:
    """A version in short."""
    alias = entry.alias_of(found.sha256)
    return ModelItem(
        sha256=found.sha256,
        process_version=found.process_version,
        aliases=() if alias is None else (alias,),
        source=found.source,
        created=found.created,
        by=found.by,
        trained=found.head_sha256 is not None,
        threshold=found.threshold,
        guarantee=guarantee_of(entry, found),
        metrics=found.metrics,
        reproducible=found.reproducible,
        evaluation=found.file(EVALUATION_PAGE) is not None,
    )


def _title(services: Services, entry: ProcessEntry) -> str:
    try:
        return services.registry().find(entry.process).title
    except ProcessUnknownError:
        return entry.process


def _live(services: Services, process: str, sha256: str) -> LivePrecision | None:
    found = services.live().precision(process, sha256)
    if found is None or not found.n:
        return None
    return LivePrecision(
        records=found.n,
        correct=found.right,
        precision=found.estimate,
        lower=found.lower,
        upper=found.upper,
    )


def _change(change: AliasChange) -> ModelChange:
    return ModelChange(**change.model_dump(exclude={"process"}))


# -- what rings ------------------------------------------------------------------------------------


def notices_of(
    services: Services, item: ProcessModels, last: AliasChange | None
) -> Iterator[Notice]:
    """What somebody has to look at.

    A broken guarantee rings as long as it is broken; a challenger that was taken back by itself
    until somebody changes something, for a week at most; a failed training until the next one.
    """
    live, promised = item.live.champion, item.champion.guarantee
    if live is not None and promised is not None and live.upper < promised:
        yield Notice(
            code="guarantee_broken",
            process=item.process,
            text=f"{item.title}: the champion breaks its guarantee. {_percent(promised)} of what "
            "is accepted should be right; with 95 % confidence less than "
            f"{_percent(live.upper)} is.",
            at=iso(services.now()),
        )
    oldest = iso(services.now() - NOTICED_DAYS * _DAY_S)
    if (
        last is not None
        and last.automatic
        and last.action is Action.ROLLED_BACK
        and last.at >= oldest
    ):
        why = f" {last.reason}" if last.reason else ""
        yield Notice(
            code="taken_back",
            process=item.process,
            text=f"{item.title}: {_taken(last)} was taken back by itself.{why}",
            at=last.at,
        )
    failed = services.live().training_failed(item.process)
    if failed is not None and failed.at >= oldest:
        yield Notice(
            code="training_failed",
            process=item.process,
            text=f"{item.title}: the last training failed ({failed.code}). Nothing was changed.",
            at=failed.at,
        )


def _taken(change: AliasChange) -> str:
    same = change.champion_before == change.champion_after
    return "the challenger" if same else f"the new champion {(change.released or '')[:12]}"


def last_of(services: Services, entry: ProcessEntry) -> AliasChange | None:
    """The last change of a process."""
    history = services.models().history(entry.process)
    return history[-1] if history else None


def _percent(share: float) -> str:
    """A share in percent.

    >>> _percent(0.95), _percent(0.9725)
    ('95 %', '97.25 %')
    """
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"
