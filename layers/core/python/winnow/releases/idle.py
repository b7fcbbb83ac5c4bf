"""The golden set in the place of traffic: releases that nobody has audited yet.

The gate looks at a release when people decide. Without traffic nobody does, so a schedule has the
labelled rows judged that were held out of every training. A challenger that breaks its guarantee on
them is taken back. Nothing is promoted, and a release that is audited is the gate's alone.
"""

from collections.abc import Callable
from typing import NamedTuple

from winnow.errors import ReleaseConflictError
from winnow.ports import Mailer
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import AliasChange, ModelVersion, ProcessEntry
from winnow.registry.ports import ModelRegistry
from winnow.releases import mails
from winnow.releases.automatic import GATE
from winnow.releases.golden import CODE, GoldenResult
from winnow.releases.ports import LiveStore
from winnow.storage.times import iso

Check = Callable[[ProcessEntry, ModelVersion, float], GoldenResult | None]
"""What a challenger makes of the golden set, held against a guarantee; None: there is no set."""


class Failed(NamedTuple):
    """A process whose release could not be looked at, ended or told of."""

    process: str
    error: Exception


class Looked(NamedTuple):
    """What came of looking at every release."""

    changes: list[AliasChange]
    failed: list[Failed]
    """What stands as it was is looked at again the next time."""


def take_back_broken(
    registry: ModelRegistry,
    live: LiveStore,
    check: Check,
    mailer: Mailer,
    clock: Callable[[], float],
    page_url: str = "",
) -> Looked:
    """Take back every challenger without audits that breaks its guarantee on the golden set.

    One that cannot be judged keeps no other from being taken back.

    Args:
        registry: The processes and their versions.
        live: What was audited.
        check: Judges the golden set; only called for a release that needs it.
        mailer: Tells people.
        clock: Tells the time in epoch seconds.
        page_url: Address of the review page, for the e-mail.
    """
    looked = Looked([], [])
    for entry in registry.entries():
        try:
            reason = _broken(entry, registry, live, check)
            if reason is None:
                continue
            who = Who(by=GATE, at=iso(clock()), reason=reason, code=CODE, automatic=True)
            changed = aliases.roll_back(entry, None, who)
            registry.change(entry, *changed)
            looked.changes.append(changed.change)
            mailer.send(mails.changed(changed.change, page_url))
        except ReleaseConflictError:
            continue  # Somebody was faster: the next look sees what holds then.
        except Exception as error:
            looked.failed.append(Failed(entry.process, error))
    return looked


def _broken(
    entry: ProcessEntry, registry: ModelRegistry, live: LiveStore, check: Check
) -> str | None:
    """Why a process's release is to be ended, for people; None: nothing speaks for that."""
    release = entry.release
    if release is None or release.guarantee is None:
        return None
    watch = live.watch(entry.process, release.challenger)
    if watch is not None and watch.precision.n:
        return None
    version = registry.version(entry.process, release.challenger)
    found = check(entry, version, release.guarantee)
    return f"On the golden set: {found.sentence}" if found is not None and found.broken else None
