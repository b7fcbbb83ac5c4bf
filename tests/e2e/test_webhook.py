"""Notices on the local stack: from the topic by the function to a chat, which is the mailbox."""

import json
from typing import Any

import pytest

from winnow_local import mailbox

from .conftest import SURE, Stack, until, winnow

pytestmark = pytest.mark.model
POSTED = "Posted to Slack"


def posted(stack: Stack) -> list[dict[str, Any]]:
    mails = mailbox.read(stack.state_dir.mail)
    return [json.loads(mail.body) for mail in mails if mail.subject == POSTED]


def text_of(message: dict[str, Any]) -> str:
    return str(message["blocks"][1]["text"]["text"])


def tell(stack: Stack, subject: str, message: str) -> None:
    stack.target.client("sns").publish(
        TopicArn=stack.target.outputs["TopicArn"], Subject=subject, Message=message
    )


@pytest.mark.slow
def test_an_alarm_is_posted_and_the_email_of_a_run_is_not(stack: Stack) -> None:
    row = stack.run("notice.jsonl", json.dumps({"text": SURE}) + "\n")
    until(lambda: any(row.upload_id in one.body for one in mailbox.read(stack.state_dir.mail)))
    alarm = {"AlarmName": "winnow-TestAlarm-1", "AlarmDescription": "Do <this>.", "Region": "r"}
    tell(stack, "ALARM", json.dumps({**alarm, "NewStateValue": "ALARM"}))
    found = until(lambda: [one for one in posted(stack) if "winnow-TestAlarm-1" in one["text"]])
    assert "Do &lt;this&gt;." in text_of(found[0])
    assert not [one for one in posted(stack) if row.upload_id in json.dumps(one)]


def test_an_address_is_given_by_standard_input_and_not_shown(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = stack.target.client("secretsmanager")
    arn = stack.target.outputs["WebhookSecret"]
    before = secrets.get_secret_value(SecretId=arn)["SecretString"]
    address = "https://hooks.slack.com/services/T0/B0/probe"
    try:
        answer = winnow("deploy", "local", "--secret", "notify-webhook", given=f"{address}\n")
        assert answer.code == 0, answer.err
        assert address not in answer.out + answer.err
        assert secrets.get_secret_value(SecretId=arn)["SecretString"] == address
        refused = winnow("deploy", "local", "--secret", "notify-webhook", given="https://a.b/c")
        assert refused.code == 1
        assert "webhook_address_invalid" in refused.err
        assert "https://a.b/c" not in refused.err
        assert secrets.get_secret_value(SecretId=arn)["SecretString"] == address
    finally:
        secrets.put_secret_value(SecretId=arn, SecretString=before)
