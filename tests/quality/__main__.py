"""Measure how good Winnow's decisions are and write docs/quality.md: `python -m tests.quality`.

Every module of `rows` measures rows of the table. `--only NAME` measures one module and prints it,
without touching the page; `--update NAME...` measures modules, puts their rows into the page, and
keeps the others as they stand there. WINNOW_DATA names the folder of the measuring data; heads and
processes that are made on the way lie in build/quality and are made anew.
"""

import argparse
import importlib
import pkgutil
import platform
import sys

from tests.quality import rows
from tests.quality.row import PAGE, Row, data_folder


def measured(names: list[str]) -> list[Row]:
    found: list[Row] = []
    for name in names:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        found += importlib.import_module(f"tests.quality.rows.{name}").measure()
    return sorted(found, key=lambda row: row.order)


def page(found: list[Row]) -> str:
    lines = [
        "# Quality",
        "",
        "`make quality` measures everything again and writes this page. The data are not part",
        "of the repository; set `WINNOW_DATA` to their folder. [confidence.md](confidence.md)",
        "explains each number, and how to get it for your own process.",
        "",
        f"Measured on {platform.machine()}, {platform.system()}, Python "
        f"{platform.python_version()}.",
        "",
        "| what | measured | at least | |",
        "|---|---|---|---|",
        *(f"| {r.what} | {r.shown} | {r.target_shown} | {r.verdict} |" for r in found),
        "",
        "## How, row by row",
        "",
    ]
    for row in found:
        lines += [f"**{row.what}.** {row.how}", ""]
        if row.commands:
            lines += ["```sh", *row.commands, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def updated(old: str, found: list[Row]) -> str:
    """A page with rows measured anew; those that it does not have yet come last."""
    new = page(found)
    names = {row.what for row in found}
    table, how = _table(old), _how(old)
    new_table, new_how = _table(new), _how(new)
    kept = [new_table.pop(name, line) for name, line in table.items()]
    texts = [new_how.pop(name, text) for name, text in how.items() if name in table]
    head, rest = old.split("\n|---", 1)
    foot = rest.split("\n## How, row by row\n", 1)[0]
    rule = foot.split("\n", 1)[0]
    assert names >= set(new_table)
    lines = "\n".join([*kept, *new_table.values()])
    sections = "\n\n".join([*texts, *new_how.values()])
    return f"{head}\n|---{rule}\n{lines}\n\n## How, row by row\n\n{sections.rstrip()}\n"


def _table(text: str) -> dict[str, str]:
    """The lines of the table by what they are of."""
    lines = text.split("\n## How, row by row\n", 1)[0].split("\n|---", 1)[1].split("\n")[1:]
    return {line.split(" | ")[0][2:]: line for line in lines if line.startswith("| ")}


def _how(text: str) -> dict[str, str]:
    """The sections on how rows were measured, by what they are of."""
    parts = text.split("\n## How, row by row\n", 1)[1].strip().split("\n\n**")
    sections = [parts[0], *("**" + part for part in parts[1:])]
    return {section[2:].split(".** ", 1)[0]: section.strip() for section in sections}


def main(arguments: list[str]) -> int:
    every = sorted(module.name for module in pkgutil.iter_modules(rows.__path__))
    asked = argparse.ArgumentParser(prog="python -m tests.quality")
    which = asked.add_mutually_exclusive_group()
    which.add_argument("--only", nargs="+", choices=every, metavar="NAME", help="print these rows")
    which.add_argument("--update", nargs="+", choices=every, metavar="NAME", help="renew these")
    given = asked.parse_args(arguments)
    if not data_folder().is_dir():
        print(
            "The evaluation data are missing: set WINNOW_DATA to their folder "
            f"(now {data_folder().name})."
        )
        return 1
    if given.only:
        for row in measured(given.only):
            print(f"{row.what}: {row.shown} (wanted: {row.target_shown}) {row.verdict}")
        return 0
    if given.update:
        found = measured(given.update)
        PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
        return 0
    found = measured(every)
    PAGE.write_text(page(found), encoding="utf-8")
    return 0 if all(row.reached for row in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
