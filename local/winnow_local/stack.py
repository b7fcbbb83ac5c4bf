"""Start and end of the local stack: a supervisor runs MiniStack and the mailbox.

`winnow up` runs the supervisor in the foreground; `winnow up --detach` starts the same supervisor
as a background process (`python -m winnow_local.stack`) and returns when the stack is ready.
"""

import argparse
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from types import FrameType

import psutil

from winnow.errors import ModelInvalidError, StackFailedError, StackNotRunningError, WinnowError
from winnow_local import ministack
from winnow_local.chat import LocalChat
from winnow_local.engine import find_engine, find_engine_if_any, remove_containers
from winnow_local.sam import variables, write_variables
from winnow_local.sign_in import Account, SignIn, create_user
from winnow_local.state import ProcessId, StackState, StateDir
from winnow_local.template import Checkout

MODEL_VARIABLE = "WINNOW_MODEL_DIR"
PROCESSES_VARIABLE = "WINNOW_PROCESSES"
ENGINE_VARIABLE = "WINNOW_ENGINE"
RECIPIENT = "you@winnow.local"
_DETACHED_TIMEOUT_S = 660.0
"""More than all that a supervisor waits for itself: MiniStack, the deployment, the functions."""

Report = Callable[[str], None]


def running(state_dir: StateDir) -> StackState:
    """The running stack of this folder.

    Raises:
        StackNotRunningError: there is none, it has ended, is still starting, or does not answer.
    """
    state = state_dir.read()
    if state is None or not state.alive():
        raise StackNotRunningError(f"No local stack runs in {state_dir.path}.")
    if not state.ready:
        raise StackNotRunningError("The local stack is still starting.")
    if not ministack.healthy(state.endpoint):
        raise StackNotRunningError(
            f"The local stack's processes run, but {state.endpoint} does not answer."
        )
    return state


def function_environment(checkout: Checkout) -> dict[str, str]:
    """Variables with the folders of processes, model and page, which images have at fixed places.

    Raises:
        ModelInvalidError: the model has not been built.
    """
    model = Path(os.environ.get(MODEL_VARIABLE) or checkout.root / "build" / "model").absolute()
    processes = Path(os.environ.get(PROCESSES_VARIABLE) or checkout.root / "processes").absolute()
    if not (model / "manifest.json").is_file():
        raise ModelInvalidError(f"There is no model in {model}.")
    engine = os.environ.get(ENGINE_VARIABLE)
    return {
        "PROCESS_DIR": str(processes),
        "MODEL_DIR": str(model),
        "WEB_DIR": str(checkout.root / "web"),
        "SAMPLES_DIR": str(checkout.root / "samples"),
        **({"MODEL_ENGINE": engine} if engine else {}),
    }


