"""Queue: what a person decides comes from here. For now it takes its events and does nothing."""

import os
from functools import cache
from typing import Any

from winnow_aws.settings import QueueSettings


@cache
def build() -> QueueSettings:
    """What all calls share: the settings."""
    return QueueSettings.from_environment(os.environ)


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take the end of a run, or decisions."""
    build()
    return {"batchItemFailures": []}
