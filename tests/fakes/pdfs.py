"""PDFs as other producers make them: forms, turned text, scans with a line of text, odd fonts."""

import io
import zlib
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


def annotated(stream: bytes, annotations: Sequence[str], *, form: bool = True) -> bytes:
    """A page with annotations, as PDF writes them; without a form where fields were copied.

    Its fonts are F1, and ZD for signs.
    """
    written = "".join(f"<< /Type /Annot /F 4 {annotation} >> " for annotation in annotations)
    return of_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R %s>>" % (b"/AcroForm << /Fields [] >> " * form),
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << "
            b"/Font << /F1 5 0 R /ZD 6 0 R >> >> /Annots [%s] >>" % written.encode(),
            stream_of(stream),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>",
        ]
    )


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


LAYERS = b"/OCProperties << /OCGs [6 0 R 7 0 R] /D << /OFF [6 0 R] >> >>"
"""For a catalogue: layer 6 is off, layer 7 is on."""
GROUPS = (b"<< /Type /OCG /Name (Off) >>", b"<< /Type /OCG /Name (On) >>")


def drawn(
    stream: bytes,
    *objects: bytes,
    resources: bytes = b"",
    catalog: bytes = b"",
    page: bytes = b"",
) -> bytes:
    """A page with this content in Helvetica (/F1); `objects` are numbered from 6."""
    return of_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
            b"/Resources << /Font << /F1 4 0 R >> " + resources + b" >> " + page + b" >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            stream_of(stream),
            *objects,
        ]
    )


def stream_of(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def group_of(content: bytes, entries: bytes = b"", resources: bytes = b"") -> bytes:
    """A form XObject: content that pages draw by its name."""
    return stream_of(
        content,
        b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 4 0 R >> "
        + resources
        + b" >> "
        + entries,
    )


def at(text: str, y: float, before: str = "", *, x: float = 72, size: float = 11) -> bytes:
    """A content stream of one string at this height, after these operators."""
    return f"BT /F1 {size} Tf {before} {x} {y} Td ({text}) Tj ET\n".encode("cp1252")


def packed(content: bytes, encrypted: str | None = None) -> bytes:
    """The same PDF as newer programs write it: its objects in compressed streams."""
    writer = pypdf.PdfWriter(io.BytesIO(content))
    if encrypted is not None:
        writer.encrypt("", encrypted, algorithm="AES-256")
        return _bytes(writer)
    catalog = writer.root_object
    assert "/OCProperties" in catalog
    plain = _bytes(writer)
    return _with_object_stream(plain)


def _with_object_stream(content: bytes) -> bytes:
    """Every object that is no stream goes into one object stream.

    A cross-reference stream finds it.
    """
    reader = pypdf.PdfReader(io.BytesIO(content))
    inside: list[tuple[int, bytes]] = []
    outside: list[tuple[int, bytes]] = []
    for number in range(1, len(reader.xref[0]) + 1):
        found = reader.get_object(number)
        if found is None:
            continue
        buffer = io.BytesIO()
        found.write_to_stream(buffer)
        (outside if hasattr(found, "get_data") else inside).append((number, buffer.getvalue()))
    offsets, body = [], b""
    for number, data in inside:
        offsets.append(b"%d %d" % (number, len(body)))
        body += data + b"\n"
    head = b" ".join(offsets) + b"\n"
    holder = max(number for number, _ in [*inside, *outside]) + 1
    whole = zlib.compress(head + body)
    entries = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (len(inside), len(head))
    outside.append((holder, stream_of(whole, entries)))
    out = bytearray(b"%PDF-1.5\n")
    rows: dict[int, bytes] = {0: b"\x00" + bytes(4) + b"\x00"}
    for number, data in outside:
        rows[number] = b"\x01" + len(out).to_bytes(4, "big") + b"\x00"
        out += b"%d 0 obj\n%s\nendobj\n" % (number, data)
    for place, (number, _) in enumerate(inside):
        rows[number] = b"\x02" + holder.to_bytes(4, "big") + bytes([place])
    start = len(out)
    rows[holder + 1] = b"\x01" + start.to_bytes(4, "big") + b"\x00"
    table = b"".join(rows.get(number, bytes(6)) for number in range(holder + 2))
    root = reader.trailer.raw_get("/Root").idnum
    entries = b"/Type /XRef /W [1 4 1] /Size %d /Root %d 0 R" % (holder + 2, root)
    out += b"%d 0 obj\n%s\nendobj\n" % (holder + 1, stream_of(table, entries))
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)
