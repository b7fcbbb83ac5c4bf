"""What a person is shown of a record: its text, what was decided and why, what can be answered.

While a record is blind and not decided, nothing is shown that tells the machine's decision.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

from pydantic import ConfigDict, Field, ValidationError

from winnow.errors import (
    ObjectGoneError,
    RecordErasedError,
    RecordUnknownError,
    StoredDataInvalidError,
)
from winnow.models import (
    CasePart,
    Decision,
    FrozenModel,
    Outcome,
    Picture,
    ResultRecord,
    SourceLocation,
    VersionRef,
)
from winnow.ports import ObjectStore
from winnow.processes.schema import CriteriaProcess, ProcessDefinition, parse_definition_json
from winnow.reviews.choices import choices_of
from winnow.reviews.models import (
    EventKind,
    Kind,
    LineRef,
    RecordKey,
    ReviewEvent,
    ReviewHead,
    State,
    Through,
)
from winnow.reviews.notes import Notes
from winnow.storage.paths import JSON, ReviewPaths, prediction
from winnow.storage.predictions import StoredPrediction

MAX_PICTURES = 20
"""Pages of a record that a person is shown: its first ones."""
_MAX_DEFINITIONS = 64
"""Definitions that are kept in memory."""


class Named(FrozenModel):
    """An id, and how people call it."""

    id: str
    title: str


class ItemProcess(FrozenModel):
    """The process that a record was judged by."""

    id: str
    version: str
    kind: Literal["criteria", "labels"]
    title: str
    decisions: tuple[Named, ...] = Field(description="what a person can decide")
    criteria: tuple[Named, ...] = ()


class ItemPart(CasePart):
    """A part of a case, and how people call it."""

    name: str


class UnpicturedText(FrozenModel):
    """A piece of a record's text that is on no picture which is shown."""

    start: int = Field(ge=0, description="where it begins in the record's text")
    end: int = Field(ge=0)
    page: int | None = Field(None, description="number of the page in its file; absent: no page")
    part: str | None = Field(None, description="the part of the case that it is of")


class Lease(FrozenModel):
    """Who has a record open."""

    by: str
    until: str = Field(description="ISO 8601 in UTC")


class ReviewState(FrozenModel):
    """What people decided of a record."""

    state: State
    decision: str | None = None
    cannot_tell: bool = False
    by: str | None = None
    at: str | None = None
    changed: bool = Field(False, description="the decision is not the machine's")
    note: str | None = None


class ReviewItem(FrozenModel):
    """A record as a person is shown it."""

    upload: str
    record: int
    process: ItemProcess
    judged_by: VersionRef | None = Field(
        None, description="the version of the process; absent: judged before versions had names"
    )
    part: str | None = None
    line: int | None = None
    source_id: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    parts: tuple[ItemPart, ...] = Field(
        (), description="the records of the upload that were joined to this case"
    )
    text: str | None = Field(
        None, description="absent: a picture, or judged by a version that kept none"
    )
    picture: Picture | None = Field(None, description="absent: a text; what it shows is in `pages`")
    outcome: Outcome
    code: str | None = None
    reason: str | None = None
    decision: Decision | None = Field(None, description="the machine's, with its evidence")
    confidence: float | None = None
    calibrated: bool | None = None
    score: float | None = None
    blind: bool = Field(False, description="it is decided without the machine's decision")
    hidden: bool = Field(False, description="blind, and not decided yet: that is left out")
    version: int
    run: str = Field("", description="what has judged it; given back with what a person decides")
    kind: Kind
    lease: Lease | None = None
    review: ReviewState | None = Field(None, description="absent: not in the queue, not decided")
    draft: str | None = Field(None, description="what the person typed as a note and did not send")
    pages: tuple[int, ...] = Field((), description="scanned pages that the record is on")
    missing: tuple[str, ...] = Field(
        (), description="titles of the criteria that are open because nothing is said about them"
    )


class HistoryEntry(FrozenModel):
    """Something that happened to a record, as a person is shown it."""

    model_config = ConfigDict(populate_by_name=True)

    number: int
    kind: EventKind
    at: str
    by: str
    before: str | None = Field(
        alias="from",
        description="the decision that held: a person's, else the machine's; absent: cannot tell",
    )
    after: str | None = Field(alias="to", description="the decision that holds from then on")
    cannot_tell: bool
    seconds: float | None
    blind: bool
    note: str | None
    through: Through


