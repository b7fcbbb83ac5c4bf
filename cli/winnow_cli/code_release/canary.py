"""A canary of code: the workflow's alias sends a share of new runs to another version."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol

from winnow.errors import (
    CodeReleaseUnsupportedError,
    ReleaseConflictError,
    ReleaseInvalidError,
    RolledBackAlreadyError,
)
from winnow.models import Alias
from winnow.registry.aliases import KEPT_READY_S
from winnow.registry.models import ProcessEntry, Stage
from winnow.storage.times import iso
from winnow_cli.code_release.alias import Route, WorkflowAlias
from winnow_cli.code_release.models import (
    CodeChange,
    CodeEntry,
    CodeRelease,
    CodeStatus,
    CodeVersion,
)
from winnow_cli.code_release.store import CodeTable
from winnow_cli.models import TABLE, open_models
from winnow_cli.target import Target

OUTPUT = "WorkflowAlias"
"""The output of a stack that starts runs by an alias."""
_ALL = 100


class CodeStore(Protocol):
    """Who released which code: `CodeTable`, or a fake of it."""

    def entry(self) -> CodeEntry | None:
        """The entry; None: no code was ever released by hand."""

    def history(self) -> tuple[CodeChange, ...]:
        """Every change, the oldest first."""

    def change(self, after: CodeEntry, change: CodeChange) -> None:
        """Write both, or raise ReleaseConflictError."""


class StackCode:
    """The code of one stack."""

    def __init__(
        self,
        stack: str,
        alias: WorkflowAlias,
        store: CodeStore,
        processes: Callable[[], Iterable[ProcessEntry]],
        user: Callable[[], str],
        *,
        busy: Callable[[], str | None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`processes` are those of the registry; `busy` is the stack's status while it changes."""
        self._stack = stack
        self._alias = alias
        self._store = store
        self._processes = processes
        self._user = user
        self._busy = busy
        self._clock = clock

    def entry(self, revision: int | None = None) -> CodeEntry:
        """What holds now. The alias is right about versions and shares, the entry about people.

        Args:
            revision: The one that it has to be at.

        Raises:
            ReleaseConflictError: It is at another revision.
        """
        routes, since = self._alias.routes()
        stored = self._store.entry() or CodeEntry(stack=self._stack, champion="")
        if revision is not None and stored.revision != revision:
            raise ReleaseConflictError(
                f"The code of {self._stack} is at revision {stored.revision}, not {revision}: "
                f"{stored.changed_by or 'nobody'} changed it last."
            )
        if len(routes) == 1:
            champion = routes[0].version
            newest = self._alias.versions()[:1]
            newer = bool(newest) and int(newest[0]) > int(champion)
            update: dict[str, Any] = {"challenger": newest[0] if newer else None, "release": None}
        else:
            release = self._release(stored, routes, since)
            champion = next(r.version for r in routes if r.version != release.challenger)
            update = {"challenger": release.challenger, "release": release}
        if champion != stored.champion and stored.champion:
            # CloudFormation, or somebody else's tool, has moved it since.
            update |= {"previous": stored.champion, "previous_until": None, "taken_back": False}
        return stored.model_copy(update={"champion": champion, **update})

    def status(self) -> CodeStatus:
        """What holds now, with the newest runs of each version."""
        entry = self.entry()
        return CodeStatus(
            stack=entry.stack,
            revision=entry.revision,
            champion=self._version(entry.champion, Alias.CHAMPION),
            challenger=self._version(entry.challenger, Alias.CHALLENGER)
            if entry.challenger
            else None,
            release=entry.release,
            previous=entry.previous,
            previous_until=entry.previous_until,
        )

    def canary(
        self, percent: int, version: str | None, reason: str, revision: int | None = None
    ) -> CodeEntry:
        """Let a version have a share of new runs.

        Raises:
            ReleaseConflictError: Somebody else has released code since it was read.
            ReleaseInvalidError: What is asked for does not fit.
        """
        before = self._ready(revision)
        self._refuse_models()
        challenger = self._challenger(before, version)
        under_way = before.release
        if under_way is not None and under_way.challenger != challenger:
            raise ReleaseInvalidError(
                f"Version {under_way.challenger} is being released. End that first "
                "(`winnow release stop --code`)."
            )
        release = CodeRelease(
            stage=Stage.CANARY,
            challenger=challenger,
            percent=percent,
            started_at=under_way.started_at if under_way else self._now(),
            by=self._user(),
        )
        after = before.model_copy(update={"challenger": challenger, "release": release})
        routes = (Route(challenger, percent), Route(before.champion, _ALL - percent))
        return self._change(before, after, "canary", reason, *routes)

    def promote(self, version: str | None, reason: str, revision: int | None = None) -> CodeEntry:
        """Let a version have all new runs. Raises as `canary`."""
        before = self._ready(revision)
        challenger = self._challenger(before, version)
        after = before.model_copy(
            update={
                "champion": challenger,
                "challenger": None,
                "release": None,
                "previous": before.champion,
                "previous_until": iso(self._clock() + KEPT_READY_S),
                "taken_back": False,
            }
        )
        return self._change(before, after, "promoted", reason, Route(challenger, _ALL))

    def roll_back(
        self, reason: str, revision: int | None = None, *, force: bool = False
    ) -> CodeEntry:
        """Take a canary back; without one, return to the version before. Raises as `canary`.

        Args:
            force: Also if that version is one that was taken back itself.

        Raises:
            RolledBackAlreadyError: It is, and `force` is not given.
        """
        before = self._ready(revision)
        if before.release is not None:
            return self._end(before, "rolled_back", reason)
        if before.taken_back and before.previous is not None and not force:
            raise RolledBackAlreadyError(
                f"Version {before.previous} was taken back at {before.changed_at}, and "
                f"{before.champion} has every new run."
            )
        kept = self._alias.versions()
        older = [version for version in kept if int(version) < int(before.champion)]
        previous = before.previous if before.previous in kept else next(iter(older), None)
        if previous is None:
            raise ReleaseInvalidError(
                f"Nothing to roll back: version {before.champion} is the only one that is kept."
            )
        after = before.model_copy(
            update={
                "champion": previous,
                "challenger": None,
                "previous": before.champion,
                "previous_until": None,
                "taken_back": True,
            }
        )
        return self._change(before, after, "rolled_back", reason, Route(previous, _ALL))

    def stop(self, reason: str, revision: int | None = None) -> CodeEntry:
        """End a canary: the champion has all new runs. Raises as `canary`."""
        before = self._ready(revision)
        if before.release is None:
            raise ReleaseInvalidError("No release of code is under way.")
        return self._end(before, "stopped", reason)

    def canary_under_way(self) -> bool:
        """Whether new runs have one of two versions."""
        return len(self._alias.routes()[0]) > 1

    def _ready(self, revision: int | None) -> CodeEntry:
        status = self._busy()
        if status is not None:
            raise ReleaseInvalidError(
                f"The stack {self._stack!r} is being deployed ({status}), and CloudFormation "
                "moves the alias. Wait until that has ended."
            )
        return self.entry(revision)

    def _refuse_models(self) -> None:
        canaries = [
            entry.process
            for entry in self._processes()
            if entry.release is not None and entry.release.stage is Stage.CANARY
        ]
        if canaries:
            raise ReleaseInvalidError(
                f"A canary of a model is under way ({', '.join(canaries)}). Records that new code "
                "gets wrong would count against the model: end one before you start the other."
            )

    def _challenger(self, entry: CodeEntry, given: str | None) -> str:
        if given is None and entry.challenger is None:
            raise ReleaseInvalidError(
                f"There is no version newer than {entry.champion}, which has all new runs. Name "
                "one with --version, or deploy new code with CodeVersion set to the version that "
                "runs have now."
            )
        version = given or str(entry.challenger)
        if version == entry.champion:
            raise ReleaseInvalidError(f"Version {version} is the champion already.")
        if version not in self._alias.versions():
            raise ReleaseInvalidError(
                f"The workflow has no version {version!r}. Its versions are "
                f"{', '.join(self._alias.versions())}."
            )
        return version

    def _release(self, stored: CodeEntry, routes: tuple[Route, ...], since: str) -> CodeRelease:
        versions = {route.version: route.percent for route in routes}
        if stored.release is not None and stored.release.challenger in versions:
            percent = versions[stored.release.challenger]
            return stored.release.model_copy(update={"percent": percent})
        challenger = max(versions, key=int)
        return CodeRelease(
            stage=Stage.CANARY,
            challenger=challenger,
            percent=versions[challenger],
            automatic=True,
            started_at=since,
            by="CloudFormation",
        )

    def _end(
        self, before: CodeEntry, action: Literal["rolled_back", "stopped"], reason: str
    ) -> CodeEntry:
        after = before.model_copy(update={"release": None})
        return self._change(before, after, action, reason, Route(before.champion, _ALL))

    def _change(
        self,
        before: CodeEntry,
        after: CodeEntry,
        action: Literal["canary", "promoted", "rolled_back", "stopped"],
        reason: str,
        *routes: Route,
    ) -> CodeEntry:
        after, change = changed_entry(
            before, after, action, reason, at=self._now(), by=self._user()
        )
        # First the entry, on condition of its revision: of two people, one moves the alias.
        self._store.change(after, change)
        self._alias.set(*routes)
        return after

    def _version(self, version: str, alias: Alias) -> CodeVersion:
        return CodeVersion(version=version, alias=alias, **self._alias.runs(version).model_dump())

    def _now(self) -> str:
        return iso(self._clock())


