"""The alarms of a stack that ring, from CloudWatch."""

import re
from datetime import UTC
from typing import Any, NamedTuple

from winnow_aws.aws_errors import translated

_WHERE = "in CloudWatch"


class Ringing(NamedTuple):
    """An alarm that rings."""

    name: str
    """As in template.yaml, without `Alarm`: `RunsFailed`."""
    description: str
    """What happened, and what to do about it. It is text of template.yaml."""
    since: str
    """ISO 8601 in UTC."""


class StackAlarms:
    """The alarms that CloudFormation made for a stack."""

    def __init__(self, cloudwatch: Any, stack: str) -> None:
        self._cloudwatch = cloudwatch
        self._prefix = f"{stack}-"
        # Logical ids have no dash. Without that, `winnow` would have the alarms of `winnow-test`.
        self._name = re.compile(rf"{re.escape(stack)}-([A-Za-z0-9]+?)(?:Alarm)?-[A-Za-z0-9]+")

    def ringing(self) -> tuple[Ringing, ...]:
        """Those that ring now, the longest first.

        Raises AccessDeniedError, AwsRefusedError, RetryableError.
        """
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=self._prefix, AlarmTypes=["MetricAlarm"], StateValue="ALARM"
        )
        with translated(_WHERE):
            found = [
                Ringing(
                    name=match[1],
                    description=alarm.get("AlarmDescription", ""),
                    since=alarm["StateUpdatedTimestamp"]
                    .astimezone(UTC)
                    .isoformat(timespec="seconds"),
                )
                for page in pages
                for alarm in page["MetricAlarms"]
                if (match := self._name.fullmatch(alarm["AlarmName"]))
            ]
        return tuple(sorted(found, key=lambda one: (one.since, one.name)))
