"""Numbers with units."""

import pytest

from winnow.judging.criteria.measurements import Values
from winnow.processes.schema import Value

HEMOGLOBIN = Value(
    name="hemoglobin",
    aliases=("haemoglobin", "hgb", "hb"),
    unit="g/dL",
    below=12,
    normal_from=13,
    least=3,
    most=20,
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Hgb 7.9", [7.9]),
        ("Hemoglobin is 14.6 g/dL and normal.", [14.6]),
        ("hemoglobin of 7", [7]),
        ("with a hemoglobin of 7.8 at today's visit", [7.8]),
        ("(Hb 8.2 g/dL, ferritin 11)", [8.2]),
        ("HGB: 10.1, HCT: 30", [10.1]),
        ("Her hemoglobin has fallen from 13.5 to 11.6.", [11.6]),
        ("Hemoglobin drifted from 13.2 to 8.8 g/dL", [8.8]),
        ("Hgb 13.1 to 10.9", [10.9]),
        ("Hgb 8.0 -> 10.5 after iron", [10.5]),
        # Units.
        ("Hb 82 g/L", [8.2]),
        ("haemoglobin 5 mmol/L", [8.055]),
        ("Hb 82", []),
        ("hemoglobin 30 %", []),
        ("hemoglobin 7.9 mg/mL", []),
        # Another test, a range, a limit, a date.
        ("Hemoglobin A1c 7.9", []),
        ("hemoglobin 12-16", []),
        ("Transfuse for hemoglobin < 7.", []),
        ("Keep the hemoglobin above 8.", []),
        ("Hemoglobin on 7/12 was not recorded", []),
        # Former values.
        ("Hgb 9.1 in May", []),
        ("hemoglobin was 13.1 a year ago", []),
        ("Hgb 7.4 (was 8.9 in May)", [7.4]),
        ("No number of hemoglobin.", []),
        ("", []),
    ],
)
def test_numbers(text: str, numbers: list[float]) -> None:
    found = [measured.number for measured in Values((HEMOGLOBIN,))(text)]
    assert found == pytest.approx(numbers)


@pytest.mark.parametrize(
    ("number", "sign"), [(7.9, 1), (11.9, 1), (12.0, 0), (12.9, 0), (13.0, -1), (15.0, -1)]
)
def test_what_a_number_says(number: float, sign: int) -> None:
    (measured,) = Values((HEMOGLOBIN,))(f"Hgb {number}")
    assert measured.sign == sign
    if sign:
        assert measured.rule == (
            "hemoglobin below 12 g/dL" if sign > 0 else "hemoglobin from 13 g/dL"
        )


def test_a_value_that_must_be_small() -> None:
    calprotectin = Value(
        name="calprotectin", unit="ug/g", above=200, normal_to=50, least=1, most=999
    )
    signs = [m.sign for m in Values((calprotectin,))("Calprotectin 412. Calprotectin 20 ug/g")]
    assert signs == [1, -1]


def test_a_rule_needs_a_bound() -> None:
    with pytest.raises(ValueError, match="below or above"):
        Value(name="x", unit="g", least=0, most=1)
