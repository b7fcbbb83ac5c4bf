"""Pictures as the picture encoder takes them, decoded by a confined child."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from winnow.errors import FileUnreadableError, PermanentError
from winnow.limits.budget import RecordRejection
from winnow.limits.reading import ReadLimits
from winnow.models import DecodedSquare, Picture
from winnow.parsers.squares import LENGTH_BYTES
from winnow.readers import sandbox
from winnow.steps.pictures import DecodedPicture
from winnow.storage.paths import SQUARE_BYTES, SQUARE_SIDE

SIDE = SQUARE_SIDE
THUMBNAIL_SIDE = 320
"""Pixels of the longer side of what people see of a picture."""

DECODE_S = 10
"""Seconds that somebody waits for one picture."""

Square = NDArray[np.uint8]
"""Shape [224, 224, 3], RGB."""


def squares_of(pictures: Sequence[bytes], limits: ReadLimits) -> list[Square | RecordRejection]:
    """The squares of a batch of files, in order; a file that cannot be read costs itself alone."""
    return [
        found
        if isinstance(found, RecordRejection)
        else np.frombuffer(found.square, np.uint8).reshape(SIDE, SIDE, 3)
        for found in _batch(pictures, limits, 0)
    ]


def decode_square(picture: bytes, limits: ReadLimits) -> DecodedSquare:
    """What is judged of one file, or why it cannot be read; what people see is not made."""
    seconds = min(limits.max_seconds, DECODE_S)
    [found] = _batch([picture], limits.model_copy(update={"max_seconds": seconds}), 0)
    if isinstance(found, RecordRejection):
        return DecodedSquare(code=found.code, reason=found.reason)
    return DecodedSquare(picture=found.picture, square=found.square)


def decode_pictures(
    pictures: Sequence[bytes], limits: ReadLimits
) -> list[DecodedPicture | RecordRejection]:
    """The same with what people see of them (see `winnow.steps.pictures.DecodePictures`)."""
    return _batch(pictures, limits, THUMBNAIL_SIDE)


def _batch(
    pictures: Sequence[bytes], limits: ReadLimits, thumbnail: int
) -> list[DecodedPicture | RecordRejection]:
    """What a child makes of the files, one after the other.

    Where it crashes, takes more memory or time than a file may, or says what it should not, another
    child begins with the picture that it had come to. The first picture of a child that ends so is
    unread.
    """
    found: list[DecodedPicture | RecordRejection] = []
    while len(found) < len(pictures):
        before = len(found)
        try:
            _decode(pictures[before:], limits, thumbnail, found)
        except PermanentError as error:
            if len(found) == before:
                found.append(RecordRejection(error.code, error.message))
    return found


def _decode(
    pictures: Sequence[bytes],
    limits: ReadLimits,
    thumbnail: int,
    found: list[DecodedPicture | RecordRejection],
) -> None:
    """Append what a child makes of each picture; raises what ends the child before the last."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as scratch:
        for picture in pictures:
            file.write(len(picture).to_bytes(LENGTH_BYTES, "little") + picture)
        file.flush()
        options = {"side": SIDE, "thumbnail": thumbnail}
        items = sandbox.parse("squares", file, limits, scratch, **options)
        at = 0
        for _ in pictures:
            made = _made(next(items, []), scratch, at)
            found.append(made)
            if isinstance(made, DecodedPicture):
                at += len(made.square) + len(made.thumbnail)


def _made(item: list[Any], scratch: IO[bytes], at: int) -> DecodedPicture | RecordRejection:
    """What an item of the child stands for. Raises FileUnreadableError where that is nothing."""
    match item:
        case ["unread", str(code), str(reason)]:
            return RecordRejection(code, reason)
        case ["square", kind, width, height, int(size)] if size >= 0:
            content = os.pread(scratch.fileno(), SQUARE_BYTES + size, at)
            with suppress(ValidationError):
                picture = Picture(format=kind, width=width, height=height)
                if len(content) == SQUARE_BYTES + size:
                    return DecodedPicture(picture, content[:SQUARE_BYTES], content[SQUARE_BYTES:])
    raise FileUnreadableError("Its reader made nothing of it that can be used.")
