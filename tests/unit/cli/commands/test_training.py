"""`winnow training` on an account in memory."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.fakes.batch import FakeBatch
from tests.fakes.cloud import FakeCloud, FakeImages, Recorder
from tests.fakes.sagemaker import FakeSageMaker
from tests.fakes.training_lease import MemoryLease, MemoryTrainings
from winnow.registry.trainings import EndedTraining, TrainingOutcome
from winnow_cli import models, target
from winnow_cli.app import app
from winnow_cli.commands import training
from winnow_cli.deployment import cloud as clouds
from winnow_cli.deployment.cloud import Change, StackResource
from winnow_cli.deployment.deploy import Deployment
from winnow_cli.deployment.images import ImagePackager
from winnow_cli.deployment.stages import Stage, read_stages, write_stage
from winnow_local.template import Checkout

STAGE = Stage(
    name="test",
    account="123456789012",
    region="eu-central-1",
    stack="winnow-test",
    parameters={"ReviewPage": "true"},
)
NEW = Change(action="Add", logical_id="Training", type="AWS::CloudFormation::Stack")


class Room:
    """An account with a stage that is deployed, and a stages.toml."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "stages.toml"
        self.file.write_text("# Ours.\n", "utf-8")
        write_stage(STAGE, self.file)
        self.cloud, self.batch, self.sagemaker = FakeCloud(), FakeBatch(), FakeSageMaker()
        self.clients = {"batch": self.batch, "sagemaker": self.sagemaker}
        self.cloud.polls = 0
        packager = ImagePackager(Checkout.here(), FakeImages())
        Deployment(
            STAGE, self.cloud, packager, packager.template, Recorder(), lambda _plan: None
        ).run()
        key = next(key for _, key in self.cloud.objects if key.endswith("template.json"))
        body = self.cloud.objects["winnow-artifacts-123456789012-eu-central-1", key]
        self.cloud.templates["winnow-test"] = json.loads(body)
        self.cloud.stack_resources["winnow-test"] = [
            StackResource(
                logical_id="TrainFunctionAliaslive",
                physical_id="arn:train",
                type="AWS::Lambda::Alias",
            )
        ]
        self.cloud.planned = (NEW,)
        self.cloud.calls.clear()
        self.invoked: list[dict[str, Any]] = []
        self.log, self.lease = MemoryTrainings(), MemoryLease()
        self.becomes: EndedTraining | None = None

    @property
    def kept(self) -> str | None:
        return read_stages(self.file).get("test").parameters.get("TrainOnBatch")

    @property
    def notebook(self) -> tuple[str | None, str]:
        """Its instance type in stages.toml, and in the stack."""
        kept = read_stages(self.file).get("test").parameters.get("TrainNotebook")
        return kept, self.cloud.stacks["winnow-test"].parameters["TrainNotebook"]

    @property
    def deployed(self) -> str | None:
        found = self.cloud.stacks["winnow-test"]
        return found.parameters["TrainOnBatch"]

    def invoke(self, **given: Any) -> None:
        """boto3's Lambda: what was asked for has ended at once."""
        self.invoked.append(given)
        if self.becomes is not None:
            self.log.keep(self.becomes)

    def run(self, *arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, ["training", *arguments, "--stages", str(self.file)])
        assert done.exit_code == code, done.output
        return done


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room(tmp_path)
    stack = SimpleNamespace(
        client=lambda _service: made,
        dynamodb=lambda: None,
        output=lambda _name: "models",
        local=False,
        name="test",
    )
    opened = SimpleNamespace(
        entry=lambda name: SimpleNamespace(process=name),
        who=lambda: SimpleNamespace(by="ann"),
    )
    monkeypatch.setattr(clouds.AwsCloud, "of", lambda _stage: made.cloud)
    monkeypatch.setattr(target, "stage_clients", lambda _stage: made.clients.__getitem__)
    monkeypatch.setattr(target, "target_of", lambda _stage: stack)
    monkeypatch.setattr(models, "open_models", lambda _target: opened)
    monkeypatch.setattr("winnow_aws.trainings.TrainingTable", lambda *_: made.log)
    monkeypatch.setattr("winnow_aws.training_lease.LeaseTable", lambda *_: made.lease)
    return made


def ended(outcome: TrainingOutcome, **more: Any) -> EndedTraining:
    return EndedTraining(
        process="bank", run="r", by="ann", at="now", outcome=outcome, sentence="So it went.",
        decisions=60, **more,
    )  # fmt: skip


def test_it_is_turned_on_by_a_deployment_of_what_runs_there(room: Room) -> None:
    before = room.cloud.templates["winnow-test"]["Metadata"]
    done = room.run("create", "test", "--yes")
    assert (room.kept, room.deployed) == ("true", "true")
    assert "Training" in done.stderr
    assert room.file.read_text("utf-8").startswith("# Ours.")
    newest = json.loads(list(room.cloud.objects.values())[-1])
    assert newest["Metadata"] == before


