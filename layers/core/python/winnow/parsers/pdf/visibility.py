"""Whether a viewer shows the text of a PDF page's text layer.

A layer that is switched off, an invisible way of drawing, a path that cuts text off, white ink on
white paper: there are too many ways to hide text to follow each. So the page is drawn, small and
without its pictures, and a word where nothing was drawn is not shown. Where words lie over each
other, that does not tell them apart: text of layers is looked for by drawing the page without it.
"""

import ctypes
import time
from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any

from winnow.parsers.pdf.drawing import Drawing, PictureCover
from winnow.parsers.pdf.frame import Box, Frame
from winnow.parsers.pdf.words import IsShown

_TEXT, _IMAGE, _GROUP = 1, 3, 5
_FILLED = frozenset((2, 4))
"""Kinds of page objects."""
_INVISIBLE = 3
"""The drawing mode of text that is only for searching."""
_LAYER = "OC"
_MAX_DARK_INK = 600
"""Sum of red, green and blue, 255 each: lighter ink may not show on paper."""
_MIN_OPACITY = 100
_MIN_WORD_HEIGHT = 1.0
"""Points: lower words are too small to be seen."""
_MAX_DEPTH = 4
"""Maximum depth of groups of objects that are searched."""
_SCALE = 0.5
"""Pixels per point of a drawn page: letters are only shades, but differ from the paper."""
_MAX_SIDE = 1_000.0
"""Maximum pixels of the longer side of a drawn page."""
_SECONDS_A_PAGE = 2.0
_TIME_SHARE = 0.25
"""Share of the time for a file that drawing its pages may take."""
_MAX_ROUNDS = 8
"""How often a page is drawn without some text of layers."""
_MAX_LISTED = 10


