"""Records that are pictures: their files are fetched and decoded, a batch at a time.

What is held is a batch of files, and what was decoded of it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from winnow.errors import ObjectGoneError, PermanentError
from winnow.limits.budget import RecordRejection
from winnow.limits.reading import ReadLimits
from winnow.models import InvalidRecord, ObjectRef, Picture, Record, SourceLocation
from winnow.ports import ObjectStore
from winnow.readers.ocr import OcrNeededError
from winnow.readers.pictures import check_size
from winnow.steps.upload import INBOX

_BATCH_FILES = 64
_BATCH_BYTES = 50_000_000
_OWN_DEPTH = 2
"""A folder so deep in the inbox, as `inbox/<process>/<folder>/`, is a sender's own."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class DecodedPicture(NamedTuple):
    """What is made of a picture's file; nothing else of it is kept."""

    picture: Picture
    square: bytes
    """SQUARE_BYTES of pixels: what is judged."""
    thumbnail: bytes
    """A small JPEG: what people see."""


DecodePictures = Callable[[Sequence[bytes], ReadLimits], Sequence[DecodedPicture | RecordRejection]]
"""Decodes files, in order; one that cannot be decoded costs itself alone."""

PictureLine = tuple[Record, DecodedPicture] | tuple[InvalidRecord, None]


class PictureFile(NamedTuple):
    """A record with its file, which is not decoded yet."""

    record: Record
    content: bytes
    object: ObjectRef | None
    """What a list named; None: the upload, or a member of it."""


class ListedPictures:
    """The pictures that a list names: objects of the list's own folder of the inbox, and no other.

    Whoever may drop a list need not be allowed to read what others drop. In the inbox itself and in
    the folder of a process, where everybody's folders are, a list names what lies beside it alone.
    """

    def __init__(self, named_in: ObjectRef, store: ObjectStore, limits: ReadLimits) -> None:
        self._bucket = named_in.bucket
        self._folder = named_in.key.rpartition("/")[0] + "/"
        self._store = store
        self._max_bytes = limits.max_picture_bytes

    def __call__(self, row: Record) -> PictureFile | InvalidRecord:
        """The file that a row names, in the version that there is now."""
        key = row.text.strip()
        if _URL.match(key):
            return _unread(
                row, "picture_url", "It names a URL. Pictures are read from the inbox alone."
            )
        if not key.startswith(INBOX):
            key = self._folder + key
        if not self._in_folder(key):
            return _unread(
                row, "picture_elsewhere", "It names a picture outside the folder of its list."
            )
        try:
            stored = self._store.head(ObjectRef(bucket=self._bucket, key=key))
            check_size(stored.size, self._max_bytes)
            with self._store.open(stored.ref) as stream:
                return PictureFile(row, stream.read(), stored.ref)
        except ObjectGoneError:
            return _unread(row, "picture_missing", "There is no object with the key that it names.")
        except PermanentError as error:
            return _unread(row, error.code, error.message)

    def _in_folder(self, key: str) -> bool:
        inside = key.removeprefix(self._folder)
        shared = self._folder.removeprefix(INBOX).count("/") < _OWN_DEPTH
        return key.startswith(self._folder) and not (shared and "/" in inside)


def with_pictures(
    lines: Iterable[Record | InvalidRecord],
    listed: ListedPictures,
    decode: DecodePictures | None,
    limits: ReadLimits,
) -> Iterator[PictureLine]:
    """The records in order, each with its picture; those without one are invalid.

    Raises OcrNeededError at the first record where there is nothing to decode it with.
    """
    batch: list[PictureFile | InvalidRecord] = []
    held = 0
    for line in lines:
        if decode is None:
            raise OcrNeededError
        file = _file(line, listed)
        batch.append(file)
        held += len(file.content) if isinstance(file, PictureFile) else 0
        if len(batch) >= _BATCH_FILES or held >= _BATCH_BYTES:
            yield from _decoded(batch, decode, limits)
            batch, held = [], 0
    if decode is not None:
        yield from _decoded(batch, decode, limits)


def _file(line: Record | InvalidRecord, listed: ListedPictures) -> PictureFile | InvalidRecord:
    if isinstance(line, InvalidRecord):
        return line
    return listed(line) if line.file is None else PictureFile(line, line.file, None)


def _decoded(
    batch: Sequence[PictureFile | InvalidRecord], decode: DecodePictures, limits: ReadLimits
) -> Iterator[PictureLine]:
    files = [line.content for line in batch if isinstance(line, PictureFile)]
    found = iter(decode(files, limits))
    for line in batch:
        if isinstance(line, InvalidRecord):
            yield line, None
        elif isinstance(decoded := next(found), RecordRejection):
            yield _unread(line.record, *decoded), None
        else:
            yield _pictured(line, decoded.picture), decoded


def _pictured(file: PictureFile, picture: Picture) -> Record:
    record = file.record
    return record.model_copy(
        update={
            "text": "",
            "file": None,
            "picture": picture.model_copy(update={"object": file.object}),
            "places": (SourceLocation(picture=record.record),),
        }
    )


def _unread(record: Record, code: str, reason: str) -> InvalidRecord:
    return InvalidRecord(**record.identity, code=code, reason=reason)
