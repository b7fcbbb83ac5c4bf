"""What requests hold and what is answered: the shapes that docs/openapi.json is generated from.

What comes in is checked strictly: no field that is not declared, every text of a bounded length.
"""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from winnow.models import (
    Alias,
    Counts,
    FrozenModel,
    HeadInfo,
    InBase64,
    ModelInfo,
    Note,
    Outcome,
    RunCost,
    UnitInterval,
    VersionRef,
)
from winnow.registry.models import Action, Stage, VersionMetrics
from winnow.reviews.items import (
    HistoryEntry,
    Named,
    ReviewItem,
    ReviewState,
    UnpicturedText,
)
from winnow.reviews.notes import MAX_NOTE
from winnow.search.drawing import Drawing
from winnow.search.saved import Audience, SearchName
from winnow.search.shapes import Search, SearchFilter, SearchRequest, StatsAnswer
from winnow.storage.predictions import StoredPrediction
from winnow.storage.times import SINCE, normal

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
MAX_FIELDS = 500
MAX_BODY = 1_048_576
"""Bytes of a request, without the picture in it."""
MAX_PICTURE = 4_000_000
"""Bytes of a picture in a request: Lambda takes 6 MB, and base64 makes 5.4 MB of it."""
MAX_PICTURE_BODY = 5_500_000
"""Bytes of a request with the picture in it."""

ProcessName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
UploadId = Annotated[
    str, StringConstraints(pattern=r"^([0-9a-f]{32}|p-[0-9]{20}[0-9a-f]{12})$", max_length=34)
]
PredictionId = Annotated[str, StringConstraints(pattern=r"^p-[0-9]{20}[0-9a-f]{12}$")]
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,64}$")]
RecordNumber = Annotated[int, Field(ge=1, le=1_000_000_000)]
Version = Annotated[int, Field(ge=0, le=1_000_000)]
RunToken = Annotated[str, StringConstraints(max_length=64)]
CursorText = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
NoteText = Annotated[str, StringConstraints(max_length=MAX_NOTE)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=255)]


VersionName = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{6,64}$")]


class Nothing(FrozenModel):
    """A body or query that has no fields."""


class Anything(BaseModel):
    """A query that is the page's own affair: what the sign-in brings back."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Page(FrozenModel):
    """The query of a list."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="how many items at most")
    cursor: CursorText | None = Field(None, description="the `cursor` of the page before")


# -- the service, and who asks ---------------------------------------------------------------------


class Health(FrozenModel):
    """The function answers."""

    status: Literal["ok"] = "ok"


class Me(FrozenModel):
    """Who is signed in."""

    user: str
    groups: tuple[str, ...]
    processes: tuple[str, ...] | None = Field(
        description="the processes that the user is limited to; null: all"
    )


# -- processes -------------------------------------------------------------------------------------


class ProcessItem(FrozenModel):
    """A process that records and texts can be judged by."""

    id: str
    version: str
    kind: Literal["criteria", "labels"]
    title: str
    description: str | None
    codes: tuple[str, ...]
    decisions: tuple[Named, ...] = Field(description="what a person may decide")
    criteria: tuple[Named, ...] = Field(description="empty for a process of labels")
    threshold: UnitInterval
    text: bool = Field(description="false: it judges pictures, or numbers alone")
    pictures: bool = Field(description="whether it judges pictures")
    numbers: tuple[str, ...] = Field(description="fields that need a number")


class Processes(FrozenModel):
    """The processes that are open to the user."""

    items: tuple[ProcessItem, ...]


# -- reviews ---------------------------------------------------------------------------------------


class TotalsAnswer(FrozenModel):
    """Counts of a queue or of an upload; they are exact."""

    queued: int = Field(description="records that the filter set aside")
    open: int = Field(description="of them, those that nobody has decided")
    decided: int
    approved: int
    changed: int
    cannot_tell: int
    audits: int = Field(description="accepted records in the sample that people check")
    audited: int
    blind: int = Field(description="decided without seeing the machine's decision")
    blind_agreed: int
    corrections: int = Field(description="other records that a person decided")


class PageLink(FrozenModel):
    """The picture of a page of a scan or PDF."""

    page: int = Field(description="number of the page in its file")
    url: str
    picture: int | None = Field(
        None, description="in a case of several files: `picture` in the places of its lines"
    )
    part: str | None = Field(None, description="in a case of several files: the file")
    start: int = Field(0, description="where the text on it begins in the record's text")


