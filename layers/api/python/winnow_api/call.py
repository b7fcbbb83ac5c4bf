"""One call of a handler: who asks, for what, with which key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from winnow.errors import RequestTooLongError
from winnow_api.identity import User
from winnow_api.shapes import MAX_BODY


@dataclass(frozen=True)
class Call:
    """What a handler knows of its request, besides the shape that it takes."""

    user: User
    path: Any
    """The route's path shape."""
    route: str
    key: str | None = None
    """Idempotency key of the user and the route; None for a GET."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = "-"


def check_body(call: Call, picture: bytes | None) -> None:
    """Raise RequestTooLongError where a body is long without the picture in it."""
    in_base64 = 0 if picture is None else -(-len(picture) // 3) * 4
    if len(call.body) - in_base64 > MAX_BODY:
        raise RequestTooLongError(f"Without a picture, the body has more than {MAX_BODY:,} bytes.")


ANYBODY = User("", frozenset())
"""Who asks for a public route."""


def iso(seconds: float) -> str:
    """A time as it is written everywhere.

    >>> iso(0)
    '1970-01-01T00:00:00.000Z'
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
