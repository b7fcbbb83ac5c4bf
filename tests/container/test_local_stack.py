"""`winnow up --docker`: the local stack with its functions in containers of the images."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.container.engine import docker
from winnow_local import ministack
from winnow_local.engine import find_engine
from winnow_local.stack import stop
from winnow_local.state import StackState, StateDir

pytestmark = [
    pytest.mark.container,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

SURE = "I was overjoyed and full of happiness when my daughter was born."


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateDir]:
    folder = StateDir(tmp_path / ".winnow")
    monkeypatch.setenv("WINNOW_STATE_DIR", str(folder.path))
    yield folder
    stop(folder)


def winnow(*arguments: str | Path) -> Any:
    """A command's JSON document; fails unless the command succeeded."""
    done = subprocess.run(
        [sys.executable, "-m", "winnow_cli", *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def up(state_dir: StateDir) -> StackState:
    winnow("up", "--detach", "--docker")
    state = state_dir.read()
    assert state is not None
    return state


def judged(folder: Path) -> str:
    """What one sentence is judged to be, dropped as a file."""
    file = folder / "one.jsonl"
    file.write_text(json.dumps({"text": SURE}) + "\n", "utf-8")
    [upload] = winnow("submit", file, "--process", "emotions", "--wait")["uploads"]
    [record] = winnow("results", upload["upload_id"])["records"]
    label: str = record["decision"]["value"]
    return label


def images_of(state: StackState) -> list[str]:
    """The images of the stack's containers, running or not."""
    assert state.containers
    found = docker("ps", "--all", "--filter", f"label={state.containers}", "--format={{.Image}}")
    return sorted(found.split())


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_a_file_is_judged_in_containers_and_none_is_left(
    state_dir: StateDir, tmp_path: Path
) -> None:
    state = up(state_dir)
    assert judged(tmp_path) == "joy"
    # Queue and index are called after the run's end, so their containers may be on their way.
    assert {*images_of(state), "winnow-queue:local", "winnow-index:local"} == {
        "winnow-classify:local",
        "winnow-filter:local",
        "winnow-index:local",
        "winnow-publish:local",
        "winnow-queue:local",
        "winnow-serialize:local",
    }
    # Each has the key of its function's role, never MiniStack's root key.
    inside = docker("ps", "--quiet", "--filter", f"label={state.containers}").split()
    keys = docker("inspect", "--format={{json .Config.Env}}", *inside)
    assert keys.count('"AWS_ACCESS_KEY_ID=ASIA') == len(inside)
    # Nobody but this machine and its containers reaches it.
    engine = find_engine()
    assert state.ministack is not None
    listening = {
        connection.laddr.ip
        for process in ministack.members(state.ministack)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    # The bridge for the containers, loopback for the page in a browser.
    assert listening == {engine.listen, "127.0.0.1"}
    assert listening.isdisjoint({"0.0.0.0", "::"})

    assert winnow("down") == {"ended": True}
    assert images_of(state) == []


def test_a_ctrl_c_leaves_no_container(state_dir: StateDir, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "winnow_cli", "up", "--docker", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as shown:
        try:
            assert shown.stdout is not None
            shown.stdout.readline()
            judged(tmp_path)
            state = state_dir.read()
            assert state is not None
            assert len(images_of(state)) >= 3
            os.killpg(shown.pid, signal.SIGINT)
            assert shown.wait(timeout=240) == 0
        finally:
            shown.kill()
    assert images_of(state) == []


def test_down_removes_the_containers_of_a_stack_that_was_killed(
    state_dir: StateDir, tmp_path: Path
) -> None:
    state = up(state_dir)
    judged(tmp_path)
    assert state.ministack is not None
    left = ministack.members(state.ministack)
    os.kill(state.supervisor.pid, signal.SIGKILL)
    os.kill(state.ministack.pid, signal.SIGKILL)
    assert state.supervisor.ended_within(240)
    assert len(images_of(state)) >= 3, "containers outlive who started them"
    assert winnow("down") == {"ended": True}
    assert images_of(state) == []
    assert running(left) == []


def test_a_container_that_dies_is_replaced(state_dir: StateDir, tmp_path: Path) -> None:
    state = up(state_dir)
    judged(tmp_path)
    label = f"label={state.containers}"
    docker("kill", *docker("ps", "--quiet", "--filter", label).split())
    assert judged(tmp_path) == "joy"
