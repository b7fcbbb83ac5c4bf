"""What comes in and goes out: events of an HTTP API (payload 2.0), and answers to them."""

import base64
import binascii
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from winnow.errors import RequestInvalidError

SECURITY_HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Sent with every answer, unless it has its own."""
_MIN_GZIP = 1_400
"""Bytes from which compressing saves a packet."""


@dataclass(frozen=True)
class Request:
    """One request, as the gateway passes it on."""

    route: str
    """The route's key: method and path pattern."""
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    claims: Mapping[str, Any] | None
    """Claims of the token that the gateway has checked; None without one."""
    id: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Request":
        """The request of an event. Raises RequestInvalidError when its body is no base64."""
        context = event.get("requestContext") or {}
        jwt = (context.get("authorizer") or {}).get("jwt") or {}
        return cls(
            route=str(event.get("routeKey") or context.get("routeKey") or ""),
            path=event.get("pathParameters") or {},
            query=event.get("queryStringParameters") or {},
            headers={k.lower(): v for k, v in (event.get("headers") or {}).items()},
            body=_body(event),
            claims=jwt.get("claims"),
            id=str(context.get("requestId") or "-"),
        )


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise RequestInvalidError("The body is not valid base64.") from None


@dataclass(frozen=True)
class Response:
    """One answer."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def packed(self) -> bytes:
        """The body, compressed: once for an answer that is kept."""
        # mtime: the same body has the same bytes.
        return gzip.compress(self.body, 6, mtime=0)

    def event(self, accept_encoding: str = "") -> dict[str, Any]:
        """The answer as the gateway takes it, compressed if the client reads gzip."""
        headers = {**SECURITY_HEADERS, "content-type": self.content_type, **self.headers}
        body = self.body
        if len(body) >= _MIN_GZIP and "gzip" in accept_encoding:
            body = self.packed
            headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
        answer: dict[str, Any] = {"statusCode": self.status, "headers": headers}
        if body is self.body:
            try:
                return answer | {"body": body.decode("utf-8"), "isBase64Encoded": False}
            except UnicodeDecodeError:
                pass
        return answer | {"body": base64.b64encode(body).decode("ascii"), "isBase64Encoded": True}
