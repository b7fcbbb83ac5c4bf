"""PDF with a text layer, by PDFium: the lines of each page with their boxes."""

import ctypes
from collections.abc import Callable
from typing import IO, Any

from winnow.parsers.refusal import Refusal, too_long

_PASSWORD_ERROR = 4
_HYPHENS = {0x02, 0xFFFE, 0xAD}
"""How PDFium marks a hyphen at the end of a line; and the soft hyphen."""
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\x00": ""}
)
_WORD_GAP = 1.2
"""Words further apart than this, in heights of the line, are not of one run: columns, cells."""

Word = tuple[str, float, float, float, float]


def parse(
    file: IO[bytes],
    limits: dict[str, int],
    emit: Callable[[list[Any]], None],
    _scratch: IO[bytes] | None,
) -> None:
    """Emit a `page` item a page; a page without text has no lines."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(file)
        pages = len(document)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR or "password" in str(error).lower():
            raise Refusal("file_encrypted", "The PDF asks for a password.") from None
        raise Refusal("file_unreadable", "The PDF is damaged or cut off.") from None
    if not pages:
        raise Refusal("file_unreadable", "The PDF has no page.")
    if pages > limits["max_pages"]:
        raise Refusal(
            "file_too_large",
            f"The PDF has {pages:,} pages, more than {limits['max_pages']:,} (limit max_pages).",
        )
    left = limits["max_document_chars"]
    damaged = []
    for number in range(1, pages + 1):
        try:
            page = document[number - 1]
            text = page.get_textpage()
        except pdfium.PdfiumError:
            damaged.append(number)
            continue
        width, height = page.get_size()
        left -= pdfium.raw.FPDFText_CountChars(text)
        if left < 0:
            raise too_long(limits)
        lines = _lines(_words(pdfium.raw, page, text, height))
        emit(["page", number, round(width, 1), round(height, 1), lines])
        text.close()
        page.close()
    if len(damaged) == pages:
        raise Refusal("file_unreadable", "Not one page of the PDF can be read.")
    if damaged:
        some = ", ".join(map(str, damaged[:10]))
        emit(["note", "pages_damaged", f"{len(damaged)} pages cannot be read, among them {some}."])


def _words(raw: Any, page: Any, text: Any, height: float) -> list[Word]:
    """Runs of characters without a space, in the order of the page's content."""
    count = raw.FPDFText_CountChars(text)
    # The loose box is the font's, not the glyph's: a full stop is as high as a letter.
    rectangle = raw.FS_RECTF()
    at = ctypes.byref(rectangle)
    shift_x, shift_y = _origin(page)
    unicode_of, box_of = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox
    words: list[Word] = []
    letters: list[str] = []
    box = [0.0, 0.0, 0.0, 0.0]

    def close() -> None:
        word = "".join(letters).translate(_LIGATURES)
        if word.strip():
            x0, y0, x1, y1 = box
            words.append(
                (word, x0 - shift_x, height - y1 + shift_y, x1 - shift_x, height - y0 + shift_y)
            )
        letters.clear()

    for index in range(count):
        code = unicode_of(text, index)
        if code in _HYPHENS:
            letters.append("-")
            continue
        if code <= 0x20 or code == 0xA0 or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
            if letters:
                close()
            continue
        if not box_of(text, index, at):
            continue
        x0, x1, y0, y1 = rectangle.left, rectangle.right, rectangle.bottom, rectangle.top
        if not letters:
            box[:] = (x0, y0, x1, y1)
        else:
            size = max(box[3] - box[1], y1 - y0, 1.0)
            if y0 > box[3] or y1 < box[1] or not -size < x0 - box[2] < size:
                close()  # the next line begins without a space, or the text jumps
                box[:] = (x0, y0, x1, y1)
            else:
                box[:] = (min(box[0], x0), min(box[1], y0), max(box[2], x1), max(box[3], y1))
        letters.append(chr(code))
    if letters:
        close()
    return words


def _origin(page: Any) -> tuple[float, float]:
    try:
        left, bottom, _, _ = page.get_cropbox()
    except Exception:
        return 0.0, 0.0
    return left, bottom


def _lines(words: list[Word]) -> list[list[Any]]:
    """Words that stand side by side, as one line; each with its box.

    Every word is put where it stands on the page: a file that draws one word at a time, or in
    no order, gives the same lines as one that draws whole sentences.
    """
    rows: list[list[Word]] = []
    middles: list[tuple[float, float]] = []
    for word in sorted(words, key=lambda w: ((w[2] + w[4]) / 2, w[1])):
        middle, size = (word[2] + word[4]) / 2, word[4] - word[2]
        for back in range(1, min(4, len(rows)) + 1):
            row_middle, row_size = middles[-back]
            if abs(middle - row_middle) < 0.4 * max(size, row_size):
                rows[-back].append(word)
                if size > row_size:
                    middles[-back] = (middle, size)
                break
        else:
            rows.append([word])
            middles.append((middle, size))
    lines: list[list[Any]] = []
    for row, (_, size) in zip(rows, middles, strict=True):
        row.sort(key=lambda w: w[1])
        run: list[Word] = []
        for word in row:
            if run and word[1] - run[-1][3] > _WORD_GAP * max(size, 4.0):
                lines.append(_run(run))
                run = []
            run.append(word)
        lines.append(_run(run))
    return lines


def _run(words: list[Word]) -> list[Any]:
    return [
        " ".join(word[0] for word in words),
        round(min(word[1] for word in words), 1),
        round(min(word[2] for word in words), 1),
        round(max(word[3] for word in words), 1),
        round(max(word[4] for word in words), 1),
    ]
