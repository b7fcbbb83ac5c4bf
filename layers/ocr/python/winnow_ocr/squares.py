"""Pictures as the picture encoder takes them, decoded by a confined child."""

import os
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.errors import PermanentError
from winnow.limits.reading import ReadLimits
from winnow.parsers.squares import LENGTH_BYTES
from winnow.readers import sandbox

SIDE = 224
_BYTES = SIDE * SIDE * 3

Square = NDArray[np.uint8]
"""Shape [224, 224, 3], RGB."""


class UnreadPicture(NamedTuple):
    """Why a picture has no square."""

    code: str
    reason: str


def squares_of(pictures: Sequence[bytes], limits: ReadLimits) -> list[Square | UnreadPicture]:
    """The squares of a batch of files, in order; a file that cannot be read costs itself alone.

    A child decodes one after the other. Where it crashes, or takes more memory or time than a file
    may, the picture that it had come to is unread, and another child goes on behind it.
    """
    found: list[Square | UnreadPicture] = []
    while len(found) < len(pictures):
        try:
            _decode(pictures[len(found) :], limits, found)
        except PermanentError as error:
            found.append(UnreadPicture(error.code, error.message))
    return found


def _decode(
    pictures: Sequence[bytes], limits: ReadLimits, found: list[Square | UnreadPicture]
) -> None:
    """Append what a child makes of each picture; raises what ends the child before the last."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as scratch:
        for picture in pictures:
            file.write(len(picture).to_bytes(LENGTH_BYTES, "little") + picture)
        file.flush()
        at = 0
        for item in sandbox.parse("squares", file, limits, scratch, side=SIDE):
            if item[0] == "unread":
                found.append(UnreadPicture(item[1], item[2]))
                continue
            pixels = os.pread(scratch.fileno(), _BYTES, at)
            found.append(np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE, 3))
            at += _BYTES
