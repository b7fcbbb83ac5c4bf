"""Pages of digital PDFs as pictures: drawn by the confined child, kept beside the results."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import boto3
import pypdf
import pytest
from moto import mock_aws
from PIL import Image

from tests.fakes import files
from tests.fakes.store import MemoryStore
from tests.functional.test_ocr import ink_in_boxes
from tests.scripts import load
from winnow.models import DrawnPages, DrawPages, ObjectRef, Record, Upload
from winnow.readers import ReadLimits, Source, read
from winnow.storage.paths import JPEG
from winnow_ocr.drawing import draw_pages
from winnow_ocr.jpeg import page_jpeg

ROOT = Path(__file__).resolve().parents[2]
LINES = ["Iron deficiency anemia, hemoglobin 7.9.", "No source of the bleeding was found."]
PDF = files.pdf([files.lines(LINES), files.lines(["Another page."]), files.lines(["The last."])])


def written(*, rotate: int = 0, password: str | None = None) -> bytes:
    """The PDF with its pages turned, or closed with a password."""
    writer = pypdf.PdfWriter(io.BytesIO(PDF))
    for page in writer.pages:
        page.rotate(rotate)
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def drawn(
    content: bytes, *pages: int, limits: ReadLimits | None = None
) -> tuple[DrawnPages, dict[str, bytes]]:
    """What draw_pages says, and the objects that it has put."""
    store = MemoryStore()
    ref = store.add("uploads", "inbox/capsule/x.pdf", content)
    upload = Upload(upload_id="a" * 32, object=ref, size=len(content))
    asked = DrawPages(draw=pages, upload=upload, process="capsule")
    done = draw_pages(asked, store, "results", limits or ReadLimits(), page_jpeg)
    prefix = f"results/capsule/{'a' * 32}/pages/"
    kept = {
        key.removeprefix(prefix): store.content(store.head_of("results", key))
        for key in store.keys("results")
    }
    return done, kept


def test_only_the_pages_that_are_asked_for_are_drawn() -> None:
    done, kept = drawn(PDF, 3, 1)
    assert done == DrawnPages(pages=2)
    assert sorted(kept) == ["1.jpg", "3.jpg"]
    assert kept["1.jpg"] != kept["3.jpg"]


def test_no_page_is_drawn_where_its_record_was_erased() -> None:
    store = MemoryStore()
    ref = store.add("uploads", "inbox/capsule/x.pdf", PDF)
    barred = f"results/capsule/{'a' * 32}/pages/2.jpg"
    store.put(ObjectRef(bucket="results", key=barred), b"", JPEG)
    upload = Upload(upload_id="a" * 32, object=ref, size=len(PDF))
    asked = DrawPages(draw=(1, 2, 3), upload=upload, process="capsule")
    for count in (2, 0):  # What is drawn already stays.
        done = draw_pages(asked, store, "results", ReadLimits(), page_jpeg)
        assert done == DrawnPages(pages=count)
    assert store.content(store.head_of("results", barred)) == b""
    kept = [key.rpartition("/")[2] for key in store.keys("results")]
    assert kept == ["1.jpg", "2.jpg", "3.jpg"]


@pytest.mark.parametrize("rotate", [0, 90])
def test_boxes_of_the_text_layer_are_where_the_text_is_on_the_picture(rotate: int) -> None:
    content = written(rotate=rotate)
    _, kept = drawn(content, 1, 2, 3)
    picture = Image.open(io.BytesIO(kept["1.jpg"]))
    assert picture.format == "JPEG"
    assert max(picture.size) == 1650
    assert (picture.width > picture.height) == bool(rotate)
    assert not picture.getexif()
    with Source(io.BytesIO(content), "x.pdf", ("text",), (), ReadLimits(), unit="page") as source:
        first = next(record for record in read(source) if isinstance(record, Record))
    assert {(place.page, place.picture) for place in first.places} == {(1, None)}
    assert ink_in_boxes(picture.convert("RGB"), first) > 0.97


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.4\nnothing of it", "file_unreadable"),
        (written(password="secret"), "file_unreadable"),
    ],
    ids=["damaged", "encrypted"],
)
def test_what_cannot_be_drawn_is_a_code_and_no_error(content: bytes, code: str) -> None:
    assert drawn(content, 1) == (DrawnPages(pages=0, code=code), {})


def test_another_file_than_a_pdf_is_left_alone() -> None:
    assert drawn(b"text\nglad\n", 1) == (DrawnPages(pages=0), {})


def test_no_more_pages_are_drawn_than_ocr_may_read() -> None:
    done, kept = drawn(PDF, 3, 2, 1, limits=ReadLimits(max_scanned_pages=2))
    assert done == DrawnPages(pages=2)
    assert sorted(kept) == ["2.jpg", "3.jpg"]


def test_a_file_that_is_gone_is_a_code_and_no_error() -> None:
    store = MemoryStore()
    asked = DrawPages.model_validate(
        json.loads((ROOT / "events" / "scan_draw.json").read_text("utf-8"))
    )
    done = draw_pages(asked, store, "results", ReadLimits(), page_jpeg)
    assert done == DrawnPages(pages=0, code="object_gone")


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "RESULTS_BUCKET": "results",
        "PROCESS_DIR": str(ROOT / "processes"),
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield load(ROOT / "functions" / "scan" / "app.py")


def test_the_function_draws_without_its_ocr_engine(
    scan: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def engine(_: object) -> None:
        raise AssertionError("OCR reads nothing here, and is slow to load")

    monkeypatch.setattr(scan, "_engine", engine)
    s3 = boto3.client("s3", region_name="us-east-1")
    for bucket in ("winnow-uploads", "results"):
        s3.create_bucket(Bucket=bucket)
    event = json.loads((ROOT / "events" / "scan_draw.json").read_text("utf-8"))
    del event["upload"]["object"]["version_id"]
    where = event["upload"]["object"]
    s3.put_object(Bucket=where["bucket"], Key=where["key"], Body=PDF)
    assert scan.handler(event, None) == {"pages": 2, "code": None}
    folder = f"results/{event['process']}/{event['upload']['upload_id']}/pages"
    for number in event["draw"]:
        stored = s3.get_object(Bucket="results", Key=f"{folder}/{number}.jpg")
        assert stored["ContentType"] == "image/jpeg"
    s3.delete_object(Bucket=where["bucket"], Key=where["key"])
    assert scan.handler(event, None)["code"] == "object_gone"
