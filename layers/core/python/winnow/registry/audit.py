"""Whether the registry is whole: versions with their files, aliases with their history."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from winnow.errors import ObjectGoneError, ProcessInvalidError
from winnow.ports import ObjectStore
from winnow.processes.schema import parse_definition_json
from winnow.registry.files import (
    DEFINITION,
    DEFINITION_YAML,
    HEAD_ARRAYS,
    HEAD_CARD,
    version_sha256,
)
from winnow.registry.models import AliasChange, ModelVersion, ProcessEntry, StoredFile
from winnow.registry.ports import ModelRegistry

_PIECE_BYTES = 1024 * 1024


class Problem(NamedTuple):
    """Something in the registry that is not as it was published."""

    process: str
    version: str | None
    """SHA-256; None: it is about the process's aliases."""
    text: str
    """A sentence without text of documents."""


class RegistryAudit(NamedTuple):
    """What was looked at, and what is wrong."""

    processes: int
    versions: int
    files: int
    problems: tuple[Problem, ...]


def audit_registry(registry: ModelRegistry, store: ObjectStore) -> RegistryAudit:
    """Read every file of every version, and the history of every process.

    The entries are read first and their history afterwards: a change in between is no problem.
    """
    problems: list[Problem] = []
    versions = files = 0
    entries = registry.entries()
    for entry in entries:
        stored = registry.versions(entry.process)
        versions += len(stored)
        for version in stored:
            files += len(version.files)
            problems += _problems_of_version(version, store)
        known = {version.sha256 for version in stored}
        problems += _problems_of_entry(entry, known)
        problems += _problems_of_history(entry, registry.history(entry.process))
    return RegistryAudit(len(entries), versions, files, tuple(problems))


def _problems_of_version(version: ModelVersion, store: ObjectStore) -> Iterator[Problem]:
    def problem(text: str) -> Problem:
        return Problem(version.process, version.sha256, text)

    if version_sha256(version.definition_sha256, version.head_sha256) != version.sha256:
        yield problem("Its name is not the SHA-256 of its definition and its head.")
    if missing := [name for name in _needed(version) if version.file(name) is None]:
        yield problem(f"It has no {', '.join(missing)}.")
    card, arrays = version.file(HEAD_CARD), version.file(HEAD_ARRAYS)
    if card and arrays and _head_sha256(card, arrays) != version.head_sha256:
        yield problem("Its head is not the one that it is named by.")
    for file in version.files:
        digest, size = hashlib.sha256(), 0
        try:
            with store.open(file.object) as stream:
                while piece := stream.read(_PIECE_BYTES):
                    digest.update(piece)
                    size += len(piece)
        except ObjectGoneError:
            yield problem(f"{file.name} is gone.")
            continue
        if digest.hexdigest() != file.sha256 or size != file.size:
            yield problem(f"{file.name} is not the file that was published.")
        elif file.name == DEFINITION and not _is_definition_of(version, file, store):
            yield problem("Its definition is not the one that it is named by.")


def _needed(version: ModelVersion) -> tuple[str, ...]:
    head = (HEAD_CARD, HEAD_ARRAYS) if version.head_sha256 else ()
    return (DEFINITION_YAML, DEFINITION, *head)


def _head_sha256(card: StoredFile, arrays: StoredFile) -> str:
    """As heads.card.digest_of, of files whose own SHA-256 is known."""
    both = bytes.fromhex(card.sha256) + bytes.fromhex(arrays.sha256)
    return hashlib.sha256(both).hexdigest()


def _is_definition_of(version: ModelVersion, file: StoredFile, store: ObjectStore) -> bool:
    try:
        with store.open(file.object) as stream:
            return parse_definition_json(stream.read()).info.sha256 == version.definition_sha256
    except (ObjectGoneError, ProcessInvalidError):
        return False


def _problems_of_entry(entry: ProcessEntry, known: set[str]) -> Iterator[Problem]:
    pointed = {
        "champion": entry.champion,
        "challenger": entry.challenger,
        "previous": entry.previous,
        "released version": entry.release.challenger if entry.release else None,
    }
    for name, sha256 in pointed.items():
        if sha256 is not None and sha256 not in known:
            yield Problem(entry.process, None, f"Its {name} {sha256[:12]} is no version.")
    if entry.release is not None and entry.release.challenger != entry.challenger:
        yield Problem(entry.process, None, "Another version is released than the challenger.")


def _problems_of_history(
    entry: ProcessEntry, history: tuple[AliasChange, ...]
) -> Iterator[Problem]:
    def problem(text: str) -> Problem:
        return Problem(entry.process, None, text)

    revisions = [change.revision for change in history]
    if revisions != list(range(1, len(history) + 1)):
        yield problem("Its history has gaps.")
    if len(history) < entry.revision:
        yield problem(f"Its history ends at {len(history)}, its revision is {entry.revision}.")
    before: AliasChange | None = None
    for change in history:
        if before is not None and (change.champion_before, change.challenger_before) != (
            before.champion_after,
            before.challenger_after,
        ):
            yield problem(f"Change {change.revision} does not begin where the one before ended.")
        before = change
    last = next((change for change in history if change.revision == entry.revision), None)
    if last is not None and (last.champion_after, last.challenger_after) != (
        entry.champion,
        entry.challenger,
    ):
        yield problem("Its aliases are not those that its history says.")
