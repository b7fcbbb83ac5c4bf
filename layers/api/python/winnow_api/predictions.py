"""Predictions: a text or a picture judged at once, kept in the results bucket, and found again.

The encoder of texts is in this function. A picture is hostile until it is decoded, and its encoder
is large: Scan and Classify are called, as for a dropped one, and the picture is kept nowhere. A
request costs one write to S3; the idempotency key is claimed while it is judged.
"""

from collections.abc import Callable
from typing import NamedTuple

from winnow.errors import (
    InternalError,
    ObjectGoneError,
    PredictionUnknownError,
    ProcessNotOpenError,
    ProcessUnknownError,
    RequestInvalidError,
    StoredDataInvalidError,
)
from winnow.models import HeadInfo, ModelInfo, Outcome, Record, ResultRecord, VersionRef
from winnow.processes.schema import ProcessDefinition
from winnow.registry.reading import head_files
from winnow.reviews.items import state_of
from winnow.reviews.models import RecordKey, ReviewHead
from winnow.steps.prediction import (
    picture_record_of,
    predict,
    predict_picture,
    record_of,
)
from winnow.storage import paths
from winnow.storage.predictions import RECORD, StoredPrediction, may_be_of, prediction_id
from winnow_api import cursors, idempotency
from winnow_api.call import Call, check_body, iso
from winnow_api.identity import User
from winnow_api.services import Services
from winnow_api.shapes import (
    Nothing,
    Prediction,
    PredictionPath,
    PredictionQuery,
    PredictionRequest,
    Predictions,
)
from winnow_api.states import notes_of
from winnow_api.threads import pool


def open_process(services: Services, user: User, name: str) -> ProcessDefinition:
    """The process of this id or code. Raises ProcessNotOpenError, which lists those that are."""
    registry = services.registry()
    try:
        definition = registry.find(name)
    except ProcessUnknownError:
        definition = None
    if definition is None or not user.may_see(definition.id):
        known = ", ".join(each for each in registry.ids if user.may_see(each)) or "none"
        raise ProcessNotOpenError(f"No process of this name is open to you. Open: {known}.")
    return definition


class _Asked(NamedTuple):
    """What is judged, and by what."""

    definition: ProcessDefinition
    version: VersionRef | None
    head: HeadInfo | None
    record: Record
    judged: Callable[[float], tuple[ResultRecord, ModelInfo]]
    """The result at a threshold, and the encoder."""


def create(services: Services, call: Call, given: PredictionRequest) -> Prediction:
    """Judge a text or a picture, and keep the prediction; the same request again answers it."""
    process = open_process(services, call.user, given.process)
    check_body(call, given.picture)
    ask = _picture if process.of_pictures else _text
    # The definition of the very version that judges: the next request may find another.
    asked = ask(services, process.id, given)
    definition = asked.definition
    now = services.now()
    own = prediction_id(definition.id, int(now * 1e9), services.random(4))
    claim = pool().submit(idempotency.once, services.keys(), call.key or "", call.body, own)
    threshold = services.threshold if services.threshold is not None else definition.threshold
    result, model = asked.judged(threshold)
    if result.decision is None or result.outcome is Outcome.INVALID:
        raise InternalError("A record was judged without a decision.")
    prediction = StoredPrediction(
        id=claim.result(),
        process=definition.info,
        judged_by=asked.version,
        at=iso(now),
        by=call.user.name,
        text=asked.record.text,
        picture=result.picture,
        fields=asked.record.fields,
        outcome=result.outcome,
        code=result.code,
        reason=result.reason,
        decision=result.decision,
        score=result.score or 0.0,
        confidence=result.confidence or 0.0,
        calibrated=bool(result.calibrated),
        calibration=result.calibration,
        novelty=result.novelty,
        threshold=threshold,
        model=model,
        head=asked.head,
    )
    ref = paths.prediction(services.results_bucket, definition.id, prediction.id)
    if services.objects().create(ref, prediction.model_dump_json().encode(), paths.JSON):
        return shown(prediction, None)
    # The key was claimed before, and that request has written its prediction.
    return _found(services, call.user, prediction.id)


