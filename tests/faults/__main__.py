"""`python -m tests.faults`: every fault, in memory and on the local stack, and their tables.

Both tables are sections of docs/reliability-tables.md. `--memory` leaves the local stack out.
"""

import argparse
import json
import logging
import os
from pathlib import Path

import pytest

from tests.faults.page import replace_section
from tests.faults.run import judge
from tests.faults.scenarios import SCENARIOS

HEAD = ["| fault | rows at the end | mails | `winnow audit` |", "|---|---|---|---|"]
ON_STACK = ("on_stack", "sabotage_on_stack", "restart_on_stack", "large_file_on_stack")


def line(fault: str, ends: list[str], mails: int, audit: str) -> str:
    said = ", ".join(
        f"{ends.count(end)} × `{end}`" if ends.count(end) > 1 else f"`{end}`"
        for end in dict.fromkeys(ends)
    )
    return f"| {fault} | {said or 'no upload'} | {mails} | {audit} |"


def in_memory() -> int:
    """Writes the section `faults`; how many end otherwise than they must."""
    rows, bad = [], 0
    for scenario in SCENARIOS:
        try:
            found = judge(scenario)
        except AssertionError as error:
            print(f"FAILED {scenario.name}: {error}")
            bad += 1
            continue
        right = (found.ends, found.mails) == (scenario.ends, scenario.mails) and found.clean
        bad += not right
        audit = "clean" if found.clean else "**not clean**"
        rows.append(line(scenario.name, list(found.ends), found.mails, audit))
        print(f"{'ok    ' if right else 'WRONG '} {scenario.name}", flush=True)
    said = f"{len(SCENARIOS) - bad} of {len(SCENARIOS)} faults end as they must."
    replace_section("faults", "\n".join([said, "", *HEAD, *rows]))
    return bad


class Told:
    """What the tests on the local stack tell of their faults, and what became of all of them."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.passed = 0
        self.others: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed += 1
            for name, value in report.user_properties:
                if name == "fault":
                    self.rows.append(line(**json.loads(str(value))))
        elif not report.passed:
            self.others.append(report.nodeid)


def on_stack() -> int:
    """Writes the section `faults on the stack`; pytest's exit code."""
    os.environ["WINNOW_LARGE"] = "1"
    told = Told()
    here = Path(__file__).parent
    files = [str(here / f"test_{name}.py") for name in ON_STACK]
    code = pytest.main([*files, "-p", "no:cacheprovider"], plugins=[told])
    said = f"{told.passed} tests pass, {len(told.others)} do not. The tests of one fault each:"
    replace_section("faults on the stack", "\n".join([said, "", *HEAD, *told.rows]))
    return int(code)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults")
    parser.add_argument("--memory", action="store_true", help="without the local stack")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    bad = in_memory()
    logging.disable(logging.NOTSET)
    return 1 if bad or (not given.memory and on_stack()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
