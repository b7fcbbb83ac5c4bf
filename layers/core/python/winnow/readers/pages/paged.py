"""PDF and pictures of pages: a text layer, or what OCR reads."""

from collections.abc import Iterator, Sequence
from typing import IO

from winnow.errors import FileTypeError, NoTextFoundError, NoTextLayerError
from winnow.models import InvalidRecord, Record
from winnow.readers import documents, sandbox
from winnow.readers.ocr import Pictures
from winnow.readers.pages.geometry import Line, Page
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
            f"The PDF has {_count_of(len(pages))} and no text on any: it is a scan."
        )
    elif pictures:
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
    yield from _records(source, _with_text(list(source.ocr(file, kind, None))))


def _with_text(pages: list[Page]) -> list[Page]:
    """The pages. Raises NoTextFoundError when none of them has any."""
    if not any(page.lines for page in pages):
        raise NoTextFoundError(f"OCR finds no text on the file's {_count_of(len(pages))}.")
    return pages


def _records(source: Source, pages: Sequence[Page]) -> Iterator[Record | InvalidRecord]:
    # Pages that are records of their own keep what all have in common, and end where they end.
    groups = [[page] for page in pages] if source.unit == "page" else [pages]
    texts = [sentences_of(group) for group in groups]
    fragments = [fragment for of_group, _ in texts for fragment in of_group]
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
