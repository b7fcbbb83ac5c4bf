"""`winnow deploy` against MiniStack: its CloudFormation, S3 and STS answer as AWS's do.

Without a Docker engine the functions are zips of this checkout, as on the local stack; everything
else is what a deployment to AWS does: checks, change set, events, a sample.
"""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cloud import Recorder
from winnow_cli.deployment.cloud import AwsCloud
from winnow_cli.deployment.deploy import Deployment, Outcome, Plan
from winnow_cli.deployment.images import Made, artifacts_bucket, store, with_made
from winnow_cli.deployment.stages import Stage, read_stages, write_stage
from winnow_cli.deployment.verify import SAMPLE, mail_of, verify
from winnow_cli.target import session_of, target_of
from winnow_cli.uploads import Uploads
from winnow_local import ministack
from winnow_local.deploy import local_parameters
from winnow_local.stack import function_environment
from winnow_local.state import StateDir
from winnow_local.template import Checkout, read_template, rewrite

from .conftest import SURE, Stack, winnow

pytestmark = pytest.mark.model


SKY = """
id: sky
version: 1.0.0
kind: labels
title: What a sentence is about
input: {text_columns: [text]}
threshold: 0.3
labels:
  - {id: joy, examples: [I was overjoyed and full of happiness.]}
  - {id: rain, examples: [It rained all day.]}
"""


