"""Secrets of a stage: given by a person, kept in Secrets Manager, in no file and no parameter."""

from enum import StrEnum
from typing import TYPE_CHECKING

from winnow.errors import WebhookOffError

if TYPE_CHECKING:
    from winnow_cli.target import Target


class Secret(StrEnum):
    """What can be given."""

    NOTIFY_WEBHOOK = "notify-webhook"


def require_webhook(target: "Target") -> tuple[str, str]:
    """The chat that a stack posts to, and the ARN of its address's secret.

    Raises:
        WebhookOffError: It posts to none.
    """
    chat, arn = target.outputs.get("NotifyWebhook"), target.outputs.get("WebhookSecret")
    if not (chat and arn):
        raise WebhookOffError(f"The stack {target.name!r} posts to no chat.")
    return chat, arn


def give_webhook(target: "Target", address: str) -> None:
    """Keep the address that notices are posted to; the next notice goes there.

    Raises:
        WebhookOffError: The stack posts to no chat.
        WebhookAddressInvalidError: The address is not one of its chat.
    """
    from winnow.steps.notices import check_address
    from winnow_cli.target import aws_errors

    chat, arn = require_webhook(target)
    check_address(chat, address, target.local)
    with aws_errors(target):
        target.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=address)
