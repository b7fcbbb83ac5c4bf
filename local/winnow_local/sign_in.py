"""The sign-in of the local stack: as Cognito's page in AWS, without a password to type.

The review page sends its reader to `/oauth2/authorize`. In AWS, Cognito shows a form there, unless
the reader has signed in before. Here, this server fills in and sends MiniStack's form for the one
user of the local stack, and passes the answer on: a redirect to the page, with a code. The page
then fetches a token for the code from `/oauth2/token`. Codes, PKCE and tokens are MiniStack's.

The server runs in a thread of the supervisor, on this machine's loopback interface. The user's
password is random, and nowhere but in this process.
"""

import http.client
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

USER = "you@winnow.local"
GROUPS = ("reviewer", "admin")
SCOPE = "openid"
_LOOPBACK = "127.0.0.1"
_MOST_BYTES = 16_384
_TIMEOUT_S = 30
_FORM = "application/x-www-form-urlencoded"
_PASSED_ON = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method"),
)


@dataclass(frozen=True)
class Account:
    """Who is signed in, and for which page."""

    endpoint: str
    """MiniStack's address."""
    client: str
    """The page's client id in the user pool."""
    page: str
    """The page's address, with a slash at its end."""
    user: str
    password: str

    @property
    def origin(self) -> str:
        return self.page.removesuffix("/")

    @property
    def redirect(self) -> str:
        """The only address that a code is sent to."""
        return f"{self.page}signed-in"


def create_user(cognito: Any, endpoint: str, outputs: Mapping[str, str]) -> Account:
    """Create the local user in the stack's user pool, as a reviewer and an admin.

    `cognito` is boto3's client of `cognito-idp`.
    """
    pool, password = outputs["UserPool"], f"aA1!{secrets.token_urlsafe(32)}"
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=USER,
        # One of its own would be too short for the pool.
        TemporaryPassword=password,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": USER},
            {"Name": "email_verified", "Value": "true"},
        ],
    )
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=USER, Password=password, Permanent=True
    )
    for group in GROUPS:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=USER, GroupName=group)
    return Account(endpoint, outputs["PageClient"], outputs["ReviewPage"], USER, password)


class SignIn:
    """The server. Its port is taken at once, so that the stack can be told of it."""

    def __init__(self) -> None:
        self._server = _Server((_LOOPBACK, 0), _Handler)
        self.address = f"http://{_LOOPBACK}:{self._server.server_address[1]}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        ).start()

    def open(self, account: Account) -> None:
        """Sign readers of the page in as this user from now on."""
        self._server.account = account

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    account: Account | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "winnow"
    sys_version = ""
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        """`/oauth2/authorize` and `/logout`."""
        account = self._checked()
        if account is None:
            return
        asked = urlsplit(self.path)
        if asked.path == "/oauth2/authorize":
            self._authorize(account, {name: values[0] for name, values in _query(asked).items()})
        elif asked.path == "/logout":
            self._say(
                HTTPStatus.OK, "Signed out. The local stack signs you in with the next visit."
            )
        else:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")

    def do_POST(self) -> None:
        """`/oauth2/token`."""
        account = self._checked()
        if account is None:
            return
        length = int(self.headers.get("Content-Length") or 0)
        if urlsplit(self.path).path != "/oauth2/token":
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")
        elif self.headers.get("Origin", account.origin) != account.origin:
            self._say(HTTPStatus.FORBIDDEN, "Only the review page may ask for a token.")
        elif length > _MOST_BYTES:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too long.")
        else:
            status, headers, body = _post(account, "/oauth2/token", self.rfile.read(length))
            self._answer(status, {"Content-Type": headers["Content-Type"], **_cors(account)}, body)

    def do_OPTIONS(self) -> None:
        """What a browser asks before it sends more than a form."""
        account = self._checked()
        if account is not None:
            self._answer(HTTPStatus.NO_CONTENT, _cors(account), b"")

    def _checked(self) -> Account | None:
        """The account, if the request was meant for this server.

        A page of somebody else, whose name was made to lead to this machine, sends its own name.
        """
        port = self.server.server_address[1]
        if self.headers.get("Host") not in (f"{_LOOPBACK}:{port}", f"localhost:{port}"):
            self._say(HTTPStatus.FORBIDDEN, "This server is called by another name.")
            return None
        if self.server.account is None:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "The local stack is still starting.")
        return self.server.account

    def _authorize(self, account: Account, asked: Mapping[str, str]) -> None:
        if asked.get("client_id") != account.client:
            self._say(HTTPStatus.BAD_REQUEST, "client_id is not the review page's.")
        elif asked.get("redirect_uri") != account.redirect:
            self._say(HTTPStatus.BAD_REQUEST, "redirect_uri is not the review page's.")
        elif asked.get("response_type") != "code" or asked.get("scope") != SCOPE:
            self._say(HTTPStatus.BAD_REQUEST, f"Only a code for the scope {SCOPE} is given.")
        elif asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            self._say(HTTPStatus.BAD_REQUEST, "A code is only given for a code_challenge (S256).")
        else:
            form = {name: asked[name] for name in _PASSED_ON if name in asked}
            form |= {"username": account.user, "password": account.password}
            status, headers, _ = _post(account, "/login", urlencode(form).encode())
            target = headers.get("Location", "")
            if status != HTTPStatus.FOUND or not target.startswith(f"{account.redirect}?"):
                self._say(HTTPStatus.BAD_GATEWAY, "The local user pool gave no code.")
                return
            self._answer(HTTPStatus.FOUND, {"Location": target}, b"")

    def _say(self, status: int, sentence: str) -> None:
        self._answer(status, {"Content-Type": "text/plain; charset=utf-8"}, sentence.encode())

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {
            **headers,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: an address here has a code in it."""


def _query(asked: Any) -> dict[str, list[str]]:
    return parse_qs(asked.query, max_num_fields=20)


def _cors(account: Account) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": account.origin,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type",
        "Vary": "Origin",
    }


def _post(account: Account, path: str, form: bytes) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection(
        account.endpoint.removeprefix("http://"), timeout=_TIMEOUT_S
    )
    try:
        connection.request("POST", path, form, {"Content-Type": _FORM})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
