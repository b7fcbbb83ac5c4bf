"""What is remembered of the local stack, and when it is believed."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from winnow.errors import StackFailedError, StackNotRunningError
from winnow_local import ministack
from winnow_local.engine import Engine
from winnow_local.stack import running, stop
from winnow_local.state import ProcessId, StackState, StateDir


@pytest.fixture
def state_dir(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / ".winnow")


def a_state(process: ProcessId) -> StackState:
    return StackState(
        supervisor=process,
        started_at="2026-03-01T00:00:00+00:00",
        endpoint="http://127.0.0.1:1",
        ministack=process,
        ready=True,
        outputs={"Table": "t"},
    )


def test_a_state_is_read_as_it_was_written(state_dir: StateDir) -> None:
    state = a_state(ProcessId.of(os.getpid()))
    state_dir.write(state)
    assert state_dir.read() == state


def test_a_folder_that_is_none_holds_no_state_and_takes_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = StateDir(tmp_path / "file" / ".winnow")
    assert folder.read() is None
    assert stop(folder) is False
    with (
        pytest.raises(StackFailedError, match=r"file/\.winnow cannot be written: Not a directory"),
        folder.written(),
        folder.claimed(),
    ):
        pass


def test_a_full_disk_is_told_and_a_broken_connection_is_not_one(state_dir: StateDir) -> None:
    with pytest.raises(StackFailedError, match="No space left on device"), state_dir.written():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(ConnectionResetError), state_dir.written():
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


@pytest.mark.parametrize("content", ["", "{}", "[]", "not json", '{"supervisor": {}}'])
def test_a_damaged_file_is_no_state(state_dir: StateDir, content: str) -> None:
    state_dir.path.mkdir()
    state_dir.file.write_text(content, "utf-8")
    assert state_dir.read() is None


def test_a_process_with_the_same_id_but_another_start_is_another_one() -> None:
    own = ProcessId.of(os.getpid())
    assert own.process() is not None
    assert replace(own, started=own.started - 5).process() is None


def test_a_stale_file_is_not_a_running_stack(state_dir: StateDir) -> None:
    own = ProcessId.of(os.getpid())
    state_dir.write(a_state(replace(own, started=own.started - 5)))
    with pytest.raises(StackNotRunningError, match="No local stack"):
        running(state_dir)
    assert stop(state_dir) is False
    assert state_dir.read() is None, "the stale file should be gone"


def test_a_stack_that_is_not_deployed_yet_is_not_running(state_dir: StateDir) -> None:
    state_dir.write(replace(a_state(ProcessId.of(os.getpid())), ready=False))
    with pytest.raises(StackNotRunningError, match="still starting"):
        running(state_dir)


def test_the_folder_is_claimed_once(state_dir: StateDir) -> None:
    with state_dir.claimed() as first, state_dir.claimed() as second:
        assert first
        assert not second
    with state_dir.claimed() as again:
        assert again


def test_ending_a_leader_ends_its_orphans_too() -> None:
    # The leader starts a worker, tells its id, and waits; the worker ignores SIGTERM.
    worker = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    leader = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {worker!r}])\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", leader], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert started.stdout is not None
    child = ProcessId.of(int(started.stdout.readline()))
    id_ = ProcessId.of(started.pid)
    started.kill()
    started.wait()
    assert child.process() is not None, "the orphan should outlive its parent"

    ministack.end(id_)

    started.stdout.close()
    assert child.process() is None


def test_of_an_id_used_again_the_process_of_today_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`psutil.process_iter` gives the process that had the id before, which takes no signal."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, start_new_session=True) as p:
        [before] = [process for process in psutil.process_iter() if process.pid == p.pid]
        monkeypatch.setattr(before, "_ident", (p.pid, 0.0))
        leader = ProcessId.of(p.pid)

        [found] = ministack.members(leader)
        found.send_signal(0)
        ministack.end(leader)

        assert leader.process() is None


def test_nothing_of_the_users_aws_setup_reaches_the_functions(
    state_dir: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.org")
    given = ministack.environment(state_dir, 1234)
    assert "AWS_PROFILE" not in given
    assert given["AWS_ACCESS_KEY_ID"] == "test"
    assert given["AUTH"] == "true"
    assert given["BIND_HOST"] == "127.0.0.1"
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1234"
    assert not Path(given["DOCKER_HOST"].removeprefix("unix://")).exists()


def test_with_an_engine_the_bridge_is_all_that_is_listened_on(state_dir: StateDir) -> None:
    engine = Engine("unix:///run/engine.sock", listen="172.17.0.1", seen_as="host.internal")
    given = ministack.environment(state_dir, 1234, engine)
    assert given["BIND_HOST"] == given["MINISTACK_HOST"] == "172.17.0.1"
    assert given["AWS_ENDPOINT_URL"] == "http://host.internal:1234"
    assert given["DOCKER_HOST"] == "unix:///run/engine.sock"


@pytest.mark.parametrize(
    ("cores", "gib", "places"), [(1, 4, 2), (2, 64, 2), (8, 8, 4), (16, 7, 3), (8, 64, 8)]
)
def test_calls_at_a_time_are_as_many_as_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, cores: int, gib: int, places: int
) -> None:
    memory = SimpleNamespace(total=gib << 30)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    assert ministack.places() == places


def test_all_that_ministack_writes_lies_in_the_state_folder(state_dir: StateDir) -> None:
    given = ministack.environment(state_dir, 1234)
    for name in ("TMPDIR", "STATE_DIR", "S3_DATA_DIR"):
        assert Path(given[name]).is_relative_to(state_dir.data)
