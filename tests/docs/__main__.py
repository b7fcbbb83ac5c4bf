"""Runs the commands of the tutorial's pages and writes what they print into them.

python -m tests.docs            # says where a page is not what the commands print
python -m tests.docs --write    # mends the pages
python -m tests.docs releases   # one page alone
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.docs import tutorial
from tests.docs.console import report, rewritten


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.docs")
    parser.add_argument("page", nargs="?", choices=[page.stem for page in tutorial.PAGES])
    parser.add_argument("--write", action="store_true", help="write into the page what is printed")
    given = parser.parse_args()
    wrong = sum(
        _run(page, write=given.write)
        for page in tutorial.PAGES
        if given.page is None or page.stem == given.page
    )
    return 1 if wrong and not given.write else 0


def _run(file: Path, *, write: bool) -> int:
    """Run a page; how many of its commands print something else."""
    page = file.read_text("utf-8")
    printed = {}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for step, ran, found in tutorial.run(page, Path(folder)):
            print(f"$ {step.typed}", file=sys.stderr)
            printed[step.line] = ran.printed
            if found:
                wrong += 1
                print(report(step, ran, found))
    if write:
        file.write_text(rewritten(page, printed), "utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
