"""PDF and pictures of pages: a text layer, or what OCR reads."""

from collections.abc import Iterator, Sequence
from typing import IO

from winnow.errors import FileTypeError, NoTextFoundError, NoTextLayerError
from winnow.models import InvalidRecord, Record
from winnow.readers import documents, sandbox
from winnow.readers.ocr import Pictures
from winnow.readers.pages.reflow import Line, Page, sentences_of
from winnow.readers.source import Source

_MANY = 10


def read_pdf(source: Source) -> Iterator[Record | InvalidRecord]:
    """A PDF's text layer; pages that are pictures go to OCR, where there is one.

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
        kind, number, width, height, lines = item
        pages.append(Page(number, width, height, tuple(Line(*line) for line in lines)))
        if kind == "picture":
            pictures.append(number)
        blank += kind == "blank"
    if pictures and source.ocr:
        file.seek(0)
        read = {page.number: page for page in source.ocr(file, "pdf", pictures) if page.lines}
        pages = _with_text([read.get(page.number, page) for page in pages])
    elif pictures and len(pictures) + blank == len(pages):
        raise NoTextLayerError(
            f"The PDF has {_pages(len(pages))} and no text on any: it is a scan."
        )
    elif pictures:
        source.note(
            "pages_without_text",
            f"{_pages(len(pictures))} of {len(pages)} have no text layer and were not read: "
            f"{_some(pictures)}.",
        )
    yield from _records(source, pages)


def read_pictures(kind: Pictures, source: Source) -> Iterator[Record | InvalidRecord]:
    """Pictures of pages, by OCR. Raises FileTypeError when nothing reads pictures, NoTextFoundError
    when OCR finds no text."""
    if source.ocr is None:
        raise FileTypeError("This is a picture, and nothing here reads text from pictures.")
    file: IO[bytes] = source.spooled()
    yield from _records(source, _with_text(list(source.ocr(file, kind, None))))


def _with_text(pages: list[Page]) -> list[Page]:
    """The pages. Raises NoTextFoundError when none of them has any."""
    if not any(page.lines for page in pages):
        raise NoTextFoundError(f"OCR finds no text on the file's {_pages(len(pages))}.")
    return pages


def _records(source: Source, pages: Sequence[Page]) -> Iterator[Record | InvalidRecord]:
    # Pages that are records of their own keep what all have in common, and end where they end.
    alone = [[page] for page in pages] if source.unit == "page" else [pages]
    read = [sentences_of(group) for group in alone]
    pieces = [piece for found, _ in read for piece in found]
    dropped = sum(left_out for _, left_out in read)
    if dropped:
        source.note(
            "running_lines",
            f"{dropped} running headers, footers and page numbers were left out.",
        )
    yield from documents.records(source, pieces)


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count:,} pages"


def _some(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_MANY])) + (" and more" if len(numbers) > _MANY else "")
