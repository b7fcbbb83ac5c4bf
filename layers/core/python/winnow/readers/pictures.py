"""A picture as a record of its own, where a process judges pictures: it is not decoded here."""

import io
from collections.abc import Iterator

from winnow.errors import FileTooLargeError
from winnow.models import Record
from winnow.readers.source import Source


def read(source: Source) -> Iterator[Record]:
    """The one record of a picture, with its file. Raises FileTooLargeError."""
    file = source.spooled()
    check_size(file.seek(0, io.SEEK_END), source.limits.max_picture_bytes)
    file.seek(0)
    yield Record(record=1, source_id=source.case_id, text="", file=file.read(), of_upload=True)


def check_size(size: int, most: int) -> None:
    """Raise FileTooLargeError where a picture has more than `most` bytes."""
    if size > most:
        raise FileTooLargeError(
            f"The picture has {size:,} bytes, more than {most:,} (limit max_picture_bytes)."
        )
