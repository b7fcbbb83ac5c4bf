"""The life of a local stack: it starts, says what is wrong, and leaves no process behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from winnow.errors import LocalFileError, StackFailedError
from winnow_local import ministack
from winnow_local.deploy import client_config, session
from winnow_local.stack import start_detached, stop, supervise
from winnow_local.state import StackState, StateDir
from winnow_local.template import Checkout

from .conftest import RUN_TIMEOUT_S, SURE, Answer, until, winnow

pytestmark = pytest.mark.model


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateDir]:
    folder = StateDir(tmp_path / ".winnow")
    monkeypatch.setenv("WINNOW_STATE_DIR", str(folder.path))
    yield folder
    stop(folder)


def processes_of(state_dir: StateDir) -> list[psutil.Process]:
    """MiniStack and its workers."""
    state = state_dir.read()
    assert state is not None
    assert state.ministack is not None
    return ministack.members(state.ministack)


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def drop(folder: Path) -> Answer:
    file = folder / "one.jsonl"
    file.write_text(json.dumps({"text": SURE}) + "\n", "utf-8")
    return winnow("submit", file, "--process", "emotions", "--wait", "--json")


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_the_foreground_stack_and_all_it_started(
    state_dir: StateDir, tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "winnow_cli", "up", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as shown:
        try:
            until(lambda: (state := state_dir.read()) and state.ready)
            if number == signal.SIGINT:
                assert drop(tmp_path).code == 0
                assert len(processes_of(state_dir)) >= 4, "MiniStack and each function's worker"
            started = processes_of(state_dir)
            # A Ctrl-C reaches the whole group of the terminal.
            os.killpg(shown.pid, number)
            assert shown.wait(timeout=RUN_TIMEOUT_S) == 0
        finally:
            shown.kill()
        assert shown.stdout is not None
        assert json.loads(shown.stdout.read())["endpoint"].startswith("http://127.0.0.1:")
    assert running(started) == []
    assert not state_dir.file.exists()
    assert not state_dir.data.exists()


def test_a_model_that_was_altered_is_told_before_any_file(
    state_dir: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    built = Checkout.here().root / "build" / "model"
    shutil.copytree(built, model, ignore=shutil.ignore_patterns("saved_model"))
    (model / "use-lite-int8.tflite").write_bytes(b"something else")
    monkeypatch.setenv("WINNOW_MODEL_DIR", str(model))
    answer = winnow("up", "--detach", "--json")
    assert answer.code == 1
    assert "ShippedProcesses" in answer.err
    assert "model_invalid: use-lite-int8.tflite" in answer.err
    assert not state_dir.file.exists()


@pytest.mark.slow
@pytest.mark.parametrize("seen", ["starting MiniStack", "deploying", "warming"])
def test_a_ctrl_c_while_it_starts_ends_it_before_it_is_up(state_dir: StateDir, seen: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "winnow_cli", "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shown:
        try:
            assert shown.stderr is not None
            assert shown.stdout is not None
            assert any(line.startswith(seen) for line in iter(shown.stderr.readline, ""))
            os.killpg(shown.pid, signal.SIGINT)
            assert shown.wait(timeout=RUN_TIMEOUT_S) == 130
            assert "Traceback" not in shown.stderr.read()
            assert shown.stdout.read() == ""
        finally:
            shown.kill()
    assert not state_dir.file.exists()
    assert not state_dir.data.exists()


@pytest.mark.slow
def test_a_ministack_that_is_killed_ends_the_stack_and_is_told(state_dir: StateDir) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "winnow_cli", "up"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shown:
        try:
            state = until(lambda: (state := state_dir.read()) and state.ready and state)
            started = processes_of(state_dir)
            os.kill(state.ministack.pid, signal.SIGKILL)
            assert shown.wait(timeout=RUN_TIMEOUT_S) == 1
        finally:
            shown.kill()
        assert shown.stderr is not None
        told = shown.stderr.read()
    assert "stack_failed: MiniStack ended by itself." in told
    assert "ministack.log" in told
    assert "Traceback" not in told
    assert running(started) == []
    assert winnow("status").code == 1
    assert winnow("down", "--json").document() == {"ended": False}


def test_a_ministack_that_is_killed_while_it_is_deployed_to_is_told(
    state_dir: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(endpoint: str) -> None:
        for process in processes_of(state_dir):
            process.kill()
        session().client("s3", endpoint_url=endpoint, config=client_config()).list_buckets()

    monkeypatch.setattr("winnow_local.deploy.warm", kill)
    with pytest.raises(StackFailedError, match="MiniStack broke off"):
        supervise(state_dir, Checkout.here(), lambda _: None)
    assert not state_dir.file.exists()


def test_a_state_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path / "file" / "inside"))
    for command in (["up"], ["up", "--detach"]):
        answer = winnow(*command, "--json")
        assert answer.code == 1
        assert answer.document()["error"]["code"] == "stack_failed"
        assert str(tmp_path / "file") in answer.err
    assert winnow("status").code == 1
    assert winnow("down").code == 0


def test_a_state_folder_that_is_a_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path / "file"))
    for command in (["up"], ["up", "--detach"], ["status"], ["mail"], ["down"]):
        answer = winnow(*command, "--json")
        assert answer.code == 1
        assert answer.document()["error"]["code"] == LocalFileError.code
        assert "file is no folder" in answer.err


def killed(state_dir: StateDir, state: StackState) -> list[psutil.Process]:
    """What a stack's supervisor leaves when it is killed."""
    left = processes_of(state_dir)
    os.kill(state.supervisor.pid, signal.SIGKILL)
    assert state.supervisor.ended_within(RUN_TIMEOUT_S)
    return left


