"""Facts read from phrases: the tables beside this file, one phrase a row."""

import re
from datetime import date
from pathlib import Path
from string import ascii_lowercase

import pytest

from winnow.judging.facts import dates
from winnow.judging.facts.ages import AgeReading, read_age
from winnow.judging.facts.dates import (
    DateInterval,
    DateOrder,
    elapsed,
    find_dates,
    find_record_date,
)
from winnow.judging.facts.events import Event, EventStatus, find_events, read_event
from winnow.judging.facts.measures import Measure, MeasureTime, find_measures, read_measure
from winnow.judging.facts.patterns import fold, has_any
from winnow.processes.units import convert

RECORD = date(2024, 4, 15)
COLONOSCOPY = Event("colonoscopy", ("c-scope",))
HEMOGLOBIN = Measure("hemoglobin", "g/dL", 3, 25, ("hgb", "hb", "haemoglobin"))
FERRITIN = Measure("ferritin", "ng/mL", 0, 5000)


def rows(name: str) -> list[list[str]]:
    lines = Path(__file__).with_name(f"{name}.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("text", "kind", "first", "last"), rows("dates"), ids=str)
def test_dates(text: str, kind: str, first: str, last: str) -> None:
    readings = find_dates(text, RECORD)
    if not kind:
        assert readings == []
        return
    (reading,) = readings
    interval = reading.interval if reading.since is None else reading.since
    assert reading.kind == kind
    assert interval == (
        date.min if first == "-" else date.fromisoformat(first),
        date.fromisoformat(last),
    )


TEXTS = [row[0] for name in ("dates", "ages", "events", "measures") for row in rows(name)]


@pytest.mark.parametrize("row", dates._rows(), ids=lambda row: row.pattern.pattern[:60])
def test_a_row_matches_nothing_without_the_words_that_it_needs(row: dates._Row) -> None:
    for text in (*TEXTS, *map(str.upper, TEXTS)):
        for match in row.pattern.finditer(text):
            assert has_any(fold(match.group()), row.needs)
            if row.is_relative:
                assert row.read(match, dates._Context(None, None)) is None


def test_small_letters_are_those_that_patterns_see_when_they_ignore_case() -> None:
    every = "".join(map(chr, range(0x3000)))
    for letter in ascii_lowercase:
        alike = re.findall(letter, every, re.IGNORECASE)
        assert len(alike) > 1
        assert {fold(character) for character in alike} == {letter}
    assert fold("L\u0130\u212a\u0131NG \u017fince") == "liking since"


@pytest.mark.parametrize(("text", "least", "most"), rows("ages"), ids=str)
def test_ages(text: str, least: str, most: str) -> None:
    reading = read_age(text, RECORD)
    if not least:
        assert reading is None
        return
    assert reading is not None
    assert (reading.least, reading.most) == (int(least), int(most))


@pytest.mark.parametrize(
    "text",
    [
        "40M\n- paternal uncle with colon cancer at 70",
        "Patient age: 40\nFirst-degree relative with cancer: mother at 44",
    ],
)
def test_a_relative_in_the_next_line_of_a_form_is_not_whose_age_it_is(text: str) -> None:
    reading = read_age(text, RECORD)
    assert reading is not None
    assert (reading.least, reading.most) == (40, 40)


@pytest.mark.parametrize(("text", "status", "last"), rows("events"), ids=str)
def test_events(text: str, status: str, last: str) -> None:
    fact = read_event(text, COLONOSCOPY, RECORD, age=AgeReading(0, 0, 59, 59))
    assert (fact.status, str(fact.last or "")) == (status, last)


@pytest.mark.parametrize(("text", "value"), rows("measures"), ids=str)
def test_measures(text: str, value: str) -> None:
    reading = read_measure(text, HEMOGLOBIN, RECORD)
    if not value:
        assert reading is None
        return
    assert reading is not None
    low, _, high = value.partition("..")
    assert (reading.low, reading.high) == pytest.approx((float(low), float(high or low)), abs=0.01)


# -- dates ----------------------------------------------------------------------------------------


def test_the_order_decides_what_the_first_number_is() -> None:
    (american,) = find_dates("03/04/2015", RECORD, DateOrder.MONTH_FIRST)
    (european,) = find_dates("03/04/2015", RECORD, DateOrder.DAY_FIRST)
    assert american.interval.earliest == date(2015, 3, 4)
    assert european.interval.earliest == date(2015, 4, 3)


def test_without_a_record_date_only_written_dates_are_read() -> None:
    readings = find_dates("two years ago, last March, in June, 3/2015", None)
    assert [str(reading.interval) for reading in readings] == ["2015-03"]


def test_several_dates_in_their_order() -> None:
    text = "in 2009, 2014, and June 2019"
    assert [str(r.interval) for r in find_dates(text, RECORD)] == ["2009", "2014", "2019-06"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Date of visit: 04/15/2024. DOB: 01/02/1970", "2024-04-15"),
        ("DOS 2024-04-15\nColonoscopy 2015", "2024-04-15"),
        ("Visit 12/16/2024. Request: colonoscopy, DOS 12/30/2024", "2024-12-16"),
        ("Visit date: 2021-04-15. Encounter date: 2024-04-16", None),
        ("Date of birth: 01/02/1970", None),
        ("Colonoscopy in 2015", None),
    ],
)
def test_the_record_s_own_date(text: str, found: str | None) -> None:
    interval = find_record_date(text, DateOrder.MONTH_FIRST)
    assert (None if interval is None else str(interval)) == found


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (DateInterval(date(2015, 3, 1), date(2015, 3, 31)), "9 years"),
        (DateInterval(date(2023, 1, 16), date(2023, 2, 15)), "14 months"),
        (DateInterval(date.min, date(2014, 4, 15)), "at least 10 years"),
        (DateInterval(date(2014, 1, 1), date(2014, 12, 31)), "9 to 10 years"),
        (DateInterval(date(2024, 4, 15), date(2024, 4, 15)), "0 months"),
    ],
)
def test_how_long_before_the_record(interval: DateInterval, words: str) -> None:
    assert str(elapsed(interval, RECORD)) == words


