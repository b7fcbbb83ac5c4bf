"""The evaluation of a process, as a page and on a terminal.

Measured are the cases that were written for docs/quality.md (tests/quality/data), by the shipped
process with a calibration that is fitted to them. The figures are an example, not a result.
"""

import csv
import shutil
from pathlib import Path

from tests.pictures import PICTURES, ROOT
from tests.pictures.browser import shoot
from tests.pictures.desk import Desk
from tests.pictures.terminal import draw

CASES = ("l33774_cases.csv", "l33774_further.csv")
WIDTH = 1000
DECISIONS = {"partly": "undetermined"}
LENGTHS = ((30, "1 to 30 words"), (45, "31 to 45 words"), (10_000, "46 words or more"))
COLUMNS = 96
ON = ("--process", "L33774", "--data", "cases.csv", "--label-column", "decision")


def make(desk: Desk) -> list[Path]:
    """Writes docs/pictures/report.png, report-dark.png and evaluate.svg."""
    _write_cases(desk.folder / "cases.csv")
    _own_processes(desk.folder / "processes")
    where = ("--processes", "processes")
    desk.run("winnow", "train", *ON, *where)
    shown = ("winnow", "evaluate", *ON, "--slice", "length", "--html", "report.html")
    printed = desk.run(*shown, *where, columns=COLUMNS)
    page = desk.folder / "report.html"
    return [
        draw(printed, "evaluate", " ".join(shown), COLUMNS),
        shoot(page, PICTURES / "report.png", WIDTH, scale=1.25),
        shoot(page, PICTURES / "report-dark.png", WIDTH, scale=1.25, scheme="dark"),
    ]


def _write_cases(out: Path) -> None:
    with out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("note", "decision", "length"))
        for name in CASES:
            with (ROOT / "tests" / "quality" / "data" / name).open(newline="") as cases:
                for case in csv.DictReader(cases):
                    words = len(case["note"].split())
                    length = next(name for most, name in LENGTHS if words <= most)
                    decision = DECISIONS.get(case["expected"], case["expected"])
                    writer.writerow((case["note"], decision, length))


def _own_processes(folder: Path) -> None:
    """A copy to train in, in place of the checkout's."""
    folder.unlink()
    folder.mkdir()
    for file in (ROOT / "processes").glob("*.yaml"):
        shutil.copy(file, folder)
