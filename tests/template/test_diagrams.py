"""The diagrams of the docs are those of the template and of the workflow's definitions."""

import copy
import json
from pathlib import Path

import pytest

from tests.pictures import ROOT, stack, states
from tests.pictures.__main__ import DIAGRAMS
from tests.pictures.blocks import renewed, replaced
from tests.template.expand import read


@pytest.mark.parametrize("page", DIAGRAMS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_diagrams_of_a_page_are_up_to_date(page: Path) -> None:
    fresh = renewed(page, DIAGRAMS[page]())
    assert page.read_text("utf-8") == fresh, "run: .venv/bin/python -m tests.pictures diagrams"


def test_a_permission_that_is_taken_away_takes_its_arrow_with_it() -> None:
    template = read()
    arrow = stack.Arrow("ClassifyFunction", "ResultsBucket", "data")
    assert arrow in stack.arrows(template)
    statements = template["Resources"]["ClassifyRole"]["Properties"]["Policies"][0][
        "PolicyDocument"
    ]["Statement"]
    statements[:] = [one for one in statements if one.get("Sid") != "WriteScores"]
    assert arrow not in stack.arrows(template)


def test_a_target_that_hangs_on_a_parameter_says_so() -> None:
    found = stack.arrows(read())
    assert stack.Arrow("UploadedRule", "Waiting", "data", "with MaxRuns") in found
    assert stack.Arrow("UploadedRule", "Triage", "call", "without MaxRuns") in found


def test_every_resource_stands_on_the_page() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    # The subscription of a queue is the arrow between topic and queue.
    missing = [name for name in read()["Resources"] if name not in page]
    assert missing == ["MailSubscription"]


@pytest.mark.parametrize("kind", ["AWS::SQS::Queue", "AWS::Lambda::Url"])
def test_a_resource_that_nobody_placed_is_named(kind: str) -> None:
    template = copy.deepcopy(read())
    template["Resources"]["Unplaced"] = {"Type": kind, "Properties": {}}
    with pytest.raises(KeyError, match="Unplaced"):
        stack.beside(template)


def test_every_arrow_of_a_machine_that_has_a_word_is_there() -> None:
    ways = set()
    for machine in states.MACHINES:
        path = ROOT / "statemachine" / f"{machine}.asl.json"
        definition = json.loads(path.read_text("utf-8"))
        for name, state in states.every(definition):
            ways |= {(name, target) for target, _ in states.ways(name, state)}
    assert set(states.WORDS) <= ways


@pytest.mark.parametrize("page", ["nothing", "<!-- made: x -->\n<!-- end of x -->" * 2])
def test_a_block_that_is_missing_or_stands_twice_is_an_error(page: str) -> None:
    with pytest.raises(ValueError, match="blocks are named x"):
        replaced(page, "x", "new")
