"""`winnow release blue-green --code` on stacks in memory, and what CloudFormation is asked."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner, Result

from tests.fakes.aliases import MemoryCode
from tests.fakes.cloud import FakeCloud, FakeImages
from tests.template.expand import read
from winnow.errors import CodeReleaseFailedError, CodeReleaseUnsupportedError
from winnow_cli import target
from winnow_cli.app import app
from winnow_cli.code_release import opening
from winnow_cli.code_release.blue_green import BlueGreen
from winnow_cli.code_release.comparison import Comparison, Difference
from winnow_cli.code_release.counts import Counts
from winnow_cli.code_release.second_stack import STORES, Phase, second_template
from winnow_cli.code_release.stacks import Stacks, StackState
from winnow_cli.deployment.images import Made
from winnow_cli.deployment.stages import Stage
from winnow_local.template import Checkout, image_targets

RUNNER = CliRunner()
NOW = 1_800_000_000.0
FIRST, SECOND = "winnow", "winnow-green"
FOUND = Comparison(
    counts=Counts(uploads=2, records=9, differed=1),
    differences=(Difference(upload_id="0a1b2c", record=7, kind="decision"),),
)


class MemoryStacks:
    """`Stacks` that notes what is asked of it, in order."""

    def __init__(self) -> None:
        own = {"Intake": "ENABLED", "NotifyEmail": "ann@example.org", "RetentionDays": "30"}
        self.there = {FIRST: StackState("CREATE_COMPLETE", own, {})}
        self.calls: list[tuple[str, str, str]] = []
        self.failing: str | None = None
        self.templates: list[Any] = []

    def describe(self, name: str) -> StackState | None:
        return self.there.get(name)

    def resources(self, name: str) -> dict[str, str]:
        assert name == FIRST
        return {store: f"first-{store}" for store in STORES[Phase.LIVE]}

    def write(self, name: str, template: Any, parameters: dict[str, str]) -> StackState:
        self._note("write", name, parameters["Intake"])
        self.templates.append(template)
        assert set(parameters) <= set(template["Parameters"])
        made = StackState(
            "CREATE_COMPLETE",
            dict.fromkeys(template["Parameters"], "") | parameters,
            {"StateMachineArn": "arn:second", "UndeliveredQueue": "queue"},
        )
        self.there[name] = made
        return made

    def set(self, name: str, **parameters: str) -> StackState:
        self._note("set", name, parameters["Intake"])
        state = self.there[name]
        self.there[name] = state._replace(parameters=state.parameters | parameters)
        return self.there[name]

    def delete(self, name: str) -> None:
        self._note("delete", name, "")
        del self.there[name]

    def _note(self, *call: str) -> None:
        if self.failing == call[1]:
            raise CodeReleaseFailedError(f"The stack {self.failing!r} ended as FAILED.")
        self.calls.append(call)  # type: ignore[arg-type]

    def intake(self) -> tuple[str, str]:
        first, second = self.there[FIRST], self.there[SECOND]
        return first.parameters["Intake"], second.parameters["Intake"]


class Replayed(BlueGreen):
    """Replaying needs two stacks that run; tests/e2e/test_blue_green.py has them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.objects: dict[str, str] = {}

    def _replay(self, *_: Any) -> Comparison:
        return FOUND

    def _put(self, key: str, document: str) -> None:
        self.objects[key] = document

    def _kept(self, key: str) -> bytes | None:
        return self.objects[key].encode() if key in self.objects else None

    def _refuse_unfinished(self, state: StackState) -> None:
        assert state.outputs


class Room:
    def __init__(self) -> None:
        self.stacks, self.store = MemoryStacks(), MemoryCode()
        self.canary = False
        self.code = Replayed(
            SimpleNamespace(stack_name=FIRST),
            self.stacks,
            self.store,
            lambda: "ann",
            clock=lambda: NOW,
        )


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room()
    stack = SimpleNamespace(
        local=True, name=FIRST, stack_name=FIRST, outputs={}, hint=lambda words: f"winnow {words}"
    )
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(opening, "open_stacks", lambda _: made.code)
    monkeypatch.setattr(opening, "packaged", lambda *_: read())
    return made