@pytest.mark.slow
def test_what_a_killed_supervisor_left_is_ended_by_up_and_by_down(
    state_dir: StateDir, tmp_path: Path
) -> None:
    first = start_detached(state_dir, lambda _: None)
    left = killed(state_dir, first)
    assert running(left), "MiniStack outlives a supervisor that was killed"
    assert winnow("status").code == 1

    second = start_detached(state_dir, lambda _: None)
    assert second.supervisor != first.supervisor
    assert running(left) == []
    assert drop(tmp_path).code == 0

    left = killed(state_dir, second)
    assert running(left)
    assert winnow("down", "--json").document() == {"ended": True}
    assert running(left) == []
    assert winnow("down", "--json").document() == {"ended": False}


def test_a_stack_that_is_refused_says_which_resource_and_ends(state_dir: StateDir) -> None:
    with pytest.raises(StackFailedError) as failed:
        start_detached(state_dir, lambda _: None, {"NotifyEmail": "not an address"})
    assert "NotifyEmail" in failed.value.message
    assert not state_dir.file.exists()
    assert not state_dir.data.exists()


def test_without_a_model_up_says_how_to_build_one(
    state_dir: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_MODEL_DIR", str(tmp_path / "nothing"))
    answer = winnow("up", "--detach", "--json")
    assert answer.code == 1
    assert "winnow model build" in answer.out + answer.err


def test_without_an_engine_up_with_docker_says_what_to_do(
    state_dir: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = winnow("up", "--detach", "--docker", "--json")
    assert answer.code == 1
    assert answer.document()["error"]["code"] == "docker_missing"
    assert "docker info" in answer.err
    assert "Traceback" not in answer.err
    assert not state_dir.path.exists()


def test_a_port_that_somebody_took_meanwhile_is_told(
    state_dir: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        monkeypatch.setattr(ministack, "free_port", lambda _: somebody.getsockname()[1])
        with pytest.raises(StackFailedError) as failed:
            supervise(state_dir, Checkout.here(), lambda _: None)
    assert "already in use" in failed.value.message
    assert not state_dir.file.exists()


def test_a_ministack_that_does_not_start_is_told_with_its_log(
    state_dir: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Mapping[str, str]:
        return {**usual(state_dir, 1), "GATEWAY_PORT": "not-a-port"}

    usual = ministack.environment
    monkeypatch.setattr(ministack, "environment", broken)
    stack = ministack.spawn(state_dir)
    with pytest.raises(StackFailedError) as failed:
        ministack.wait_until_healthy(stack, state_dir, threading.Event())
    assert "MiniStack ended while it was starting" in failed.value.message
    assert "not-a-port" in failed.value.message, "the end of the log should be shown"
