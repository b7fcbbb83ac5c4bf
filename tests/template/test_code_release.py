"""New code: runs are started by an alias of the workflow, which moves to a version and back.

The local stack's CloudFormation has neither, so what AWS documents of them is simulated here.
"""

import re
from typing import Any

import pytest

from tests.fakes.state_machines import StateMachines
from tests.template.expand import expand, read
from tests.template.rules.shape import ref
from tests.template.test_review_page import OFF, deployed
from winnow.ports import StartOutcome
from winnow_aws.workflow import StatesWorkflow

NAMES = read()["Parameters"]["CodeRelease"]["AllowedValues"]
LOCAL = {**OFF, "Local": "true", "ReviewPage": "true", "ReservedConcurrency": 40}


def started(stack: dict[str, Any]) -> list[Any]:
    """Whatever starts runs: what it starts."""
    resources = stack["Resources"]
    functions = [resources[f"{name}Function"]["Properties"] for name in ("Sweep", "Dispatch")]
    [target] = resources["UploadedRule"]["Properties"]["Targets"]
    return [target["Arn"], *(one["Environment"]["Variables"]["WORKFLOW_ARN"] for one in functions)]


def test_runs_are_started_by_the_alias_in_aws_and_by_the_machine_locally():
    assert started(deployed(OFF)) == [ref("TriageAlias")] * 3
    assert started(deployed(LOCAL)) == [ref("Triage")] * 3
    assert "WorkflowAlias" not in deployed(LOCAL)["Outputs"]


def test_the_local_stack_gets_nothing_that_its_cloudformation_lacks():
    kinds = {one["Type"] for one in deployed(LOCAL)["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::StepFunctions::StateMachine")}
    assert "AWS::CloudWatch::Dashboard" not in kinds


def test_what_ended_and_what_runs_is_looked_for_among_all_versions():
    resources = expand()["Resources"]
    for rule in ("StoppedRule", "EndedRule"):
        detail = resources[rule]["Properties"]["EventPattern"]["detail"]
        assert detail["stateMachineArn"] == [ref("Triage")]


def preference(release: str) -> Any:
    stack = deployed({**OFF, "CodeRelease": release})
    return stack["Resources"]["TriageAlias"]["Properties"]["DeploymentPreference"]


def mapped(found: Any, release: str) -> Any:
    name, key, what = found["Fn::FindInMap"]
    assert key == ref("CodeRelease")
    return read()["Mappings"][name][release][what]


@pytest.mark.parametrize("release", NAMES)
def test_a_release_is_what_its_name_says(release: str):
    found = preference(release)
    kind = mapped(found["Type"], release)
    if release == "AllAtOnce":
        assert kind == "ALL_AT_ONCE"
        assert set(found) == {"StateMachineVersionArn", "Type"}
        return
    percent, minutes = (mapped(found[name], release) for name in ("Percentage", "Interval"))
    every = "" if kind == "CANARY" else "Every"
    assert release == f"{kind.capitalize()}{percent}Percent{every}{minutes}Minutes"


def test_an_update_can_leave_new_runs_with_the_version_that_they_have():
    """The property is what it was, so CloudFormation does not touch the alias."""
    held = f"{MACHINE}:6"
    stack = deployed({**OFF, "CodeVersion": held})
    alias = stack["Resources"]["TriageAlias"]["Properties"]["DeploymentPreference"]
    assert alias["StateMachineVersionArn"] == ref("CodeVersion")
    assert "TriageVersion" in stack["Resources"], "the new version is published all the same"
    assert preference("AllAtOnce")["StateMachineVersionArn"] == ref("TriageVersion")
    pattern = re.compile(read()["Parameters"]["CodeVersion"]["AllowedPattern"])
    assert pattern.fullmatch(held)
    assert not pattern.fullmatch(MACHINE)
    assert not pattern.fullmatch(f"{MACHINE}:live")


def test_an_alarm_that_takes_an_update_back_exists_and_needs_no_function():
    """Functions are told the alias: an alarm on one of them would make a circle."""
    resources = expand()["Resources"]
    for alarm in preference(NAMES[1])["Alarms"]:
        found = resources[alarm["Ref"]]
        assert found["Type"] == "AWS::CloudWatch::Alarm"
        assert "Condition" not in found
        assert "Function" not in str(found["Properties"].get("Dimensions"))


