"""The shapes that travel between the steps: one file, the contract of every step.

All offsets are Python string offsets (code points) into the record's text, end exclusive.
All numbers named `score`, `confidence`, `similarity` and `threshold` are in [0, 1].
"""

from base64 import b64decode, b64encode
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    RootModel,
    Tag,
    WithJsonSchema,
)

RESULT_SCHEMA_VERSION = "1.8"

UnitInterval = Annotated[float, Field(ge=0.0, le=1.0)]
_Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]

PART_BREAK = "\x1d"
"""The control character (group separator) between two parts of a case. A sentence, a window of
sentences and a heading's section end there."""
PART_SEPARATOR = f"\n{PART_BREAK}\n"
"""What is between the texts of the parts of a case that was joined."""
VALUE_SEPARATOR = "; "
"""What is between the values of a column in which the parts differ."""


def _of_base64(given: Any) -> Any:
    return b64decode(given, validate=True) if isinstance(given, str) else given


InBase64 = Annotated[
    bytes,
    BeforeValidator(_of_base64),
    PlainSerializer(lambda content: b64encode(content).decode(), when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]
"""Bytes that are text in JSON."""


class FrozenModel(BaseModel):
    """Base of every shape: frozen, and no field that is not declared."""

    # Built when first used: a function uses few of them, and a cold start pays for each.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class _Choice(RootModel[Any]):
    """Base of a shape that is one of several."""

    model_config = ConfigDict(defer_build=True)


# -- where things are ----------------------------------------------------------------------------


class ObjectRef(FrozenModel):
    """One object in S3; with `version_id`, one fixed version of it."""

    bucket: str
    key: str
    version_id: str | None = None


class Upload(FrozenModel):
    """One version of one object in the uploads bucket."""

    upload_id: str
    object: ObjectRef
    size: int = Field(ge=0, description="bytes")


class RunRef(FrozenModel):
    """One workflow execution for an upload; the same upload may have several."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="the attempt, and the beginning of the hash of the execution's name",
    )
    attempt: int = Field(ge=1)
    started_at: _Time = Field(
        description="the fencing token: if an upload has two runs, the later one's results stay"
    )


# -- versions of a process -----------------------------------------------------------------------


class Alias(StrEnum):
    """A name for one version of a process; it can be given to another version."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


class VersionRef(FrozenModel):
    """The version that a run, a result, a review, a prediction or an e-mail names."""

    sha256: str = Field(description="of the definition and its trained head")
    alias: Alias = Field(description="what it was called when the run began")

    @property
    def short(self) -> str:
        """What people are shown: the first 12 hex digits."""
        return self.sha256[:12]


class StoredFile(FrozenModel):
    """One file of a version of a process, as it was published."""

    model_config = ConfigDict(extra="ignore")

    name: str
    object: ObjectRef = Field(description="with its version id")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, description="bytes")


# -- what is judged ------------------------------------------------------------------------------


class SourceLocation(FrozenModel):
    """Where a line of a document is. A place extends to the start of the next one."""

    start: int = Field(0, ge=0, description="where it begins in the record's text")
    page: int | None = Field(None, ge=1)
    line: int | None = Field(None, ge=1, description="of its page, else of the file")
    box: tuple[float, float, float, float] | None = Field(
        None,
        description="left, top, right, bottom on the page as it is shown, as shares of its size",
    )
    confidence: UnitInterval | None = Field(None, description="OCR confidence of the line")
    picture: int | None = Field(
        None,
        ge=1,
        description="its page is pages/<picture>.jpg beside the results; absent: there is none",
    )


class RecordIdentity(FrozenModel):
    """Which record of the upload it is: the fields of every model of a record, in every step."""

    record: int = Field(ge=1)
    """Position in the file, from 1, invalid records counted."""
    line: int | None = Field(None, ge=1)
    """Line of the file that the record starts on."""
    source_id: str | None = None
    """The record's own id, if the file has one."""
    part: str | None = None
    """Member of an archive or mail, or sheet of a workbook, that it is from."""

    @property
    def identity(self) -> dict[str, Any]:
        """These fields alone, for the next step's model of the record."""
        return {name: getattr(self, name) for name in RecordIdentity.model_fields}


