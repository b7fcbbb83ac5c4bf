"""Serialize: one object version to records, in chunks that Classify can take one at a time.

The file is read once, as a stream; what is held is one chunk and the manifest's lines. Where cases
are joined, the records wait on disk until the file has ended.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import BinaryIO, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from winnow.errors import (
    FileEmptyError,
    FileTooLargeError,
    NoRecordsError,
    ProcessUnknownError,
)
from winnow.limits.budget import estimated_segments
from winnow.models import (
    ChunkTask,
    HeadRef,
    InvalidRecord,
    ObjectRef,
    Record,
    RunRef,
    ScanNeeded,
    Serialized,
    ShadowTask,
    Upload,
)
from winnow.ports import Meter, ObjectStore, StoredObject
from winnow.processes.schema import CriteriaProcess, ProcessDefinition
from winnow.readers import PageReader, ReadLimits, Source
from winnow.readers.cases import records_for
from winnow.readers.ocr import OcrNeededError, defer_ocr
from winnow.readers.source import KeepPicture
from winnow.registry.models import PinnedVersion
from winnow.registry.ports import Models
from winnow.steps.pictures import DecodePictures, ListedPictures, PictureLine, with_pictures
from winnow.steps.upload import (
    SenderThreshold,
    effective_threshold,
    requested_case_id,
    requested_date,
    requested_process,
)
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import ARRAYS, JPEG, JSON, JSON_LINES, RunPaths
from winnow.storage.times import iso
from winnow.tables.dates import with_dates

_KEEPING_THREADS = 8
"""Thumbnails that are written side by side: each is an object, and a request."""


class SerializeOptions(BaseModel):
    """The settings of Serialize."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    results_bucket: str
    results_prefix: str = Field("", description="of every key: see RunPaths")
    default_process: str = ""
    threshold: float | None = Field(None, ge=0, le=1, description="None: the process's own")
    sender_threshold: SenderThreshold = Field(
        "higher", description="how a sender's threshold is used"
    )
    chunk_records: int = Field(1_000, gt=0)
    chunk_bytes: int = Field(4_000_000, gt=0, description="bytes at which a chunk ends")
    chunk_pictures: int = Field(128, gt=0, description="records of a chunk of pictures")
    chunk_segments: int = Field(
        100_000,
        gt=0,
        description="estimated sentences of a chunk, which determine the cost of judging it",
    )
    limits: ReadLimits = ReadLimits()


def serialize(
    upload: Upload,
    store: ObjectStore,
    models: Models,
    options: SerializeOptions,
    clock: Callable[[], float],
    *,
    ocr: PageReader | None = None,
    decode: DecodePictures | None = None,
    run: RunRef | None = None,
    meter: Meter | None = None,
) -> Serialized:
    """Read an upload and write its chunks, its manifest and the definition it is judged by.

    `clock` returns seconds; `ocr` reads pages that are pictures, or is None without OCR;
    `decode` decodes pictures that are records; `meter` says what the call used.
    What is written is kept by `run`. Raises what can be wrong with a file as a whole: see
    `winnow.errors`.
    """
    pinned, stored = _pinned(upload, store)
    return _serialize(pinned, stored, store, models, options, clock, ocr, decode, run, meter)


def serialize_text(
    upload: Upload,
    store: ObjectStore,
    models: Models,
    options: SerializeOptions,
    clock: Callable[[], float],
    *,
    run: RunRef | None = None,
    meter: Meter | None = None,
) -> Serialized | ScanNeeded:
    """Serialize an upload of text, or say that it is pictures or has pages that are.

    What was written until the first of them is written again by Scan, which reads the version
    that is named here. Raises as `serialize`.
    """
    pinned, stored = _pinned(upload, store)
    try:
        return _serialize(
            pinned, stored, store, models, options, clock, defer_ocr, None, run, meter
        )
    except OcrNeededError:
        return ScanNeeded(upload=pinned)


