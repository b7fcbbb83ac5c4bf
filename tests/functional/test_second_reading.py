"""Both machines read by a second, independent implementation of the States Language (moto's).

It knows JSONata's grammar and has no evaluator for it, and no JSON Lines in an ItemReader: so the
ways through the states are run in one interpreter (tests/statemachine) and only read in this one.
"""

import json

import pytest
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from tests.statemachine.machine import SUBSTITUTIONS, definition


def read(machine: str) -> tuple[Program, dict]:
    text = definition(machine, {**SUBSTITUTIONS, "TableName": "runs"})
    text = text.replace('"InputType": "JSONL"', '"InputType": "JSON"')
    with mock_aws():
        program, _ = AmazonStateLanguageParser.parse(text)
    return program, json.loads(text)


@pytest.mark.parametrize("machine", ["triage", "stopped"])
def test_another_reader_finds_the_same_states(machine: str):
    program, given = read(machine)
    found = program.states.states
    assert set(found) == set(given["States"])
    for name, state in given["States"].items():
        assert found[name].state_type.name == state["Type"], name
    assert program.start_at.start_at_name == given["StartAt"]
