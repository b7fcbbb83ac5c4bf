"""A local stack that is watched while it works, and the tables of what was seen."""

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.faults.page import replace_section
from winnow_aws.table import TableRuns
from winnow_cli.target import Target
from winnow_local import ministack
from winnow_local.deploy import client_config, session
from winnow_local.stack import start_detached, stop
from winnow_local.state import StackState, StateDir

LIMIT_S = 1_500.0


class Memory(threading.Thread):
    """The most memory, in MB, of MiniStack and its workers, and the most processes.

    Also of each function by its name in the template: `memory`, the most MB of one worker, and
    `seconds`, the processor time of all its workers.
    """

    def __init__(self, state: StackState) -> None:
        super().__init__(daemon=True)
        self._state = state
        self._stop_it = threading.Event()
        self.most: Counter[str] = Counter()
        self.memory: Counter[str] = Counter()
        self._names: dict[int, str] = {}
        self._spent: dict[int, float] = {}

    def run(self) -> None:
        main = self._state.ministack
        assert main is not None
        while not self._stop_it.wait(1.0):
            own = worker = whole = processes = 0.0
            for process in ministack.members(main):
                with suppress(psutil.Error):
                    rss = process.memory_info().rss / 1e6
                    whole += rss
                    processes += 1
                    if process.pid == main.pid:
                        own = rss
                    else:
                        worker = max(worker, rss)
                        self._look_at(process, rss)
            now = {"emulator": own, "worker": worker, "all": whole, "processes": processes}
            for name, value in now.items():
                self.most[name] = max(self.most[name], round(value))

    def _look_at(self, worker: psutil.Process, rss: float) -> None:
        name = self._names.get(worker.pid)
        if name is None:
            full = worker.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
            own = full.removeprefix(f"{self._state.stack}-")
            name = self._names[worker.pid] = own.partition("Function-")[0] or "confined parsers"
        spent = worker.cpu_times()
        self._spent[worker.pid] = (
            spent.user + spent.system + spent.children_user + spent.children_system
        )
        self.memory[name] = max(self.memory[name], round(rss))

    @property
    def seconds(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for worker, spent in self._spent.items():
            found[self._names[worker]] += spent  # type: ignore[assignment]
        return found

    def finish(self) -> Counter[str]:
        self._stop_it.set()
        self.join()
        return self.most


@contextmanager
def local_stack() -> Iterator[tuple[Target, StateDir, Memory]]:
    """A local stack of its own, watched."""
    with tempfile.TemporaryDirectory() as folder:
        state_dir = StateDir(Path(folder) / ".winnow")
        state = start_detached(state_dir, lambda _: None)
        try:
            target = Target(state.stack, state.outputs, session(), state.endpoint, client_config())
            memory = Memory(state)
            memory.start()
            yield target, state_dir, memory
        finally:
            stop(state_dir)


def wait(target: Target, count: int, began: float) -> tuple[float, int]:
    """Waits until so many uploads have ended; seconds since `began`, and the most runs at once."""
    runs = TableRuns(target.dynamodb(), target.table, 90)
    most = 0
    while time.monotonic() - began < LIMIT_S:
        states = Counter(row.state for row in runs.every())
        most = max(most, states["RUNNING"])
        if states.total() - states["RUNNING"] >= count:
            break
        time.sleep(1.0)
    return time.monotonic() - began, most


def put(target: Target, key: str, body: bytes) -> None:
    target.s3().put_object(Bucket=target.uploads_bucket, Key=key, Body=body)


def load_before() -> tuple[str, str]:
    """What else the machine does; a row of a table."""
    average = os.getloadavg()[1]
    return (
        "other work on the machine, load average before",
        f"{average:.0f} on {os.cpu_count()} cores",
    )


def table_of(values: Sequence[tuple[str, Any]]) -> list[str]:
    return ["| what | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in values)]


def write(name: str, lines: Sequence[str]) -> None:
    """Writes a section of the page."""
    print("\n".join(lines), flush=True)
    replace_section(name, "\n".join(lines))
