"""What `winnow audit` says of a registry."""

from collections.abc import Callable

import pytest

from tests.fakes.registry import AT, MemoryRegistry
from tests.fakes.store import MemoryStore
from tests.fakes.versions import BUCKET, published
from winnow.models import ObjectRef
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.audit import audit_registry
from winnow.registry.models import ModelVersion

WHO = Who("ann", AT)


class Room:
    """A registry with two versions of one process; the second is champion."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.registry = MemoryRegistry()
        first, self.version = self.add(1), self.add(2)
        changed = aliases.first(first, WHO)
        self.registry.change(None, *changed)
        self.registry.change(changed.entry, *aliases.promote(changed.entry, self.version, WHO))

    def add(self, number: int) -> ModelVersion:
        return published(self.registry, self.store, number)

    def replace(self, **fields: object) -> None:
        """Alter the item of the second version, as nobody should."""
        key = "moods", self.version.sha256
        self.registry._versions[key] = self.version.model_copy(update=fields)

    def said(self) -> list[str]:
        return [problem.text for problem in audit_registry(self.registry, self.store).problems]


def test_a_whole_registry_has_no_problem() -> None:
    room = Room()
    audit = audit_registry(room.registry, room.store)
    assert audit == (1, 2, 4, ())


def altered(room: Room) -> None:
    key = room.version.files[0].object
    found = room.store._versions[BUCKET, key.key]
    found[:] = [(version, content + b"#", data) for version, content, data in found]


def gone(room: Room) -> None:
    room.store.delete(ObjectRef(bucket=BUCKET, key=room.version.files[1].object.key))


def other_definition(room: Room) -> None:
    """The file and its item were replaced together, but the name stays."""
    (first, _) = (v for v in room.registry.versions("moods") if v.sha256 != room.version.sha256), 0
    room.replace(files=next(first).files)


def without_file(room: Room) -> None:
    room.replace(files=room.version.files[:1])


def renamed(room: Room) -> None:
    room.replace(head_sha256="0" * 64)


def dangling(room: Room) -> None:
    del room.registry._versions["moods", room.version.sha256]


def gap(room: Room) -> None:
    del room.registry._history["moods"][0]


def cut(room: Room) -> None:
    del room.registry._history["moods"][-1]


def moved(room: Room) -> None:
    entry = room.registry._entries["moods"]
    room.registry._entries["moods"] = entry.model_copy(update={"champion": entry.previous})


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (altered, "definition.yaml is not the file that was published"),
        (gone, "definition.json is gone"),
        (other_definition, "not the one that it is named by"),
        (without_file, "It has no definition.json"),
        (renamed, "Its name is not the SHA-256"),
        (dangling, "Its champion"),
        (gap, "gaps"),
        (cut, "ends at 1, its revision is 2"),
        (moved, "not those that its history says"),
    ],
)
def test_whatever_is_broken_is_named(break_it: Callable[[Room], None], words: str) -> None:
    room = Room()
    break_it(room)
    assert any(words in text for text in room.said()), room.said()


def test_a_change_while_it_is_read_is_no_problem() -> None:
    room = Room()
    entries = room.registry.entries()
    room.registry.entries = lambda: entries  # type: ignore[method-assign]
    (entry,) = entries
    challenger = room.add(3)
    room.registry.change(entry, *aliases.set_challenger(entry, challenger, WHO))
    assert room.said() == []
