"""Notify: posts notices for engineers to a chat."""

import os
import time
from functools import cache

from winnow.steps.notices import CHATS, NotifyReport, notice_of
from winnow_aws.clients import client
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.notifications import NotifyInput
from winnow_aws.settings import NotifySettings
from winnow_aws.webhook import Webhook


@cache
def build() -> tuple[NotifySettings, Webhook]:
    """What all calls share."""
    settings = NotifySettings.from_environment(os.environ)
    webhook = Webhook(
        client("secretsmanager"),
        settings.webhook_secret,
        settings.notify_webhook,
        time.sleep,
        local=settings.local,
    )
    return settings, webhook


@lambda_handler(NotifyInput, lambda _: {})
def handler(event: NotifyInput) -> NotifyReport:
    """Post what is a notice; e-mails about somebody's files are left."""
    settings, webhook = build()
    messages = [record.Sns for record in event.Records]
    found = [notice_of(one.Subject or "", one.Message, one.attributes) for one in messages]
    notices = [notice for notice in found if notice is not None]
    for notice in notices:
        webhook.post(CHATS[settings.notify_webhook].message(notice))
    return NotifyReport(posted=len(notices), left=len(messages) - len(notices))
