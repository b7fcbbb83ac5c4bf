"""A page whose `console` blocks are run, and the comparison of what they print.

A block holds commands after "$ " and below each what it prints on a terminal:

    ```console
    $ winnow process validate oxygen/home-oxygen.yaml
    home-oxygen.yaml is valid: home-oxygen 0.2.0, criteria.
    ```

A line "[...]" stands for lines that the page leaves out. `<!-- exit 1 -->` above a block says that
its last command fails; every other one has to succeed. `export` and `cd` hold for all that follow.

Ids, times and ports differ from run to run, so a page's need not be those of this run: an upload id
in a command is replaced by the id that this run printed in its place. Scores differ a little from
one processor to another, so numbers may differ a little, too (`alike`).
"""

import os
import pty
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCORE_TOLERANCE = 0.02
"""Of numbers with a decimal point; of percentages a hundred times as much."""
LEFT_OUT = "[...]"
TIMEOUT_S = 180

_BLOCK = re.compile(
    r"(?P<fails>^<!-- exit 1 -->\n)?^```console\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
_ID = re.compile(r"\b[0-9a-f]{12,64}\b")
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d UTC)?"), "<time>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"[0-9a-f]{8}\.execute-api\.localhost:\d+"), "<address>"),
    (_ID, "<id>"),
    (re.compile(r"─+"), "─"),
)
_TOKEN = re.compile(r"<[a-z]+>|\d[\d,]*(?:\.\d+)?(?:e-?\d+)?%?|[^\W\d_]+|\S")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?%?")


@dataclass(frozen=True)
class Step:
    """A command of a page, and what the page shows that it prints."""

    line: int
    """Where the command stands in the page, from 1."""
    typed: str
    """As the page has it, without "$ "; may go on over several lines."""
    shown: str
    fails: bool = False

    @property
    def text(self) -> str:
        """The step as it stands in the page."""
        return f"$ {self.typed}\n{self.shown}"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    printed: str


def steps(page: str) -> Iterator[Step]:
    """The commands of a page, in order."""
    for block in _BLOCK.finditer(page):
        found: list[Step] = []
        first = page.count("\n", 0, block.start("body")) + 1
        continued = False
        for number, line in enumerate(block["body"].splitlines(keepends=True), first):
            if line.startswith("$ "):
                found.append(Step(number, line[2:].rstrip("\n"), ""))
            elif continued:
                found[-1] = replace(found[-1], typed=f"{found[-1].typed}\n{line.rstrip()}")
            else:
                found[-1] = replace(found[-1], shown=found[-1].shown + line)
            continued = line.endswith("\\\n") and (line.startswith("$ ") or continued)
        found[-1] = replace(found[-1], fails=block["fails"] is not None)
        yield from found


class Session:
    """A shell in a folder, on a terminal of 80 columns without colours.

    The folder stands for the checkout, so files of the checkout are shown as a reader there sees
    them.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {
            **environment,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "LANG": "C.UTF-8",
        }
        self._before: list[str] = []
        self._ids: dict[str, str] = {}

    def run(self, step: Step) -> Ran:
        """Runs a command of a page, with this run's ids."""
        typed = re.sub(r"\b[0-9a-f]{6,64}\b", lambda found: self._own(found[0]), step.typed)
        script = "\n".join([*self._before, typed])
        if re.match(r"(export|cd) ", typed):
            self._before.append(typed)
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
            )
        finally:
            os.close(theirs)
        printed = bytearray()
        try:
            while chunk := _read(ours):
                printed += chunk
            code = process.wait(TIMEOUT_S)
        finally:
            process.kill()
            os.close(ours)
        return Ran(code, _tidy(printed.decode()))

    def learn(self, step: Step, ran: Ran) -> Ran:
        """Takes the ids that a run printed for those in their places on the page.

        Returns what it printed with the page's ids, so that these stay when a page is rewritten.
        """
        shown, own = _ID.findall(step.shown), _ID.findall(cut_as(step.shown, ran.printed))
        if len(shown) == len(own):
            for page_id, run_id in zip(shown, own, strict=True):
                self._ids.setdefault(page_id, run_id)
        printed = ran.printed
        for page_id, run_id in self._ids.items():
            printed = printed.replace(run_id, page_id)
        return replace(ran, printed=printed)

    def _own(self, shown: str) -> str:
        for page_id, own in self._ids.items():
            if page_id.startswith(shown):
                return own[: len(shown)]
        return shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO: the other side is closed
        return b""


def _tidy(text: str) -> str:
    """Without blanks at the ends of lines and blank lines around the whole."""
    shown = text.replace("\r\n", "\n").replace(f"{ROOT}/", "")
    body = "\n".join(line.rstrip() for line in shown.split("\n")).strip("\n")
    return f"{body}\n" if body else ""


def cut_as(shown: str, printed: str) -> str:
    """What was printed, with lines left out where the page leaves them out."""
    lines = shown.splitlines()
    if LEFT_OUT not in lines:
        return printed
    at = lines.index(LEFT_OUT)
    after = len(lines) - at - 1
    own = printed.splitlines()
    if len(own) <= at + after:
        return printed
    kept = [*own[:at], LEFT_OUT, *own[len(own) - after :]]
    return "".join(f"{line}\n" for line in kept)


def differences(step: Step, printed: str) -> list[str]:
    """Where a page does not say what was printed; empty: it does."""
    ours = _TOKEN.findall(_plain(cut_as(step.shown, printed)))
    theirs = _TOKEN.findall(_plain(step.shown))
    return [
        f"{shown or 'nothing'} on the page, {own or 'nothing'} printed"
        for shown, own in zip_longest(theirs, ours)
        if shown is None or own is None or not alike(shown, own)
    ]


def _plain(text: str) -> str:
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text


def alike(shown: str, own: str) -> bool:
    """Whether two words of an output say the same.

    Scores may differ by SCORE_TOLERANCE, counts not at all.
    """
    if shown == own:
        return True
    if not (_NUMBER.fullmatch(shown) and _NUMBER.fullmatch(own)):
        return False
    if shown.endswith("%") != own.endswith("%"):
        return False
    first, second = (float(number.rstrip("%").replace(",", "")) for number in (shown, own))
    if "." not in shown and "." not in own and not shown.endswith("%"):
        return False
    allowed = SCORE_TOLERANCE * (100 if shown.endswith("%") else 1)
    return abs(first - second) <= allowed + 1e-9


def rewritten(page: str, printed: Mapping[int, str]) -> str:
    """The page with what was printed, by the line of its command."""
    text = page
    for step in reversed(list(steps(page))):
        if step.line not in printed or not differences(step, printed[step.line]):
            continue  # ids and times alone are no reason to change a page
        lines = text.splitlines(keepends=True)
        begin = step.line - 1 + step.typed.count("\n") + 1
        end = begin + len(step.shown.splitlines())
        new = cut_as(step.shown, printed[step.line])
        text = "".join([*lines[:begin], new, *lines[end:]])
    return text


def report(step: Step, ran: Ran, found: list[str]) -> str:
    """What a reader of a failed test wants to see."""
    return (
        f"line {step.line}: $ {step.typed}\nended with {ran.code}; {'; '.join(found[:5])}\n"
        + textwrap.indent(ran.printed, "    ")
    )