class Items:
    """Makes what people are shown, from the results bucket of one stack."""

    def __init__(
        self, objects: ObjectStore, notes: Notes, bucket: str, clock: Callable[[], float]
    ) -> None:
        """`clock` tells the time in epoch seconds."""
        self._objects = objects
        self._notes = notes
        self._bucket = bucket
        self._clock = clock
        self._definitions: dict[str, ProcessDefinition] = {}

    def item(self, head: ReviewHead, user: str) -> ReviewItem:
        """A record as `user` is shown it.

        Raises RecordErasedError, RecordUnknownError if its results have expired, and
        StoredDataInvalidError.
        """
        if head.state is State.ERASED:
            raise RecordErasedError(f"Record {head.record} of {head.upload} was erased.")
        return item_of(
            head,
            self.record(head),
            self.definition(head),
            now=self._clock(),
            note=self._note(head),
            draft=self._notes.draft(user, head.key),
        )

    def record(self, head: ReviewHead) -> ResultRecord:
        """The line of the results that a record was judged by. Raises as `item` does.

        Deleted results may be readable for some days, in earlier versions: they are deleted.
        """
        self.require(head.kind, head.process.id, head.key)
        content = self._line(head)
        if content is not None:
            if (record := _judged(content, head)) is not None:
                return record
            raise StoredDataInvalidError(
                f"The line of record {head.record} of {head.upload} is damaged."
            )
        # When another record of the upload is erased, its file is written again with every line at
        # its place. Any other file at this place is not what was judged.
        for ref in (self._kept(head), _newest(head.line)):
            with suppress(ObjectGoneError):
                if (record := _judged(self._content(ref, head.kind), head)) is not None:
                    return record
        raise _gone(head.key)

    def keep(self, head: ReviewHead) -> None:
        """Keep the line that a record was judged by, as a later run has written its results.

        S3 deletes old versions of results after a while; this is there as long as the notes are.
        Of a record that was erased meanwhile, nothing is kept: see `Forget`.
        """
        content = self._line(head)
        if content is not None and _judged(content, head) is not None:
            self._objects.create(self._kept(head).object, content, JSON)

    def _line(self, head: ReviewHead) -> bytes | None:
        try:
            return self._content(head.line, head.kind)
        except ObjectGoneError:
            return None

    def _kept(self, head: ReviewHead) -> LineRef:
        paths = ReviewPaths(self._bucket, head.process.id, head.upload)
        return LineRef(
            object=paths.judged(head.record, head.run_started), start=0, length=head.line.length
        )

    def require(self, kind: Kind, process: str, key: RecordKey) -> None:
        """Raise RecordUnknownError if the results that a record is of were deleted."""
        kept = ReviewPaths(self._bucket, process, key.upload).result
        if kind is Kind.PREDICTION:
            kept = prediction(self._bucket, process, key.upload)
        try:
            self._objects.head(kept)
        except ObjectGoneError:
            raise _gone(key) from None

    def _content(self, ref: LineRef, kind: Kind) -> bytes:
        if kind is not Kind.PREDICTION:
            return self._objects.read_range(ref.object, ref.start, ref.length)
        # A prediction is a whole object. The length in its head is not needed, and may be wrong:
        # it used to be that of the text, not of its bytes.
        with self._objects.open(ref.object) as stream:
            return stream.read()

    def gone(self, head: ReviewHead) -> bool:
        """Whether a record is deleted, and not only damaged or out of reach for now."""
        try:
            self.record(head)
        except RecordUnknownError:
            return True
        except StoredDataInvalidError:
            return False
        return False

    def definition(self, head: ReviewHead) -> ProcessDefinition:
        """The definition that an upload was judged by. Raises RecordUnknownError if it is gone."""
        if (known := self._definitions.get(head.process.sha256)) is not None:
            return known
        ref = ReviewPaths(self._bucket, head.process.id, head.upload).definition
        try:
            with self._objects.open(ref) as stream:
                definition = parse_definition_json(stream.read())
        except ObjectGoneError:
            raise _gone(head.key) from None
        # A later run of the upload may have been judged by another version.
        if definition.info.sha256 == head.process.sha256:
            if len(self._definitions) >= _MAX_DEFINITIONS:
                self._definitions.clear()
            self._definitions[head.process.sha256] = definition
        return definition

    def history(self, events: Sequence[ReviewEvent]) -> list[HistoryEntry]:
        """The events of a record as people are shown them, with their notes."""
        return [self._entry(event) for event in events]

    def state(self, head: ReviewHead) -> ReviewState | None:
        """What people decided of a record, with the note; None: nothing, and it is not queued."""
        return state_of(head, self._note(head))

    def _note(self, head: ReviewHead) -> str | None:
        if head.answer is None or head.answer.note is None:
            return None
        return self._notes.read(head.answer.note)

    def _entry(self, event: ReviewEvent) -> HistoryEntry:
        decided = event.after if event.kind is EventKind.DECIDED else None
        note = decided.note if decided else None
        return HistoryEntry(
            number=event.number,
            kind=event.kind,
            at=event.at,
            by=event.by,
            before=event.before.decision if event.before else event.machine,
            after=event.after.decision if event.after else event.machine,
            cannot_tell=decided is not None and decided.cannot_tell,
            seconds=event.seconds,
            blind=event.blind,
            note=None if note is None else self._notes.read(note),
            through=event.through,
        )