class ItemAnswer(ReviewItem):
    """One record with all that a person needs to decide it."""

    pages: tuple[PageLink, ...] = Field(  # type: ignore[assignment]
        (), description="pictures of the first 20 pages that it is on, of those that have one"
    )
    unpictured: tuple[UnpicturedText, ...] = Field(
        (), description="with `pages`: the pieces of its text that are on none of these pictures"
    )


class QueueQuery(Page):
    """Which records of the queue."""

    process: ProcessName | None = None
    reason: ReasonCode | None = Field(None, description="code, for example below_threshold")
    outcome: Outcome | None = None


class QueueItem(FrozenModel):
    """A record that waits for a decision."""

    upload: str
    record: int
    process: str
    outcome: Outcome
    reason: str | None
    waiting_since: str
    leased: bool
    blind: bool
    decision: str | None
    confidence: float | None


class QueueAnswer(FrozenModel):
    """A page of the queue: least sure first, then audits in the order drawn."""

    items: tuple[QueueItem, ...]
    totals: TotalsAnswer
    cursor: str | None


class RecordName(FrozenModel):
    """Names a record."""

    upload: UploadId
    record: RecordNumber


class LeaseRequest(FrozenModel):
    """Which records somebody wants to decide next."""

    process: ProcessName | None = None
    reason: ReasonCode | None = None
    outcome: Outcome | None = None
    count: int = Field(1, ge=1, le=10)
    skipped: bool = Field(False, description="true: only records that the user has skipped")
    holding: Annotated[tuple[RecordName, ...], Field(max_length=50)] = Field(
        (), description="records that the user has open already: others are given"
    )
    cursor: CursorText | None = Field(None, description="of the answer before: look on from there")


class LeaseAnswer(FrozenModel):
    """Records that are this user's for five minutes.

    Fewer than asked for and no cursor: nothing else is left. A queue that is too long for one
    request is looked at in parts: with a cursor, ask on from there.
    """

    items: tuple[ItemAnswer, ...]
    totals: TotalsAnswer
    cursor: str | None = Field(
        None, description="the queue was not looked at to its end: where to look on"
    )


class LeaseNames(FrozenModel):
    """Which leases."""

    items: Annotated[tuple[RecordName, ...], Field(min_length=1, max_length=50)]


class LeaseUntil(FrozenModel):
    """The end of a lease."""

    upload: str
    record: int
    until: str | None = Field(description="null: the user has no lease")


class LeasesUntil(FrozenModel):
    """The ends of leases."""

    items: tuple[LeaseUntil, ...]


class VersionedRecord(RecordName):
    """A record, in the version that was shown."""

    version: Version = Field(description="of the record, as it was shown")
    run: RunToken | None = Field(
        None,
        description="of the record, as it was shown. Without it a record of an upload that was run "
        "more than once is refused",
    )


class ReviewRequest(VersionedRecord):
    """What a person decides of a record: a decision, or that they cannot tell."""

    decision: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    cannot_tell: bool = False
    note: NoteText | None = None
    seconds: float | None = Field(None, ge=0, le=86_400, description="time that it took")


class MachineDecision(FrozenModel):
    """What the machine had decided."""

    decision: str
    confidence: float
    agreed: bool | None = Field(description="null: the person cannot tell")


class ReviewAnswer(FrozenModel):
    """A decision that was kept."""

    upload: str
    record: int
    version: int
    review: ReviewState
    machine: MachineDecision
    totals: TotalsAnswer


class UndoAnswer(FrozenModel):
    """The record as it is after one's last decision was taken back."""

    upload: str
    record: int
    version: int
    item: ItemAnswer
    totals: TotalsAnswer


class SkipAnswer(FrozenModel):
    """The queue's counts."""

    totals: TotalsAnswer


class DraftRequest(RecordName):
    """What somebody has typed so far."""

    note: NoteText


class Saved(FrozenModel):
    """It is kept."""

    saved: Literal[True] = True


class History(FrozenModel):
    """What happened to a record, oldest first."""

    items: tuple[HistoryEntry, ...]


