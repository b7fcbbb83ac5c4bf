"""Drift on fake accounts: when it is looked for, what is waited for, and what is told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.fakes.cloud import BEGAN, FakeCloud
from winnow.errors import AccessDeniedError
from winnow_cli.app import app
from winnow_cli.commands import stages
from winnow_cli.deployment.cloud import AwsCloud, DriftCheck, PropertyDrift, ResourceDrift
from winnow_cli.deployment.costs import MonthSoFar
from winnow_cli.deployment.drift import LONGEST_S, last_drift, look_for_drift
from winnow_cli.deployment.overview import NOT_DEPLOYED, StageView
from winnow_cli.deployment.stages import Stage

TEST, PROD = (
    Stage(name=name, account="123456789012", region="eu-west-1", stack=f"winnow-{name}")
    for name in ("test", "prod")
)
UNDER_WAY = DriftCheck(status="DETECTION_IN_PROGRESS")
CHANGED = ResourceDrift(
    logical_id="Table",
    type="AWS::DynamoDB::Table",
    properties=(
        PropertyDrift(path="/BillingMode", expected="PAY_PER_REQUEST", actual="PROVISIONED"),
    ),
)
GONE = ResourceDrift(logical_id="Digest", type="AWS::Lambda::Function", deleted=True)
RUNNER = CliRunner()


@pytest.fixture
def cloud() -> FakeCloud:
    cloud = FakeCloud()
    for stage in (TEST, PROD):
        cloud.put_stack(stage.stack)
        cloud.templates[stage.stack] = {"Resources": {}}
    return cloud


class Waited:
    """A clock that only waiting moves on, and the lines that were told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[str] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def look(self, cloud_of: Callable[[Stage], FakeCloud], *found: Stage) -> dict[str, str]:
        return look_for_drift(
            found, cloud_of, self.lines.append, sleep=self.sleep, clock=lambda: self.now
        )


@pytest.fixture
def waited() -> Waited:
    return Waited()


def test_it_waits_until_cloudformation_has_looked(cloud: FakeCloud, waited: Waited) -> None:
    cloud.drift_checks = [UNDER_WAY, UNDER_WAY]
    assert waited.look(lambda _stage: cloud, TEST) == {}
    assert cloud.calls.count("drift_check") == 3
    assert waited.lines == [
        "CloudFormation compares the resources of test: 0 s",
        "CloudFormation compares the resources of test: 5 s",
    ]


def test_a_detection_that_does_not_end_is_not_waited_for_for_ever(
    cloud: FakeCloud, waited: Waited
) -> None:
    cloud.drift_checks = [UNDER_WAY] * 10_000
    assert waited.look(lambda _stage: cloud, TEST) == {
        "test": "CloudFormation still compares the resources."
    }
    assert waited.now > LONGEST_S


def test_one_that_fails_does_not_hold_the_others_up(cloud: FakeCloud, waited: Waited) -> None:
    def refuse(call: str) -> None:
        if call == "detect_drift":
            raise AccessDeniedError("DetectStackDrift was refused.")

    other = FakeCloud()
    other.put_stack(TEST.stack)
    other.before = refuse
    found = waited.look(lambda stage: other if stage is TEST else cloud, TEST, PROD)
    assert found == {"test": "DetectStackDrift was refused."}
    assert cloud.stacks[PROD.stack].drift == "IN_SYNC"


def test_what_could_not_be_read_is_told(cloud: FakeCloud, waited: Waited) -> None:
    cloud.drift_checks = [DriftCheck(status="DETECTION_FAILED", reason="Denied: [Table]")]
    (problem,) = waited.look(lambda _stage: cloud, TEST).values()
    assert "Denied: [Table]" in problem


def test_a_stage_that_is_not_deployed_has_nothing_to_compare(waited: Waited) -> None:
    cloud = FakeCloud()
    cloud.put_stack(PROD.stack, "REVIEW_IN_PROGRESS")
    assert waited.look(lambda _stage: cloud, TEST, PROD) == {}
    assert "detect_drift" not in cloud.calls


def test_the_last_result_is_read_without_looking_again(cloud: FakeCloud) -> None:
    cloud.drifts[TEST.stack] = [CHANGED]
    checked = datetime(2026, 11, 20, tzinfo=UTC)
    stack = cloud.put_stack(TEST.stack, drift="DRIFTED", drift_checked_at=checked)
    found = last_drift(cloud, stack)
    assert (found.status, found.checked_at, found.resources) == ("DRIFTED", checked, (CHANGED,))
    assert "detect_drift" not in cloud.calls


def test_who_may_not_read_what_drifted_knows_that_something_did(cloud: FakeCloud) -> None:
    def refuse(_call: str) -> None:
        raise AccessDeniedError("DescribeStackResourceDrifts was refused.")

    stack = cloud.put_stack(TEST.stack, drift="DRIFTED", drift_checked_at=BEGAN)
    cloud.before = refuse
    found = last_drift(cloud, stack)
    assert (found.status, found.problem) == (
        "DRIFTED", "DescribeStackResourceDrifts was refused.",
    )  # fmt: skip


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def account(cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    file = tmp_path / "stages.toml"
    file.write_text('[stages.test]\naccount = "123456789012"\nregion = "eu-west-1"\n')
    monkeypatch.setenv("WINNOW_STAGES", str(file))
    monkeypatch.setattr(AwsCloud, "of", lambda _stage: cloud)
    monkeypatch.setattr(
        "winnow_cli.deployment.costs.cost_of_stage",
        lambda _stage: MonthSoFar(since="2026-11-01", runs=0, usd=0),
    )
    local = StageView(name="local", status=NOT_DEPLOYED)
    monkeypatch.setattr(stages, "_local", lambda _stage: local)
    return cloud


def run(*arguments: str) -> Result:
    done = RUNNER.invoke(app, ["stages", *arguments])
    assert done.exit_code == 0, done.output
    return done


def test_without_the_option_nothing_is_started(account: FakeCloud) -> None:
    assert "not looked for" in run().stdout
    assert "detect_drift" not in account.calls


def test_with_it_each_resource_and_property_is_named(account: FakeCloud) -> None:
    account.drifts["winnow-test"] = [CHANGED, GONE]
    done = run("--drift")
    assert "2 resources, " in done.stdout
    assert "test: Table (Dynamo DB table) is not as it was deployed:" in done.stderr
    assert "  /BillingMode: PAY_PER_REQUEST -> PROVISIONED" in done.stderr
    assert "test: Digest (Lambda function) is not there any more." in done.stderr
    assert "test is not as in this checkout: resources." in done.stderr
    (_, view) = json.loads(run("--json").stdout)["stages"]
    assert view["drift"]["resources"][0]["properties"][0]["path"] == "/BillingMode"


def test_without_drift_it_says_so_with_its_age(account: FakeCloud) -> None:
    assert "none, " in run("--drift").stdout
    # Later it is the last result.
    assert "none, " in run().stdout
    assert account.calls.count("detect_drift") == 1


def test_a_detection_that_failed_is_told_beside_the_rest(account: FakeCloud) -> None:
    account.drift_checks = [DriftCheck(status="DETECTION_FAILED", reason="Denied: [Table]")]
    done = run("--drift")
    assert "test\tCREATE_COMPLETE" in done.stdout
    assert "could not compare all resources: Denied: [Table]" in done.stderr
