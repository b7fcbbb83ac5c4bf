"""Sweep: finds uploads without a finished run, and starts them again.

It also has queued what a run set aside, where the event of the run's end did not come.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache

from winnow.errors import InternalError, WinnowError
from winnow.recovery.report import SweepInput, SweepOptions, SweepReport
from winnow.recovery.sweep import Sweep
from winnow.recovery.unqueued import QueueCheck
from winnow.storage.paths import sweep_state
from winnow_aws.clients import client
from winnow_aws.deployed_code import DeployedCodeTable
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import logger, seconds_left
from winnow_aws.inbox import S3Inbox
from winnow_aws.metrics import count_sweep, measure_ages, measure_code_age
from winnow_aws.registry import RegistryTable
from winnow_aws.review_queue import TableReviewQueue
from winnow_aws.s3 import S3Store, s3_store
from winnow_aws.settings import SweepSettings
from winnow_aws.table import TableRuns
from winnow_aws.topic import TopicMailer
from winnow_aws.waiting_queue import SqsWaitingQueue
from winnow_aws.workflow import QueueingWorkflow, StatesWorkflow


@cache
def build() -> tuple[S3Store, Sweep, SweepSettings, QueueingWorkflow | None]:
    """What all calls share."""
    settings = SweepSettings.from_environment(os.environ)
    workflow = StatesWorkflow(client("stepfunctions"), settings.workflow_arn)
    waiting = None
    if settings.max_runs:
        # The sweep queues runs, and dispatch starts them: so MaxRuns holds for them, too.
        queue = SqsWaitingQueue(client("sqs"), settings.waiting_queue_url)
        waiting = QueueingWorkflow(workflow, queue, only_when_empty=True)
    runs = TableRuns(client("dynamodb"), settings.table_name, settings.retention_days)
    check_queue = None
    if settings.reviews_table:
        reviews = TableReviewQueue(
            client("dynamodb"), settings.reviews_table, client("lambda"), settings.queue_function
        )
        check_queue = QueueCheck(runs, reviews, settings.results_bucket)
    sweep = Sweep(
        S3Inbox(client("s3"), settings.uploads_bucket),
        runs,
        waiting or workflow,
        TopicMailer(client("sns"), settings.topic_arn),
        SweepOptions(missed_s=settings.missed_seconds, retention_days=settings.retention_days),
        check_queue,
        waiting and waiting.regardless,
    )
    return s3_store(), sweep, settings, waiting


@lambda_handler(SweepInput, lambda _: {})
def handler(_event: SweepInput) -> SweepReport:
    """Start lost uploads again, and give up those that fail every time."""
    store, sweep, settings, waiting = build()
    if waiting is not None:
        waiting.begin_call()
    report = sweep(store, sweep_state(settings.results_bucket), time.time(), seconds_left)
    for failure in report.failures:
        logger.warning("not swept", upload_id=failure.upload_id, code=failure.code)
    count_sweep(settings.stack_name, report)
    _measure_ages(settings, time.time())
    return report


def _measure_ages(settings: SweepSettings, now: float) -> None:
    """How old the versions are that decide, and the code.

    What cannot be read is left out and logged: the sweep itself is done.
    """
    registry = RegistryTable(client("dynamodb"), settings.models_table)
    ages: dict[str, float] = {}
    with _logged("registry"):
        for entry in registry.entries():
            with _logged(entry.process):
                created = registry.version(entry.process, entry.champion).created
                ages[entry.process] = _since(created, now)
        measure_ages(settings.stack_name, ages)
    with _logged("code"):
        code = DeployedCodeTable(client("dynamodb"), settings.models_table).get()
        if code is not None:
            measure_code_age(settings.stack_name, _since(code.at, now))


@contextmanager
def _logged(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        code = error.code if isinstance(error, WinnowError) else InternalError.code
        logger.warning("not measured", what=what, code=code, error_type=type(error).__name__)


def _since(at: str, now: float) -> float:
    return max(0.0, now - datetime.fromisoformat(at).timestamp())
