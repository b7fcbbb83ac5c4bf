"""The topic that people are subscribed to, on SNS."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from winnow.models import Mail
from winnow_aws.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class TopicMailer:
    """The topic with this ARN; its subscribers get the e-mail."""

    def __init__(self, sns: "SNSClient", arn: str) -> None:
        self._sns = sns
        self._arn = arn

    def send(self, mail: Mail, attributes: Mapping[str, str] | None = None) -> None:
        with translated("in SNS"):
            self._sns.publish(
                TopicArn=self._arn,
                Subject=mail.subject,
                Message=mail.body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in (attributes or {}).items()
                },
            )
