"""Queue: gives people the doubtful records of a run, and keeps what they decide beside its results.

Called by EventBridge when a run has ended, by the sweep where that did not happen, and by the
stream of the table of reviews. What people decide of audited records is also counted for the
version that accepted them, and may promote a challenger or take it back. When people have made
enough new decisions, a process is trained again: at once, or when the schedule of trainings calls.
"""

import os
import time
from functools import cache, partial
from typing import NamedTuple

from winnow.errors import ObjectGoneError, WinnowError
from winnow.models import Alias, Result, VersionRef
from winnow.registry.triggers import Trigger
from winnow.releases.automatic import Gatekeeper, Seen
from winnow.releases.models import VersionWatch
from winnow.reviews.enqueue import enqueue
from winnow.reviews.queueing import Queued, Shares
from winnow.reviews.reviewed import ReviewedFiles, ReviewSummary
from winnow.steps.notification import reviewed
from winnow_aws.clients import client
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import logger
from winnow_aws.metrics import count_decisions, count_queued, measure_precision
from winnow_aws.registry import RegistryTable
from winnow_aws.releases import LiveTable
from winnow_aws.review_events import (
    Changes,
    Decided,
    NotQueued,
    QueueInput,
    QueueReport,
    RunEnded,
    TrainDue,
)
from winnow_aws.reviews import ReviewTable
from winnow_aws.s3 import S3Store, s3_store
from winnow_aws.scan_function import ScanFunction
from winnow_aws.settings import QueueSettings
from winnow_aws.table import TableRuns
from winnow_aws.topic import TopicMailer
from winnow_aws.train_function import TrainFunction
from winnow_aws.training_lease import LeaseTable
from winnow_aws.trainings import TrainingTable


class Queue(NamedTuple):
    """What all calls share."""

    settings: QueueSettings
    store: S3Store
    runs: TableRuns
    reviews: ReviewTable
    files: ReviewedFiles
    live: LiveTable
    gate: Gatekeeper
    mailer: TopicMailer
    trigger: Trigger | None
    """None: the stack trains nothing."""


@cache
def build() -> Queue:
    """What all calls share."""
    settings = QueueSettings.from_environment(os.environ)
    dynamodb, store = client("dynamodb"), s3_store()
    reviews = ReviewTable(dynamodb, settings.reviews_table)
    mailer = TopicMailer(client("sns"), settings.topic_arn)
    models = settings.models_table
    live, registry = LiveTable(dynamodb, models), RegistryTable(dynamodb, models)
    trigger = None
    if settings.train_function:
        trigger = Trigger(
            registry,
            reviews,
            LeaseTable(dynamodb, models),
            TrainingTable(dynamodb, models),
            TrainFunction(client("lambda"), settings.train_function),
            time.time,
            settings.retrain_decisions,
        )
    return Queue(
        settings,
        store,
        TableRuns(dynamodb, settings.table_name, retention_days=1),
        reviews,
        ReviewedFiles(store, reviews, settings.results_bucket, time.time),
        live,
        Gatekeeper(registry, live, mailer, time.time, settings.page_url),
        mailer,
        trigger,
    )


@lambda_handler(QueueInput, lambda _: {})
def handler(given: QueueInput) -> QueueReport:
    """Queue the records of a run, write what was decided, or start the trainings that are due."""
    match given.root:
        case RunEnded() as ended:
            return _queue(ended.upload_id)
        case NotQueued(queue=upload_id):
            return _queue(upload_id)
        case Changes() as changes:
            return _write(changes.by_upload())
        case TrainDue():
            trigger = build().trigger
            return QueueReport(trainings=len(trigger.scheduled()) if trigger else 0)


