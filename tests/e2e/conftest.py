"""The shared local stack (see tests/conftest.py) as these tests want it, and the commands."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from tests.conftest import LocalStack, needs_model
from winnow.models import Result, ResultRecord
from winnow.recovery.upload_row import UploadRow
from winnow_cli.app import app
from winnow_cli.target import Target, find_target
from winnow_cli.uploads import Uploads
from winnow_local import mailbox
from winnow_local.state import STATE_DIR_VARIABLE, StackState, StateDir

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

RUN_TIMEOUT_S = 240.0
NONE: Mapping[str, str] = {}
HERE = Path(__file__).parent

SURE = "I was overjoyed and full of happiness when my daughter was born."
UNSURE = "The meeting is on Tuesday at the office."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.stack)


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


def winnow(*arguments: str | Path, given: str | None = None) -> Answer:
    """Runs a command in this process; test_command_line.py runs some in processes of their own.

    `given` is what it reads from standard input.
    """
    ran = CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)
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
def stack(local_stack: LocalStack) -> Iterator[Stack]:
    """The stack that all tests share, which the commands find while this package's tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_DIR_VARIABLE, str(local_stack.state_dir.path))
        patch.setenv("WINNOW_PROCESSES", str(local_stack.processes))
        yield Stack(local_stack.state, local_stack.state_dir, find_target(None))