def changed_entry(
    before: CodeEntry,
    after: CodeEntry,
    action: Literal["canary", "shadow", "promoted", "rolled_back", "stopped"],
    reason: str,
    *,
    at: str,
    by: str,
) -> tuple[CodeEntry, CodeChange]:
    """An entry at its next revision, and the change that led to it."""
    after = after.model_copy(
        update={"revision": before.revision + 1, "changed_at": at, "changed_by": by}
    )
    change = CodeChange(
        revision=after.revision,
        at=at,
        by=by,
        action=action,
        champion_before=before.champion,
        champion_after=after.champion,
        challenger_after=after.challenger,
        percent=after.release.percent if after.release else None,
        reason=" ".join(reason.split()),
    )
    return after, change


def open_code(target: Target) -> StackCode:
    """The code of a stack.

    Raises:
        CodeReleaseUnsupportedError: Its runs are not started by an alias.
    """
    if OUTPUT not in target.outputs:
        if target.local:
            raise CodeReleaseUnsupportedError(
                "The local stack starts runs by the workflow itself: its CloudFormation has "
                "neither versions of a workflow nor aliases."
            )
        raise CodeReleaseUnsupportedError(
            f"The stack {target.name!r} was deployed by an earlier version, which had no alias."
        )
    from winnow_cli.reviews import caller

    return StackCode(
        target.stack_name,
        WorkflowAlias(target.client("stepfunctions"), target.output(OUTPUT)),
        CodeTable(target.dynamodb(), target.output(TABLE)),
        lambda: open_models(target).entries(),
        lambda: caller(target),
        busy=lambda: _busy(target),
    )


def refuse_code_canary(target: Target) -> None:
    """Raises ReleaseInvalidError while a canary of code is under way."""
    if OUTPUT in target.outputs and open_code(target).canary_under_way():
        raise ReleaseInvalidError(
            "A canary of code is under way. Records that new code gets wrong would count against "
            "the model: end one before you start the other (`winnow release status --code`)."
        )


def _busy(target: Target) -> str | None:
    described = target.client("cloudformation").describe_stacks(StackName=target.stack_name)
    status = str(described["Stacks"][0]["StackStatus"])
    return status if status.endswith("_IN_PROGRESS") else None
