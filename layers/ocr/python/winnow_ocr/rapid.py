"""RapidOCR: PP-OCR models on ONNX Runtime, carried by its package. Nothing is downloaded."""

import numpy as np
from rapidocr import RapidOCR

from winnow_ocr.engine import FoundLine, Picture, Point

_MIN_SIDE = 10
"""Pixels: thinner pictures hold no line of text, and the models refuse them."""


class RapidEngine:
    """RapidOCR as an OcrEngine; not to be called by two threads at once."""

    def __init__(self, threads: int = 0) -> None:
        """`threads` compute; 0 for as many as there are cores."""
        self._ocr = RapidOCR(
            params={
                "Global.log_level": "error",
                # Doubtful lines are kept: their confidence is what sends a record to review.
                "Global.text_score": 0.0,
                # `pages` finds out whether a whole page is upside down.
                "Global.use_cls": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def __call__(self, picture: Picture) -> list[FoundLine]:
        """The lines that the detector finds, each as the recogniser reads it."""
        if min(picture.width, picture.height) < _MIN_SIDE:
            return []
        rgb = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
        result = self._ocr(np.ascontiguousarray(rgb[:, :, ::-1]))
        if result.boxes is None or result.txts is None or result.scores is None:
            return []
        return [
            FoundLine(text, _corners(box.tolist()), float(score))
            for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
            if text.strip()
        ]


def _corners(box: list[list[float]]) -> tuple[Point, Point, Point, Point]:
    first, second, third, fourth = (Point(x, y) for x, y in box)
    return first, second, third, fourth
