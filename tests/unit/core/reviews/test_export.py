"""Decided records as CSV: who and when, formulas defused, and read again as they were."""

import csv
import io
import json
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from tests.fakes.review_room import CRITERIA, NOW, TEXT, UPLOAD, Room, criteria_record
from winnow.models import ResultRecord
from winnow.reviews.export import (
    COLUMNS,
    FORMAT,
    Export,
    ExportRow,
    ReadRow,
    columns_of,
    read_export,
    write_csv,
)

MANY = 10**6


def export_of(room: Room, *, cannot_tell: bool = False) -> Export:
    return Export(room.store, room.items, cannot_tell=cannot_tell)


def written(rows: Sequence[ExportRow]) -> str:
    stream = io.StringIO(newline="")
    write_csv(rows, columns_of(rows), stream)
    return stream.getvalue()


def read_again(content: str) -> list[ReadRow]:
    rows = read_export(io.StringIO(content, newline=""), MANY)
    assert rows is not None
    return list(rows)


def test_a_row_tells_the_decision_and_whose_and_when_and_what_it_replaced() -> None:
    room = Room(criteria_record(1), criteria_record(2))
    room.decide("met")
    (row,) = csv.DictReader(io.StringIO(written(list(export_of(room).rows(CRITERIA.id)))))
    assert row == {
        "id": "PA-7",
        "text": TEXT,
        "decision": "met",
        "decided_by": "ann",
        "decided_at": "2027-01-15T08:00:00.000Z",
        "machine_decision": "undetermined",
        "confidence": "0.5",
        "changed": "true",
        "blind": "false",
        "weight": "1",
        "process": "capsule",
        "process_version": "1.0.0",
        "model": "",
        "head": "",
        "upload": UPLOAD,
        "record": "1",
        "format": FORMAT,
        "age": "67",
    }


def test_a_sampled_record_stands_for_as_many_as_it_was_drawn_from() -> None:
    room = Room(criteria_record(1))
    room.store.add([room.head().model_copy(update={"probability": 0.05, "run_started": "x"})])
    room.decide("met")
    (row,) = export_of(room).rows(CRITERIA.id)
    assert row.cells["weight"] == "20"


def test_only_what_a_person_decided_is_in_it_and_cannot_tell_only_on_demand() -> None:
    room = Room(*(criteria_record(number) for number in (1, 2, 3)))
    room.decide("met", record=1)
    room.decide(None, record=2)
    assert [row.head.record for row in export_of(room).rows(CRITERIA.id)] == [1]
    rows = list(export_of(room, cannot_tell=True).rows(CRITERIA.id))
    assert [(row.head.record, row.cells["decision"]) for row in rows] == [(1, "met"), (2, "")]
    assert [row.cells["changed"] for row in rows] == ["true", ""]


def test_erased_and_expired_records_are_left_out_and_counted() -> None:
    room = Room(criteria_record(1), criteria_record(2))
    for record in (1, 2):
        room.decide("met", record=record)
    room.reviews.erase("ann", room.head(1).key)
    export = export_of(room)
    assert [row.head.record for row in export.rows(CRITERIA.id)] == [2]
    room.objects.delete(room.file)
    assert list(export.rows(CRITERIA.id)) == []
    assert export.gone == 1


def test_only_an_answer_that_was_given_blind_is_called_blind() -> None:
    room = Room(criteria_record(1), blind=True)
    room.decide("met")
    assert [row.cells["blind"] for row in export_of(room).rows(CRITERIA.id)] == ["true"]
    room.decide("not_met", by="bob")
    assert [row.cells["blind"] for row in export_of(room).rows(CRITERIA.id)] == ["false"]


def test_a_damaged_record_is_left_out_and_counted() -> None:
    room = Room(criteria_record(1), criteria_record(2))
    room.decide("met", record=1)
    room.decide("met", record=2)
    head = room.head(1)
    moved = head.line.model_copy(update={"start": head.line.start + 1})
    room.store._heads[head.key] = head.model_copy(update={"line": moved})
    damaged = export_of(room)
    assert [row.record.record for row in damaged.rows(CRITERIA.id)] == [2]
    assert damaged.gone == 1


def test_since_leaves_out_what_was_decided_before() -> None:
    room = Room(criteria_record(1), criteria_record(2))
    room.decide("met", record=1)
    room.now = NOW + 60
    room.decide("met", record=2)
    rows = export_of(room).rows(CRITERIA.id, "2027-01-15T08:00:30Z")
    assert [row.head.record for row in rows] == [2]


