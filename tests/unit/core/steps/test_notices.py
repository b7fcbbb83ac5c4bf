"""What is posted to a chat, where to, and that no chat reads it as anything but text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from winnow.errors import WebhookAddressInvalidError
from winnow.steps.digest import GATHERED
from winnow.steps.notices import (
    CHATS,
    CUT,
    MAX_TEXT,
    MAX_TITLE,
    UNTITLED,
    Notice,
    check_address,
    notice_of,
    slack_message,
    teams_message,
)

EVENT = json.loads((Path(__file__).parents[4] / "events" / "notify.json").read_text("utf-8"))
ALARM = EVENT["Records"][0]["Sns"]["Message"]
HOSTILE = "<!channel> <https://evil.example|ok> & ``` *b* [a](https://evil.example)"
SLACK = "https://hooks.slack.com/services/T0/B0/abc"
WORKFLOW = (
    "https://0a1b.4c.environment.api.powerplatform.com:443/powerautomate/automations/direct"
    "/workflows/1/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers&sig=x-y_z"
)


def slack_text(message: dict[str, Any]) -> str:
    text: str = message["blocks"][1]["text"]["text"]
    return text


def teams_runs(message: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = message["attachments"][0]["content"]["body"]
    return [run for block in blocks for run in block["inlines"]]


def test_an_alarm_says_what_it_is_what_to_do_and_why_it_rings():
    notice = notice_of("ALARM: x", ALARM, {})
    assert notice is not None
    assert notice.title == "ALARM: winnow-UndeliveredAlarm-1A2B3C4D5E6F"
    assert "winnow redrive --failed-since" in notice.lines[0]
    assert notice.lines[2].startswith("Why    Threshold Crossed")
    assert notice.lines[4] == "Where  123456789012, EU (Frankfurt)"


@pytest.mark.parametrize("attributes", [{"outcome": "succeeded"}, GATHERED])
def test_an_email_about_files_is_no_notice(attributes):
    assert notice_of("Winnow L1: 3 accepted", "...", attributes) is None


def test_what_winnow_or_aws_writes_is_posted_line_by_line():
    notice = notice_of("Winnow p: trained", "Winnow trained p.\n\nWhy        better\n", {})
    assert notice == Notice("Winnow p: trained", ("Winnow trained p.", "", "Why        better"))
    assert notice_of("", '"The run <x> could not be mailed."', {}) == Notice(
        UNTITLED, ('"The run <x> could not be mailed."',)
    )


def test_slack_gets_text_without_links_mentions_or_an_end_of_the_block():
    message = slack_message(Notice(HOSTILE, (HOSTILE,)))
    for text in (message["text"], slack_text(message)):
        assert "<" not in text
        assert "&lt;!channel&gt;" in text
    assert slack_text(message).count("```") == 2
    assert message["blocks"][0]["text"] == {"type": "plain_text", "text": HOSTILE, "emoji": False}


def test_teams_gets_runs_of_text_which_are_not_markdown():
    body = teams_message(Notice(HOSTILE, (HOSTILE, "")))["attachments"][0]["content"]["body"]
    assert {block["type"] for block in body} == {"RichTextBlock"}
    assert [run["text"] for run in teams_runs(teams_message(Notice("t", (HOSTILE, ""))))] == [
        *("t", HOSTILE, " ")
    ]


@given(
    st.text(max_size=300), st.lists(st.text(max_size=2_000), max_size=40) | st.just(["a"] * 2_000)
)
@settings(max_examples=examples(60), deadline=None)
def test_whatever_is_said_keeps_the_limits_of_the_chats(subject, lines):
    notice = notice_of(subject, "\n".join(lines), {})
    assert notice is not None
    slack = slack_message(notice)
    assert 1 <= len(slack["blocks"][0]["text"]["text"]) <= MAX_TITLE
    assert len(slack_text(slack)) <= 3_000
    assert len(json.dumps(teams_message(notice))) < 28_000
    assert all(run["text"] for run in teams_runs(teams_message(notice)))


def test_what_has_no_room_is_left_out_line_by_line():
    notice = Notice("t", ("&" * 500, "b" * MAX_TEXT, "c"))
    assert slack_text(slack_message(notice)) == "```\n" + "&amp;" * 500 + f"\n{CUT}\n```"


def test_no_control_character_and_no_change_of_direction_is_posted():
    notice = notice_of("a\x00b\u202ec", "d\x1b[31me\u200bf\u061cg\U000e0041", {})
    assert notice == Notice("a b c", ("d [31me f g ",))


def test_a_notice_with_a_blank_subject_has_a_title():
    notice = notice_of(" \x00", "a", {})
    assert notice is not None
    assert notice.title == UNTITLED


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("slack", SLACK),
        ("teams", WORKFLOW),
        ("teams", "https://prod-23.westeurope.logic.azure.com/workflows/1?sig=x"),
        ("teams", "https://contoso.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4"),
    ],
)
def test_the_addresses_of_the_chats_are_taken(kind, address):
    check_address(kind, address)


@pytest.mark.parametrize(
    "address",
    [
        *("", " ", "x", "https://", "https://hooks.slack.com", "https://hooks.slack.com/"),
        *(SLACK.replace("https", "http"), SLACK.replace("https", "ftp"), SLACK + " ", SLACK + "\n"),
        *("https://hooks.slack.com:8443/services/x", "https://hooks.slack.com:/services/x"),
        *("https://hooks.slack.com.evil.example/x", "https://evil.example/hooks.slack.com/x"),
        *("https://a@hooks.slack.com/x", "https://hooks.slack.com@evil.example/x"),
        *("https://evil.example\\@hooks.slack.com/x", "https://evil.example#hooks.slack.com/x"),
        *("https://hooks.slack.com\u3002evil.example/x", "https://HOOKS.SLACK.COM/x"),
        *("https://169.254.169.254/latest/meta-data", "https://[::1]/x", "https://localhost/x"),
        *("http://127.0.0.1:9000/x", "https://xhooks.slack.com/x", "https://a.hooks.slack.com/x"),
        *(
            WORKFLOW,
            "https://.logic.azure.com.evil.example/x",
            "https://hooks.slack.com/" + "x" * 3_000,
        ),
    ],
)
def test_nothing_else_is_called_and_the_error_does_not_name_it(address):
    with pytest.raises(WebhookAddressInvalidError) as raised:
        check_address("slack", address)
    assert raised.value.message == "The address is none of Slack: https://hooks.slack.com/."


@pytest.mark.parametrize(
    "address", [SLACK, "https://logic.azure.com/x", "https://evillogic.azure.com/x"]
)
def test_a_host_below_another_has_a_dot_before_it(address):
    with pytest.raises(WebhookAddressInvalidError):
        check_address("teams", address)


def test_an_address_of_this_machine_is_for_the_local_stack_alone():
    check_address("slack", "http://127.0.0.1:9000/chat", local=True)
    for address in ("http://127.0.0.1:9000/chat", "https://127.0.0.1:9000/chat"):
        with pytest.raises(WebhookAddressInvalidError):
            check_address("slack", address)
    for address in ("http://127.0.0.1.evil.example:9000/x", "http://10.0.0.1:80/x"):
        with pytest.raises(WebhookAddressInvalidError):
            check_address("slack", address, local=True)


def test_every_chat_has_hosts_and_a_message():
    for chat in CHATS.values():
        assert json.dumps(chat.message(Notice("t", ("l",))))
        assert all(host.strip(".") == host.removeprefix(".") for host in chat.hosts)
