"""Everything that a search finds, as a file: its formats, its columns, and who writes it."""

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Any, Protocol

from pydantic import Field

from winnow.models import FrozenModel
from winnow.reviews.models import RecordKey
from winnow.search.engine import Searcher
from winnow.search.shapes import MAX_LIMIT, Hit, Search, SearchRequest

PREFIX = "exports/"
MAX_RECORDS = 1_000_000
"""Records of a file that the search function writes."""
CANNOT_TELL = "cannot tell"
COLUMNS = (
    "process",
    "version",
    "upload",
    "record",
    "line",
    "part",
    "source_id",
    "outcome",
    "decision",
    "code",
    "score",
    "confidence",
    "calibrated",
    "threshold",
    "dropped_at",
    "judged_at",
    "reviewed",
    "reviewed_by",
    "reviewed_at",
    "likeness",
    "text",
)
"""The columns of a file of each format."""


class ExportFormat(StrEnum):
    """The formats of a file."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class ExportRequest(Search):
    """A search whose hits are all wanted, as a file."""

    format: ExportFormat


class Exported(FrozenModel):
    """A file of everything that a search found."""

    key: str = Field(description="of the object in the results bucket")
    records: int = Field(ge=0, description="as many as the search finds")
    size: int = Field(ge=0, description="bytes")
    damaged: int = Field(0, ge=0, description="as of a search")
    indexing: bool = Field(False, description="as of a search")


class Exporter(Protocol):
    """Writes what a search finds to the results bucket.

    `visible` and `withheld` are those of `winnow.search.engine.Searcher`. Raises as its `search`
    does, and ExportTooLongError.
    """

    def export(
        self,
        request: SearchRequest,
        form: ExportFormat,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> Exported: ...


class ExportingSearcher(Searcher, Exporter, Protocol):
    """Answers searches and charts, and writes files."""


def every_hit(
    searcher: Searcher,
    request: SearchRequest,
    visible: Collection[str] | None = None,
    withheld: Collection[RecordKey] = (),
) -> Iterator[Hit]:
    """Everything that a request finds, with whole texts, page by page."""
    offset: int | None = 0
    while offset is not None:
        page = {"limit": MAX_LIMIT, "offset": offset, "whole_text": True}
        answer = searcher.search(request.model_copy(update=page), visible, withheld)
        yield from answer.hits
        offset = answer.next_offset


def cells_of(hit: Hit) -> dict[str, Any]:
    """The columns of a hit."""
    values = hit.model_dump(mode="json")
    if hit.review is not None:
        values |= {
            "reviewed": hit.review.decision or CANNOT_TELL,
            "reviewed_by": hit.review.by,
            "reviewed_at": hit.review.at,
        }
    return {name: values.get(name) for name in COLUMNS}
