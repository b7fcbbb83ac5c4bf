"""Decisions of people: kept, taken back, left to somebody else; and drafts of notes."""

from winnow.errors import (
    RecordJudgedAgainError,
    RecordUnknownError,
    RequestInvalidError,
    ReviewConflictError,
)
from winnow.models import Outcome
from winnow.reviews.choices import check_choice
from winnow.reviews.items import state_of
from winnow.reviews.models import Kind, RecordKey, ReviewHead, State, Through
from winnow.reviews.queueing import read_result
from winnow.reviews.service import Given, check_run
from winnow.storage.paths import ReviewPaths
from winnow_api.call import Call
from winnow_api.items import Located, check_open, definition_of, item_of, items, locate, unknown
from winnow_api.messages import Response
from winnow_api.problems import problem_of
from winnow_api.queue import reviews_of, totals
from winnow_api.services import Services
from winnow_api.shapes import (
    DraftRequest,
    MachineDecision,
    ReviewAnswer,
    ReviewRequest,
    Saved,
    SkipAnswer,
    UndoAnswer,
    VersionedRecord,
)
from winnow_api.states import notes_of
from winnow_api.uploads import result_of, row_of


def decide(services: Services, call: Call, given: ReviewRequest) -> ReviewAnswer | Response:
    """Keep what a person decided of a record, the first time or instead of an earlier decision.

    If somebody else came first, nothing is written but the note, as a draft of this user's.
    """
    if (given.decision is None) is not given.cannot_tell:
        raise RequestInvalidError("Give `decision`, or `cannot_tell`: true. One of the two.")
    key = RecordKey(given.upload, given.record)
    head = services.reviews().head(key)
    known = head is not None
    if head is None:
        head = _unqueued_head(services, call, given)
        if head.outcome is Outcome.INVALID or not head.decision:
            raise RequestInvalidError("The record is invalid: there is nothing to decide.")
    check_open(call.user, head)
    if known:
        items(services).require(head.kind, head.process.id, key)
    notes = notes_of(services)
    text = given.note or ""
    try:
        _require_run(services, head, given)
        if given.decision is not None:
            check_choice(definition_of(services, head), given.decision)
        decided = reviews_of(services).decide(
            call.user.name,
            key,
            given.version,
            Given(
                given.decision,
                notes.place(key, given.version, text) if text else None,
                given.seconds,
                _through(call),
                call.key,
                keep_note=(lambda: notes.save(key, given.version, text)) if text else None,
                run=given.run,
            ),
            absent=None if known else lambda: head,
        )
    except ReviewConflictError as error:
        now = services.reviews().head(key)
        # Of a record that was erased meanwhile, nothing is kept.
        if text and (now is None or now.state is not State.ERASED):
            notes.save_draft(call.user.name, key, text)
        return _conflict(services, call, key, error)
    state = state_of(decided, given.note or None)
    assert state is not None
    return ReviewAnswer(
        upload=key.upload,
        record=key.record,
        version=decided.version,
        review=state,
        machine=MachineDecision(
            decision=decided.decision, confidence=decided.confidence, agreed=decided.agreed
        ),
        totals=totals(services, [decided.process.id]),
    )


def _given(call: Call, given: VersionedRecord) -> Given:
    """What a request without a decision asks for."""
    return Given(None, through=_through(call), key=call.key, run=given.run)


def _through(call: Call) -> Through:
    return Through.PAGE if call.headers.get("winnow-through") == "page" else Through.API


def _conflict(
    services: Services, call: Call, key: RecordKey, error: ReviewConflictError
) -> Response:
    """The problem document of a conflict; it tells what holds now."""
    head = services.reviews().head(key)
    if head is None:
        return problem_of(error, call.request_id)
    state = items(services).state(head)
    review = None if state is None else state.model_dump(mode="json")
    extra = {"review": review, "version": head.version}
    return problem_of(error, call.request_id, extra)


def _unqueued_head(services: Services, call: Call, given: VersionedRecord) -> ReviewHead:
    """The head that a record would get which nobody was asked to look at."""
    key = RecordKey(given.upload, given.record)
    try:
        return locate(services, call.user, key).head
    except RecordUnknownError:
        # A later run may have made other records of the file.
        if given.run is not None and not key.upload.startswith("p-"):
            result = result_of(services, row_of(services, call.user, key.upload))
            if result and result.run and result.run.started_at != given.run:
                raise RecordJudgedAgainError(
                    f"A later run has read the upload again: it has no record {key.record} now."
                ) from None
        raise


def _require_run(services: Services, head: ReviewHead, given: VersionedRecord) -> None:
    """Raise RecordJudgedAgainError if what was shown is another run's, or if nobody can tell."""
    check_run(head, given.run)
    if given.run is not None or head.kind is Kind.PREDICTION:
        return
    paths = ReviewPaths(services.results_bucket, head.process.id, head.upload)
    run = read_result(services.store(), paths.result).run
    if run is not None and run.attempt > 1:
        raise RecordJudgedAgainError(
            "The upload was run more than once, and the request does not say by `run` which run "
            "had judged the record."
        )


def _open_head(services: Services, call: Call, given: VersionedRecord) -> ReviewHead:
    key = RecordKey(given.upload, given.record)
    head = services.reviews().head(key)
    if head is None:
        _unqueued_head(services, call, given)
        raise unknown(key)
    check_open(call.user, head)
    return head


def undo(services: Services, call: Call, given: VersionedRecord) -> UndoAnswer | Response:
    """Take back one's last decision of a record; it is leased to this user again."""
    key = RecordKey(given.upload, given.record)
    _open_head(services, call, given)
    try:
        head = reviews_of(services).undo(call.user.name, key, given.version, _given(call, given))
    except ReviewConflictError as error:
        return _conflict(services, call, key, error)
    located = Located(head, items(services).record(head), known=True)
    return UndoAnswer(
        upload=key.upload,
        record=key.record,
        version=head.version,
        item=item_of(services, call.user, located),
        totals=totals(services, [head.process.id]),
    )


def skip(services: Services, call: Call, given: VersionedRecord) -> SkipAnswer | Response:
    """Leave a record to somebody else; this user is not given it again."""
    key = RecordKey(given.upload, given.record)
    head = _open_head(services, call, given)
    try:
        _require_run(services, head, given)
        reviews_of(services).skip(call.user.name, key, given.version, _given(call, given))
    except ReviewConflictError as error:
        return _conflict(services, call, key, error)
    return SkipAnswer(totals=totals(services, [head.process.id]))


def draft(services: Services, call: Call, given: DraftRequest) -> Saved:
    """Keep what a user has typed and not sent, so that a reload does not lose it."""
    key = RecordKey(given.upload, given.record)
    head = services.reviews().head(key)
    if head is None:
        locate(services, call.user, key)
    else:
        check_open(call.user, head)
    notes_of(services).save_draft(call.user.name, key, given.note)
    return Saved()
