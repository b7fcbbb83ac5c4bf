"""Notices: what engineers are told in a chat: alarms, releases, trainings, a budget.

The topic's messages are notices, all but the e-mails about somebody's files: those have the
attribute `outcome`. A notice is text; no chat reads any of it as markup, a link or a mention.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from winnow.errors import WebhookAddressInvalidError
from winnow.models import FrozenModel

ABOUT_FILES = "outcome"
"""Attribute of e-mails about somebody's files, which are no notices."""
UNTITLED = "Winnow: a notice"
MAX_TITLE = 150
"""Characters of a title: Slack's limit for a header."""
MAX_LINE = 1_000
MAX_TEXT = 2_800
"""Characters of all lines, escaped: Slack takes 3,000 in a section; Teams 28 kB in a card."""
MAX_LINES = 80
"""Each has a frame of some hundred bytes in Teams."""
CUT = "..."
_ADDRESS = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?/[!-~]{1,2000}")
"""A host in small letters, no user, no other alphabet: so all programs read the same host."""


class Notice(NamedTuple):
    """What is posted."""

    title: str
    lines: tuple[str, ...]


class Chat(NamedTuple):
    """A kind of chat."""

    hosts: tuple[str, ...]
    """Hosts that take its messages; one with a dot at its beginning stands for all below it."""
    message: Callable[[Notice], dict[str, Any]]


class NotifyReport(FrozenModel):
    """What a call did."""

    posted: int
    """Notices."""
    left: int
    """Messages that were none."""


def notice_of(subject: str, message: str, attributes: Mapping[str, str]) -> Notice | None:
    """The notice that a message of the topic is; None for an e-mail about somebody's files."""
    if ABOUT_FILES in attributes:
        return None
    alarm = _alarm(message)
    if alarm is not None:
        return _of_alarm(alarm)
    return Notice(
        _plain(subject).strip() or UNTITLED, tuple(map(_plain, message.strip().splitlines()))
    )


def _alarm(message: str) -> dict[str, Any] | None:
    """A message of CloudWatch; None if it is another."""
    try:
        found = json.loads(message)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "AlarmName" in found else None


def _of_alarm(alarm: dict[str, Any]) -> Notice:
    def said(name: str) -> str:
        return _plain(str(alarm.get(name) or ""))

    return Notice(
        f"{said('NewStateValue')}: {said('AlarmName')}",
        (
            said("AlarmDescription"),
            "",
            f"Why    {said('NewStateReason')}",
            f"Since  {said('StateChangeTime')}",
            f"Where  {said('AWSAccountId')}, {said('Region')}",
        ),
    )


def _plain(text: str) -> str:
    """A line without control characters, and without those that change the direction of text."""
    return "".join(char if char.isprintable() else " " for char in _cut(text, MAX_LINE))


def slack_message(notice: Notice) -> dict[str, Any]:
    """The notice in Block Kit: a header, and its lines in a block of code."""
    title = _cut(notice.title, MAX_TITLE)
    # A run of three backticks would end the block.
    lines = [_escaped(line).replace("```", "'''") for line in notice.lines]
    return {
        # For the notification on a telephone.
        "text": _escaped(title),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}},
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": "```\n" + "\n".join(_fitting(lines)) + "\n```",
                    "verbatim": True,
                },
            },
        ],
    }


def _escaped(text: str) -> str:
    """Text without Slack's control characters, which make links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams_message(notice: Notice) -> dict[str, Any]:
    """The notice as an Adaptive Card. A TextBlock would be read as Markdown, a TextRun is not."""
    title = _run(_cut(notice.title, MAX_TITLE), weight="Bolder", size="Medium")
    lines = [_run(line or " ", fontType="Monospace") for line in _fitting(notice.lines)]
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [title, *lines],
                },
            }
        ],
    }


def _run(text: str, **style: str) -> dict[str, Any]:
    inline = {"type": "TextRun", "text": text, **style}
    return {"type": "RichTextBlock", "spacing": "None", "inlines": [inline]}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(CUT)] + CUT


def _fitting(lines: Iterable[str]) -> list[str]:
    """The lines that there is room for, each as a whole: a part could end within an escape."""
    left, fitting = MAX_TEXT, list[str]()
    for line in lines:
        left -= len(line) + 1
        if left < 0 or len(fitting) == MAX_LINES:
            return [*fitting, CUT]
        fitting.append(line)
    return fitting


CHATS = {
    "slack": Chat(("hooks.slack.com",), slack_message),
    # Addresses of workflows, of today and of before 2026, and of the connectors before them.
    "teams": Chat(
        (".environment.api.powerplatform.com", ".logic.azure.com", ".webhook.office.com"),
        teams_message,
    ),
}
"""NotifyWebhook -> the chat."""


def check_address(kind: str, address: str, local: bool = False) -> None:
    """Check that an address is one of the chat: nothing else is ever called.

    Args:
        kind: A name of CHATS.
        local: Also take an address of this machine, `http://127.0.0.1:PORT/...`.

    Raises:
        WebhookAddressInvalidError: It is not. The address is a secret, and not in the message.
    """
    ours = _is_of(kind, address) or (local and _is_here(address))
    if not (ours and _ADDRESS.fullmatch(address)):
        hosts = (f"https://{'*' if one[0] == '.' else ''}{one}/" for one in CHATS[kind].hosts)
        raise WebhookAddressInvalidError(
            f"The address is none of {kind.capitalize()}: {', '.join(hosts)}."
        )


def _is_of(kind: str, address: str) -> bool:
    host = urlsplit(address).netloc.removesuffix(":443")
    return address.startswith("https://") and any(
        host.endswith(one) if one[0] == "." else host == one for one in CHATS[kind].hosts
    )


def _is_here(address: str) -> bool:
    return re.match(r"http://127\.0\.0\.1:[0-9]{1,5}/", address) is not None
