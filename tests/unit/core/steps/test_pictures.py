"""Pictures as records, from the file to the results: a bad one costs itself alone."""

import json

import pytest

from tests.fakes.drawn_pictures import archive, packed, wheels
from tests.fakes.pretended_pictures import SeeingJudge, decode_pretended, pretended
from tests.fakes.processes import MODEL
from tests.fakes.store import MemoryStore
from winnow.errors import (
    ConfidenceThresholdNotMetError,
    FileBombError,
    FileTypeError,
    StoredDataInvalidError,
)
from winnow.limits.reading import ReadLimits
from winnow.models import (
    ChunkTask,
    FilterChunk,
    ObjectRef,
    Part,
    RunRef,
    ScanNeeded,
    Serialized,
    Upload,
)
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.registry.folder import FolderModels
from winnow.steps.classify import classify
from winnow.steps.filter import filter_chunk, filter_run
from winnow.steps.pictures import DecodePictures
from winnow.steps.serialize import SerializeOptions, serialize, serialize_text
from winnow.storage.paths import SQUARE_BYTES
from winnow_ocr.squares import decode_pictures

DEFINITION = """
id: moods
version: 1.0.0
kind: labels
title: Moods in faces
threshold: 0.6
input: {modality: image}
labels: [{id: glad}, {id: sad}]
"""
UPLOAD_ID = "0" * 32
FOLDER = f"results/moods/{UPLOAD_ID}/"
RUN = RunRef(id="1-0", attempt=1, started_at="2026-01-01T00:00:00.000Z")


class Way:
    """A process of pictures over a memory store."""

    def __init__(self, definition: str = DEFINITION, **options: object) -> None:
        self.store = MemoryStore()
        self.options = SerializeOptions(results_bucket="results", **options)
        self.models = FolderModels(ProcessRegistry([load_definition(definition, "moods")]))
        self.judge = SeeingJudge(load_definition(definition, "moods"))

    def upload(self, content: bytes, key: str = "inbox/moods/file") -> Upload:
        ref = self.store.add("uploads", key, content)
        return Upload(upload_id=UPLOAD_ID, object=ref, size=len(content))

    def scan(
        self,
        content: bytes,
        key: str = "inbox/moods/file",
        decode: DecodePictures = decode_pretended,
    ) -> Serialized:
        return serialize(
            self.upload(content, key),
            self.store,
            self.models,
            self.options,
            lambda: 0.0,
            decode=decode,
            run=RUN,
        )

    def tasks(self, run: Serialized) -> list[ChunkTask]:
        lines = self.store.content(run.manifest).splitlines()
        return [ChunkTask.model_validate_json(line) for line in lines]

    def classify(self, task: ChunkTask) -> None:
        classify(task, self.store, lambda *_: self.judge, MODEL, lambda: 0.0)

    def results(self, run: Serialized) -> dict[str, list[dict]]:
        """The lines of each outcome."""
        for task in self.tasks(run):
            self.classify(task)
            whole = (Part(first=0, records=task.records),)
            filter_chunk(FilterChunk(task=task, parts=whole), self.store, lambda: 0.0)
        done = filter_run(run, self.store, "results", lambda: 0.0)
        assert done.counts.records == run.records
        names = ("accepted", "review", "invalid")
        return {name: self.lines(f"{name}.jsonl") for name in names}

    def lines(self, name: str) -> list[dict]:
        content = self.store.content(ObjectRef(bucket="results", key=FOLDER + name))
        return [json.loads(line) for line in content.splitlines()]

    def thumbnails(self) -> dict[str, bytes]:
        pages = FOLDER + "pages/"
        return {
            key.removeprefix(pages): self.store.content(ObjectRef(bucket="results", key=key))
            for key in self.store.keys("results")
            if key.startswith(pages)
        }


ZIP = archive(
    {
        "a.png": pretended("glad 0.9"),
        "deep/b.png": pretended("broken"),
        "c.txt": b"glad 0.9",
        "d.png": pretended("sad 0.5"),
    }
)


def test_serialize_leaves_pictures_to_scan():
    way = Way()
    for content in (pretended("glad 0.9"), ZIP, b"id,picture\n1,a.png\n2,b.png\n"):
        said = serialize_text(way.upload(content), way.store, way.models, way.options, lambda: 0.0)
        assert isinstance(said, ScanNeeded)
    with pytest.raises(FileTypeError):
        serialize_text(way.upload(b"A note."), way.store, way.models, way.options, lambda: 0.0)


