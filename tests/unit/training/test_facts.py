"""Training and measuring by criteria that read columns and dates."""

from pathlib import Path

import pytest

from tests.fakes.encoder import FakeEncoder
from winnow.processes.schema import ADAPTER, ProcessDefinition
from winnow_train.data import keys_of, read_labelled
from winnow_train.decisions import decide

DATA = """\
note,record_date,seats,decision
Colonoscopy in 2012.,2024-04-15,2,met
Colonoscopy in 2012.,2016-04-15,2,not_met
Colonoscopy in 2012.,2024-04-15,1,not_met
Never had a colonoscopy.,2024-04-15,3,met
Never had a colonoscopy.,2024-04-16,1,not_met
Colonoscopy last year.,2024-04-15,4,not_met
"""


@pytest.fixture
def definition() -> ProcessDefinition:
    return ADAPTER.validate_python(
        {
            "id": "facts",
            "version": "1.0.0",
            "kind": "criteria",
            "title": "Facts",
            "input": {"text_columns": ["note"]},
            "criteria": [
                {
                    "id": "interval",
                    "title": "Interval",
                    "interval_since": {"event": "colonoscopy", "at_least": "10 years"},
                },
                {"id": "seats", "title": "Seats", "column": {"name": "seats", "at_least": 2}},
            ],
            "logic": {"all_of": ["interval", "seats"]},
        }
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text(DATA, "utf-8")
    return path


def test_rows_are_judged_with_their_columns_and_dates(
    definition: ProcessDefinition, data: Path
) -> None:
    rows = read_labelled(data, definition, "decision", None).rows
    decisions = decide(definition, rows, FakeEncoder(), None, None)
    assert decisions.decided == tuple(row.named for row in rows)


def test_rows_of_one_text_are_told_apart_by_what_criteria_read(
    definition: ProcessDefinition, data: Path
) -> None:
    rows = read_labelled(data, definition, "decision", None).rows
    assert len(set(keys_of(rows, (), definition.cells_read).tolist())) == len(rows)
    assert len(set(keys_of(rows, ()).tolist())) == 3
