"""The PageReader: pictures come from a confined child, one page at a time, and go to an engine."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import IO

from winnow.errors import TimeLimitError
from winnow.limits.reading import ReadLimits
from winnow.readers.ocr import Pictures
from winnow.readers.pages.geometry import Page
from winnow_ocr.drawing import pictures_of
from winnow_ocr.engine import FoundLine, OcrEngine, Picture
from winnow_ocr.layout import confidence_of, lies_on_its_side, page_of

_DOUBTFUL = 0.75
"""A page read with less confidence than this is tried upside down: upright ones are above it."""


class Pages:
    """Reads pages with an engine, within limits."""

    def __init__(
        self,
        engine: OcrEngine,
        limits: ReadLimits,
        clock: Callable[[], float],
        *,
        packed: Callable[[Picture], bytes] | None = None,
    ) -> None:
        """`clock` returns seconds; `packed` makes the picture that a page keeps, or it has none."""
        self._engine = engine
        self._limits = limits
        self._clock = clock
        self._packed = packed

    def __call__(
        self, file: IO[bytes], kind: Pictures, pages: Sequence[int] | None
    ) -> Iterator[Page]:
        """The pages with these numbers, or all; a page without text has no lines.

        Raises FileUnreadableError, FileTooLargeError, FileBombError, TimeLimitError and what the
        engine raises.
        """
        started = self._clock()
        for number, width, height, picture in pictures_of(file, kind, pages, self._limits):
            if self._clock() - started > self._limits.max_scan_seconds:
                raise TimeLimitError(
                    f"OCR takes more than {self._limits.max_scan_seconds} seconds and had come to "
                    f"page {number} (limit max_scan_seconds)."
                )
            # As it is in the file: a line's box is on the page before it is turned.
            kept = self._packed(picture) if self._packed else None
            picture, lines, turns = self._read(picture)
            if turns % 2:
                width, height = height, width
            yield replace(page_of(number, width, height, picture, lines, turns), picture=kept)

    def _read(self, picture: Picture) -> tuple[Picture, list[FoundLine], int]:
        """The picture turned the way that it is read best, what is on it, and the turns."""
        best = picture, self._engine(picture), 0
        if lies_on_its_side(best[1]):
            # As it lies, the engine has read its lines one by one, but not in their places.
            once = quarter_turn(picture)
            ways = ((once, 1), (half_turn(once), 3))
            best = max(((way, self._engine(way), turns) for way, turns in ways), key=_sureness)
        elif best[1] and confidence_of(best[1]) < _DOUBTFUL:
            other = half_turn(picture)
            best = max(best, (other, self._engine(other), 2), key=_sureness)
        return best


def _sureness(way: tuple[Picture, list[FoundLine], int]) -> float:
    return confidence_of(way[1])


def half_turn(picture: Picture) -> Picture:
    """The picture upside down."""
    pixels = memoryview(picture.pixels)
    turned = bytearray(len(pixels))
    for colour in range(3):
        turned[colour::3] = pixels[colour::3][::-1]
    return Picture(picture.width, picture.height, bytes(turned))


def quarter_turn(picture: Picture) -> Picture:
    """The picture turned clockwise by a right angle."""
    import numpy as np

    rows = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
    return Picture(picture.height, picture.width, np.rot90(rows, -1).tobytes())
