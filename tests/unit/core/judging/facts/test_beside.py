"""What stands beside a measured value: whether it is believed, and in which unit."""

from datetime import date
from pathlib import Path

import pytest

from winnow.judging.criteria.fact_rules import Note, fact_rules
from winnow.judging.facts.measures import Measure, read_measure
from winnow.processes.schema import Criterion
from winnow.processes.units import convert

RECORD = date(2024, 4, 15)
HEMOGLOBIN = Measure("hemoglobin", "g/dL", 3, 20, ("hgb", "hb", "haemoglobin"))
ANEMIA = Criterion.model_validate(
    {
        "id": "anemia",
        "title": "Anemia",
        "measure": [
            {
                "name": "hemoglobin",
                "aliases": ["haemoglobin", "hgb", "hb"],
                "unit": "g/dL",
                "below": 12,
                "normal_from": 13,
                "least": 3,
                "most": 20,
            }
        ],
    }
)


def rows(name: str) -> list[list[str]]:
    lines = Path(__file__).with_name(f"{name}.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def sign(text: str) -> int | None:
    """1: certainly low, -1: certainly normal, 0: a doubt, None: nothing is said."""
    (rule,) = fact_rules(ANEMIA)
    stated = rule(Note(text, {}, (), RECORD))
    return None if stated is None else stated.sign


@pytest.mark.parametrize(("text", "wrong"), rows("doubtful"), ids=str)
def test_a_value_that_may_be_another_s_is_not_believed(text: str, wrong: str) -> None:
    assert sign(text) != {"low": 1, "normal": -1}[wrong]


@pytest.mark.parametrize(("text", "value"), rows("certain"), ids=str)
def test_what_stands_beside_a_value_does_not_always_make_it_doubtful(text: str, value: str) -> None:
    reading = read_measure(text, HEMOGLOBIN, RECORD)
    assert reading is not None
    assert reading.high == pytest.approx(float(value), abs=0.05)
    assert sign(text) == (1 if float(value) < 12 else -1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Hgb 13.8\n4. No bleeding", 13.8),
        ("Hgb 7.8\n2. EGD negative", 7.8),
        ("Hb\t8.6\t8.5-11.0\tmmol/L", 13.86),
        ("Hgb 8.6\n mmol/L", 13.86),
        ("Hgb 7.1 (dialysis day), now 13.6.", 13.6),
        ("Hgb 7.4 in Jan; 13.6 in Mar.", 13.6),
        ("3/1 Hgb 8.9 L; 4/1 11.6 L; 4/9 13.9.", 13.9),
        ("Hgb up 4 g/dL to 13.2", 13.2),
        ("Hgb day 8 13.9", 13.9),
    ],
)
def test_the_value_is_found(text: str, value: float) -> None:
    reading = read_measure(text, HEMOGLOBIN, RECORD)
    assert reading is not None
    assert not reading.doubtful
    assert (reading.low, reading.high) == pytest.approx((value, value), abs=0.01)


@pytest.mark.parametrize(
    ("text", "measure", "low", "high"),
    [
        ("ferritin 1.200 ng/mL", Measure("ferritin", "ng/mL", 1, 5000), 1.2, 1200),
        ("calprotectin 1.250 µg/g", Measure("calprotectin", "ug/g", 1, 9000), 1.25, 1250),
        ("Ferritin 1.25 ng/mL", Measure("ferritin", "ng/mL", 1, 5000), 1.25, 1.25),
        ("Platelets 1.250.000", Measure("platelets", "10^9/L", 1, 2000), 1250, 1250),
        ("Platelets 1,250,000", Measure("platelets", "10^9/L", 1, 2000), 1250, 1250),
        ("Platelets 80.000", Measure("platelets", "10^9/L", 1, 2000), 80, 80),
        ("Ferritin | 8 | 15-150 | µg/L", Measure("ferritin", "ng/mL", 1, 5000), 8, 8),
        ("Creatinine 88 (60-110) µmol/L", Measure("creatinine", "mg/dL", 0.1, 20), 0.995, 0.995),
        ("Potassium 4.1 mEq/L", Measure("potassium", "mmol/L", 1, 10), 4.1, 4.1),
    ],
)
def test_other_analytes(text: str, measure: Measure, low: float, high: float) -> None:
    reading = read_measure(text, measure, RECORD)
    assert reading is not None
    assert (reading.low, reading.high) == pytest.approx((low, high), abs=0.01)


def test_a_doubt_is_said() -> None:
    assert str(read_measure("Hgb 7.9?", HEMOGLOBIN)) == "hemoglobin 7.9 g/dL, uncertain"


@pytest.mark.parametrize(
    ("unit", "result"),
    [
        ("mM", 13.858),
        ("mmol / liter", 13.858),
        ("mmol/litre", 13.858),
        ("millimoles per liter", 13.858),
        ("millimol/L", 13.858),
        ("grams per deciliter", 8.6),
        ("g per litre", 0.86),
        ("mEq/L", None),
    ],
)
def test_units_in_full(unit: str, result: float | None) -> None:
    converted = convert(8.6, unit, "g/dL", ("hemoglobin",))
    assert converted == (None if result is None else pytest.approx(result, abs=0.001))


@pytest.mark.parametrize("name", ["SpO2", "PaO2", "FEV1", "CA 19-9", "HbA1c", "T4"])
@pytest.mark.parametrize("rest", [" 86 on room air.", " 86.", ": 86 today.", " was 86."])
def test_a_digit_of_the_name_is_no_part_of_the_number(name: str, rest: str) -> None:
    reading = read_measure(f"{name}{rest}", Measure(name, "%", 50, 100, ()), RECORD)
    assert reading is not None
    assert (reading.low, reading.high, reading.doubtful) == (86, 86, False)
