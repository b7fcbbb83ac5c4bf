"""Runs the commands of docs/tutorial.md and writes what they print into it.

python -m tests.docs            # says where the page is not what the commands print
python -m tests.docs --write    # mends the page
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.docs import tutorial
from tests.docs.console import report, rewritten


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.docs")
    parser.add_argument("--write", action="store_true", help="write into the page what is printed")
    write = parser.parse_args().write
    page = tutorial.PAGE.read_text("utf-8")
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
        tutorial.PAGE.write_text(rewritten(page, printed), "utf-8")
    return 1 if wrong and not write else 0


if __name__ == "__main__":
    sys.exit(main())
