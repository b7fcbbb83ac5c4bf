"""`winnow release --code`: a canary by the workflow's alias, said as one of a model."""

import json
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner, Result

from tests.fakes.aliases import AT, MemoryAlias, MemoryCode
from tests.fakes.registry import a_version
from winnow.errors import ReleaseConflictError
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import ProcessEntry, Release
from winnow_cli import target
from winnow_cli.app import app
from winnow_cli.code_release import canary, opening
from winnow_cli.code_release.alias import Route, WorkflowAlias
from winnow_cli.code_release.blue_green import BlueGreen
from winnow_cli.code_release.canary import StackCode
from winnow_cli.code_release.models import CodeEntry, CodeRelease, Runs

RUNNER = CliRunner()
NOW = 1_800_000_000.0
TOMORROW = "2027-01-16T08:00:00.000Z"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:winnow-triage"


class Room:
    """A stack whose runs have version 6 of its workflow; version 7 is deployed."""

    def __init__(self) -> None:
        self.alias, self.store = MemoryAlias(7, Route("6", 100)), MemoryCode()
        self.processes: list[ProcessEntry] = []
        self.status: str | None = None
        self.code = self.opened()

    def opened(self, user: str = "ann") -> StackCode:
        return StackCode(
            "winnow",
            self.alias,  # type: ignore[arg-type]
            self.store,
            lambda: self.processes,
            lambda: user,
            busy=lambda: self.status,
            clock=lambda: NOW,
        )


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room()
    stack = SimpleNamespace(
        local=False,
        name="winnow",
        stack_name="winnow",
        outputs={canary.OUTPUT: f"{MACHINE}:live"},
        hint=lambda words: f"winnow {words}",
    )
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(canary, "open_code", lambda _: made.code)
    no_second_stack(monkeypatch)
    return made


