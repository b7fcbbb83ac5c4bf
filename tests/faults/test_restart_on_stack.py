"""The emulator is stopped and started again in the middle of runs, with its state kept.

MiniStack saves its state when it is told to end, and says of every run that was under way that it
failed, without an event: the rows stay RUNNING, as when Step Functions itself lost its runs. What
was being put, mailed or called is gone. From there the sweep has to bring every upload to its end.
"""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import needs_model
from tests.e2e.conftest import SURE, until
from tests.load.__main__ import mentioned
from winnow.recovery.report import SweepOptions, SweepReport
from winnow.recovery.status import UploadStatus
from winnow.recovery.sweep import Sweep
from winnow.storage.paths import sweep_state
from winnow_aws.inbox import S3Inbox
from winnow_aws.s3 import S3Store
from winnow_aws.table import TableRuns
from winnow_aws.topic import TopicMailer
from winnow_aws.workflow import StatesWorkflow
from winnow_cli.audit import audit
from winnow_cli.target import Target
from winnow_cli.uploads import Uploads
from winnow_local import mailbox, ministack
from winnow_local.deploy import STACK_NAME, client_config, deploy, session
from winnow_local.stack import function_environment
from winnow_local.state import ProcessId, StateDir
from winnow_local.template import Checkout

pytestmark = [pytest.mark.stack, pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]

FILES = 12
SAVED = ("dynamodb", "s3", "stepfunctions", "lambda")
_SAVING_S = 120.0
_SAVED_S = 5.0
"""Nothing was written for so long: all is saved."""
BODY = "".join(json.dumps({"text": f"{SURE} It was day {n}."}) + "\n" for n in range(300))


class Emulator:
    """MiniStack with PERSIST_STATE, on one port for all its lives."""

    def __init__(self, folder: Path) -> None:
        self._dir = StateDir(folder)
        (self._dir.data / "tmp").mkdir(parents=True)
        self._port = ministack.free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        kept = {"PERSIST_STATE": "1", "S3_PERSIST": "1"}
        with self._dir.ministack_log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "winnow_local.emulator"],
                cwd=self._dir.data,
                env={**ministack.environment(self._dir, self._port), **kept},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = ministack.MiniStack(ProcessId.of(self._child.pid), self.endpoint)
        ministack.wait_until_healthy(running, self._dir, threading.Event())

    def stop(self) -> None:
        """Tells it to end, which is when it saves, and ends what is still at work after that."""
        assert self._child is not None
        leader = ProcessId.of(self._child.pid)
        told = time.time()
        self._child.terminate()
        until(lambda: self._saved_since(told), _SAVING_S)
        ministack.end(leader)
        self._child.wait()

    def _saved_since(self, told: float) -> bool:
        """Whether the services that matter here have saved, and nothing more is being written."""
        state = self._dir.data / "state"
        written = {path.name: path.stat().st_mtime for path in state.glob("*.json")}
        return (
            not any(state.glob("*.tmp"))
            and all(written.get(f"{service}.json", 0) >= told for service in SAVED)
            and time.time() - max(written.values()) > _SAVED_S
        )

    def kill(self) -> None:
        if self._child is not None and self._child.poll() is None:
            ministack.end(ProcessId.of(self._child.pid))
            self._child.wait()


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    needs_model()
    made = Emulator(tmp_path / "state")
    made.start()
    try:
        yield made
    finally:
        made.kill()


def client(target: Target, service: str) -> Any:
    return target.client(service)


def sweep(target: Target) -> SweepReport:
    """A sweep a quarter of an hour later."""
    work = Sweep(
        S3Inbox(target.s3(), target.uploads_bucket),
        TableRuns(target.dynamodb(), target.table, 90),
        StatesWorkflow(client(target, "stepfunctions"), target.outputs["StateMachineArn"]),
        TopicMailer(client(target, "sns"), target.outputs["TopicArn"]),
        SweepOptions(retention_days=90),
    )
    return work(S3Store(target.s3()), sweep_state(target.results_bucket), time.time() + 1_000)


def mails(target: Target, queue: str) -> Counter[str]:
    """Upload id -> mails about it, of all that lie in the queue."""
    sqs, told = client(target, "sqs"), Counter[str]()
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            told.update(mentioned(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return told


def test_every_upload_ends_once_after_a_restart_in_the_middle(
    emulator: Emulator, request: pytest.FixtureRequest
) -> None:
    checkout = Checkout.here()
    outputs = deploy(emulator.endpoint, checkout, function_environment(checkout))
    target = Target(STACK_NAME, outputs, session(), emulator.endpoint, client_config())
    queue = mailbox.subscribe(client(target, "sns"), client(target, "sqs"), outputs["TopicArn"])
    for number in range(FILES):
        key = f"inbox/emotions/{number}.jsonl"
        target.s3().put_object(Bucket=target.uploads_bucket, Key=key, Body=BODY.encode())
    runs = TableRuns(target.dynamodb(), target.table, 90)

    def some_of_each() -> bool:
        states = Counter(row.state for row in runs.every())
        return states["SUCCEEDED"] >= 2 and states["RUNNING"] >= 2

    until(some_of_each)
    emulator.stop()
    emulator.start()

    before = {row.upload_id: row for row in runs.every()}
    stuck = [row for row in before.values() if row.state == "RUNNING"]
    assert stuck
    # Its lease protects a run that may live; nobody waits five hours here.
    assert sweep(target).restarted == FILES - len(before)
    for row in stuck:
        target.dynamodb().update_item(
            TableName=target.table,
            Key={"upload_id": {"S": row.upload_id}},
            UpdateExpression="SET lease_until = :past",
            ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
        )
    assert sweep(target).restarted == len(stuck)
    until(lambda: all(row.ended for row in Uploads(target).every()))
    assert sweep(target).restarted == 0

    stood = list(audit(target, 0.0, time.time()))
    assert [one.status for one in stood] == [UploadStatus.SUCCEEDED] * FILES
    assert {row.records for row in Uploads(target).every()} == {300}
    # The mail of a run that ended when the emulator did may have gone with it.
    ended = {row.upload_id for row in before.values() if row.state == "SUCCEEDED"}
    late = {row.upload_id for row in Uploads(target).every()} - ended
    told = Counter[str]()

    def all_told() -> bool:
        told.update(mails(target, queue))
        return told.keys() >= late

    until(all_told)
    assert set(told.values()) == {1}
    assert told.keys() <= late | ended
    line = {
        "fault": f"emulator restarted amid {FILES} runs, its state kept",
        "ends": ["SUCCEEDED"] * FILES,
        "mails": told.total(),
        "audit": "clean",
    }
    request.node.user_properties.append(("fault", json.dumps(line)))
