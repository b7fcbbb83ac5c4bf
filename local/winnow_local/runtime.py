"""A function's process on the local stack: asks Lambda's Runtime API for one event after another.

The zip's `bootstrap` starts it. Like every client of that API it imports the handler, returns its
results, and reports exceptions by the name of the class. In addition it handles the event `WARM`
itself: it calls the function's `build()`, so that the first file does not wait for it.
"""

import http.client
import importlib
import json
import os
import shlex
import sys
from email.message import Message
from types import SimpleNamespace
from typing import Any

WARM = {"winnow_local": "warm"}
"""An event that is not passed to the handler."""


def bootstrap() -> bytes:
    """The start program of a zip for Lambda's `provided` runtimes.

    It is this module, run by the Python that runs MiniStack.
    """
    return f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {__name__}\n".encode()


def problem(error: BaseException) -> dict[str, str]:
    """An exception as Lambda reports it. The workflow retries by `errorType`."""
    return {"errorType": type(error).__name__, "errorMessage": str(error)}


def main() -> int:
    """Handle events until MiniStack ends the process or the API."""
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    try:
        app = importlib.import_module(module)
        handler = getattr(app, name)
    except Exception as error:
        _ask("POST", "init/error", problem(error))
        return 1
    while True:
        status, headers, event = _ask("GET", "invocation/next")
        if status != http.HTTPStatus.OK:
            return 0
        call = headers["Lambda-Runtime-Aws-Request-Id"]
        context = SimpleNamespace(
            aws_request_id=call,
            function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
            invoked_function_arn=headers["Lambda-Runtime-Invoked-Function-Arn"],
        )
        try:
            if event == WARM:
                app.build()
                answer = None
            else:
                answer = handler(event, context)
        except Exception as error:
            _ask("POST", f"invocation/{call}/error", problem(error))
        else:
            _ask("POST", f"invocation/{call}/response", answer)


def _ask(method: str, path: str, body: Any = None) -> tuple[int, Message, Any]:
    # One connection per event: on a kept one, a response in two packets is 40 ms late.
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        sent = json.dumps(body) if method == "POST" else None
        api.request(method, f"/2018-06-01/runtime/{path}", sent)
        answer = api.getresponse()
        return answer.status, answer.headers, json.loads(answer.read() or b"null")
    finally:
        api.close()


if __name__ == "__main__":
    raise SystemExit(main())
