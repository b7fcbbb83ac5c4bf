"""A second stack of new code judges retained uploads, takes over while files arrive, and goes.

On a stack of its own. Both stacks are made by CloudFormation of one emulator, from one template.
"""

import json
import shutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import needs_model
from winnow.recovery.upload_row import UploadRow
from winnow_cli.code_release.opening import open_stacks
from winnow_cli.target import Target, find_target
from winnow_local import mailbox
from winnow_local.deploy import package
from winnow_local.stack import function_environment, start_detached, stop
from winnow_local.state import STATE_DIR_VARIABLE, StateDir
from winnow_local.template import Checkout

from .conftest import SURE, UNSURE, Stack, until, winnow
from .test_roles import ANYBODY

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]

GREEN = "winnow-green"
SECRET = "overjoyed"
"""A word of the uploaded text."""
LINES = "".join(json.dumps({"text": text}) + "\n" for text in (SURE, UNSURE, SURE + " Again."))
GENEROUS = """

_as_deployed = build


@cache
def build():
    store, models, options = _as_deployed()
    return store, models, options.model_copy(update={"threshold": 0.0})
"""
"""New code that accepts everything."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    needs_model()
    state_dir = StateDir(tmp_path_factory.mktemp("green") / ".winnow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_DIR_VARIABLE, str(state_dir.path))
        try:
            state = start_detached(state_dir, lambda _: None, {"ReviewAuditShare": "0"})
            yield Stack(state, state_dir, find_target(None))
        finally:
            stop(state_dir)


def kept(target: Target) -> dict[str, Any]:
    """Everything in the first stack's stores, but for what is under shadow/."""
    found: dict[str, Any] = {}
    s3 = target.s3()
    for bucket in (target.uploads_bucket, target.results_bucket, target.output("ModelsBucket")):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for one in page.get("Versions", []):
                if not one["Key"].startswith(("shadow/", "sweep/", "dispatch/")):
                    found[f"{bucket}/{one['Key']}@{one['VersionId']}"] = one["ETag"]
    for table in ("Table", "ModelsTable", "ReviewsTable"):
        scanned = target.dynamodb().get_paginator("scan").paginate(TableName=target.output(table))
        for items in scanned:
            for item in items["Items"]:
                if item.get("pk", {}).get("S") != "code-stack":
                    found[f"{table}: {item.get('pk')} {item.get('sk')} {item.get('upload_id')}"] = (
                        item
                    )
    return found


def settled(target: Target) -> dict[str, Any]:
    """The same once the first stack's own queue function has written what it had to."""

    def still() -> dict[str, Any] | None:
        seen = kept(target)
        # Its events are gathered for five seconds.
        time.sleep(15)
        return seen if kept(target) == seen else None

    found: dict[str, Any] = until(still)
    return found


def mailed(stack: Stack) -> set[str]:
    return {mail.body for mail in mailbox.read(stack.state_dir.mail)}