class _PartIdentity(FrozenModel):
    """Which record of the upload a part of a case was: a base, so that it stays in front."""

    record: int = Field(ge=1, description="its position in the file")
    line: int | None = Field(None, ge=1, description="line of the file that it starts on")
    part: str | None = Field(None, description="member of an archive or mail, or sheet, it is from")

    def called(self, *, of_members: bool) -> str:
        """What people call it; `of_members`: other parts of the case are members of the upload.

        >>> CasePart(record=3, line=4, start=0, end=9).called(of_members=False)
        'line 4'
        """
        if self.part is None and of_members:
            return "text of the e-mail"
        # The text of a document begins on line 1; a row of a table never does.
        shown = [self.part or ""] if self.part else []
        if self.line is not None and (not shown or self.line > 1):
            shown.append(f"line {self.line}")
        return ", ".join(shown) or f"record {self.record}"


class CasePart(_PartIdentity):
    """A record of the upload that was joined with others of its case, and where its text is."""

    start: int = Field(ge=0, description="where it begins in the text of the case")
    end: int = Field(ge=0)


class EvidencePart(_PartIdentity):
    """The part of a case that evidence is in, and where in the part's own text."""

    start: int = Field(ge=0, description="where the evidence begins in the text of the part")
    end: int = Field(ge=0)


class _TaggedLine(FrozenModel):
    """The field that identifies the model of a line. A base, so that it stays the first field."""

    kind: str


class Picture(FrozenModel):
    """A picture that is a record of its own."""

    format: Literal["png", "jpeg", "tiff", "webp", "gif"]
    width: int = Field(ge=1, description="pixels, as the file has them: before it is turned")
    height: int = Field(ge=1)
    object: ObjectRef | None = Field(
        None, description="what a list named, in the version that was judged; absent: the upload"
    )


class Record(RecordIdentity, _TaggedLine):
    """One case to be judged."""

    kind: Literal["record"] = "record"
    text: str = Field(description="empty: a picture")
    picture: Picture | None = Field(None, description="absent: a text")
    file: bytes | None = Field(
        None, exclude=True, repr=False, description="a picture's, until it is decoded"
    )
    fields: dict[str, str] = Field(default_factory=dict, description="the other columns")
    places: tuple[SourceLocation, ...] = Field((), description="where the lines of a document are")
    parts: tuple[CasePart, ...] = Field((), description="the records that were joined to a case")
    unread: int = Field(0, ge=0, description="parts of its case that could not be read")
    of_upload: bool = Field(
        False, exclude=True, description="a document: without an id it is of the upload's case"
    )


class InvalidRecord(RecordIdentity, _TaggedLine):
    """A record that could not be judged, and why."""

    kind: Literal["invalid"] = "invalid"
    code: str = Field(description="stable code of the reason, see docs/errors.md")
    reason: str = Field(description="a sentence a user can act on; no document text")
    of_upload: bool = Field(
        False, exclude=True, description="a document or a member: as in a record"
    )


# -- what is decided -----------------------------------------------------------------------------


class Polarity(StrEnum):
    """Whether a piece of evidence supports or opposes a criterion or label."""

    SUPPORTS = "supports"
    OPPOSES = "opposes"


class Evidence(FrozenModel):
    """A segment that supports or opposes a criterion or label."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str
    polarity: Polarity = Polarity.SUPPORTS
    similarity: UnitInterval = Field(
        description="cosine to the nearest reference statement; negative values become 0"
    )
    reference: str | None = Field(
        None, description="the reference statement it is nearest to, or the rule of a fact"
    )
    fact: str | None = Field(
        None, description='a number, age or date as it was read: "age 44"; the rule is `reference`'
    )
    keywords: tuple[str, ...] = Field((), description="keywords found in the segment")
    context: tuple[str, ...] = Field(
        (),
        description="their contexts, empty if asserted of the patient and now: negated, possible, "
        "hypothetical, historical, family, planned, unknown",
    )
    places: tuple[SourceLocation, ...] = Field(
        (), description="the lines of the document that it is on; empty for rows of a table"
    )
    part: EvidencePart | None = Field(
        None, description="the part of the case that it is in; absent: the record is one part"
    )


class Verdict(StrEnum):
    """The verdict of a criteria process, or of one of its criteria, on a record."""

    MET = "met"
    NOT_MET = "not_met"
    UNDETERMINED = "undetermined"


class Caution(StrEnum):
    """What stands beside the evidence of a finding and makes it less sure."""

    UNREAD = "unread"
    """A sentence names the criterion, and was heard neither for nor against it."""
    ASKED = "asked"
    """What is denied stands in a question."""
    OPEN_BEHIND = "open_behind"
    """What stands behind the evidence says that something is not known."""
    HEADING = "heading"
    """The evidence stands under a heading, or beside an answer, that may say anything of it."""
    TAKEN_BACK = "taken_back"
    """A sentence takes back what the record says: of another chart, of another year, a test."""
    DENIAL_UNDONE = "denial_undone"
    """What is denied is denied twice, for a short time, or as a wish."""
    OF_ANOTHER = "of_another"
    """What has the finding may be somebody else, another organ, or a book."""
    OF_PAST = "of_past"
    """What is found is of a time that is over."""
    EXPLAINED = "explained"
    """It is implied or suspected, or rests on negative exams, and a sentence explains it."""
    ALL_SILENT = "all_silent"
    """The record is silent on all that the decision excludes, and denies nothing."""
    SYMPTOMS = "symptoms"
    """A sentence names symptoms, or what shows them, and no criterion heard it."""


class CriterionFinding(FrozenModel):
    """The result of one criterion for a record."""

    id: str
    title: str
    verdict: Verdict
    score: UnitInterval = Field(
        description="how strongly the record supports the criterion; 0.5: undecided"
    )
    evidence: tuple[Evidence, ...] = ()
    doubt: str | None = Field(
        None, description="what leaves it undetermined although something was said of it"
    )
    cautions: tuple[Caution, ...] = Field(
        (), exclude=True, description="why a trained head trusts it less"
    )


class CriteriaDecision(FrozenModel):
    """The decision of a process of kind `criteria`."""

    kind: Literal["criteria"] = "criteria"
    value: Verdict
    because: tuple[str, ...] = Field(description="ids of the criteria that led to the decision")
    criteria: tuple[CriterionFinding, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Titles of the criteria that are open because the text says nothing about them."""
        return tuple(
            finding.title
            for finding in self.criteria
            if finding.verdict is Verdict.UNDETERMINED
            and not finding.evidence
            and not finding.doubt
        )


