"""What keeps the index as the results are: which uploads changed, and what a comparison found."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol

from pydantic import Field

from winnow.errors import ObjectGoneError
from winnow.models import FrozenModel, ObjectRef
from winnow.ports import ObjectStore
from winnow.search.files import SEGMENT_ID

STATE = "index/state.json"
"""Key of the last comparison of index and results."""
LONGEST_WAIT_S = 60
"""Seconds between two comparisons at most. If nothing was indexed for so long, nothing will be."""


class Change(FrozenModel):
    """An upload whose results are new, changed or deleted."""

    process: str = Field(pattern=SEGMENT_ID)
    upload: str = Field(pattern=SEGMENT_ID)


class IndexState(FrozenModel):
    """What the last comparison of the index with the results found."""

    compared_at: str
    uploads: int = Field(ge=0, description="that the index has")
    records: int = Field(ge=0, description="that the index has")
    missing: int = Field(ge=0, description="uploads whose results are not in the index as they are")
    pending: bool = Field(description="whether the missing ones are being indexed")


class Taken(NamedTuple):
    """What became of a change."""

    change: Change
    rows: int = 0
    code: str | None = None
    """Of the error, if it was not indexed."""
    again: bool = False
    """Whether it has to be tried again."""
    error_type: str | None = None
    """Of an error that is none of ours, such as a full disk."""


class UpkeepReport(FrozenModel):
    """What a call of the upkeep did."""

    state: IndexState
    compacted: int = Field(0, ge=0, description="files that became part of others")
    damaged: int = Field(0, ge=0, description="files that could not be read, and were deleted")


class ResultFolder(NamedTuple):
    """The results of an upload, as a list shows them."""

    change: Change
    sources: str
    """`winnow.search.files.sources_of` its objects."""
    modified: str
    """When the last of these was written, ISO 8601 in UTC."""


class ResultFolders(Protocol):
    """The uploads that have results."""

    def list(self) -> Iterator[ResultFolder]:
        """Every upload with a result.json."""
        ...


class Comparison(NamedTuple):
    """A comparison that found uploads missing in the index: another one has to follow."""

    missing: int
    """Uploads."""
    wait_s: int
    """Seconds until the next one."""


class ChangeQueue(Protocol):
    """What waits to be indexed."""

    def send(self, changes: Iterable[Change]) -> None:
        """Have these uploads indexed."""
        ...

    def compare_later(self, now: Comparison) -> None:
        """Have the index compared again, `now.wait_s` seconds from now."""
        ...


def state_ref(bucket: str) -> ObjectRef:
    """Where the last comparison is kept."""
    return ObjectRef(bucket=bucket, key=STATE)


def read_state(objects: ObjectStore, bucket: str) -> IndexState | None:
    """What the last comparison found; None: there was none, or its record cannot be read."""
    with suppress(ObjectGoneError, ValueError), objects.open(state_ref(bucket)) as stream:
        return IndexState.model_validate(json.load(stream))
    return None
