"""The hosted CI runs what everybody can run, and nothing that is not pinned; so do the hooks."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.fuzz.targets import TARGETS
from tests.pages import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_uses_pinned_actions_reads_only_and_ends(path) -> None:
    text = path.read_text("utf-8")
    for action in re.findall(r"uses: *(.*)", text):
        assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 180
        if path.name == "deploy.yml":
            assert job["permissions"] == {"contents": "read", "id-token": "write"}
        else:
            assert "permissions" not in job


def test_a_deployment_is_asked_for_by_a_person_and_takes_no_key() -> None:
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    # YAML reads `on` as true.
    assert [*workflow[True]] == ["workflow_dispatch"]
    assert workflow["concurrency"]["cancel-in-progress"] is False
    [job] = workflow["jobs"].values()
    # The role trusts the environment, whose rules say who approves.
    assert job["environment"] == "${{ inputs.stage }}"
    assert "secrets." not in text
    assert not re.search("aws-(access|secret)", text)
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == ["make install", '.venv/bin/winnow deploy "$STAGE" --yes']
    # What somebody typed is never a part of a command.
    assert not any("${{" in command for command in commands)


def jobs_of_ci() -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    return dict(yaml.safe_load(text)["jobs"])


def test_each_job_is_run_by_a_push_or_by_a_schedule_of_its_own() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    schedules = {one["cron"] for one in yaml.safe_load(text)[True]["schedule"]}
    conditions = {job["if"] for job in jobs_of_ci().values()}
    timed = {f"github.event.schedule == '{cron}'" for cron in schedules}
    assert conditions == {"github.event_name != 'schedule'", *timed}


def test_every_reader_is_fuzzed_for_an_hour_a_week() -> None:
    assert jobs_of_ci()["week"]["strategy"]["matrix"]["target"] == list(TARGETS)
    assert "--seconds 3600" in (ROOT / ".ci" / "fuzz").read_text("utf-8")


def test_the_gate_and_the_slow_part_are_run() -> None:
    jobs = jobs_of_ci()
    commands = {
        word
        for job in jobs.values()
        for step in job["steps"]
        for word in step.get("run", "").split()
        if word.startswith(".ci/")
    }
    assert commands == {".ci/run", ".ci/slow", ".ci/fuzz"}
    assert all((ROOT / command).is_file() for command in commands)


def test_the_hooks_are_local_and_download_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)


def test_the_changelog_has_the_version_and_what_is_to_come() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", changelog, re.MULTILINE)
    assert versions[:2] == ["Unreleased", project["version"]]
    kinds = set(re.findall(r"^### (.+)$", changelog, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
