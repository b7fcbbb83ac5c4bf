"""What stands for "no id" is never an id that records have in common."""

import pytest

from winnow.tables.ids import is_no_id

MARKS = """
NULL|null|(null)|[NULL]|\\N|NA|N/A|n/a|#N/A|<NA>|nan|NaN|NaT|None|nil|.|.A|._|-|--|?|*****|—|_|…
N.A.|n/d|k.A.|s/d|#REF!|#VALUE!|#DIV/0!|#SPILL!|#GETTING_DATA|Err:502|########|undefined
[object Object]|{}|[]|FALSE|-1|-9|-99|-999|00000000|00000000-0000-0000-0000-000000000000
99999999|999-99-9999|XXXX|xxx-xx-xxxx|Unknown|UNK|unknown patient|no MRN|MRN missing
not available|NOT_AVAILABLE|not yet assigned|Not applicable|(blank)|[REDACTED]|de-identified
keine Angabe|unbekannt|inconnu|desconocido|1.#QNAN|-nan(ind)|\u200b|ＮＵＬＬ|'NULL'|"NA"
"""
IDS = """
A|a1|0|1|7|00|0001|10|99|999|99999|NA-12|NA12|nd|KA|SD|12E4|1E5|E123|None-7|P-001|MRN 12345
case 12|no 5|No. 12|2024-01-31|X1|Unknown 1|12.5|1001.0|1234567890123456|a@b.example|Nan Goldin
Nulla|Ina|O'Neil|-5|-8234234234234|f47ac10b-58cc-4372-a567-0e02b2c3d479|患者1|пациент|é|ANA|DNA
"""


def listed(text: str) -> list[str]:
    return [cell for line in text.strip().splitlines() for cell in line.split("|")]


@pytest.mark.parametrize("mark", listed(MARKS))
def test_a_mark_for_a_missing_value_is_no_id(mark):
    assert is_no_id(mark)
    assert is_no_id(f"  {mark} ")


@pytest.mark.parametrize("cell", ["1.23457E+16", "1.2345678901234568e+16", "1,23457E+11", "9.1E15"])
def test_a_rounded_number_is_no_id(cell):
    assert is_no_id(cell)


@pytest.mark.parametrize("cell", ["", "  ", *listed(IDS)])
def test_other_ids_are_ids_and_a_blank_cell_needs_no_note(cell):
    assert not is_no_id(cell)


def test_a_long_cell_costs_no_more_than_a_look():
    assert is_no_id("-" * 1_000_000)
    assert not is_no_id("1" + "-" * 1_000_000)
    assert not is_no_id("NULL " * 1_000)
