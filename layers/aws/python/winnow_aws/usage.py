"""What a call of a function uses: time, processor time and resident memory (getrusage)."""

import os
import resource
import sys
import time
from pathlib import Path
from typing import NamedTuple

_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes that `ru_maxrss` counts in: macOS counts bytes, Linux kilobytes."""
_MB = 2**20


class Usage(NamedTuple):
    """What one call used."""

    seconds: float
    cpu_s: float
    """Processor time, with that of processes that it started and that have ended."""
    memory_mb: float
    """The most that one process ever had in memory: of this and earlier calls of the process."""


class Meter:
    """Measures from when it is made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._cpu_s = _cpu_s()

    def read(self) -> Usage:
        """What was used since."""
        own, children = _both()
        return Usage(
            time.monotonic() - self._started,
            max(0.0, _cpu_s() - self._cpu_s),
            # Parsers run in child processes. Added up they would count twice: a child that has just
            # been forked has its parent's pages.
            max(own.ru_maxrss, children.ru_maxrss) * _UNIT / _MB,
        )


def process_age() -> float:
    """Seconds since this process started; 0 where the system does not tell."""
    try:
        # Behind the name, which may contain anything, the 20th field: ticks since the system began.
        fields = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


def _cpu_s() -> float:
    return sum(one.ru_utime + one.ru_stime for one in _both())


def _both() -> tuple[resource.struct_rusage, resource.struct_rusage]:
    return resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
