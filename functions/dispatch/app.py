"""Dispatch: starts the runs of waiting uploads, up to MaxRuns at once."""

import os
import time
import uuid
from functools import cache

from winnow.steps.dispatch import Dispatch, DispatchInput, DispatchReport
from winnow.storage.paths import dispatch_state
from winnow_aws.clients import client
from winnow_aws.dispatch_state import S3DispatchStateStore
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import logger
from winnow_aws.settings import DispatchSettings
from winnow_aws.waiting_queue import SqsWaitingQueue
from winnow_aws.workflow import StatesWorkflow

CALL_S = 45.0
"""Seconds of one call: the schedule starts the next after a minute."""


@cache
def build() -> Dispatch:
    """What all calls share."""
    settings = DispatchSettings.from_environment(os.environ)
    return Dispatch(
        SqsWaitingQueue(client("sqs"), settings.waiting_queue_url),
        StatesWorkflow(client("stepfunctions"), settings.workflow_arn),
        S3DispatchStateStore(client("s3"), dispatch_state(settings.results_bucket)),
        settings.max_runs,
        now=time.time,
        sleep=time.sleep,
    )


@lambda_handler(DispatchInput, lambda _: {})
def handler(_event: DispatchInput) -> DispatchReport:
    """Start runs of waiting uploads until MaxRuns is reached."""
    report = build()(uuid.uuid4().hex, CALL_S)
    for code in report.codes:
        logger.warning("not started", code=code, failed=report.failed)
    return report
