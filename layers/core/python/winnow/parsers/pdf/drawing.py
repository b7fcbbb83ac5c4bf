"""What is drawn on a PDF page and what its pictures cover, asked for one box at a time."""

import re
from collections.abc import Sequence

from winnow.parsers.pdf.frame import Box

_MIN_COVERED_SHARE = 0.02
"""Pictures that cover less of a page are none of a text."""
_LETTER = re.compile(r"\w")
_MIDDLE = 0.25
_MIN_SIDE = 4
"""Pixels: the side of a box that a letter may fill."""
_GRID_CELLS = 128
"""Cells along the longer side of the grid of what pictures cover."""


class Drawing:
    """A page in grey, a byte a pixel."""

    def __init__(self, pixels: bytes, stride: int, columns: int, rows: int, scale: float) -> None:
        self._pixels = pixels
        self._stride = stride
        self._columns = columns
        self._rows = rows
        self._scale = scale

    def has_ink(self, left: float, top: float, right: float, bottom: float, word: str) -> bool:
        """Whether a word in a box, in points from the top left, is not all of one shade.

        Of its height the middle is looked at, where the lines above and below do not reach; all of
        it for what has no letters.
        """
        scale, pixels, stride = self._scale, self._pixels, self._stride
        x0, x1 = int(left * scale), int(right * scale) + 1
        # Where small letters have their bodies, a line through the word meets ink at once.
        row = int((top + 2 * bottom) / 3 * scale)
        if 0 <= x0 < x1 <= self._columns and 0 <= row < self._rows:
            start = row * stride + x0
            if pixels.count(pixels[start], start, start + x1 - x0) != x1 - x0:
                return True
        if _LETTER.search(word):
            top, bottom = top + _MIDDLE * (bottom - top), bottom - _MIDDLE * (bottom - top)
        y0, y1 = int(top * scale), int(bottom * scale) + 1
        if x1 - x0 < _MIN_SIDE or y1 - y0 < _MIN_SIDE:  # then ink may fill it
            x0, y0, x1, y1 = x0 - 1, y0 - 1, x1 + 1, y1 + 1
        x0, x1, y0, y1 = max(0, x0), min(self._columns, x1), max(0, y0), min(self._rows, y1)
        if x0 >= x1 or y0 >= y1:
            return False
        first = y0 * stride + x0
        shade, length = pixels[first], x1 - x0
        return any(
            pixels.count(shade, start, start + length) != length
            for start in range(first, y1 * stride, stride)
        )

    def differs(self, other: "Drawing", box: Box) -> bool:
        """Whether another drawing of the same page is not the same in a box."""
        left, top, right, bottom = (edge * self._scale for edge in box)
        x0, x1 = max(0, int(left) - 1), min(self._columns, int(right) + 2)
        y0, y1 = max(0, int(top) - 1), min(self._rows, int(bottom) + 2)
        stride = self._stride
        return any(
            self._pixels[row + x0 : row + x1] != other._pixels[row + x0 : row + x1]
            for row in range(y0 * stride, y1 * stride, stride)
        )


class PictureCover:
    """What pictures cover of a page; of one whose pictures are small, nothing."""

    def __init__(self, boxes: Sequence[Box], size: tuple[float, float]) -> None:
        self._step = max(1.0, max(size) / _GRID_CELLS)
        self._rows: dict[int, int] = {}
        for x0, y0, x1, y1 in boxes:
            first, last = (round(max(0.0, min(x, size[0])) / self._step) for x in (x0, x1))
            top, bottom = (round(max(0.0, min(y, size[1])) / self._step) for y in (y0, y1))
            cells = ((1 << max(0, last - first)) - 1) << first
            for row in range(top, bottom):
                self._rows[row] = self._rows.get(row, 0) | cells
        covered = sum(row.bit_count() for row in self._rows.values()) * self._step**2
        if covered < _MIN_COVERED_SHARE * size[0] * size[1]:
            self._rows.clear()

    def middle_of(self, box: Box) -> bool:
        """Whether the middle of a box is on a picture."""
        row = self._rows.get(int((box[1] + box[3]) / 2 / self._step), 0)
        return bool(row >> max(0, int((box[0] + box[2]) / 2 / self._step)) & 1)
