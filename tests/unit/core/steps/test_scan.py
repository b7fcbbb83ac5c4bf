"""Text here, pictures elsewhere; and what OCR's confidence does to a record."""

import io
import itertools
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest

from tests.fakes import files
from tests.fakes.processes import MODEL, SayingJudge, models
from tests.fakes.store import MemoryStore
from winnow.models import (
    ChunkTask,
    ObjectRef,
    Record,
    ScanNeeded,
    Serialized,
    SourceLocation,
    Upload,
)
from winnow.processes.schema import InputColumns, parse_definition_json
from winnow.readers.pages.geometry import Line, Page
from winnow.steps.classify import classify
from winnow.steps.filter import filter_run
from winnow.steps.locations import ocr_confidence
from winnow.steps.serialize import SerializeOptions, serialize, serialize_text

PNG = b"\x89PNG\r\n\x1a\n...."
PICTURE_PDF = files.pdf([[]])
TEXT_PDF = files.pdf([[(72, 120, "glad 0.9")]])
MIXED_PDF = files.pdf([[(72, 120, "glad 0.9")], []])


def archive(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)
    return packed.getvalue()


class Run:
    """A pipeline over a memory store, and one upload in it."""

    def __init__(self, content: bytes) -> None:
        self.store = MemoryStore()
        self.options = SerializeOptions(results_bucket="results")
        ref = self.store.add("uploads", "inbox/moods/file", content)
        self.upload = Upload(upload_id="0" * 32, object=ref, size=len(content))
        self._ticks = itertools.count()

    def clock(self) -> float:
        return float(next(self._ticks))

    def serialize_text(self) -> Serialized | ScanNeeded:
        return serialize_text(self.upload, self.store, models(), self.options, self.clock)

    def outcomes(self, *confidences: float) -> list[int]:
        """The counts, when OCR is so sure of the lines of the pages."""

        def ocr(file, kind, pages):
            words = ["glad 0.9"] if len(confidences) == 1 else ["glad", "0.9"]
            for number, (word, sure) in enumerate(zip(words, confidences, strict=True), start=1):
                yield Page(number, 612, 792, (Line(word, 72, 100, 200, 112, sure),))

        run = serialize(self.upload, self.store, models(), self.options, self.clock, ocr=ocr)
        for line in self.store.content(run.manifest).splitlines():
            task = ChunkTask.model_validate_json(line)
            classify(
                task,
                self.store,
                lambda definition, *_: SayingJudge(parse_definition_json(definition)),
                MODEL,
                self.clock,
            )
        counts = filter_run(run, self.store, "results", self.clock).counts
        return [counts.accepted, counts.review, counts.invalid]


@pytest.mark.parametrize(
    "content", [b"note\nglad 0.9\n", TEXT_PDF, archive(a_csv=b"note\nglad 0.9\n")]
)
def test_text_is_serialized_at_once(content):
    assert isinstance(Run(content).serialize_text(), Serialized)


@pytest.mark.parametrize(
    "content",
    [
        PNG,
        b"\xff\xd8\xff....",
        b"II*\x00....",
        PICTURE_PDF,
        MIXED_PDF,
        archive(a_csv=b"note\nglad 0.9\n", b_png=PNG),
    ],
)
def test_of_pictures_only_the_need_is_said(content):
    run = Run(content)
    said = run.serialize_text()
    assert isinstance(said, ScanNeeded)
    assert said.upload == run.upload
    assert len(said.model_dump_json()) < 500


class ReplacedOnOpening(MemoryStore):
    """Somebody uploads another file under the key while the first is being read."""

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[BinaryIO]:
        with super().open(ref) as stream:
            self.add(ref.bucket, ref.key, TEXT_PDF)
            yield stream


def test_the_version_that_was_seen_is_the_one_that_scan_reads():
    run = Run(PNG)
    seen = run.upload
    run.store = ReplacedOnOpening()
    run.store.add("uploads", "inbox/moods/file", PNG)
    run.upload = seen.model_copy(
        update={"object": seen.object.model_copy(update={"version_id": None}), "size": 0}
    )
    said = run.serialize_text()
    assert isinstance(said, ScanNeeded)
    assert said.upload == seen


