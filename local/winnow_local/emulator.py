"""MiniStack with additions for a laptop. Run as `python -m winnow_local.emulator`.

- Calls of functions beyond a limit wait. MiniStack starts a process for every call at once, or
  rejects those above a limit with an error that the workflow does not recognise as throttling.
  Forty files at once would be forty processes of each function.
- A state machine's message attributes reach the topic's queues. MiniStack reads them only from
  requests.
- It can listen on a second address: that of a Docker engine's bridge.
- The last event of each function is kept for `sam local invoke` (see winnow_local.sam).
- An event of S3 has the version id, as on AWS. MiniStack omits it in EventBridge. Without it, if a
  file is overwritten, the new version would be judged twice and the old one never.
"""

import json
import os
import threading
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import hypercorn.asyncio
from hypercorn.config import Config
from ministack.app import main
from ministack.services import eventbridge, lambda_svc, s3, sns

from winnow_local.ministack import BRIDGE_VARIABLE, EVENTS_VARIABLE, PLACES_VARIABLE
from winnow_local.runtime import WARM
from winnow_local.sam import function_of, record


def queue_calls(places: int) -> None:
    """Run at most `places` calls of functions at a time; the others wait.

    No function calls another one here, so this cannot deadlock. Dispatch is not counted: it only
    waits for runs.
    """
    turn = threading.Semaphore(places)
    run = lambda_svc._execute_function_dispatch

    def in_turn(*call: Any) -> dict[str, Any]:
        waits = function_of(str(call[1].get("FunctionName", ""))) == "dispatch"
        with nullcontext() if waits else turn:
            answer: dict[str, Any] = run(*call)
            return answer

    lambda_svc._execute_function_dispatch = in_turn


def keep_events(folder: Path) -> None:
    """Write the event of each call into the folder, under the function's name."""
    run = lambda_svc._execute_function_dispatch

    def recorded(function: Any, config: dict[str, Any], event: Any, *more: Any) -> dict[str, Any]:
        # A convenience: it must not fail a call, not even on a full disk.
        name = function_of(str(config.get("FunctionName", "")))
        if name and event != WARM:
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


def listen_also(address: str) -> None:
    """Have the server listen on one more `host:port`."""
    serve = hypercorn.asyncio.serve

    async def on_both(app: Any, config: Config, **more: Any) -> None:
        config.bind = [*config.bind, address]
        await serve(app, config, **more)

    hypercorn.asyncio.serve = on_both


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


if __name__ == "__main__":
    name_versions()
    queue_calls(int(os.environ[PLACES_VARIABLE]))
    pass_attributes_on()
    keep_events(Path(os.environ[EVENTS_VARIABLE]))
    if bridge := os.environ.get(BRIDGE_VARIABLE):
        listen_also(bridge)
    main()
