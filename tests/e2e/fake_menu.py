"""The real menu on a real terminal, with commands that only say how they were called.

`python -m tests.e2e.fake_menu [STAGE]`: for what needs AWS, and to press Ctrl-C in each phase.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from tests.fakes.menu import FixedFacts
from winnow_cli.console import prepare_streams, say
from winnow_cli.menu.prompts import TerminalPrompts
from winnow_cli.menu.session import Session
from winnow_cli.menu.tree import TREE
from winnow_cli.options import handle_errors

SLOW = "WINNOW_TEST_SLOW"
"""The command that it names runs until it is interrupted."""


def ran(line: Sequence[str]) -> int:
    try:
        say(f"RAN {json.dumps(list(line))}")
        sys.stdout.flush()
        while line[0] == os.environ.get(SLOW):
            time.sleep(0.05)
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    return 0


@handle_errors
def main(stage: Annotated[str, typer.Argument()] = "local") -> None:
    prompts = TerminalPrompts(lambda: shutil.get_terminal_size().columns)
    Session(prompts, FixedFacts(stage), ran).open(TREE)


if __name__ == "__main__":
    prepare_streams()
    typer.run(main)
