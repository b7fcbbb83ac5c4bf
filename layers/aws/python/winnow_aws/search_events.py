"""What the search function is asked, and what it answers."""

from typing import Self

from pydantic import Field, model_validator

from winnow.models import FrozenModel
from winnow.reviews.models import RecordKey
from winnow.search.exports import Exported, ExportFormat
from winnow.search.shapes import (
    SearchAnswer,
    SearchRequest,
    StatsAnswer,
    StatsRequest,
    VectorSearch,
)


class SearchInput(FrozenModel):
    """An event of the search function: a search or a chart, and for whom."""

    search: VectorSearch | SearchRequest | None = None
    stats: StatsRequest | None = None
    export: ExportFormat | None = Field(
        None, description="all that the search finds is wanted as a file of this format"
    )
    visible: tuple[str, ...] | None = Field(
        None, description="processes that whoever asks may see; absent: all"
    )
    withheld: tuple[RecordKey, ...] = Field((), description="records that are left out")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.search is None) == (self.stats is None):
            raise ValueError("give search or stats")
        if self.export is not None and self.search is None:
            raise ValueError("an export is of a search")
        return self


class Refused(FrozenModel):
    """Why a request is not answered: an error of whoever asked."""

    code: str
    message: str


class SearchOutput(FrozenModel):
    """What the search function answers: one of these."""

    search: SearchAnswer | None = None
    stats: StatsAnswer | None = None
    exported: Exported | None = None
    refused: Refused | None = None
