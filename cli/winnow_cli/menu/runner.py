"""Runs a command line as if it were typed: the same parser, the same function, the same errors."""

import sys
from collections.abc import Sequence


def run_line(line: Sequence[str]) -> int:
    """Run `winnow` with these words in this process; its exit code."""
    from winnow_cli.app import app

    code: int | str | None = 0
    try:
        app(args=list(line), prog_name="winnow")
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    return code if isinstance(code, int) else 0