def item_of(
    head: ReviewHead,
    record: ResultRecord,
    definition: ProcessDefinition,
    *,
    now: float,
    note: str | None = None,
    draft: str | None = None,
) -> ReviewItem:
    """A record as a person is shown it.

    Args:
        head: The state of its review.
        record: What was judged.
        definition: What it was judged by.
        now: Epoch seconds.
        note: The text of the note to the answer that holds.
        draft: What the person typed and did not send.
    """
    hidden = head.hidden
    shown = ReviewItem(
        upload=head.upload,
        record=head.record,
        process=_process(definition),
        judged_by=head.judged_by,
        part=record.part,
        line=record.line,
        source_id=record.source_id,
        fields=record.fields,
        parts=_parts(record),
        text=record.text,
        picture=record.picture,
        outcome=record.outcome,
        blind=head.blind,
        hidden=hidden,
        version=head.version,
        run=head.run_started,
        kind=head.kind,
        lease=_lease(head, now),
        review=state_of(head, note),
        draft=draft,
        pages=_pages(record),
    )
    if hidden:
        return shown
    return shown.model_copy(
        update={
            "code": record.code,
            "reason": record.reason,
            "decision": record.decision,
            "confidence": record.confidence,
            "calibrated": record.calibrated,
            "score": record.score,
            "missing": record.missing,
        }
    )


def state_of(head: ReviewHead, note: str | None = None) -> ReviewState | None:
    """What people decided of a record; None: nothing, and it is not in the queue."""
    answer = head.answer
    if answer is None:
        asked = head.kind in (Kind.REVIEW, Kind.AUDIT) or head.version > 0
        return ReviewState(state=head.state) if asked else None
    return ReviewState(
        state=head.state,
        decision=answer.decision,
        cannot_tell=answer.cannot_tell,
        by=answer.by,
        at=answer.at,
        changed=head.agreed is False,
        note=note,
    )


def _parts(record: ResultRecord) -> tuple[ItemPart, ...]:
    of_members = record.from_members
    return tuple(
        ItemPart(**part.model_dump(), name=part.called(of_members=of_members))
        for part in record.parts
    )


def _process(definition: ProcessDefinition) -> ItemProcess:
    criteria = definition.criteria if isinstance(definition, CriteriaProcess) else ()
    return ItemProcess(
        id=definition.id,
        version=definition.version,
        kind=definition.kind,
        title=definition.title,
        decisions=tuple(Named(id=c.id, title=c.title) for c in choices_of(definition)),
        criteria=tuple(Named(id=c.id, title=c.title) for c in criteria),
    )


