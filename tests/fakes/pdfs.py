"""PDFs as other producers make them: forms, turned text, scans with a line of text, odd fonts."""

import io
from collections.abc import Mapping, Sequence
from math import cos, radians, sin

import pypdf
from pypdf.actions import JavaScript
from pypdf.annotations import FreeText
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
    create_string_object,
)

from tests.fakes import files

Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top in points, y upwards."""


def turned(texts: Sequence[tuple[float, float, str]], degrees: float) -> bytes:
    """A content stream of strings turned counterclockwise; x, y from the bottom left."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return "\n".join(
        f"BT /F1 11 Tf {c:.4f} {s:.4f} {-s:.4f} {c:.4f} {x} {y} Tm ({text}) Tj ET"
        for x, y, text in texts
    ).encode("cp1252")


def picture(width: float = 612, height: float = 792, x: float = 0, y: float = 0) -> bytes:
    """A content stream that draws a grey picture."""
    return (
        f"q {width} 0 0 {height} {x} {y} cm BI /W 2 /H 2 /CS /G /BPC 8 ID ".encode()
        + b"\x80\x90\xa0\xb0 EI Q"
    )


_WIDTHS = {
    **dict.fromkeys("fijlt.,: ", 278),
    **dict.fromkeys("ijl", 222),
    **dict.fromkeys("r-", 333),
    **dict.fromkeys("ckJsvxyz", 500),
    **dict.fromkeys("FTZ", 611),
    **dict.fromkeys("ABEKPSVXY", 667),
    **dict.fromkeys("CDHNRUw", 722),
    **dict.fromkeys("GOQ", 778),
    **dict.fromkeys("mM", 833),
    "W": 944,
    "I": 278,
}
"""Of Helvetica, in thousandths of its size; the other letters have 556."""


def justified(text: str, x: float, width: float, top: float, size: float = 9) -> list[files.Placed]:
    """The words of a text set in a column in Helvetica, with gaps that fill its lines."""

    def long(part: str) -> float:
        return sum(_WIDTHS.get(char, 556) for char in part) * size / 1000

    lines: list[list[str]] = [[]]
    for word in text.split():
        if long(" ".join([*lines[-1], word])) > width:
            lines.append([])
        lines[-1].append(word)
    placed: list[files.Placed] = []
    for number, line in enumerate(lines):
        gap = long(" ")
        if line is not lines[-1] and len(line) > 1:
            gap = (width - long("".join(line))) / (len(line) - 1)
        at = x
        for word in line:
            placed.append((round(at, 2), round(top + 1.25 * size * number, 2), word))
            at += long(word) + gap
    return placed


def form(texts: Sequence[files.Placed], fields: Sequence[Mapping[str, object]]) -> bytes:
    """A page with a form: each field has `type` (Tx, Btn, Ch), `rect`, `value` and maybe `flags`.

    What is in the fields is in their values alone, as in files that leave the drawing to viewers.
    """
    writer = pypdf.PdfWriter(io.BytesIO(files.pdf([texts])))
    page = writer.pages[0]
    widgets = ArrayObject()
    for number, field in enumerate(fields):
        value = str(field.get("value", ""))
        widget = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Widget"),
                NameObject("/FT"): NameObject(f"/{field['type']}"),
                NameObject("/T"): TextStringObject(f"field {number}"),
                NameObject("/Rect"): ArrayObject(map(FloatObject, field["rect"])),  # type: ignore[call-overload]
                NameObject("/F"): NumberObject(int(str(field.get("hidden", 4)))),
                NameObject("/Ff"): NumberObject(int(str(field.get("flags", 0)))),
            }
        )
        if field["type"] == "Btn":
            state = DictionaryObject(
                {NameObject(name): _drawing(writer) for name in ("/On", "/Off")}
            )
            widget[NameObject("/AP")] = DictionaryObject({NameObject("/N"): state})
            widget[NameObject("/AS")] = widget[NameObject("/V")] = NameObject(f"/{value}")
        else:
            widget[NameObject("/V")] = create_string_object(value)
        widgets.append(writer._add_object(widget))
    page[NameObject("/Annots")] = widgets
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
        {NameObject("/Fields"): widgets, NameObject("/NeedAppearances"): BooleanObject(True)}
    )
    return _bytes(writer)


def dynamic_form() -> bytes:
    """A form of the XFA kind, whose one page only says to wait."""
    content = form([(72, 100, "Please wait...")], [])
    writer = pypdf.PdfWriter(io.BytesIO(content))
    acroform = writer.root_object["/AcroForm"]
    assert isinstance(acroform, DictionaryObject)
    acroform[NameObject("/XFA")] = create_string_object("<xdp/>")
    writer.root_object[NameObject("/NeedsRendering")] = BooleanObject(True)
    return _bytes(writer)


def typed_on(content: bytes, text: str, rect: Rectangle) -> bytes:
    """The same PDF with a free text on its first page."""
    writer = pypdf.PdfWriter(io.BytesIO(content))
    writer.add_annotation(0, FreeText(text=text, rect=rect))
    return _bytes(writer)


def with_attachment(content: bytes) -> bytes:
    """The same PDF with a file in it."""
    writer = pypdf.PdfWriter(io.BytesIO(content))
    writer.add_attachment("notes.txt", b"Attached.")
    return _bytes(writer)


def with_script(content: bytes) -> bytes:
    """The same PDF with JavaScript that is to run when it is opened."""
    writer = pypdf.PdfWriter(io.BytesIO(content))
    writer.add_open_action(JavaScript("while (true) { app.alert('x'); }"))
    return _bytes(writer)


def of_objects(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def _drawing(writer: pypdf.PdfWriter) -> object:
    from pypdf.generic import DecodedStreamObject

    drawing = DecodedStreamObject()
    drawing.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject(map(FloatObject, (0, 0, 10, 10))),
        }
    )
    return writer._add_object(drawing)


def _bytes(writer: pypdf.PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
