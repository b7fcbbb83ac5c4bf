"""Any text is read without an error, in time that grows with its length, with spans in it."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.judging.facts.ages import MAX_AGE, find_ages, read_age
from winnow.judging.facts.dates import DateOrder, elapsed, find_dates, find_record_date
from winnow.judging.facts.events import Event, read_event
from winnow.judging.facts.measures import Measure, find_measures, read_measure

COLONOSCOPY = Event("colonoscopy", ("c-scope",))
HEMOGLOBIN = Measure("hemoglobin", "g/dL", 3, 25, ("hgb", "hb"))
WORDS = (
    "colonoscopy hgb 7.9 g/dL 52 yo F M in on since last March 3/4/15 2015-03-04 14.03.2015 '08 "
    "2015 two a few years ago months decade over about never no had father of . , ; ( ) | -> < "
    "> - : \n DOB born turned will be 45 late forties normal aborted scheduled due repeat to from "
    "was now 0 99 999999 29 02 31/02/2020 0000 th early 90s half and"
)
PIECES = st.sampled_from(WORDS.split(" "))
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map(" ".join))
DAYS = st.dates()
ORDERS = st.sampled_from([None, *DateOrder])


@settings(max_examples=150, deadline=None)
@given(TEXTS, DAYS, ORDERS)
def test_any_text_gives_spans_inside_it_and_intervals_in_order(
    text: str, record: date, order: DateOrder | None
) -> None:
    end = 0
    for reading in find_dates(text, record, order):
        assert end <= reading.start < reading.end <= len(text)
        assert reading.interval.earliest <= reading.interval.latest
        end = reading.end
        if reading.interval.latest <= record:
            span = elapsed(reading.interval, record)
            assert 0 <= span.least <= span.most
    for age in find_ages(text, record, order):
        assert 0 <= age.start < age.end <= len(text)
        assert 0 <= age.least <= age.most <= MAX_AGE
    fact = read_event(text, COLONOSCOPY, record, order, read_age(text, record, order))
    assert 0 <= fact.start <= fact.end <= len(text)
    assert fact.last is None or fact.last.earliest <= fact.last.latest <= record
    for value in find_measures(text, HEMOGLOBIN, record, order):
        assert 0 <= value.start < value.end <= len(text)
        assert value.low <= value.high
    find_record_date(text, order)


@settings(max_examples=50, deadline=None)
@given(st.lists(PIECES, max_size=40).map(" ".join))
def test_no_record_date_is_needed(text: str) -> None:
    find_dates(text)
    read_age(text)
    read_event(text, COLONOSCOPY)
    read_measure(text, HEMOGLOBIN)


READERS: list[Callable[[str], object]] = [
    partial(find_dates, record_date=date(2024, 4, 15)),
    partial(read_age, record_date=date(2024, 4, 15)),
    partial(read_event, event=COLONOSCOPY, record_date=date(2024, 4, 15)),
    partial(read_measure, measure=HEMOGLOBIN, record_date=date(2024, 4, 15)),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("reader", READERS, ids=["dates", "age", "event", "measure"])
@pytest.mark.parametrize(
    "piece",
    ["1/", "20 ", "20", " ", "in the ", "two and a ", "hgb ", "hgb 7 ", "colonoscopy ", "no ",
     "colonoscopy 2015 ", "52 yo ", "a", "-", "last colonoscopy, ", "hgb <", "born in a "],
)  # fmt: skip
def test_a_hundred_thousand_characters_of_anything_end(
    reader: Callable[[str], object], piece: str
) -> None:
    # What is quadratic takes minutes here: the test's own timeout ends it.
    reader(piece * (100_000 // len(piece)))
