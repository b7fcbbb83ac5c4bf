"""MiniStack, with one thing that a laptop needs: a call that finds no place waits for one.

MiniStack starts a process for every call at once, or refuses what is over a limit in a way that the
workflow cannot know for a throttle. Forty files at once would be forty of each function. Run as
`python -m winnow_local.emulator`.
"""

import os
import threading
from typing import Any

from ministack.app import main
from ministack.services import lambda_svc

from winnow_local.ministack import PLACES_VARIABLE


def queue_calls(places: int) -> None:
    """Lets `places` calls of functions run at a time; the others wait for their turn.

    No function calls another one here, so none waits for a place that its own caller holds.
    """
    turn = threading.Semaphore(places)
    run = lambda_svc._execute_function_dispatch

    def in_turn(*call: Any) -> dict[str, Any]:
        with turn:
            answer: dict[str, Any] = run(*call)
            return answer

    lambda_svc._execute_function_dispatch = in_turn


if __name__ == "__main__":
    queue_calls(int(os.environ[PLACES_VARIABLE]))
    main()
