"""Api: the HTTP API of the review page. For now it only says that it is there."""

import json
import os
from functools import cache
from typing import Any

from winnow_aws.settings import ApiSettings


@cache
def build() -> ApiSettings:
    """What all calls share: the settings."""
    return ApiSettings.from_environment(os.environ)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer `GET /v1/health`; nothing else is there yet."""
    build()
    there = event.get("routeKey") == "GET /v1/health"
    return {
        "statusCode": 200 if there else 404,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps({"status": "ok" if there else "not_there"}),
    }