def _text(services: Services, process: str, given: PredictionRequest) -> _Asked:
    if given.picture is not None:
        raise RequestInvalidError("The process judges texts: send `text` or `fields`.")
    judging = services.judging()
    by = judging.of(process)
    record = record_of(by.definition, given.text, given.fields)

    def judged(threshold: float) -> tuple[ResultRecord, ModelInfo]:
        result = predict(
            by.definition, by.judge, record, threshold, services.budget, services.monotonic
        )
        return result, judging.model

    return _Asked(by.definition, by.version, by.head, record, judged)


def _picture(services: Services, process: str, given: PredictionRequest) -> _Asked:
    if given.picture is None or given.text is not None:
        raise RequestInvalidError("The process judges pictures: send `picture`, and no `text`.")
    by = services.champion(process)
    record = picture_record_of(by.definition, given.picture, given.fields)
    head = head_files(by.head, services.store(), by.ref)

    def judged(threshold: float) -> tuple[ResultRecord, ModelInfo]:
        return predict_picture(by.definition, by, services.pictures(), record, threshold)

    info = None if head is None else head.card().info
    return _Asked(by.definition, by.ref, info, record, judged)


def one(services: Services, call: Call, given: Nothing) -> Prediction:
    """One prediction."""
    path: PredictionPath = call.path
    return _found(services, call.user, path.id)


def _found(services: Services, user: User, own_id: str) -> Prediction:
    stored = stored_prediction(services, user, own_id)
    head = services.reviews().head(RecordKey(own_id, RECORD))
    note = None
    if head is not None and head.answer is not None and head.answer.note is not None:
        note = notes_of(services).read(head.answer.note)
    return shown(stored, head, note)


def stored_prediction(services: Services, user: User, own_id: str) -> StoredPrediction:
    """What is kept of a prediction. Raises PredictionUnknownError."""
    for process in services.registry().ids:
        if not may_be_of(own_id, process) or not user.may_see(process):
            continue
        ref = paths.prediction(services.results_bucket, process, own_id)
        try:
            return parsed(services.objects().read(ref))
        except ObjectGoneError:
            continue
    raise PredictionUnknownError("No prediction of this id is open to you.")


def parsed(content: bytes) -> StoredPrediction:
    """A stored prediction. Raises StoredDataInvalidError."""
    try:
        return StoredPrediction.model_validate_json(content)
    except ValueError:
        raise StoredDataInvalidError("A stored prediction is damaged.") from None


class _After(cursors.Cursor):
    """The last prediction that was shown."""

    id: str


def listed(services: Services, call: Call, given: PredictionQuery) -> Predictions:
    """Predictions, newest first, of one process or of all that are open."""
    if given.process is None:
        processes = [each for each in services.registry().ids if call.user.may_see(each)]
        of = "predictions"
    else:
        processes = [open_process(services, call.user, given.process).id]
        of = f"predictions of {processes[0]}"
    after = None if given.cursor is None else cursors.decode(given.cursor, _After, of).id
    objects, bucket = services.objects(), services.results_bucket

    def keys(process: str) -> list[str]:
        prefix = paths.predictions(process)
        behind = None if after is None else f"{prefix}{after}.json"
        return objects.keys(bucket, prefix, behind, given.limit + 1)

    names = sorted(
        (key.rpartition("/")[2].removesuffix(".json"), process)
        for process, found in zip(processes, pool().map(keys, processes), strict=True)
        for key in found
    )
    page = names[: given.limit]
    contents = objects.read_many([paths.prediction(bucket, of_, name) for name, of_ in page])
    stored = [parsed(content) for content in contents if content is not None]
    reviews = services.reviews()
    heads = pool().map(lambda each: reviews.head(RecordKey(each.id, RECORD)), stored)
    return Predictions(
        items=tuple(shown(each, head) for each, head in zip(stored, heads, strict=True)),
        cursor=cursors.encode(_After(of=of, id=page[-1][0])) if len(names) > len(page) else None,
    )


def shown(stored: StoredPrediction, head: ReviewHead | None, note: str | None = None) -> Prediction:
    """A prediction with what a person decided of it."""
    review = None if head is None else state_of(head, note)
    return Prediction(**dict(stored), review=review, version=0 if head is None else head.version)
