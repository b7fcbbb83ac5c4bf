"""`winnow audit`: a list that breaks off, and a registry with problems."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from typer.testing import CliRunner

from tests.fakes.audits import an_audit, answered
from tests.fakes.registry import AT, MemoryRegistry
from tests.fakes.releases import MemoryLive
from tests.fakes.store import MemoryStore
from tests.fakes.versions import published
from winnow.errors import AwsUnreachableError
from winnow.recovery.status import UploadStatus
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.releases import live
from winnow.releases.live import Expected
from winnow_cli import audit, models, releases, target
from winnow_cli.app import app
from winnow_cli.audit import AuditRow
from winnow_cli.models import StackModels


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwsUnreachableError("AWS does not answer."), "aws_unreachable"),
        (ConnectTimeoutError(endpoint_url="https://x"), "aws_unreachable"),
        (ValueError("x"), "internal"),
    ],
)
def test_a_command_that_breaks_off_amid_its_list_leaves_one_document(
    error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*_: Any) -> Iterator[AuditRow]:
        yield AuditRow("1" * 32, UploadStatus.FAILED, "inbox/p/a.csv", "v", None)
        raise error

    monkeypatch.setattr(audit, "audit", found)
    monkeypatch.setattr(target, "find_target", lambda _: None)
    ran = CliRunner().invoke(app, ["audit", "--json", "--stack", "prod"])
    document = json.loads(ran.stdout)
    assert (ran.exit_code, document["error"]["code"]) == (1, code)
    assert [one["standing"] for one in document["uploads"]] == ["FAILED"]
    assert ran.stderr.startswith(f"{code}: ")


@pytest.mark.parametrize("broken", [False, True])
def test_a_problem_of_the_registry_is_told_and_fails(
    broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, store = MemoryRegistry(), MemoryStore()
    version = published(registry, store, 1)
    registry.change(None, *aliases.first(version, Who("ann", AT)))
    if broken:
        store.delete(version.files[0].object)
    found = StackModels(registry, store, "models", lambda: "ann")
    stack = SimpleNamespace(local=True, name="winnow", hint=lambda words: words)
    monkeypatch.setattr(audit, "audit", lambda *_: iter(()))
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(models, "models_if_any", lambda _: found)
    monkeypatch.setattr(releases, "live_of", lambda _: MemoryLive())
    ran = CliRunner().invoke(app, ["audit", "--json"])
    document = json.loads(ran.stdout)
    assert (ran.exit_code, document["clean"]) == (int(broken), not broken)
    told = [problem["text"] for problem in document["registry"]["problems"]]
    assert told == ["definition.yaml is gone."] * broken
    shown = CliRunner().invoke(app, ["audit"])
    assert shown.exit_code == int(broken)
    assert ("is gone" in shown.stderr) is broken
    assert version.sha256[:12] in shown.stderr or not broken


@pytest.mark.parametrize("altered", [False, True])
def test_live_precision_that_is_not_that_of_its_audits_is_told(
    altered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, store, kept = MemoryRegistry(), MemoryStore(), MemoryLive()
    version = published(registry, store, 1)
    registry.change(None, *aliases.first(version, Who("ann", AT)))
    head = answered(an_audit(1, version=version.sha256, process="moods"), right=True)
    watch = live.record(head, kept, lambda _: Expected.of(0.9))
    assert watch is not None
    if altered:
        assert kept.keep(watch.model_copy(update={"observed": 7, "revision": 2}), 1)
    found = StackModels(registry, store, "models", lambda: "ann")
    stack = SimpleNamespace(local=True, name="winnow", hint=lambda words: words)
    monkeypatch.setattr(audit, "audit", lambda *_: iter(()))
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(models, "models_if_any", lambda _: found)
    monkeypatch.setattr(releases, "live_of", lambda _: kept)
    ran = CliRunner().invoke(app, ["audit", "--json"])
    told = [problem["text"] for problem in json.loads(ran.stdout)["registry"]["problems"]]
    assert told == ["Its live precision is not that of its audits."] * altered
    assert ran.exit_code == int(altered)
