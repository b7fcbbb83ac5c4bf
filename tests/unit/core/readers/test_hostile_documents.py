"""Documents made to break their readers: each is read or refused by its code, within its limits."""

import email.message
import io
import sys
import time
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.fakes import files, pdfs, scans
from tests.scaling.measure import spent
from winnow.errors import WinnowError
from winnow.readers import ReadLimits, Source, read
from winnow_ocr.engine import FoundLine, Picture, Point
from winnow_ocr.pages import Pages

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def one_page(entries: bytes, *objects: bytes, page: bytes = PAGE) -> bytes:
    """A PDF of a page with these entries; the first of its objects has the number 4."""
    pages = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
    return pdfs.of_objects([CATALOG, pages, page + entries + b" >>", *objects])


def huge_picture() -> bytes:
    """A page that is a picture of 50,000 x 50,000 pixels, all black."""
    packer = zlib.compressobj(9)
    block = bytes(50_000 * 500)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the same bytes are packed the same way: no need to do it 99 times.
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = first + again * 99 + packer.flush()
    entries = (
        b"/Type /XObject /Subtype /Image /Width 50000 /Height 50000 /ColorSpace /DeviceGray "
        b"/BitsPerComponent 8 /Filter /FlateDecode"
    )
    return one_page(
        b"/Resources << /XObject << /I 5 0 R >> >> /Contents 4 0 R",
        stream(b"q 612 0 0 792 0 0 cm /I Do Q"),
        stream(packed, entries),
    )


def drawings_in_drawings() -> bytes:
    """Thirty drawings of thirty drawings of ...: 30^6 in three kilobytes.

    PDFium takes all the memory that it may, and aborts.
    """
    content = b"/F Do " * 30
    entries = b"/Resources << /XObject << /F %d 0 R >> >>"
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] "
    return one_page(
        entries % 5 + b" /Contents 4 0 R",
        stream(content),
        *(stream(content, form + entries % (6 + depth)) for depth in range(6)),
        stream(b"", form),
    )


def poster() -> bytes:
    """A page of 1,400 kilometres."""
    return one_page(
        b"/Contents 4 0 R",
        stream(b"0 0 100000000 100000000 re f"),
        page=PAGE.replace(b"612 792", b"100000000 100000000"),
    )


def fields(count: int) -> bytes:
    field = {"type": "Tx", "rect": (100, 100, 200, 120), "value": "x"}
    return pdfs.form([(72, 100, "Form")], [field] * count)


def mail(attachments: int) -> bytes:
    message = email.message.EmailMessage()
    message["From"] = "a@b.example"
    message["MIME-Version"] = "1.0"
    message.set_content("Body.")
    for number in range(attachments):
        message.add_attachment("y", filename=f"{number}.txt")
    return message.as_bytes()


def deep_mail() -> bytes:
    head = b"From: a@b.example\nMIME-Version: 1.0\n"
    part = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n"
    return head + b"".join(part % (depth, depth) for depth in range(3_000)) + b"\nx"


def tiff_that_never_ends() -> bytes:
    """Its first page says that the next one is the first."""
    content = bytearray(scans.packed(Image.new("L", (30, 30), 90), "TIFF"))
    start = int.from_bytes(content[4:8], "little")
    end = start + 2 + 12 * int.from_bytes(content[start : start + 2], "little")
    content[end : end + 4] = content[4:8]
    return bytes(content)


def jpeg_that_boasts() -> bytes:
    content = bytearray(scans.packed(Image.new("L", (30, 30), 90), "JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = b"\xff" * 4
    return bytes(content)


def list_field() -> bytes:
    """A form field whose choice is a number of 5,000 digits."""
    choice = f'<w:ddList><w:result w:val="{"9" * 5_000}"/><w:listEntry w:val="a"/></w:ddList>'
    field_of = f"<w:r><w:fldChar><w:ffData>{choice}</w:ffData></w:fldChar></w:r>"
    return files.docx(f"<w:p>{field_of}</w:p>{files.paragraph('Read.')}")


NO_PAGE = [CATALOG, b"<< /Type /Pages /Count 0 /Kids [] >>"]
OWN_PARENT = [CATALOG, b"<< /Type /Pages /Count 1000 /Kids [2 0 R 2 0 R] >>"]
BILLION = [CATALOG, b"<< /Type /Pages /Count 1000000000 /Kids [3 0 R] >>", PAGE + b">>"]
LONG_SUBJECT = b"From: a@b.example\nMIME-Version: 1.0\nSubject: " + b"=?utf-8?q?a?= " * 500_000

HOSTILE: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "a PDF cut off after its header": (lambda: b"%PDF-1.7\n", "file_unreadable"),
    "a PDF without a page": (lambda: pdfs.of_objects(NO_PAGE), "file_unreadable"),
    "pages that are their own parents": (lambda: pdfs.of_objects(OWN_PARENT), "file_unreadable"),
    "a PDF that claims a billion pages": (lambda: pdfs.of_objects(BILLION), "no_records"),
    "a picture of 2.5 gigapixels in a PDF": (huge_picture, None),
    "a page of 1,400 km": (poster, None),
    "a form of 2,000 fields": (lambda: fields(2_000), None),
    "a field with a number of 5,000 digits": (list_field, None),
    "a mail of 1,200 attachments": (lambda: mail(1_200), "file_bomb"),
    "a mail of 3,000 mails in mails": (deep_mail, "file_unreadable"),
    "a subject of 7 MB": (lambda: LONG_SUBJECT + b"\n\nx", None),
    "a TIFF that never ends": (tiff_that_never_ends, None),
    "a JPEG that says it is 65,535 x 65,535": (jpeg_that_boasts, "file_bomb"),
}
"""What the file is, how it is made, and the code it is refused with; None: it is read."""


def eye(picture: Picture) -> list[FoundLine]:
    """An engine that reads the same on every picture."""
    corners = (Point(1, 1), Point(90, 1), Point(90, 12), Point(1, 12))
    return [FoundLine("Seen.", corners, 0.9)]


def code_of(content: bytes) -> str | None:
    """The code that a file is refused with; None when it has records."""
    limits = ReadLimits()
    started = spent()
    try:
        ocr = Pages(eye, limits, time.monotonic)
        with Source(io.BytesIO(content), "x", ["text"], ["id"], limits, ocr=ocr) as opened:
            assert [record for record in read(opened) if record.kind == "record"]
    except WinnowError as error:
        return error.code
    finally:
        assert spent() - started < limits.max_seconds
    return None


@pytest.mark.parametrize(("make", "code"), HOSTILE.values(), ids=list(HOSTILE))
def test_it_is_read_or_refused_by_its_code_within_its_limits(make, code):
    assert code_of(make()) == code


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not limit memory")
def test_drawings_in_drawings_end_with_the_memory_that_their_reader_has():
    assert code_of(drawings_in_drawings()) == "file_unreadable"