class LabelScore(FrozenModel):
    """The score of one label for a record; over all labels a record's scores add up to 1."""

    label: str
    score: UnitInterval


class LabelDecision(FrozenModel):
    """The decision of a process of kind `labels`."""

    kind: Literal["labels"] = "labels"
    value: str
    scores: tuple[LabelScore, ...] = Field(
        description="best first; a trained head lists the ten best"
    )
    evidence: tuple[Evidence, ...] = ()


Decision = Annotated[CriteriaDecision | LabelDecision, Field(discriminator="kind")]


class Judgement(FrozenModel):
    """What a judge returns for one text, before anything is filtered."""

    decision: Decision
    score: UnitInterval = Field(description="raw model output for the decision")
    confidence: UnitInterval = Field(description="probability that the decision is right")
    calibrated: bool = Field(False, description="false: the confidence is the score, unmeasured")
    calibration: str | None = Field(None, description="version of the calibration, if any")
    novelty: UnitInterval | None = Field(
        None, description="how unlike the training rows it is, as a rank among held-out ones"
    )
    distance: UnitInterval | None = Field(
        None, description="distance part of novelty, as a rank; used in the profile"
    )
    out_of_scope: bool = Field(False, description="it is too unlike the training rows")
    segments: int = Field(ge=0, description="how many segments were encoded")
    vector: bytes | None = Field(
        None,
        exclude=True,
        repr=False,
        description="mean vector of its sentences, or a picture's features, 512 int8; absent: none "
        "was encoded",
    )
    features: bytes | None = Field(
        None, exclude=True, repr=False, description="of a picture: its features, 1,280 int8"
    )

    def objection(self, threshold: float) -> "Objection | None":
        """Why it is not accepted at a threshold; None: nothing of it speaks against that."""
        return objection(self.decision.value, self.confidence, self.out_of_scope, threshold)


class Objection(StrEnum):
    """Why a judgement is not accepted; the codes are stable."""

    OUT_OF_SCOPE = "out_of_scope"
    UNDETERMINED = "undetermined"
    BELOW_THRESHOLD = "below_threshold"


def objection(
    value: str, confidence: float, out_of_scope: bool, threshold: float
) -> Objection | None:
    """Why a decision is not accepted at a threshold: the one rule of filter, shadow and releases.

    None: nothing of the judgement speaks against it.
    """
    if out_of_scope:
        return Objection.OUT_OF_SCOPE
    if value == Verdict.UNDETERMINED:
        return Objection.UNDETERMINED
    return None if confidence >= threshold else Objection.BELOW_THRESHOLD


class ShadowDecision(FrozenModel):
    """What the version that only judges beside the run's decided differently."""

    version: str = Field(description="first 12 hex digits of its sha256")
    decision: str
    confidence: UnitInterval


