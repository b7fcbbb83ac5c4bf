"""PDF with a text layer, by PDFium: the lines of each page with their boxes."""

import ctypes
import re
from collections.abc import Callable
from typing import IO, Any

from winnow.parsers.refusal import Refusal, too_long

_PASSWORD_ERROR = 4
_READABLE = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
    # how PDFium marks the hyphen of a line end; and the soft hyphen
    | dict.fromkeys(("\x02", "\ufffe", "\xad"), "-")
)
_WORD = re.compile("[^\x00\x01\x03-\x20\xa0\ud800-\udfff]+")
_WORD_GAP = 1.2
"""Words further apart than this, in heights of the line, are not of one run: columns, cells."""

Word = tuple[str, float, float, float, float]
Box = tuple[float, float, float, float]


def parse(
    file: IO[bytes],
    limits: dict[str, int],
    emit: Callable[[list[Any]], None],
    _scratch: IO[bytes] | None,
) -> None:
    """Emit a `page` item a page, without lines where it has no text; `blank` where it is bare."""
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
        drawn = lines or pdfium.raw.FPDFPage_CountObjects(page)
        kind = "page" if drawn else "blank"
        emit([kind, number, round(width, 1), round(height, 1), lines])
        text.close()
        page.close()
    if len(damaged) == pages:
        raise Refusal("file_unreadable", "Not one page of the PDF can be read.")
    if damaged:
        some = ", ".join(map(str, damaged[:10]))
        emit(["note", "pages_damaged", f"{len(damaged)} pages cannot be read, among them {some}."])


def _words(raw: Any, page: Any, text: Any, height: float) -> list[Word]:
    """Runs of characters without a space, in the order of the page's content."""
    chars = _chars(raw, text)
    # The loose box is the font's, not the glyph's: a full stop is as high as a letter.
    rectangle = raw.FS_RECTF()
    at = ctypes.byref(rectangle)
    box_of = raw.FPDFText_GetLooseCharBox
    left, bottom = _origin(page)
    words: list[Word] = []

    def box(index: int) -> Box | None:
        if not box_of(text, index, at):
            return None
        return rectangle.left, rectangle.bottom, rectangle.right, rectangle.top

    def add(start: int, end: int, found: Box) -> None:
        word = chars[start:end].translate(_READABLE)
        x0, y0, x1, y1 = found
        words.append((word, x0 - left, height - y1 + bottom, x1 - left, height - y0 + bottom))

    for match in _WORD.finditer(chars):
        start, end = match.span()
        first, last = box(start), box(end - 1)
        if first and last and _one_run(first, last, end - start):
            add(start, end, _both(first, last))
            continue
        # The next line begins without a space, or the text jumps: look at every character.
        whole: Box | None = None
        for index in range(start, end):
            here = box(index)
            if here is None:
                continue
            if whole is not None and not _one_run(whole, here, 2):
                add(start, index, whole)
                start, whole = index, None
            whole = _both(whole, here) if whole else here
        if whole is not None:
            add(start, end, whole)
    return words


def _chars(raw: Any, text: Any) -> str:
    """The characters of a page, each at its index."""
    count = raw.FPDFText_CountChars(text)
    buffer = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text, 0, count, buffer)
    if written == count + 1:
        chars = bytes(buffer)[: 2 * count].decode("utf-16-le", "surrogatepass")
        if len(chars) == count:
            return chars
    codes = (raw.FPDFText_GetUnicode(text, index) for index in range(count))
    return "".join(chr(code) if code < 0x110000 else " " for code in codes)


def _one_run(first: Box, last: Box, length: int) -> bool:
    """Whether two characters stand on a line, no further apart than so many letters reach."""
    size = max(first[3] - first[1], last[3] - last[1], 1.0)
    level = last[1] <= first[3] and last[3] >= first[1]
    return level and -size < last[0] - first[2] < size * max(1, length - 1)


def _both(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


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
