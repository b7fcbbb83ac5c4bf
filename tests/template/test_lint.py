"""Linters have nothing to say of the templates, nor of the two machines."""

import json
import subprocess
from pathlib import Path

import pytest
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from tests.statemachine.engine import NODE, PACKAGES
from tests.statemachine.machine import SUBSTITUTIONS, definition
from tests.template.expand import ROOT, TEMPLATE, expand


def lint(path: Path, *ignored: str) -> list[str]:
    arguments = ManualArgs(include_checks=["I"], ignore_checks=list(ignored), regions=["us-east-1"])
    return [str(match) for match in lint_file(path, arguments)]


@pytest.mark.parametrize("form", ["written", "expanded"])
def test_the_template_is_clean(form: str, tmp_path: Path):
    path = TEMPLATE
    if form == "expanded":
        path = tmp_path / "template.json"
        path.write_text(json.dumps(expand()), "utf-8")
    assert lint(path) == []


@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "infra").glob("*.yaml"))])
def test_a_template_beside_it_is_clean(name: str):
    assert lint(ROOT / "infra" / name) == []


@pytest.mark.parametrize(("resource", "machine"), [("Triage", "triage"), ("Stopped", "stopped")])
def test_a_machine_is_valid_states_language(resource: str, machine: str, tmp_path: Path):
    template = expand()
    properties = template["Resources"][resource]["Properties"]
    del properties["DefinitionS3Location"], properties["DefinitionSubstitutions"]
    properties["DefinitionString"] = definition(machine, {**SUBSTITUTIONS, "TableName": "runs"})
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template), "utf-8")
    # The parameters that only the substitutions use are unused here.
    assert lint(path, "W2001") == []


@pytest.mark.parametrize("machine", ["triage", "stopped"])
def test_another_validator_finds_no_fault_in_a_machine(machine: str):
    text = definition(machine, {**SUBSTITUTIONS, "TableName": "runs"})
    validator = PACKAGES / "asl-validator" / "dist" / "bin" / "asl-validator.js"
    assert validator.is_file(), "run `make setup`"

    def validated(given: str) -> int:
        call = [str(NODE), str(validator), "--json-definition", given]
        return subprocess.run(call, capture_output=True).returncode

    assert validated(text) == 0
    assert validated(text.replace('"Type": "Task"', '"Type": "Tusk"', 1)) == 1
