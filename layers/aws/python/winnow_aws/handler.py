"""A Lambda handler from a core call: parse, call, dump, and errors that say what to do.

Every error leaves the function as a WinnowError whose text is `<code>: <message>`. An unexpected
error is logged by type and place, without its message, which may contain document text.
What each call used is measured.
"""

import math
import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from winnow.errors import EventInvalidError, InternalError, WinnowError
from winnow.models import StepUnits
from winnow_aws import sent_requests
from winnow_aws.metrics import count_defect, measure_call
from winnow_aws.usage import Meter, process_age

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)

logger = Logger()
_context: list[Any] = []
"""The context of the current call: Lambda runs one at a time in a process."""


_current: list["Call"] = []
"""The current call, while it is measured."""
_loaded_s: list[float] = []
"""Age of the process when its code was loaded: what a cold start is billed for besides the call."""
LOG_BYTES = 1_000
"""What a call writes to the logs, roughly: the line of its metrics, `done`, and Lambda's three."""


def seconds_left() -> float:
    """Seconds left of the call; infinite outside Lambda."""
    remaining = getattr(_context[0], "get_remaining_time_in_millis", None) if _context else None
    return float("inf") if remaining is None else float(remaining()) / 1000


def call_id() -> str:
    """Id of the call; Lambda's second attempt at an event has the same. Empty outside Lambda."""
    return str(getattr(_context[0], "aws_request_id", "")) if _context else ""


class Call:
    """A call that is being measured."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.sent = sent_requests.sent()
        self.code = ""
        """Code of the error that it ends with."""


_calls: list[int] = []
"""Whether this process has had a call."""


@contextmanager
def measured(context: Any) -> Iterator[Call]:
    """Measure a call, and print what it used when it ends. `context` is Lambda's."""
    call = Call()
    _current[:] = [call]
    try:
        yield call
    finally:
        _current.clear()
        name = getattr(context, "function_name", None)
        if name:
            measure_call(
                name,
                call.meter.read(),
                function=os.environ.get("POWERTOOLS_SERVICE_NAME", ""),
                code=call.code,
                cold=not _calls,
                limit_mb=int(context.memory_limit_in_mb),
            )
            _calls[:] = [1]
        stack = os.environ.get("STACK_NAME")
        if stack and call.code == InternalError.code:
            count_defect(stack)


def used(*, puts: int = 0, gets: int = 0) -> StepUnits:
    """What the current call has used until now: core's Meter.

    Lambda bills the call and, of a cold start, the loading of the code before it.
    """
    call = _current[0] if _current else Call()
    cold = not _calls
    seconds = call.meter.read().seconds + (sum(_loaded_s) if cold else 0.0)
    ms = math.ceil(seconds * 1_000)
    memory = int(getattr(_context[0], "memory_limit_in_mb", 0) or 0) if _context else 0
    now = sent_requests.sent()
    sent = {name: count - call.sent.get(name, 0) for name, count in now.items()}
    sent["s3_puts"] = sent.get("s3_puts", 0) + puts
    sent["s3_gets"] = sent.get("s3_gets", 0) + gets
    return StepUnits(
        calls=1,
        cold_starts=int(cold),
        ms=ms,
        mb_ms=ms * memory,
        log_bytes=LOG_BYTES,
        **sent,
    )


def handler(
    shape: type[In], identify: Callable[[In], dict[str, Any]]
) -> Callable[[Callable[[In], Out]], Callable[[dict[str, Any], Any], dict[str, Any]]]:
    """Make a Lambda handler of a function from `shape` to a shape.

    `identify` returns the fields that every log line has: ids and counts, nothing else.
    The handler returns the function's result as plain data, and raises only WinnowErrors.
    """
    _loaded_s[:] = [process_age()]

    def decorate(call: Callable[[In], Out]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
        @wraps(call)
        def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
            _context.clear()
            _context.append(context)
            logger.clear_state()
            with measured(context) as one:
                try:
                    parsed = _parsed(shape, event)
                    logger.append_keys(**identify(parsed))
                    result = call(parsed)
                except WinnowError as error:
                    one.code = error.code
                    logger.error("failed", code=error.code, error_type=type(error).__name__)
                    raise error.with_traceback(None) from None
                except Exception as error:
                    one.code = InternalError.code
                    logger.error(
                        "failed",
                        code=InternalError.code,
                        error_type=type(error).__name__,
                        where=places_of(error),
                    )
                    where = places_of(error)[-1]
                    raise InternalError(f"{type(error).__name__} at {where}.") from None
                logger.info("done", seconds=round(one.meter.read().seconds, 3))
                return result.model_dump(mode="json")

        return handle

    return decorate


def _parsed(shape: type[In], event: object) -> In:
    """The event as a shape. Raises EventInvalidError, which names fields and no values."""
    try:
        return shape.model_validate(event)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        # For a union, the location begins with the shape that was chosen.
        start = 1 if issubclass(shape, RootModel) else 0
        missing = _fields((problem for problem in problems if problem["type"] == "missing"), start)
        wrong = _fields((problem for problem in problems if problem["type"] != "missing"), start)
        reasons = [f"it lacks {missing}"] if missing else []
        reasons += [f"it is wrong in {wrong}"] if wrong else []
        raise EventInvalidError(
            f"The event is not a valid {shape.__name__}: {'; '.join(reasons)}."
        ) from None


def _fields(problems: Iterable[ErrorDetails], start: int) -> str:
    """Dotted paths of the fields; `the event itself` for one that is not an object."""
    names = (
        ".".join(map(str, problem["loc"][start:])) or "the event itself" for problem in problems
    )
    return ", ".join(dict.fromkeys(names))


def places_of(error: BaseException) -> list[str]:
    """`module:line` of each frame, without the source text."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames] or ["?"]
