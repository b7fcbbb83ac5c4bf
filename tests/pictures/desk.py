"""A folder in which a user sits: the sample files, an empty local stack, a terminal.

Commands run there as a user types them, in a pseudo-terminal of a fixed width. What differs from
run to run (ids, times, the port) is replaced by fixed values of the same length, so that pictures
that are made again differ where the output does. Durations stay as they were measured.
"""

import fcntl
import hashlib
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.pictures import ROOT

FOLDER = ROOT / "build" / "pictures"
NOON = datetime(2026, 1, 15, 12, 0, 0)
"""When everything happens, in a picture."""
LINES = 50
_SHOWN_LENGTHS = (32, 12, 8)
"""An upload's id is printed whole or shortened to these many digits."""
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_TIME = re.compile(r"\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\b")
_ISO = re.compile(r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
_STAMP = re.compile(r"\b\d{4}-\d{2}-\d{2}-\d{6}\b")
_SHORT_TIME = re.compile(r"(?<![\d-])(\d{2}-\d{2} \d{2}:\d{2}:\d{2})\b")
_BUCKET = re.compile(r"(?<=bucket-)[0-9a-f]{8,}\b")
_PORT = re.compile(r"(?:(?<=127\.0\.0\.1:)|(?<=\.localhost:))\d{4,5}\b")
_API = re.compile(r"\b[0-9a-f]{8}(?=\.execute-api)")


class CommandFailedError(RuntimeError):
    """A command that a picture shows ended with an exit code that it should not have."""


class Desk:
    """The folder, and the uploads of its stack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        commands = Path(sys.executable).parent
        self.environment = {
            **{name: value for name, value in os.environ.items() if not _ours(name)},
            # As after `source .venv/bin/activate`: hints then say `winnow`.
            "PATH": f"{commands}{os.pathsep}{os.environ.get('PATH', '')}",
            "TERM": "xterm-256color",
            # No spinners: they are drawn and wiped out again.
            "TTY_INTERACTIVE": "0",
            "PYTHONPATH": str(ROOT),
        }

    def run(self, *command: str, columns: int = 110, may_end_with: tuple[int, ...] = (0,)) -> str:
        """What a command prints on a terminal, with its escape sequences.

        Raises:
            CommandFailedError: it ended with another exit code; the message has its stderr.
        """
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        with (
            os.fdopen(ours, "rb", buffering=0) as screen,
            (self.folder / "stderr.txt").open("w+b") as errors,
        ):
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=errors,
            )
            os.close(theirs)
            printed = bytearray()
            with suppress(OSError):  # Linux ends a terminal that nobody holds with EIO.
                while some := screen.read(65536):
                    printed += some
            code = process.wait()
            errors.seek(0)
            if code not in may_end_with:
                raise CommandFailedError(
                    f"{' '.join(command)}: exit code {code}\n{errors.read()!r}"
                )
        return printed.decode().replace("\r\n", "\n")

    def json(self, *command: str) -> Any:
        """The JSON document of a command."""
        done = subprocess.run(
            [*command, "--json"],
            cwd=self.folder,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout)

    @cached_property
    def uploads(self) -> dict[str, str]:
        """The uploads that there are now: the id by the inbox folder and the file's name."""
        found = {}
        for upload in self.json("winnow", "status")["uploads"]:
            parts = upload["object_key"].split("/")
            found[f"{parts[1]}/{parts[-1]}"] = upload["upload_id"]
        return found

    def stable(self, text: str) -> str:
        """The text with fixed ids, times and ports."""
        for name, upload_id in self.uploads.items():
            fixed = hashlib.sha256(name.encode()).hexdigest()
            for length in _SHOWN_LENGTHS:
                shown = re.compile(rf"\b{upload_id[:length]}\b")
                text = shown.sub(fixed[:length], text)
        for number, uuid in enumerate(dict.fromkeys(_UUID.findall(text))):
            digits = hashlib.sha256(f"run {number}".encode()).hexdigest()
            cut = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32])
            text = text.replace(uuid, "-".join(cut))
        text = _ISO.sub(f"{NOON:%Y-%m-%dT%H:%M:%S}.000Z", text)
        text = _TIME.sub(f"{NOON:%Y-%m-%d %H:%M:%S}", text)
        text = _SHORT_TIME.sub(f"{NOON:%m-%d %H:%M:%S}", text)
        text = _BUCKET.sub(lambda match: "0123456789abcdef"[: len(match[0])], text)
        text = _STAMP.sub(f"{NOON:%Y-%m-%d-%H%M%S}", text)
        text = _API.sub("01234567", text)
        return _PORT.sub(lambda match: "50000"[: len(match[0])], text)


def _ours(name: str) -> bool:
    return name.startswith("WINNOW_") or name in {
        "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "COLORTERM",
    }  # fmt: skip


@contextmanager
def desk() -> Iterator[Desk]:
    """A new folder with the samples; a stack that was started in it is ended with it."""
    folder = FOLDER / "desk"
    if folder.exists():
        _end(folder)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in ("samples", "processes"):
        (folder / name).symlink_to(ROOT / name)
    try:
        yield Desk(folder)
    finally:
        _end(folder)


def _end(folder: Path) -> None:
    winnow = Path(sys.executable).with_name("winnow")
    subprocess.run([winnow, "down"], cwd=folder, check=False, stdout=subprocess.DEVNULL)