class ScoredRecord(RecordIdentity, _TaggedLine):
    """A record with its judgement: a line of a scored chunk."""

    kind: Literal["scored"] = "scored"
    ocr_confidence: UnitInterval | None = Field(
        None, description="mean confidence of OCR on the worst page; absent: not from a scan"
    )
    fields: dict[str, str] = Field(default_factory=dict)
    text: str | None = Field(
        None,
        description="the judged text; absent: a picture, or judged by a version that kept none",
    )
    picture: Picture | None = None
    features: str | None = Field(None, repr=False)
    places: tuple[SourceLocation, ...] = ()
    parts: tuple[CasePart, ...] = ()
    unread: int = Field(0, ge=0, description="parts of its case that could not be read")
    judgement: Judgement
    shadow: ShadowDecision | None = Field(
        None, description="absent: no version judged beside the run's, or it decided the same"
    )


SourceLine = Annotated[Record | InvalidRecord, Field(discriminator="kind")]
ScoredLine = Annotated[ScoredRecord | InvalidRecord, Field(discriminator="kind")]


# -- what is written -----------------------------------------------------------------------------


class Outcome(StrEnum):
    """The filter's outcome for a record."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    INVALID = "invalid"


class _ResultHeader(FrozenModel):
    """The first fields of a line of the results. A base, so that they stay first."""

    schema_version: str = RESULT_SCHEMA_VERSION
    outcome: Outcome


class ResultRecord(RecordIdentity, _ResultHeader):
    """One line of accepted.jsonl, review.jsonl or invalid.jsonl."""

    ocr_confidence: UnitInterval | None = Field(
        None, description="mean confidence of OCR on the worst page; absent: not from a scan"
    )
    fields: dict[str, str] = Field(default_factory=dict)
    decision: Decision | None = Field(None, description="absent when the record is invalid")
    score: UnitInterval | None = None
    confidence: UnitInterval | None = None
    calibrated: bool | None = None
    calibration: str | None = Field(None, description="version of the calibration; absent: none")
    novelty: UnitInterval | None = Field(
        None, description="how unlike the training rows it is, as a rank among held-out ones"
    )
    code: str | None = Field(None, description="why the record is invalid or for review")
    reason: str | None = Field(None, description="the same in a sentence")
    text: str | None = Field(
        None,
        description="the judged text; absent: a picture, an invalid record, or before schema 1.4",
    )
    picture: Picture | None = Field(None, description="absent: the record is a text, or invalid")
    features: str | None = Field(
        None,
        repr=False,
        description="what a picture was judged by, to train with: 1,280 int8 in base64; absent: "
        "not a picture of a file",
    )
    places: tuple[SourceLocation, ...] = Field(
        (), description="where the lines of a document are; empty for rows of a table"
    )
    parts: tuple[CasePart, ...] = Field(
        (), description="the records of the upload that were joined to this case, in their order"
    )
    shadow: ShadowDecision | None = Field(
        None, description="absent: no version judged beside the run's, or it decided the same"
    )

    @property
    def from_members(self) -> bool:
        """Whether it is from files inside the upload: then equal page numbers mean two pages."""
        return self.part is not None or any(part.part is not None for part in self.parts)

    @property
    def missing(self) -> tuple[str, ...]:
        """As CriteriaDecision.missing; none of a record with another decision."""
        return self.decision.missing if isinstance(self.decision, CriteriaDecision) else ()


class Counts(FrozenModel):
    """Records by outcome; they add up to `records`."""

    records: int = Field(0, ge=0)
    accepted: int = Field(0, ge=0)
    review: int = Field(0, ge=0)
    invalid: int = Field(0, ge=0)


class ModelInfo(FrozenModel):
    """The encoder that judged."""

    name: str
    version: str
    sha256: str = Field(description="of the weights file that was loaded")
    engine: str


class ProcessInfo(FrozenModel):
    """The process that judged, pinned for the whole run."""

    id: str
    version: str
    kind: Literal["criteria", "labels"]
    sha256: str = Field(description="of the canonical JSON of the definition")


class HeadInfo(FrozenModel):
    """The trained head that judged, pinned for the whole run."""

    version: str = Field(description="first 12 hex digits of the sha256 of its arrays")
    sha256: str = Field(description="of its arrays")
    calibration: str | None = Field(None, description="version of its calibration")


class ShadowCounts(FrozenModel):
    """What became of the records that another version judged beside the run's."""

    version: str = Field(description="its sha256")
    records: int = Field(0, ge=0, description="that both judged")
    same: int = Field(0, ge=0, description="that both decided alike")
    differed: int = Field(
        0, ge=0, description="that it decided differently, or accepted where the run's did not"
    )
    dropped: int = Field(
        0, ge=0, description="that it was not asked about, since it had failed or was too slow"
    )
    seconds: float = Field(0.0, ge=0, description="wall-clock time that it took")

    def __add__(self, other: "ShadowCounts") -> "ShadowCounts":
        return ShadowCounts(
            version=self.version,
            records=self.records + other.records,
            same=self.same + other.same,
            differed=self.differed + other.differed,
            dropped=self.dropped + other.dropped,
            seconds=round(self.seconds + other.seconds, 3),
        )


