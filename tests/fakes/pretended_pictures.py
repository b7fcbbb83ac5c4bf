"""Pictures for tests: drawn, and pretended.

A pretended picture is its first bytes and a text; its square says the text, too, so that the judge
of `fakes/processes.py` can read it.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

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


def drawn(wheels: int = 2, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture of this many wheels on a road."""
    image = Image.new("RGB", size, (200, 220, 240))
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rectangle((0, height * 3 // 4, width, height), fill=(110, 110, 110))
    radius = height // 5
    for wheel in range(wheels):
        middle = width * (2 * wheel + 1) // (2 * wheels)
        box = (middle - radius, height // 2, middle + radius, height // 2 + 2 * radius)
        draw.ellipse(box, outline=(20, 20, 20), width=max(1, radius // 6))
    return image


def packed(image: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def archive(members: Mapping[str, bytes]) -> bytes:
    """A ZIP, stored without compression, as pictures are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()
