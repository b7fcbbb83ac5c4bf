"""Classify: a chunk of records to a chunk of judgements."""

import os
import time
from functools import cache, lru_cache

from winnow.heads.card import HeadFiles
from winnow.judging.text.remembering import RememberingEncoder
from winnow.limits.budget import RecordBudget
from winnow.models import ChunkTask, Classified
from winnow.ports import Judge
from winnow.processes.schema import parse_definition_json
from winnow.registry.reading import ReferenceFile
from winnow.steps.classify import classify
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import seconds_left, used
from winnow_aws.s3 import S3Store, s3_store
from winnow_aws.settings import ClassifySettings
from winnow_encoder import encoder_of
from winnow_encoder.references import ReferenceVectors

RESERVE_S = 20.0
"""Seconds reserved to finish the last batch and write the output."""


@cache
def build() -> tuple[S3Store, RememberingEncoder, RecordBudget]:
    """What all calls share: the store, the encoder with verified files, and a record's budget."""
    settings = ClassifySettings.from_environment(os.environ)
    encoder = encoder_of(settings)
    return s3_store(), RememberingEncoder(encoder), settings.budget


@lru_cache(maxsize=8)
def judge_for(definition: bytes, head: HeadFiles | None, references: ReferenceFile | None) -> Judge:
    """The judge of a version. Cached: building one encodes, or reads, all its references."""
    settings = ClassifySettings.from_environment(os.environ)
    vectors = ReferenceVectors(build()[1], settings.model_dir)
    # A file of vectors says nothing of a model that is not in the folder.
    read = references.read if references and not settings.model_handle else None
    return vectors.judge(parse_definition_json(definition), head, read)


@lambda_handler(ChunkTask, lambda task: {"upload_id": task.upload_id, "chunk": task.chunk})
def handler(task: ChunkTask) -> Classified:
    """Judge a chunk of records."""
    store, encoder, budget = build()
    # Read after `build()`: on a cold start, loading the encoder has used part of the time.
    seconds = max(0.0, seconds_left() - RESERVE_S)
    return classify(
        task,
        store,
        judge_for,
        encoder.info,
        time.monotonic,
        budget=budget,
        seconds=seconds,
        memory=encoder,
        meter=used,
    )
