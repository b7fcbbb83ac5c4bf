"""What is filled in and typed onto a PDF page: the values of form fields, free text."""

import ctypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from winnow.parsers.pdf.frame import Frame
from winnow.parsers.pdf.words import Word

_UNSEEN = 2 | 32
"""Annotation flags: hidden, not viewed."""
_FREE_TEXT = 3
_WIDGET = 20
_READ = frozenset((_FREE_TEXT, _WIDGET))
_COMMENTS = frozenset((1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
"""Kinds of annotations that a reader may have written something to."""
_DRAWN = frozenset((4, 5, 6, 7, 8, 13, 14, 15))
"""Those of them that say something without words: lines, shapes, stamps, ink."""
_FILE = 17
_EMPTY_BOX = "[ ]"
_CHECK_BOX, _RADIO_BUTTON, _COMBO_BOX, _LIST_BOX, _TEXT_FIELD = 2, 3, 4, 5, 6
BOXES = (_CHECK_BOX, _RADIO_BUTTON)
_MAX_OPTIONS = 5_000
"""Entries of a list that are looked at."""
_PASSWORD = 1 << 13
_LINE = 14.0
"""Points: as high as a line in a field is taken for."""
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class LeftOut:
    """Contents of pages that are not read, or may not be shown."""

    hidden: bool = False
    """Whether the page at hand has fields with something in them that are not shown."""
    comments: int = 0
    files: int = 0
    of_layers: int = 0


def fields(
    raw: Any, form_of: Callable[[Any, Any], Any], page: Any, frame: Frame, left_out: LeftOut
) -> Iterator[Word]:
    """The lines of every field and free text where it is; a box that is ticked is [x].

    `form_of` returns PDFium's handle of the form that a page has this field of.
    """
    rectangle = raw.FS_RECTF()
    left_out.hidden = False
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind not in _READ:
                left_out.files += kind == _FILE
                left_out.comments += kind in _DRAWN or (
                    kind in _COMMENTS and bool(_contents(raw, annotation).strip())
                )
                continue
            if kind == _FREE_TEXT:
                value = _contents(raw, annotation)
            else:
                value = _value(raw, form_of(page, annotation), annotation)
            if not value.strip() or not raw.FPDFAnnot_GetRect(annotation, ctypes.byref(rectangle)):
                continue
            box = frame.box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
            if raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN or not frame.holds(box):
                left_out.hidden = left_out.hidden or value != _EMPTY_BOX
                continue
            left_out.of_layers += bool(raw.FPDFAnnot_HasKey(annotation, b"OC"))
            yield from _lines(value, *box)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _contents(raw: Any, annotation: Any) -> str:
    return _entry(raw, annotation, b"Contents")


def _entry(raw: Any, annotation: Any, key: bytes) -> str:
    return _string(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, key, buffer, size))


def _value(raw: Any, form: Any, annotation: Any) -> str:
    field = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if field in BOXES:
        return "[x]" if raw.FPDFAnnot_IsChecked(form, annotation) else _EMPTY_BOX
    if field == _TEXT_FIELD and raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return ""
    if field in (_COMBO_BOX, _LIST_BOX) and (chosen := _chosen(raw, form, annotation)):
        return ", ".join(chosen)
    if field in (_COMBO_BOX, _LIST_BOX, _TEXT_FIELD):
        return _string(
            lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size)
        )
    return "" if field > 0 else _of_no_form(raw, annotation)


def _of_no_form(raw: Any, annotation: Any) -> str:
    """What a field says itself that no form has, for it lacks a name: it was copied here."""
    kind = _entry(raw, annotation, b"FT")
    if kind == "Btn" and (state := _entry(raw, annotation, b"AS")):
        return _EMPTY_BOX if state == "Off" else "[x]"
    return _entry(raw, annotation, b"V") if kind in ("Tx", "Ch") else ""


def _chosen(raw: Any, form: Any, annotation: Any) -> list[str]:
    """The entries of a list that are chosen, as viewers show them; a field's value is a code."""
    count = min(raw.FPDFAnnot_GetOptionCount(form, annotation), _MAX_OPTIONS)
    return [
        _string(
            lambda buffer, size, at=number: raw.FPDFAnnot_GetOptionLabel(
                form, annotation, at, buffer, size
            )
        )
        for number in range(count)
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, number)
    ]


def _string(read: Any) -> str:
    """A string of PDFium's, which is asked for its length first."""
    size = read(None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    read(buffer, size)
    return bytes(buffer)[:size].decode("utf-16-le", "replace").rstrip("\x00")


def _lines(value: str, left: float, top: float, right: float, bottom: float) -> Iterator[Word]:
    """The lines of a value from the top of its field, in the middle where there is one."""
    texts = [text for text in _BREAK.split(value) if text.strip()]
    pitch = (bottom - top) / len(texts)
    height = min(_LINE, pitch)
    if len(texts) == 1 and pitch < 2 * _LINE:
        top += (pitch - height) / 2
    for number, text in enumerate(texts):
        y = top + number * min(pitch, _LINE)
        yield " ".join(text.split()), left, y, right, y + height