class ExportQuery(FrozenModel):
    """Which decisions are exported."""

    process: ProcessName | None = None
    since: Annotated[str, StringConstraints(pattern=SINCE), AfterValidator(normal)] | None = Field(
        None, description="date or time in UTC; decisions before it are left out"
    )
    cursor: CursorText | None = None


# -- predictions -----------------------------------------------------------------------------------


class PredictionRequest(FrozenModel):
    """A text, the fields of a row, or a picture, to be judged now."""

    process: ProcessName = Field(description="id or code of a process")
    text: str | None = Field(None, description="absent: the text is one of `fields`")
    picture: Annotated[InBase64, Field(max_length=MAX_PICTURE)] | None = Field(
        None,
        repr=False,
        description="for a process of pictures: a file in PNG, JPEG, TIFF, WebP or GIF, in base64; "
        "it is not kept",
    )
    fields: Annotated[dict[str, str], Field(max_length=MAX_FIELDS)] = Field(default_factory=dict)


class PredictionQuery(Page):
    """Which predictions."""

    process: ProcessName | None = None


class Prediction(StoredPrediction):
    """A prediction, and what a person decided of it."""

    review: ReviewState | None
    version: int = Field(description="to be sent with a decision")


class Predictions(FrozenModel):
    """A page of predictions, newest first."""

    items: tuple[Prediction, ...]
    cursor: str | None


# -- uploads ---------------------------------------------------------------------------------------


class UploadRequest(FrozenModel):
    """A file that somebody wants to drop."""

    process: ProcessName = Field(description="id or code of the process to judge it by")
    name: FileName = Field(description="the file's name")


class UploadForm(FrozenModel):
    """A form to send the file with: a POST of `fields`, then `file`, to `url`."""

    url: str
    fields: dict[str, str]
    key: str = Field(description="the upload appears in the list with this key")
    max_bytes: int
    expires_at: str


class FailureItem(FrozenModel):
    """Why an upload failed, and what to do about it."""

    code: str
    message: str
    hint: str | None


class UploadItem(FrozenModel):
    """An upload."""

    id: str
    state: Literal["RUNNING", "SUCCEEDED", "FAILED", "DAMAGED"]
    process: str | None
    name: str
    key: str
    size: int
    claimed_at: str
    ended_at: str | None
    counts: Counts | None
    review: TotalsAnswer | None
    error: FailureItem | None


class Uploads(FrozenModel):
    """A page of uploads, newest first."""

    items: tuple[UploadItem, ...]
    cursor: str | None


class FileLink(FrozenModel):
    """A file of results; the address holds for five minutes."""

    name: str
    size: int
    url: str


class UploadDetail(UploadItem):
    """An upload with its results."""

    threshold: float | None
    threshold_from: str | None
    process_version: str | None
    version: VersionRef | None
    notes: tuple[Note, ...]
    decisions: dict[str, int]
    model: ModelInfo | None
    head: HeadInfo | None
    files: tuple[FileLink, ...]
    withheld: bool = Field(
        description="true: `decisions` and the files with decisions are left out for reviewers, "
        "until the records are decided whose machine decision is hidden"
    )
    pages: int = Field(description="pictures of pages that are kept")
    cost: RunCost | None = Field(description="what the run cost; null: that was not measured")


class RecordsQuery(Page):
    """Which records of an upload."""

    outcome: Outcome | None = None


class RecordItem(FrozenModel):
    """A record in short."""

    record: int
    part: str | None
    line: int | None
    source_id: str | None
    outcome: Outcome
    decision: str | None
    confidence: float | None
    calibrated: bool | None
    code: str | None
    reason: str | None
    review: ReviewState | None


class Records(FrozenModel):
    """A page of an upload's records: accepted, then review, then invalid."""

    items: tuple[RecordItem, ...]
    cursor: str | None


class Queued(FrozenModel):
    """How many records were put into the queue."""

    queued: int


# -- alarms ------------------------------------------------------------------------------------


class ChartRow(FrozenModel):
    """One bar of a chart as a row of its table."""

    x: str
    series: str = Field(description="as people call it")
    value: str = Field(description="with its unit")
    records: int = Field(ge=0, description="records behind it: a search with `filters` finds these")
    filters: SearchFilter


class Chart(FrozenModel):
    """A chart: its numbers, its picture and its table."""

    stats: StatsAnswer
    drawing: Drawing
    rows: tuple[ChartRow, ...]


