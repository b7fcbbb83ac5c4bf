"""Pages as pictures, drawn by a confined child; those of a digital PDF are kept for people."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import IO, Any, cast

from winnow.errors import FileUnreadableError, WinnowError
from winnow.limits.reading import ReadLimits
from winnow.models import DrawnPages, DrawPages
from winnow.ports import ObjectStore
from winnow.readers import Source, sandbox
from winnow.readers.detect import kind_of
from winnow.readers.ocr import Pictures
from winnow.storage.paths import JPEG, RunPaths
from winnow_ocr.engine import Picture


def pictures_of(
    file: IO[bytes], kind: Pictures, pages: Sequence[int] | None, limits: ReadLimits
) -> Iterator[tuple[int, float, float, Picture]]:
    """The pages with these numbers, or all: number, width and height in points, and picture.

    Raises FileUnreadableError, FileTooLargeError, FileBombError, TimeLimitError.
    """
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reading, os.fdopen(write_end, "wb") as writing:
        numbers = None if pages is None else list(pages)
        items = sandbox.parse("pictures", file, limits, writing, file_kind=kind, pages=numbers)
        with closing(cast("Generator[list[Any], None, None]", items)):
            for _, number, width, height, columns, rows in items:
                # The child has its end by now: when it dies, so does the pipe.
                writing.close()
                pixels = reading.read(columns * rows * 3)
                if len(pixels) < columns * rows * 3:
                    raise FileUnreadableError("The picture breaks off while it is decoded.")
                yield number, width, height, Picture(columns, rows, pixels)


def draw_pages(
    asked: DrawPages,
    store: ObjectStore,
    results_bucket: str,
    limits: ReadLimits,
    packed: Callable[[Picture], bytes],
) -> DrawnPages:
    """Keep the pictures of pages beside the results; of a file that is no PDF, none.

    Nothing waits for them, and a record can be decided without: an error is only a code in the
    answer, and what was drawn before it is kept.
    """
    paths = RunPaths(results_bucket, asked.upload.upload_id)
    drawn = 0
    try:
        with (
            store.open(asked.upload.object) as stream,
            Source(stream, asked.upload.object.key, (), (), limits) as source,
        ):
            if kind_of(source) != "pdf":
                return DrawnPages(pages=0)
            numbers = asked.draw[: limits.max_scanned_pages]
            for number, _, _, picture in pictures_of(
                source.spooled(), "pdf", numbers, source.limits
            ):
                source.check_time()
                # It may have been drawn before, or its record was erased meanwhile.
                place = paths.picture(asked.process, number)
                drawn += store.create(place, packed(picture), JPEG)
    except WinnowError as error:
        return DrawnPages(pages=drawn, code=error.code)
    return DrawnPages(pages=drawn)