def test_again_nothing_changes(room: Room) -> None:
    room.run("create", "test", "--yes")
    room.cloud.plan_fails = "The submitted information didn't contain changes."
    done = room.run("create", "test", "--yes", "--json")
    assert json.loads(done.stdout)["action"] == "unchanged"
    assert room.kept == "true"


@pytest.mark.parametrize("command", ["create", "destroy"])
def test_without_a_terminal_and_an_answer_nothing_is_done(room: Room, command: str) -> None:
    done = room.run(command, "test", code=2)
    assert "--yes" in done.stderr
    assert room.cloud.calls == []


@pytest.mark.parametrize("command", ["create", "destroy"])
def test_a_plan_changes_nothing(room: Room, command: str) -> None:
    room.batch.add("one", "RUNNING")
    room.run(command, "test", "--plan")
    assert room.kept is None
    assert "execute_change_set" not in room.cloud.calls
    assert room.batch.ended == []


def test_a_stage_without_reviews_is_told_what_to_do(room: Room) -> None:
    stack = room.cloud.stacks["winnow-test"]
    room.cloud.put_stack("winnow-test", parameters={**stack.parameters, "ReviewPage": "false"})
    done = room.run("create", "test", "--yes", code=1)
    assert "review_off" in done.stderr
    assert "--parameter ReviewPage=true" in done.stderr
    assert room.kept is None


def test_the_wrong_account_is_refused(room: Room) -> None:
    room.cloud.account = "210987654321"
    for arguments in (
        *(("create", "test", "--yes"), ("destroy", "test", "--yes"), ("status", "test")),
        ("run", "test", "bank"),
    ):
        assert "account_mismatch" in room.run(*arguments, code=1).stderr
    assert room.cloud.calls == ["identity"] * 4


def test_it_is_turned_off_again(room: Room) -> None:
    room.run("create", "test", "--yes")
    room.batch.add("old", "SUCCEEDED")
    room.run("destroy", "test", "--yes")
    assert (room.kept, room.deployed) == (None, "false")
    assert room.batch.ended == []


def test_trainings_under_way_are_only_ended_with_the_stages_name(room: Room) -> None:
    room.run("create", "test", "--yes")
    room.batch.add("one", "RUNNING")
    room.cloud.calls.clear()
    done = room.run("destroy", "test", "--yes", code=2)
    assert "--confirm test" in " ".join(done.stderr.replace("│", "").split())
    room.run("destroy", "test", "--yes", "--confirm", "prod", code=2)
    assert "create_change_set" not in room.cloud.calls
    assert (room.kept, room.batch.ended) == ("true", [])
    room.run("destroy", "test", "--yes", "--confirm", "test")
    assert [job for job, _ in room.batch.ended] == ["one"]
    assert room.kept is None


def test_a_deployment_that_cannot_be_planned_ends_no_training(room: Room) -> None:
    room.run("create", "test", "--yes")
    room.batch.add("one", "RUNNING")
    room.cloud.plan_fails = "Template error"
    done = room.run("destroy", "test", "--yes", "--confirm", "test", code=1)
    assert "deployment_failed" in done.stderr
    assert (room.kept, room.batch.ended) == ("true", [])


def test_what_is_there_is_shown(room: Room) -> None:
    off = room.run("status", "test")
    assert "large trainings are off" in off.stdout
    assert "winnow training create test" in off.stderr
    room.run("create", "test", "--yes")
    room.batch.add("one", "RUNNING")
    room.batch.add("two", "FAILED", statusReason="Out of memory")
    lines = room.run("status", "test").stdout.splitlines()
    assert "  idle     costs nothing; 1 job under way" in lines
    assert any(line.endswith("died\t2026-11-27 09:00\t\t\tOut of memory") for line in lines)
    document = json.loads(room.run("status", "test", "--json").stdout)
    assert [one["state"] for one in document["jobs"]] == ["RUNNING", "FAILED"]
    assert (document["queue"], document["idle_cost_usd"]) == ("winnow-test-training", 0)


def test_a_notebook_is_asked_for_kept_and_given_up(room: Room) -> None:
    room.run("create", "test", "--yes")
    assert room.notebook == (None, "none")
    done = room.run("create", "test", "--yes", "--notebook")
    assert room.notebook == ("ml.t3.medium", "ml.t3.medium")
    assert "Each hour that a notebook on ml.t3.medium runs: no price is known" in done.stderr
    room.run("create", "test", "--yes")
    assert room.notebook == ("ml.t3.medium", "ml.t3.medium")
    done = room.run("create", "test", "--yes", "--no-notebook")
    assert room.notebook == (None, "none")
    assert "The notebook is stopped and deleted, with the files on its volume" in done.stderr
    assert room.kept == "true"


