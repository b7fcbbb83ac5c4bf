"""Training rows of a person are erased from every version of every file of rows."""

import json

import pytest

from tests.fakes.registry import MemoryRegistry, a_version
from tests.fakes.store import MemoryEraser, MemoryStore
from tests.fakes.training_lease import MemoryLease
from winnow.errors import TrainingRunningError
from winnow.models import ObjectRef
from winnow.registry.erasure import TrainingRows
from winnow.registry.files import training_rows
from winnow.registry.models import DataManifest, DataPart

BUCKET = "models"
HANS, GRETE = "a" * 32, "b" * 32


def row(text: str, upload: str | None, record: int = 1) -> bytes:
    source = None if upload is None else {"upload": upload, "record": record}
    line = {"text": text, "fields": {}, "label": "met", "weight": 1.0, "blind": False}
    return json.dumps({**line, "source": source, "id": text[:3]}).encode() + b"\n"


class Room:
    """A bucket of models with two files of rows, and a version trained on each."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.registry = MemoryRegistry()
        self.lease = MemoryLease()
        self.now = 1_800_000_000.0
        lines = [row("Hans one.", HANS, 1), row("Hans two.", HANS, 2), row("Grete.", GRETE)]
        self.first = self.rows("p", "1", *lines, row("Nobody's.", None))
        self.second = self.rows("q", "2", row("Grete again.", GRETE), row("Gustav.", "c" * 32))
        self.versions = {
            process: a_version(process, number, data=manifest(ref))
            for process, number, ref in (("p", 1, self.first), ("q", 3, self.second))
        }
        self.untrained = a_version("p", 2)
        for version in (*self.versions.values(), self.untrained):
            self.registry.add(version)

    def rows(self, process: str, digit: str, *lines: bytes) -> ObjectRef:
        ref = training_rows(BUCKET, process, digit * 64)
        return self.store.add(BUCKET, ref.key, b"".join(lines))

    def erase(self, upload: str, record: int | None = None):
        eraser = MemoryEraser(self.store)
        work = TrainingRows(self.registry, self.store, eraser, BUCKET, self.lease, lambda: self.now)
        return work.erase(upload, record)

    def everything(self) -> str:
        return "\n".join(
            content.decode()
            for versions in self.store._versions.values()
            for _, content, _ in versions
        )

    def reproducible(self) -> list[bool | None]:
        found = (*self.versions.values(), self.untrained)
        return [self.registry.version(v.process, v.sha256).reproducible for v in found]


def manifest(ref: ObjectRef) -> DataManifest:
    part = DataPart(kind="reviews", object=ref, sha256="f" * 64, rows=4, name="reviews")
    return DataManifest(parts=(part,), rows=4)


def test_nothing_of_an_upload_is_left_in_any_version() -> None:
    room = Room()
    erased = room.erase(HANS)
    assert (erased.rows, erased.models) == (2, (room.versions["p"].sha256,))
    assert "Hans" not in room.everything()
    assert HANS not in room.everything()
    for kept in ("Grete.", "Nobody's.", "Grete again.", "Gustav."):
        assert kept in room.everything()
    assert room.reproducible() == [False, None, None]


def test_one_record_is_erased_and_the_others_are_kept() -> None:
    room = Room()
    assert room.erase(HANS, 2).rows == 1
    assert "Hans two." not in room.everything()
    assert "Hans one." in room.everything()


def test_rows_of_every_process_are_erased() -> None:
    room = Room()
    erased = room.erase(GRETE)
    assert (erased.rows, len(erased.models)) == (2, 2)
    assert "Grete" not in room.everything()
    assert room.reproducible() == [False, False, None]


def test_what_was_never_trained_on_changes_nothing() -> None:
    room = Room()
    before = room.everything()
    for upload, record in (("d" * 32, None), (HANS, 3), (HANS[:12], None)):
        assert room.erase(upload, record).rows == 0
    assert room.everything() == before
    assert room.reproducible() == [None, None, None]


def test_erasing_that_broke_off_is_finished_by_the_next_call() -> None:
    room = Room()
    # Rewritten, and then the old version was not deleted.
    room.store.add(BUCKET, room.first.key, row("Grete.", GRETE))
    assert "Hans" in room.everything()
    room.erase(HANS)
    assert "Hans" not in room.everything()
    assert room.reproducible()[0] is False
    assert room.erase(HANS).rows == 0


def test_a_file_that_somebody_else_rewrites_meanwhile_is_read_again() -> None:
    room = Room()
    publish = room.store.publish
    calls: list[ObjectRef] = []

    def raced(ref, content, content_type, fence):
        if not calls:
            calls.append(ref)
            room.store.add(BUCKET, room.first.key, row("Hans one.", HANS, 1) + row("New.", None))
        return publish(ref, content, content_type, fence)

    room.store.publish = raced  # type: ignore[method-assign]
    room.erase(HANS)
    assert "Hans" not in room.everything()
    assert "New." in room.everything()


def test_nothing_is_erased_under_a_training_that_would_write_it_again() -> None:
    room = Room()
    assert room.lease.take("q", "a training", room.now, room.now + 60)
    with pytest.raises(TrainingRunningError) as error:
        room.erase(GRETE)
    assert "q is being trained" in error.value.message
    # What came before is erased, and nobody is kept from training.
    assert "Grete." not in room.everything()
    assert "Grete again." in room.everything()
    assert list(room.lease.held) == ["q"]
    room.now += 61
    assert room.erase(GRETE).rows == 1
    assert "Grete" not in room.everything()
    assert room.lease.held == {}


def test_a_training_cannot_begin_while_rows_are_erased() -> None:
    room = Room()
    versions, tried = room.registry.versions, []

    def looked(process):
        tried.append(room.lease.take(process, "a training", room.now, room.now + 60))
        return versions(process)

    room.registry.versions = looked  # type: ignore[method-assign]
    room.erase(HANS)
    assert tried == [False]
    assert room.lease.held == {}


@pytest.mark.parametrize(
    "line", [b"{broken " + HANS.encode() + b"\n", b'["' + HANS.encode() + b'"]\n']
)
def test_a_damaged_row_that_names_the_upload_is_erased_too(line: bytes) -> None:
    room = Room()
    room.rows("p", "3", line, row("Gustav.", None))
    room.erase(HANS)
    assert HANS not in room.everything()
