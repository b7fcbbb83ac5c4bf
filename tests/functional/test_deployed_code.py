"""Which code a stack runs since when, on DynamoDB; and what `winnow status` makes of it."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.live import publish
from tests.fakes.model_table import create_model_table
from tests.fakes.registry import MemoryRegistry
from winnow.errors import AccessDeniedError
from winnow.registry.models import DeployedCode
from winnow_aws.deployed_code import DeployedCodeTable
from winnow_cli import models
from winnow_cli.models import Running, running_versions
from winnow_cli.render.uploads import print_running, running_document

CODE = DeployedCode(version="0.2.0", at="2027-01-15T08:00:00.000Z")


@pytest.mark.stack
def test_the_code_that_was_deployed_last_is_kept(dynamodb: Any) -> None:
    table = DeployedCodeTable(dynamodb, create_model_table(dynamodb, f"models-{uuid.uuid4().hex}"))
    assert table.get() is None
    table.put(CODE)
    newer = DeployedCode(version="0.3.0", at="2027-01-16T08:00:00.000Z")
    table.put(newer)
    assert table.get() == newer


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> MemoryRegistry:
    made = MemoryRegistry()
    monkeypatch.setattr(
        models, "models_if_any", lambda _: SimpleNamespace(registry=made, entries=made.entries)
    )
    monkeypatch.setattr(models, "deployed_code", lambda _: CODE)
    return made


def test_the_status_names_the_code_and_each_champion(
    registry: MemoryRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    champion, _ = publish(registry, "moods", 2)
    running = running_versions(SimpleNamespace())  # type: ignore[arg-type]
    assert running == Running(CODE, (champion,))
    document = running_document(running)
    assert document["code"] == {"version": "0.2.0", "at": CODE.at}
    assert [one["sha256"] for one in document["champions"]] == [champion.sha256]
    print_running(running)
    told = capsys.readouterr()
    assert told.out == ""
    assert "Code 0.2.0, deployed 2027-01-15 08:00 UTC." in told.err
    assert f"moods {champion.process_version} ({champion.short})" in told.err


def test_who_may_not_read_the_registry_sees_the_uploads_alone(
    registry: MemoryRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: Any) -> None:
        raise AccessDeniedError("not allowed")

    monkeypatch.setattr(models, "deployed_code", denied)
    assert running_versions(SimpleNamespace()) is None  # type: ignore[arg-type]
    assert running_document(None) == {}
