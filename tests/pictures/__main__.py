"""`python -m tests.pictures [KIND...]`: all pictures, or those of some kinds."""

import argparse
import sys
from pathlib import Path

from tests.pictures import PICTURES, ROOT, charts, mails, menu, report, review, terminal
from tests.pictures.browser import BrowserMissingError, find
from tests.pictures.desk import CommandFailedError, desk

KINDS = ("terminal", "mails", "report", "review", "menu", "charts")
ON_A_DESK = {"terminal", "mails", "report"}
LARGEST = {".svg": 150_000, ".png": 200_000}
"""Bytes: what a page of the docs may cost to open."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    kinds = parser.parse_args().kinds or list(KINDS)
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    PICTURES.mkdir(exist_ok=True)
    made: list[Path] = []
    try:
        if {"mails", "report", "review"} & set(kinds):
            find()  # Said at once, and not after a minute.
        if "review" in kinds:
            made += review.make()
        if "menu" in kinds:
            made += menu.make()
        if "charts" in kinds:
            made += charts.make()
        if ON_A_DESK & set(kinds):
            made += _on_a_desk(set(kinds))
    except (BrowserMissingError, CommandFailedError) as error:
        print(error, file=sys.stderr)
        return 1
    for path in made:
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")
    large = [path.name for path in made if path.stat().st_size > LARGEST.get(path.suffix, 10**9)]
    if large:
        print(f"Too large: {', '.join(large)}", file=sys.stderr)
    return 1 if large else 0


def _on_a_desk(kinds: set[str]) -> list[Path]:
    made: list[Path] = []
    with desk() as place:
        if {"terminal", "mails"} & kinds:
            demo = terminal.demo(place)
        if "terminal" in kinds:
            made += terminal.make(place, demo)
        if "mails" in kinds:
            made += mails.make(place)
        if "report" in kinds:
            made += report.make(place)
    return made


if __name__ == "__main__":
    sys.exit(main())