def supervise(
    state_dir: StateDir,
    checkout: Checkout,
    report: Report,
    parameters: Mapping[str, str] | None = None,
    images: Mapping[str, str] | None = None,
    ready: Callable[[StackState], None] = lambda _: None,
) -> bool:
    """Start the stack, call `ready`, wait for SIGINT, SIGTERM or SIGHUP, then end the stack.

    Returns whether it became ready: False if a signal came before.

    Must run in the main thread. No process is left behind, even after an error. With `images` (see
    engine.build_images) the functions run in containers, and none of those is left behind either.

    Raises:
        DockerMissingError: no engine answers that could run the images.
        StackFailedError: a stack runs in this folder already, the stack did not start, or MiniStack
            ended by itself.
        ModelInvalidError: the model has not been built.
    """
    engine = find_engine() if images is not None else None
    environment = function_environment(checkout) if images is None else {}
    stop = threading.Event()
    with state_dir.written(), state_dir.claimed() as mine, _stopped_by_signals(stop):
        if not mine:
            raise StackFailedError("A local stack is running in this folder already.")
        _end_leftovers(state_dir)
        state = StackState(
            supervisor=ProcessId.of(os.getpid()),
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            region=ministack.REGION,
        )
        state_dir.write(state)
        shutil.rmtree(state_dir.mail, ignore_errors=True)
        state_dir.mail.mkdir(parents=True)
        shutil.rmtree(state_dir.sam, ignore_errors=True)
        stack = sign_in = chat = None
        try:
            report("starting MiniStack")
            stack = ministack.spawn(state_dir, engine, others=engine or find_engine_if_any())
            state = replace(
                state,
                endpoint=stack.endpoint,
                ministack=stack.id,
                containers=stack.containers,
            )
            state_dir.write(state)
            ministack.wait_until_healthy(stack, state_dir, stop)
            if stop.is_set():
                return False
            # The import of boto3 is slow; it happens while MiniStack starts.
            from botocore.exceptions import BotoCoreError, ClientError

            from winnow_local.deploy import STACK_NAME, deploy, function_variables, warm
            from winnow_local.sample import keep_sample_events

            try:
                report("deploying template.yaml")
                sign_in = SignIn()
                given_parameters = {
                    "ReviewPage": "true",
                    "LocalApiHost": ministack.api_host(stack.endpoint),
                    "LocalSignIn": sign_in.address,
                    **(parameters or {}),
                }
                outputs = deploy(stack.endpoint, checkout, environment, given_parameters, images)
                if "ReviewPage" in outputs:
                    sign_in.open(_create_user(stack.endpoint, outputs))
                _open_mailbox(state_dir, stack.endpoint, outputs, stop, report)
                if "WebhookSecret" in outputs and images is None:
                    chat = _open_chat(state_dir, stack.endpoint, outputs, report)
                if images is None and not stop.is_set():
                    report("warming the functions")
                    warm(stack.endpoint)
                if stack.from_containers and not stop.is_set():
                    report("writing what sam local invoke needs")
                    given = function_variables(stack.endpoint, checkout)
                    write_variables(state_dir.sam, variables(given, stack.from_containers))
                    keep_sample_events(
                        stack.endpoint, stack.from_containers, checkout, outputs, state_dir.sam
                    )
            except (BotoCoreError, ClientError) as error:
                raise StackFailedError(
                    f"MiniStack broke off ({type(error).__name__}).\n"
                    f"{ministack.log_tail(state_dir.ministack_log)}"
                ) from error
            if stop.is_set():
                return False
            state = replace(state, stack=STACK_NAME, outputs=outputs, ready=True)
            state_dir.write(state)
            ready(state)
            _watch(stack, state_dir, stop)
            return True
        finally:
            stop.set()
            if sign_in is not None:
                sign_in.close()
            if chat is not None:
                chat.close()
            if stack is not None:
                _end(stack.id, stack.containers)
            shutil.rmtree(state_dir.data, ignore_errors=True)
            state_dir.clear()


