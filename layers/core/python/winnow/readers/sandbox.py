"""Run a parser of `winnow.parsers` in a child process, within limits of memory and time.

A pipe and nothing else: Lambda has no shared memory for the queues of multiprocessing. The child
gets the file as its standard input, no environment but what Python needs (so no credentials), and
is killed when it runs for longer than the limit.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from winnow.errors import FileBombError, FileUnreadableError, TimeLimitError, catalogue
from winnow.limits.reading import ReadLimits

_BLOCK = 1 << 16
_MAX_STDERR_BYTES = 2_000
"""Bytes at the end of a parser's error stream that are searched."""
_CHILD = "winnow.parsers.__main__"
_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop(1));"
    f"from {_CHILD} import main;"
    "main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))"
)
_ENVIRONMENT = ("LD_LIBRARY_PATH", "TMPDIR", "LANG", "PATH")
_PACKAGE_ROOT = str(Path(__file__).parents[2])


def parse(
    kind: str,
    file: IO[bytes],
    limits: ReadLimits,
    scratch: IO[bytes] | None = None,
    **options: Any,
) -> Iterator[list[Any]]:
    """The items that the parser of `kind` emits for a file, which is read from its start.

    The parser finds `options`, values of JSON, among its limits.
    Raises the error that the parser names, FileBombError when it takes too much memory,
    TimeLimitError when too much time, FileUnreadableError when it crashes.
    """
    file.seek(0)
    descriptors = (scratch.fileno(),) if scratch else ()
    path = [_PACKAGE_ROOT, *(entry for entry in sys.path if entry)]
    command = [sys.executable, "-I", "-S", "-c", _BOOT, json.dumps(path), kind]
    command += [json.dumps({**limits.model_dump(), **options})]
    command += [str(descriptors[0] if descriptors else -1)]
    # A file takes whatever the parser writes there; a pipe that nobody reads would stop it.
    with tempfile.TemporaryFile() as error_output:
        child = subprocess.Popen(  # noqa: S603  our own interpreter, our own arguments
            command,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=error_output,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            pass_fds=descriptors,
            close_fds=True,
        )
        try:
            yield from _items(child, error_output, limits)
        finally:
            child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()


def _items(
    child: "subprocess.Popen[bytes]", error_output: IO[bytes], limits: ReadLimits
) -> Iterator[list[Any]]:
    left = float(limits.max_seconds) + 1.0  # the child's own limit is to end it first
    max_line_bytes = 12 * limits.max_document_chars
    rest = b""
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            # Only waiting counts: what the caller does between two items is not the child's time.
            started = time.monotonic()
            ready = selector.select(timeout=max(0.0, left))
            left -= time.monotonic() - started
            if not ready or left <= 0:
                raise _too_slow(limits)
            block = os.read(child.stdout.fileno(), _BLOCK)
            if not block:
                raise _exit_error(child, error_output, limits)
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            if len(rest) > max_line_bytes:
                raise FileUnreadableError("Its reader wrote without end.")
            for line in lines:
                item = json.loads(line)
                if item[0] == "end":
                    return
                if item[0] == "error":
                    raise catalogue().get(item[1], FileUnreadableError)(item[2])
                yield item


def _too_slow(limits: ReadLimits) -> TimeLimitError:
    return TimeLimitError(
        f"Reading it takes more than {limits.max_seconds} seconds (limit max_seconds)."
    )


def _exit_error(
    child: "subprocess.Popen[bytes]", error_output: IO[bytes], limits: ReadLimits
) -> Exception:
    """The error for a child that ended without reporting one."""
    ended_by = -child.wait()
    if ended_by == signal.SIGXCPU:
        return _too_slow(limits)
    if ended_by == signal.SIGKILL:  # not by us, who kill only what is given up
        return FileBombError(
            "Reading it takes more memory than the machine has, though not more than limit "
            "max_parser_bytes."
        )
    error_output.seek(max(0, error_output.seek(0, os.SEEK_END) - _MAX_STDERR_BYTES))
    error_text = error_output.read()
    if b"memory allocation" in error_text or b"MemoryError" in error_text:
        return FileBombError("Reading it takes more memory than limit max_parser_bytes.")
    return FileUnreadableError(
        "Its content crashes the program that reads it: it is damaged, or needs more memory than "
        "limit max_parser_bytes."
    )
