"""Which version decides an upload."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import NamedTuple

from winnow.errors import ProcessUnknownError
from winnow.models import Alias, VersionRef
from winnow.registry.models import ProcessEntry, Release, Stage

_SPACE = 2**64


class Resolution(NamedTuple):
    """A process's versions for one upload."""

    entry: ProcessEntry
    ref: VersionRef
    """The version that decides."""
    shadow: VersionRef | None
    """The one that judges beside it and is only counted; None: no release is under way."""


def resolve(name: str, upload_id: str, entries: Iterable[ProcessEntry]) -> Resolution:
    """The version that decides an upload, and the one beside it.

    Args:
        name: The process's id, or one of its codes; case does not matter.
        upload_id: Decides the side of a canary.
        entries: The processes of the registry.

    Raises:
        ProcessUnknownError: Names the known ids.
    """
    entry = find(name, tuple(entries))
    champion = VersionRef(sha256=entry.champion, alias=Alias.CHAMPION)
    release = entry.release
    if release is None:
        return Resolution(entry, champion, None)
    challenger = VersionRef(sha256=release.challenger, alias=Alias.CHALLENGER)
    if decided_by_challenger(release, upload_id):
        return Resolution(entry, challenger, champion)
    return Resolution(entry, champion, challenger)


def find(name: str, entries: tuple[ProcessEntry, ...]) -> ProcessEntry:
    """The process with this id or code, case aside.

    Raises:
        ProcessUnknownError: Names the known ids.
    """
    wanted = name.strip().casefold()
    for entry in entries:
        if any(wanted == known.casefold() for known in entry.names):
            return entry
    if not entries:
        raise ProcessUnknownError(
            "No process is in the registry.",
            hint="Publish one: `winnow process publish FILE`. The shipped ones are published when "
            "a stack is deployed or started: deploy it again.",
        )
    # What was asked for may be a folder's name, which may be about a person: not repeated.
    known_ids = ", ".join(sorted(entry.process for entry in entries))
    raise ProcessUnknownError(
        f"No process has the id or code that was asked for. Known: {known_ids}."
    )


def decided_by_challenger(release: Release, upload_id: str) -> bool:
    """Whether an upload is on the challenger's side of a canary.

    The HMAC of its id is a fraction in [0, 1); below the share it is the challenger's. So a run
    that is started again stays on its side, and a share that rises keeps those that it had.
    """
    if release.stage is not Stage.CANARY:
        return False
    return fraction(release.key, upload_id) < release.percent / 100


def fraction(key: str, upload_id: str) -> float:
    """The HMAC-SHA256 of an upload's id as a fraction in [0, 1)."""
    digest = hmac.new(key.encode(), upload_id.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") / _SPACE