class Dropper(threading.Thread):
    """Somebody who drops files, whatever happens meanwhile."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack
        self._done = threading.Event()
        self.keys: list[str] = []

    def run(self) -> None:
        while not self._done.is_set():
            self.keys.append(self._stack.put("dropped.jsonl", json.dumps({"text": SURE}) + "\n"))
            time.sleep(0.3)

    def end(self) -> list[str]:
        self._done.set()
        self.join()
        return self.keys


def executions(target: Target, stack: str) -> list[dict[str, Any]]:
    states = target.client("stepfunctions")
    machines = states.list_state_machines()["stateMachines"]
    arn = next(m["stateMachineArn"] for m in machines if m["name"] == f"{stack}-triage")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn)
    return [one for page in pages for one in page["executions"]]


def claimed(target: Target, execution: str) -> bool:
    """Whether a run has judged its upload, instead of finding that another does."""
    history = target.client("stepfunctions").get_execution_history(
        executionArn=execution, maxResults=1000
    )
    entered = [
        e["stateEnteredEventDetails"]["name"]
        for e in history["events"]
        if "stateEnteredEventDetails" in e
    ]
    return "Serialize" in entered


def judged_once(stack: Stack, keys: list[str]) -> Counter[str]:
    """Every file was judged by one run and mailed once; which stack judged how many."""
    rows: list[UploadRow] = [stack.wait(key) for key in keys]
    runs: Counter[str] = Counter()
    for name in ("winnow", GREEN):
        for one in executions(stack.target, name):
            started = json.loads(
                stack.workflow.describe_execution(executionArn=one["executionArn"])["input"]
            )
            if claimed(stack.target, one["executionArn"]):
                runs[started["detail"]["object"]["key"]] += 1
    for key, row in zip(keys, rows, strict=True):
        assert row.state == "SUCCEEDED", (row.error_code, row.error_message)
        assert runs[key] == 1, key
        mails = stack.mails(row.upload_id)
        assert len(mails) == 1
    return Counter("green" if GREEN in str(row.run) else "blue" for row in rows)


def test_new_code_is_compared_flipped_to_and_taken_back(stack: Stack, tmp_path: Path) -> None:
    target = stack.target
    rows = [stack.run(f"{n}.jsonl", LINES) for n in range(3)]
    assert {row.records for row in rows} == {3}
    failed = stack.run("bad.exe", "MZ\x00")
    assert failed.state == "FAILED"
    before = settled(target)
    mails = until(lambda: len(told := mailed(stack)) == 4 and told)

    # The same code decides the same, and nothing is written outside the prefix.
    made = winnow("release", "blue-green", "--code", "--uploads", "10", "--json")
    assert made.code == 0, made.err
    found = made.document()
    assert found["failures"] == found["differences"] == []
    assert found["release"]["comparison"] == {
        "uploads": 3,
        "records": 9,
        "differed": 0,
        "failed": 0,
        "other_version": 0,
    }
    assert (found["champion"], found["challenger"]) == ("winnow", GREEN)
    assert kept(target) == before
    assert mailed(stack) == mails
    first_release = found["release"]["id"]
    copies = target.s3().list_objects_v2(
        Bucket=target.results_bucket, Prefix=f"shadow/{first_release}/results/"
    )["Contents"]
    assert len({one["Key"].split("/")[4] for one in copies}) == 3

    # A file that is dropped now is the first stack's alone.
    during = stack.run("during.jsonl", LINES)
    assert GREEN not in str(during.run)
    before = settled(target)

    # Its roles cannot, even if its code would.
    roles_are_confined(stack, first_release)

    # Code that accepts everything differs on what was set aside: by number, without text.
    copy = tmp_path / "checkout"
    root = Checkout.here().root
    shutil.copytree(root / "functions", copy / "functions")
    for name in ("infra", "layers", "processes", "statemachine", "template.yaml"):
        (copy / name).symlink_to(root / name)
    app = copy / "functions" / "serialize" / "app.py"
    app.write_text(app.read_text("utf-8") + GENEROUS, "utf-8")
    stacks = open_stacks(target)
    environment = function_environment(Checkout.here())
    entry = stacks.start(
        lambda: package(str(target.endpoint), Checkout(copy), environment), 10, "generous"
    )
    aside = sum(row.review or 0 for row in (*rows, during))
    assert aside >= 4
    assert entry.release is not None
    assert entry.release.comparison is not None
    assert entry.release.comparison.differed == aside
    comparison = stacks.comparison()
    assert comparison is not None
    assert {one.kind for one in comparison.differences} == {"outcome"}
    assert {one.upload_id for one in comparison.differences} <= {
        row.upload_id for row in (*rows, during)
    }
    assert {one.record for one in comparison.differences} <= {1, 2, 3}
    assert SECRET not in comparison.model_dump_json()
    assert kept(target) == before
    status = winnow("release", "status", "--code", "--json").document()
    assert len(status["stacks"][0]["differences"]) == aside

    # With the right code it takes over, while files arrive.
    again = winnow("release", "blue-green", "--code", "--uploads", "10", "--json").document()
    assert again["release"]["comparison"]["differed"] == 0
    dropper = Dropper(stack)
    dropper.start()
    flipped = winnow("release", "promote", "--code", "--json")
    assert flipped.code == 0, flipped.err
    time.sleep(1)
    keys = dropper.end()
    assert (flipped.document()["champion"], flipped.document()["previous"]) == (GREEN, "winnow")
    assert flipped.document()["previous_until"]
    sides = judged_once(stack, keys)
    assert sides["green"] >= 1
    last = stack.run("after.jsonl", LINES)
    assert GREEN in str(last.run)
    assert str(last.result_key).startswith("results/")
    assert not any(one["name"].startswith(last.upload_id) for one in executions(target, "winnow"))
    refused = winnow("release", "stop", "--code", "--json")
    assert refused.document()["error"]["code"] == "release_invalid"

    # And back, in one command.
    dropper = Dropper(stack)
    dropper.start()
    back = winnow("release", "rollback", "--code", "--json")
    assert back.code == 0, back.err
    time.sleep(1)
    sides = judged_once(stack, dropper.end())
    assert sides["blue"] >= 1
    assert GREEN not in str(stack.run("back.jsonl", LINES).run)

    # The second stack goes, and no store with it.
    before = settled(target)
    ended = winnow("release", "stop", "--code", "--json")
    assert ended.code == 0, ended.err
    with pytest.raises(ClientError):
        target.client("cloudformation").describe_stacks(StackName=GREEN)
    assert kept(target) == before
    assert winnow("audit", "--json").document()["clean"]
    assert stack.run("last.jsonl", LINES).state == "SUCCEEDED"


def roles_are_confined(stack: Stack, release: str) -> None:
    """Keys of a role of the second stack write under the prefix and nowhere else."""
    target = stack.target
    iam, named = target.client("iam"), uuid.uuid4().hex
    role = target.client("cloudformation").describe_stack_resource(
        StackName=GREEN, LogicalResourceId="FilterRole"
    )["StackResourceDetail"]["PhysicalResourceId"]
    # The role itself may be taken by Lambda alone: one with its policies stands for it.
    made = iam.create_role(RoleName=named, AssumeRolePolicyDocument=ANYBODY)["Role"]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        iam.put_role_policy(RoleName=named, PolicyName=policy, PolicyDocument=json.dumps(found))
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    more = {"Version": "2012-10-17", "Statement": [everything]}
    # Even if it were given more.
    iam.put_role_policy(RoleName=named, PolicyName="more", PolicyDocument=json.dumps(more))
    keys = target.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="probe")[
        "Credentials"
    ]
    session = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=stack.state.region,
    )
    s3 = session.client("s3", endpoint_url=target.endpoint, config=target.config)
    dynamodb = session.client("dynamodb", endpoint_url=target.endpoint, config=target.config)
    bucket = target.results_bucket
    s3.put_object(Bucket=bucket, Key=f"shadow/{release}/results/moods/0/x.json", Body=b"{}")
    for key in ("results/moods/0/x.json", "shadow/ffffffffffff/results/moods/0/x.json"):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    for table in ("Table", "ModelsTable"):
        with pytest.raises(ClientError, match="AccessDenied"):
            dynamodb.put_item(TableName=target.output(table), Item={"upload_id": {"S": "x"}})
