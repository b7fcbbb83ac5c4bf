"""What there is only with NotifyWebhook: the function that posts notices, and the secret."""

from typing import Any

from tests.template.rules.files import KEY
from tests.template.rules.mail import GONE
from tests.template.rules.shape import given, skips, sub, text
from tests.template.rules.stack import Stack

CONDITION = "HasNotifyWebhook"
SECRET = "WebhookSecret"
RESOURCES = {
    *(SECRET, "NoticeSubscription", "NoticePermission", "NoticesUndelivered"),
    *("NoticesUndeliveredPolicy", "NoticesUndeliveredAlarm"),
    *("NotifyFunction", "NotifyRole", "NotifyLogs"),
}
"""Everything that is not there without the parameter."""


def secret(name: str, stack: Stack) -> Any:
    """No value: it is given by a command, and in no template, parameter or log."""
    return {
        "Type": "AWS::SecretsManager::Secret",
        **GONE,
        "Metadata": skips("CKV_AWS_149"),
        "Properties": {
            "Name": sub("${AWS::StackName}-webhook"),
            "Description": text(20),
            "KmsKeyId": given("HasKmsKey", KEY),
        },
    }


RULES = {"AWS::SecretsManager::Secret": secret}
OUTPUTS = {SECRET, "NotifyWebhook"}
INVENTORY = {"AWS::SecretsManager::Secret": {SECRET}}
