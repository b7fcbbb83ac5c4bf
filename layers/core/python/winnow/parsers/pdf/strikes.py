"""What annotations strike through on a PDF page."""

import ctypes
from collections.abc import Sequence
from typing import Any

from winnow.parsers.pdf.frame import Box, Frame
from winnow.parsers.pdf.words import Word

_STRIKE_OUT = 12
_UNSEEN = 2 | 32
"""Annotation flags: hidden, not viewed."""
_BAND = 8.0
"""Points: boxes are looked up by the bands of the page that they reach into."""
_MAX_BANDS = 500
_MAX_IN_BAND = 200


class Strikes:
    """Where the words of a page are struck through."""

    def __init__(self, raw: Any, page: Any, frame: Frame) -> None:
        self._bands: dict[int, list[Box]] = {}
        for number in range(raw.FPDFPage_GetAnnotCount(page)):
            annotation = raw.FPDFPage_GetAnnot(page, number)
            if not annotation:
                continue
            try:
                if (
                    raw.FPDFAnnot_GetSubtype(annotation) == _STRIKE_OUT
                    and not raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN
                ):
                    for box in _quads(raw, annotation):
                        self._add(frame.box(*box))
            finally:
                raw.FPDFPage_CloseAnnot(annotation)

    def _add(self, box: Box) -> None:
        top = max(0, int(min(box[1], 1e6) // _BAND))
        bottom = min(int(max(min(box[3], 1e6), 0.0) // _BAND), top + _MAX_BANDS)
        for band in range(top, bottom + 1):
            boxes = self._bands.setdefault(band, [])
            if len(boxes) < _MAX_IN_BAND:
                boxes.append(box)

    def kept(self, words: Sequence[Word]) -> list[Word]:
        """The words that are not struck through."""
        return [word for word in words if not self._hits(word)] if self._bands else list(words)

    def _hits(self, word: Word) -> bool:
        _, left, top, right, bottom = word
        x, y = (left + right) / 2, (top + bottom) / 2
        boxes = self._bands.get(int(y // _BAND), ())
        return any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in boxes)


def _quads(raw: Any, annotation: Any) -> list[Box]:
    """Left, bottom, right, top of what an annotation marks: of each line, else of all."""
    quad = raw.FS_QUADPOINTSF()
    boxes: list[Box] = []
    for number in range(raw.FPDFAnnot_CountAttachmentPoints(annotation)):
        if raw.FPDFAnnot_GetAttachmentPoints(annotation, number, ctypes.byref(quad)):
            xs, ys = (quad.x1, quad.x2, quad.x3, quad.x4), (quad.y1, quad.y2, quad.y3, quad.y4)
            boxes.append((min(xs), min(ys), max(xs), max(ys)))
    rectangle = raw.FS_RECTF()
    if not boxes and raw.FPDFAnnot_GetRect(annotation, ctypes.byref(rectangle)):
        boxes.append((rectangle.left, rectangle.bottom, rectangle.right, rectangle.top))
    return boxes
