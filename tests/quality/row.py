"""A row of docs/quality.md, and running the commands that it names."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "quality.md"
WORK = ROOT / "build" / "quality"


@dataclass(frozen=True)
class Row:
    """One measured figure."""

    order: int
    what: str
    measured: float | None
    target: float | None = None
    """At least this; at most, where `at_most`. None: reported, not demanded."""
    how: str = ""
    commands: list[str] = field(default_factory=list)
    at_most: bool = False
    digits: int = 3
    note: str = ""

    @property
    def reached(self) -> bool:
        if self.target is None or self.measured is None:
            return self.target is None
        return self.measured <= self.target if self.at_most else self.measured >= self.target

    @property
    def shown(self) -> str:
        value = "not measured" if self.measured is None else f"{self.measured:.{self.digits}f}"
        return f"{value} {self.note}".strip()

    @property
    def target_shown(self) -> str:
        if self.target is None:
            return "-"
        return f"{'at most ' if self.at_most else ''}{self.target:g}"

    @property
    def verdict(self) -> str:
        return "" if self.target is None else "reached" if self.reached else "**missed**"


def data_folder() -> Path:
    return Path(os.environ.get("WINNOW_DATA") or ROOT.parent / "shared" / "data")


def fresh(name: str) -> Path:
    """An empty folder under build/quality."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


class Commands:
    """Runs `winnow` commands and keeps how a reader would type them."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def __call__(self, *arguments: str | Path, show: bool = True) -> dict[str, Any]:
        words = [str(word) for word in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "winnow_cli", *words, "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if show:
            plain = [
                word.replace(str(data_folder()), "$WINNOW_DATA").replace(f"{ROOT}/", "")
                for word in words
            ]
            self.shown.append(
                "winnow " + " ".join(w if "$" in w else shlex.quote(w) for w in plain)
            )
        if done.returncode:
            raise SystemExit(f"winnow {words[0]} failed:\n{done.stderr[-2000:]}")
        return dict(json.loads(done.stdout))
