"""PDF with a text layer, by PDFium: the lines of each page with their boxes."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from winnow.parsers.errors import ParseError, too_long
from winnow.parsers.marks import UNKNOWN, UNKNOWN_NOTE
from winnow.parsers.pdf.fields import BOXES, LeftOut, fields
from winnow.parsers.pdf.frame import Frame
from winnow.parsers.pdf.layers import may_have_layers
from winnow.parsers.pdf.lines import lines
from winnow.parsers.pdf.strikes import Strikes
from winnow.parsers.pdf.visibility import VisibilityChecker, some_of
from winnow.parsers.pdf.words import IsShown, page_text

_PASSWORD_ERROR = 4
_DYNAMIC_FORM = 2
_IMAGE, _GROUP = 3, 5
"""Kinds of page objects."""
_MAX_SCAN_LETTERS = 300
"""A page with no more, most of which is a picture, is a picture: a scan with a fax's line on it."""
_MIN_PICTURE_SHARE = 0.5
_LEAST_CHARS = 10
"""Characters that a line counts as at least: a short one takes as much memory as a long one."""

Emit = Callable[[list[Any]], None]


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, _scratch: IO[bytes] | None) -> None:
    """Emit a `page` item for each page.

    It is `picture` where its text is not what it shows, `blank` where it is bare.
    """
    import pypdfium2 as pdfium

    document = _opened(file, limits)
    reader = _PageReader(document, limits, layers=may_have_layers(file))
    pages = len(document)
    damaged = []
    try:
        for number in range(1, pages + 1):
            try:
                page, visible, text = reader.load(number)
            except pdfium.PdfiumError:
                damaged.append(number)
                continue
            emit(reader.read(number, page, visible, text))
            text.close()
            reader.leave()
            page.close()
    finally:
        reader.close()
    if len(damaged) == pages:
        raise ParseError("file_unreadable", "Not one page of the PDF can be read.")
    for code, note in reader.notes(damaged):
        emit(["note", code, note])


