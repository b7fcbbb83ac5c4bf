"""OCR with the real engine: pages rendered here, and files that nobody should break it with."""

import io
import struct
import time
import zlib
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from tests.fakes import scans
from tests.fakes.readings import SCANS
from tests.quality.ocr import PYTESSERACT, accuracy, cases
from winnow.errors import (
    FileBombError,
    FileTooLargeError,
    FileUnreadableError,
    NoTextFoundError,
    TimeLimitError,
)
from winnow.models import Record
from winnow.processes.schema import InputColumns
from winnow.readers import ReadLimits, Source, read
from winnow.steps.locations import ocr_confidence
from winnow_ocr.engine import FoundLine, Picture, Point
from winnow_ocr.jpeg import page_jpeg
from winnow_ocr.pages import Pages
from winnow_ocr.rapid import RapidEngine

TEXT = "Iron deficiency anemia, hemoglobin 7.9.\nColonoscopy found no source of the bleeding."
PLAIN = TEXT.replace("\n", " ")


@cache
def engine() -> RapidEngine:
    return RapidEngine()


class Counting:
    """An engine that sees nothing and remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Picture] = []

    def __call__(self, picture: Picture) -> list[FoundLine]:
        self.seen.append(picture)
        corners = (Point(1, 1), Point(90, 1), Point(90, 12), Point(1, 12))
        return [FoundLine(f"Picture {chr(64 + len(self.seen))} of some.", corners, 0.9)]


def records(
    content: bytes, *, ocr=None, limits: ReadLimits | None = None, clock=time.monotonic, **options
) -> list[Record]:
    limits = limits or ReadLimits()
    pages = Pages(ocr or engine(), limits, clock, packed=page_jpeg)
    with Source(
        io.BytesIO(content), "scan", ("text",), ("id",), limits, ocr=pages, **options
    ) as opened:
        return [record for record in read(opened) if isinstance(record, Record)]


def short(text: str = TEXT, *, size: tuple[int, int] = (1000, 300)) -> Image.Image:
    """The top of a page: quick to read."""
    return scans.page(text, 130).crop((0, 80, *size)).convert("RGB")


def text_of(content: bytes, **options) -> str:
    return " ".join(" ".join(record.text.split()) for record in records(content, **options))


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "least"),
    [(scans.clean, 0.98), (scans.poor, 0.95), (scans.photographed, 0.9)],
)
def test_sample_cases_are_read_at_three_qualities(make, least):
    truth = cases()[0]
    (record,) = records(scans.packed(make(truth)))
    assert accuracy(truth, record.text) >= least
    confidence = ocr_confidence(record)
    assert confidence is not None
    assert confidence > InputColumns().min_ocr_confidence


def test_what_cannot_be_read_is_not_trusted():
    """Below the default of a process's min_ocr_confidence."""
    truth = cases()[0]
    (record,) = records(scans.packed(scans.illegible(truth)))
    assert accuracy(truth, record.text) < 0.8
    confidence = ocr_confidence(record)
    assert confidence is not None
    assert confidence < InputColumns().min_ocr_confidence


def test_evidence_has_page_line_box_and_confidence():
    (record,) = records(scans.packed(short()))
    assert " ".join(record.text.split()) == PLAIN
    first, second = record.places
    assert (first.page, first.line, second.line) == (1, 1, 2)
    assert record.text[second.start :].startswith("Colonoscopy")
    assert first.box is not None
    left, top, right, bottom = first.box
    assert 0.08 < left < 0.2 < right < 0.8
    assert 0 < top < bottom < second.box[1] + 0.05  # type: ignore[index]
    assert first.confidence is not None
    assert 0.8 < first.confidence <= 1


def ink_in_boxes(image: Image.Image, record: Record) -> float:
    """How much of the dark of a page lies in the boxes of its lines."""
    dark = np.asarray(image.convert("L")) < 128
    inside = np.zeros_like(dark)
    height, width = dark.shape
    for place in record.places:
        assert place.box is not None
        left, top, right, bottom = place.box
        inside[
            int(top * height) : int(bottom * height) + 1, int(left * width) : int(right * width)
        ] = 1
        assert (right - left) * (bottom - top) < 0.3, "no box is most of the page"
    return float((dark & inside).sum() / dark.sum())


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_page_that_lies_on_its_side_or_head(turns):
    """It is read, and its boxes are where the lines lie on the page as it was uploaded."""
    image = short(size=(1000, 420)).rotate(90 * turns, expand=True)
    kept: list[tuple[int, bytes]] = []
    (record,) = records(scans.packed(image), keep_picture=lambda *given: kept.append(given))
    assert " ".join(record.text.split()) == PLAIN
    assert ink_in_boxes(image, record) > 0.97
    # And so they do on the picture that is kept.
    [(number, jpeg)] = kept
    assert {place.picture for place in record.places} == {number}
    shown = Image.open(io.BytesIO(jpeg)).resize(image.size).convert("RGB")
    assert ink_in_boxes(shown, record) > 0.97


