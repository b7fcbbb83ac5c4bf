"""Runs a scenario and says what came of it."""

from dataclasses import dataclass

from tests.faults.lab import lab
from tests.faults.scenarios import Scenario


@dataclass(frozen=True)
class Verdict:
    """What came of a fault."""

    ends: tuple[str, ...]
    """of the rows: SUCCEEDED, or a failure's code; sorted"""
    mails: int
    clean: bool
    """the audit shows each version once, ended"""


def judge(scenario: Scenario) -> Verdict:
    with lab() as laboratory:
        scenario.run(laboratory)
        rows = laboratory.rows()
        ends = tuple(
            sorted(row["error_code"] if row["state"] == "FAILED" else row["state"] for row in rows)
        )
        return Verdict(ends, laboratory.mails, laboratory.clean())
