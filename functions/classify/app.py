"""Classify: a chunk of records to a chunk of judgements."""

import gc

gc.disable()  # What is imported stays: a cold start need not look through it (enabled below).

import os
import time
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from winnow.heads.card import HeadFiles
from winnow.judging.text.remembering import RememberingEncoder
from winnow.limits.garbage import loading
from winnow.models import (
    Classified,
    ClassifyInput,
    EncodedSquare,
    EncodeSquare,
    JudgedSquare,
    JudgeSquare,
)
from winnow.ports import Judge
from winnow.processes.schema import LabelsProcess, parse_definition_json
from winnow.registry.reading import ReferenceFile
from winnow.steps.classify import classify, judge_square
from winnow_aws.handler import handler as lambda_handler
from winnow_aws.handler import seconds_left, used
from winnow_aws.s3 import S3Store, s3_store
from winnow_aws.settings import ClassifySettings
from winnow_encoder import encoder_of
from winnow_encoder.references import ReferenceVectors

gc.freeze()
gc.enable()

if TYPE_CHECKING:
    from winnow.ports import PictureEncoder

RESERVE_S = 20.0
"""Seconds reserved to finish the last batch and write the output."""


@cache
def build() -> tuple[S3Store, ClassifySettings]:
    """What all calls share: the store and the settings."""
    return s3_store(), ClassifySettings.from_environment(os.environ)


@cache
def texts() -> RememberingEncoder:
    """The encoder of texts, with verified files."""
    with loading():
        return RememberingEncoder(encoder_of(build()[1]))


@cache
def pictures() -> "PictureEncoder":
    """The encoder of pictures, with verified files."""
    from winnow_encoder.pictures import load_picture_encoder

    settings = build()[1]
    return load_picture_encoder(settings.model_dir, settings.encoder_threads)


@lru_cache(maxsize=8)
def judge_for(definition: bytes, head: HeadFiles | None, references: ReferenceFile | None) -> Judge:
    """The judge of a version. Cached: building one encodes, or reads, all its references."""
    with loading():
        return _judge(definition, head, references)


def _judge(definition: bytes, head: HeadFiles | None, references: ReferenceFile | None) -> Judge:
    process = parse_definition_json(definition)
    if isinstance(process, LabelsProcess) and process.of_pictures:
        from winnow.judging.pictures import picture_judge

        return picture_judge(process, pictures(), head)
    settings = build()[1]
    vectors = ReferenceVectors(texts(), settings.model_dir)
    # A file of vectors says nothing of a model that is not in the folder.
    read = references.read if references and not settings.model_handle else None
    return vectors.judge(process, head, read)


@lambda_handler(ClassifyInput, lambda event: event.ids)
def handler(event: ClassifyInput) -> Classified | JudgedSquare | EncodedSquare:
    """Judge a chunk of records, or judge or encode a picture that is in none."""
    store, settings = build()
    task = event.root
    if isinstance(task, EncodeSquare):
        from winnow.steps.encode import encode_square

        return encode_square(task, pictures())
    if isinstance(task, JudgeSquare):
        model = pictures().info
        return judge_square(task, store, judge_for, model, time.monotonic, settings.budget)
    memory = None if task.of_pictures else texts()
    model = pictures().info if memory is None else memory.info
    # Read after the encoder is loaded: on a cold start, that has used part of the time.
    seconds = max(0.0, seconds_left() - RESERVE_S)
    return classify(
        task,
        store,
        judge_for,
        model,
        time.monotonic,
        budget=settings.budget,
        seconds=seconds,
        memory=memory,
        meter=used,
    )