def _lease(head: ReviewHead, now: float) -> Lease | None:
    if head.lease_by is None or head.lease_until is None or head.lease_until <= now:
        return None
    until = datetime.fromtimestamp(head.lease_until, UTC).isoformat(timespec="milliseconds")
    return Lease(by=head.lease_by, until=until.replace("+00:00", "Z"))


def _pages(record: ResultRecord) -> tuple[int, ...]:
    return tuple(sorted(pictures_of(record)))


def pictures_of(record: ResultRecord) -> dict[int, int]:
    """The scanned pages that a record is on, each with the number of its picture.

    The picture is `pages/<number>.jpg` beside the results. Pages of results that were written
    before pictures were kept have none. In a case of several files, which may all have a page 1,
    the number of the picture stands for that of the page.
    """
    several = bool(record.parts) and record.from_members
    return {
        (at.picture if several else at.page or 1): at.picture
        for at in record.places
        if at.picture is not None
    }


def part_of_picture(record: ResultRecord, picture: int) -> tuple[int | None, CasePart] | None:
    """The page that a picture is of, and the part of the case; None where no part is a file."""
    if not record.parts or not record.from_members:
        return None
    at = next(place for place in record.places if place.picture == picture)
    return at.page, next(p for p in reversed(record.parts) if p.start <= at.start)


def unpictured_pages_of(record: ResultRecord) -> tuple[int, ...]:
    """The pages of a digital PDF that a record is on: they have places for boxes, and no picture.

    If one is drawn after the run, its picture has the number of the page. None of a record from an
    archive or e-mail: the pages of its files have the same numbers.
    """
    if record.from_members:
        return ()
    without = (at for at in record.places if at.box is not None and at.picture is None)
    return tuple(sorted({at.page for at in without if at.page is not None}))[:MAX_PICTURES]


def picture_at(record: ResultRecord, place: SourceLocation) -> int | None:
    """The number of the picture that a place is on, whether or not there is one yet."""
    drawable = place.box is not None and not record.from_members
    return place.picture or (place.page if drawable else None)


def unpictured_text(record: ResultRecord, pictures: Collection[int]) -> tuple[UnpicturedText, ...]:
    """The text of a record that is on none of these pictures, in its order, page by page."""
    found: list[UnpicturedText] = []
    for piece, picture in _pieces(record):
        if picture in pictures or not (record.text or "")[piece.start : piece.end].strip():
            continue
        last = found[-1] if found else None
        if last and (last.end, last.page, last.part) == (piece.start, piece.page, piece.part):
            found[-1] = last.model_copy(update={"end": piece.end})
        else:
            found.append(piece)
    return tuple(found)


def _pieces(record: ResultRecord) -> Iterator[tuple[UnpicturedText, int | None]]:
    """The text as it stands on pages, each piece with the number of its picture."""
    parts: list[tuple[int, int, str | None]]
    parts = [(part.start, part.end, part.name) for part in _parts(record)]
    starts = [place.start for place in record.places]
    for begin, end, name in parts or [(0, len(record.text or ""), None)]:
        first, last = bisect_left(starts, begin), bisect_left(starts, end)
        edges = [begin, *starts[first:last], end]
        yield UnpicturedText(start=begin, end=edges[1], part=name), None
        for place, (start, until) in zip(
            record.places[first:last], pairwise(edges[1:]), strict=True
        ):
            piece = UnpicturedText(start=start, end=until, page=place.page, part=name)
            yield piece, picture_at(record, place)


def _newest(line: LineRef) -> LineRef:
    return line.model_copy(update={"object": line.object.model_copy(update={"version_id": None})})


def _judged(content: bytes, head: ReviewHead) -> ResultRecord | None:
    """The record of a line, if it is the head's: decided the same way."""
    try:
        if head.kind is Kind.PREDICTION:
            record = StoredPrediction.model_validate_json(content).record
        else:
            record = ResultRecord.model_validate_json(content)
    except ValidationError:
        return None
    same = (
        record.record == head.record
        and record.decision is not None
        and record.decision.value == head.decision
        and record.confidence == head.confidence
    )
    return record if same else None


def _gone(key: RecordKey) -> RecordUnknownError:
    return RecordUnknownError(
        f"The results of record {key.record} of the upload {key.upload} are gone."
    )