def test_fields_that_are_called_like_a_column_of_ours_keep_their_value() -> None:
    fields = {"Decision": "theirs", "field.x": "1", "=cmd": "-5"}
    room = Room(criteria_record(1, fields=fields))
    room.decide("met")
    content = written(list(export_of(room).rows(CRITERIA.id)))
    assert content.splitlines()[0].split(",")[len(COLUMNS) :] == [
        "field.Decision",
        "field.field.x",
        "'=cmd",
    ]
    (row,) = read_again(content)
    assert row.own["decision"] == "met"
    assert row.fields == fields


def test_records_of_files_with_other_columns_share_one_header() -> None:
    room = Room(criteria_record(1, fields={"a": "1"}), criteria_record(2, fields={"b": "2"}))
    for record in (1, 2):
        room.decide("met", record=record)
    first, second = read_again(written(list(export_of(room).rows(CRITERIA.id))))
    assert (first.fields, second.fields) == ({"a": "1", "b": ""}, {"a": "", "b": "2"})


@pytest.mark.parametrize("max_bytes", [1, 500, 1_000, MANY])
def test_pages_together_are_the_whole(max_bytes: int) -> None:
    room = Room(*(criteria_record(number) for number in range(1, 120)))
    for record in range(1, 120):
        if record % 3:
            room.decide("met" if record % 2 else None, record=record)
    export = export_of(room)
    whole = [row.head.record for row in export.rows(CRITERIA.id)]
    found: list[int] = []
    cursor = None
    while True:
        content, cursor = export.page(CRITERIA.id, "", cursor, max_bytes)
        rows = read_again(content)
        found += [int(row.own["record"]) for row in rows]
        assert len(rows) <= 1 or len(json.dumps(content)) <= max_bytes
        if cursor is None:
            break
    assert found == whole


def test_a_page_ends_though_no_record_of_it_is_there_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("winnow.reviews.export.PAGE_HEADS", 10)
    room = Room(*(criteria_record(number) for number in range(1, 36)))
    for record in range(1, 36):
        room.decide("met", record=record)
    room.objects.delete(room.file)
    for late, pages in ((False, 4), (True, 36)):
        export, cursor, count = export_of(room), None, 0
        while True:
            content, cursor = export.page(CRITERIA.id, "", cursor, late=partial(bool, late))
            assert read_again(content) == []
            count += 1
            if cursor is None:
                break
        assert (count, export.gone) == (pages, 35)


def test_the_size_of_a_page_is_that_of_its_answer_in_json() -> None:
    text = '"ä\n' * 200
    room = Room(*(criteria_record(n, text=text, fields={f"f{n}": "x"}) for n in range(1, 30)))
    for record in range(1, 30):
        room.decide("met", record=record)
    content, cursor = export_of(room).page(CRITERIA.id, "", None, 20_000)
    assert cursor is not None
    assert len(read_again(content)) > 1
    assert len(json.dumps(content)) <= 20_000


def test_a_record_that_is_decided_again_between_two_pages_hides_no_other() -> None:
    room = Room(*(criteria_record(number) for number in (1, 2, 3, 4)))
    for record in (1, 2, 3, 4):
        room.now += 1
        room.decide("met", record=record)
    export = export_of(room)
    first, cursor = export.page(CRITERIA.id, "", None, 800)
    assert [row.own["record"] for row in read_again(first)] == ["1", "2"]
    room.now += 1
    room.decide("not_met", record=1)
    content, cursor = export.page(CRITERIA.id, "", cursor, MANY)
    assert [row.own["record"] for row in read_again(content)] == ["3", "4", "1"]
    assert cursor is None


_TEXTS = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
    | st.sampled_from([*"=+-@'\";,|\t\r\n "]),
    min_size=1,
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.tuples(_TEXTS, st.dictionaries(_TEXTS, _TEXTS, max_size=3)), min_size=1))
def test_every_text_and_field_is_read_as_it_was(records: list[tuple[str, dict[str, str]]]) -> None:
    room = Room(criteria_record())
    room.decide("met")
    (row,) = export_of(room).rows(CRITERIA.id)
    rows = [
        row._replace(record=_with(row.record, text=text, fields=fields)) for text, fields in records
    ]
    again = read_again(written(rows))
    assert [read.own["text"] for read in again] == [text for text, _ in records]
    for read, (_, fields) in zip(again, records, strict=True):
        assert {name: cell for name, cell in read.fields.items() if cell} == fields


def _with(record: ResultRecord, **fields: object) -> ResultRecord:
    return record.model_copy(update=fields)


def test_another_table_is_no_export() -> None:
    assert read_export(io.StringIO("id,text\n1,'=2\n"), MANY) is None
    assert read_export(io.StringIO(""), MANY) is None
