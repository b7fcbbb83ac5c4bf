"""The parts of the pages that are generated: tables from the code, diagrams from the template.

`make docs` writes them, `make docs-check` fails where one is stale. A generated part stands between
two comments in its page:

    <!-- begin generated: limits (make docs) -->
    <!-- end generated: limits -->

To add one: write a function that returns the text, name it in `PAGES` of `__main__.py`, and put the
two comments where the text belongs.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