class ZipPackager:
    """Packs functions as zips, which MiniStack runs without Docker."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.template = read_template(checkout.template)
        self.version = "1"

    def build(self, report: Callable[[str], None]) -> None:
        report("zips")

    def push(self, stage: Stage, cloud: Any, report: Callable[[str], None]) -> dict[str, Any]:
        environment = function_environment(self.checkout)
        bucket = artifacts_bucket(stage)
        template, uploads = rewrite(self.template, self.checkout, bucket, environment)
        store(cloud, bucket, uploads)
        return with_made(template, Made(version=self.version))


class Account:
    """An emulator of its own as an account of AWS, and a stages.toml."""

    def __init__(self, folder: Path) -> None:
        self.state_dir = StateDir(folder / ".winnow")
        self.state_dir.path.mkdir()
        self.running = ministack.spawn(self.state_dir)
        ministack.wait_until_healthy(self.running, self.state_dir, threading.Event())
        self.file = folder / "stages.toml"
        self.stage = Stage(
            name="test", account="000000000000", region="eu-west-1", stack="winnow-of-test"
        )
        self.packager = ZipPackager(Checkout.here())
        self.plans: list[Plan] = []
        self.reporter = Recorder()

    def deploy(self, **parameters: str) -> Outcome:
        stage = self.stage.model_copy(update={"parameters": parameters})
        write_stage(stage, self.file)
        stage = read_stages(self.file).get("test")
        cloud = AwsCloud.of(stage)
        self.reporter = Recorder()

        def tried() -> Any:
            target = target_of(stage)
            mail = partial(mail_of, cloud, target.outputs.get("TopicArn"))
            sample = Checkout.here().root / SAMPLE
            return verify(stage.name, Uploads(target), lambda _id: mail(), sample, print)

        return Deployment(
            stage,
            cloud,
            self.packager,
            self.packager.template,
            self.reporter,
            self.plans.append,
            verify=tried if parameters else None,
            fixed=local_parameters(),
        ).run()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = Account(tmp_path_factory.mktemp("account"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", account.running.endpoint)
            patch.setenv("AWS_REGION", "eu-west-1")
            patch.setenv("AWS_ACCESS_KEY_ID", "test")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            patch.setenv("WINNOW_STAGES", str(account.file))
            patch.delenv("AWS_PROFILE", raising=False)
            yield account
    finally:
        ministack.end(account.running.id)


@pytest.fixture(scope="module")
def first(account: Account) -> Outcome:
    return account.deploy(NotifyEmail="team@example.org")


def test_a_stage_is_made_and_a_sample_goes_the_whole_way(account: Account, first: Outcome) -> None:
    assert first.action == "created"
    assert first.verified is not None
    assert (first.verified.records, first.verified.mail) == (20, "sent")
    assert [check.state for check in first.checks] == ["ok"] * len(first.checks)
    shown = {row.logical_id: row.status for row in account.reporter.seen[-1]}
    assert shown["UploadsBucket"] == "CREATE_COMPLETE"
    assert account.stage.stack not in shown


def test_commands_take_the_name_of_the_stage(account: Account, first: Outcome) -> None:
    assert first.verified is not None
    answer = winnow("status", "--stack", "test", "--json")
    assert answer.code == 0
    assert first.verified.upload_id in answer.out
    unknown = winnow("status", "--stack", "winnow-of-nobody")
    assert (unknown.code, "stack_unknown" in unknown.err) == (1, True)


def test_the_same_again_changes_nothing(account: Account, first: Outcome) -> None:
    assert account.deploy(NotifyEmail="team@example.org").action == "unchanged"


@pytest.fixture
def commands(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """`winnow deploy` itself, but with zips for images, and the parameters of MiniStack."""

    def parts(stage: Stage, _parameters: dict[str, str]) -> tuple[Any, ...]:
        return AwsCloud.of(stage), account.packager, account.packager.template, []

    monkeypatch.setattr("winnow_cli.commands.deploy._parts", parts)
    monkeypatch.setattr("winnow_cli.commands.deploy._fixed", lambda *_: local_parameters())
    return account


def test_a_plan_says_what_would_change_and_changes_nothing(
    commands: Account, first: Outcome
) -> None:
    write_stage(commands.stage.model_copy(update={"parameters": {"MaxRuns": "7"}}), commands.file)
    plan = winnow("deploy", "test", "--plan", "--json")
    assert plan.code == 0, plan.err
    changed = {change["resource"]: change["what"] for change in plan.document()["changes"]}
    assert set(changed) & {"UploadedRule", "DispatchFunction", "DispatchSchedule"}
    shown = winnow("deploy", "test", "--plan")
    assert "MaxRuns: 0 -> 7" in shown.err
    assert target_of(commands.stage).outputs["MaxRuns"] == "0"


def test_an_update_by_the_command(commands: Account, first: Outcome) -> None:
    parameters = {"MaxRuns": "7", "NotifyEmail": "team@example.org"}
    write_stage(commands.stage.model_copy(update={"parameters": parameters}), commands.file)
    updated = winnow("deploy", "test", "--yes", "--no-verify", "--json")
    assert updated.code == 0, updated.err
    document = updated.document()
    assert (document["action"], document["outputs"]["MaxRuns"]) == ("updated", "7")
    assert set(document["seconds"]) == {"checks", "build", "push", "plan", "deploy", "verify"}
    assert winnow("deploy", "test", "--follow", "--json").document()["status"] == "UPDATE_COMPLETE"


def test_without_a_terminal_nothing_is_asked(commands: Account, first: Outcome) -> None:
    refused = winnow("deploy", "test")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    unnamed = winnow("deploy")
    assert (unnamed.code, "test" in unnamed.err) == (2, True)
    unknown = winnow("deploy", "prod", "--yes")
    assert (unknown.code, "stage_unknown" in unknown.err) == (1, True)


def test_the_account_is_checked(commands: Account, first: Outcome) -> None:
    other = commands.stage.model_copy(update={"name": "other", "account": "123456789012"})
    write_stage(other.model_copy(update={"stack": "winnow-of-other"}), commands.file)
    refused = winnow("deploy", "other", "--yes")
    assert (refused.code, "checks_failed" in refused.err) == (1, True)
    asked = winnow("status", "--stack", "other")
    assert (asked.code, "account_mismatch" in asked.err) == (1, True)


def test_stages_side_by_side(commands: Account, first: Outcome) -> None:
    listed = winnow("stages", "--json")
    assert listed.code == 0
    views = {view["name"]: view for view in listed.document()["stages"]}
    assert views["test"]["status"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    assert views["test"]["version"] == "1"
    assert views["other"]["status"] == "unreachable"
    assert "MaxRuns" not in views["test"]["differs"]
    changed = winnow("stages", "set", "test", "--parameter", "MaxRuns=9")
    assert changed.code == 0, changed.err
    assert "MaxRuns" in winnow("stages").out
    assert winnow("stages", "set", "test", "--parameter", "MaxRuns=many").code == 1


def test_what_was_changed_by_hand_is_told(commands: Account, first: Outcome) -> None:
    assert "not looked for" in winnow("stages").out
    before = winnow("stages", "--drift", "--json").document()["stages"][1]["drift"]
    assert (before["status"], before["resources"]) == ("IN_SYNC", [])
    session = session_of(commands.stage)
    resources = AwsCloud.of(commands.stage).resources(commands.stage.stack)
    logs = next(one.physical_id for one in resources if one.logical_id == "ClassifyLogs")
    session.client("logs").put_retention_policy(logGroupName=logs, retentionInDays=3)
    # Nobody has looked since.
    unseen = winnow("stages", "--json").document()["stages"][1]["drift"]
    assert unseen == before
    shown = winnow("stages", "--drift")
    assert "test: ClassifyLogs (Logs log group) is not as it was deployed:" in shown.err
    assert "  /RetentionInDays: 30 -> 3" in shown.err


def test_champions_are_brought_from_one_stage_to_another(
    commands: Account, first: Outcome, stack: Stack, tmp_path: Path
) -> None:
    """Between two stacks on two emulators: the stage in the account, and the local one."""
    file = tmp_path / "sky.yaml"
    file.write_text(SKY, "utf-8")
    published = winnow("process", "publish", file, "--stack", "test", "--json")
    assert published.code == 0, published.err
    sha256 = published.document()["champion"]
    assert stack.run("a.csv", f"text\n{SURE}\n", "sky").error_code == "process_unknown"
    planned = winnow("stages", "promote", "test", "local", "--models", "--plan", "--json")
    actions = {one["process"]: one["action"] for one in planned.document()["processes"]}
    # All others are made of the same files in both.
    assert actions.pop("sky") == "new"
    assert actions.keys() >= {"L33774", "emotions", "screening-colonoscopy", "two-wheels"}
    assert set(actions.values()) == {"unchanged"}
    brought = winnow("stages", "promote", "test", "local", "--models", "--yes")
    assert brought.code == 0, brought.err
    assert "1 brought to local." in brought.out
    result, _ = stack.result(stack.run("a.csv", f"text\n{SURE}\n", "sky"))
    assert result.version is not None
    assert result.version.sha256 == sha256
    assert winnow("model", "show", "sky", "--json").document()["history"][-1]["reason"] == (
        "Promoted from test."
    )
    again = winnow("stages", "promote", "test", "local", "--models", "--yes", "--json")
    assert {one["action"] for one in again.document()["processes"]} == {"unchanged"}


def test_what_was_not_deployed_by_images_is_not_promoted(commands: Account, first: Outcome) -> None:
    refused = winnow("stages", "promote", "test", "other", "--yes")
    assert (refused.code, "stack_stuck" in refused.err) == (1, True)


def test_a_stage_is_deleted_and_its_buckets_stay(commands: Account, first: Outcome) -> None:
    uploads = first.outputs["UploadsBucket"]
    unasked = winnow("destroy", "test")
    assert (unasked.code, "--confirm test" in unasked.err) == (2, True)
    assert winnow("destroy", "test", "--confirm", "tset").code == 2
    deleted = winnow("destroy", "test", "--confirm", "test", "--json")
    assert deleted.code == 0, deleted.err
    document = deleted.document()
    assert uploads in {one["name"] for one in document["kept"]}
    assert "Triage" in document["deleted"]
    s3 = AwsCloud.of(commands.stage)
    assert s3.has_objects(uploads)
    again = winnow("destroy", "test", "--confirm", "test")
    assert (again.code, "stack_stuck" in again.err) == (1, True)
    assert winnow("stages", "remove", "test").code == 0
    assert winnow("destroy", "test", "--confirm", "test").code == 1
