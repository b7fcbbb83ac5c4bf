"""Notes and drafts: kept in the bucket, found again, and gone when they are erased."""

import pytest

from tests.fakes.store import MemoryStore
from winnow.errors import StoredDataInvalidError
from winnow.reviews.models import RecordKey
from winnow.reviews.notes import Notes

KEY = RecordKey("b" * 32, 7)


def test_a_note_is_read_back_and_the_same_twice_is_one_object() -> None:
    store = MemoryStore()
    notes = Notes(store, "results")
    ref = notes.save(KEY, 3, "Mrs “X” called")
    assert notes.save(KEY, 3, "Mrs “X” called") == ref
    assert notes.read(ref) == "Mrs “X” called"
    assert ref.key.startswith(f"notes/{KEY.upload}/0000000007/000003-")
    assert len(ref.key.rpartition("-")[2]) == len(".json") + 64
    assert notes.place(KEY, 3, "Mrs “Y” called") != ref
    store.delete(ref)
    assert notes.read(ref) is None


def test_a_draft_belongs_to_its_person_and_its_name_is_not_in_the_key() -> None:
    store = MemoryStore()
    notes = Notes(store, "results")
    notes.save_draft("ann@example.org", KEY, "half a thou")
    assert notes.draft("ann@example.org", KEY) == "half a thou"
    assert notes.draft("bob@example.org", KEY) is None
    assert not [key for key in store.keys("results") if "ann" in key]
    notes.save_draft("ann@example.org", KEY, "")
    assert notes.draft("ann@example.org", KEY) is None


def test_a_damaged_note_is_an_error_without_its_text() -> None:
    store = MemoryStore()
    notes = Notes(store, "results")
    ref = notes.save(KEY, 0, "fine")
    store.add(ref.bucket, ref.key, b'{"text": 5, "secret": "x"}')
    with pytest.raises(StoredDataInvalidError) as caught:
        notes.read(ref)
    assert "secret" not in str(caught.value)
