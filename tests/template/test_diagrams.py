"""What the diagrams of the docs show of the template and of the workflow's definitions.

tests/unit/repository/test_generated.py sees that the pages have the newest ones.
"""

import copy
import json

import pytest

from tests.pages import ROOT, stack, states
from tests.template.expand import read


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
