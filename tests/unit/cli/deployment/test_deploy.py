"""A deployment on a fake account: what happens, what it leaves behind, how it fails."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.fakes.cloud import FakeCloud, FakeImages, Recorder
from winnow.costs.month import idle_month
from winnow.costs.prices import price_list
from winnow.errors import (
    AccessDeniedError,
    AwsCredentialsError,
    AwsUnreachableError,
    ChecksFailedError,
    DeploymentFailedError,
    DeploymentRunningError,
    NotVerifiedError,
    StackStuckError,
)
from winnow_cli.deployment.checks import Check
from winnow_cli.deployment.cloud import Change, Concurrency, Subscription
from winnow_cli.deployment.costs import estimate
from winnow_cli.deployment.deploy import Deployment, Outcome, Plan, cancel, follow, interrupted
from winnow_cli.deployment.images import ImagePackager, Made
from winnow_cli.deployment.stages import Stage
from winnow_cli.deployment.verify import Verified
from winnow_cli.render.deployment import show_outcome
from winnow_local.template import Checkout

STAGE = Stage(
    name="test",
    account="123456789012",
    region="eu-central-1",
    stack="winnow-test",
    parameters={"MaxRuns": "20"},
    tags={"owner": "claims"},
)
VERIFIED = Verified(upload_id="u", records=1, accepted=1, review=0, seconds=1.0, mail="sent")


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture(scope="module")
def packager() -> ImagePackager:
    return ImagePackager(Checkout.here(), FakeImages())


class Deployed:
    """Deploys to a fake account."""

    def __init__(self, cloud: FakeCloud, packager: ImagePackager) -> None:
        self.cloud, self.packager = cloud, packager
        self.reporter = Recorder()
        self.plans: list[Plan] = []
        self.deployment: Deployment

    def __call__(
        self,
        stage: Stage = STAGE,
        confirm: Callable[[Plan], None] = lambda _plan: None,
        **more: Any,
    ) -> Outcome:
        def remember(plan: Plan) -> None:
            self.plans.append(plan)
            confirm(plan)

        self.deployment = Deployment(
            stage,
            self.cloud,
            self.packager,
            self.packager.template,
            self.reporter,
            remember,
            **{"verify": lambda: VERIFIED, "sleep": lambda _s: None, **more},
        )
        return self.deployment.run()


@pytest.fixture
def deploy(cloud: FakeCloud, packager: ImagePackager) -> Deployed:
    return Deployed(cloud, packager)


def test_a_new_stage_is_checked_built_planned_deployed_and_tried(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    outcome = deploy()
    assert outcome.action == "created"
    assert deploy.reporter.phases == ["checks", "build", "push", "plan", "deploy", "verify"]
    assert list(outcome.seconds) == deploy.reporter.phases
    assert outcome.verified == VERIFIED
    assert outcome.outputs == cloud.outputs
    request = cloud.requests[0]
    assert request.create
    assert request.tags == {"owner": "claims"}
    assert request.parameters["MaxRuns"] == "20"
    assert request.parameters["RetentionDays"] == "90"
    assert "Local" not in request.parameters


def test_its_end_says_how_long_each_phase_took(
    deploy: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = {"checks": 2.4, "build": 61.0, "deploy": 75.2}
    show_outcome(deploy().model_copy(update={"seconds": seconds}), as_json=False)
    assert "  seconds  checks 2, build 61, deploy 75\n" in capsys.readouterr().out


def test_what_a_release_of_code_has_set_is_kept_unless_it_is_named(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    deploy()
    assert not {"Intake", "CodeVersion"} & set(cloud.requests[-1].parameters)
    assert cloud.requests[-1].keep == ()
    there = cloud.stacks[STAGE.stack]
    released = {"Intake": "DISABLED", "CodeVersion": "a:1"}
    cloud.put_stack(there.name, parameters=there.parameters | released)
    deploy(STAGE.model_copy(update={"parameters": {"MaxRuns": "21"}}))
    assert not {"Intake", "CodeVersion"} & set(cloud.requests[-1].parameters)
    assert set(cloud.requests[-1].keep) == {"Intake", "CodeVersion"}
    deploy(
        STAGE.model_copy(update={"parameters": {"Intake": "ENABLED"}}), fixed={"CodeVersion": ""}
    )
    assert cloud.requests[-1].parameters["Intake"] == "ENABLED"
    assert cloud.requests[-1].parameters["CodeVersion"] == ""
    assert cloud.requests[-1].keep == ()


def test_the_template_names_every_image_by_digest_and_what_it_was_made_from(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    deploy()
    uploaded = [json.loads(body) for (_, key), body in cloud.objects.items() if "template" in key]
    template = uploaded[0]
    functions = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    made = Made.of(template)
    assert made.version
    assert {one["ImageUri"] for one in functions} == set(made.images.values())
    assert all("@sha256:" in uri for uri in made.images.values())
    assert not any(
        isinstance(resource["Properties"].get("DefinitionUri"), str)
        for resource in template["Resources"].values()
    )


def test_an_image_that_the_registry_has_is_not_pushed_again(cloud: FakeCloud) -> None:
    images = FakeImages()
    deploy = Deployed(cloud, ImagePackager(Checkout.here(), images))
    deploy()
    first = len(images.pushed)
    for name in images.pushed:
        target = name.removeprefix("winnow-").removesuffix(":local")
        tag = images.id(name).removeprefix("sha256:")[:16]
        cloud.repositories[f"winnow/{target}"][tag] = f"sha256:{'1' * 64}"
    deploy()
    assert first > 0
    assert len(images.pushed) == first


def test_a_stage_that_is_there_is_updated(deploy: Deployed, cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test", parameters={"MaxRuns": "5", "Local": "false"})
    assert deploy().action == "updated"
    assert not cloud.requests[0].create
    assert deploy.plans[0].before["MaxRuns"] == "5"


def test_no_changes_is_an_outcome_and_leaves_no_plan(deploy: Deployed, cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test")
    cloud.plan_fails = "The submitted information didn't contain changes. Submit different ones."
    outcome = deploy()
    assert outcome.action == "unchanged"
    assert cloud.change_sets == {}
    assert "execute_change_set" not in cloud.calls


def test_a_plan_that_cloudformation_cannot_make(deploy: Deployed, cloud: FakeCloud) -> None:
    cloud.plan_fails = "Transform AWS::Serverless-2016-10-31 failed with: ..."
    with pytest.raises(DeploymentFailedError, match="Transform"):
        deploy()
    assert cloud.change_sets == {}
    assert cloud.stacks == {}


class RefusedError(Exception):
    pass


def refuse(_plan: Plan) -> None:
    raise RefusedError


def test_a_refused_plan_leaves_nothing_behind(deploy: Deployed, cloud: FakeCloud) -> None:
    with pytest.raises(RefusedError):
        deploy(confirm=refuse)
    assert cloud.stacks == {}
    assert cloud.change_sets == {}


def test_a_refused_plan_leaves_a_deployed_stage_as_it_is(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    before = cloud.put_stack("winnow-test")
    with pytest.raises(RefusedError):
        deploy(confirm=refuse)
    assert cloud.stacks == {"winnow-test": before}
    assert cloud.change_sets == {}


def test_what_loses_data_stands_first_and_is_dangerous(deploy: Deployed, cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test")
    cloud.planned = (
        Change(action="Modify", logical_id="Digest", type="AWS::Lambda::Function"),
        Change(
            action="Modify",
            logical_id="Table",
            type="AWS::DynamoDB::Table",
            replacement="True",
            policy="ReplaceAndRetain",
        ),
        Change(action="Remove", logical_id="ResultsBucket", type="AWS::S3::Bucket"),
        Change(action="Remove", logical_id="OldRule", type="AWS::Events::Rule"),
    )
    with pytest.raises(RefusedError):
        deploy(confirm=refuse)
    plan = deploy.plans[0]
    assert {one.logical_id for one in plan.dangerous} == {"Table", "ResultsBucket"}
    assert plan.changes[-1].logical_id == "Digest"


def test_the_plan_of_a_new_stage_tells_its_whole_month(deploy: Deployed, cloud: FakeCloud) -> None:
    deploy(estimate=partial(estimate, STAGE, cloud))
    cost = deploy.plans[0].cost
    assert cost is not None
    assert (cost.before.usd, cost.usd) == (0, cost.after.usd)
    prices = price_list(STAGE.region)
    assert cost.after == idle_month(deploy.packager.template, prices, STAGE.parameters)


def test_an_update_that_changes_nothing_fixed_costs_the_same(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    cloud.put_stack("winnow-test", parameters={"MaxRuns": "20"})
    cloud.templates["winnow-test"] = deploy.packager.template
    deploy(estimate=partial(estimate, STAGE, cloud))
    cost = deploy.plans[0].cost
    assert cost is not None
    assert (cost.usd, cost.changes, cost.memory) == (0, (), {})


def test_parameters_before_and_after_are_compared(deploy: Deployed, cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test", parameters={"ReviewPage": "true"})
    cloud.templates["winnow-test"] = deploy.packager.template
    deploy(estimate=partial(estimate, STAGE, cloud))
    cost = deploy.plans[0].cost
    assert cost is not None
    assert cost.usd < 0
    assert cost.usd == cost.after.usd - cost.before.usd


@pytest.mark.parametrize(
    "there",
    [
        {"Resources": {"A": {"Type": "AWS::KMS::Key", "Condition": "Gone"}}},
        {"Conditions": {"C": {"Fn::Odd": []}}, "Resources": {"A": {"Condition": "C"}}},
        {"Resources": []},
    ],
)
def test_a_template_that_cannot_be_read_spoils_no_deployment(
    deploy: Deployed, cloud: FakeCloud, there: dict[str, Any]
) -> None:
    cloud.put_stack("winnow-test")
    cloud.templates["winnow-test"] = there
    assert deploy(estimate=partial(estimate, STAGE, cloud)).action == "updated"
    assert deploy.plans[0].cost is None


def test_who_may_not_read_the_template_deploys_all_the_same(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    def refuse(call: str) -> None:
        if call == "template":
            raise AccessDeniedError("GetTemplate was refused.")

    cloud.put_stack("winnow-test")
    cloud.before = refuse
    assert deploy(estimate=partial(estimate, STAGE, cloud)).action == "updated"
    assert deploy.plans[0].cost is None


# -- checks ----------------------------------------------------------------------------------------


def failed(deploy: Deployed) -> list[str]:
    return [check.name for check in deploy.reporter.found if check.failed]


def warned(deploy: Deployed) -> list[str]:
    return [check.name for check in deploy.reporter.found if check.state == "warning"]


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_done(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    cloud.limits = Concurrency(limit=150, unreserved=150)
    cloud.missing_services = {"textract"}
    stage = STAGE.model_copy(
        update={"parameters": {"ReservedConcurrency": "20", "OcrEngine": "textract"}}
    )
    no_docker = Check(name="docker", state="failed", detail="none", advice="Start it.")
    with pytest.raises(ChecksFailedError) as caught:
        deploy(stage, own_checks=[lambda: no_docker])
    assert failed(deploy) == ["docker", "region", "concurrency"]
    assert all(name in caught.value.message for name in failed(deploy))
    assert "upload" not in cloud.calls
    assert deploy.reporter.phases == ["checks"]


def test_parameters_are_checked_against_the_template(deploy: Deployed) -> None:
    stage = STAGE.model_copy(update={"parameters": {"MaxRuns": "many"}})
    with pytest.raises(ChecksFailedError, match="MaxRuns"):
        deploy(stage)


def test_another_account_is_refused_and_no_more_is_asked(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    cloud.account = "000000000000"
    with pytest.raises(ChecksFailedError, match="000000000000"):
        deploy()
    assert cloud.calls == ["identity"]


def test_expired_credentials_are_a_failed_check(deploy: Deployed, cloud: FakeCloud) -> None:
    def expired(call: str) -> None:
        raise AwsCredentialsError("The AWS credentials have expired (ExpiredToken).")

    cloud.before = expired
    with pytest.raises(ChecksFailedError, match="expired"):
        deploy()


@pytest.mark.parametrize("state", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_dead_stack_is_told_with_the_way_out(
    deploy: Deployed, cloud: FakeCloud, state: str
) -> None:
    cloud.put_stack("winnow-test", state)
    with pytest.raises(StackStuckError, match=state) as caught:
        deploy()
    assert "winnow destroy test" in caught.value.hint


def test_a_stuck_rollback_is_told_with_the_way_out(deploy: Deployed, cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test", "UPDATE_ROLLBACK_FAILED")
    with pytest.raises(StackStuckError) as caught:
        deploy()
    assert "continue-update-rollback" in caught.value.hint


@pytest.mark.parametrize("state", ["CREATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"])
def test_another_deployment_under_way(deploy: Deployed, cloud: FakeCloud, state: str) -> None:
    cloud.put_stack("winnow-test", state)
    with pytest.raises(DeploymentRunningError, match=state) as caught:
        deploy()
    assert "--follow" in caught.value.hint


def test_another_deployment_that_begins_while_one_thinks(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    cloud.put_stack("winnow-test")

    def meanwhile(_plan: Plan) -> None:
        cloud.put_stack("winnow-test", "UPDATE_IN_PROGRESS")

    with pytest.raises(DeploymentRunningError):
        deploy(confirm=meanwhile)


def test_what_cannot_be_asked_is_a_warning(deploy: Deployed, cloud: FakeCloud) -> None:
    def denied(call: str) -> None:
        if call == "concurrency":
            raise AwsUnreachableError("AWS does not answer.")

    cloud.before = denied
    deploy()
    assert "concurrency" in warned(deploy)


def test_a_new_account_is_warned_of_memory_and_concurrency(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    cloud.limits = Concurrency(limit=10, unreserved=10)
    deploy()
    assert {"concurrency", "memory"} <= set(warned(deploy))


@pytest.mark.parametrize(
    ("confirmed", "state"), [([], "warning"), ([False], "warning"), ([False, True], "ok")]
)
def test_the_address_is_looked_at(
    deploy: Deployed, cloud: FakeCloud, confirmed: list[bool], state: str
) -> None:
    cloud.put_stack("winnow-test")
    cloud.subscribed = [Subscription(protocol="email", confirmed=one) for one in confirmed]
    deploy()
    assert next(one.state for one in deploy.reporter.found if one.name == "e-mail") == state


def test_a_key_of_another_region_is_refused(deploy: Deployed) -> None:
    arn = "arn:aws:kms:us-east-1:123456789012:key/1"
    with pytest.raises(ChecksFailedError, match="us-east-1"):
        deploy(STAGE.model_copy(update={"parameters": {"KmsKeyArn": arn}}))


# -- failures --------------------------------------------------------------------------------------

TABLE, FUNCTION = "AWS::DynamoDB::Table", "AWS::Lambda::Function"


def test_the_resource_that_failed_is_told_and_not_those_cancelled_with_it(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    cloud.fail = (
        ("Digest", FUNCTION, "CREATE_FAILED", "Resource creation cancelled"),
        ("ScanFunction", FUNCTION, "CREATE_FAILED", "'MemorySize' value failed to satisfy"),
        ("Sweep", FUNCTION, "CREATE_FAILED", "Resource creation cancelled"),
    )
    with pytest.raises(DeploymentFailedError) as caught:
        deploy()
    assert caught.value.message.startswith("ScanFunction (Lambda function) could not be created")
    assert "memory" in caught.value.hint
    assert "winnow destroy test" in caught.value.hint


def test_a_failed_update_says_that_the_stage_runs_as_before(
    deploy: Deployed, cloud: FakeCloud
) -> None:
    cloud.put_stack("winnow-test")
    cloud.fail = (("Table", TABLE, "UPDATE_FAILED", "Limit exceeded"),)
    with pytest.raises(DeploymentFailedError) as caught:
        deploy()
    assert "could not be updated" in caught.value.message
    assert "as it did before" in caught.value.hint


def test_a_key_in_a_reason_is_not_repeated(deploy: Deployed, cloud: FakeCloud) -> None:
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    cloud.fail = (("Table", TABLE, "CREATE_FAILED", f"{key} may not"),)
    with pytest.raises(DeploymentFailedError) as caught:
        deploy()
    assert key not in caught.value.message


def test_the_resource_of_a_nested_stack_is_told(deploy: Deployed, cloud: FakeCloud) -> None:
    nested = "arn:aws:cloudformation:eu-central-1:1:stack/winnow-test-Training-1/x"
    cloud.event(nested, "Queue", "AWS::Batch::JobQueue", "CREATE_FAILED", "no such subnet")
    cloud.fail = (("Training", "AWS::CloudFormation::Stack", "CREATE_FAILED", "nested"),)
    original = cloud.event

    def event(stack: str, logical: str, kind: str, status: str, reason: str = "") -> None:
        original(stack, logical, kind, status, reason)
        if logical == "Training":
            last = cloud.stack_events[stack].pop()
            cloud.stack_events[stack].append(last.model_copy(update={"physical_id": nested}))

    cloud.event = event  # type: ignore[method-assign]
    with pytest.raises(DeploymentFailedError, match=r"Training/Queue .*no such subnet"):
        deploy()


def test_credentials_that_expire_midway(deploy: Deployed, cloud: FakeCloud) -> None:
    def expired(call: str) -> None:
        if call == "events" and "execute_change_set" in cloud.calls:
            raise AwsCredentialsError("The AWS credentials have expired (ExpiredToken).")

    cloud.before = expired
    with pytest.raises(AwsCredentialsError) as caught:
        deploy()
    assert "goes on in AWS" in caught.value.hint
    assert "winnow deploy test --follow" in caught.value.hint


def test_a_network_that_comes_back_is_waited_for(deploy: Deployed, cloud: FakeCloud) -> None:
    away = ["events"] * 5

    def unreachable(call: str) -> None:
        if "execute_change_set" in cloud.calls and call in away:
            away.remove(call)
            raise AwsUnreachableError("AWS does not answer.")

    cloud.before = unreachable
    assert deploy().action == "created"


def test_a_network_that_stays_away(deploy: Deployed, cloud: FakeCloud) -> None:
    def unreachable(call: str) -> None:
        if call == "events" and "execute_change_set" in cloud.calls:
            raise AwsUnreachableError("AWS does not answer.")

    cloud.before = unreachable
    with pytest.raises(AwsUnreachableError) as caught:
        deploy()
    assert "--follow" in caught.value.hint


def test_a_stack_that_somebody_deletes_meanwhile(deploy: Deployed, cloud: FakeCloud) -> None:
    cloud.polls = 3

    def gone(call: str) -> None:
        if call == "stack" and "execute_change_set" in cloud.calls:
            cloud.stacks.pop("winnow-test", None)

    cloud.before = gone
    with pytest.raises(DeploymentFailedError, match="gone"):
        deploy()


def test_a_sample_that_fails_is_not_a_failed_deployment(deploy: Deployed, cloud: FakeCloud) -> None:
    def not_verified() -> Verified:
        raise NotVerifiedError("a sample ended as FAILED")

    with pytest.raises(NotVerifiedError):
        deploy(verify=not_verified)
    assert cloud.stacks["winnow-test"].status == "CREATE_COMPLETE"


# -- Ctrl-C ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "phase", "says"),
    [
        ("identity", "checks", "nothing was changed"),
        ("ensure_repository", "push", "Nothing is deployed"),
        ("create_change_set", "plan", "nothing was changed"),
        ("change_set", "plan", "nothing was changed"),
    ],
)
def test_ctrl_c_before_the_deployment_leaves_nothing(
    deploy: Deployed, cloud: FakeCloud, call: str, phase: str, says: str
) -> None:
    def interrupt(name: str) -> None:
        if name == call:
            raise KeyboardInterrupt

    cloud.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        deploy()
    assert deploy.deployment.phase == phase
    assert says in deploy.deployment.interrupted()
    assert cloud.stacks == {}
    assert cloud.change_sets == {}


def test_ctrl_c_while_aws_works_says_that_it_goes_on(deploy: Deployed, cloud: FakeCloud) -> None:
    def interrupt(name: str) -> None:
        if name == "events" and "execute_change_set" in cloud.calls:
            raise KeyboardInterrupt

    cloud.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        deploy()
    assert deploy.deployment.phase == "deploy"
    assert "winnow deploy test --follow" in deploy.deployment.interrupted()
    assert cloud.stacks["winnow-test"].under_way


def test_ctrl_c_while_the_sample_runs_says_that_it_is_deployed(deploy: Deployed) -> None:
    def interrupt() -> Verified:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deploy(verify=interrupt)
    assert "is deployed" in deploy.deployment.interrupted()
    assert "cannot be stopped" in interrupted(STAGE, "destroy")


# -- follow and cancel -----------------------------------------------------------------------------


def test_following_shows_rows_and_the_end(deploy: Deployed, cloud: FakeCloud) -> None:
    deploy()
    seen = deploy.reporter.seen[-1]
    assert [(row.logical_id, row.status) for row in seen if row.type == TABLE] == [
        ("Table", "CREATE_COMPLETE")
    ]
    assert follow(STAGE, cloud, Recorder()).status == "CREATE_COMPLETE"


def test_an_update_is_taken_back(cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test", "UPDATE_IN_PROGRESS")
    cancel(STAGE, cloud)
    ended = follow(STAGE, cloud, Recorder(), lambda _s: None, taken_back=True)
    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    # Who did not ask for it is told that the update failed.
    with pytest.raises(DeploymentFailedError) as caught:
        follow(STAGE, cloud, Recorder(), lambda _s: None)
    assert "as it did before" in caught.value.hint


def test_a_deletion_is_followed_to_its_end(cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test")
    cloud.delete_stack("winnow-test")
    assert follow(STAGE, cloud, Recorder(), lambda _s: None).status == "DELETE_COMPLETE"
    assert cloud.stacks == {}


def test_a_deletion_that_fails_is_told(cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test")
    cloud.delete_stack("winnow-test")
    cloud.fail = (("Logs", "AWS::S3::Bucket", "DELETE_FAILED", "not empty"),)
    with pytest.raises(DeploymentFailedError, match="could not be deleted"):
        follow(STAGE, cloud, Recorder(), lambda _s: None)


@pytest.mark.parametrize("status", [None, "CREATE_COMPLETE", "CREATE_IN_PROGRESS"])
def test_only_an_update_can_be_taken_back(cloud: FakeCloud, status: str | None) -> None:
    if status:
        cloud.put_stack("winnow-test", status)
    with pytest.raises(StackStuckError):
        cancel(STAGE, cloud)
