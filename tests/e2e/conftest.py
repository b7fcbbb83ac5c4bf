"""The real local stack, with the real functions and the real model, once for all these tests."""

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from winnow.models import Result, ResultRecord
from winnow.recovery.upload_row import UploadRow
from winnow_cli.app import app
from winnow_cli.target import Target, find_target
from winnow_cli.uploads import Uploads
from winnow_local import mailbox
from winnow_local.stack import start_detached, stop
from winnow_local.state import STATE_DIR_VARIABLE, StackState, StateDir
from winnow_local.template import Checkout

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

RUN_TIMEOUT_S = 60.0
NONE: Mapping[str, str] = {}
HERE = Path(__file__).parent

SURE = "I was overjoyed and full of happiness when my daughter was born."
UNSURE = "The meeting is on Tuesday at the office."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.stack)
        # One process runs what shares the stack, so that there is one.
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("stack"))


def needs_model() -> None:
    """Skips where the model is not built."""
    built = Path(os.environ.get("WINNOW_MODEL_DIR") or Checkout.here().root / "build" / "model")
    if not (built / "manifest.json").is_file():
        pytest.skip("the model is not built (make model)")


@pytest.fixture(autouse=True)
def _model_where_it_is_needed(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("model"):
        needs_model()


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """Its one JSON document; fails if stdout holds anything else."""
        return json.loads(self.out)


def winnow(*arguments: str | Path) -> Answer:
    """Runs a command in this process; test_command_line.py runs some in processes of their own."""
    ran = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return Answer(ran.exit_code, ran.stdout, ran.stderr)


class Stack:
    """The running stack as a test wants it."""

    def __init__(self, state: StackState, state_dir: StateDir, target: Target) -> None:
        self.state = state
        self.state_dir = state_dir
        self.target = target
        self.uploads = Uploads(target)
        self.s3 = target.s3()

    @property
    def workflow(self) -> "SFNClient":
        return self.target.session.client(
            "stepfunctions", endpoint_url=self.target.endpoint, config=self.target.config
        )

    def put(
        self,
        name: str,
        body: bytes | str,
        process: str = "emotions",
        metadata: Mapping[str, str] = NONE,
    ) -> str:
        """A plain put_object, as any S3 client does it; returns the key, which is new."""
        key = f"inbox/{process}/{uuid.uuid4().hex}/{name}"
        self.s3.put_object(
            Bucket=self.target.uploads_bucket,
            Key=key,
            Body=body.encode() if isinstance(body, str) else body,
            Metadata=dict(metadata),
        )
        return key

    def wait(self, key: str) -> Any:
        """The upload of a key once its run has ended."""
        return until(lambda: (row := self.uploads.by_key(key)) and row.ended and row)

    def run(
        self,
        name: str,
        body: bytes | str,
        process: str = "emotions",
        metadata: Mapping[str, str] = NONE,
    ) -> UploadRow:
        row: UploadRow = self.wait(self.put(name, body, process, metadata))
        return row

    def result(self, row: UploadRow) -> tuple[Result, list[ResultRecord]]:
        """result.json and every record, in the file's order."""
        result = self.uploads.result(row)
        return result, sorted(self.uploads.records(result), key=lambda record: record.record)

    def mails(self, upload_id: str, wait: bool = True) -> list[mailbox.StoredMail]:
        """The mails about an upload."""

        def found() -> list[mailbox.StoredMail]:
            return [m for m in mailbox.read(self.state_dir.mail) if upload_id in m.body]

        return until(found) if wait else found()


def until(check: Callable[[], Any], timeout_s: float = RUN_TIMEOUT_S) -> Any:
    """The first true thing that `check` returns."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing came within {timeout_s:.0f} s")


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    needs_model()
    root = Checkout.here().root
    folder = tmp_path_factory.mktemp("stack")
    processes = folder / "processes"
    processes.mkdir()
    for file in [*(root / "processes").glob("*.yaml"), *(HERE / "processes").glob("*.yaml")]:
        (processes / file.name).write_bytes(file.read_bytes())
    state_dir = StateDir(folder / ".winnow")
    before = {name: os.environ.get(name) for name in (STATE_DIR_VARIABLE, "WINNOW_PROCESSES")}
    os.environ[STATE_DIR_VARIABLE] = str(state_dir.path)
    os.environ["WINNOW_PROCESSES"] = str(processes)
    try:
        state = start_detached(state_dir, lambda _: None)
        yield Stack(state, state_dir, find_target(None))
    finally:
        stop(state_dir)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
