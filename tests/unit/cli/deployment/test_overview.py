"""Stages side by side: what runs where, how it is, and what differs from this checkout."""

import pytest

from tests.fakes.cloud import FakeCloud
from winnow.errors import AwsCredentialsError
from winnow_cli.deployment.images import Made, digest_of, with_made
from winnow_cli.deployment.overview import StageView, view_all
from winnow_cli.deployment.stages import Stage

TEMPLATE = {
    "Parameters": {
        "MaxRuns": {"Type": "Number", "Default": 0},
        "Hook": {"Type": "String", "Default": "", "NoEcho": True},
        "Local": {"Type": "String", "Default": "false"},
    },
    "Resources": {},
}


def a_stage(name: str, **more: object) -> Stage:
    own = {"account": "123456789012", "region": "eu-central-1", "stack": f"winnow-{name}"}
    return Stage(name=name, **{**own, **more})


@pytest.fixture
def cloud() -> FakeCloud:
    cloud = FakeCloud()
    made = Made(version="0.2.0", commit="abc1234", source=digest_of(TEMPLATE))
    cloud.put_stack("winnow-test", parameters={"MaxRuns": "0", "Hook": "****"})
    cloud.templates["winnow-test"] = with_made(TEMPLATE, made)
    return cloud


def seen(cloud: FakeCloud, stage: Stage) -> StageView:
    return view_all([stage], lambda _stage: cloud, TEMPLATE)[0]


def test_what_runs_and_that_it_is_well(cloud: FakeCloud) -> None:
    found = seen(cloud, a_stage("test"))
    assert (found.version, found.commit, found.healthy) == ("0.2.0", "abc1234", True)
    assert (found.differs, found.alarms) == ((), ())


def test_alarms_that_ring(cloud: FakeCloud) -> None:
    cloud.alarms = ["RunsFailed"]
    found = seen(cloud, a_stage("test"))
    assert (found.alarms, found.healthy) == (("RunsFailed",), False)


def test_parameters_that_differ_are_named(cloud: FakeCloud) -> None:
    assert seen(cloud, a_stage("test", parameters={"MaxRuns": "5"})).differs == ("MaxRuns",)


def test_a_template_and_resources_that_differ(cloud: FakeCloud) -> None:
    cloud.templates["winnow-test"] = with_made(TEMPLATE, Made(version="0.1.0", source="other"))
    cloud.put_stack("winnow-test", drift="DRIFTED")
    assert seen(cloud, a_stage("test")).differs == ("template", "resources")


def test_a_stage_deployed_by_something_else_has_no_version(cloud: FakeCloud) -> None:
    cloud.templates["winnow-test"] = TEMPLATE
    found = seen(cloud, a_stage("test"))
    assert (found.version, found.differs, found.healthy) == ("", (), True)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"])
def test_a_broken_stack_is_not_well(cloud: FakeCloud, status: str) -> None:
    cloud.put_stack("winnow-test", status)
    assert seen(cloud, a_stage("test")).healthy is False


def test_a_stage_that_is_not_deployed(cloud: FakeCloud) -> None:
    assert seen(cloud, a_stage("prod")).status == "not deployed"


def test_one_that_cannot_be_reached_does_not_spoil_the_others(cloud: FakeCloud) -> None:
    def cloud_of(stage: Stage) -> FakeCloud:
        if stage.name == "far":
            raise AwsCredentialsError("The AWS credentials have expired (ExpiredToken).")
        return FakeCloud("000000000000") if stage.name == "other" else cloud

    views = view_all([a_stage("far"), a_stage("other"), a_stage("test")], cloud_of, TEMPLATE)
    assert [one.status for one in views] == ["unreachable", "unreachable", "CREATE_COMPLETE"]
    assert "expired" in views[0].problem
    assert "000000000000" in views[1].problem