def _pinned(upload: Upload, store: ObjectStore) -> tuple[Upload, StoredObject]:
    """The upload as the version that is there now, and what is known of that."""
    stored = store.head(upload.object)
    return upload.model_copy(update={"object": stored.ref, "size": stored.size}), stored


def _serialize(
    upload: Upload,
    stored: StoredObject,
    store: ObjectStore,
    models: Models,
    options: SerializeOptions,
    clock: Callable[[], float],
    ocr: PageReader | None,
    decode: DecodePictures | None,
    run: RunRef | None,
    meter: Meter | None,
) -> Serialized:
    started = clock()
    _check_size(stored.size, options.limits)
    version = _version_of(upload.upload_id, stored, models, options)
    definition = version.definition
    threshold = effective_threshold(
        stored.metadata, options.threshold, definition.threshold, options.sender_threshold
    )
    paths = RunPaths(options.results_bucket, upload.upload_id, run, options.results_prefix)
    definition_ref, head = _stored(version, paths, store)
    task = partial(
        ChunkTask,
        upload_id=upload.upload_id,
        run=run,
        process=definition.info,
        version=version.ref,
        threshold=threshold.value,
        threshold_from=threshold.set_by,
        definition=definition_ref,
        head=head,
        references=version.references,
        shadow=_shadow_of(version),
    )

    def keep_picture(number: int, jpeg: bytes) -> None:
        store.put(paths.picture(definition.id, number), jpeg, JPEG)

    with (
        store.open(stored.ref) as stream,
        _source(stream, stored, definition, options, ocr, keep_picture) as source,
    ):
        lines = records_for(source, definition.input)
        if definition.counts_dates:
            dated = requested_date(stored.metadata)
            day = stored.stored.date() if stored.stored else None
            lines = with_dates(lines, definition.input.date_columns, dated, day)
        if definition.of_pictures:
            listed = ListedPictures(stored.ref, store, options.limits)
            pictures = with_pictures(lines, listed, decode, options.limits)
            made = _picture_chunks(pictures, options, keep_picture)
        else:
            made = _chunked(lines, options)
        chunks, records = _write_chunks(made, store, paths, task)
    return Serialized(
        upload=upload,
        dropped_at=iso(stored.stored.timestamp()) if stored.stored else None,
        run=run,
        process=definition.info,
        version=version.ref,
        threshold=threshold.value,
        threshold_from=threshold.set_by,
        definition=definition_ref,
        head=head,
        manifest=paths.manifest,
        chunks=chunks,
        records=records,
        notes=source.notes,
        seconds=round(clock() - started, 3),
        read_by="serialize" if ocr in (None, defer_ocr) else "scan",
        units=meter() if meter else None,
    )


def _check_size(size: int, limits: ReadLimits) -> None:
    if not size:
        raise FileEmptyError("The file has 0 bytes.")
    if size > limits.max_file_bytes:
        raise FileTooLargeError(
            f"The file has {size:,} bytes, more than {limits.max_file_bytes:,} "
            "(limit max_file_bytes)."
        )


def _version_of(
    upload_id: str, stored: StoredObject, models: Models, options: SerializeOptions
) -> PinnedVersion:
    """The version of the process that the upload names, or of the stack's default."""
    name = requested_process(stored.ref.key, stored.metadata, options.default_process)
    if name is None:
        raise ProcessUnknownError(
            f"The upload names no process. Known: {', '.join(sorted(models.ids))}."
        )
    return models.resolve(name, upload_id)


def _source(
    stream: BinaryIO,
    stored: StoredObject,
    definition: ProcessDefinition,
    options: SerializeOptions,
    ocr: PageReader | None,
    keep_picture: KeepPicture,
) -> Source:
    """The file, to be read with the columns of the process."""
    columns = definition.input
    return Source(
        stream,
        stored.ref.key,
        columns.picture_columns if definition.of_pictures else columns.text_columns,
        columns.id_columns,
        options.limits,
        numeric_columns=definition.other_columns,
        modality=columns.modality,
        unit=columns.unit,
        case_id=requested_case_id(stored.metadata),
        ocr=ocr,
        keep_picture=keep_picture,
        answers_beside=isinstance(definition, CriteriaProcess),
    )


