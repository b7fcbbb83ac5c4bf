"""`sam build` and `sam local invoke`: each function answers, with the local stack behind it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.container.conftest import demand
from tests.container.engine import ROOT, FunctionError, running
from tests.template.expand import expand
from winnow.models import ChunkTask
from winnow_local import ministack
from winnow_local.sam import function_of
from winnow_local.stack import stop
from winnow_local.state import StackState, StateDir

pytestmark = [
    pytest.mark.container,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

Invoke = Callable[..., dict[str, Any]]
"""A function's logical id, with an event and variables, to its answer."""


def _sam() -> str | None:
    own = ROOT / ".venv-sam" / "bin" / "sam"
    return os.environ.get("SAM") or (str(own) if own.is_file() else shutil.which("sam"))


@pytest.fixture(scope="module")
def built(docker_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template that `sam build` writes, with the images' names in it."""
    if _sam() is None:
        demand("no SAM CLI: .ci/venv.sh sam puts one into .venv-sam")
    folder = tmp_path_factory.mktemp("sam") / "build"
    _run("build", "--template-file", ROOT / "template.yaml", "--build-dir", folder)
    return folder / "template.yaml"


@pytest.fixture(scope="module")
def state_dir(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateDir]:
    """A local stack on which no file has been dropped yet."""
    folder = StateDir(tmp_path_factory.mktemp("stack") / ".winnow")
    _winnow(folder, "up", "--detach")
    try:
        yield folder
    finally:
        stop(folder)


@pytest.fixture
def invoke(built: Path, state_dir: StateDir, tmp_path: Path) -> Invoke:
    """`sam local invoke` as the docs have it.

    An event or variables of the test's own replace those of the stack.
    """

    def call(
        function: str, event: Any = None, variables: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        event_file = state_dir.sam / f"{function_of(function)}.json"
        variables_file = state_dir.sam / "env.json"
        if event is not None:
            event_file = tmp_path / "event.json"
            event_file.write_text(json.dumps(event))
        if variables is not None:
            variables_file = tmp_path / "variables.json"
            variables_file.write_text(json.dumps(variables))
        printed = _run(
            *("local", "invoke", function, "--template-file", built, "--skip-pull-image"),
            *("--event", event_file, "--env-vars", variables_file),
        )
        answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return answer

    return call


def kept_event(state_dir: StateDir, function: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((state_dir.sam / f"{function}.json").read_text("utf-8"))
    return event


def stack_of(state_dir: StateDir) -> StackState:
    state = state_dir.read()
    assert state is not None
    return state


FUNCTIONS = sorted(
    name
    for name, resource in expand()["Resources"].items()
    if resource["Type"] == "AWS::Lambda::Function"
    # A stack without a chat has none.
    and resource.get("Condition") != "HasNotifyWebhook"
)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_answers_before_any_file_was_dropped(
    invoke: Invoke, state_dir: StateDir, function: str
) -> None:
    answer = invoke(function)
    assert "errorType" not in answer, answer
    assert answer, "every function says what it did"


def test_classify_answers_to_the_last_run(
    invoke: Invoke, state_dir: StateDir, tmp_path: Path
) -> None:
    before = ChunkTask.model_validate(kept_event(state_dir, "classify"))
    file = tmp_path / "one.jsonl"
    file.write_text('{"text": "I was overjoyed when my daughter was born."}\n', "utf-8")
    sent = _winnow(state_dir, "submit", file, "--process", "emotions", "--wait")
    task = ChunkTask.model_validate(kept_event(state_dir, "classify"))
    assert task.upload_id == sent["uploads"][0]["upload_id"] != before.upload_id
    state = stack_of(state_dir)
    s3 = boto3.client(
        "s3",
        endpoint_url=state.endpoint,
        region_name=state.region,
        aws_access_key_id=ministack.ACCESS_KEY,
        aws_secret_access_key=ministack.SECRET_KEY,
    )
    s3.delete_object(Bucket=task.scored.bucket, Key=task.scored.key)
    assert invoke("ClassifyFunction")["records"] == 1
    scored = s3.get_object(Bucket=task.scored.bucket, Key=task.scored.key)["Body"].read()
    assert b'"joy"' in scored


def test_a_request_that_no_function_takes_is_told_what_it_lacks(invoke: Invoke) -> None:
    answer = invoke("SerializeFunction", event={})
    assert (
        answer["errorMessage"]
        == "event_invalid: The event is not a valid SerializeInput: it lacks upload."
    )


def test_without_a_stack_the_function_says_what_to_start(
    invoke: Invoke, state_dir: StateDir
) -> None:
    given = json.loads((state_dir.sam / "env.json").read_text("utf-8"))
    nowhere = {
        name: {**own, "LOCAL_AWS": f"http://test:test@127.0.0.1:{ministack.free_port()}"}
        for name, own in given.items()
    }
    answer = invoke("ClassifyFunction", variables=nowhere)
    assert answer["errorMessage"].startswith("endpoint_unreachable: No AWS answers at 127.0.0.1:")
    assert "winnow up" in answer["errorMessage"]


def test_docker_run_answers_with_the_same_files(
    built: Path, state_dir: StateDir, tmp_path: Path
) -> None:
    file = tmp_path / "one.jsonl"
    file.write_text('{"text": "I miss my grandfather."}\n', "utf-8")
    _winnow(state_dir, "submit", file, "--process", "emotions", "--wait")
    image = _image(built, "SerializeFunction")
    given = (state_dir.sam / "serialize.env").read_text("utf-8").splitlines()
    variables = dict(line.split("=", 1) for line in given)
    with running(image, variables) as container:
        run = container.invoke(kept_event(state_dir, "serialize"))
        assert run["records"] == 1, "the last run's"
        with pytest.raises(FunctionError, match=r"event_invalid: .* it lacks upload\."):
            container.invoke({})


def test_the_bridge_is_the_only_other_address(state_dir: StateDir) -> None:
    state = stack_of(state_dir)
    assert state.ministack is not None
    process = state.ministack.process()
    assert process is not None
    listening = {
        connection.laddr.ip
        for connection in process.net_connections("tcp")
        if connection.status == "LISTEN"
    }
    assert ministack.LOOPBACK in listening
    assert len(listening) == 2
    assert "0.0.0.0" not in listening
    assert "::" not in listening


def _image(built: Path, function: str) -> str:
    lines = built.read_text("utf-8").splitlines()
    start = lines.index(f"  {function}:")
    found = next(line for line in lines[start:] if line.strip().startswith("ImageUri:"))
    return found.partition(":")[2].strip()


def _winnow(folder: StateDir, *arguments: str | Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "winnow_cli", *map(str, arguments), "--json"],
        env={**os.environ, "WINNOW_STATE_DIR": str(folder.path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _run(*arguments: str | Path) -> str:
    """Run SAM away from the user's own AWS settings; what it wrote to standard output."""
    sam = _sam()
    assert sam is not None
    keep = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    own = {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [sam, *map(str, arguments)],
        cwd=ROOT,
        env=keep | own,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