class PageVisibility:
    """What one page shows. Create it before the page's text is loaded: it takes text out."""

    def __init__(self, raw: Any, page: Any, *, layers: bool) -> None:
        self._raw = raw
        self._page = page
        self._edges = [ctypes.c_float() for _ in range(4)]
        self._at = [ctypes.byref(edge) for edge in self._edges]
        self._colours = [ctypes.c_uint() for _ in range(4)]
        self._colours_at = [ctypes.byref(colour) for colour in self._colours]
        self.pictures: list[Box] = []
        self.hidden = False
        """Whether text was taken out."""
        self._invisible: list[tuple[Any, Box]] = []
        self._of_layers: list[tuple[Any, Box]] = []
        self._images: list[Any] = []
        self._visible = 0
        self.doubtful = bool(raw.FPDFPage_HasTransparency(page))
        """Whether text on it may be hidden, so that it must be drawn to know."""
        self._walk(self._top(), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0, layers)

    def _top(self) -> Iterator[Any]:
        for number in range(self._raw.FPDFPage_CountObjects(self._page)):
            yield self._raw.FPDFPage_GetObject(self._page, number)

    def _walk(
        self, objects: Iterator[Any], matrix: Sequence[float], depth: int, layers: bool
    ) -> None:
        raw = self._raw
        for item in objects:
            kind = raw.FPDFPageObj_GetType(item)
            if kind == _TEXT:
                if raw.FPDFTextObj_GetTextRenderMode(item) == _INVISIBLE:
                    self._invisible.append((item, self._box(item, matrix)))
                    continue
                self._visible += 1
                self.doubtful = self.doubtful or self._may_hide(item)
                if layers and self._is_of_layer(item):
                    self._of_layers.append((item, self._box(item, matrix)))
            elif kind in _FILLED:
                self.doubtful = self.doubtful or self._visible > 0  # it may cover the text
            elif kind == _IMAGE:
                self._images.append(item)
                self.pictures.append(self._box(item, matrix))
            elif kind == _GROUP and depth < _MAX_DEPTH:
                if layers:
                    self._of_layers.append((item, self._box(item, matrix)))
                own = raw.FS_MATRIX()
                inner = matrix
                if raw.FPDFPageObj_GetMatrix(item, ctypes.byref(own)):
                    inner = _product((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
                inside = (
                    raw.FPDFFormObj_GetObject(item, number)
                    for number in range(max(0, raw.FPDFFormObj_CountObjects(item)))
                )
                self._walk(inside, inner, depth + 1, layers)

    def _may_hide(self, item: Any) -> bool:
        """Whether a text is cut off by a path, or not plainly drawn in a colour that is seen."""
        raw = self._raw
        if raw.FPDFClipPath_CountPaths(raw.FPDFPageObj_GetClipPath(item)) > 0:
            return True
        if raw.FPDFTextObj_GetTextRenderMode(item) or not raw.FPDFPageObj_GetFillColor(
            item, *self._colours_at
        ):
            return True
        red, green, blue, opaque = (colour.value for colour in self._colours)
        return red + green + blue > _MAX_DARK_INK or opaque < _MIN_OPACITY

    def _is_of_layer(self, item: Any) -> bool:
        raw = self._raw
        size = ctypes.c_ulong()
        buffer = (ctypes.c_ushort * 8)()
        for number in range(min(raw.FPDFPageObj_CountMarks(item), _MAX_MARKS)):
            mark = raw.FPDFPageObj_GetMark(item, number)
            if raw.FPDFPageObjMark_GetName(mark, buffer, 16, ctypes.byref(size)):
                name = bytes(buffer)[: size.value].decode("utf-16-le", "replace").rstrip("\x00")
                if name == _LAYER:
                    return True
        return False

    def _box(self, item: Any, matrix: Sequence[float]) -> Box:
        if not self._raw.FPDFPageObj_GetBounds(item, *self._at):
            return 0.0, 0.0, 0.0, 0.0
        x0, y0, x1, y1 = (edge.value for edge in self._edges)
        a, b, c, d, e, f = matrix
        if not isfinite(sum((x0, y0, x1, y1, a, b, c, d, e, f))):
            return 0.0, 0.0, 0.0, 0.0
        xs = [a * x + c * y + e for x in (x0, x1) for y in (y0, y1)]
        ys = [b * x + d * y + f for x in (x0, x1) for y in (y0, y1)]
        return min(xs), min(ys), max(xs), max(ys)

    def take_out(self, deadline: float) -> bool:
        """Take out the text that is invisible, and that of layers which are switched off.

        Invisible text is what OCR has read from the picture it lies on, or from a page that is
        drawn without letters; elsewhere it is not shown. False where drawing the page takes too
        long to tell.
        """
        frame = Frame(self._raw, self._page, 0)
        if self._visible and self._invisible:
            covered = self.covered(frame)
            for item, box in self._invisible:
                if not covered.middle_of(frame.box(*box)):
                    self._raw.FPDFPageObj_SetIsActive(item, False)
                    # Blanks have no extent: nothing is lost with them.
                    self.hidden = self.hidden or (box[2] > box[0] and box[3] > box[1])
        return not self._of_layers or self._take_out_layers(frame, deadline)

    def covered(self, frame: Frame) -> PictureCover:
        """What the page's pictures cover of it in this frame."""
        return PictureCover([frame.box(*box) for box in self.pictures], frame.size)

    def _take_out_layers(self, frame: Frame, deadline: float) -> bool:
        """Draw the page without some of the text, over and over: what changes nothing is off."""
        whole = self.drawn(frame, deadline)
        if whole is None:
            return False
        is_told = True
        for group in _apart(self._of_layers):
            for item, _ in group:
                self._raw.FPDFPageObj_SetIsActive(item, False)
            without = self.drawn(frame, deadline)
            is_told = is_told and without is not None
            for item, box in group:
                if without is None or whole.differs(without, frame.box(*box)):
                    self._raw.FPDFPageObj_SetIsActive(item, True)
                elif self._has_text(item):
                    self.hidden = True
        return is_told

    def _has_text(self, item: Any) -> bool:
        raw = self._raw
        if raw.FPDFPageObj_GetType(item) != _GROUP:
            return True
        inside = range(max(0, raw.FPDFFormObj_CountObjects(item)))
        kinds = (raw.FPDFPageObj_GetType(raw.FPDFFormObj_GetObject(item, n)) for n in inside)
        return any(kind in (_TEXT, _GROUP) for kind in kinds)

    def draws(self, text: Any, index: int) -> bool:
        """Whether PDFium has what it needs to draw a letter that is not of ASCII."""
        item = self._raw.FPDFText_GetTextObject(text, index)
        font = self._raw.FPDFTextObj_GetFont(item) if item else None
        return bool(font) and self._raw.FPDFFont_GetIsEmbedded(font) == 1

    def drawn(self, frame: Frame, deadline: float) -> "Drawing | None":
        """The page in this frame, in grey and without its pictures; None when it takes too long."""
        size = frame.size
        raw = self._raw
        scale = min(_SCALE, _MAX_SIDE / max(*size, 1.0))
        columns, rows = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        for item in self._images:
            raw.FPDFPageObj_SetIsActive(item, False)
        bitmap = raw.FPDFBitmap_CreateEx(columns, rows, raw.FPDFBitmap_Gray, None, 0)
        if not bitmap:
            return None
        try:
            raw.FPDFBitmap_FillRect(bitmap, 0, 0, columns, rows, 0xFFFFFFFF)
            pause = raw.IFSDK_PAUSE(version=1)
            ends = min(deadline, time.process_time() + _SECONDS_A_PAGE)
            strikes = type(pause.NeedToPauseNow)(lambda _: int(time.process_time() > ends))
            pause.NeedToPauseNow = strikes
            turned = (frame.quarters - raw.FPDFPage_GetRotation(self._page)) % 4
            status = raw.FPDF_RenderPageBitmap_Start(
                bitmap, self._page, 0, 0, columns, rows, turned, raw.FPDF_GRAYSCALE,
                ctypes.byref(pause),
            )  # fmt: skip
            raw.FPDF_RenderPage_Close(self._page)
            if status != raw.FPDF_RENDER_DONE:
                return None
            stride = raw.FPDFBitmap_GetStride(bitmap)
            pixels = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), stride * rows)
            return Drawing(pixels, stride, columns, rows, scale)
        finally:
            raw.FPDFBitmap_Destroy(bitmap)
            for item in self._images:
                raw.FPDFPageObj_SetIsActive(item, True)


