"""A results bucket in memory with records for review, and their heads."""

from tests.fakes.reviews import MemoryReviews
from tests.fakes.store import MemoryStore
from winnow.models import (
    CriteriaDecision,
    CriterionFinding,
    Evidence,
    Outcome,
    Polarity,
    ResultRecord,
    Verdict,
)
from winnow.processes.schema import (
    CriteriaProcess,
    Criterion,
    Group,
    Label,
    LabelsProcess,
    ProcessDefinition,
)
from winnow.reviews.items import Items
from winnow.reviews.models import Kind, LineRef, RecordKey, ReviewHead, Through
from winnow.reviews.notes import Notes
from winnow.reviews.service import Given, Reviews
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import JSON, ReviewPaths

UPLOAD = "a" * 32
BUCKET = "results"
NOW = 1_800_000_000.0
CRITERIA = CriteriaProcess(
    kind="criteria",
    id="capsule",
    version="1.0.0",
    title="Capsule endoscopy",
    criteria=(
        Criterion(id="anemia", title="Anemia", statements=("Anemia.",)),
        Criterion(id="bleeding", title="Blood loss", statements=("Bleeding.",)),
    ),
    logic=Group(all_of=("anemia", "bleeding")),
)
LABELS = LabelsProcess(
    kind="labels",
    id="mood",
    version="1.0.0",
    title="Mood",
    labels=(Label(id="joy", title="Joy"), Label(id="fear")),
)
TEXT = "Melena for two weeks. Ferritin 300."


def criteria_record(number: int = 1, **fields: object) -> ResultRecord:
    evidence = Evidence(start=0, end=21, text=TEXT[:21], polarity=Polarity.SUPPORTS, similarity=0.9)
    decision = CriteriaDecision(
        value=Verdict.UNDETERMINED,
        because=("anemia",),
        criteria=(
            CriterionFinding(id="anemia", title="Anemia", verdict=Verdict.UNDETERMINED, score=0.5),
            CriterionFinding(
                id="bleeding",
                title="Blood loss",
                verdict=Verdict.MET,
                score=0.9,
                evidence=(evidence,),
            ),
        ),
    )
    return ResultRecord.model_validate(
        {
            "outcome": Outcome.REVIEW,
            "record": number,
            "line": number + 1,
            "source_id": "PA-7",
            "fields": {"age": "67"},
            "decision": decision,
            "score": 0.5,
            "confidence": 0.5,
            "calibrated": False,
            "code": "undetermined",
            "reason": "The evidence is not enough to decide.",
            "text": TEXT,
            **fields,
        }
    )


class Room:
    """A results bucket with one file of records for review, and the heads of these."""

    def __init__(
        self,
        *records: ResultRecord,
        definition: ProcessDefinition = CRITERIA,
        blind: bool = False,
        kind: Kind = Kind.REVIEW,
        model: str | None = None,
    ) -> None:
        self.definition = definition
        self.objects = MemoryStore()
        self.store = MemoryReviews()
        self.now = NOW
        self.reviews = Reviews(self.store, lambda: self.now)
        self.notes = Notes(self.objects, BUCKET)
        self.items = Items(self.objects, self.notes, BUCKET, lambda: self.now)
        paths = ReviewPaths(BUCKET, definition.id, UPLOAD)
        self.objects.put(paths.definition, definition.model_dump_json().encode(), JSON)
        self.objects.put(paths.result, b"{}", JSON)
        lines = [dump_line(record) for record in records]
        self.file = self.objects.add(BUCKET, "review.jsonl", b"".join(lines))
        start = 0
        for record, line in zip(records, lines, strict=True):
            assert record.decision is not None
            assert record.confidence is not None
            head = ReviewHead(
                upload=UPLOAD,
                record=record.record,
                kind=kind,
                process=definition.info,
                model=model,
                line=LineRef(object=self.file, start=start, length=len(line)),
                outcome=record.outcome,
                code=record.code,
                decision=record.decision.value,
                confidence=record.confidence,
                blind=blind,
                waiting_since="2027-01-01T00:00:00.000Z",
            )
            self.store.add([head])
            start += len(line)

    def head(self, record: int = 1) -> ReviewHead:
        head = self.store.head(RecordKey(UPLOAD, record))
        assert head is not None
        return head

    def decide(
        self, decision: str | None, note: str | None = None, record: int = 1, by: str = "ann"
    ) -> None:
        head = self.head(record)
        ref = None if note is None else self.notes.save(head.key, head.version, note)
        given = Given(decision, note=ref, seconds=2.5, through=Through.TERMINAL)
        self.reviews.decide(by, head.key, head.version, given)
