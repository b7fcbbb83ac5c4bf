"""Deleting a stage: what goes, what stays, and what Winnow refuses."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.fakes.cloud import FakeCloud, Recorder
from winnow.errors import (
    AwsCredentialsError,
    DeploymentFailedError,
    DeploymentRunningError,
    StackStuckError,
)
from winnow_cli.app import app
from winnow_cli.deployment.cloud import AwsCloud, StackResource
from winnow_cli.deployment.destroy import destroy, plan_removal
from winnow_cli.deployment.stages import Stage
from winnow_local.template import read_template

TEMPLATE = read_template(Path(__file__).parents[4] / "template.yaml")
STAGE = Stage(name="test", account="123456789012", region="eu-central-1", stack="winnow-test")


@pytest.fixture
def cloud() -> FakeCloud:
    cloud = FakeCloud()
    cloud.put_stack("winnow-test")
    cloud.templates["winnow-test"] = TEMPLATE
    cloud.stack_resources["winnow-test"] = [
        StackResource(
            logical_id=name,
            physical_id=f"winnow-test-{name}",
            type=resource["Type"],
            status="CREATE_COMPLETE",
        )
        for name, resource in TEMPLATE["Resources"].items()
    ]
    return cloud


def test_buckets_and_tables_with_what_people_uploaded_stay(cloud: FakeCloud) -> None:
    removal = plan_removal(STAGE, cloud)
    kept = {one.logical_id for one in removal.kept}
    assert {"UploadsBucket", "ResultsBucket", "Table", "ModelsBucket", "ReviewsTable"} <= kept
    assert not {one.logical_id for one in removal.deleted} & kept
    assert {one.type for one in removal.lost} <= {"AWS::SQS::Queue", "AWS::KMS::Key"}
    assert "delete_stack" not in cloud.calls


def test_nothing_is_kept_of_a_stack_that_never_was_deployed(cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test", "ROLLBACK_COMPLETE")
    assert "UploadsBucket" in {one.logical_id for one in plan_removal(STAGE, cloud).deleted}


def test_a_stage_is_deleted_and_waited_for(cloud: FakeCloud) -> None:
    destroy(STAGE, cloud, Recorder(), lambda _s: None)
    assert cloud.stacks == {}


def test_what_cannot_be_deleted_is_told_with_what_to_do(cloud: FakeCloud) -> None:
    reason = "The bucket you tried to delete is not empty"
    cloud.fail = (("AccessLogs", "AWS::S3::Bucket", "DELETE_FAILED", reason),)
    with pytest.raises(DeploymentFailedError) as caught:
        destroy(STAGE, cloud, Recorder(), lambda _s: None)
    assert caught.value.message.startswith("AccessLogs (S3 bucket) could not be deleted")
    assert "Empty it" in caught.value.hint


def test_a_stage_that_is_not_there(cloud: FakeCloud) -> None:
    del cloud.stacks["winnow-test"]
    with pytest.raises(StackStuckError, match="not deployed"):
        plan_removal(STAGE, cloud)


def test_a_protected_stage_is_refused(cloud: FakeCloud) -> None:
    cloud.protect("winnow-test", on=True)
    with pytest.raises(StackStuckError) as caught:
        plan_removal(STAGE, cloud)
    assert "--no-enable-termination-protection" in caught.value.hint


@pytest.mark.parametrize("intake", ["ENABLED", "DISABLED"])
def test_a_stage_whose_stores_a_second_stack_uses_is_refused(cloud: FakeCloud, intake: str) -> None:
    cloud.put_stack("winnow-test-green", parameters={"Intake": intake})
    with pytest.raises(StackStuckError, match="winnow-test-green") as caught:
        plan_removal(STAGE, cloud)
    assert "release rollback --code --stack winnow-test`" in caught.value.hint
    assert "release stop --code --stack winnow-test`" in caught.value.hint
    del cloud.stacks["winnow-test-green"]
    assert plan_removal(STAGE, cloud).kept


def test_an_update_under_way_is_refused(cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test", "UPDATE_IN_PROGRESS")
    with pytest.raises(DeploymentRunningError):
        plan_removal(STAGE, cloud)


def test_a_first_deployment_under_way_can_be_deleted(cloud: FakeCloud) -> None:
    cloud.put_stack("winnow-test", "CREATE_IN_PROGRESS")
    assert "UploadsBucket" in {one.logical_id for one in plan_removal(STAGE, cloud).deleted}


def test_credentials_that_expire_midway(cloud: FakeCloud) -> None:
    def expired(call: str) -> None:
        if call == "stack" and "delete_stack" in cloud.calls:
            raise AwsCredentialsError("The AWS credentials have expired (ExpiredToken).")

    cloud.before = expired
    with pytest.raises(AwsCredentialsError) as caught:
        destroy(STAGE, cloud, Recorder(), lambda _s: None)
    assert "--follow" in caught.value.hint


def test_ctrl_c_while_aws_deletes_says_that_it_goes_on(
    cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(call: str) -> None:
        if call == "stack" and "delete_stack" in cloud.calls:
            raise KeyboardInterrupt

    cloud.before = pressed
    file = tmp_path / "stages.toml"
    file.write_text('[stages.test]\naccount = "123456789012"\nregion = "eu-central-1"\n', "utf-8")
    monkeypatch.setattr(AwsCloud, "of", lambda _stage: cloud)
    done = CliRunner().invoke(
        app, ["destroy", "test", "--confirm", "test"], env={"WINNOW_STAGES": str(file)}
    )
    assert done.exit_code == 130
    assert "goes on in AWS" in " ".join(done.stderr.split())