class VisibilityChecker:
    """Looks at page after page of one file, as long as it may, and keeps what was not shown."""

    def __init__(self, raw: Any, limits: dict[str, int], *, layers: bool) -> None:
        self._raw = raw
        self._layers = layers
        self._left = _TIME_SHARE * limits["max_seconds"]
        self._hidden: list[int] = []
        self._unseen: list[int] = []

    def check(self, page: Any, number: int) -> Callable[[Frame, Any], IsShown]:
        """What tells which words of a page are shown; called before its text is loaded."""
        shown = PageVisibility(self._raw, page, layers=self._layers)
        started = time.process_time()
        if not shown.take_out(started + self._left):
            self._unseen.append(number)
        self._left -= time.process_time() - started
        if shown.hidden:
            self._hidden.append(number)
        return lambda frame, text: _WordVisibility(self, shown, frame, text, number)

    def draw(self, shown: PageVisibility, frame: Frame, number: int) -> "Drawing | None":
        """The page in this frame, while there is time."""
        started = time.process_time()
        drawing = shown.drawn(frame, started + self._left)
        self._left -= time.process_time() - started
        if drawing is None and number not in self._unseen[-1:]:
            self._unseen.append(number)
        return drawing

    def hide(self, number: int) -> None:
        """Keep that the page has words that are not shown."""
        if not self._hidden or self._hidden[-1] != number:
            self._hidden.append(number)

    def notes(self) -> Iterator[tuple[str, str]]:
        """What the user should know, as code and text."""
        if self._hidden:
            yield (
                "hidden_text",
                f"Text that is not shown was not read, on pages: {some_of(self._hidden)}.",
            )
        if self._unseen:
            yield (
                "hidden_text_unchecked",
                "Pages on which text may be hidden, since drawing them takes too long: "
                f"{some_of(self._unseen)}.",
            )


class _WordVisibility:
    """Which words of a page are shown; it is drawn for the first of them."""

    def __init__(
        self,
        checker: VisibilityChecker,
        page: PageVisibility,
        frame: Frame,
        text: Any,
        number: int,
    ) -> None:
        self._checker = checker
        self._page = page
        self._frame = frame
        self._text = text
        self._number = number
        self._covered = page.covered(frame) if page.pictures else None
        self._drawing: Drawing | None = None
        self._drawn = False

    def __call__(self, start: int, word: str, box: Box) -> bool:
        if not self._drawn and (self._page.doubtful or box[3] - box[1] < _MIN_WORD_HEIGHT):
            self._drawn = True
            self._drawing = self._checker.draw(self._page, self._frame, self._number)
        # A damaged file may put it at no place at all, which is not on the page either.
        if self._frame.holds(box) and (
            self._drawing is None
            or self._drawing.has_ink(*box, word)
            or (self._covered and self._covered.middle_of(box))
            or not (word.isascii() or self._page.draws(self._text, start))
        ):
            return True
        self._checker.hide(self._number)
        return False


def some_of(pages: Sequence[int]) -> str:
    """The numbers of pages, of the first few."""
    return ", ".join(map(str, pages[:_MAX_LISTED])) + (
        " and more" if len(pages) > _MAX_LISTED else ""
    )


def _apart(items: Sequence[tuple[Any, Box]]) -> Iterator[list[tuple[Any, Box]]]:
    """Groups of items that do not overlap; the last takes the rest."""
    left = list(items)
    for number in range(_MAX_ROUNDS):
        if not left:
            return
        group: list[tuple[Any, Box]] = []
        rest: list[tuple[Any, Box]] = []
        taken: dict[tuple[int, int], list[Box]] = {}
        for item, box in left:
            cells = _cells(box)
            here = (other for cell in cells for other in taken.get(cell, [])[-_MAX_COMPARED:])
            if number < _MAX_ROUNDS - 1 and any(_overlap(box, other) for other in here):
                rest.append((item, box))
                continue
            group.append((item, box))
            for cell in cells:
                taken.setdefault(cell, []).append(box)
        yield group
        left = rest


_CELL = 72.0
_MAX_CELLS = 200
_MAX_COMPARED = 300
_MAX_MARKS = 50


def _cells(box: Box) -> list[tuple[int, int]]:
    x0, y0, x1, y1 = (int(max(-1e6, min(1e6, edge)) // _CELL) for edge in box)
    cells = [
        (x, y) for x in range(x0, min(x1, x0 + 20) + 1) for y in range(y0, min(y1, y0 + 20) + 1)
    ]
    return cells[:_MAX_CELLS]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] + 1 and b[0] < a[2] + 1 and a[1] < b[3] + 1 and b[1] < a[3] + 1


def _product(a: Sequence[float], b: Sequence[float]) -> tuple[float, ...]:
    """First a, then b."""
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    )
