"""Train: makes a challenger of what people decided, and tells what came of it.

A schedule has it judge the golden set for releases that nobody has audited yet, and the API before
a release takes traffic: it is the one that reads labelled rows.

Called by the API and by the queue function; neither waits for a training. One that fails is told
by e-mail, and the call succeeds: a second attempt would fail in the same way. Lambda makes one
where the process died, and that one tells it. What is too large for a function becomes a job of AWS
Batch, which runs this code, too.
"""

import os
import time
from functools import cache
from typing import NamedTuple

from pydantic import RootModel

from winnow.errors import (
    ProcessUnknownError,
    TrainingRunningError,
    TrainingTooLargeError,
    WinnowError,
)
from winnow.ports import PictureEncoder
from winnow.registry.models import ModelVersion, ProcessEntry
from winnow.registry.publish import Models, Vectors
from winnow.registry.trainings import CheckInput, CheckReport, TrainInput, TrainReport
from winnow.releases.golden import GoldenInput, GoldenReport, GoldenResult, golden_rows
from winnow.releases.idle import take_back_broken
from winnow.reviews.items import Items
from winnow.reviews.notes import Notes
from winnow.storage.times import iso
from winnow_aws.clients import client
from winnow_aws.handler import call_id, logger, seconds_left
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.registry import RegistryTable
from winnow_aws.releases import LiveTable
from winnow_aws.reviews import ReviewTable
from winnow_aws.s3 import s3_store
from winnow_aws.settings import TrainSettings
from winnow_aws.topic import TopicMailer
from winnow_aws.train_jobs import EVENT, TrainJobs
from winnow_aws.training_lease import LeaseTable
from winnow_aws.trainings import TrainingTable
from winnow_encoder import encoder_of
from winnow_encoder.pictures import load_picture_encoder
from winnow_encoder.references import ReferenceVectors
from winnow_train.golden import judged_unseen
from winnow_train.publishing import LEASE_S, Stack
from winnow_train.retrain import TrainingReport
from winnow_train.size import Need
from winnow_train.trainings import (
    Telling,
    expected_need,
    is_due_again,
    refuse,
    train_and_tell,
    train_if_due,
)


class Trainer(NamedTuple):
    """What all calls share."""

    stack: Stack
    telling: Telling
    workers: int
    jobs: TrainJobs | None
    """None: what is too large is not trained."""


@cache
def build() -> Trainer:
    """What all calls share: the registry, the reviews and the encoder."""
    settings = TrainSettings.from_environment(os.environ)
    dynamodb, store = client("dynamodb"), s3_store()
    table, results = settings.models_table, settings.results_bucket
    encoder = encoder_of(settings)
    vectors = None
    if not settings.model_handle:
        vectors = Vectors(encoder.info, ReferenceVectors(encoder, settings.model_dir).of)
    stack = Stack(
        models=Models(RegistryTable(dynamodb, table), store, settings.models_bucket),
        reviews=ReviewTable(dynamodb, settings.reviews_table),
        items=Items(store, Notes(store, results), results, time.time),
        lease=LeaseTable(dynamodb, table),
        encoder=encoder,
        pictures=pictures,
        vectors=vectors,
        samples=(settings.samples_dir,),
        clock=time.time,
        at=iso,
    )
    mailer = TopicMailer(client("sns"), settings.topic_arn)
    telling = Telling(TrainingTable(dynamodb, table), mailer, settings.page_url)
    jobs = None
    if settings.train_queue:
        # The queue and what its jobs are have the same name.
        jobs = TrainJobs(client("batch"), settings.train_queue, settings.train_queue)
    return Trainer(stack, telling, len(os.sched_getaffinity(0)), jobs)


@cache
def pictures() -> PictureEncoder:
    """The encoder of pictures."""
    settings = TrainSettings.from_environment(os.environ)
    return load_picture_encoder(settings.model_dir, settings.encoder_threads)


class Asked(RootModel[CheckInput | GoldenInput | TrainInput]):
    """What the function is called with."""


def _fields(asked: Asked) -> dict[str, str]:
    given = asked.root
    return {} if isinstance(given, CheckInput) else {"process_id": given.process}


@lambda_handler(Asked, _fields)
def handler(asked: Asked) -> TrainReport | GoldenReport | CheckReport:
    """Train a process, judge the golden set, or look after releases without traffic."""
    given = asked.root
    if isinstance(given, TrainInput):
        return _trained(given)
    return _golden(given) if isinstance(given, GoldenInput) else _checked()


def _checked() -> CheckReport:
    settings = TrainSettings.from_environment(os.environ)
    dynamodb = client("dynamodb")
    looked = take_back_broken(
        RegistryTable(dynamodb, settings.models_table),
        LiveTable(dynamodb, settings.models_table),
        _judged,
        TopicMailer(client("sns"), settings.topic_arn),
        time.time,
        settings.page_url,
    )
    for change in looked.changes:
        logger.info(
            "a release has ended",
            process_id=change.process,
            code=change.code,
            revision=change.revision,
        )
    for process, error in looked.failed:
        code = error.code if isinstance(error, WinnowError) else type(error).__name__
        logger.error("the golden set was not judged", process_id=process, code=code)
    if looked.failed:
        raise looked.failed[0].error
    return CheckReport(taken_back=tuple(change.process for change in looked.changes))