class Profile(FrozenModel):
    """Statistics of a set of judged records; histograms have 20 equal bins of [0, 1]."""

    records: int = Field(0, ge=0, description="judged ones")
    scores: tuple[int, ...] = Field((), description="histogram of the scores")
    decisions: dict[str, int] = Field(default_factory=dict)
    novelty: tuple[int, ...] = Field(
        (), description="histogram of the distances from the training rows; empty: not measured"
    )
    review_rate: UnitInterval | None = Field(
        None, description="share of the judged that go to review"
    )
    threshold: UnitInterval | None = Field(
        None, description="the threshold that the review rate is at"
    )


class ProfileCounts(FrozenModel):
    """The counts that a profile is computed from; the counts of parts add up to the whole."""

    scores: tuple[int, ...] = Field(description="histogram of the scores")
    distances: tuple[int, ...] = Field(description="histogram of the distances that were measured")
    decisions: dict[str, int]
    reviewed: int = Field(ge=0)


class Difference(FrozenModel):
    """How far two sets of records differ in one part of their profiles."""

    distance: UnitInterval = Field(description="0: alike; 1: nothing in common")
    limit: UnitInterval = Field(
        description="distances above it are significant; 1% of unchanged runs exceed one"
    )
    drifted: bool


class Drift(FrozenModel):
    """A run against the held-out rows of its head's training data."""

    scores: Difference = Field(description="Kolmogorov-Smirnov distance of the scores")
    decisions: Difference = Field(
        description="total variation distance: half the sum of the differences of the shares"
    )
    embeddings: Difference | None = Field(
        None, description="Kolmogorov-Smirnov distance of the distances from the training rows"
    )
    review: Difference | None = Field(
        None, description="difference of the review rates; absent: they are at two thresholds"
    )

    @property
    def drifted_parts(self) -> tuple[str, ...]:
        """Names of the parts that have drifted."""
        parts = {
            "scores": self.scores,
            "decisions": self.decisions,
            "embeddings": self.embeddings,
            "review": self.review,
        }
        return tuple(name for name, part in parts.items() if part is not None and part.drifted)

    @property
    def drifted(self) -> bool:
        """Whether any part has drifted."""
        return bool(self.drifted_parts)


class Note(FrozenModel):
    """Something a reader noticed and the user should know."""

    code: str
    text: str


class Timings(FrozenModel):
    """Wall-clock seconds of the steps; those of the chunks are added up."""

    serialize_s: float = Field(0.0, ge=0)
    classify_s: float = Field(0.0, ge=0)
    filter_s: float = Field(0.0, ge=0)


# -- what a run used, and what that costs ---------------------------------------------------------


class StepUnits(FrozenModel):
    """What calls of one function used, as AWS meters it. Whole numbers: sums are exact."""

    calls: int = Field(0, ge=0)
    cold_starts: int = Field(0, ge=0, description="calls that a new environment was made for")
    ms: int = Field(
        0,
        ge=0,
        description="milliseconds until the output was written, each call rounded up; of a cold "
        "start also the loading of the code",
    )
    mb_ms: int = Field(
        0, ge=0, description="milliseconds times the function's MB; 1,024,000 are one GB-second"
    )
    s3_puts: int = Field(0, ge=0, description="requests that S3 bills as PUT")
    s3_gets: int = Field(0, ge=0, description="requests that S3 bills as GET")
    dynamodb_writes: int = Field(0, ge=0, description="requests, each counted as one unit")
    dynamodb_reads: int = Field(0, ge=0, description="requests, each counted as one unit")
    textract_pages: int = Field(0, ge=0)
    log_bytes: int = Field(0, ge=0, description="estimated")

    def __add__(self, other: "StepUnits") -> "StepUnits":
        return StepUnits(
            **{name: getattr(self, name) + getattr(other, name) for name in StepUnits.model_fields}
        )


class WorkflowUnits(FrozenModel):
    """What the workflow itself used: counted from its definition, not measured."""

    transitions: int = Field(0, ge=0, description="states entered, without retries")
    dynamodb_writes: int = Field(0, ge=0)
    events: int = Field(0, ge=0, description="events of S3 that EventBridge took")
    messages: int = Field(0, ge=0, description="messages to the topic")
    mails: int = Field(0, ge=0, description="e-mails, of one subscriber")