def _queue(upload_id: str) -> QueueReport:
    queue = build()
    row = queue.runs.one(upload_id)
    result = row.result_ref(queue.settings.results_bucket) if row else None
    if result is None:  # The run has failed, or a duplicate of it has ended before it.
        return QueueReport()
    logger.append_keys(upload_id=upload_id)
    settings = queue.settings
    shares = Shares(
        settings.blind_share / 100, settings.audit_share / 100, settings.disagreement_share / 100
    )
    try:
        done, pictures = enqueue(
            result,
            queue.store,
            queue.reviews,
            shares,
            time.time,
            _drawer(queue.settings),
            queued=partial(_queued, queue),
        )
    except ObjectGoneError:
        logger.warning("the results were deleted before they were queued")
        return QueueReport()
    _keep_differences(queue, done.result)
    if pictures.code is not None:
        logger.warning("no pictures asked for", code=pictures.code)
    elif pictures.asked:
        logger.info("pictures asked for", pages=pictures.asked)
    return QueueReport(queued=done.queued, audits=done.audits)


def _keep_differences(queue: Queue, result: Result) -> None:
    """Keep what champion and challenger made of the same records, if two versions judged."""
    counts, version = result.shadow, result.version
    if counts is None or version is None:
        return
    challenger = version.sha256 if version.alias is Alias.CHALLENGER else counts.version
    run = f"{result.upload.upload_id}#{result.run.started_at if result.run else ''}"
    queue.live.keep_differences(result.process.id, challenger, run, counts)


def _drawer(settings: QueueSettings) -> ScanFunction | None:
    if not settings.scan_function:
        return None
    return ScanFunction(client("lambda"), settings.scan_function)


def _queued(queue: Queue, done: Queued) -> None:
    queue.files.write(done.upload_id, done.process, _tell(queue), left_out=done.left_out)
    count_queued(queue.settings.stack_name, done.process, done.queued, done.audits)


def _write(uploads: list[Decided]) -> QueueReport:
    queue = build()
    failed: list[Decided] = []
    decisions = 0
    for decided in uploads:
        try:
            # First: a challenger that is proven to be worse decides nothing more from here on.
            version = _count_audits(queue, decided)
            queue.files.write(decided.upload, decided.process, _tell(queue))
        except WinnowError as error:
            logger.error("not written", upload_id=decided.upload, code=error.code)
            failed.append(decided)
            continue
        made = len(decided.decisions)
        decisions += made
        stack, changed = queue.settings.stack_name, decided.changed
        count_decisions(stack, decided.process, made, changed, version)
    return QueueReport.of(decisions, failed, _train(queue, uploads))


def _train(queue: Queue, uploads: list[Decided]) -> int:
    """Train what people decided enough of. A start that fails is made up by the next decision."""
    if queue.trigger is None:
        return 0
    processes = [decided.process for decided in uploads if decided.decisions]
    try:
        return len(queue.trigger.decided(processes))
    except WinnowError as error:
        logger.error("no training started", code=error.code)
        return 0


def _count_audits(queue: Queue, decided: Decided) -> VersionRef | None:
    """Count what was decided of audited records for the version that accepted them.

    Returns the version that judged the records: a run has one.
    """
    found = (queue.reviews.head(key) for key in decided.records)
    heads = [head for head in found if head is not None]
    for seen in queue.gate.decided(heads):
        for change in seen.changes:
            logger.info(
                "a release has ended",
                process_id=change.process,
                action=change.action.value,
                code=change.code,
                revision=change.revision,
            )
        for watch in (seen.champion, seen.challenger):
            if watch is not None:
                _measure(queue.settings.stack_name, seen, watch)
    return heads[0].judged_by if heads else None


def _measure(stack: str, seen: Seen, watch: VersionWatch) -> None:
    precision = watch.precision
    alias = seen.entry.alias_of(watch.version)
    if alias is None or precision.estimate is None:
        return
    measure_precision(
        stack,
        watch.process,
        VersionRef(sha256=watch.version, alias=alias),
        audited=precision.n,
        precision=precision.estimate,
        lower=precision.lower,
        # An alarm is about the version that decides.
        guarantee=watch.guarantee if alias is Alias.CHAMPION else None,
        broken=watch.broken,
    )


def _tell(queue: Queue) -> "partial[None]":
    return partial(_send, queue)


def _send(queue: Queue, summary: ReviewSummary) -> None:
    mail = reviewed(summary, queue.settings.page_url)
    queue.mailer.send(mail, {"outcome": "reviewed"})
