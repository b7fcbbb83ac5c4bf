"""What is asked of the index of all results, and what it answers.

Times are texts as results have them (`2026-11-27T10:12:31.402Z`). They sort as texts, and so does
their beginning: `since="2026-11"` is the start of November, `since="2026-11-27T10:12"` a minute.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Base64Bytes, Field, field_validator, model_validator

from winnow.models import FrozenModel, Outcome, UnitInterval
from winnow.reviews.models import Kind
from winnow.storage.vectors import DIMENSIONS

MAX_QUERY = 1_000
"""Characters of a query."""
MAX_LIKE = 20_000
"""Characters of a text that records should be like."""
MAX_LIMIT = 1_000
"""Hits of an answer."""
MAX_OFFSET = 10_000_000
EXCERPT = 320
"""Characters of a hit's text, unless the whole text is asked for."""

_ProcessId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
_Value = Annotated[str, Field(min_length=1, max_length=300)]
_Time = Annotated[str, Field(pattern=r"^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{3}Z)?)?)?)?)?$")]


def _values(of: str) -> "tuple[str, ...]":
    field: tuple[str, ...] = Field((), max_length=100, description=f"any of these {of}; empty: all")
    return field


class SearchFilter(FrozenModel):
    """Which records count. All conditions hold at once; an absent one holds for every record."""

    processes: tuple[_ProcessId, ...] = _values("processes")
    versions: tuple[_Value, ...] = _values("versions, by the first 12 hex digits")
    uploads: tuple[_Value, ...] = _values("uploads, by id")
    decisions: tuple[_Value, ...] = _values("decisions")
    outcomes: tuple[Outcome, ...] = Field((), max_length=3, description="any of these; empty: all")
    reasons: tuple[_Value, ...] = _values("codes")
    cases: tuple[_Value, ...] = _values("records' own ids, or cases")
    reviewers: tuple[_Value, ...] = _values("people who decided")
    kinds: tuple[Kind, ...] = Field((), max_length=4, description="why a person looked at it")
    reviewed: bool | None = Field(None, description="whether a person has decided it")
    changed: bool | None = Field(
        None, description="whether a person decided otherwise than the machine"
    )
    answered: bool | None = Field(
        None, description="whether both the machine and a person decided something of it"
    )
    erased: bool | None = Field(None, description="whether it was erased")
    confidence_from: UnitInterval | None = Field(None, description="at least")
    confidence_to: UnitInterval | None = Field(
        None, description="less than; 1 includes records with a confidence of 1"
    )
    since: _Time | None = Field(None, description="judged at this time or later")
    until: _Time | None = Field(None, description="judged before this time")


class Sort(StrEnum):
    """The order of hits; equal ones are in the order of upload and record."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SUREST = "surest"
    LEAST_SURE = "least_sure"
    LIKENESS = "likeness"
    """The most similar first. Only of a search with `like_text` or `like_record`."""


class RecordRef(FrozenModel):
    """One record of the index."""

    process: _ProcessId
    upload: _Value
    record: int = Field(ge=1)


class _Query(FrozenModel):
    """What selects records. A base, so that its fields are first."""

    query: str = Field(
        "",
        max_length=MAX_QUERY,
        description="words, and phrases in double quotes: all must be in the text. Upper and lower "
        "case are one. A word that ends in * stands for all that begin with it",
    )
    filters: SearchFilter = Field(default_factory=SearchFilter)


class Search(_Query):
    """What is searched for, and in which order: what a saved search keeps."""

    like_text: str | None = Field(
        None, min_length=1, max_length=MAX_LIKE, description="only records with a vector are found"
    )
    like_record: RecordRef | None = Field(None, description="records like this one, without it")
    sort: Sort | None = Field(
        None, description="absent: likeness where records are to be like something, else newest"
    )

    @property
    def order(self) -> Sort:
        """The order of the hits."""
        return self.sort or (Sort.LIKENESS if self.like else Sort.NEWEST)

    @property
    def like(self) -> bool:
        """Whether records are to be like something."""
        return self.like_text is not None or self.like_record is not None

    @model_validator(mode="after")
    def _one_likeness(self) -> Self:
        if self.like_text is not None and self.like_record is not None:
            raise ValueError("like_text and like_record exclude each other")
        if self.sort is Sort.LIKENESS and not self.like:
            raise ValueError("sort by likeness needs like_text or like_record")
        return self


class SearchRequest(Search):
    """A search over the records of all results."""

    limit: int = Field(20, ge=0, le=MAX_LIMIT, description="hits; 0: only the total")
    offset: int = Field(0, ge=0, le=MAX_OFFSET, description="hits that are left out")
    whole_text: bool = Field(
        False, description="hits have their text whole; where they are long, an answer has fewer"
    )


class VectorSearch(SearchRequest):
    """A search by likeness to a text or a picture, for an engine without an encoder."""

    like_vector: Base64Bytes = Field(description="its vector: 512 int8")
    of_picture: bool = Field(False, description="whether the vector is a picture's")

    @field_validator("like_vector")
    @classmethod
    def _whole(cls, vector: bytes) -> bytes:
        if len(vector) != DIMENSIONS:
            raise ValueError(f"a vector has {DIMENSIONS} bytes")
        return vector

    @property
    def like(self) -> bool:
        """Whether records are to be like something."""
        return True


class Span(FrozenModel):
    """Characters of a hit's text that the query matched."""

    start: int = Field(ge=0, description="offset in the hit's text")
    end: int = Field(ge=0)


