"""Digest: one e-mail for all runs of a period."""

import os
import time
from functools import cache

from winnow.steps.digest import DigestInput, DigestReport, send_digests
from winnow_aws.clients import client
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.mail_queue import SqsMailQueue
from winnow_aws.settings import DigestSettings
from winnow_aws.topic import TopicMailer

CALL_S = 240.0
"""Seconds of one call: less than the function's timeout and the queue's visibility timeout."""


@cache
def build() -> tuple[SqsMailQueue, TopicMailer]:
    """What all calls share."""
    settings = DigestSettings.from_environment(os.environ)
    return (
        SqsMailQueue(client("sqs"), settings.mail_queue_url),
        TopicMailer(client("sns"), settings.topic_arn),
    )


@lambda_handler(DigestInput, lambda _: {})
def handler(_event: DigestInput) -> DigestReport:
    """Send the gathered e-mails as one."""
    return send_digests(*build(), time.monotonic, CALL_S)