def test_a_photograph_of_a_page_lying_askew_in_uneven_light():
    image = scans.photographed_askew(TEXT)
    (record,) = records(scans.packed(image, "JPEG", quality=60))
    assert " ".join(record.text.split()) == PLAIN
    assert (ocr_confidence(record) or 0) > InputColumns().min_ocr_confidence
    # Both lines go down to the right by more than their height: so do their boxes.
    first, second = (place.box for place in record.places)
    assert first
    assert second
    assert first[3] - first[1] > 0.06
    assert first[1] < second[1] < first[3]


def test_a_photograph_that_says_which_way_up_it_is():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a right angle to see it
    exif[0x010F] = "Quillfeather"
    file = scans.packed(short().rotate(90, expand=True), "JPEG", exif=exif, quality=90)
    assert difference(seen_of(file), short()) < 4
    # The kept picture is turned, too, and says nothing of who took it.
    kept: list[tuple[int, bytes]] = []
    records(file, ocr=Counting(), keep_picture=lambda *given: kept.append(given))
    [(_, jpeg)] = kept
    assert b"Quillfeather" in file
    assert b"Quillfeather" not in jpeg
    assert difference(Image.open(io.BytesIO(jpeg)).convert("RGB"), short()) < 6


def test_a_pdf_of_pictures_and_a_tiff_have_a_record_a_page():
    images = [Image.new("L", (60, 40), shade) for shade in (200, 90)]
    for content in (scans.pdf(images, 130), scans.tiff(images)):
        seen = Counting()
        found = records(content, ocr=seen, unit="page")
        assert [(r.text, r.places[0].page) for r in found] == [
            ("Picture A of some.", 1),
            ("Picture B of some.", 2),
        ]
        assert [picture.pixels[0] for picture in seen.seen] == pytest.approx([200, 90], abs=2)


def test_two_columns_are_read_one_after_the_other():
    left = (
        "The patient was seen in the clinic\nfor pain in her knee, which began\n"
        "after a fall from her bicycle, and\nhas been getting worse since then\n"
        "in spite of rest and cold packs."
    )
    right = (
        "Imaging of the knee shows a small\ntear of the medial meniscus, and\n"
        "no fracture. She will be referred\nto physical therapy for six weeks\n"
        "and then be seen once more here."
    )
    image = Image.new("L", (1700, 600), 255)
    for column, x in ((left, 0), (right, 760)):
        image.paste(scans.page(column, 150).crop((100, 100, 860, 600)), (x + 20, 20))
    assert accuracy(f"{left} {right}".replace("\n", " "), text_of(scans.packed(image))) > 0.95


# -- modes -----------------------------------------------------------------------------------------


def seen_of(content: bytes) -> Image.Image:
    """The picture that an engine is given."""
    seen = Counting()
    records(content, ocr=seen)
    (picture,) = seen.seen
    return Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)


def difference(a: Image.Image, b: Image.Image) -> float:
    """The mean difference of two pictures of one size, of 255."""
    assert a.size == b.size
    return float(np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float)).mean())


def _sixteen_bits() -> bytes:
    grey = np.asarray(short().convert("L"), dtype=np.uint16) * 257
    return scans.packed(Image.fromarray(grey))


def _transparent(ink: int) -> bytes:
    letters = short().convert("L").point(lambda value: 255 - value)
    image = Image.new("RGBA", letters.size, (ink, ink, ink, 0))
    image.putalpha(letters)
    return scans.packed(image)


def _palette_and_alpha() -> bytes:
    image = short().convert("P", palette=Image.Palette.ADAPTIVE)
    lightest = max(range(256), key=lambda n: sum((image.getpalette() or [])[3 * n : 3 * n + 3]))
    return scans.packed(image, transparency=lightest)


def _black_or_white() -> Image.Image:
    return short().convert("1").convert("RGB")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        pytest.param(
            lambda: scans.packed(short().convert("CMYK"), "JPEG", quality=90), short, id="cmyk"
        ),
        pytest.param(lambda: scans.packed(short().convert("CMYK"), "TIFF"), short, id="cmyk tiff"),
        pytest.param(_sixteen_bits, short, id="16 bits"),
        pytest.param(lambda: _transparent(0), short, id="black on nothing"),
        pytest.param(
            lambda: _transparent(255), lambda: ImageOps.invert(short()), id="white on nothing"
        ),
        pytest.param(
            lambda: scans.packed(short().convert("1"), "TIFF", compression="group4"),
            _black_or_white,
            id="fax",
        ),
        pytest.param(lambda: scans.packed(short().convert("1")), _black_or_white, id="1 bit"),
        pytest.param(lambda: scans.packed(short().convert("P")), short, id="palette"),
        pytest.param(_palette_and_alpha, short, id="palette and alpha"),
        pytest.param(lambda: scans.packed(short().convert("LA")), short, id="grey and alpha"),
        pytest.param(lambda: scans.packed(short().convert("F"), "TIFF"), short, id="floats"),
    ],
)
def test_any_mode_is_seen_as_its_maker_meant_it(content, shown):
    assert difference(seen_of(content()), shown()) < 4


