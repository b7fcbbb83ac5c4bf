"""The chat of the local stack: a webhook on this machine, whose posts are put into the mailbox.

So what a stack would post to Slack or Teams can be looked at without either. The server runs in a
thread of the supervisor, on this machine's loopback interface; nobody else knows its path.
"""

import json
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LOOPBACK = "127.0.0.1"
_DOMAIN = "winnow.local"
_MOST_BYTES = 65_536
_TIMEOUT_S = 30


class LocalChat:
    """The server. `deliver` is called with each post, as an e-mail."""

    def __init__(self, kind: str, deliver: Callable[[EmailMessage], None]) -> None:
        """`kind` is the chat's name, such as slack."""
        self._server = _Server((_LOOPBACK, 0), _Handler)
        self._server.kind, self._server.deliver = kind, deliver
        self._server.path = f"/{kind}/{secrets.token_urlsafe(16)}"
        self.address = f"http://{_LOOPBACK}:{self._server.server_address[1]}{self._server.path}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        ).start()

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    kind: str
    path: str
    deliver: Callable[[EmailMessage], None]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _TIMEOUT_S

    def do_POST(self) -> None:
        """A message for the chat."""
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != self.server.path or length > _MOST_BYTES:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            posted = json.loads(self.rfile.read(length))
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        self.server.deliver(_as_mail(self.server.kind, posted))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing: the path is the address's secret."""


def _as_mail(kind: str, posted: Any) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = Address("Winnow (local)", "no-reply", _DOMAIN)
    mail["To"] = Address(kind.capitalize(), kind, _DOMAIN)
    mail["Subject"] = f"Posted to {kind.capitalize()}"
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{secrets.token_hex(16)}@{_DOMAIN}>"
    mail.set_content(json.dumps(posted, indent=2, ensure_ascii=False))
    return mail
