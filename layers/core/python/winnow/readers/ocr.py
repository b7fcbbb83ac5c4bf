"""The port for what reads pages that are pictures."""

from collections.abc import Iterator, Sequence
from typing import IO, Literal, Protocol

from winnow.readers.reflow import Page

Pictures = Literal["pdf", "png", "jpeg", "tiff"]


class PageReader(Protocol):
    """OCR as the readers see it."""

    def __call__(
        self, file: IO[bytes], kind: Pictures, pages: Sequence[int] | None
    ) -> Iterator[Page]:
        """The pages with these numbers (from 1), or all, each with its lines.

        A line's box is in the units of its page's width and height, y downwards; its confidence
        is from 0 to 1. Raises FileUnreadableError, FileBombError, TimeLimitError.
        """
        ...
