"""The pages of the tutorial, each run from its first command to its last."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.docs.console import ROOT, Ran, Session, Step, differences, steps

PAGE = ROOT / "docs" / "tutorial.md"
PAGES = (PAGE, ROOT / "docs" / "tutorial" / "releases.md")


def run(page: str, folder: Path) -> Iterator[tuple[Step, Ran, list[str]]]:
    """Each command, what it did, and where the page says something else; ends the local stack.

    The folder stands for the checkout: what the reader makes there is made in it.
    """
    (folder / "docs").symlink_to(ROOT / "docs")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WINNOW_") or name == "WINNOW_MODEL_DIR"
    }
    session = Session(folder, environment)
    try:
        for step in steps(page):
            ran = session.learn(step, session.run(step))
            found = differences(step, ran.printed)
            if (ran.code != 0) != step.fails:
                found = [f"exit code {ran.code}", *found]
            yield step, ran, found
    finally:
        session.run(Step(0, "winnow down", ""))
