"""What the tiers share: a local stack, AWS's models parsed once, fewer examples for a quick run."""

import csv
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from winnow_local.state import StateDir

if TYPE_CHECKING:
    from winnow_local.state import StackState

ROOT = Path(__file__).parents[1]
STACK_PROCESSES = (ROOT / "processes", ROOT / "tests" / "e2e" / "processes")

STACK_TIMEOUT_S = 600
"""Of a test that may start a stack and wait for what comes of a file."""

OWN_STACK = (
    "test_blue_green.py",
    "test_life.py",
    "test_menu_tour.py",
    "test_numbers.py",
    "test_parameters.py",
    "test_release.py",
    "test_upgrade.py",
)
"""Files of tests/e2e that start stacks of their own."""

# No test is timed. `make test` takes the quick one (--hypothesis-profile=quick).
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
settings.register_profile("quick", max_examples=25)


def group_of(nodeid: str) -> str:
    """What one process runs: a file's tests, all of the shared stack, of containers, of a browser.

    By the path: xdist 3.8 ignores the groups that are marked, under pytest 9.2.
    """
    file = PurePosixPath(nodeid.partition("::")[0])
    tier = file.parent.name
    if tier in ("container", "browser"):
        return tier
    on_stack = tier == "e2e" and file.name not in OWN_STACK
    return "stack" if on_stack or file.name.endswith("_on_stack.py") else str(file)


class ByGroup(LoadFileScheduling):  # type: ignore[misc]
    """xdist's `loadfile`, with the groups above: what tests share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup | None:
    """The scheduler of `--dist=loadfile`."""
    return ByGroup(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the tests of the stack, which take the longest."""
    for item in items:
        if "local_stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.stack)
            if group_of(item.nodeid) != "stack":
                raise pytest.UsageError(f"{item.nodeid} shares the stack: see group_of")
        if item.get_closest_marker("stack") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(STACK_TIMEOUT_S))
    items.sort(key=lambda item: group_of(item.nodeid) != "stack")


@pytest.fixture(scope="session", autouse=True)
def _aws_models_are_parsed_once() -> Iterator[None]:
    """Botocore parses its megabytes of JSON again for each session, and each command has one."""
    load = JSONFileLoader.load_file

    @cache
    def loaded(path: str) -> Any:
        return load(JSONFileLoader(), path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: loaded(path))
        yield


@pytest.fixture(autouse=True)
def _csv_limit_is_restored() -> Iterator[None]:
    """Reading a table sets the csv module's limit, which is one for the whole process."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


def needs_model() -> None:
    """Skips where the model is not built."""
    built = Path(os.environ.get("WINNOW_MODEL_DIR") or ROOT / "build" / "model")
    if not (built / "manifest.json").is_file():
        pytest.skip("the model is not built (make model)")


@dataclass(frozen=True)
class LocalStack:
    """A running stack, where it keeps its state, and the folder of its processes."""

    state: "StackState"
    state_dir: StateDir
    processes: Path


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The local stack with the real functions, the real model and a process that was trained.

    It runs until the session ends. Tests ask for `stack` of tests/e2e/conftest.py, which also has
    the commands find it.
    """
    from tests.e2e.trained import train_bank
    from winnow_local.stack import start_detached, stop

    needs_model()
    folder = tmp_path_factory.mktemp("stack")
    processes = folder / "processes"
    processes.mkdir()
    for source in STACK_PROCESSES:
        for file in source.glob("*.yaml"):
            (processes / file.name).write_bytes(file.read_bytes())
        for head in source.glob("*.head"):
            shutil.copytree(head, processes / head.name)
    state_dir = StateDir(folder / ".winnow")
    train_bank(processes)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WINNOW_PROCESSES", str(processes))
            # No accepted record is drawn for an audit: what a person is asked is known.
            state = start_detached(
                state_dir, lambda _: None, {"ReviewAuditShare": "0", "NotifyWebhook": "slack"}
            )
        yield LocalStack(state, state_dir, processes)
    finally:
        stop(state_dir)
