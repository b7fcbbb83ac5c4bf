"""What a linter of IAM policies says of one: parliament, which has a list of AWS's actions."""

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pkg_resources is deprecated
    from parliament import analyze_policy_string

ALLOWED = (
    (
        "UNKNOWN_ACTION",
        "s3:GetBucketAbac|lambda:GetFunctionScalingConfig|ec2:DescribeVpcEncryptionControls",
        "AWS has these since its list was made",
    ),
    (
        "INVALID_ARN",
        "Account expected to be of form",
        "the macro that expands SAM's resources is of the account `aws`",
    ),
    ("MISMATCHED_TYPE", "s3:TlsVersion", "IAM reads a number from a text, too"),
    ("UNKNOWN_CONDITION_FOR_ACTION", "s3:TlsVersion", "a Deny for all of S3's actions at once"),
    (
        "RESOURCE_STAR",
        "cloudwatch:DescribeAlarms",
        "alarms are found by the beginning of their names, which is a question about all",
    ),
    ("RESOURCE_STAR", "kms:", "in the policy of a key, * is this key"),
    (
        "RESOURCE_MISMATCH",
        "states:(DescribeExecution|ListExecutions|StopExecution)"
        "|athena:(ListTagsForResource|UntagResource)|glue:DeleteDatabase",
        "one of the action's types of resources is enough, and it asks for each",
    ),
    ("RESOURCE_MISMATCH", "dynamodb:DescribeStream", "the time in a stream's ARN has colons"),
)
"""Finding, what its detail says, and why it is not one here."""


def policies(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy in a tree, with where it is."""
    if isinstance(node, dict):
        if "Statement" in node:
            yield path, node
        for key, value in node.items():
            yield from policies(value, f"{path}.{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from policies(value, f"{path}[{number}]")


def lint(policy: dict[str, Any]) -> list[str]:
    """What the linter says of a policy with real ARNs, but for what is allowed."""
    # AWS's ARN of a log group has this end; the emulator's has not.
    if any("sts:AssumeRole" in str(one["Action"]) for one in policy["Statement"]):
        # A trust policy names no resource, which the linter asks for.
        own = [
            {**one, "Resource": "arn:aws:iam::123456789012:role/own"} for one in policy["Statement"]
        ]
        policy = {**policy, "Statement": own}
    text = re.sub(r'(:log-group:[\w/-]+)"', r'\1:*"', json.dumps(policy))
    return [
        f"{one.issue}: {one.detail}"
        for one in analyze_policy_string(text).findings
        if not any(
            one.issue == issue and re.search(detail, str(one.detail))
            for issue, detail, _ in ALLOWED
        )
    ]
