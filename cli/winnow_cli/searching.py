"""Searches and charts of a stack: who answers them, and what options of commands ask for.

The stack's search function answers from the index. Where there is none, or where it is wanted so,
the records are read from the results of each upload, and searched in memory.
"""

from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer
from botocore.config import Config

from winnow.errors import (
    ObjectGoneError,
    RetryableError,
    SearchInvalidError,
    StoredDataInvalidError,
)
from winnow.limits.budget import RecordRejection
from winnow.limits.reading import ReadLimits
from winnow.models import ObjectRef
from winnow.readers.pictures import check_size
from winnow.search.engine import NO_FEATURES, NO_WORDS, Searcher
from winnow.search.memory import MemorySearcher
from winnow.search.rows import IndexRow, UploadRows
from winnow.search.shapes import RecordRef, SearchFilter
from winnow.steps.prediction import refusal_of
from winnow_aws.s3 import S3Store
from winnow_aws.search_function import ANSWERS_WITHIN_S, SearchFunction
from winnow_cli.indexing import has_index
from winnow_cli.options import DEFAULT_MODEL
from winnow_cli.target import Target, aws_errors
from winnow_cli.uploads import Uploads
from winnow_search.projection import projected, with_projected

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANY = 100_000
"""Records from which on reading all of them is said to take long."""
TRIES = 4
"""How often an upload is read whose results change meanwhile."""


@dataclass(frozen=True)
class StackRecords:
    """The records of a stack, and who finds them."""

    searcher: Searcher
    read: int | None = None
    """Records that were read for it; None: the index answers."""


def records_of(
    target: Target,
    filters: SearchFilter,
    model: Path = DEFAULT_MODEL,
    *,
    from_results: bool = False,
) -> StackRecords:
    """The records of all uploads that the filters may select.

    Args:
        target: The stack.
        filters: What is wanted.
        model: Folder of the built model, for texts that records are to be like.
        from_results: Whether the results are read although the stack has an index.
    """
    if has_index(target) and not from_results:
        return StackRecords(_search_function(target, model))
    return _read(target, filters, model)


def _search_function(target: Target, model: Path) -> SearchFunction:
    once = target.config.merge(
        Config(read_timeout=ANSWERS_WITHIN_S, retries={"total_max_attempts": 1})
    )
    functions = target.session.client("lambda", endpoint_url=target.endpoint, config=once)
    return SearchFunction(
        functions,
        target.output("SearchFunction"),
        lambda text: _vectorise(text, model).tobytes(),
    )


def _read(target: Target, filters: SearchFilter, model: Path) -> StackRecords:
    uploads = Uploads(target)
    store = S3Store(target.s3())
    rows: list[IndexRow] = []
    damaged = 0
    with aws_errors(target):
        for upload in uploads.every():
            ref = upload.result_ref(target.results_bucket)
            if ref is None or not _may_be_in(upload.process, filters.processes):
                continue
            if not _may_be_in(upload.upload_id, filters.uploads):
                continue
            try:
                # Expired, or erased since the list was made.
                with suppress(ObjectGoneError):
                    rows += _rows_of(store, ref)
            except StoredDataInvalidError:
                damaged += 1
    searcher = MemorySearcher(
        rows,
        _now,
        lambda text: projected(_vectorise(text, model)[None])[0],
        as_rows=lambda vector: projected(np.frombuffer(vector, np.int8)[None])[0].tobytes(),
        damaged=damaged,
    )
    return StackRecords(searcher, len(rows))


def _rows_of(store: S3Store, ref: ObjectRef) -> list[IndexRow]:
    """The rows of an upload; read again if its results change meanwhile."""
    for _ in range(TRIES - 1):
        with suppress(RetryableError):
            return list(with_projected(UploadRows(store, ref)))
    return list(with_projected(UploadRows(store, ref)))


def _may_be_in(value: str | None, wanted: Sequence[str]) -> bool:
    return not wanted or value is None or value in wanted


def _vectorise(text: str, model: Path) -> "NDArray[np.int8]":
    from winnow.judging.text.vectors import text_vector
    from winnow_encoder import load_encoder

    vector = text_vector(text, load_encoder(model))
    if not vector.any():
        raise SearchInvalidError(NO_WORDS)
    return vector


def of_picture(file: Path, model: Path) -> dict[str, object]:
    """The fields of a VectorSearch for what is like a picture of this machine.

    Raises a FileError when it cannot be read.
    """
    from winnow.judging.pictures.vectors import picture_vectors
    from winnow_encoder.pictures import load_picture_encoder
    from winnow_ocr.squares import squares_of

    limits = ReadLimits()
    check_size(file.stat().st_size, limits.max_picture_bytes)
    [square] = squares_of([file.read_bytes()], limits)
    if isinstance(square, RecordRejection):
        raise refusal_of(square.code, square.reason)
    [vector] = picture_vectors(load_picture_encoder(model)([square]))
    if vector is None:
        raise SearchInvalidError(NO_FEATURES)
    return {"like_vector": b64encode(vector), "of_picture": True}


def record_ref(target: Target, given: str) -> RecordRef:
    """The record that `UPLOAD/N` names; of the upload's id the first characters are enough."""
    upload, _, number = given.rpartition("/")
    if not upload or not number.isdecimal() or int(number) < 1:
        raise typer.BadParameter(
            f"{given!r} names no record: give an upload and a number, such as 3f2a41/7",
            param_hint="--like-record",
        )
    row = Uploads(target).find(upload)
    if row.process is None:
        raise typer.BadParameter(
            f"The upload {upload} has no results yet", param_hint="--like-record"
        )
    return RecordRef(process=row.process, upload=row.upload_id, record=int(number))


def _now() -> float:
    return datetime.now(UTC).timestamp()


def upload_ids(target: Target, given: Sequence[str]) -> tuple[str, ...]:
    """The ids of uploads that may be named by their first characters."""
    if not given:
        return ()
    uploads = Uploads(target)
    return tuple(uploads.find(one).upload_id for one in given)


def confidence_range(given: str | None) -> tuple[float | None, float | None]:
    """From and to, of `0.5-0.8`, `0.5-` or `-0.8`.

    >>> confidence_range("0.5-")
    (0.5, None)
    """
    if given is None:
        return None, None
    low, dash, high = given.partition("-")
    try:
        ends = tuple(_share(end) if end.strip() else None for end in (low, high))
    except ValueError:
        ends = ()
    if not dash or ends in ((), (None, None)):
        raise typer.BadParameter(
            f"{given!r} is not a range from 0 to 1, such as 0.5-0.8, 0.5- or -0.8",
            param_hint="--confidence",
        )
    return ends[0], ends[1]


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


def time_of(given: str | None, option: str) -> str | None:
    """A day, a time, or a duration before now, as searches take it."""
    from winnow_cli.commands.redrive import moment

    if given is None:
        return None
    at = moment(given, datetime.now(UTC), option).astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