def start_detached(
    state_dir: StateDir,
    report: Report,
    parameters: Mapping[str, str] | None = None,
    images: Mapping[str, str] | None = None,
) -> StackState:
    """Start a supervisor in the background; returns when the stack is ready.

    Raises:
        StackFailedError: it did not start; the message has the end of its log.
        ModelInvalidError: the model has not been built.
    """
    if images is None:
        function_environment(Checkout.here())
    given = [f"--parameter={name}={value}" for name, value in (parameters or {}).items()]
    given += [f"--image={target}={name}" for target, name in (images or {}).items()]
    with state_dir.written():
        state_dir.path.mkdir(parents=True, exist_ok=True)
        log = state_dir.supervisor_log.open("wb", buffering=0)
        # Written here, because the supervisor could not report a full disk.
        log.write(f"started by process {os.getpid()}\n".encode())
    with log:
        child = subprocess.Popen(
            [sys.executable, "-m", "winnow_local.stack", f"--state-dir={state_dir.path}", *given],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _DETACHED_TIMEOUT_S
    try:
        while time.monotonic() < deadline:
            if child.poll() is not None:
                log_end = ministack.log_tail(state_dir.supervisor_log)
                raise StackFailedError(f"The local stack did not start.\n{log_end}")
            state = state_dir.read()
            if state is not None and state.ready and state.supervisor.pid == child.pid:
                report("ready")
                return state
            time.sleep(0.05)
        raise StackFailedError(
            f"The local stack was not ready within {_DETACHED_TIMEOUT_S:.0f} s.\n"
            f"{ministack.log_tail(state_dir.supervisor_log)}"
        )
    except BaseException:
        # Ctrl-C here must not leave a stack that the user does not know of.
        if child.poll() is None:
            child.terminate()
            child.wait(timeout=20)
        raise


def stop(state_dir: StateDir, grace_s: float = 20.0) -> bool:
    """End the stack of this folder and all its processes; False if there was none."""
    state = state_dir.read()
    if state is None:
        return False
    supervisor = state.supervisor.process()
    was_running = supervisor is not None
    if supervisor is not None:
        with suppress(psutil.Error):
            supervisor.terminate()
        if not state.supervisor.ended_within(grace_s):
            with suppress(psutil.Error):
                supervisor.kill()
            state.supervisor.ended_within(grace_s)
    was_running = bool(_end_leftovers(state_dir)) or was_running
    shutil.rmtree(state_dir.data, ignore_errors=True)
    with state_dir.written():
        state_dir.clear()
    return was_running


def _end_leftovers(state_dir: StateDir) -> int:
    """End processes and containers that a killed supervisor has left; returns their number."""
    old = state_dir.read()
    if old is None or old.ministack is None:
        return 0
    return _end(old.ministack, old.containers)


def _end(leader: ProcessId, containers: str) -> int:
    """End MiniStack, its processes and then its containers; returns their number."""
    left = len(ministack.members(leader))
    if left:
        ministack.end(leader)
    return left + (remove_containers(containers) if containers else 0)


def _create_user(endpoint: str, outputs: Mapping[str, str]) -> Account:
    from winnow_local.deploy import client_config, session

    cognito = session().client("cognito-idp", endpoint_url=endpoint, config=client_config())
    return create_user(cognito, endpoint, outputs)


def _open_mailbox(
    state_dir: StateDir,
    endpoint: str,
    outputs: Mapping[str, str],
    stop: threading.Event,
    report: Report,
) -> None:
    from winnow_local import mailbox
    from winnow_local.deploy import client_config, session

    aws = session()
    sns = aws.client("sns", endpoint_url=endpoint, config=client_config())
    sqs = aws.client("sqs", endpoint_url=endpoint, config=client_config())
    queue_url = mailbox.subscribe(sns, sqs, outputs["TopicArn"])
    smtp = os.environ.get(mailbox.SMTP_VARIABLE)
    threading.Thread(
        target=mailbox.run,
        args=(sqs, queue_url, state_dir.mail, RECIPIENT, smtp, stop, report),
        name="mailbox",
        daemon=True,
    ).start()


def _open_chat(
    state_dir: StateDir, endpoint: str, outputs: Mapping[str, str], report: Report
) -> LocalChat:
    """Have notices posted to the mailbox. A container does not reach this machine's loopback."""
    from winnow_local import mailbox
    from winnow_local.deploy import client_config, session

    def deliver(mail: EmailMessage) -> None:
        report(f"posted {mailbox.store(mail, state_dir.mail).name}")

    chat = LocalChat(outputs["NotifyWebhook"], deliver)
    session().client(
        "secretsmanager", endpoint_url=endpoint, config=client_config()
    ).put_secret_value(SecretId=outputs["WebhookSecret"], SecretString=chat.address)
    return chat


def _watch(stack: ministack.MiniStack, state_dir: StateDir, stop: threading.Event) -> None:
    while not stop.wait(0.2):
        if stack.id.process() is None:
            raise StackFailedError(
                f"MiniStack ended by itself.\n{ministack.log_tail(state_dir.ministack_log)}"
            )
        if not state_dir.file.exists():
            # Without the folder the stack could be neither used nor ended.
            raise StackFailedError("The state folder was deleted, so the stack has been ended.")


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """During the block, signals that end a program only set `stop`.

    An exception from a signal handler could come between the start of a process and the line that
    records it. A flag that every waiting loop checks cannot.
    """

    def handle(_signum: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main() -> int:
    """The background supervisor."""
    parser = argparse.ArgumentParser(prog="winnow_local.stack")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--parameter", action="append", default=[])
    parser.add_argument("--image", action="append")
    given = parser.parse_args()

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A log accepts any text, whatever the locale.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")

    def report(line: str) -> None:
        sys.stdout.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {line}\n")
        sys.stdout.flush()

    parameters = dict(pair.split("=", 1) for pair in given.parameter)
    images = dict(pair.split("=", 1) for pair in given.image) if given.image else None
    try:
        supervise(StateDir(given.state_dir), Checkout.here(), report, parameters, images)
    except WinnowError as error:
        report(str(error))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
