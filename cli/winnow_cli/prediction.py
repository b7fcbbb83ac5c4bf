"""Judging on this machine: the steps of a run, done in this process on a text or a file."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.errors import FileTypeError
from winnow.judging import build_judge
from winnow.limits.budget import RecordBudget, RecordRejection
from winnow.models import InvalidRecord, Judgement, Record, ResultRecord
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import CriteriaProcess, LabelsProcess, ProcessDefinition
from winnow.readers import ReadLimits, Source
from winnow.readers.cases import records_for
from winnow.registry.files import version_sha256
from winnow.steps.classify import Squares, judge_records, scored
from winnow.steps.filter import outcome_of
from winnow_cli.console import clean, note
from winnow_encoder import load_encoder

if TYPE_CHECKING:
    from winnow.heads.card import HeadFiles
    from winnow.judging.criteria.explain import CriterionExplanation
    from winnow.judging.criteria.limits import Limit
    from winnow.ports import Judge
    from winnow.readers.ocr import PageReader, Pictures
    from winnow.readers.pages.geometry import Page
    from winnow_ocr.pages import Pages


class Explanation(NamedTuple):
    """Why one record was judged so."""

    criteria: "tuple[CriterionExplanation, ...]"
    """What each criterion heard in it, and did not count."""
    limits: "tuple[Limit, ...]"
    """Why its decision is less sure than it looks."""


class Prediction(NamedTuple):
    """The result of one record, as a run would write it."""

    result: ResultRecord
    judgement: Judgement | None
    """None: the record is invalid."""


def predict(
    registry: ProcessRegistry,
    definition: ProcessDefinition,
    records: Sequence[Record | InvalidRecord],
    model: Path,
) -> list[Prediction]:
    """Judge records as Classify does, and filter them as Filter does."""
    head = registry.heads.get(definition.id)
    squares: Squares | None = None
    if isinstance(definition, LabelsProcess) and definition.of_pictures:
        records, squares = _decoded(records)
        judge = _picture_judge(definition, head, model)
    else:
        judge = build_judge(definition, load_encoder(model), head)
    valid = [record for record in records if record.kind == "record"]
    judged = judge_records(judge, valid, RecordBudget(), time.monotonic, squares=squares)
    return list(_filtered(records, judged, definition))


def _picture_judge(definition: LabelsProcess, head: "HeadFiles | None", model: Path) -> "Judge":
    from winnow.judging.pictures import picture_judge
    from winnow_encoder.pictures import load_picture_encoder

    return picture_judge(definition, load_picture_encoder(model), head)


def _decoded(
    records: Sequence[Record | InvalidRecord],
) -> tuple[list[Record | InvalidRecord], Squares]:
    """The records, those that are no picture as invalid ones, and what is judged of the others.

    Raises FileTypeError for a list of pictures: its keys are those of a stack.
    """
    from winnow_ocr.squares import squares_of

    if any(record.kind == "record" and record.file is None for record in records):
        raise FileTypeError(
            "The file lists pictures of a stack's inbox. Give a picture, or a ZIP of pictures."
        )
    files = [record.file for record in records if record.kind == "record" and record.file]
    found = iter(squares_of(files, ReadLimits()))
    squares: dict[int, NDArray[np.uint8]] = {}
    read: list[Record | InvalidRecord] = []
    for record in records:
        if record.kind == "invalid":
            read.append(record)
        elif isinstance(square := next(found), RecordRejection):
            read.append(InvalidRecord(**record.identity, code=square.code, reason=square.reason))
        else:
            squares[record.record] = square
            read.append(record)
    return read, squares


def version_of(registry: ProcessRegistry, definition: ProcessDefinition) -> str:
    """What the definition with its head would be called on a stack."""
    head = registry.heads.get(definition.id)
    return version_sha256(definition.info.sha256, head.sha256 if head else None)


def _filtered(
    records: Sequence[Record | InvalidRecord],
    judgements: Iterator[Judgement | RecordRejection],
    definition: ProcessDefinition,
) -> Iterator[Prediction]:
    for record in records:
        line = scored(record, next(judgements)) if record.kind == "record" else record
        result = outcome_of(line, definition.threshold, definition.input.min_ocr_confidence)
        yield Prediction(result, line.judgement if line.kind == "scored" else None)


def explained(
    registry: ProcessRegistry,
    definition: CriteriaProcess,
    records: Sequence[Record | InvalidRecord],
    predictions: Sequence[Prediction],
    model: Path,
) -> Iterator[Explanation | None]:
    """Why each record was judged so; None for an invalid one."""
    from winnow.judging.criteria.explain import CriteriaExplainer
    from winnow.judging.criteria.limits import ConfidenceLimits

    head = registry.heads.get(definition.id)
    explain = CriteriaExplainer(definition, load_encoder(model))
    limits = ConfidenceLimits(definition, head.card() if head else None)
    for record, prediction in zip(records, predictions, strict=True):
        judgement = prediction.judgement
        if record.kind != "record" or judgement is None or judgement.decision.kind != "criteria":
            yield None
        else:
            criteria = explain(record.text, judgement.decision.criteria)
            yield Explanation(criteria, limits(judgement))


@contextmanager
def opened(file: Path, definition: ProcessDefinition, ocr: "PageReader") -> Iterator[Source]:
    """A file of this machine, to be read as the process asks."""
    columns = definition.input
    with (
        file.open("rb") as stream,
        Source(
            stream,
            file.name,
            columns.picture_columns if definition.of_pictures else columns.text_columns,
            columns.id_columns,
            ReadLimits(),
            numeric_columns=definition.other_columns,
            modality=columns.modality,
            unit=columns.unit,
            ocr=ocr,
            answers_beside=isinstance(definition, CriteriaProcess),
        ) as source,
    ):
        yield source


def read_records(file: Path, definition: ProcessDefinition) -> list[Record | InvalidRecord]:
    """The records of a file, as Serialize and Scan read it; prints their notes."""
    with opened(file, definition, _ocr) as source:
        records = list(records_for(source, definition.input))
    for line in source.notes:
        note(f"{line.code}: {clean(line.text)}")
    return records


def _ocr(file: IO[bytes], kind: "Pictures", pages: Sequence[int] | None) -> "Iterator[Page]":
    """The PageReader of this command. Its engine is loaded with the first picture."""
    return _pages()(file, kind, pages)


@cache
def _pages() -> "Pages":
    from winnow_ocr.pages import Pages
    from winnow_ocr.rapid import RapidEngine

    return Pages(RapidEngine(), ReadLimits(), time.monotonic)