def test_a_picture_is_a_record():
    way = Way()
    run = way.scan(pretended("glad 0.9"))
    assert (run.records, run.chunks) == (1, 1)
    (line,) = way.results(run)["accepted"]
    assert line["decision"]["value"] == "glad"
    assert line["picture"] == {"format": "png", "width": 3, "height": 2}
    assert line["places"] == [{"start": 0, "picture": 1}]
    assert "text" not in line
    assert way.thumbnails() == {"1.jpg": b"jpeg of glad 0.9"}


@pytest.mark.parametrize("chunk_pictures", [1, 2, 100])
def test_a_bad_member_of_an_archive_costs_itself_alone(chunk_pictures):
    way = Way(chunk_pictures=chunk_pictures)
    run = way.scan(ZIP)
    assert run.chunks == -(-4 // chunk_pictures)
    outcomes = way.results(run)
    shown = {
        name: [(line["record"], line["part"], line.get("code")) for line in lines]
        for name, lines in outcomes.items()
    }
    assert shown == {
        "accepted": [(1, "a.png", None)],
        "review": [(4, "d.png", "below_threshold")],
        "invalid": [(2, "deep/b.png", "file_unreadable"), (3, "c.txt", "file_type")],
    }
    assert way.thumbnails() == {"1.jpg": b"jpeg of glad 0.9", "4.jpg": b"jpeg of sad 0.5"}


def test_a_picture_of_a_camera_with_others_behind_it_is_a_jpeg():
    """Cameras put a preview, or a map of depths, behind the picture (Multi-Picture Format)."""
    camera = packed(wheels(), "MPO", save_all=True, append_images=[wheels(1)])
    files = {"a.png": packed(wheels(), "PNG"), "b.jpg": camera, "c.bmp": packed(wheels(), "BMP")}
    way = Way()
    run = way.scan(archive(files), decode=decode_pictures)
    (task,) = way.tasks(run)
    chunk = [json.loads(line) for line in way.store.content(task.source).splitlines()]
    shown = [line.get("code") or line["picture"]["format"] for line in chunk]
    assert shown == ["png", "jpeg", "file_type"]


def test_nothing_of_a_file_but_its_pixels_is_written():
    way = Way()
    way.scan(archive({"a.png": pretended("glad 0.9")}))
    for key in way.store.keys("results"):
        content = way.store.content(ObjectRef(bucket="results", key=key))
        assert pretended("") not in content
        assert b"PNG" not in content or key.endswith((".rgb", ".jpg"))


def test_a_chunk_is_judged_in_parts():
    """Halves of a chunk read their own squares alone, behind invalid records, too."""
    way = Way()
    run = way.scan(ZIP)
    (task,) = way.tasks(run)
    parts = [Part(first=0, records=1), Part(first=1, records=3), Part(first=3, records=1)]
    for part in parts:
        way.classify(task.model_copy(update={"part": part}))
    assert way.judge.seen == [1, 1, 1]
    skipped = Part(first=0, records=2, skip=True)
    way.classify(task.model_copy(update={"part": skipped}))
    assert way.judge.seen == [1, 1, 1], "what is skipped is not read"
    chosen = (skipped, Part(first=2, records=2))
    way.classify(task.model_copy(update={"part": chosen[1]}))
    filter_chunk(FilterChunk(task=task, parts=chosen), way.store, lambda: 0.0)
    filter_run(run, way.store, "results", lambda: 0.0)
    assert [line["code"] for line in way.lines("invalid.jsonl")] == [
        "record_failed",
        "file_unreadable",
        "file_type",
    ]


def test_squares_that_are_cut_off_are_no_pictures():
    way = Way()
    (task,) = way.tasks(way.scan(ZIP))
    assert task.squares is not None
    assert len(way.store.content(task.squares)) == 2 * SQUARE_BYTES
    way.store.add(task.squares.bucket, task.squares.key, bytes(2 * SQUARE_BYTES - 1))
    with pytest.raises(StoredDataInvalidError, match="missing, or cut off"):
        way.classify(task)


def test_no_confident_picture_fails_a_process_that_demands_one():
    way = Way(DEFINITION + "on_none: fail\n")
    run = way.scan(pretended("glad 0.5"))
    with pytest.raises(ConfidenceThresholdNotMetError):
        way.results(run)
    assert [line["code"] for line in way.lines("review.jsonl")] == ["below_threshold"]


# -- limits ----------------------------------------------------------------------------------------


def test_an_archive_has_a_limit_of_pictures_and_not_of_members():
    members = {f"{number}.png": pretended("glad 0.9") for number in range(5)}
    limits = ReadLimits(max_members=2, max_pictures=5)
    assert Way(limits=limits).scan(archive(members)).records == 5
    with pytest.raises(FileBombError, match=r"more than 5 members \(limit max_pictures\)"):
        Way(limits=limits).scan(archive({**members, "5.png": pretended("glad 0.9")}))


def test_a_picture_has_a_limit_of_bytes():
    way = Way(limits=ReadLimits(max_picture_bytes=20))
    content = archive({"a.png": pretended("glad 0.9"), "b.png": pretended("glad 0." + "9" * 50)})
    outcomes = way.results(way.scan(content))
    assert [line["part"] for line in outcomes["accepted"]] == ["a.png"]
    (invalid,) = outcomes["invalid"]
    assert invalid["code"] == "file_too_large"
    assert "limit max_picture_bytes" in invalid["reason"]


# -- lists -----------------------------------------------------------------------------------------


def listed(way: Way, *keys: str, folder: str = "inbox/moods/ann/") -> dict[str, list[dict]]:
    """The results of a list of these keys."""
    rows = "".join(f'{number},"{key}"\n' for number, key in enumerate(keys, start=1))
    return way.results(way.scan(f"id,picture\n{rows}".encode(), f"{folder}list.csv"))


def test_a_list_names_pictures_of_its_own_folder():
    way = Way()
    way.store.add("uploads", "inbox/moods/ann/a.png", pretended("glad 0.7"))
    newest = way.store.add("uploads", "inbox/moods/ann/a.png", pretended("glad 0.9"))
    way.store.add("uploads", "inbox/moods/ann/deep/b.png", pretended("sad 0.5"))
    outcomes = listed(way, "a.png", "inbox/moods/ann/deep/b.png")
    (accepted,) = outcomes["accepted"]
    assert accepted["source_id"] == "1"
    assert accepted["picture"]["object"] == newest.model_dump(), "the version that was judged"
    (review,) = outcomes["review"]
    assert review["picture"]["object"]["key"] == "inbox/moods/ann/deep/b.png"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("https://example.org/a.png", "picture_url"),
        ("s3://uploads/inbox/moods/ann/a.png", "picture_url"),
        ("DATA:image/png;base64,AAAA", "picture_url"),
        ("inbox/moods/bob/a.png", "picture_elsewhere"),
        ("inbox/moods/annabel/a.png", "picture_elsewhere"),
        ("inbox/a.png", "picture_elsewhere"),
        ("../bob/a.png", "picture_missing"),
        ("/etc/passwd", "picture_missing"),
        ("gone.png", "picture_missing"),
        ("note.txt", "file_unreadable"),
    ],
)
def test_a_list_names_nothing_else(key, code):
    way = Way()
    for name in ("ann/a.png", "bob/a.png", "annabel/a.png"):
        way.store.add("uploads", f"inbox/moods/{name}", pretended("glad 0.9"))
    way.store.add("uploads", "inbox/a.png", pretended("glad 0.9"))
    way.store.add("uploads", "inbox/moods/ann/note.txt", b"broken")
    outcomes = listed(way, "a.png", key)
    assert len(outcomes["accepted"]) == 1
    (invalid,) = outcomes["invalid"]
    assert invalid["code"] == code
    assert key not in invalid["reason"]


@pytest.mark.parametrize("folder", ["inbox/", "inbox/moods/", "inbox//"])
@pytest.mark.parametrize("inside", ["ann/b.png", "ann/deep/b.png", "/b.png"])
@pytest.mark.parametrize("whole", [False, True])
def test_a_list_where_the_folders_of_all_are_names_what_is_beside_it_alone(folder, inside, whole):
    way = Way(DEFINITION, default_process="moods")
    for name in ("a.png", inside):
        way.store.add("uploads", f"{folder}{name}", pretended("glad 0.9"))
    key = f"{folder}{inside}" if whole or inside.startswith("/") else inside
    outcomes = listed(way, "a.png", key, folder=folder)
    (accepted,) = outcomes["accepted"]
    assert accepted["picture"]["object"]["key"] == f"{folder}a.png"
    (invalid,) = outcomes["invalid"]
    assert invalid["code"] == "picture_elsewhere"
