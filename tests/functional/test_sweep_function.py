"""The sweep function: what it measures last ends no sweep that is done."""

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest

from tests.fakes.model_table import create_model_table
from tests.fakes.registry import a_version
from tests.scripts import load
from winnow.recovery.report import SweepReport
from winnow.registry.models import Action, AliasChange, ProcessEntry
from winnow_aws.registry import PROCESSES, RegistryTable

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
TABLE = "models"


@pytest.fixture
def function(moto_aws: None, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """With a sweep that finds nothing to do."""
    for name, value in {"AWS_DEFAULT_REGION": REGION, "STACK_NAME": "winnow"}.items():
        monkeypatch.setenv(name, value)
    app = load(ROOT / "functions" / "sweep" / "app.py")
    settings = SimpleNamespace(
        results_bucket="results", models_table=TABLE, stack_name="winnow", reviews_table=""
    )
    monkeypatch.setattr(
        app, "build", lambda: (None, lambda *_: SweepReport(versions=7), settings, None)
    )
    return app


@pytest.fixture
def warned(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged."""
    said: list[str] = []
    monkeypatch.setattr(
        function.logger, "warning", lambda text, /, **more: said.append(f"{text}: {more}")
    )
    return said


@pytest.fixture
def dynamodb(function: ModuleType) -> Any:
    client = boto3.client("dynamodb", region_name=REGION)
    create_model_table(client, TABLE)
    return client


def release(dynamodb: Any, process: str, created: str) -> None:
    version = a_version(process, created=created)
    registry = RegistryTable(dynamodb, TABLE)
    registry.add(version)
    entry = ProcessEntry(
        process=process,
        kind="labels",
        champion=version.sha256,
        revision=1,
        changed_at=created,
        changed_by="ann",
    )
    change = AliasChange(
        process=process,
        revision=1,
        at=created,
        by="ann",
        action=Action.PUBLISHED,
        champion_after=version.sha256,
    )
    registry.change(None, entry, change)


def measured(said: str) -> set[str]:
    """The processes whose ages were emitted."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {line["process"] for line in lines if "ModelAge" in line}


def test_the_ages_of_all_processes_are_measured(
    function: ModuleType, dynamodb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    release(dynamodb, "one", "2026-01-01T00:00:00.000Z")
    release(dynamodb, "two", "2026-02-01T00:00:00.000Z")
    assert function.handler({}, None)["versions"] == 7
    assert measured(capsys.readouterr().out) == {"one", "two"}


@pytest.mark.parametrize("created", ["yesterday", "", "2026-13-45", "9" * 30])
def test_a_time_that_is_none_leaves_out_its_process(
    function: ModuleType,
    dynamodb: Any,
    warned: list[str],
    capsys: pytest.CaptureFixture[str],
    created: str,
) -> None:
    release(dynamodb, "one", "2026-01-01T00:00:00.000Z")
    release(dynamodb, "two", created)
    assert function.handler({}, None)["versions"] == 7
    assert measured(capsys.readouterr().out) == {"one"}
    [said] = warned
    assert "'two'" in said


def test_a_registry_that_cannot_be_read_ends_no_sweep(
    function: ModuleType, dynamodb: Any, warned: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    item = {"pk": {"S": PROCESSES}, "sk": {"S": "one"}, "codes": {"S": "Mr Smith"}}
    dynamodb.put_item(TableName=TABLE, Item=item)
    assert function.handler({}, None)["versions"] == 7
    [said] = warned
    assert "not measured" in said
    assert "Smith" not in said + capsys.readouterr().out


def test_without_its_table_a_sweep_is_done_all_the_same(
    function: ModuleType, warned: list[str]
) -> None:
    assert function.handler({}, None)["versions"] == 7
    assert [said.partition(":")[0] for said in warned] == ["not measured"] * 2