def test_the_instance_type_of_stages_toml_is_kept(room: Room) -> None:
    larger = {**STAGE.parameters, "TrainNotebook": "ml.m5.xlarge"}
    write_stage(STAGE.model_copy(update={"parameters": larger}), room.file)
    room.run("create", "test", "--yes", "--notebook")
    assert room.notebook == ("ml.m5.xlarge", "ml.m5.xlarge")
    done = room.run("destroy", "test", "--yes")
    assert room.notebook == (None, "none")
    assert "The notebook is stopped and deleted" in done.stderr


def test_code_without_a_notebook_is_told_so(room: Room) -> None:
    room.cloud.templates["winnow-test"]["Parameters"].pop("TrainNotebook")
    done = room.run("create", "test", "--yes", "--notebook", code=1)
    assert "knows no notebook yet" in done.stderr
    assert room.kept is None


def test_the_notebook_is_shown_and_opened_only_when_asked(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def browser(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", browser)
    room.run("create", "test", "--yes", "--notebook")
    room.sagemaker.state = "InService"
    lines = room.run("status", "test").stdout.splitlines()
    assert "  notebook winnow-test-training on ml.t3.medium (InService)" in lines
    assert any(line.endswith("#/notebook-instances/winnow-test-training") for line in lines)
    assert opened == []
    assert "authToken" not in room.run("status", "test", "--open").stdout
    assert opened == ["https://notebook.test/?authToken=t"]
    monkeypatch.setattr("webbrowser.open", lambda _url: False)
    assert "https://notebook.test/?authToken=t" in room.run("status", "test", "--open").stdout
    document = json.loads(room.run("status", "test", "--open", "--json").stdout)
    assert document["notebook"]["state"] == "InService"
    assert document["notebook_address"] == "https://notebook.test/?authToken=t"


def test_a_notebook_that_does_not_run_is_not_opened(room: Room) -> None:
    assert "--notebook" in room.run("status", "test", "--open", code=2).stderr
    room.run("create", "test", "--yes", "--notebook")
    assert "(missing)" in room.run("status", "test").stdout
    room.sagemaker.state = "Stopped"
    assert "the notebook is Stopped" in room.run("status", "test", "--open", code=2).stderr


def test_a_process_is_trained_there_and_its_end_shown(room: Room) -> None:
    room.becomes = ended(TrainingOutcome.BETTER, challenger="c" * 64)
    done = room.run("run", "test", "bank")
    assert done.stdout.strip() == "bank: So it went."
    assert "winnow release shadow bank --stack test" in done.stderr
    [asked] = room.invoked
    assert asked["FunctionName"] == "arn:train"
    assert json.loads(asked["Payload"]) == {"process": "bank", "by": "ann"}


def test_a_training_that_failed_is_a_failure(room: Room) -> None:
    room.becomes = ended(TrainingOutcome.FAILED, code="training_too_large", hint="Do this.")
    done = room.run("run", "test", "bank", code=1)
    assert "training_failed" in done.stderr
    assert "training_too_large" in done.stderr
    assert "Do this." in done.stderr


def test_what_failed_is_one_document_with_its_error(room: Room) -> None:
    room.becomes = ended(TrainingOutcome.FAILED, code="training_too_large", hint="Do this.")
    document = json.loads(room.run("run", "test", "bank", "--json", code=1).stdout)
    assert document["error"]["code"] == "training_failed"
    assert document["training"]["code"] == "training_too_large"


def test_it_need_not_be_waited_for(room: Room) -> None:
    done = room.run("run", "test", "bank", "--no-wait", "--json")
    assert json.loads(done.stdout) == {"stage": "test", "training": None}
    assert len(room.invoked) == 1


def test_two_trainings_of_a_process_do_not_begin(room: Room) -> None:
    room.lease.take("bank", "somebody", 0, 9e9)
    done = room.run("run", "test", "bank", code=1)
    assert "training_running" in done.stderr
    assert room.invoked == []


@pytest.mark.parametrize(
    ("command", "says"),
    [("create", "nothing to make"), ("destroy", "nothing to delete"), ("status", "no SageMaker")],
)
def test_the_local_stage_trains_in_a_process(room: Room, command: str, says: str) -> None:
    assert says in room.run(command, "local").stdout
    document = json.loads(room.run(command, "local", "--json").stdout)
    assert (document["stage"], document["on"]) == ("local", False)
    assert room.cloud.calls == []


def test_there_it_is_retrain(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    monkeypatch.setattr(training, "retrain", lambda *given, **more: called.append((given, more)))
    room.run("run", "local", "bank", "--json")
    assert called == [(("bank",), {"as_json": True})]
