"""Requests to the local stack's API and to its sign-in, as the page makes them."""

import base64
import hashlib
import http.client
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

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
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=240)
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

    @property
    def asked(self) -> dict[str, str]:
        """What the page asks the sign-in for."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "client_id": self.client,
            "redirect_uri": f"{self.page}signed-in",
            "response_type": "code",
            "scope": "openid",
            "state": "any & text",
            "code_challenge": _encoded(digest),
            "code_challenge_method": "S256",
        }

    def authorize(self, host: str = "", **changed: str) -> Reply:
        asked = {**self.asked, **changed}
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


def signed_in_as(
    endpoint: str, outputs: Mapping[str, str], user: str, password: str
) -> Mapping[str, str]:
    """The tokens of somebody of the user pool, who types the password into its sign-in form."""
    flow = SignInFlow.of(endpoint, outputs)
    typed = urlencode({**flow.asked, "username": user, "password": password})
    reply = request(f"{endpoint}/login", "POST", FORM, typed)
    assert reply.status == 302, reply.body
    (code,) = parse_qs(urlsplit(reply.headers["Location"]).query)["code"]
    answer = flow.token(code)
    assert answer.status == 200, answer.body
    tokens: Mapping[str, str] = answer.document()
    return tokens


def program_token(endpoint: str, client: str, secret: str, **asked: str) -> Reply:
    """What a program is answered that asks for a token with its client's credentials."""
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    form = urlencode({"grant_type": "client_credentials", **asked})
    sent = {**FORM, "Authorization": f"Basic {basic}"}
    return request(f"{endpoint}/oauth2/token", "POST", sent, form)


class SigningKey:
    """The key that the local user pool signs access tokens with, as it lies in the stack's folder.

    With it a test makes tokens that are right but for one claim. In AWS nobody has it.
    """

    def __init__(self, folder: Path, pool: str) -> None:
        (file,) = folder.rglob(f"{pool}-access.pem")
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key

    def signed(self, token: str, **changed: Any) -> str:
        """A token with other claims, signed like the pool's own."""
        header = token.partition(".")[0]
        made = f"{header}.{_encoded(json.dumps({**claims_of(token), **changed}).encode())}"
        signature = self._key.sign(made.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{made}.{_encoded(signature)}"


def claims_of(token: str) -> Any:
    """The claims of a token, unchecked."""
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
