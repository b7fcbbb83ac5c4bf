"""Requests to the local stack's API and to its sign-in, as the page makes them."""

import base64
import hashlib
import http.client
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

NONE: Mapping[str, str] = {}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> Any:
        return json.loads(self.body)


def request(
    address: str,
    method: str = "GET",
    headers: Mapping[str, str] = NONE,
    body: bytes | str | None = None,
    *,
    host: str = "",
) -> Reply:
    """One request to this machine, whatever name the address has; no redirect is followed."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    try:
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        connection.request(method, target, body, {"Host": host or parts.netloc, **headers})
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.headers), answer.read())
    finally:
        connection.close()


@dataclass(frozen=True)
class SignInFlow:
    """The page's part in a sign-in: where it sends its reader, and how it gets a token."""

    address: str
    """Of the sign-in."""
    client: str
    page: str
    verifier: str

    @classmethod
    def of(cls, address: str, outputs: Mapping[str, str]) -> "SignInFlow":
        page, client = outputs["ReviewPage"], outputs["PageClient"]
        return cls(address, client, page, secrets.token_urlsafe(48))

    def authorize(self, host: str = "", **changed: str) -> Reply:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "client_id": self.client,
            "redirect_uri": f"{self.page}signed-in",
            "response_type": "code",
            "scope": "openid",
            "state": "any & text",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **changed,
        }
        return request(f"{self.address}/oauth2/authorize?{urlencode(asked)}", host=host)

    def code(self) -> str:
        reply = self.authorize()
        assert reply.status == 302, reply.body
        return parse_qs(urlsplit(reply.headers["Location"]).query)["code"][0]

    def token(self, code: str, headers: Mapping[str, str] = NONE, **changed: str) -> Reply:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client,
            "code": code,
            "redirect_uri": f"{self.page}signed-in",
            "code_verifier": self.verifier,
            **changed,
        }
        sent = {**FORM, "Origin": self.page.removesuffix("/"), **headers}
        return request(f"{self.address}/oauth2/token", "POST", sent, urlencode(form))

    def access_token(self) -> str:
        token: str = self.token(self.code()).document()["access_token"]
        return token