def _opened(file: IO[bytes], limits: dict[str, int]) -> Any:
    """The document, ready for its pages to be read."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(file)
        if document.get_formtype() == _DYNAMIC_FORM:
            raise ParseError(
                "file_unreadable",
                "The PDF is a dynamic (XFA) form, which only Adobe's programs can show: print it "
                "to a new PDF.",
            )
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
    return document


class _PageReader:
    """Reads one page after the other, and keeps what is to be noted of them."""

    def __init__(self, document: Any, limits: dict[str, int], *, layers: bool) -> None:
        import pypdfium2 as pdfium

        self._raw = pdfium.raw
        self._document = document
        self._form: Any = None
        self._shown: Any = None
        """The page at hand, if it was shown to the form."""
        self._limits = limits
        self._left = limits["max_document_chars"]
        self._left_out = LeftOut()
        self._struck: list[int] = []
        self._unknown = False
        """Whether a page has signs that are not known."""
        self._checker = VisibilityChecker(self._raw, limits, layers=layers)

    def load(self, number: int) -> tuple[Any, Callable[[Frame, Any], IsShown], Any]:
        """A page, what tells which of its words are shown, and PDFium's page of text.

        Raises PdfiumError when the page is damaged.
        """
        page = self._document[number - 1]
        return page, self._checker.check(page, number), page.get_textpage()

    def read(
        self, number: int, page: Any, visible: Callable[[Frame, Any], IsShown], text: Any
    ) -> list[Any]:
        """The item of a page: its kind, number, size, lines, and turns. Raises ParseError.

        So many right angles the page is turned clockwise to be as viewers show it.
        """
        raw = self._raw
        self._count(raw.FPDFText_CountChars(text))
        content, frame = page_text(raw, page, text, visible)
        filled_in = list(fields(raw, self._form_of, page, frame, self._left_out))
        if self._left_out.hidden:
            self._checker.hide(number)
        self._count(sum(len(word[0]) for word in filled_in))
        # Below all else and without height: text at another angle is a line of no row.
        across = [[line, 0, content.height, 0, content.height] for line in content.across]
        words = [*content.words, *filled_in]
        kept = Strikes(raw, page, frame).kept(words)
        if len(kept) < len(words):
            self._struck.append(number)
        of_page = [*lines(kept), *across]
        self._count(sum(max(0, _LEAST_CHARS - len(line[0])) for line in of_page))
        letters = sum(len(line[0]) for line in of_page)
        kind = "page"
        if content.garbled or (letters <= _MAX_SCAN_LETTERS and _is_picture(raw, page)):
            kind = "picture"
        elif not of_page:
            kind = "picture" if raw.FPDFPage_CountObjects(page) else "blank"
        self._unknown = self._unknown or (
            kind == "page" and any(UNKNOWN in line[0] for line in of_page)
        )
        turns = (page.get_rotation() // 90 - frame.quarters) % 4
        return [kind, number, round(content.width, 1), round(content.height, 1), of_page, turns]

    def _form_of(self, page: Any, annotation: Any) -> Any:
        """PDFium's handle of the form, also of one that only its fields are left of.

        Only a page with a box, or with a field that it does not know, is shown to it: it draws what
        it is shown, a list of n chosen entries in a time that grows with the third power of n.
        """
        raw = self._raw
        if self._form is None:
            self._config = raw.FPDF_FORMFILLINFO(version=2)
            self._form = raw.FPDFDOC_InitFormFillEnvironment(self._document, self._config)
        kind = raw.FPDFAnnot_GetFormFieldType(self._form, annotation)
        if self._shown is None and (kind < 0 or kind in BOXES):
            raw.FORM_OnAfterLoadPage(page, self._form)
            self._shown = page
        return self._form

    def leave(self) -> None:
        """The page at hand is about to be closed."""
        if self._shown is not None:
            self._raw.FORM_OnBeforeClosePage(self._shown, self._form)
            self._shown = None

    def close(self) -> None:
        """Give the form back to PDFium."""
        self.leave()
        if self._form is not None:
            self._raw.FPDFDOC_ExitFormFillEnvironment(self._form)
            self._form = None

    def notes(self, damaged: Sequence[int]) -> Iterator[tuple[str, str]]:
        """What the user should know, as code and text."""
        yield from self._checker.notes()
        if self._struck:
            yield (
                "struck_text",
                f"Text that is struck through was not read, on pages: {some_of(self._struck)}.",
            )
        if self._unknown:
            yield UNKNOWN_NOTE
        if damaged:
            some = ", ".join(map(str, damaged[:10]))
            yield (
                "pages_damaged",
                f"Pages that cannot be read: {len(damaged)}, among them {some}.",
            )
        left_out = self._left_out
        files = self._raw.FPDFDoc_GetAttachmentCount(self._document) + left_out.files
        if files:
            yield "attachments_left_out", f"Files in the PDF that were not read: {files}."
        if left_out.comments:
            yield "comments_left_out", f"Comments that were not read: {left_out.comments}."
        if left_out.of_layers:
            yield (
                "fields_of_layers",
                f"Fields of layers, read whether shown or not: {left_out.of_layers}.",
            )

    def _count(self, chars: int) -> None:
        self._left -= chars
        if self._left < 0:
            raise too_long(self._limits)


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
    return bool(covered >= _MIN_PICTURE_SHARE * width * height)


def _holds_image(raw: Any, item: Any, depth: int) -> bool:
    kind = raw.FPDFPageObj_GetType(item)
    if kind == _GROUP and depth:
        return any(
            _holds_image(raw, raw.FPDFFormObj_GetObject(item, number), depth - 1)
            for number in range(raw.FPDFFormObj_CountObjects(item))
        )
    return bool(kind == _IMAGE)
