"""The date of a record: from its own cells, from the sender, or the day it arrived."""

from datetime import date

import pytest

from winnow.models import InvalidRecord, Record
from winnow.tables.dates import ARRIVED, RECORD_DATE, with_dates

COLUMNS = ("visit_date", "Date of service")
ARRIVAL = date(2026, 3, 1)


def dated(record: Record, given: str | None, arrived: date | None) -> dict[str, str]:
    (line,) = with_dates(iter([record]), COLUMNS, given, arrived)
    assert isinstance(line, Record)
    return line.fields


def record(**fields: str) -> Record:
    return Record(record=1, text="52 yo.", fields=fields)


@pytest.mark.parametrize("own", ["visit_date", "Visit Date", "date-of-service"])
def test_a_record_with_a_date_of_its_own_keeps_it_alone(own: str):
    fields = {own: "2024-04-15", "age": "52"}
    assert dated(record(**fields), "2025-01-01", ARRIVAL) == fields


@pytest.mark.parametrize("empty", [{}, {"visit_date": ""}, {"visit_date": "  "}, {"date": "2024"}])
def test_without_one_the_senders_date_counts_before_the_day_of_arrival(empty: dict[str, str]):
    assert dated(record(**empty), "2025-01-01", ARRIVAL) == {**empty, RECORD_DATE: "2025-01-01"}
    assert dated(record(**empty), None, ARRIVAL) == {**empty, ARRIVED: "2026-03-01"}
    assert dated(record(**empty), None, None) == empty


def test_what_could_not_be_read_and_the_order_stay():
    lines: list[Record | InvalidRecord] = [
        record(visit_date="2024-04-15"),
        InvalidRecord(record=2, code="text_empty", reason="Its text is empty."),
        Record(record=3, text="61M."),
    ]
    after = list(with_dates(iter(lines), COLUMNS, None, ARRIVAL))
    assert after[:2] == lines[:2]
    assert after[2] == Record(record=3, text="61M.", fields={ARRIVED: "2026-03-01"})
    assert lines[2] == Record(record=3, text="61M."), "the given record was changed"
