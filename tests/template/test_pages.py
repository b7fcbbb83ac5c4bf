"""What the pages say of the template."""

import json

from tests.template.expand import TEMPLATE, expand
from tests.template.test_roles import ROLES
from winnow_cli.deployment.parameters import OF_RELEASES

PARAMETERS = set(expand()["Parameters"])
OUR_SERVICES = {
    "batch",
    "cloudwatch",
    "s3",
    "dynamodb",
    "sns",
    "sqs",
    "kms",
    "lambda",
    "secretsmanager",
    "states",
    "logs",
    "xray",
}


def page(name: str) -> str:
    return (TEMPLATE.parent / "docs" / name).read_text("utf-8")


def test_a_guided_deployment_asks_few_questions():
    # A release of code sets its own; `winnow deploy` asks for none of them.
    assert len(PARAMETERS - set(OF_RELEASES)) <= 34


def test_the_policy_of_a_customer_key_lets_in_whatever_has_no_role():
    _, _, block = page("security.md").partition("<!-- key policy -->\n```json\n")
    policy = json.loads(block.partition("```")[0])
    # Log groups and the queue are written by services; the buckets and the table through roles.
    assert [one["Principal"]["Service"] for one in policy] == [
        "logs.REGION.amazonaws.com",
        ["events.amazonaws.com", "sns.amazonaws.com"],
    ]
    for one in policy:
        assert one["Effect"] == "Allow"
        assert "kms:Decrypt" in one["Action"]


def test_where_else_document_text_goes_is_said():
    asked = {
        action.partition(":")[0]
        for given in ROLES.values()
        for actions, _ in given.values()
        for action in actions
    }
    # Glue has the names of columns.
    assert asked - OUR_SERVICES - {"glue"} == {"textract", "athena"}
    privacy = page("security.md").partition("## Privacy")[2].partition("\n## ")[0]
    assert "`OcrEngine=textract`" in privacy
    assert "`SearchWithAthena`" in privacy
