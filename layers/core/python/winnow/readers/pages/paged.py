"""PDF and pictures of pages: a text layer, or what OCR reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import IO

from winnow.errors import FileTypeError, NoTextFoundError, NoTextLayerError
from winnow.models import InvalidRecord, Record
from winnow.readers import documents, sandbox
from winnow.readers.ocr import Pictures
from winnow.readers.pages.geometry import Line, Page, box_of
from winnow.readers.pages.sentences import sentences_of
from winnow.readers.source import Source

_MAX_NUMBERS = 10
"""Page numbers that a note names."""


def read_pdf(source: Source) -> Iterator[Record | InvalidRecord]:
    """A PDF's text layer; pages that are pictures go to OCR, if any.

    Raises NoTextLayerError when no page has text and nothing reads pictures, NoTextFoundError
    when OCR finds none either.
    """
    file = source.spooled()
    pages: list[Page] = []
    pictures: list[int] = []
    blank = 0
    for item in sandbox.parse("pdf", file, source.limits):
        if item[0] == "note":
            source.note(item[1], item[2])
            continue
        kind, number, width, height, lines, turns = item
        placed = (
            replace(Line(*line), box=box_of(line[1:], width, height, turns)) for line in lines
        )
        pages.append(Page(number, width, height, tuple(placed)))
        if kind == "picture":
            pictures.append(number)
        blank += kind == "blank"
    if pictures and source.ocr:
        file.seek(0)
        kept = _Kept(source)
        read = {page.number: page for page in kept(source.ocr(file, "pdf", pictures)) if page.lines}
        pages = _with_text([read.get(page.number, page) for page in pages])
        yield from _records(source, pages, kept.numbers)
        return
    if pictures and len(pictures) + blank == len(pages):
        raise NoTextLayerError(
            f"The PDF has {_count_of(len(pages))} and no text on any: it is a scan."
        )
    if pictures:
        source.note(
            "pages_without_text",
            f"{_count_of(len(pictures))} of {len(pages)} have no text layer and were not read: "
            f"{_listed(pictures)}.",
        )
    yield from _records(source, pages)


def read_pictures(kind: Pictures, source: Source) -> Iterator[Record | InvalidRecord]:
    """Pictures of pages, by OCR.

    Raises:
        FileTypeError: Nothing reads pictures.
        NoTextFoundError: OCR finds no text.
    """
    if source.ocr is None:
        raise FileTypeError("This is a picture, and nothing here reads text from pictures.")
    file: IO[bytes] = source.spooled()
    kept = _Kept(source)
    pages = _with_text(list(kept(source.ocr(file, kind, None))))
    yield from _records(source, pages, kept.numbers)


class _Kept:
    """Pages whose pictures are kept while they are read; one is in memory at a time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.numbers: dict[int, int] = {}
        """What each page's picture is kept under."""

    def __call__(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            number = self._source.keep_picture(page.number, page.picture)
            if number is not None:
                self.numbers[page.number] = number
            yield replace(page, picture=None)


def _with_text(pages: list[Page]) -> list[Page]:
    """The pages. Raises NoTextFoundError when none of them has any."""
    if not any(page.lines for page in pages):
        raise NoTextFoundError(f"OCR finds no text on the file's {_count_of(len(pages))}.")
    return pages


def _records(
    source: Source, pages: Sequence[Page], pictures: Mapping[int, int] | None = None
) -> Iterator[Record | InvalidRecord]:
    """`pictures` has the number of the picture of each page that has one."""
    # Pages that are records of their own keep what all have in common, and end where they end.
    groups = [[page] for page in pages] if source.unit == "page" else [pages]
    texts = [sentences_of(group, source.check_time) for group in groups]
    fragments = [fragment for of_group, _ in texts for fragment in of_group]
    if pictures:
        fragments = [replace(f, picture=pictures.get(f.page or 0)) for f in fragments]
    dropped = sum(left_out for _, left_out in texts)
    if dropped:
        source.note(
            "running_lines",
            f"{dropped} running headers, footers and page numbers were left out.",
        )
    yield from documents.records(source, fragments)


def _count_of(count: int) -> str:
    return "1 page" if count == 1 else f"{count:,} pages"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_MAX_NUMBERS])) + (
        " and more" if len(numbers) > _MAX_NUMBERS else ""
    )
