"""Pieces of work in processes of their own, with the same results as one after the other.

`fork` and a pipe are all that it takes: an AWS Lambda has no shared memory for the semaphores of
`multiprocessing.Pool` and joblib. Threads will not do, although scikit-learn's solver releases the
lock: it draws from one generator of random numbers, which its threads would share.
"""

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from typing import TypeVar

T = TypeVar("T")


def in_processes(tasks: Sequence[Callable[[], T]], workers: int) -> Iterator[T]:
    """The results of the tasks, in their order.

    What a task raises is raised here. If a process ends without an answer, as when memory is short,
    what it had left is done here.
    """
    workers = min(workers, len(tasks))
    if workers < 2 or sys.platform == "win32":
        for task in tasks:
            yield task()
        return
    context = multiprocessing.get_context("fork")
    running = []
    for first in range(workers):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(tasks[first::workers], sender), daemon=True)
        process.start()
        sender.close()
        running.append((process, receiver))
    try:
        for index, task in enumerate(tasks):
            receiver = running[index % workers][1]
            try:
                result, error = receiver.recv()
            except (EOFError, OSError):
                yield task()
                continue
            if error is not None:
                raise error
            yield result
    finally:
        for process, receiver in running:
            receiver.close()
            process.terminate()
            process.join()


def _work(tasks: Sequence[Callable[[], object]], sender: Connection) -> None:
    with closing(sender):
        for task in tasks:
            try:
                answer: tuple[object, Exception | None] = (task(), None)
            except Exception as error:
                answer = (None, error)
            sender.send(answer)