class ChunkUnits(FrozenModel):
    """What judging and filtering one chunk used."""

    classify: StepUnits
    filter: StepUnits
    transitions: int = Field(ge=0)


class RunUnits(FrozenModel):
    """What a run used, by step. Calls that failed and were repeated are not in it."""

    serialize: StepUnits | None = Field(
        None, description="absent: Scan read the file; the call of Serialize before is not counted"
    )
    scan: StepUnits | None = Field(None, description="absent: the file was read without OCR")
    classify: StepUnits
    filter: StepUnits
    workflow: WorkflowUnits


class RunCost(FrozenModel):
    """What a run used, at list prices, without free tiers."""

    currency: Literal["USD"] = "USD"
    region: str = Field(description="whose prices these are")
    prices: str = Field(description="the day of the price table")
    usd: float = Field(ge=0, description="the sum of the steps")
    per_1000_records: float = Field(ge=0)
    steps: dict[str, float] = Field(description="serialize or scan, classify, filter, workflow")
    missing: tuple[str, ...] = Field(
        (), description="what was used and has no known price: it is not in the sums"
    )
    estimated: tuple[str, ...] = Field((), description="what was not measured, but estimated")


class Result(FrozenModel):
    """result.json: the outcome of one upload. Published as docs/schemas/result.json."""

    schema_version: str = RESULT_SCHEMA_VERSION
    upload: Upload
    dropped_at: _Time | None = Field(
        None, description="when the file was stored in the bucket; absent: before schema 1.7"
    )
    run: RunRef | None = Field(None, description="absent: written before schema 1.3")
    process: ProcessInfo
    version: VersionRef | None = Field(
        None, description="the version of the process; absent: written before schema 1.5"
    )
    definition: ObjectRef | None = Field(
        None, description="its definition; absent: written before schema 1.5"
    )
    model: ModelInfo | None = Field(None, description="absent when no record could be judged")
    head: HeadInfo | None = Field(None, description="absent: the process has no trained head")
    threshold: UnitInterval
    threshold_from: Literal["upload", "stack", "process"]
    counts: Counts
    decisions: dict[str, int] = Field(description="number of records by decision")
    profile: Profile | None = Field(None, description="absent when no record could be judged")
    drift: Drift | None = Field(
        None, description="absent: there is no trained head to compare with"
    )
    shadow: ShadowCounts | None = Field(
        None, description="absent: no version judged beside the run's"
    )
    notes: tuple[Note, ...] = ()
    finished_at: _Time | None = Field(
        None, description="when the results were there; absent: before schema 1.7"
    )
    timings: Timings
    units: RunUnits | None = Field(
        None, description="what the run used; absent: before schema 1.6, or not measured"
    )
    cost: RunCost | None = Field(None, description="what that costs; absent: there are no units")
    files: dict[Outcome, ObjectRef] = Field(
        description="the file of each outcome, in the version that this run wrote"
    )
    vectors: ObjectRef | None = Field(
        None, description="vectors.bin; absent: before schema 1.7, or no record has a vector"
    )


# -- what crosses the workflow (references and counts only) ---------------------------------------


class HeadRef(FrozenModel):
    """Where the head is that a run is judged with."""

    card: ObjectRef
    arrays: ObjectRef
    sha256: str = Field(description="of both files' sha256")


class ShadowTask(FrozenModel):
    """The version that judges the same records beside the run's, and is only counted."""

    version: VersionRef
    definition: ObjectRef
    head: HeadRef | None = None
    references: StoredFile | None = Field(None, description="vectors of its reference sentences")


class SerializeInput(FrozenModel):
    """Input of the Serialize state."""

    upload: Upload
    run: RunRef | None = Field(None, description="absent: the run began before runs had ids")


class Serialized(FrozenModel):
    """Output of Serialize, and input of Filter."""

    upload: Upload
    dropped_at: _Time | None = Field(None, description="absent: before schema 1.7")
    run: RunRef | None = Field(None, description="absent: Filter has to filter the chunks itself")
    process: ProcessInfo
    version: VersionRef | None = Field(
        None, description="the version of the process; absent: before versions had names"
    )
    threshold: UnitInterval
    threshold_from: Literal["upload", "stack", "process"]
    definition: ObjectRef = Field(description="the process definition this run is judged by")
    head: HeadRef | None = Field(None, description="the trained head, if the process has one")
    manifest: ObjectRef = Field(description="JSONL, one ChunkTask per line")
    chunks: int = Field(gt=0)
    records: int = Field(ge=0)
    notes: tuple[Note, ...] = ()
    seconds: float = Field(ge=0, description="wall-clock time that it took")
    read_by: Literal["serialize", "scan"] = "serialize"
    units: StepUnits | None = Field(None, description="what it used; absent: not measured")


