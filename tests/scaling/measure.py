"""How the processor time of a call grows when its input is twice as long.

Processor time of this process, not the clock on the wall: a loaded machine changes it little. The
least of several runs counts, and what seems to grow too fast is measured again before it is
believed. What takes less than `FLOOR` at the full size is taken as it is: with inputs this long, a
quadratic step of even a nanosecond takes longer than that.
"""

import gc
import os
import time
from collections.abc import Callable
from typing import Protocol

SIZE = 20_000
"""Characters of the input; and twice as many."""
MOST = 2.5
"""Times as long for twice the input: 2 is in proportion, 4 is quadratic."""
FLOOR = 0.06
LOOKS = 30
"""How often a growth that seems too fast is measured again: on a busy machine the shorter call
finds a quiet moment before the longer one does."""


class Subject(Protocol):
    """From a text to a call that works on it; what it takes to get there is not measured."""

    def __call__(self, text: str) -> Callable[[], object]: ...


def growth(subject: Subject, text_of: Callable[[int], str], size: int = SIZE) -> float:
    """How many times as long a call takes for twice the text; 0 where it is too quick to tell.

    What seems to grow too fast is doubled once more, and the smaller growth counts. A step of
    higher order has a larger part of the time the longer the text is, so it shows there all the
    more; what no longer fits into a cache of the processor shows once.
    """
    ratio = _growth(subject, text_of, size)
    return ratio if ratio <= MOST else min(ratio, _growth(subject, text_of, 2 * size))


def _growth(subject: Subject, text_of: Callable[[int], str], size: int) -> float:
    large = _seconds(subject(text_of(2 * size)))
    if large < FLOOR:
        return 0.0
    small = _seconds(subject(text_of(size)))
    ratio = large / small
    for _ in range(LOOKS):
        if ratio <= MOST:
            break
        small = min(small, _seconds(subject(text_of(size))))
        large = min(large, _seconds(subject(text_of(2 * size))))
        if large < FLOOR:
            return 0.0
        ratio = large / small
    return ratio


def spent() -> float:
    """Processor seconds so far of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _seconds(call: Callable[[], object]) -> float:
    gc.disable()
    try:
        started = time.process_time()
        call()
        return time.process_time() - started
    finally:
        gc.enable()