# -- what is refused -------------------------------------------------------------------------------


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that says it has this size, grey, whatever rows it holds."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def refused(content: bytes, error: type[Exception], match: str, **options) -> None:
    with pytest.raises(error, match=match):
        records(content, ocr=Counting(), **options)


def test_fifty_thousand_by_fifty_thousand_pixels_are_refused_undecoded():
    # Without rows it would be damaged to whoever decodes it.
    refused(png(50_000, 50_000), FileBombError, r"50,000 x 50,000 pixels.*max_pixels")
    refused(png(5_000, 5_000), FileUnreadableError, "damaged")
    bomb = scans.packed(Image.new("1", (12_000, 12_000)), "TIFF", compression="group4")
    assert len(bomb) < 10_000
    refused(bomb, FileBombError, "max_pixels")


def test_truncated_and_damaged_pictures():
    whole = scans.packed(short())
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "GIF"):
        content = scans.packed(short(), kind)
        refused(content[: len(content) // 2], FileUnreadableError, "damaged")
    refused(whole[:16], FileUnreadableError, "damaged")
    refused(png(0, 10), FileUnreadableError, "damaged|no pixels")
    refused(png(100, 100, b"\x00" * 50), FileUnreadableError, "damaged")


def test_a_tiff_of_too_many_pages():
    content = scans.tiff([Image.new("1", (40, 40), 1)] * 30)
    refused(
        content,
        FileTooLargeError,
        "30 pages.*max_scanned_pages",
        limits=ReadLimits(max_scanned_pages=29),
    )


def test_a_pdf_of_too_many_pictures():
    content = scans.pdf([Image.new("L", (50, 50), 90)] * 6)
    refused(content, FileTooLargeError, "6 pages", limits=ReadLimits(max_scanned_pages=5))


def test_reading_ends_when_its_time_is_over():
    ticks = iter(range(0, 10_000, 100))
    content = scans.tiff([short()] * 5)
    limits = ReadLimits(max_scan_seconds=250)
    refused(
        content,
        TimeLimitError,
        "page 3.*max_scan_seconds",
        limits=limits,
        clock=lambda: next(ticks),
    )


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "MPO"])
def test_only_the_first_picture_of_a_file_is_read(kind):
    frames = [Image.new("L", (100, 100), shade) for shade in (250, 120, 0)]
    seen = Counting()
    content = scans.packed(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    records(content, ocr=seen)
    assert [picture.pixels[:3] for picture in seen.seen] == [bytes([250] * 3)]


def test_a_large_picture_is_reduced():
    seen = Counting()
    records(scans.packed(Image.new("L", (9_000, 5_000), 255), "JPEG"), ocr=seen)
    assert (seen.seen[0].width, seen.seen[0].height) == (3_300, 1_833)


def test_a_huge_text_chunk_is_no_harm():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 60_000_000, zip=True)
    with suppress(FileUnreadableError):
        records(scans.packed(short(), pnginfo=info), ocr=Counting())


@pytest.mark.parametrize("size", [(400, 300), (1, 1), (3, 900)])
def test_no_text_is_an_error_of_its_own(size):
    with pytest.raises(NoTextFoundError, match="1 page"):
        records(scans.packed(Image.new("L", size, 255)))


# -- the shared files ------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name.endswith(".pdf") else ()) for name in SCANS],
)
def test_a_scan_says_page_by_page_what_a_person_reads(name, data_dir):
    pages = records((data_dir / "documents" / name).read_bytes(), unit="page")
    assert [record.places[0].page for record in pages] == list(range(1, len(SCANS[name]) + 1))
    for record, sentences in zip(pages, SCANS[name], strict=True):
        text = " ".join(record.text.split())
        for message in sentences:
            assert message in text
    whole = "\n".join(record.text for record in pages)
    if name == "ocrmypdf_linn.pdf":
        truth = (data_dir / "documents" / "ocrmypdf_linn.txt").read_text("utf-8")
        # The truth was read by a program too, and misreads every bullet as a 0.
        assert accuracy(truth, whole) > 0.9
    if name == "pytesseract_test.png":
        assert accuracy(PYTESSERACT, whole) == 1