class _Chunk(NamedTuple):
    records: int
    lines: bytes
    squares: bytes | None = None
    """What is judged of pictures; None: its records are texts."""


def _write_chunks(
    made: Iterator[_Chunk],
    store: ObjectStore,
    paths: RunPaths,
    task: Callable[..., ChunkTask],
) -> tuple[int, int]:
    """Write the chunks, then the manifest; returns how many chunks and records there are.

    `task` makes the manifest's line of a chunk from what is the chunk's own.
    """
    chunks = records = 0
    manifest = bytearray()
    for chunk in made:
        source, squares = paths.chunk(chunks), None
        store.put(source, chunk.lines, JSON_LINES)
        if chunk.squares is not None:
            squares = paths.squares(chunks)
            store.put(squares, chunk.squares, ARRAYS)
        manifest += dump_line(
            task(
                chunk=chunks,
                records=chunk.records,
                source=source,
                squares=squares,
                scored=paths.scored(chunks),
            )
        )
        chunks += 1
        records += chunk.records
    if not records:
        raise NoRecordsError("The file contains no records.")
    store.put(paths.manifest, bytes(manifest), JSON_LINES)
    return chunks, records


def _stored(
    version: PinnedVersion, paths: RunPaths, store: ObjectStore
) -> tuple[ObjectRef, HeadRef | None]:
    """Where the run reads its definition and its head.

    Those of the registry never change. Those of a folder may: the run keeps a copy.
    """
    if version.stored is not None:
        return version.stored, version.head
    store.put(paths.definition, version.definition.model_dump_json().encode(), JSON)
    if version.files is None:
        return paths.definition, None
    card, arrays = version.files.read()
    store.put(paths.head_card, card, JSON)
    store.put(paths.head_arrays, arrays, ARRAYS)
    head = HeadRef(card=paths.head_card, arrays=paths.head_arrays, sha256=version.files.sha256)
    return paths.definition, head


def _shadow_of(version: PinnedVersion) -> ShadowTask | None:
    """What Classify needs of the version that judges beside the run's."""
    shadow = version.shadow
    if shadow is None or shadow.stored is None:
        return None
    return ShadowTask(
        version=shadow.ref,
        definition=shadow.stored,
        head=shadow.head,
        references=shadow.references,
    )


def _chunked(
    lines: Iterator[Record | InvalidRecord], options: SerializeOptions
) -> Iterator[_Chunk]:
    """The chunks of texts.

    One that a record would take over the segments ends before it, so that a record of any size
    shares its chunk with what is left of its time.
    """
    count, segments, content = 0, 0, bytearray()
    for line in lines:
        cost = estimated_segments(line.text) if isinstance(line, Record) else 0
        if count and segments + cost > options.chunk_segments:
            yield _Chunk(count, bytes(content))
            count, segments, content = 0, 0, bytearray()
        content += dump_line(line)
        count += 1
        segments += cost
        if count >= options.chunk_records or len(content) >= options.chunk_bytes:
            yield _Chunk(count, bytes(content))
            count, segments, content = 0, 0, bytearray()
    if count:
        yield _Chunk(count, bytes(content))


def _picture_chunks(
    lines: Iterator[PictureLine], options: SerializeOptions, keep_picture: KeepPicture
) -> Iterator[_Chunk]:
    """The chunks of pictures; what people see of them is kept on the way."""
    with ThreadPoolExecutor(_KEEPING_THREADS) as pool:
        while group := list(islice(lines, options.chunk_pictures)):
            pictures = [(line.record, found) for line, found in group if found is not None]
            kept = pool.map(lambda of: keep_picture(of[0], of[1].thumbnail), pictures)
            for _ in kept:
                pass
            yield _Chunk(
                len(group),
                b"".join(dump_line(line) for line, _ in group),
                b"".join(found.square for _, found in pictures),
            )
