"""Which version is meant: by an alias, its sha256, or the first digits of that."""

from winnow.errors import VersionUnknownError
from winnow.registry.models import ModelVersion, ProcessEntry
from winnow.registry.ports import ModelRegistry

MIN_PREFIX = 6
"""Hex digits of a version that are enough to name it, if no other begins with them."""
_WHOLE = 64
_HEX = frozenset("0123456789abcdef")


def version_named(registry: ModelRegistry, entry: ProcessEntry, given: str) -> ModelVersion:
    """The version that is meant.

    Args:
        registry: Where it is.
        entry: The process that it is of.
        given: `champion`, `challenger`, `previous`, a sha256, or its first digits.

    Raises:
        VersionUnknownError: There is none, or there are several.
    """
    name = given.strip().lower()
    aliases = {
        "champion": entry.champion,
        "challenger": entry.challenger,
        "previous": entry.previous,
    }
    if name in aliases:
        sha256 = aliases[name]
        if sha256 is None:
            raise VersionUnknownError(f"{entry.process} has no {name}.")
        return registry.version(entry.process, sha256)
    if len(name) == _WHOLE and _HEX.issuperset(name):
        return registry.version(entry.process, name)
    if len(name) < MIN_PREFIX:
        raise VersionUnknownError(
            f"{given!r} is too short: give {MIN_PREFIX} or more of a version's first digits, or "
            "an alias (champion, challenger, previous)."
        )
    found = [v for v in registry.versions(entry.process) if v.sha256.startswith(name)]
    if not found:
        raise VersionUnknownError(f"{entry.process} has no version {name[:_WHOLE]!r}.")
    if len(found) > 1:
        raise VersionUnknownError(
            f"{len(found)} versions of {entry.process} begin with {name!r}: give more of its "
            "digits."
        )
    return found[0]
