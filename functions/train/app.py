"""Train: makes a challenger of what people decided, and tells what came of it.

Called by the API and by the queue function; neither waits for it. A training that fails is told by
e-mail, and the call succeeds: a second attempt would fail in the same way. Lambda makes one where
the process died, and that one tells it.
"""

import os
import time
from functools import cache
from typing import NamedTuple

from winnow.errors import TrainingRunningError, WinnowError
from winnow.registry.publish import Models, Vectors
from winnow.registry.trainings import TrainInput, TrainReport
from winnow.reviews.items import Items
from winnow.reviews.notes import Notes
from winnow.reviews.times import iso
from winnow_aws.clients import client
from winnow_aws.handler import call_id, logger
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.registry import RegistryTable
from winnow_aws.reviews import ReviewTable
from winnow_aws.s3 import s3_store
from winnow_aws.settings import TrainSettings
from winnow_aws.topic import TopicMailer
from winnow_aws.training_lease import LeaseTable
from winnow_aws.trainings import TrainingTable
from winnow_encoder import load_encoder
from winnow_encoder.references import ReferenceVectors
from winnow_train.publishing import Stack
from winnow_train.retrain import TrainingReport
from winnow_train.trainings import Telling, train_and_tell, train_if_due


class Trainer(NamedTuple):
    """What all calls share."""

    stack: Stack
    telling: Telling
    workers: int


@cache
def build() -> Trainer:
    """What all calls share: the registry, the reviews and the encoder."""
    settings = TrainSettings.from_environment(os.environ)
    dynamodb, store = client("dynamodb"), s3_store()
    table, results = settings.models_table, settings.results_bucket
    encoder = load_encoder(
        settings.model_dir,
        engine=settings.model_engine,
        threads=settings.encoder_threads,
        handle=settings.model_handle,
    )
    vectors = None
    if not settings.model_handle:
        vectors = Vectors(encoder.info, ReferenceVectors(encoder, settings.model_dir).of)
    stack = Stack(
        models=Models(RegistryTable(dynamodb, table), store, settings.models_bucket),
        reviews=ReviewTable(dynamodb, settings.reviews_table),
        items=Items(store, Notes(store, results), results, time.time),
        lease=LeaseTable(dynamodb, table),
        encoder=encoder,
        vectors=vectors,
        samples=(settings.samples_dir,),
        clock=time.time,
        at=iso,
    )
    mailer = TopicMailer(client("sns"), settings.topic_arn)
    telling = Telling(TrainingTable(dynamodb, table), mailer, settings.page_url)
    return Trainer(stack, telling, len(os.sched_getaffinity(0)))


@lambda_handler(TrainInput, lambda asked: {"process_id": asked.process})
def handler(asked: TrainInput) -> TrainReport:
    """Train a process."""
    try:
        told = _train(asked, build())
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


def _train(asked: TrainInput, trainer: Trainer) -> TrainingReport | None:
    stack, telling, workers = trainer
    if asked.every is None:
        return train_and_tell(
            asked.process, stack, telling, asked.by, run=call_id(), workers=workers, report=_note
        )
    return train_if_due(
        asked.process, stack, telling, asked.by,
        run=call_id(), every=asked.every, workers=workers, report=_note,
    )  # fmt: skip


def _note(line: str) -> None:
    logger.info("training", step=line)
