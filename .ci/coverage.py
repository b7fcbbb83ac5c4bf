"""Coverage by package, from what `make coverage` measured; its pages go to build/coverage/html."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "coverage"
COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def package_of(file: str) -> str:
    """Return the package that a file belongs to, and its room in `winnow`.

    >>> package_of("layers/core/python/winnow/readers/office.py")
    'winnow.readers'
    >>> package_of("functions/scan/app.py")
    'functions'
    """
    parts = Path(file).parts
    if "python" in parts:
        parts = parts[parts.index("python") + 1 :]
        return ".".join(parts[:2]) if parts[0] == "winnow" and len(parts) > 2 else parts[0]
    return parts[0] if parts[0] == "functions" else parts[1]


def totals(files: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Return the counts of each package, and of all together under `all`."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for file, measured in files.items():
        for package in (package_of(file), "all"):
            for count in COUNTS:
                sums[package][count] += measured["summary"][count]
    return dict(sums)


def share(covered: int, total: int) -> str:
    """Return a percentage, and a dash for a share of nothing."""
    return f"{100 * covered / total:.1f}" if total else "-"


def main() -> int:
    """Write the pages, print the table; return the exit code."""
    tool = [sys.executable, "-m", "coverage"]
    subprocess.run([*tool, "html", "--quiet", "-d", str(OUT / "html")], check=True, cwd=ROOT)
    subprocess.run([*tool, "json", "--quiet", "-o", str(OUT / "report.json")], check=True, cwd=ROOT)
    sums = totals(json.loads((OUT / "report.json").read_text("utf-8"))["files"])
    print(f"{'package':<24}{'statements':>12}{'run %':>8}{'branches':>10}{'taken %':>9}")
    for package in [*sorted(set(sums) - {"all"}), "all"]:
        statements, run, branches, taken = (sums[package][count] for count in COUNTS)
        print(
            f"{package:<24}{statements:>12,}{share(run, statements):>8}"
            f"{branches:>10,}{share(taken, branches):>9}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