def test_a_leap_day_has_its_birthday() -> None:
    assert (
        elapsed(DateInterval(date(2020, 2, 29), date(2020, 2, 29)), date(2021, 2, 28)).least == 12
    )


# -- ages -----------------------------------------------------------------------------------------


def test_ages_that_contradict_each_other_are_none() -> None:
    assert read_age("52 yo man. Patient is 61.", RECORD) is None


def test_a_birthday_between_two_ages_makes_an_interval() -> None:
    reading = read_age("44 yo woman, DOB 1979-01-02", RECORD)
    assert reading is not None
    assert (reading.least, reading.most) == (44, 45)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("44 yo", "age 44"),
        ("woman in her late forties", "age 46 to 49"),
        ("not yet 45", "age under 45"),
        ("patient is over 50", "age 50 or over"),
    ],
)
def test_an_age_in_words(text: str, words: str) -> None:
    assert str(read_age(text, RECORD)) == words


# -- events ---------------------------------------------------------------------------------------


def test_the_sentence_for_the_evidence() -> None:
    text = "Seen today. Last colonoscopy 3/2015, normal."
    fact = read_event(text, COLONOSCOPY, RECORD)
    assert fact.sentence == "last colonoscopy 2015-03, 9 years before 2024-04-15"
    assert text[fact.start : fact.end] == "colonoscopy 3/2015"


def test_what_undoes_a_mention_is_said() -> None:
    texts = ("Father had a colonoscopy in 2015", "Declined colonoscopy", "Colonoscopy scheduled")
    assert [find_events(text, COLONOSCOPY, RECORD)[0].why for text in texts] == [
        "relative",
        "refused",
        "planned",
    ]


@pytest.mark.parametrize(
    ("text", "status", "last"),
    [
        ("Colonoscopy order\nLast exam: 02/2021, complete", EventStatus.DONE, "2021-02"),
        ("Colonoscopy request\n1. Age: 69\n2. Prior: 03/2014", EventStatus.DONE, "2014-03"),
        ("Colonoscopy request\nPrior: 03/2014, incomplete", EventStatus.INCOMPLETE, "2014-03"),
        ("Colonoscopy request\nPrior: none", EventStatus.NEVER, ""),
        ("EGD and colonoscopy request\nPrior: 03/2014", EventStatus.UNKNOWN, ""),
        ("FH: mother with diabetes\nNo prior colonoscopy.", EventStatus.NEVER, ""),
    ],
)
def test_fields_of_an_order(text: str, status: EventStatus, last: str) -> None:
    fact = read_event(text, COLONOSCOPY, RECORD)
    assert (fact.status, str(fact.last or "")) == (status, last)