def no_second_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Release code on a stack beside which there is no other."""
    nothing: Any = None
    stacks = BlueGreen(
        SimpleNamespace(stack_name="winnow"),  # type: ignore[arg-type]
        nothing,
        MemoryCode(),
        lambda: "ann",
    )
    monkeypatch.setattr(opening, "open_stacks", lambda _: stacks)


def run(*arguments: str, code: int = 0) -> Result:
    done = RUNNER.invoke(app, ["release", *arguments])
    assert done.exit_code == code, done.output
    return done


def document(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def released(stage: str) -> ProcessEntry:
    """A process with a release of a model under way."""
    first, second = (a_version("moods", number) for number in (1, 2))
    entry = aliases.first(first, Who("winnow", AT)).entry
    entry = aliases.set_challenger(entry, second, Who("ann", AT)).entry
    if stage == "shadow":
        return aliases.start_shadow(entry, Who("ann", AT), "00").entry
    return aliases.start_canary(entry, Who("ann", AT), "00", 10).entry


def test_a_canary_rises_is_promoted_and_taken_back(room: Room) -> None:
    found = document("canary", "--code", "--percent", "10", "--reason", "new\nreader")
    assert (found["champion"], found["challenger"]) == ("6", "7")
    assert found["release"]["percent"] == 10
    assert room.alias.routed == (Route("7", 10), Route("6", 90))
    run("canary", "--code", "--percent", "50")
    assert room.alias.routed == (Route("7", 50), Route("6", 50))
    promoted = document("promote", "--code")
    assert (promoted["champion"], promoted["previous"], promoted["previous_until"]) == (
        "7",
        "6",
        TOMORROW,
    )
    assert room.alias.routed == (Route("7", 100),)
    assert document("rollback", "--code")["champion"] == "6"
    assert room.alias.routed == (Route("6", 100),)
    actions = [(one.action, one.percent) for one in room.store.history()]
    assert actions == [
        ("canary", 10),
        ("canary", 50),
        ("promoted", None),
        ("rolled_back", None),
    ]
    assert room.store.history()[0].reason == "new reader"
    assert "rolled_back_already" in run("rollback", "--code", code=1).stderr
    assert room.alias.routed == (Route("6", 100),)
    assert document("rollback", "--code", "--force")["champion"] == "7"


@pytest.mark.parametrize("words", ["rollback", "stop"])
def test_a_canary_that_is_ended_leaves_the_champion_alone(room: Room, words: str) -> None:
    run("canary", "--code", "--percent", "10")
    found = document(words, "--code")
    assert (found["champion"], found["challenger"], found["release"]) == ("6", "7", None)
    assert room.alias.routed == (Route("6", 100),)


@pytest.mark.parametrize("percent", [0, 100])
def test_a_share_of_nothing_or_all_is_exact_and_still_a_release(room: Room, percent: int) -> None:
    run("canary", "--code", "--percent", str(percent))
    assert room.alias.routed == (Route("7", percent), Route("6", 100 - percent))
    assert document("status", "--code")["code"][0]["release"]["percent"] == percent


def test_the_fields_are_those_of_a_release_of_a_model(room: Room) -> None:
    run("canary", "--code", "--percent", "10")
    (found,) = document("status", "--code")["code"]
    assert set(Release.model_fields) - set(found["release"]) == {"key"}
    ours = {"stack", *ProcessEntry.model_fields} - {"process", "codes", "kind"}
    # Of a model alone: what it was trained with, and what it was released with.
    of_models = {"decisions_at_training", "promised", "previous_promised"}
    assert set(CodeEntry.model_fields) == ours - of_models
    assert (found["champion"]["alias"], found["challenger"]["alias"]) == ("champion", "challenger")
    assert (found["challenger"]["runs"], found["challenger"]["failed"]) == (7, 0)
    shown = run("status", "--code").stdout
    assert "90 %" in shown
    assert "canary, 10 % of new runs" in shown


def test_a_release_by_cloudformation_is_shown_as_such(room: Room) -> None:
    room.alias.routed = (Route("6", 90), Route("7", 10))
    (found,) = document("status", "--code")["code"]
    assert (found["release"]["by"], found["release"]["automatic"]) == ("CloudFormation", True)
    assert (found["champion"]["version"], found["challenger"]["version"]) == ("6", "7")
    room.status = "UPDATE_IN_PROGRESS"
    assert "UPDATE_IN_PROGRESS" in run("promote", "--code", code=1).stderr
    assert room.alias.routed == (Route("6", 90), Route("7", 10))


def test_an_update_since_is_seen_from_the_alias(room: Room) -> None:
    run("promote", "--code")
    room.alias.newest, room.alias.routed = 8, (Route("8", 100),)
    (found,) = document("status", "--code")["code"]
    assert (found["champion"]["version"], found["previous"]) == ("8", "7")
    assert document("rollback", "--code")["champion"] == "7"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("canary", "--percent", "5", "--version", "9"), "7, 6"),
        (("canary", "--percent", "5", "--version", "6"), "champion already"),
        (("stop",), "under way"),
        (("promote", "--revision", "4"), "release_conflict"),
    ],
)
def test_what_does_not_fit_changes_nothing(room: Room, words: tuple[str, ...], told: str) -> None:
    assert told in run(*words, "--code", code=1).stderr
    assert room.alias.routed == (Route("6", 100),)
    assert room.store.history() == ()


def test_without_a_newer_version_there_is_nothing_to_release(room: Room) -> None:
    room.alias.newest = 6
    assert "CodeVersion" in run("canary", "--code", "--percent", "5", code=1).stderr
    room.alias.newest, room.alias.routed = 1, (Route("1", 100),)
    assert "only one" in run("rollback", "--code", code=1).stderr


def test_of_two_people_one_moves_the_alias(room: Room) -> None:
    bob = room.opened("bob")
    seen = bob.entry()
    run("canary", "--code", "--percent", "10")
    changed = seen.model_copy(update={"revision": seen.revision + 1})
    with pytest.raises(ReleaseConflictError):
        room.store.change(changed, room.store.history()[0])
    assert room.alias.routed == (Route("7", 10), Route("6", 90))


def test_canaries_of_a_model_and_of_code_exclude_each_other(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.processes = [released("canary")]
    done = run("canary", "--code", "--percent", "5", code=1)
    assert "moods" in done.stderr
    assert "release_invalid" in done.stderr
    assert room.alias.routed == (Route("6", 100),)
    room.processes = [released("shadow")]
    run("canary", "--code", "--percent", "5")
    stack: Any = SimpleNamespace(outputs={canary.OUTPUT: f"{MACHINE}:live"})
    with pytest.raises(Exception, match="canary of code is under way"):
        canary.refuse_code_canary(stack)
    run("stop", "--code")
    canary.refuse_code_canary(stack)
    canary.refuse_code_canary(SimpleNamespace(outputs={}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        ("promote", "moods", "--code"),
        ("promote",),
        ("rollback",),
        ("canary", "--percent", "5"),
        ("canary", "--code", "--percent", "5", "--guarantee", "0.9"),
        ("canary", "--code", "--percent", "5", "--by-hand"),
        ("canary", "--code"),
    ],
)
def test_a_process_or_code_has_to_be_named_and_not_both(room: Room, words: tuple[str, ...]) -> None:
    run(*words, code=2)
    assert room.store.history() == ()


def test_the_local_stack_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = SimpleNamespace(local=True, name="winnow", outputs={})
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    no_second_stack(monkeypatch)
    found = document("canary", "--code", "--percent", "5", code=1)
    assert found["error"]["code"] == "code_release_unsupported"
    assert "aliases" in found["error"]["message"]
    assert "blue-green --code" in found["error"]["advice"]
    stack.local = False
    assert "earlier version" in run("status", "--code", code=1).stderr


# -- what AWS is asked ----------------------------------------------------------------------------


def test_the_calls_are_those_that_step_functions_takes() -> None:
    states = boto3.client(
        "stepfunctions",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    alias = WorkflowAlias(states, f"{MACHINE}:live")
    when = "2027-01-15T07:00:00+00:00"
    routing = [
        {"stateMachineVersionArn": f"{MACHINE}:7", "weight": 10},
        {"stateMachineVersionArn": f"{MACHINE}:6", "weight": 90},
    ]
    named = {"stateMachineAliasArn": f"{MACHINE}:live"}
    with Stubber(states) as stub:
        stub.add_response(
            "update_state_machine_alias",
            {"updateDate": when},
            {**named, "routingConfiguration": routing},
        )
        alias.set(Route("7", 10), Route("6", 90))
        for token, versions in ((None, ("7", "10")), ("more", ("6",))):
            stub.add_response(
                "list_state_machine_versions",
                {
                    "stateMachineVersions": [
                        {"stateMachineVersionArn": f"{MACHINE}:{v}", "creationDate": when}
                        for v in versions
                    ],
                    **({} if token else {"nextToken": "more"}),
                },
                {"stateMachineArn": MACHINE, **({"nextToken": token} if token else {})},
            )
        assert alias.versions() == ("10", "7", "6")
        ended = ("SUCCEEDED", "RUNNING", "FAILED", "TIMED_OUT")
        stub.add_response(
            "list_executions",
            {
                "executions": [
                    {
                        "executionArn": f"{MACHINE.replace('stateMachine', 'execution')}:{n}",
                        "stateMachineArn": MACHINE,
                        "name": str(n),
                        "status": status,
                        "startDate": when,
                    }
                    for n, status in enumerate(ended)
                ]
            },
            {"stateMachineArn": f"{MACHINE}:7", "maxResults": 100},
        )
        assert alias.runs("7") == Runs(runs=4, running=1, succeeded=1, failed=2)


def test_the_shapes_come_back_from_the_table_as_they_went() -> None:
    from winnow_aws.models_table import attributes_of, values_of

    release = CodeRelease.model_validate(
        {"stage": "canary", "challenger": "7", "percent": 10, "started_at": AT, "by": "ann"}
    )
    entry = CodeEntry(stack="winnow", champion="6", challenger="7", release=release, revision=1)
    assert CodeEntry.model_validate(values_of(attributes_of(entry))) == entry
