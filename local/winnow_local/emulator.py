"""MiniStack with additions for a laptop. Run as `python -m winnow_local.emulator`.

- Calls of functions beyond a limit wait. MiniStack starts a process for every call at once, or
  rejects those above a limit with an error that the workflow does not recognise as throttling.
  Forty files at once would be forty processes of each function.
- A state machine's message attributes reach the topic's queues. MiniStack reads them only from
  requests.
- It can listen on more addresses: that of a Docker engine's bridge, and this machine's own.
- The review page is at `<api id>.execute-api.localhost`, whatever address MiniStack listens on:
  browsers know names that end in `localhost`.
- Pages of others get no answer. MiniStack lets every page in the browser read everything.
- The last event of each function is kept for `sam local invoke` (see winnow_local.sam).
- A call by a rule that fails is made again, and what fails for good goes to its queue, as on AWS.
  MiniStack calls once and forgets. Records for review would never have been queued.
- An event of S3 has the version id, as on AWS. MiniStack omits it in EventBridge. Without it, if a
  file is overwritten, the new version would be judged twice and the old one never.
- Athena takes `ExecutionParameters`, and rows of Parquet have a `"$path"`. MiniStack knows neither.
  A query is its workgroup's, so that a role may ask for its result.
"""

import ipaddress
import json
import os
import re
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hypercorn.asyncio
from hypercorn.config import Config
from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import error_response_json
from ministack.services import athena, eventbridge, lambda_svc, s3, sns

from winnow_local.ministack import BRIDGE_VARIABLE, EVENTS_VARIABLE, PLACES_VARIABLE
from winnow_local.runtime import WARM
from winnow_local.sam import function_of, record


def queue_calls(places: int) -> None:
    """Run at most `places` calls of functions at a time; the others wait.

    Dispatch is not counted: it only waits for runs; nor is publish, for which a deployment waits.
    The API, and search, which it waits for, have places of their own: a person does not wait for a
    long file. No other function waits for one here, so this cannot deadlock.
    """
    turn, page, found = (threading.Semaphore(places) for _ in range(3))
    turns: dict[str, AbstractContextManager[Any]] = {
        "dispatch": nullcontext(),
        "publish": nullcontext(),
        "api": page,
        "search": found,
    }
    run = lambda_svc._execute_function_dispatch

    def in_turn(*call: Any) -> dict[str, Any]:
        with turns.get(function_of(str(call[1].get("FunctionName", ""))) or "", turn):
            answer: dict[str, Any] = run(*call)
            return answer

    lambda_svc._execute_function_dispatch = in_turn


def keep_events(folder: Path) -> None:
    """Write the event of each call into the folder, under the function's name.

    Not those of the API: they hold what a person typed, and a token.
    """
    run = lambda_svc._execute_function_dispatch

    def recorded(function: Any, config: dict[str, Any], event: Any, *more: Any) -> dict[str, Any]:
        # A convenience: it must not fail a call, not even on a full disk.
        name = function_of(str(config.get("FunctionName", "")))
        if name and name != "api" and event != WARM:
            with suppress(OSError):
                record(folder, name, event)
        answer: dict[str, Any] = run(function, config, event, *more)
        return answer

    lambda_svc._execute_function_dispatch = recorded


def pass_attributes_on() -> None:
    """Publish a state's `MessageAttributes` like those of a request."""
    publish = sns._publish

    def whole(params: dict[str, Any]) -> Any:
        given = params.get("MessageAttributes")
        if isinstance(given, dict):
            params = dict(params)
            for number, (name, value) in enumerate(given.items(), start=1):
                entry = f"MessageAttributes.entry.{number}"
                params[f"{entry}.Name"] = name
                params |= {f"{entry}.Value.{part}": text for part, text in value.items()}
        return publish(params)

    sns._publish = whole


def listen_also(addresses: Sequence[str]) -> None:
    """Have the server listen on more addresses, each `host:port`."""
    serve = hypercorn.asyncio.serve

    async def on_all(app: Any, config: Config, **more: Any) -> None:
        config.bind = [*config.bind, *addresses]
        await serve(app, config, **more)

    hypercorn.asyncio.serve = on_all


def serve_the_page() -> None:
    """Answer for the HTTP API at `<api id>.execute-api.localhost`, too."""
    hosts = "|".join(re.escape(host) for host in ("localhost", app._MINISTACK_HOST))
    app._EXECUTE_API_RE = re.compile(rf"^([a-f0-9]{{8}})\.execute-api\.(?:{hosts})(?::\d+)?$")


