"""The port of an OCR engine: a picture in, lines of text out."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as rows of RGB bytes, from the top."""

    width: int
    height: int
    pixels: bytes


class Point(NamedTuple):
    """In pixels, from the top left."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line of text and its four corners, clockwise from the one where the text begins."""

    text: str
    corners: tuple[Point, Point, Point, Point]
    confidence: float
    """From 0 to 1."""


class OcrEngine(Protocol):
    """Reads one picture.

    Raises RetryableError or PermanentError of `winnow.errors`.
    """

    def __call__(self, picture: Picture) -> list[FoundLine]:
        """The lines, in any order; empty where there is no text. Doubtful ones are not left out."""
        ...
