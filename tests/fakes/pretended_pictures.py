"""Pictures for tests that decode none.

A pretended picture is its first bytes and a text; its square says the text, too, so that the judge
of `fakes/processes.py` can read it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.fakes.processes import SayingJudge
from winnow.limits.budget import Check, RecordRejection, no_deadline
from winnow.limits.reading import ReadLimits
from winnow.models import Judgement, Picture
from winnow.processes.schema import ProcessDefinition
from winnow.steps.pictures import DecodedPicture
from winnow.storage.paths import SQUARE_BYTES

_PNG = b"\x89PNG\r\n\x1a\n"


def pretended(text: str) -> bytes:
    """A file that is a PNG by its first bytes."""
    return _PNG + text.encode()


def decode_pretended(
    files: Sequence[bytes], limits: ReadLimits
) -> list[DecodedPicture | RecordRejection]:
    """A `winnow.steps.pictures.DecodePictures`; a file that says `broken` is."""
    return [_decoded(file.removeprefix(_PNG)) for file in files]


def _decoded(text: bytes) -> DecodedPicture | RecordRejection:
    if text == b"broken":
        return RecordRejection("file_unreadable", "The picture is damaged or cut off.")
    picture = Picture(format="png", width=3, height=2)
    return DecodedPicture(picture, text.ljust(SQUARE_BYTES, b"\0"), b"jpeg of " + text)


class SeeingJudge:
    """Reads the squares of pretended pictures as SayingJudge does texts."""

    def __init__(self, definition: ProcessDefinition) -> None:
        self._judge = SayingJudge(definition)
        self.process = definition.info
        self.seen: list[int] = []

    def __call__(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        fields: object = None,
        *,
        check: Check = no_deadline,
    ) -> list[Judgement]:
        check()
        self.seen.append(len(pictures))
        return self._judge([square.tobytes().rstrip(b"\0").decode() for square in pictures])
