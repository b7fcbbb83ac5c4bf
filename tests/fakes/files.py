"""Small files of every format, made by hand so that each byte of them is known."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

Placed = tuple[float, float, str]
"""A string and where it begins on its page: x, y from the top, in points."""


def pdf(pages: Sequence[Sequence[Placed]], *, size: float = 11, compress: bool = False) -> bytes:
    """A PDF in Helvetica; each string is drawn on its own. A page without any is a black square."""
    streams = []
    for page in pages:
        drawn = "\n".join(
            f"BT /F1 {size} Tf 1 0 0 1 {x} {792 - y} Tm ({_escaped(text)}) Tj ET"
            for x, y, text in page
        )
        streams.append((drawn or "100 100 300 300 re f").encode("cp1252"))
    return pdf_of_streams(streams, compress=compress)


def pdf_of_streams(streams: Sequence[bytes], *, compress: bool = False) -> bytes:
    """A PDF with these content streams, a page each."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(streams)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, stream in enumerate(streams):
        body = zlib.compress(stream, 9) if compress else stream
        pack = " /Filter /FlateDecode" if compress else ""
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * index)
        )
        objects.append(
            f"<< /Length {len(body)}{pack} >>\nstream\n".encode() + body + b"\nendstream"
        )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def lines(
    texts: Sequence[str], *, x: float = 72, top: float = 120, pitch: float = 14
) -> list[Placed]:
    """Strings below each other."""
    return [(x, top + pitch * index, text) for index, text in enumerate(texts)]


def package(members: Mapping[str, str | bytes]) -> bytes:
    """A ZIP of these members, deflated."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def paragraph(*texts: str) -> str:
    """A Word paragraph, a run a text."""
    runs = "".join(f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>' for text in texts)
    return f"<w:p>{runs}</w:p>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Word table."""
    return (
        "<w:tbl>"
        + "".join(
            "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
            for row in rows
        )
        + "</w:tbl>"
    )


def docx(body: str, *, header: str = "", footer: str = "", prolog: str = "") -> bytes:
    """A Word file with this body, in WordprocessingML."""
    related = [name for name, content in (("header", header), ("footer", footer)) if content]
    relations = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{name}" Target="{name}1.xml"/>'
        for name in related
    )
    declared = '<?xml version="1.0" encoding="UTF-8"?>'
    members = {
        "[Content_Types].xml": f'{declared}<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'{declared}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="a" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/_rels/document.xml.rels": f'{declared}<Relationships xmlns="{PACKAGE}/relationships">'
        f"{relations}</Relationships>",
        "word/document.xml": f'{declared}{prolog}<w:document xmlns:w="{WORD}">'
        f"<w:body>{body}</w:body></w:document>",
    }
    for name, tag, content in (("header", "hdr", header), ("footer", "ftr", footer)):
        if content:
            members[f"word/{name}1.xml"] = (
                f'{declared}<w:{tag} xmlns:w="{WORD}">{content}</w:{tag}>'
            )
    return package(members)


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook, by openpyxl."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if name in hidden:
            sheet.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