def _golden(asked: GoldenInput) -> GoldenReport:
    """What a version makes of the golden set; an error of ours is a code."""
    registry = build().stack.models.registry
    try:
        entry = registry.entry(asked.process)
        if entry is None:
            raise ProcessUnknownError(f"No version of {asked.process} was published.")
        version = registry.version(asked.process, asked.version)
        result = _judged(entry, version, asked.guarantee)
    except WinnowError as error:
        logger.error("the golden set was not judged", code=error.code)
        return GoldenReport(code=error.code)
    logger.info("judged the golden set", broken=result is not None and result.broken)
    return GoldenReport(result=result)


def _judged(
    entry: ProcessEntry, challenger: ModelVersion, guarantee: float | None
) -> GoldenResult | None:
    """What a challenger makes of the golden set; None: there is none."""
    models, encoder = build().stack.models, build().stack.encoder
    champion = models.registry.version(entry.process, entry.champion)
    rows = golden_rows((challenger, champion), models.store)
    if not rows:
        return None
    settings = TrainSettings.from_environment(os.environ)
    vectors = ReferenceVectors(encoder, settings.model_dir)
    threshold = settings.threshold_override
    return judged_unseen(challenger, rows, guarantee, threshold, models.store, vectors, pictures)


def _trained(asked: TrainInput) -> TrainReport:
    """Train a process, or have a job train it."""
    trainer = build()
    try:
        need = expected_need(asked.process, trainer.stack)
        memory = float(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "inf"))
        if not need.fits(seconds_left(), memory):
            return _move(asked, trainer, need)
        told = _train(asked, trainer, call_id())
    except TrainingRunningError as error:
        logger.warning("not trained", code=error.code)
        return TrainReport(process=asked.process, outcome="failed", code=error.code)
    except WinnowError as error:
        logger.error("the training failed", code=error.code)
        return TrainReport(process=asked.process, outcome="failed", code=error.code)
    if told is None:
        return TrainReport(process=asked.process, outcome="not_due")
    logger.info("trained", outcome=told.outcome.value, published=told.published)
    return TrainReport(
        process=asked.process,
        outcome=told.outcome.value,
        challenger=told.challenger if told.published else None,
    )


def job() -> None:
    """One training, as a job of AWS Batch: of whatever size."""
    asked = TrainInput.model_validate_json(os.environ[EVENT])
    logger.append_keys(process_id=asked.process)
    try:
        again = os.environ.get("AWS_BATCH_JOB_ATTEMPT", "1") != "1"
        told = _train(asked, build(), os.environ["AWS_BATCH_JOB_ID"], may_repeat=again)
    except WinnowError as error:
        logger.error("the training failed", code=error.code)
        return
    logger.info("trained", outcome=told.outcome.value if told else "not_due")


def _move(asked: TrainInput, trainer: Trainer, need: Need) -> TrainReport:
    """Have a job train what is too large; without jobs, tell that nothing was trained."""
    stack, telling, process = trainer.stack, trainer.telling, asked.process
    until = stack.lease.held_until(process)
    if until is not None and until > stack.clock():
        raise TrainingRunningError(f"{process} is being trained already.")
    if asked.every is not None and not is_due_again(process, stack, telling, asked.every):
        return TrainReport(process=process, outcome="not_due")
    if trainer.jobs is not None:
        # The lease is the job's from now on, so that nobody asks for another one meanwhile.
        job_id, now = trainer.jobs.submit(asked, need.megabytes), stack.clock()
        stack.lease.take(process, job_id, now, now + LEASE_S)
        logger.info("moved", job_id=job_id)
        return TrainReport(process=process, outcome="moved")
    error = TrainingTooLargeError(
        f"Training {process} is expected to take {need.seconds / 60:,.0f} minutes of a processor "
        f"and {need.megabytes:,.0f} MB for each core, more than the function has."
    )
    refuse(process, stack, telling, asked.by, run=call_id(), error=error)
    return TrainReport(process=process, outcome="failed", code=error.code)


def _train(
    asked: TrainInput, trainer: Trainer, run: str, *, may_repeat: bool = True
) -> TrainingReport | None:
    stack, telling, workers = trainer.stack, trainer.telling, trainer.workers
    if asked.every is None:
        return train_and_tell(
            asked.process, stack, telling, asked.by,
            run=run, may_repeat=may_repeat, workers=workers, report=_note,
        )  # fmt: skip
    return train_if_due(
        asked.process, stack, telling, asked.by,
        run=run, every=asked.every, may_repeat=may_repeat, workers=workers, report=_note,
    )  # fmt: skip


def _note(line: str) -> None:
    logger.info("training", step=line)
