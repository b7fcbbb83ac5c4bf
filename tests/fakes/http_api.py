"""An HTTP API as the gateway makes it of requests: for calls in this process, and for a browser.

`call` makes one event and returns its answer. `Gateway` is a WSGI application: it finds the route,
checks the token, and passes an event on. `serve` runs it on a port of this machine, with a sign-in
that asks for nothing, so that a browser can use page and API without a stack:

    with serve(Stage(clock=Clock(None))) as page:
        print(page.url)  # open it; `page.stage` is what is behind it

`.venv/bin/python -m tests.fakes.http_api 8080` does the same by hand.
"""

import base64
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any, cast
from urllib.parse import parse_qs, parse_qsl, quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.fakes.stage import USERS, Clock, Stage
from winnow.errors import ObjectGoneError
from winnow.models import ObjectRef
from winnow_api.routes import ROUTES

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_TYPES = {
    "html": "text/html",
    "jpg": "image/jpeg",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
}


@dataclass(frozen=True)
class Reply:
    """An answer of the API."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def event_of(
    route: str,
    *,
    user: str | Mapping[str, Any] | None = None,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> dict[str, Any]:
    """An event of an HTTP API, payload 2.0, whose token was good."""
    method, _, pattern = route.partition(" ")
    raw = re.sub(r"\{(\w+)\}", lambda name: quote((path or {}).get(name[1], "")), pattern)
    context: dict[str, Any] = {"requestId": "request-1", "http": {"method": method, "path": raw}}
    if user is not None:
        given = USERS[user] if isinstance(user, str) else user
        context["authorizer"] = {"jwt": {"claims": dict(given), "scopes": None}}
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": raw,
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if path:
        event["pathParameters"] = dict(path)
    if query:
        event["queryStringParameters"] = dict(query)
    if body:
        try:
            event["body"] = body.decode("utf-8")
        except UnicodeDecodeError:
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event


def reply_of(answer: Mapping[str, Any]) -> Reply:
    """What a client gets of a function's answer."""
    body = answer.get("body", "")
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return Reply(answer["statusCode"], answer["headers"], content)


_keys = iter(range(1, sys.maxsize))


def call(
    stage: Stage,
    route: str,
    given: Any = None,
    *,
    user: str | Mapping[str, Any] | None = "reviewer",
    key: str | None = "new",
    path: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **query: object,
) -> Reply:
    """Call a route: `given` is the body of a POST. Every POST has a new idempotency key."""
    sent = dict(headers or {})
    body = b""
    if route.startswith("POST "):
        body = given if isinstance(given, bytes) else json.dumps(given or {}).encode()
        sent.setdefault("content-type", "application/json")
        if key is not None:
            sent["idempotency-key"] = f"key-{next(_keys)}" if key == "new" else key
    event = event_of(
        route,
        user=user,
        path=path,
        query={name: str(value) for name, value in query.items() if value is not None},
        headers=sent,
        body=body,
    )
    return reply_of(stage.api(event))


class Gateway:
    """A WSGI application in the place of API Gateway, S3's links and the sign-in."""

    def __init__(self, stage: Stage, user: str = "reviewer") -> None:
        """`user` is who the sign-in signs in."""
        self.stage = stage
        self.user = user
        self.offline = False
        """True: every request of the API is answered as by a gateway that reaches no function."""
        self.slow_s = 0.0
        """How long a request for data is on its way, and its answer again."""
        self._routes = [
            (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)), key)
            for key, (method, _, pattern) in ((key, key.partition(" ")) for key in ROUTES)
        ]

    def __call__(
        self, environ: Mapping[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
        reply = self._reply(environ, path, body)
        phrase = HTTPStatus(reply.status).phrase
        start_response(f"{reply.status} {phrase}", [*reply.headers.items()])
        return [reply.body]

    def _reply(self, environ: Mapping[str, Any], path: str, body: bytes) -> Reply:
        method = environ["REQUEST_METHOD"]
        if path.startswith("/oauth2/") or path == "/logout":
            return self._sign_in(path, environ.get("QUERY_STRING", ""), body)
        if path.startswith("/_s3/"):
            return self._s3(method, path.removeprefix("/_s3/"), environ, body)
        if self.offline:
            return _plain(503, {"message": "Service Unavailable"})
        found = [
            (key, match.groupdict())
            for wanted, pattern, key in self._routes
            if wanted == method and (match := pattern.fullmatch(path))
        ]
        if not found:
            return _plain(404, {"message": "Not Found"})
        # A fixed part of a path comes before a variable one.
        key, names = min(found, key=lambda each: len(each[1]))
        user = None
        if not ROUTES[key].public:
            token = str(environ.get("HTTP_AUTHORIZATION", "")).removeprefix("Bearer ")
            if token not in USERS or token == "expired":
                return _plain(401, {"message": "Unauthorized"})
            user = token
        query: dict[str, str] = {}
        for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
            query[name] = f"{query[name]},{value}" if name in query else value
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or (name == "CONTENT_TYPE" and value)
        }
        event = event_of(key, user=user, path=names, query=query, headers=headers, body=body)
        pause = self.slow_s if path.startswith("/v1/") else 0.0
        time.sleep(pause)
        answer = self.stage.api(event)
        time.sleep(pause)
        return reply_of(answer)

    def _sign_in(self, path: str, query: str, body: bytes) -> Reply:
        if path == "/oauth2/token":
            token = {"access_token": self.user, "token_type": "Bearer", "expires_in": 3600}
            return _plain(200, token)
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        to = asked.get("redirect_uri") or asked.get("logout_uri") or "/"
        if path == "/oauth2/authorize":
            to += f"?code=code-1&state={quote(asked.get('state', ''))}"
        return Reply(302, {"location": to}, b"")

    def _s3(self, method: str, path: str, environ: Mapping[str, Any], body: bytes) -> Reply:
        bucket, _, key = path.partition("/")
        if method == "POST":
            fields = _form(str(environ.get("CONTENT_TYPE", "")), body)
            self.stage.drop(fields["file"], fields["key"].decode())
            return Reply(204, {}, b"")
        try:
            content = self.stage.store.content(ObjectRef(bucket=bucket, key=key))
        except ObjectGoneError:
            return Reply(404, {"content-type": "application/xml"}, b"<Error/>")
        kind = _TYPES.get(key.rpartition(".")[2], "application/octet-stream")
        return Reply(200, {"content-type": kind}, content)


def _plain(status: int, document: Mapping[str, Any]) -> Reply:
    return Reply(status, {"content-type": "application/json"}, json.dumps(document).encode())


def _form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a multipart form."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    return {
        str(part.get_param("name", header="content-disposition")): cast(
            bytes, part.get_payload(decode=True)
        )
        for part in message.iter_parts()
    }


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64
    """A browser asks for all parts of the page at once; with 5, some would wait for seconds."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@dataclass(frozen=True)
class Served:
    """A page that a browser can open."""

    url: str
    """With a slash at its end."""
    stage: Stage
    gateway: Gateway


@contextmanager
def serve(stage: Stage, port: int = 0, user: str = "reviewer") -> Iterator[Served]:
    """Serve page and API of a stage on this machine until the context ends."""
    gateway = Gateway(stage, user)
    server = make_server("127.0.0.1", port, gateway, _Server, _Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    stage.base = stage.objects.base = url
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Served(f"{url}/", stage, gateway)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with serve(Stage(clock=Clock(None), blind_share=0.1).sample(), int(sys.argv[1])) as served:
        print(served.url)
        threading.Event().wait()
