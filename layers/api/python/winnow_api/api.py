"""From an event to an answer: who asks, may they, is it well formed, then one handler.

Nothing of a request is logged but its route, and nothing of an answer but its status. Nothing says
who asked: a hash of a name could be found again by trying names.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from winnow.errors import (
    NotAllowedError,
    RequestInvalidError,
    RequestTooLongError,
    RouteUnknownError,
    WinnowError,
)
from winnow_api import idempotency
from winnow_api.call import ANYBODY, Call
from winnow_api.identity import User, user_of
from winnow_api.messages import Request, Response
from winnow_api.problems import problem_of, status_of, unexpected
from winnow_api.routes import ROUTES, Route
from winnow_api.services import Services

_JSON = "application/json"
_SERVER_ERROR = 500
Log = Callable[[dict[str, Any]], None]


class Api:
    """Answers events of an HTTP API."""

    def __init__(self, services: Services, log: Log, routes: Mapping[str, Route] = ROUTES) -> None:
        self._services = services
        self._log = log
        self._routes = routes

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one event; never raises."""
        started = time.perf_counter()
        logged: dict[str, Any] = {"route": "unknown"}
        request = None
        try:
            request = Request.of(event)
            response = self._answer(request, logged)
        except WinnowError as error:
            logged["code"] = error.code
            if status_of(type(error)) >= _SERVER_ERROR:
                logged["problem"] = error.message
            response = problem_of(error, request.id if request else "-")
        except Exception as error:
            logged |= {"code": "internal", "problem": type(error).__name__, "where": _place(error)}
            response = unexpected(error, request.id if request else "-")
        logged |= {
            "status": response.status,
            "ms": round((time.perf_counter() - started) * 1000, 1),
            "request": request.id if request else "-",
        }
        self._log(logged)
        return response.event(request.headers.get("accept-encoding", "") if request else "")

    def _answer(self, request: Request, logged: dict[str, Any]) -> Response:
        route = self._routes.get(request.route)
        if route is None:
            raise RouteUnknownError("The API has no such route.")
        logged["route"] = request.route
        user = ANYBODY
        if not route.public:
            user = user_of(request.claims, self._services.now())
            if not user.groups & route.groups:
                raise NotAllowedError(f"It takes one of the groups {_names(route)}.")
        if len(request.body) > route.max_body:
            raise RequestTooLongError(f"The body has more than {route.max_body:,} bytes.")
        call = Call(
            user=user,
            path=_parsed(route.path, request.path, "path"),
            route=request.route,
            key=_key(request, user),
            body=request.body,
            headers=request.headers,
            request_id=request.id,
        )
        answer = route.handler()(self._services, call, _given(route, request))
        if isinstance(answer, Response):
            return answer
        return json_of(answer, route.status)


def json_of(answer: BaseModel, status: int = 200) -> Response:
    """A shape as an answer."""
    return Response(answer.model_dump_json(by_alias=True).encode(), _JSON, status)


def _names(route: Route) -> str:
    return ", ".join(sorted(route.groups))


def _key(request: Request, user: User) -> str | None:
    """What the request's idempotency key is kept under. A GET has none."""
    if not request.route.startswith("POST "):
        return None
    key = idempotency.checked(request.headers.get(idempotency.HEADER))
    where = request.route + "".join(f"\n{value}" for _, value in sorted(request.path.items()))
    return idempotency.scoped(user.name, where, key)


def _given(route: Route, request: Request) -> Any:
    """The query of a GET, the body of a POST."""
    if not request.route.startswith("POST "):
        return _parsed(route.given, request.query, "query")
    if request.headers.get("content-type", _JSON).partition(";")[0].strip().lower() != _JSON:
        raise RequestInvalidError(f"The body's content type is not {_JSON}.")
    return _parsed(route.given, request.body.strip() or b"{}", "body")


def _parsed(shape: type[BaseModel], given: Mapping[str, str] | bytes, where: str) -> Any:
    """What was given, as a shape. Raises RequestInvalidError, which names fields and no values."""
    try:
        if isinstance(given, bytes):
            return shape.model_validate_json(given, strict=True)
        return shape.model_validate(given)
    except ValidationError as error:
        lines = error.errors(include_url=False, include_context=False, include_input=False)
        known = set(shape.model_fields)
        problems = dict.fromkeys(
            f"{_field(line['loc'], known)} ({line['type'].replace('_', ' ')})" for line in lines
        )
        raise RequestInvalidError(f"Wrong in the {where}: {', '.join(problems)}.") from None


def _field(location: tuple[int | str, ...], known: set[str]) -> str:
    """The path of a field; what is not one of ours may be anything, and is not repeated."""
    if not location or location[0] not in known:
        return "a field that is not known" if location else "it as a whole"
    return str(location[0])


def _place(error: BaseException) -> str:
    """`module:line` of where it was raised, without the source text."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None:
        return "?"
    return f"{at.tb_frame.f_code.co_filename.rpartition('/')[2]}:{at.tb_lineno}"
