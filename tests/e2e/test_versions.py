"""A version that is published decides the next run; nothing is restarted, and no run has two."""

from pathlib import Path

import pytest

from winnow.models import Alias
from winnow_aws.registry import RegistryTable

from .conftest import SURE, Stack, until, winnow

pytestmark = pytest.mark.model
WEATHER = """
id: weather
version: {version}
kind: labels
title: What a sentence is about
input: {{text_columns: [text]}}
threshold: {threshold}
labels:
  - {{id: joy, examples: [I was overjoyed and full of happiness.]}}
  - {{id: rain, examples: [It rained all day.]}}
"""
MANY = "text\n" + "".join(f"{SURE} It was day {n}.\n" for n in range(1_500))


def publish(folder: Path, version: str, threshold: float) -> None:
    """Publish a version as champion."""
    file = folder / "weather.yaml"
    file.write_text(WEATHER.format(version=version, threshold=threshold))
    answer = winnow("process", "publish", file, "--as", "champion", "--yes", "--json")
    assert answer.code == 0, answer.err + answer.out


def test_what_ships_was_published_when_the_stack_started(stack: Stack) -> None:
    registry = RegistryTable(stack.target.client("dynamodb"), stack.target.outputs["ModelsTable"])
    (emotions,) = (entry for entry in registry.entries() if entry.process == "emotions")
    assert registry.version("emotions", emotions.champion).source == "shipped"
    assert emotions.changed_by == "stack"


def test_the_next_run_is_judged_by_what_was_published(stack: Stack, tmp_path: Path) -> None:
    row = stack.run("a.csv", f"text\n{SURE}\n", "weather")
    assert row.error_code == "process_unknown"

    publish(tmp_path, "1.0.0", 0.3)
    first, _ = stack.result(stack.run("a.csv", f"text\n{SURE}\n", "weather"))
    # A run that is under way has one version to its end, whichever it began with.
    key = stack.put("many.csv", MANY, "weather")
    until(lambda: (row := stack.uploads.by_key(key)) and row.run)
    publish(tmp_path, "2.0.0", 0.99)
    under_way, records = stack.result(stack.wait(key))
    second, _ = stack.result(stack.run("a.csv", f"text\n{SURE}\n", "weather"))

    assert first.version is not None
    assert second.version is not None
    assert first.version.alias is second.version.alias is Alias.CHAMPION
    assert first.version.sha256 != second.version.sha256
    assert (first.process.version, second.process.version) == ("1.0.0", "2.0.0")
    assert (first.threshold, second.threshold) == (0.3, 0.99)
    assert len(records) == 1_500
    begun_with = first if under_way.version == first.version else second
    assert under_way.version == begun_with.version
    assert under_way.process == begun_with.process
    assert under_way.threshold == begun_with.threshold
    # Its definition is found for as long as there are results.
    assert first.definition is not None
    assert first.definition.version_id
    mail = stack.mails(first.upload.upload_id)[0]
    assert first.version.short in mail.body