def test_an_update_that_changes_the_machine_makes_a_version_and_keeps_the_last():
    version = expand()["Resources"]["TriageVersion"]
    revision = {"Fn::GetAtt": ["Triage", "StateMachineRevisionId"]}
    assert version["Properties"]["StateMachineRevisionId"] == revision
    assert {version["DeletionPolicy"], version["UpdateReplacePolicy"]} == {"Retain"}
    for step in ("Serialize", "Scan", "Classify", "Filter"):
        told = read()["Resources"]["Triage"]["Properties"]["DefinitionSubstitutions"]
        assert told[f"{step}Function"] == ref(f"{step}Function.Version"), "never an alias"


# -- simulated -----------------------------------------------------------------------------------

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:winnow-triage"
RUNS_A_MINUTE = 200


WRITTEN = read()
RELEASES = {name: preference(name) for name in NAMES}


def told(deployment: int) -> dict[str, str]:
    """The functions that the machine of a deployment calls, as SAM names their versions."""
    made = WRITTEN["Resources"]["Triage"]["Properties"]["DefinitionSubstitutions"]
    steps = ("Serialize", "Scan", "Classify", "Filter")
    named = {step: made[f"{step}Function"]["Ref"] for step in steps}
    return {step: name.replace("Version", str(deployment)) for step, name in named.items()}


@pytest.fixture
def deployed_once() -> StateMachines:
    machines = StateMachines(MACHINE, seed=1)
    machines.alias.weights = {machines.publish(told(1)): 100}
    return machines


def as_deployed(release: str) -> dict[str, Any]:
    parts = ("Type", "Percentage", "Interval")
    return {name: mapped(RELEASES[release][name], release) for name in parts}


def update(machines: StateMachines, release: str, rings_at: int | None = None) -> list[int]:
    """Update while runs are started; the percent of new code in those of each minute."""
    workflow = StatesWorkflow(machines, f"{MACHINE}:live")  # type: ignore[arg-type]
    shares: list[int] = []

    def rings() -> bool:
        return rings_at is not None and len(shares) >= rings_at

    moving = machines.deploy(machines.publish(told(2)), as_deployed(release), rings)
    for minute, _ in enumerate(moving):
        names = [f"{minute}-{number}" for number in range(RUNS_A_MINUTE)]
        for name in names:
            assert workflow.start(name, {}) is StartOutcome.STARTED
        new = sum(machines.executions[name] == told(2) for name in names)
        shares.append(round(100 * new / RUNS_A_MINUTE))
    return shares


def test_a_run_under_way_keeps_every_function_of_its_code(deployed_once: StateMachines):
    workflow = StatesWorkflow(deployed_once, f"{MACHINE}:live")  # type: ignore[arg-type]
    workflow.start("under way", {})
    update(deployed_once, "Canary10Percent5Minutes")
    workflow.start("afterwards", {})
    assert deployed_once.executions["under way"] == told(1)
    assert deployed_once.executions["afterwards"] == told(2)
    assert all(run in (told(1), told(2)) for run in deployed_once.executions.values()), "not mixed"
    # The same file again: the name is taken, whichever version has it.
    assert workflow.start("under way", {}) is StartOutcome.RUNNING
    assert deployed_once.executions["under way"] == told(1)


@pytest.mark.parametrize("release", [name for name in NAMES if name.startswith("Canary")])
def test_a_canary_gets_its_share_for_its_time(deployed_once: StateMachines, release: str):
    shares = update(deployed_once, release)
    assert f"Percent{len(shares)}Minutes" in release
    assert sum(shares) / len(shares) == pytest.approx(10, abs=4)
    assert deployed_once.alias.weights == {2: 100}


def test_a_linear_release_gets_more_from_step_to_step(deployed_once: StateMachines):
    shares = update(deployed_once, "Linear10PercentEvery10Minutes")
    steps = [sum(shares[start : start + 10]) / 10 for start in range(0, len(shares), 10)]
    assert steps == pytest.approx(list(range(10, 100, 10)), abs=4)


def test_an_alarm_takes_the_update_back_for_new_runs(deployed_once: StateMachines):
    shares = update(deployed_once, "Canary10Percent30Minutes", rings_at=3)
    assert len(shares) == 3
    assert deployed_once.alias.weights == {1: 100}
    workflow = StatesWorkflow(deployed_once, f"{MACHINE}:live")  # type: ignore[arg-type]
    for number in range(100):
        workflow.start(f"after {number}", {})
        assert deployed_once.executions[f"after {number}"] == told(1)