class AlarmItem(FrozenModel):
    """An alarm that rings."""

    name: str = Field(description="as in docs/architecture.md")
    description: str = Field(description="what happened, and what to do about it")
    since: str


class Alarms(FrozenModel):
    """The alarms of the stack that ring, the longest first."""

    items: tuple[AlarmItem, ...]


# -- models and releases -----------------------------------------------------------------------


class LivePrecision(FrozenModel):
    """What people found of accepted records that were drawn by chance."""

    records: int = Field(description="accepted records that people checked")
    correct: int = Field(description="of them, those whose decision was right")
    precision: UnitInterval | None = Field(description="null: nothing was checked")
    lower: UnitInterval = Field(description="of a 95% confidence sequence: it holds at any time")
    upper: UnitInterval


class Notice(FrozenModel):
    """Something that somebody has to look at."""

    code: Literal["guarantee_broken", "taken_back", "training_failed"]
    process: str
    text: str
    at: str


class ModelItem(FrozenModel):
    """A version of a process in short."""

    sha256: str
    process_version: str = Field(description="the version that the definition calls itself")
    aliases: tuple[Alias, ...]
    source: Literal["shipped", "published", "trained"]
    created: str
    by: str
    trained: bool = Field(description="whether it has a trained head")
    threshold: UnitInterval
    guarantee: UnitInterval | None = Field(
        description="promised precision of what is accepted; null: none"
    )
    metrics: VersionMetrics | None = Field(description="null: it was not measured")
    reproducible: bool | None
    evaluation: bool = Field(description="whether it has a page with its evaluation")


class ReleaseItem(FrozenModel):
    """A challenger on its way to become champion."""

    stage: Stage
    percent: int = Field(description="share of the uploads that the challenger decides")
    guarantee: UnitInterval | None = Field(description="null: it is never promoted by itself")
    automatic: bool
    started_at: str
    by: str


class ShadowItem(FrozenModel):
    """What champion and challenger made of the same records."""

    records: int
    differed: int = Field(description="records that they decide differently")


class LiveItem(FrozenModel):
    """Live precision of both versions; null: nothing was checked yet."""

    champion: LivePrecision | None
    challenger: LivePrecision | None


class TrainingItem(FrozenModel):
    """A training that is running."""

    until: str = Field(description="when it has ended at the latest")


class ProcessModels(FrozenModel):
    """A process: which of its versions are used, and how a release stands."""

    process: str
    title: str
    kind: Literal["criteria", "labels"]
    champion: ModelItem
    challenger: ModelItem | None
    release: ReleaseItem | None = Field(description="null: the champion decides alone")
    previous: str | None = Field(description="sha256 of the champion before")
    previous_until: str | None = Field(description="until when that one is kept ready")
    taken_back: bool = Field(description="the champion before was taken back: no rollback to it")
    live: LiveItem
    shadow: ShadowItem | None = Field(description="null: no release is under way")
    training: TrainingItem | None = Field(description="null: none is running")
    revision: int = Field(description="to be sent with a change")
    changed_at: str
    changed_by: str


class CodeInfo(FrozenModel):
    """The code of the functions that judge."""

    version: str = Field(description="Winnow's")
    deployed_at: str


class Models(FrozenModel):
    """The processes that are open to the user, by id."""

    items: tuple[ProcessModels, ...]
    notices: tuple[Notice, ...]
    code: CodeInfo | None = Field(
        None, description="what was deployed last; null: an earlier version deployed it"
    )


class ModelChange(FrozenModel):
    """A change of which versions are used."""

    revision: int
    at: str
    by: str
    action: Action
    champion_before: str | None
    champion_after: str
    challenger_before: str | None
    challenger_after: str | None
    percent: int | None
    reason: str
    code: str | None
    automatic: bool = Field(description="true: by itself, not by a person")


class ProcessDetail(ProcessModels):
    """A process with a page of its versions, newest first, and its last changes, newest first."""

    versions: tuple[ModelItem, ...]
    history: tuple[ModelChange, ...]
    notices: tuple[Notice, ...]
    cursor: str | None = Field(description="leads to older versions")


