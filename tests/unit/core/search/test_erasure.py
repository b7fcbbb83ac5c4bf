"""Saved searches that hold words of an erased person go, in every version; others stay."""

from typing import Any

import pytest

from tests.fakes.review_room import BUCKET, criteria_record
from tests.fakes.store import MemoryEraser, MemoryStore
from winnow.models import PART_BREAK, ObjectRef
from winnow.search.erasure import KeptSearches
from winnow.search.saved import SavedSearch
from winnow.search.shapes import Search

NOTE = "Hans Meier, 74, was admitted at night with melena and a hemoglobin of 7.4 g/dL."
RECORD = criteria_record(1, text=NOTE, source_id="hans-1")


class Room:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.kept = KeptSearches(self.store, MemoryEraser(self.store), BUCKET)

    def save(self, name: str, **search: Any) -> None:
        content = SavedSearch(
            id=f"{len(self.store.keys(BUCKET)):032x}",
            name=name,
            by="ann",
            at="2026-11-27T09:30:00Z",
            search=Search.model_validate(search),
        )
        self.store.add(BUCKET, f"searches/of/x/{name}.json", content.model_dump_json().encode())

    @property
    def names(self) -> set[str]:
        return {key.rpartition("/")[2].removesuffix(".json") for key in self.store.keys(BUCKET)}


@pytest.mark.parametrize(
    "search",
    [
        {"like_text": NOTE},
        {"like_text": f"Another patient came first. {NOTE.upper()} Then one more."},
        {"like_text": "WAS ADMITTED\nat night, with melena and a hemoglobin"},
        {"query": '"was admitted at night with melena and a"'},
        {"filters": {"cases": ["grete-2", "hans-1"]}},
    ],
)
def test_what_holds_words_or_the_case_of_an_erased_record_goes(search: dict[str, Any]) -> None:
    room = Room()
    room.save("hers", **search)
    room.save("other", query="melena", like_text="Admitted by day with a hemoglobin of 12 g/dL.")
    assert room.kept.erase([criteria_record(2, text="Something else."), RECORD]) == 1
    assert room.names == {"other"}


@pytest.mark.parametrize(
    "search",
    [
        {"query": "melena hemoglobin"},
        {"like_text": "at night with melena and a hemoglobin"},
        {"filters": {"cases": ["hans-10"], "uploads": ["a" * 32]}},
        {},
    ],
)
def test_what_only_asks_for_the_same_stays(search: dict[str, Any]) -> None:
    room = Room()
    room.save("common", **search)
    assert room.kept.erase([RECORD]) == 0
    assert room.names == {"common"}


def test_a_short_text_goes_as_a_whole_only() -> None:
    room = Room()
    room.save("same", like_text="Hans Meier!")
    room.save("more", like_text="Hans")
    assert room.kept.erase([criteria_record(1, text="hans  meier")]) == 1
    assert room.names == {"more"}


def test_no_row_of_words_reaches_over_the_parts_of_a_case() -> None:
    room = Room()
    room.save("across", like_text="one two three four five six seven eight")
    parts = f"one two three four{PART_BREAK}five six seven eight"
    assert room.kept.erase([criteria_record(1, text=parts)]) == 0


def test_earlier_versions_go_and_what_cannot_be_read_stays() -> None:
    room = Room()
    room.save("twice", like_text=NOTE)
    room.save("twice", like_text=NOTE)
    room.store.add(BUCKET, "searches/of/x/later.json", b'{"of a later version": true}')
    assert room.kept.erase([RECORD]) == 2
    assert room.names == {"later"}


def test_no_record_is_read_where_nothing_is_saved() -> None:
    def records() -> Any:
        raise AssertionError
        yield RECORD

    assert Room().kept.erase(records()) == 0


def test_all_exports_go() -> None:
    room = Room()
    room.store.add(BUCKET, "exports/a.csv", NOTE.encode())
    room.store.add(BUCKET, "exports/a.csv", NOTE.encode())
    room.store.add(BUCKET, "results/a.csv", NOTE.encode())
    assert room.kept.exports() == 2
    assert room.store.keys(BUCKET) == ["results/a.csv"]
    assert room.store.content(ObjectRef(bucket=BUCKET, key="results/a.csv"))
