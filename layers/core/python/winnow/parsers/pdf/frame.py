"""Where things are on a PDF page that is turned for its text to be read."""

import ctypes
from typing import Any

Box = tuple[float, float, float, float]
"""Left, top, right, bottom; or as PDF has it: left, bottom, right, top."""


class Frame:
    """How a page must be turned for its text to run from left to right."""

    def __init__(self, raw: Any, page: Any, quarters: int) -> None:
        """`quarters` turns by a right angle, counterclockwise, are what the text is turned by."""
        rectangle = raw.FS_RECTF()
        raw.FPDF_GetPageBoundingBox(page, ctypes.byref(rectangle))
        self._left, self._top = rectangle.left, max(rectangle.top, rectangle.bottom)
        self.quarters = quarters
        self._across = abs(rectangle.right - rectangle.left) or 612.0
        self._down = abs(rectangle.top - rectangle.bottom) or 792.0

    @property
    def corner(self) -> tuple[float, float]:
        """The page's left and top edges as the file has them."""
        return self._left, self._top

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page so turned."""
        return (self._down, self._across) if self.quarters % 2 else (self._across, self._down)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Left, top, right, bottom of what is there on the page as the file has it."""
        x0, x1, y0, y1 = left - self._left, right - self._left, self._top - top, self._top - bottom
        if self.quarters == 1:
            return self._down - y1, x0, self._down - y0, x1
        if self.quarters == 2:
            return self._across - x1, self._down - y1, self._across - x0, self._down - y0
        if self.quarters == 3:
            return y0, self._across - x1, y1, self._across - x0
        return x0, y0, x1, y1

    def holds(self, box: Box) -> bool:
        """Whether the middle of a box, as `box` gives it, is on the page."""
        across, down = self.size
        return 0 <= (box[0] + box[2]) / 2 <= across and 0 <= (box[1] + box[3]) / 2 <= down
