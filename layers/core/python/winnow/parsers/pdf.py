"""PDF with a text layer, by PDFium: the lines of each page with their boxes."""

import ctypes
from collections.abc import Callable
from typing import IO, Any

from winnow.parsers.parse_error import ParseError, too_long
from winnow.parsers.pdf_fields import Aside, fields
from winnow.parsers.pdf_layers import may_have_layers
from winnow.parsers.pdf_lines import lines
from winnow.parsers.pdf_shown import Looked
from winnow.parsers.pdf_words import page_text

_PASSWORD_ERROR = 4
_DYNAMIC_FORM = 2
_IMAGE, _GROUP = 3, 5
"""Kinds of page objects."""
_FEW_LETTERS = 300
"""A page with no more, most of which is a picture, is a picture: a scan with a fax's line on it."""
_MOST = 0.5

Emit = Callable[[list[Any]], None]


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, _scratch: IO[bytes] | None) -> None:
    """Emit a `page` item a page; `picture` where its text is not what it shows, `blank` where it
    is bare."""
    import pypdfium2 as pdfium

    raw = pdfium.raw
    try:
        document = pdfium.PdfDocument(file)
        if document.get_formtype() == _DYNAMIC_FORM:
            raise ParseError(
                "file_unreadable",
                "The PDF is a dynamic (XFA) form, which only Adobe's programs can show: print it "
                "to a new PDF.",
            )
        document.init_forms()
        pages = len(document)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR or "password" in str(error).lower():
            raise ParseError("file_encrypted", "The PDF asks for a password.") from None
        raise ParseError("file_unreadable", "The PDF is damaged or cut off.") from None
    if not pages:
        raise ParseError("file_unreadable", "The PDF has no page.")
    if pages > limits["max_pages"]:
        raise ParseError(
            "file_too_large",
            f"The PDF has {pages:,} pages, more than {limits['max_pages']:,} (limit max_pages).",
        )
    left = limits["max_document_chars"]
    damaged = []
    aside = Aside()
    looked = Looked(raw, limits, layers=may_have_layers(file))
    for number in range(1, pages + 1):
        try:
            page = document[number - 1]
            shows = looked.at(page, number)
            text = page.get_textpage()
        except pdfium.PdfiumError:
            damaged.append(number)
            continue
        left -= raw.FPDFText_CountChars(text)
        if left < 0:
            raise too_long(limits)
        found, frame = page_text(raw, page, text, shows)
        filled = list(fields(raw, document.formenv, page, frame, aside))
        if aside.hidden:
            looked.hide(number)
        left -= sum(len(word[0]) for word in filled)
        if left < 0:
            raise too_long(limits)
        # Below all else and without height: text at another angle is a line of no row.
        across = [[line, 0, found.height, 0, found.height] for line in found.across]
        of_page = [*lines([*found.words, *filled]), *across]
        letters = sum(len(line[0]) for line in of_page)
        kind = "page"
        if found.garbled or (letters <= _FEW_LETTERS and _is_picture(raw, page)):
            kind = "picture"
        elif not of_page:
            kind = "picture" if raw.FPDFPage_CountObjects(page) else "blank"
        emit([kind, number, round(found.width, 1), round(found.height, 1), of_page])
        text.close()
        page.close()
    for note in looked.notes():
        emit(["note", *note])
    if len(damaged) == pages:
        raise ParseError("file_unreadable", "Not one page of the PDF can be read.")
    if damaged:
        some = ", ".join(map(str, damaged[:10]))
        emit(
            [
                "note",
                "pages_damaged",
                f"Pages that cannot be read: {len(damaged)}, among them {some}.",
            ]
        )
    attached = raw.FPDFDoc_GetAttachmentCount(document) + aside.files
    for count, code, what in (
        (attached, "attachments_left_out", "Files in the PDF that were not read: {}."),
        (aside.comments, "comments_left_out", "Comments that were not read: {}."),
        (aside.of_layers, "fields_of_layers", "Fields of layers, read whether shown or not: {}."),
    ):
        if count:
            emit(["note", code, what.format(count)])


def _is_picture(raw: Any, page: Any) -> bool:
    """Whether pictures cover most of the page."""
    covered = 0.0
    edges = [ctypes.c_float() for _ in range(4)]
    for number in range(raw.FPDFPage_CountObjects(page)):
        item = raw.FPDFPage_GetObject(page, number)
        if _holds_image(raw, item, 2) and raw.FPDFPageObj_GetBounds(
            item, *(ctypes.byref(edge) for edge in edges)
        ):
            x0, y0, x1, y1 = (edge.value for edge in edges)
            covered += max(0.0, x1 - x0) * max(0.0, y1 - y0)
    width, height = page.get_size()
    return bool(covered >= _MOST * width * height)


def _holds_image(raw: Any, item: Any, depth: int) -> bool:
    kind = raw.FPDFPageObj_GetType(item)
    if kind == _GROUP and depth:
        return any(
            _holds_image(raw, raw.FPDFFormObj_GetObject(item, number), depth - 1)
            for number in range(raw.FPDFFormObj_CountObjects(item))
        )
    return bool(kind == _IMAGE)