def test_a_family_section_is_of_relatives() -> None:
    text = "Family history:\nMother: colonoscopy 2019.\nPast history: colonoscopy 2012."
    fact = read_event(text, COLONOSCOPY, RECORD)
    assert str(fact.last) == "2012"


def test_look_alikes_of_one_s_own() -> None:
    event = Event("MRI", others=("cardiac MRI",))
    assert read_event("Cardiac MRI 2020.", event, RECORD).status is EventStatus.UNKNOWN
    assert read_event("MRI 2020 was normal.", event, RECORD).status is EventStatus.DONE


# -- measures -------------------------------------------------------------------------------------


def test_every_value_has_its_time() -> None:
    text = "Hgb nadir 6.8, 12.1 last year, now 9.1"
    times = [(r.low, r.time) for r in find_measures(text, HEMOGLOBIN, RECORD)]
    assert times == [
        (6.8, MeasureTime.NADIR),
        (12.1, MeasureTime.FORMER),
        (9.1, MeasureTime.NOW),
    ]


def test_another_analyte() -> None:
    reading = read_measure("Hgb 9.1, ferritin 1,200 ug/L", FERRITIN, RECORD)
    assert reading is not None
    assert reading.low == 1200


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("Platelets 250,000", Measure("platelets", "10^9/L", 1, 2000), 250),
        ("Plt 90 K/uL", Measure("platelets", "10^9/L", 1, 2000, ("plt",)), 90),
        ("Hct 0.24", Measure("hematocrit", "%", 10, 65, ("hct",)), 24),
        ("eGFR 45 mL/min/1.73m2", Measure("eGFR", "mL/min", 1, 150), 45),
        ("HbA1c was 9.1 in January, now 7.2", Measure("A1c", "%", 3, 20, ("HbA1c",)), 7.2),
        ("Weight 210 lbs", Measure("weight", "kg", 20, 300), 95.254398),
        ("weight loss of 10 kg", Measure("weight", "kg", 5, 300), None),
        ("BMI is 38, down from 45", Measure("BMI", "kg/m2", 10, 80), 38),
    ],
)
def test_other_analytes(text: str, measure: Measure, value: float | None) -> None:
    reading = read_measure(text, measure, RECORD)
    assert (reading and reading.low) == value


def test_a_value_in_words() -> None:
    assert str(read_measure("Hb 82 g/L", HEMOGLOBIN)) == "hemoglobin 8.2 g/dL"


def test_words_of_one_s_own_around_the_name() -> None:
    iron = Measure("iron", "ug/dL", 1, 500, not_before=("tablets",), not_behind=("oral",))
    assert read_measure("oral iron 65", iron) is None
    assert read_measure("iron tablets 65", iron) is None
    assert read_measure("serum iron 65", iron) is not None


@pytest.mark.parametrize(
    ("number", "unit", "wanted", "names", "result"),
    [
        (82, "g/L", "g/dL", (), 8.2),
        (5.0, "mmol/L", "g/dL", ("hemoglobin",), 8.057),
        (5.0, "mmol/L", "g/dL", ("unheard-of",), None),
        (8.2, "gm %", "g/dL", (), 8.2),
        (30, "mcg/L", "ng/mL", (), 30),
        (5.5, "mmol/L", "mg/dL", ("glucose",), 99.088),
        (88.4, "µmol/L", "mg/dL", ("creatinine",), 1.0),
        (250, "x10^9/L", "K/uL", (), 250),
        (250000, "/uL", "10^9/L", (), 250),
        (154, "lbs", "kg", (), 69.853),
        (98.6, "F", "C", (), 37.0),
        (9.1, "%", "g/dL", (), None),
        (9.1, None, "g/dL", (), 9.1),
    ],
)
def test_units(
    number: float, unit: str | None, wanted: str, names: tuple[str, ...], result: float | None
) -> None:
    converted = convert(number, unit, wanted, names)
    assert converted == (None if result is None else pytest.approx(result, abs=0.001))
