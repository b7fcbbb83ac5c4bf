"""Answers from the index, with what is known of how complete it is."""

from collections.abc import Callable, Collection
from typing import Any

from winnow.ports import ObjectStore
from winnow.reviews.models import RecordKey
from winnow.search.engine import Searcher
from winnow.search.shapes import SearchAnswer, SearchRequest, StatsAnswer, StatsRequest
from winnow.search.upkeep import IndexState, read_state

STATE_S = 5.0
"""Seconds after which the last comparison is read again."""
REPAIR_S = 300.0
"""Seconds after which a comparison is asked for again."""


class Answering:
    """Implements `winnow.search.engine.Searcher` over the engine that reads the files.

    Where a file is damaged, or the index was never compared with the results, a comparison is asked
    for: what is missing is then indexed.
    """

    def __init__(
        self,
        engine: Searcher,
        objects: ObjectStore,
        bucket: str,
        repair: Callable[[], None],
        monotonic: Callable[[], float],
    ) -> None:
        """`repair` asks for a comparison; `monotonic` tells seconds."""
        self._engine = engine
        self._objects = objects
        self._bucket = bucket
        self._repair = repair
        self._monotonic = monotonic
        self._state: IndexState | None = None
        self._read_at: float | None = None
        self._asked_at: float | None = None

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer:
        answer = self._engine.search(request, visible, withheld)
        return answer.model_copy(update=self._told(answer.damaged))

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer:
        answer = self._engine.stats(request, visible, withheld)
        return answer.model_copy(update=self._told(answer.damaged))

    def _told(self, damaged: int) -> dict[str, Any]:
        """The fields of an answer that say what it lacks."""
        state = self._known()
        if damaged or state is None:
            self._ask()
        if state is None or state.pending:
            return {"indexing": True}
        return {"damaged": damaged + state.missing}

    def _known(self) -> IndexState | None:
        now = self._monotonic()
        if self._read_at is None or now - self._read_at >= STATE_S:
            self._state, self._read_at = read_state(self._objects, self._bucket), now
        return self._state

    def _ask(self) -> None:
        now = self._monotonic()
        if self._asked_at is None or now - self._asked_at >= REPAIR_S:
            self._repair()
            self._asked_at = now
