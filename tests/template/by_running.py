"""Runs changed machines: their tests in tests/statemachine, on one interpreter.

A change that no rule can judge, since it is in what an expression computes, is judged by what the
machine does. The tests are collected once; each change is tried in a fork.
"""

import contextlib
import gc
import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from _pytest.runner import runtestprotocol

from tests.statemachine import machine

TESTS = [f"tests/statemachine/test_{name}.py" for name in ("triage", "stopped", "head")]
# A second interpreter would say the same again. What waits by the clock, and hundreds of tries, are
# left out: the rules hold all numbers of a retry.
SELECTED = "not moto and not hang and not at_once and not come_to_an_end and not hundred"
LONGEST_S = 120
HANGS = "a test that does not end"

Machines = dict[str, Any]


def first_failures(changed: Iterable[tuple[str, Machines]]) -> list[str | None]:
    """Of each changed pair of machines, the first test that fails; None: all pass.

    With each goes the state that was changed, or the outermost that holds it, or nothing where it
    is more than one: only tests that come to it are tried, those that failed for it before first.
    """
    tried = _Tried(list(changed))
    with (
        open(os.devnull, "w") as quiet,  # noqa: PTH123
        contextlib.redirect_stdout(quiet),
        contextlib.chdir(machine.ROOT),
    ):
        pytest.main(["-q", "--no-header", "-k", SELECTED, *TESTS], plugins=[tried])
    assert len(tried.failures) == len(tried.changed), "the tests fail, or were not collected"
    return tried.failures


def in_parallel(changed: list[tuple[str, Machines]], workers: int = 2) -> list[str | None]:
    """The same, by several processes."""
    shares = [changed[number::workers] for number in range(workers)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        found = pool.map(first_failures, shares)
    return [found[number % workers][number // workers] for number in range(len(changed))]


class _Tried:
    """A plugin: it runs the tests once, then those of a state once for each change of it."""

    def __init__(self, changed: list[tuple[str, Machines]]) -> None:
        self.changed = changed
        self.failures: list[str | None] = []
        self._before: dict[str, Counter[str]] = {}
        self._entered: dict[str, set[str]] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item in session.items:
            with _entering(self._entered.setdefault(_name(item), set())):
                if not _passes(item):
                    return True
        # What is there now is shared by the forks, and never looked through.
        gc.collect()
        gc.freeze()
        for state, machines in self.changed:
            failure = _in_fork(self._likeliest_first(session.items, state), machines)
            if failure and failure != HANGS:
                self._before.setdefault(state, Counter())[failure] += 1
            self.failures.append(failure)
        return True

    def _likeliest_first(self, items: list[pytest.Item], state: str) -> list[pytest.Item]:
        here, anywhere = self._before.get(state, Counter()), Counter[str]()
        for counted in self._before.values():
            anywhere += counted
        those = [item for item in items if not state or state in self._entered[_name(item)]]
        return sorted(those, key=lambda item: (-here[_name(item)], -anywhere[_name(item)]))


@contextlib.contextmanager
def _entering(states: set[str]) -> Iterator[None]:
    """Notes which states a test comes to."""
    wait = machine.World.wait

    def noting(world: machine.World, arn: str) -> machine.Ended:
        ended = wait(world, arn)
        states.update(ended.states)
        return ended

    with mock.patch.object(machine.World, "wait", noting):
        yield


def _passes(item: pytest.Item) -> bool:
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _name(item: pytest.Item) -> str:
    return f"{Path(item.path).name}::{item.name.replace('[ministack]', '')}"


def _in_fork(items: list[pytest.Item], machines: Machines) -> str | None:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        # What hangs is ended: a test that does not end has failed.
        signal.alarm(LONGEST_S)
        try:
            os.close(reading)
            os.write(writing, (_tested(items, machines) or "").encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return HANGS if status else said or None


def _tested(items: list[pytest.Item], machines: Machines) -> str | None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)

    def changed(name: str, substitutions: dict[str, str]) -> str:
        text = json.dumps(machines[name], ensure_ascii=False)
        for key, value in substitutions.items():
            text = text.replace(f"${{{key}}}", value)
        return text

    machine.definition = changed
    for item in items:
        if not _passes(item):
            return _name(item)
    return None
