"""MiniStack as a child process: started on a free port, and ended with all that it started."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from winnow.errors import StackFailedError
from winnow_local.engine import Engine, containers_of
from winnow_local.state import ProcessId, StateDir

REGION = "us-east-1"
LOOPBACK = "127.0.0.1"
ACCESS_KEY = "test"
"""MiniStack's root key: with AUTH=true every other key has its role's policies."""
SECRET_KEY = "test"  # noqa: S105 - MiniStack's documented root secret, not a secret

EVENTS_VARIABLE = "WINNOW_LOCAL_EVENTS"
"""The folder of the functions' events."""
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "USER")
_LOG_TAIL_LINES = 15
PLACES_VARIABLE = "WINNOW_LOCAL_PLACES"
BRIDGE_VARIABLE = "WINNOW_LOCAL_BRIDGE"
"""More addresses to listen on, with spaces between them."""
_MEMORY_OF_A_PLACE = 2 << 30
"""Bytes: a warm process of every function, and the same again for everything else."""


@dataclass(frozen=True)
class MiniStack:
    """A running MiniStack."""

    id: ProcessId
    endpoint: str
    containers: str = ""
    """The label of the containers that it starts; empty if it starts none."""
    from_containers: str = ""
    """Its address for containers; empty if they cannot reach it."""


def api_host(endpoint: str) -> str:
    """What the names of HTTP APIs end in, for a browser on this machine.

    >>> api_host("http://127.0.0.1:4566")
    'execute-api.localhost:4566'
    """
    return f"execute-api.localhost:{endpoint.rpartition(':')[2]}"


def free_port(host: str = LOOPBACK) -> int:
    """A TCP port of the address that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _bindable(host: str, port: int) -> bool:
    """Whether this machine has the address, and the port is free there."""
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def places() -> int:
    """How many calls of functions run at a time: one per core, if there is enough memory."""
    memory = psutil.virtual_memory().total // _MEMORY_OF_A_PLACE
    return max(2, min(os.cpu_count() or 2, memory))


def environment(
    state_dir: StateDir, port: int, engine: Engine | None = None, more: Sequence[str] = ()
) -> dict[str, str]:
    """The whole environment of MiniStack and of the functions it runs.

    Of the user's environment only variables that every process needs are passed on: no AWS keys,
    profile or endpoint. Every path is under the state folder. With an engine, MiniStack listens
    at an address that containers reach; it listens at the hosts of `more` too.
    """
    temporary = state_dir.data / "tmp"
    listen, seen_as = (engine.listen, engine.seen_as) if engine else (LOOPBACK, LOOPBACK)
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "GATEWAY_PORT": str(port),
        "BIND_HOST": listen,
        "MINISTACK_HOST": listen,
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "LOG_LEVEL": "INFO",
        "TMPDIR": str(temporary),
        "STATE_DIR": str(state_dir.data / "state"),
        "S3_DATA_DIR": str(state_dir.data / "s3"),
        "PERSIST_STATE": "0",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "S3_PERSIST": "0",
        PLACES_VARIABLE: str(places()),
        EVENTS_VARIABLE: str(state_dir.sam),
        **({BRIDGE_VARIABLE: " ".join(f"{host}:{port}" for host in more)} if more else {}),
        # Calls wait for their turn, so none is rejected.
        "LAMBDA_ACCOUNT_CONCURRENCY": "0",
        # The local stack uses an engine only with --docker.
        "DOCKER_HOST": engine.host if engine else f"unix://{state_dir.data / 'no-docker'}",
        # Seconds; a busy engine may need more than MiniStack's ten to start a container.
        "MINISTACK_DOCKER_TIMEOUT": "120",
        # The address of AWS for the functions.
        "AWS_ENDPOINT_URL": f"http://{seen_as}:{port}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUTF8": "1",  # As in the images, whatever the user's locale.
        "PYTHONUNBUFFERED": "1",
    }


def healthy(endpoint: str, timeout_s: float = 2.0) -> bool:
    """Whether MiniStack answers at `endpoint`."""
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=timeout_s)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def spawn(
    state_dir: StateDir, engine: Engine | None = None, others: Engine | None = None
) -> MiniStack:
    """Start MiniStack in its own session, so that all its processes can be found and ended.

    So a Ctrl-C for `winnow up` does not reach MiniStack: the supervisor ends it. With `engine` the
    functions run in its containers; containers of `others` only call MiniStack.
    """
    shutil.rmtree(state_dir.data, ignore_errors=True)
    (state_dir.data / "tmp").mkdir(parents=True)
    host = engine.listen if engine else LOOPBACK
    port = free_port(host)
    others = engine or others
    # Containers call the engine's address, the browser calls this machine's own.
    wanted = dict.fromkeys([LOOPBACK, *([others.listen] if others else [])])
    more = [one for one in wanted if one != host and _bindable(one, port)]
    with state_dir.ministack_log.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "winnow_local.emulator"],
            cwd=state_dir.data,
            env=environment(state_dir, port, engine, more),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    containers = containers_of(port) if engine else ""
    reached = others and others.listen in (host, *more)
    from_containers = f"http://{others.seen_as}:{port}" if others and reached else ""
    return MiniStack(ProcessId.of(child.pid), f"http://{host}:{port}", containers, from_containers)


def wait_until_healthy(
    stack: MiniStack, state_dir: StateDir, stop: threading.Event, timeout_s: float = 120.0
) -> None:
    """Returns when MiniStack answers, or when `stop` is set.

    Raises:
        StackFailedError: it ended or did not answer in time; the message has the end of its log.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if stack.id.process() is None:
            raise StackFailedError(
                f"MiniStack ended while it was starting.\n{log_tail(state_dir.ministack_log)}"
            )
        if healthy(stack.endpoint) or stop.wait(0.05):
            return
    raise StackFailedError(
        f"MiniStack did not answer at {stack.endpoint} within {timeout_s:.0f} s.\n"
        f"{log_tail(state_dir.ministack_log)}"
    )


def log_tail(path: Path) -> str:
    """The last lines of a log, and its path."""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return "\n".join([*(f"  {line}" for line in lines[-_LOG_TAIL_LINES:]), f"Log: {path}"])


def members(leader: ProcessId) -> list[psutil.Process]:
    """The leader, and all processes of its session or below it, also those with a new parent."""
    processes: dict[int, psutil.Process] = {}
    main = leader.process()
    if main is not None:
        processes[main.pid] = main
        with suppress(psutil.Error):
            processes.update((child.pid, child) for child in main.children(recursive=True))
    elif psutil.pid_exists(leader.pid) and not _zombie(leader.pid):
        return []  # Another process has the id, so the session has ended too.
    # Not `process_iter`: it keeps what it gave, so of an id used again it gives the one before.
    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):
            # A session can outlive its leader; until it ends, no other process gets its id.
            if os.getsid(pid) == leader.pid and not _zombie(pid):
                processes[pid] = psutil.Process(pid)
    return list(processes.values())


def _zombie(pid: int) -> bool:
    with suppress(psutil.Error):
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    return False


def end(leader: ProcessId, timeout_s: float = 10.0) -> None:
    """End MiniStack and all its workers at once: their data is deleted anyway."""
    # A process may be started meanwhile, so repeat until none is left.
    deadline = time.monotonic() + timeout_s
    while (group := members(leader)) and time.monotonic() < deadline:
        for process in group:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.02)
    with suppress(psutil.Error):
        # Reaps our own child; other processes have other parents.
        psutil.Process(leader.pid).wait(timeout=0)
