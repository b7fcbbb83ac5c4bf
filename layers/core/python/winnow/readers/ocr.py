"""The port of OCR: reads pages that are pictures."""

from collections.abc import Iterator, Sequence
from typing import IO, Literal, NoReturn, Protocol

from winnow.readers.pages.geometry import Page

Pictures = Literal["pdf", "png", "jpeg", "tiff", "webp", "gif"]


class PageReader(Protocol):
    """OCR as the readers see it."""

    def __call__(
        self, file: IO[bytes], kind: Pictures, pages: Sequence[int] | None
    ) -> Iterator[Page]:
        """The pages with these numbers (from 1), or all, each with its lines.

        Lines are horizontal, in the units of their page's width and height, y downwards, and have
        a confidence and a box. Raises FileUnreadableError, FileBombError, TimeLimitError.
        """
        ...


class OcrNeededError(Exception):
    """A page is a picture, which another function reads. Not an error of the file."""


def defer_ocr(file: IO[bytes], kind: Pictures, pages: Sequence[int] | None) -> NoReturn:  # noqa: ARG001
    """The PageReader of a function that leaves pictures to another. Raises OcrNeededError."""
    raise OcrNeededError
