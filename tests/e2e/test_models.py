"""Versions on the running stack: published, promoted and taken back, with nothing restarted."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from winnow.errors import ReleaseConflictError
from winnow.registry.files import training_rows
from winnow.registry.models import DataManifest, DataPart
from winnow_cli.models import StackModels, open_models

from .conftest import Stack, until, winnow

pytestmark = pytest.mark.model

YAML = """\
id: {process}
version: {version}
kind: labels
title: Weather
labels:
  - {{id: rain, examples: ["{rain}"]}}
  - {{id: sun, examples: ["The sun shines all day."]}}
threshold: {threshold}
"""
LINES = "".join(json.dumps({"text": f"It rains today, day {n}."}) + "\n" for n in range(2_000))
ONE = json.dumps({"text": "It rains today."}) + "\n"


@pytest.fixture
def models(stack: Stack) -> StackModels:
    return open_models(stack.target)


class Definition:
    """The file of a process that no other test has."""

    def __init__(self, folder: Path, process: str) -> None:
        self.process = process
        self.file = folder / f"{process}.yaml"

    def write(self, version: str, threshold: float = 0.0, rain: str = "It rains today.") -> Path:
        text = YAML.format(process=self.process, version=version, threshold=threshold, rain=rain)
        self.file.write_text(text, "utf-8")
        return self.file

    def publish(self, version: str, *arguments: str, **fields: Any) -> Any:
        done = winnow("process", "publish", self.write(version, **fields), "--json", *arguments)
        assert done.code == 0, done.out
        return done.document()


@pytest.fixture
def weather(stack: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Definition:
    return Definition(tmp_path, f"weather-{abs(hash(request.node.name)) % 10**6}")


def judged_by(stack: Stack, row: Any) -> str | None:
    version = stack.uploads.result(row).version
    return None if version is None else version.sha256


def test_a_new_process_judges_the_next_upload_with_nothing_restarted(
    stack: Stack, weather: Definition
) -> None:
    supervisor = stack.state_dir.read()
    refused = stack.run("a.jsonl", ONE, weather.process)
    assert refused.error_code == "process_unknown"
    told = weather.publish("1.0.0")
    assert (told["new"], told["alias"], told["revision"]) == (True, "champion", 1)
    row = stack.run("a.jsonl", ONE, weather.process)
    assert (row.state, row.records) == ("SUCCEEDED", 1)
    assert judged_by(stack, row) == told["champion"]
    shown = winnow("results", row.upload_id)
    assert told["champion"][:12] in shown.err
    assert stack.state_dir.read() == supervisor
    names = [file["name"] for file in told["version"]["files"]]
    assert "references-litert.vectors" in names


def test_a_run_under_way_keeps_its_version_and_the_next_has_the_new_one(
    stack: Stack, weather: Definition
) -> None:
    first = weather.publish("1.0.0")
    under_way = stack.put("many.jsonl", LINES, weather.process)
    until(lambda: (row := stack.uploads.by_key(under_way)) and row.run)
    second = weather.publish("1.1.0", "--as", "champion", threshold=0.5)
    assert (second["alias"], second["changed"]) == ("champion", True)
    assert second["diff"]["before"] == first["champion"]
    after = stack.run("b.jsonl", ONE, weather.process)
    assert judged_by(stack, after) == second["champion"] != first["champion"]
    ended = stack.wait(under_way)
    assert (ended.state, ended.records) == ("SUCCEEDED", 2_000)
    # Serialize may have resolved before or after; all of its records were judged by the same.
    result = stack.uploads.result(ended)
    assert judged_by(stack, ended) in (first["champion"], second["champion"])
    expected = {first["champion"]: 0.0, second["champion"]: 0.5}
    assert result.threshold == expected[str(judged_by(stack, ended))]


def test_a_challenger_judges_nothing_before_it_is_promoted_and_rollback_takes_it_back(
    stack: Stack, weather: Definition
) -> None:
    first = weather.publish("1.0.0")["champion"]
    told = weather.publish("2.0.0", rain="Rain falls and falls.")
    second = told["version"]["sha256"]
    assert (told["alias"], told["champion"]) == ("challenger", first)
    assert judged_by(stack, stack.run("a.jsonl", ONE, weather.process)) == first
    listed = winnow("model", "list", weather.process, "--json").document()["processes"][0]
    assert {v["sha256"]: v["aliases"] for v in listed["versions"]} == {
        first: ["champion"],
        second: ["challenger"],
    }
    diff = winnow("model", "diff", weather.process, "champion", second[:8], "--json").document()
    assert any("Rain falls and falls." in line for line in diff["definition"])

    promoted = winnow("model", "promote", weather.process, "--json", "--reason", "Better.")
    assert promoted.document()["champion"] == second
    assert judged_by(stack, stack.run("a.jsonl", ONE, weather.process)) == second
    back = winnow("model", "rollback", weather.process, "--json")
    assert back.document()["champion"] == first
    assert judged_by(stack, stack.run("a.jsonl", ONE, weather.process)) == first

    shown = winnow("model", "show", weather.process, second[:6], "--json").document()
    actions = [(change["action"], change["revision"]) for change in shown["history"]]
    assert actions == [("published", 1), ("challenger", 2), ("promoted", 3), ("rolled_back", 4)]
    assert shown["history"][2]["reason"] == "Better."


def test_publishing_the_same_again_changes_nothing(stack: Stack, weather: Definition) -> None:
    first = weather.publish("1.0.0")
    again = weather.publish("1.0.0", "--as", "champion")
    assert (again["new"], again["changed"], again["revision"]) == (False, False, 1)
    assert again["version"]["created"] == first["version"]["created"]


@pytest.mark.parametrize("text", ["id: x\nkind: labels\n", "version: 1.0.0\n{", ""])
def test_what_does_not_validate_changes_nothing(
    stack: Stack, models: StackModels, weather: Definition, text: str
) -> None:
    weather.publish("1.0.0")
    weather.file.write_text(text, "utf-8")
    before = models.entries()
    done = winnow("process", "publish", weather.file, "--as", "champion", "--json")
    assert (done.code, done.document()["error"]["code"]) == (1, "publish_invalid")
    assert models.entries() == before


def test_the_name_of_another_process_is_refused(
    stack: Stack, models: StackModels, weather: Definition
) -> None:
    text = weather.write("1.0.0").read_text("utf-8") + "codes: [L33774]\n"
    weather.file.write_text(text, "utf-8")
    done = winnow("process", "publish", weather.file, "--json")
    assert done.document()["error"]["code"] == "publish_invalid"
    assert models.entry_of(weather.process) is None


def test_of_promotions_at_once_exactly_one_wins(
    stack: Stack, models: StackModels, weather: Definition
) -> None:
    weather.publish("1.0.0")
    others = [weather.publish(f"1.{n}.0")["version"]["sha256"] for n in range(1, 5)]
    seen = models.entry(weather.process)

    def promote(sha256: str) -> str | None:
        mine = open_models(stack.target)
        try:
            return mine.promote(seen, mine.version(seen, sha256), "race").champion
        except ReleaseConflictError:
            return None

    with ThreadPoolExecutor(len(others)) as pool:
        won = [sha256 for sha256 in pool.map(promote, others) if sha256]
    after = models.entry(weather.process)
    assert won == [after.champion]
    assert after.revision == seen.revision + 1
    assert [c.revision for c in models.history(after)] == list(range(1, after.revision + 1))
    error = winnow(
        "model", "promote", weather.process, others[0], "--json", "--revision", str(seen.revision)
    ).document()["error"]
    assert error["code"] == "release_conflict"


def test_training_rows_of_a_forgotten_upload_are_gone_in_every_version(
    stack: Stack, models: StackModels, weather: Definition
) -> None:
    told = weather.publish("1.0.0")
    text = "Zebedee was out in the rain."
    row = stack.run("z.jsonl", json.dumps({"text": text}) + "\n", weather.process)
    ref = training_rows(models.bucket, weather.process, "e" * 64)
    line = {"text": text, "fields": {}, "label": "rain", "weight": 1.0, "blind": False}
    source = {"upload": row.upload_id, "record": 1}
    kept = {**line, "text": "Nobody was out.", "source": None, "id": "2"}
    content = "".join(
        json.dumps(one) + "\n" for one in ({**line, "source": source, "id": "1"}, kept)
    )
    stored = stack.s3.put_object(Bucket=ref.bucket, Key=ref.key, Body=content.encode())
    part = DataPart(
        kind="reviews",
        object=ref.model_copy(update={"version_id": stored["VersionId"]}),
        sha256="e" * 64,
        rows=2,
        name="reviews",
    )
    trained = models.version(models.entry(weather.process), "champion").model_copy(
        update={"sha256": "e" * 64, "data": DataManifest(parts=(part,), rows=2)}
    )
    models.registry.add(trained)
    try:
        erased = winnow("forget", row.upload_id, "--yes", "--json").document()
        assert (erased["rows"], erased["models"]) == (1, ["e" * 64])
        left = everything(stack, ref.bucket, f"data/{weather.process}/")
        assert "Zebedee" not in left
        assert row.upload_id not in left
        assert "Nobody was out." in left
        shown = winnow("model", "show", weather.process, "eeeeee", "--json").document()
        assert shown["version"]["reproducible"] is False
        assert told["champion"] == models.entry(weather.process).champion
    finally:
        # Its name is made up, which an audit would find.
        stack.target.dynamodb().delete_item(
            TableName=stack.target.outputs["ModelsTable"],
            Key={"pk": {"S": f"version#{weather.process}"}, "sk": {"S": "e" * 64}},
        )


def everything(stack: Stack, bucket: str, prefix: str) -> str:
    """Every version of every object under a prefix."""
    pages = stack.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    found = [version for page in pages for version in page.get("Versions", ())]
    assert found
    return "\n".join(
        stack.s3.get_object(Bucket=bucket, Key=v["Key"], VersionId=v["VersionId"])["Body"]
        .read()
        .decode()
        for v in found
    )


def test_the_registry_is_whole_after_all_of_it(stack: Stack, weather: Definition) -> None:
    weather.publish("1.0.0")
    document = winnow("audit", "--missed-after", "1e9", "--json").document()
    assert document["registry"]["problems"] == []
    assert document["registry"]["versions"] >= document["registry"]["processes"] >= 4
