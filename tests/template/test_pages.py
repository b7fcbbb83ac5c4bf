"""What the pages say of the template."""

import json
import re

from tests.template.expand import TEMPLATE, expand

PARAMETERS = set(expand()["Parameters"])


def page(name: str) -> str:
    return (TEMPLATE.parent / "docs" / name).read_text("utf-8")


def test_every_question_of_a_guided_deployment_is_explained():
    asked = page("deploying.md").partition("| it asks for |")[2].partition("| Confirm")[0]
    questions = [line.split("|")[1] for line in asked.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", "".join(questions))) == sorted(PARAMETERS)
    assert len(PARAMETERS) < 12


def test_the_policy_of_a_customer_key_lets_in_whatever_has_no_role():
    _, _, block = page("security.md").partition("<!-- key policy -->\n```json\n")
    policy = json.loads(block.partition("```")[0])
    # Log groups and the queue are written by services; the buckets and the table through roles.
    assert [one["Principal"]["Service"] for one in policy] == [
        "logs.REGION.amazonaws.com",
        "events.amazonaws.com",
    ]
    for one in policy:
        assert one["Effect"] == "Allow"
        assert "kms:Decrypt" in one["Action"]