class DrawPages(FrozenModel):
    """Input of Scan, from the queue: the pictures of these pages of a digital PDF."""

    draw: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        min_length=1, description="page numbers, in the order in which people need them"
    )
    upload: Upload
    process: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")


class DrawnPages(FrozenModel):
    """Output of Scan for DrawPages."""

    pages: int = Field(ge=0)
    code: str | None = Field(None, description="why not all were drawn")


class DecodePicture(FrozenModel):
    """Input of Scan, from the API: a picture that is in no bucket."""

    decode: InBase64 = Field(description="the file", repr=False)


class DecodedSquare(FrozenModel):
    """Output of Scan for DecodePicture: what is judged of the picture, or why there is nothing."""

    picture: Picture | None = None
    square: InBase64 = Field(b"", description="as in a chunk's pictures", repr=False)
    code: str | None = Field(None, description="why it could not be decoded")
    reason: str | None = Field(None, description="the same in a sentence")


def _scan_input(given: Any) -> str:
    if isinstance(given, DrawPages) or (isinstance(given, dict) and "draw" in given):
        return "draw"
    decode = isinstance(given, DecodePicture) or (isinstance(given, dict) and "decode" in given)
    return "decode" if decode else "read"


class ScanInput(_Choice):
    """Input of Scan: a file to read, pages of one that was read to draw, or a picture to decode."""

    root: Annotated[
        Annotated[DrawPages, Tag("draw")]
        | Annotated[DecodePicture, Tag("decode")]
        | Annotated[SerializeInput, Tag("read")],
        Discriminator(_scan_input),
    ]

    @property
    def ids(self) -> dict[str, Any]:
        """Its ids for logs."""
        return (
            {}
            if isinstance(self.root, DecodePicture)
            else {"upload_id": self.root.upload.upload_id}
        )


class ScanNeeded(FrozenModel):
    """Output of Serialize for a file with pages that are pictures: Scan reads it instead."""

    needs: Literal["scan"] = "scan"
    upload: Upload


class Part(FrozenModel):
    """Some neighbouring records of a chunk: all of them, or what is judged again on its own."""

    first: int = Field(ge=0, description="position in the chunk, from 0")
    records: int = Field(gt=0)
    skip: bool = Field(False, description="not to be judged: each becomes an invalid record")


class ChunkTask(FrozenModel):
    """One line of the manifest, and the input of one Classify."""

    upload_id: str
    run: RunRef | None = None
    chunk: int = Field(ge=0)
    records: int = Field(ge=0)
    process: ProcessInfo | None = Field(None, description="what it is filtered by")
    version: VersionRef | None = Field(
        None, description="the version of the process; absent: before versions had names"
    )
    threshold: UnitInterval | None = Field(None, description="what it is filtered at")
    threshold_from: Literal["upload", "stack", "process"] | None = Field(
        None, description="who set it; absent: written before it was said"
    )
    definition: ObjectRef
    head: HeadRef | None = None
    references: StoredFile | None = Field(
        None, description="vectors of the definition's reference sentences; absent: none were kept"
    )
    shadow: ShadowTask | None = Field(None, description="absent: no other version judges")
    source: ObjectRef = Field(description="JSONL of SourceLine")
    squares: ObjectRef | None = Field(
        None, description="what is judged of its pictures, one behind the other; absent: texts"
    )
    scored: ObjectRef = Field(description="where to write: JSONL, a ScoredHeader, then ScoredLines")
    part: Part | None = Field(None, description="what of it to judge; absent: all")

    @property
    def of_pictures(self) -> bool:
        """Whether its records are pictures."""
        return self.squares is not None


class JudgeSquare(FrozenModel):
    """Input of Classify, from the API: a picture that is in no chunk."""

    square: InBase64 = Field(description="as in a chunk's pictures", repr=False)
    version: VersionRef
    definition: ObjectRef
    head: HeadRef | None = None


class JudgedSquare(FrozenModel):
    """Output of Classify for JudgeSquare: a judgement, or why there is none."""

    model: ModelInfo
    judgement: Judgement | None = None
    code: str | None = Field(None, description="why it could not be judged")
    reason: str | None = Field(None, description="the same in a sentence")


class EncodeSquare(FrozenModel):
    """Input of Classify, from the API: a picture that records are to be like."""

    encode: InBase64 = Field(description="as in a chunk's pictures", repr=False)