class ModelDetail(ModelItem):
    """A version."""

    process: str
    kind: Literal["criteria", "labels"]
    definition_sha256: str
    head_sha256: str | None
    head: HeadInfo | None
    encoder: ModelInfo | None = Field(description="that its reference vectors are of")
    parents: tuple[str, ...] = Field(description="sha256 of the versions it was made from")
    rows: int | None = Field(description="that it was trained on; null: unknown")
    rows_of: dict[str, int] = Field(description="rows of each label")
    code: str = Field(description="version of Winnow that published it")


class EvaluationLink(FrozenModel):
    """The page with a version's evaluation; the address holds for five minutes."""

    url: str
    expires_at: str


class TrainingRequested(FrozenModel):
    """A training was asked for."""

    process: str
    at: str


class ReleaseRequest(FrozenModel):
    """What shall become of a challenger."""

    process: ProcessName = Field(description="id of a process")
    action: Literal["shadow", "canary", "promote", "rollback", "stop"]
    version: VersionName | None = Field(
        None, description="sha256 or its first digits; absent: the challenger"
    )
    percent: int | None = Field(None, ge=0, le=100, description="of a canary; absent: 10")
    guarantee: UnitInterval | None = Field(
        None, description="precision to be proved; absent: the version's own"
    )
    automatic: bool = Field(False, description="promote it by itself when that is proved")
    revision: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(
        description="of the process, as it was shown"
    )


class ReleasesQuery(FrozenModel):
    """Which releases."""

    process: ProcessName | None = None


class Releases(FrozenModel):
    """Processes with a release under way."""

    items: tuple[ProcessModels, ...]


class ExportLink(FrozenModel):
    """A file of everything that a search found; the address holds for five minutes."""

    url: str
    name: str
    expires_at: str
    records: int = Field(description="as many as the search finds")
    size: int = Field(description="bytes")
    damaged: int = Field(description="uploads that are missing: they cannot be read")
    indexing: bool = Field(description="whether results are being indexed and may be missing")


# -- searches --------------------------------------------------------------------------------------


class PictureSearchRequest(SearchRequest):
    """A search over the records of all results; they may be to be like a picture."""

    like_picture: Annotated[InBase64, Field(max_length=MAX_PICTURE)] | None = Field(
        None,
        repr=False,
        description="a file in PNG, JPEG, TIFF, WebP or GIF, in base64; it is not kept, and only "
        "records that are pictures are found",
    )

    @property
    def like(self) -> bool:
        """Whether records are to be like something."""
        return self.like_picture is not None or super().like

    @model_validator(mode="after")
    def _no_other_likeness(self) -> Self:
        if self.like_picture is not None and super().like:
            raise ValueError("like_picture excludes like_text and like_record")
        return self


# -- saved searches --------------------------------------------------------------------------------


class SaveSearchRequest(FrozenModel):
    """A search to be saved."""

    name: SearchName
    search: Search
    shared_with: Audience | None = Field(
        None, description="who else finds it: everybody, or a group of one's own; absent: nobody"
    )


class SavedSearchItem(FrozenModel):
    """A saved search without what it asks for."""

    id: str
    name: str
    by: str = Field(description="who has saved it")
    at: str
    shared_with: Audience | None = Field(description="null: it is its user's alone")
    deletable: bool = Field(description="whether the user may delete it")


class SavedSearchDetail(SavedSearchItem):
    """A saved search."""

    search: Search


class SavedSearchList(FrozenModel):
    """The user's saved searches, and those shared with them, by name."""

    items: tuple[SavedSearchItem, ...]


class SavedSearchPath(FrozenModel):
    """The path of a saved search."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


# -- paths and problems ----------------------------------------------------------------------------


class UploadPath(FrozenModel):
    """The path of an upload."""

    id: UploadId


class RecordPath(UploadPath):
    """The path of a record."""

    n: RecordNumber


class PredictionPath(FrozenModel):
    """The path of a prediction."""

    id: PredictionId


class ProcessPath(FrozenModel):
    """The path of a process."""

    process: ProcessName


class ModelPath(ProcessPath):
    """The path of a version."""

    sha: VersionName


class AssetPath(FrozenModel):
    """The path of a part of the page."""

    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(\.[a-z0-9]+)+$")]


class Problem(FrozenModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="see docs/errors.md")
    hint: str = Field(description="what to do about it")
    instance: str = Field(description="the id of the request")
    review: ReviewState | None = Field(
        None, description="with a conflict: the decision that holds now"
    )
    version: int | None = Field(None, description="with a conflict: the version that holds now")