def is_local(host: str) -> bool:
    """Whether a name or address, with or without a port, can only be of this machine or its engine.

    >>> is_local("0ab1c2d3.execute-api.localhost:4566"), is_local("127.0.0.1:4566")
    (True, True)
    >>> is_local("example.org"), is_local("127.0.0.1.example.org:4566")
    (False, False)
    """
    name = _name_of(host)
    with suppress(ValueError):
        return not ipaddress.ip_address(name).is_global
    return _is_loopback(name) or name == "host.docker.internal"


def is_ours(
    method: str, path: str, query: str, headers: Mapping[str, str], engine: Collection[str] = ()
) -> bool:
    """Whether a request comes from the review page or a program, and not from a page of others.

    `engine` has the addresses of the Docker engine's bridge. Names of headers are in lower case.

    A browser names the origin of a page that sends something or wants to read an answer. For an
    image, a script or a link it names none, and says by `Sec-Fetch-Site` only whether the page is
    another one than the one that is asked. Then it may open the review page, and show or save what
    the page has a link of S3 for: those are of another host than the page. Browsers send
    `Sec-Fetch-Site` to this machine's loopback addresses alone; at others none is answered.

    >>> is_ours("GET", "/", "Action=ListQueues", {"host": "localhost", "sec-fetch-site": "none"})
    True
    >>> is_ours("GET", "/", "", {"host": "localhost", "sec-fetch-site": "cross-site"})
    False
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if not is_local(host):
        return False
    if origin is not None:
        name = _name_of(origin.partition("://")[2])
        return _is_loopback(name) or name in (*engine, "host.docker.internal")
    site = headers.get("sec-fetch-site")
    if site is None:
        browser = headers.get("user-agent", "").startswith("Mozilla/")
        return not browser or _is_loopback(_name_of(host))
    if site in ("none", "same-origin"):
        return True
    kind = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    if method != "GET" or kind not in (_OPENED, _PICTURE):
        return False
    if _PAGE_HOST.search(_name_of(host)):
        return kind == _OPENED and path in ("/", "/signed-in")
    fields = parse_qs(query, keep_blank_values=True)
    return _RESULT.match(path) is not None and set(fields) <= _LINK and "X-Amz-Signature" in fields


_OPENED, _PICTURE = ("navigate", "document"), ("no-cors", "image")
_PAGE_HOST = re.compile(r"^[a-f0-9]+\.execute-api\.localhost$")
_RESULT = re.compile(r"^/[a-z0-9][a-z0-9.-]+/results/.")
_LINK = {
    *(f"X-Amz-{one}" for one in ("Algorithm", "Credential", "Date", "Expires", "Signature")),
    *("X-Amz-SignedHeaders", "X-Amz-Security-Token", "versionId", "x-id", "x-amz-checksum-mode"),
    *("response-content-disposition", "response-content-type"),
}
"""What the query of a link of S3 for reading has."""


def _name_of(host: str) -> str:
    """The name or address without a port; empty for what is none."""
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""


def _is_loopback(name: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return name == "localhost" or name.endswith(".localhost")


def keep_pages_out(engine: Collection[str]) -> None:
    """Refuse what a page of somebody else sends from this machine's browser.

    Such a page names its origin, or is another site; or, if its own name was made to lead to this
    machine, it names that as the host.
    """
    serve = hypercorn.asyncio.serve

    async def guarded(app: Any, config: Config, **more: Any) -> None:
        async def checked(scope: Any, receive: Any, send: Any) -> None:
            headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in scope.get("headers", ())
            }
            query = scope.get("query_string", b"").decode("latin-1")
            asked = str(scope.get("method", "")), str(scope.get("path", "")), query
            if scope["type"] == "lifespan" or is_ours(*asked, headers, engine):
                await app(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await send({"type": "http.response.start", "status": 403, "headers": []})
                await send({"type": "http.response.body", "body": b"Not for pages of others."})

        await serve(checked, config, **more)

    hypercorn.asyncio.serve = guarded


def retry_events() -> None:
    """Have the calls of rules treated as every asynchronous call is."""

    def dispatching(arn: str, payload: str) -> None:
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            return
        record = lambda_svc._execution_record_for_config(function, config)
        # The retries and the queue are those of the alias, if the rule names one.
        alias = arn.partition(f":{name}:")[2] or None
        record["event_invoke_config"] = lambda_svc._event_invoke_config(
            lambda_svc._functions[name], alias
        )
        lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatching


def name_versions() -> None:
    """Add `version-id` to S3's events in EventBridge, if the bucket has versions.

    MiniStack makes and sends an event in one call, in its own thread: the arguments of that call
    have the version.
    """
    about: ContextVar[str | None] = ContextVar("version", default=None)
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def firing(*args: Any, version_id: str | None = None, **named: Any) -> None:
        before = about.set(version_id)
        try:
            fire(*args, version_id=version_id, **named)
        finally:
            about.reset(before)

    def dispatching(event: dict[str, Any], *args: Any, **named: Any) -> Any:
        version = about.get()
        if version is not None and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"].setdefault("version-id", version)
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **named)

    s3._fire_s3_event, eventbridge._dispatch_event = firing, dispatching


def take_query_parameters() -> None:
    """Put `ExecutionParameters` of Athena in the place of question marks: each is one literal."""
    start = athena._start_query_execution

    def with_parameters(data: dict[str, Any]) -> Any:
        sql, values = data.get("QueryString", ""), data.get("ExecutionParameters", [])
        marks = [
            (first, end)
            for kind, text, first, end in athena._sql_tokens(sql)
            if (kind, text) == ("punct", "?")
        ]
        if len(marks) != len(values) or not all(map(_is_literal, values)):
            message = f"{len(marks)} literals are expected, {len(values)} values were given."
            return error_response_json("InvalidRequestException", message, 400)
        for (first, end), value in reversed([*zip(marks, values, strict=True)]):
            sql = sql[:first] + value + sql[end:]
        return start({**data, "QueryString": sql})

    athena._start_query_execution = with_parameters


def _is_literal(value: str) -> bool:
    """Whether SQL reads a text as one literal.

    >>> _is_literal("'it''s'"), _is_literal("0.5"), _is_literal("'a' OR 'a'"), _is_literal("now()")
    (True, True, False, False)
    """
    with suppress(ValueError):
        float(value)
        return True
    tokens = list(athena._sql_tokens(value))
    return [(kind, text) for kind, text, *_ in tokens] == [("str", value)]


def name_workgroups() -> None:
    """Permissions to call for a query of Athena are permissions on its workgroup."""
    resource = iam_actions.extract_resource_arn

    def of_workgroup(
        service: str, method: str, path: str, headers: Any, body: bytes, *more: Any
    ) -> Any:
        if service == "athena" and b"QueryExecutionId" in body:
            query = athena._executions.get(json.loads(body).get("QueryExecutionId"))
            body = json.dumps({"WorkGroup": query["WorkGroup"]}).encode() if query else body
        return resource(service, method, path, headers, body, *more)

    iam_actions.extract_resource_arn = of_workgroup


def name_paths() -> None:
    """Give the rows of tables of Parquet a `"$path"`, as Athena does: below the table's location.

    MiniStack copies the files into another temporary folder for each mention of a table.
    """
    relation, empty = athena._table_relation, athena._empty_relation

    def with_paths(table: dict[str, Any], files: list[str]) -> str:
        found: str = relation(table, files)
        if not found.startswith("read_parquet("):
            return found
        path = "regexp_replace(filename, '^.*/ministack-athena-[^/]*/', '')"
        return f'(SELECT *, {path} AS "$path" FROM {found})'  # noqa: S608

    def with_path(table: dict[str, Any]) -> str:
        return f'(SELECT *, CAST(NULL AS VARCHAR) AS "$path" FROM {empty(table)})'  # noqa: S608

    athena._table_relation, athena._empty_relation = with_paths, with_path


if __name__ == "__main__":
    name_versions()
    retry_events()
    take_query_parameters()
    name_workgroups()
    name_paths()
    queue_calls(int(os.environ[PLACES_VARIABLE]))
    pass_attributes_on()
    keep_events(Path(os.environ[EVENTS_VARIABLE]))
    serve_the_page()
    more = os.environ.get(BRIDGE_VARIABLE, "").split()
    keep_pages_out({app._MINISTACK_HOST, *(one.rpartition(":")[0] for one in more)})
    if more:
        listen_also(more)
    app.main()
