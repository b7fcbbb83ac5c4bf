"""The streams of a command: the answer goes to stdout, everything else to stderr.

Whatever is printed goes through `safe`, so that no file can steer a terminal by an escape sequence.
Characters that the output's encoding lacks are replaced; they stop no answer half-way.
"""

import io
import json
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from winnow.storage.file_names import name_of

if TYPE_CHECKING:
    from rich.console import Console

given_stages: ContextVar[Path | None] = ContextVar("given_stages", default=None)
"""The file of stages that the command was given."""
_TAKES_STAGES = re.compile(r"(?<=`)winnow (?:deploy|destroy|stages|training)\b[^`]*")
"""Commands that take a file of stages, in a sentence."""

_NO_BREAK_SPACE = 0xA0
_STRICT_ERRORS = ("strict", "surrogateescape")
"""Error handlers of streams that raise an error for text outside their encoding."""


def command() -> str:
    """How to call `winnow`: the path of its script if it is not on the shell's PATH."""
    script = Path(sys.executable).with_name("winnow")
    if not script.exists() or shutil.which("winnow") == str(script):
        return "winnow"
    return shlex.quote(here(script))


def pasteable(hint: str) -> str:
    """Advice whose `winnow` commands run when they are pasted into this shell."""
    return hint.replace("`winnow ", f"`{command()} ")


def of_stages(text: str) -> str:
    """What is said of stages.toml, for the file of stages that this command was given."""
    file = given_stages.get()
    if file is None:
        return text
    named = text.replace("stages.toml", name_of(file))
    if os.environ.get("WINNOW_STAGES") == str(file):
        return named
    option = f" --stages {shlex.quote(str(file))}"
    return _TAKES_STAGES.sub(lambda found: found[0] + option, named)


def here(path: Path) -> str:
    """A path to type: relative to the working directory if it is below it."""
    try:
        folder = Path.cwd()
    except OSError:  # It was deleted.
        return str(path)
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def safe(text: str) -> str:
    r"""The text, safe for every terminal; line feeds and tabs are kept.

    A `?` replaces every other unprintable character: control characters (an escape
    sequence begins with one), marks that reverse or hide text, halves of surrogate pairs.

    >>> safe("a\x1b[31m\u202eb\n")
    'a?[31m?b\n'
    """
    return text if text.isprintable() else "".join(map(_safe, text))


def _safe(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    # Spaces of other widths, and no-break spaces.
    return " " if character.isspace() and ord(character) >= _NO_BREAK_SPACE else "?"


def clean(text: str) -> str:
    """The text safe and on one line: white space becomes single spaces."""
    return safe(" ".join(text.split()))


def shorten(text: str, width: int) -> str:
    """The text cleaned, and cut to `width` characters with an ellipsis."""
    plain = clean(text)
    return plain if len(plain) <= width else f"{plain[: width - 1].rstrip()}…"


def prepare_streams() -> None:
    """Make the standard streams accept any text; characters outside their encoding are replaced.

    A stream that the caller closed (`>&-`) is replaced by the null device.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper) and stream.errors in _STRICT_ERRORS:
            stream.reconfigure(errors="replace")


def discard_output() -> None:
    """Discard buffered output: Python would try to write it at exit, and report an error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                into = stream.fileno()
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, into)
                os.close(nowhere)


def _screen(stream: TextIO) -> "Console":
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Screen(Console):
        """A console that makes every text safe, but leaves Rich's own codes."""

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterator[Segment]:
            for segment in super().render(renderable, options):
                text = segment.text
                if segment.control or text.isprintable():
                    yield segment
                else:
                    yield Segment(safe(text), segment.style, segment.control)

        def on_broken_pipe(self) -> None:
            # Rich would end the process here.
            raise BrokenPipeError

    return Screen(file=stream, highlight=False, soft_wrap=True)


def stdout() -> "Console":
    """A Rich console on stdout."""
    return _screen(sys.stdout)


def stderr() -> "Console":
    """A Rich console on stderr."""
    return _screen(sys.stderr)


def ascii_json(document: Any) -> str:
    """JSON in printable ASCII; every other character is an escape, safe in every encoding."""
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f")


def emit_json(document: Any) -> None:
    """Print the one JSON document of a command that was given `--json`."""
    sys.stdout.write(ascii_json(document) + "\n")
    sys.stdout.flush()


@contextmanager
def csv_stream() -> Iterator[TextIO]:
    """A stream to stdout for a CSV: UTF-8 in a file or a pipe; safe text on a terminal."""
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None or sys.stdout.isatty():
        text = io.StringIO(newline="")
        yield text
        say(text.getvalue().replace("\r\n", "\n").rstrip("\n"))
        return
    sys.stdout.flush()
    stream = io.TextIOWrapper(raw, "utf-8", "replace", newline="")
    try:
        yield stream
        stream.flush()
    finally:
        stream.detach()


def say(text: str = "") -> None:
    """Print one or more lines of the answer to stdout."""
    sys.stdout.write(safe(text) + "\n")


def note(text: str) -> None:
    """Print a line to stderr: progress, a hint, an error.

    On a terminal it is broken between words; an indented line, which may be a command, is not.
    """
    text = safe(text)
    if sys.stderr.isatty():
        width = stderr().width
        text = "\n".join(
            line
            if line.startswith(" ")
            else textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
            for line in text.splitlines()
        )
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
