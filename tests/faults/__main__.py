"""`python -m tests.faults`: every fault, and the table of docs/reliability.md."""

import logging

from tests.faults.page import replace_section
from tests.faults.run import judge
from tests.faults.scenarios import SCENARIOS


def main() -> int:
    logging.disable(logging.CRITICAL)
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
        ends = ", ".join(
            f"{found.ends.count(end)} × `{end}`" if found.ends.count(end) > 1 else f"`{end}`"
            for end in dict.fromkeys(found.ends)
        )
        audit = "clean" if found.clean else "**not clean**"
        rows.append(f"| {scenario.name} | {ends or 'no upload'} | {found.mails} | {audit} |")
        print(f"{'ok    ' if right else 'WRONG '} {scenario.name}", flush=True)
    said = f"{len(SCENARIOS) - bad} of {len(SCENARIOS)} faults end as they must."
    head = ["| fault | rows at the end | mails | `winnow audit` |", "|---|---|---|---|"]
    replace_section("faults", "\n".join([said, "", *head, *rows]))
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
