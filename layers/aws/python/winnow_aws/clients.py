"""Clients of AWS's services for a function: of its role and region, all alike patient."""

from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=60
)
"""Timeouts in seconds, of one of the attempts."""


def client(service: str) -> Any:
    """A client of the service with this name of boto3's."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]
