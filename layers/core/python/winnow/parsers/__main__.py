"""The child process: limits itself, parses standard input, prints items as JSON lines."""

import json
import os
import resource
import sys
from contextlib import suppress
from importlib import import_module
from typing import IO, Any

from winnow.parsers.errors import ParseError

PARSERS = {
    "pdf": "winnow.parsers.pdf.document",
    "docx": "winnow.parsers.docx.document",
    "xlsx": "winnow.parsers.xlsx.workbook",
    "html": "winnow.parsers.html.visible_text",
    "eml": "winnow.parsers.mail.message",
    "pictures": "winnow.parsers.pictures",
    "squares": "winnow.parsers.squares",
}
"""Kind -> module with a function `parse(file, limits, emit, scratch)`."""

_BLOCK = 1 << 16


def confine(limits: dict[str, int]) -> None:
    """No more memory, processor time or files than the limits say, and no core dump.

    macOS refuses some of these; the parent's clock is what is left there.
    """
    seconds = limits["max_seconds"]
    for what, soft, hard in (
        ("RLIMIT_AS", limits["max_parser_bytes"], limits["max_parser_bytes"]),
        # At the hard limit Linux sends SIGKILL, as it does for want of memory; before it, SIGXCPU.
        ("RLIMIT_CPU", seconds, seconds + 1),
        ("RLIMIT_FSIZE", limits["max_spool_bytes"], limits["max_spool_bytes"]),
        ("RLIMIT_CORE", 0, 0),
        ("RLIMIT_NOFILE", 64, 64),
    ):
        with suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, what), (soft, hard))


class Emitter:
    """Items to standard output, in blocks."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._size = 0

    def __call__(self, item: list[Any]) -> None:
        line = json.dumps(item, separators=(",", ":"))
        self._waiting.append(line)
        self._size += len(line)
        if self._size > _BLOCK:
            self.flush()

    def flush(self) -> None:
        block = ("\n".join(self._waiting) + "\n").encode("ascii") if self._waiting else b""
        self._waiting, self._size = [], 0
        while block:
            block = block[os.write(1, block) :]


def main(kind: str, limits: dict[str, int], scratch_descriptor: int) -> None:
    """Parse standard input as a `kind`; the last item is `["end"]` or an error."""
    confine(limits)
    emit = Emitter()
    try:
        if kind not in PARSERS:
            raise ParseError("internal", "There is no such parser.")
        parser = import_module(PARSERS[kind])
        file: IO[bytes] = os.fdopen(0, "rb")
        scratch = os.fdopen(scratch_descriptor, "wb") if scratch_descriptor >= 0 else None
        parser.parse(file, limits, emit, scratch)
        if scratch:
            scratch.flush()
        emit(["end"])
    except ParseError as error:
        emit(["error", error.code, error.message])
    except MemoryError:
        emit = Emitter()
        emit(["error", "file_bomb", "Reading it takes more memory than limit max_parser_bytes."])
    except RecursionError:
        emit(["error", "file_unreadable", "It is nested too deeply."])
    except Exception as problem:  # a defect of a library: the name of its exception, never its text
        emit(["error", "file_unreadable", f"Its content is damaged ({type(problem).__name__})."])
    emit.flush()
    os._exit(0)  # libraries have crashed in their clean-up; all items are written


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))
