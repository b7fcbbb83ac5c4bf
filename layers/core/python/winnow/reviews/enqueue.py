"""Puts a finished run into the queue, and has the pages drawn that people need pictures of.

The one way in: when a run has ended, from the API, and from the command line.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from winnow.errors import WinnowError
from winnow.models import DrawPages, ObjectRef
from winnow.ports import ObjectStore
from winnow.processes.schema import ProcessDefinition
from winnow.reviews.drawing import pages_to_draw
from winnow.reviews.ports import ReviewStore
from winnow.reviews.queueing import Queued, Shares, queue_upload


class PageDrawer(Protocol):
    """Draws pages, later.

    Raises AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def draw(self, asked: DrawPages) -> None:
        """Have the pages drawn; does not wait for them."""
        ...


class Pictures(NamedTuple):
    """What became of the pictures of pages."""

    asked: int = 0
    """Pages that are being drawn."""
    code: str | None = None
    """Why they could not be asked for."""


def enqueue(
    result_ref: ObjectRef,
    objects: ObjectStore,
    reviews: ReviewStore,
    shares: Shares,
    clock: Callable[[], float],
    drawer: PageDrawer | None,
    *,
    known: Callable[[str], ProcessDefinition | None] = lambda _: None,
    queued: Callable[[Queued], object] = lambda _: None,
) -> tuple[Queued, Pictures]:
    """Queue the records of a finished run, then have their pages drawn.

    Without pictures people see the text, so an error there is only told.

    Args:
        result_ref: The run's result.json.
        objects: Where the results are.
        reviews: Where the queue is.
        shares: How many records are blind, and how many accepted ones are queued.
        clock: Tells the time in epoch seconds.
        drawer: Draws pages; None: none are drawn.
        known: The definition of a process id as it is now, for a run whose own is deleted.
        queued: Called when the records are in the queue.

    Raises:
        ObjectGoneError: The results have expired.
        StoredDataInvalidError: A line of them is damaged.
    """
    done = queue_upload(result_ref, objects, reviews, shares, clock, known)
    queued(done)
    if drawer is None:
        return done, Pictures()
    try:
        asked = pages_to_draw(result_ref, objects, shares)
        if asked is None:
            return done, Pictures()
        drawer.draw(asked)
    except WinnowError as error:
        return done, Pictures(code=error.code)
    return done, Pictures(len(asked.draw))