class HitReview(FrozenModel):
    """What a person decided of a record."""

    decision: str | None = Field(None, description="absent: cannot tell")
    by: str
    at: str
    changed: bool | None = Field(None, description="absent: cannot tell")
    kind: Kind
    blind: bool = False


class Hit(FrozenModel):
    """A record that was found."""

    process: str
    version: str | None = Field(None, description="first 12 hex digits; absent: before versions")
    upload: str
    record: int
    line: int | None = None
    part: str | None = None
    source_id: str | None = None
    outcome: Outcome
    decision: str | None = Field(None, description="absent: the record is invalid")
    code: str | None = Field(None, description="why the record is invalid or for review")
    score: UnitInterval | None = None
    confidence: UnitInterval | None = None
    calibrated: bool | None = None
    threshold: UnitInterval
    dropped_at: str | None = None
    judged_at: str | None = None
    review: HitReview | None = Field(None, description="absent: nobody has decided it")
    likeness: float | None = Field(None, description="cosine, from -1 to 1")
    text: str | None = Field(
        None, description="the part around the first match, or whole; absent: the results have none"
    )
    thumbnail: str | None = Field(
        None, description="of a picture: a link to a small JPEG, for five minutes; the API adds it"
    )
    starts_at: int = Field(0, ge=0, description="offset of `text` in the whole text")
    whole: bool = Field(True, description="whether `text` is the whole text")
    spans: tuple[Span, ...] = ()


class SearchAnswer(FrozenModel):
    """What a search found."""

    total: int = Field(ge=0, description="records that were found, exactly")
    hits: tuple[Hit, ...]
    next_offset: int | None = Field(None, description="of the next page; absent: it is the last")
    indexed_at: str | None = Field(
        None, description="when the newest file of the index was written; absent: it is empty"
    )
    damaged: int = Field(
        0, ge=0, description="files of the index, or results, that cannot be read now"
    )
    indexing: bool = Field(
        False, description="whether results are being indexed, so that some are not found yet"
    )


class ChartId(StrEnum):
    """The charts."""

    OUTCOMES = "outcomes"
    """Records over time, by outcome."""
    CALIBRATION = "calibration"
    """Confidence against what people decided."""
    DECISIONS = "decisions"
    """Records by decision."""
    REASONS = "reasons"
    """Why records are for review or invalid."""
    AGREEMENT = "agreement"
    """Review rate, and how often people agreed, by version."""
    DURATION = "duration"
    """Seconds from drop to result, over time."""
    QUEUE_AGE = "queue-age"
    """How long the records wait that nobody has decided."""
    COST = "cost"
    """US dollars over time."""


class StatsRequest(_Query):
    """A chart over the records of all results."""

    chart: ChartId


class Point(FrozenModel):
    """A bar or a point of a chart, and the records behind it."""

    x: str = Field(description="day (2026-11-27), month (2026-11), decision, code, version, bin")
    value: float | None = Field(None, description="absent: there is none, as a share of no records")
    records: int = Field(ge=0, description="records behind it: a search with `filters` finds these")
    filters: SearchFilter


class Series(FrozenModel):
    """Points of one kind, in the order of `x`."""

    id: str = Field(description="an outcome, or agreed, confidence, p50, usd, ...")
    points: tuple[Point, ...]


class StatsAnswer(FrozenModel):
    """A chart's numbers; the points are the rows of its table, too."""

    chart: ChartId
    total: int = Field(ge=0, description="records that the query and the filters select")
    unit: str = Field(description="of the values: records, share, seconds or USD")
    series: tuple[Series, ...]
    query: str = Field("", description="the query that the filters of the points belong to")
    indexed_at: str | None = None
    damaged: int = Field(0, ge=0)
    indexing: bool = False