def test_a_page_that_ocr_is_not_sure_of_sends_its_record_to_review():
    least = InputColumns().min_ocr_confidence
    assert Run(PNG).outcomes(least) == [1, 0, 0]
    assert Run(PNG).outcomes(least - 0.01) == [0, 1, 0]
    assert Run(PNG).outcomes(0.999, least - 0.01) == [0, 1, 0], "the worst page decides"


def test_confidence_is_the_worst_page_s_mean_by_length():
    places = (
        SourceLocation(start=0, page=1, confidence=0.9),
        SourceLocation(start=30, page=1, confidence=0.5),
        SourceLocation(start=40, page=2, confidence=0.99),
        SourceLocation(start=50, page=3),
    )
    record = Record(record=1, text="x" * 60, places=places)
    assert ocr_confidence(record) == 0.8
    assert ocr_confidence(record.model_copy(update={"places": places[3:]})) is None
    assert ocr_confidence(record.model_copy(update={"places": ()})) is None


# -- pictures of pages -----------------------------------------------------------------------------


def pictured(file, kind, pages):
    """OCR that keeps pictures: a line a page, which says which page of which kind it is."""
    for number in pages or (1, 2):
        line = Line(f"{kind} {number}", 72, 100, 200, 112, 0.9, (0.1, 0.1, 0.5, 0.2))
        yield Page(number, 612, 792, (line,), f"jpeg of {kind} {number}".encode())


def kept(content: bytes) -> tuple[dict[str, bytes], list[Record]]:
    """The pictures that a scan keeps, by name, and its records."""
    run = Run(content)
    made = serialize(run.upload, run.store, models(), run.options, run.clock, ocr=pictured)
    folder = f"results/moods/{run.upload.upload_id}/pages/"
    pictures = {
        key.removeprefix(folder): run.store.content(ObjectRef(bucket="results", key=key))
        for key in run.store.keys("results")
        if key.startswith("results/")
    }
    task = ChunkTask.model_validate_json(run.store.content(made.manifest).splitlines()[0])
    lines = run.store.content(task.source).splitlines()
    return pictures, [Record.model_validate_json(line) for line in lines]


def test_the_picture_of_a_page_is_kept_under_the_page_s_number():
    pictures, [record] = kept(PNG)
    assert pictures == {"1.jpg": b"jpeg of png 1", "2.jpg": b"jpeg of png 2"}
    assert [(place.page, place.picture) for place in record.places] == [(1, 1), (2, 2)]


def test_only_pages_that_are_pictures_have_one():
    pictures, [record] = kept(MIXED_PDF)
    assert pictures == {"2.jpg": b"jpeg of pdf 2"}
    assert [(place.page, place.picture) for place in record.places] == [(1, None), (2, 2)]


def test_no_two_members_of_an_archive_share_a_picture():
    members = {"a_png": PNG, "b_pdf": MIXED_PDF, "c_txt": b"glad 0.9", "d_png": PNG}
    pictures, records = kept(archive(**members))
    assert len(pictures) == 5
    for record in records:
        for place in record.places:
            if place.picture is not None:
                start = record.text[place.start :]
                assert start.startswith(pictures[f"{place.picture}.jpg"].decode()[8:])
    numbers = [{p.picture for p in record.places} - {None} for record in records]
    assert sum(map(len, numbers)) == len(set().union(*numbers)) == 5


def test_a_page_without_its_picture_has_no_number():
    run = Run(PNG)

    def plain(file, kind, pages):
        yield Page(1, 612, 792, (Line("glad 0.9", 72, 100, 200, 112, 0.9),))

    made = serialize(run.upload, run.store, models(), run.options, run.clock, ocr=plain)
    assert made.records == 1
    assert not [key for key in run.store.keys("results") if key.startswith("results/")]