class EncodedSquare(FrozenModel):
    """Output of Classify for EncodeSquare."""

    vector: InBase64 = Field(description="512 int8, as results have them", repr=False)


def _classify_input(given: Any) -> str:
    if isinstance(given, EncodeSquare) or (isinstance(given, dict) and "encode" in given):
        return "encode"
    square = isinstance(given, JudgeSquare) or (isinstance(given, dict) and "square" in given)
    return "square" if square else "chunk"


class ClassifyInput(_Choice):
    """Input of Classify: a chunk of records, or one picture to judge or to encode."""

    root: Annotated[
        Annotated[EncodeSquare, Tag("encode")]
        | Annotated[JudgeSquare, Tag("square")]
        | Annotated[ChunkTask, Tag("chunk")],
        Discriminator(_classify_input),
    ]

    @property
    def ids(self) -> dict[str, Any]:
        """Its ids for logs."""
        match self.root:
            case EncodeSquare():
                return {}
            case JudgeSquare(version=version):
                return {"version": version.short}
            case task:
                return {"upload_id": task.upload_id, "chunk": task.chunk}


class ScoredHeader(FrozenModel):
    """First line of a scored chunk."""

    kind: Literal["header"] = "header"
    chunk: int = Field(ge=0)
    records: int = Field(ge=0)
    process: ProcessInfo
    model: ModelInfo
    head: str | None = Field(None, description="sha256 of the head that judged")
    version: str | None = Field(None, description="sha256 of the version that judged")
    shadow: ShadowCounts | None = Field(None, description="absent: no other version judged")
    seconds: float = Field(ge=0, description="wall-clock time that judging took")
    units: StepUnits | None = Field(None, description="what it used; absent: not measured")
    vectors: int = Field(0, ge=0, description="bytes of the file of vectors; 0: there is none")


class Classified(FrozenModel):
    """Output of Classify: a few bytes."""

    chunk: int = Field(ge=0)
    records: int = Field(ge=0)


class FilterChunk(FrozenModel):
    """Input of Filter for one chunk: all its parts, in any order."""

    task: ChunkTask
    parts: tuple[Part, ...] = Field(min_length=1)


def _filter_input(given: Any) -> str:
    chunk = isinstance(given, FilterChunk) or (isinstance(given, dict) and "parts" in given)
    return "chunk" if chunk else "run"


class FilterInput(_Choice):
    """Input of Filter: a chunk that was judged, or at the end the whole run."""

    root: Annotated[
        Annotated[FilterChunk, Tag("chunk")] | Annotated[Serialized, Tag("run")],
        Discriminator(_filter_input),
    ]

    @property
    def ids(self) -> dict[str, Any]:
        """Its ids for logs."""
        match self.root:
            case FilterChunk(task=task):
                return {"upload_id": task.upload_id, "chunk": task.chunk}
            case run:
                return {"upload_id": run.upload.upload_id}


class StoredVectors(FrozenModel):
    """Vectors of records as Classify wrote them."""

    object: ObjectRef
    size: int = Field(gt=0, description="bytes")


class ChunkTally(FrozenModel):
    """Filter's counts of a chunk; the chunk's lines are beside it, one file per outcome."""

    chunk: int = Field(ge=0)
    process: ProcessInfo
    head: str | None = Field(None, description="sha256 of the head that judged")
    version: str | None = Field(None, description="sha256 of the version that judged")
    model: ModelInfo
    counts: Counts
    sizes: dict[Outcome, int] = Field(description="bytes of each file; empty ones are absent")
    profile: ProfileCounts
    shadow: ShadowCounts | None = Field(None, description="absent: no other version judged")
    classify_s: float = Field(ge=0)
    filter_s: float = Field(ge=0)
    units: ChunkUnits | None = Field(None, description="absent: not measured")
    vectors: tuple[StoredVectors, ...] = Field((), description="of its parts, in their order")


class FilteredChunk(FrozenModel):
    """Output of Filter for one chunk: a few bytes."""

    chunk: int = Field(ge=0)
    counts: Counts


class Mail(FrozenModel):
    """A mail within SNS's rules: ASCII subject under 100 characters, no control characters."""

    subject: str = Field(pattern=r"^[\x20-\x7e]{1,99}$")
    body: str


class Filtered(FrozenModel):
    """Output of Filter."""

    upload_id: str
    process: str
    counts: Counts
    result: ObjectRef
    drift: Drift | None = None
    cost: str | None = Field(None, description="JSON of the RunCost, for the upload's row")
    mail: Mail