def run(*arguments: str, code: int = 0) -> Result:
    done = RUNNER.invoke(app, ["release", *arguments, "--code"])
    assert done.exit_code == code, done.output
    return done


def document(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def test_a_second_stack_takes_over_and_the_first_comes_back(room: Room) -> None:
    found = document("blue-green", "--reason", "new\nreader")
    assert (found["champion"], found["challenger"]) == (FIRST, SECOND)
    assert found["release"]["comparison"]["differed"] == 1
    assert found["differences"] == [{"upload_id": "0a1b2c", "record": 7, "kind": "decision"}]
    assert room.stacks.calls == [("write", SECOND, "DISABLED")]
    assert "Table" not in room.stacks.there[SECOND].parameters
    room.stacks.calls.clear()

    found = document("promote")
    assert (found["champion"], found["previous"]) == (SECOND, FIRST)
    assert found["previous_until"] == "2027-01-16T08:00:00.000Z"
    # Both start runs for a moment, never none.
    assert room.stacks.calls == [("write", SECOND, "ENABLED"), ("set", FIRST, "DISABLED")]
    assert room.stacks.there[SECOND].parameters["Table"] == "first-Table"
    assert room.stacks.there[SECOND].parameters["RetentionDays"] == "30"
    assert room.stacks.there[SECOND].parameters["NotifyEmail"] == ""
    room.stacks.calls.clear()

    found = document("rollback")
    assert (found["champion"], found["taken_back"]) == (FIRST, True)
    assert room.stacks.calls == [("set", FIRST, "ENABLED"), ("set", SECOND, "DISABLED")]
    room.stacks.calls.clear()
    assert "Nothing to roll back" in run("rollback", code=1).stderr

    # Flipped once more it needs no new template.
    run("promote")
    assert room.stacks.calls == [("set", SECOND, "ENABLED"), ("set", FIRST, "DISABLED")]
    assert room.stacks.intake() == ("DISABLED", "ENABLED")
    assert "flip back" in run("stop", code=1).stderr
    run("rollback")
    assert document("stop")["challenger"] is None
    assert set(room.stacks.there) == {FIRST}
    assert [change.action for change in room.store.history()] == [
        *("shadow", "promoted", "rolled_back", "promoted", "rolled_back", "stopped")
    ]
    assert room.store.history()[0].reason == "new reader"


def test_what_was_compared_takes_over_whatever_the_checkout_has_by_then(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = document("blue-green")["release"]["id"]
    monkeypatch.setattr(opening, "packaged", lambda *_: {"Resources": {}})
    run("promote")
    shadow, live = room.stacks.templates
    assert live["Resources"]["ScanFunction"] == shadow["Resources"]["ScanFunction"] | {
        "Properties": live["Resources"]["ScanFunction"]["Properties"]
    }
    assert set(room.code.objects) == {
        f"shadow/{release}/comparison.json",
        # Where no role of the second stack may write.
        f"shadow/templates/{release}.json",
    }


def test_what_was_compared_a_week_ago_is_compared_again(room: Room) -> None:
    release = document("blue-green")["release"]["id"]
    del room.code.objects[f"shadow/templates/{release}.json"]
    assert "Compare again" in run("promote", code=1).stderr
    assert room.stacks.intake() == ("ENABLED", "DISABLED")


def test_before_it_is_flipped_it_is_deleted_by_a_rollback(room: Room) -> None:
    run("blue-green")
    run("rollback")
    assert set(room.stacks.there) == {FIRST}
    assert room.code.entry().challenger is None


def test_new_code_is_tried_again_in_the_same_stack(room: Room) -> None:
    first = document("blue-green")["release"]["id"]
    assert document("blue-green")["release"]["id"] != first
    assert room.stacks.calls == [("write", SECOND, "DISABLED")] * 2
    run("promote")
    assert "judges already" in run("blue-green", code=1).stderr
    run("rollback")
    assert "Delete it first" in run("blue-green", code=1).stderr


def test_a_flip_that_stops_half_way_is_finished_by_the_same_command(room: Room) -> None:
    run("blue-green")
    room.stacks.failing = FIRST
    found = document("promote", code=1)
    assert found["error"]["code"] == "code_release_failed"
    # Both start runs: the claim lets one of them judge a file.
    assert room.stacks.intake() == ("ENABLED", "ENABLED")
    entry = room.code.entry()
    assert entry is not None
    assert entry.champion == FIRST
    room.stacks.failing = None
    assert document("promote")["champion"] == SECOND
    assert room.stacks.intake() == ("DISABLED", "ENABLED")


def test_the_status_tells_which_stack_judges_and_what_differs(room: Room) -> None:
    run("blue-green")
    shown = run("status").stdout
    assert "1 differ" in shown
    assert "0a1b2c" in shown
    (found,) = document("status")["stacks"]
    assert found["differences"][0]["record"] == 7
    run("promote")
    (found,) = document("status")["stacks"]
    assert (found["champion"], found["release"]) == (SECOND, None)
    assert SECOND in run("status").stdout


def test_a_canary_and_a_second_stack_exclude_each_other(room: Room) -> None:
    run("blue-green")
    done = run("canary", "--percent", "5", code=1)
    assert "release_invalid" in done.stderr
    assert SECOND in done.stderr


def test_a_first_stack_of_an_earlier_version_is_refused(room: Room) -> None:
    state = room.stacks.there[FIRST]
    room.stacks.there[FIRST] = state._replace(parameters={})
    found = document("blue-green", code=1)
    assert found["error"]["code"] == "code_release_unsupported"
    assert room.stacks.calls == []


@pytest.mark.parametrize("words", [("promote",), ("stop",), ("rollback",)])
def test_without_a_second_stack_it_is_about_the_alias(room: Room, words: tuple[str, ...]) -> None:
    assert "code_release_unsupported" in run(*words, code=1).stderr


# -- the new code ----------------------------------------------------------------------------------

STAGE = Stage(name="test", region="eu-central-1", stack="winnow-test")


def functions(template: Any) -> dict[str, Any]:
    return {
        name: one["Properties"]
        for name, one in template["Resources"].items()
        if one["Type"] == "AWS::Serverless::Function"
    }


@pytest.mark.parametrize("phase", Phase)
def test_in_aws_a_checkout_is_built_and_pushed_by_digest(phase: Phase) -> None:
    cloud, images = FakeCloud(), FakeImages()
    lines: list[str] = []
    made = opening.built(STAGE, cloud, Checkout.here(), images, lines.append)
    second = functions(second_template(made, "0a1b2c3d", phase))
    pushed = set(Made.of(made).images.values())
    assert len(pushed) == len(images.pushed)
    assert {one["ImageUri"] for one in second.values()} == pushed
    assert all("@sha256:" in uri for uri in pushed)
    assert any("image 1 of" in line for line in lines)
    # Definitions of workflows are in the bucket of the credentials' account.
    definition = made["Resources"]["Triage"]["Properties"]["DefinitionUri"]
    assert definition["Bucket"] == f"winnow-artifacts-{cloud.account}-eu-central-1"
    assert (definition["Bucket"], definition["Key"]) in cloud.objects


@pytest.mark.parametrize(
    ("parameters", "architecture"), [({}, "x86_64"), ({"Architecture": "arm64"}, "arm64")]
)
def test_a_second_stack_is_built_for_the_processors_of_the_first(
    parameters: dict[str, str], architecture: str
) -> None:
    cloud, images = FakeCloud(), FakeImages()
    cloud.put_stack(STAGE.stack, parameters=parameters)
    opening.built(STAGE, cloud, Checkout.here(), images, lambda _: None)
    assert images.built_for == [architecture]


def test_an_image_that_is_in_the_registry_is_not_pushed_again() -> None:
    cloud, images = FakeCloud(), FakeImages()
    for one in image_targets(read()):
        tag = images.id(f"winnow-{one}:local")[7:23]
        cloud.repositories[f"winnow/{one}"] = {tag: "sha256:" + "d" * 64}
    made = opening.built(STAGE, cloud, Checkout.here(), images, lambda _: None)
    assert images.pushed == []
    assert {uri[-64:] for uri in Made.of(made).images.values()} == {"d" * 64}


def test_without_a_template_a_stack_in_aws_gets_this_checkout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = FakeCloud()
    monkeypatch.setattr("winnow_cli.deployment.cloud.AwsCloud", lambda *_: cloud)
    monkeypatch.setattr("winnow_cli.deployment.images.DockerImages", lambda _: FakeImages())
    session = SimpleNamespace(region_name="eu-central-1")
    there: Any = SimpleNamespace(
        name="test", stack_name="winnow-test", local=False, session=session
    )
    assert Made.of(opening.packaged(there, None)).images


def test_a_template_that_sam_has_not_packaged_is_refused(tmp_path: Path) -> None:
    there: Any = SimpleNamespace(local=False)
    with pytest.raises(CodeReleaseUnsupportedError, match="has no image"):
        opening.packaged(there, Checkout.here().template)
    packaged = read()
    for one in functions(packaged).values():
        one["ImageUri"] = "repository@sha256:0"
    path = tmp_path / "packaged.yaml"
    path.write_text(json.dumps(packaged), "utf-8")
    assert opening.packaged(there, path) == packaged


# -- what CloudFormation is asked ------------------------------------------------------------------


def clients() -> tuple[Any, Any]:
    given = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("cloudformation", **given), boto3.client("s3", **given)  # type: ignore[call-overload]


def described(status: str, **parameters: str) -> dict[str, Any]:
    return {
        "Stacks": [
            {
                "StackName": SECOND,
                "CreationTime": "2027-01-15T07:00:00Z",
                "StackStatus": status,
                "Parameters": [
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in parameters.items()
                ],
            }
        ]
    }


CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def test_a_flip_changes_one_parameter_and_keeps_the_others() -> None:
    cloudformation, s3 = clients()
    stacks = Stacks(cloudformation, s3, "bucket", "https://x", sleep=lambda _: None)
    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stacks", described("CREATE_COMPLETE", Intake="ENABLED", A="1"))
        stub.add_response(
            "update_stack",
            {},
            {
                "StackName": SECOND,
                "UsePreviousTemplate": True,
                "Parameters": [
                    {"ParameterKey": "Intake", "ParameterValue": "DISABLED"},
                    {"ParameterKey": "A", "UsePreviousValue": True},
                ],
                "Capabilities": CAPABILITIES,
            },
        )
        stub.add_response("describe_stacks", described("UPDATE_IN_PROGRESS"))
        stub.add_response("describe_stacks", described("UPDATE_COMPLETE", Intake="DISABLED"))
        assert stacks.set(SECOND, Intake="DISABLED").parameters == {"Intake": "DISABLED"}
        # What it has already is not set again.
        stub.add_response("describe_stacks", described("UPDATE_COMPLETE", Intake="DISABLED"))
        stacks.set(SECOND, Intake="DISABLED")
        stub.assert_no_pending_responses()


def test_a_stack_that_cannot_be_changed_names_the_resource() -> None:
    cloudformation, s3 = clients()
    stacks = Stacks(cloudformation, s3, "bucket", "https://x", sleep=lambda _: None)
    event = {
        "StackId": "id",
        "EventId": "1",
        "StackName": SECOND,
        "Timestamp": "2027-01-15T07:00:00Z",
        "LogicalResourceId": "ScanFunction",
        "ResourceStatus": "CREATE_FAILED",
        "ResourceStatusReason": "MemorySize",
    }
    with Stubber(cloudformation) as stub, Stubber(s3) as objects:
        objects.add_response("put_object", {})
        stub.add_client_error("describe_stacks", "ValidationError", "does not exist")
        stub.add_response("create_stack", {})
        stub.add_response("describe_stacks", described("ROLLBACK_IN_PROGRESS"))
        stub.add_response("describe_stacks", described("ROLLBACK_COMPLETE"))
        stub.add_response("describe_stack_events", {"StackEvents": [event]})
        with pytest.raises(CodeReleaseFailedError, match=r"ROLLBACK_COMPLETE.*ScanFunction"):
            stacks.write(SECOND, {"Resources": {}}, {"Intake": "DISABLED"})
        stub.add_client_error("describe_stacks", "ValidationError", "does not exist")
        assert stacks.describe(SECOND) is None
