"""Serialize over files and names of every kind: what is written where, and what is refused."""

import json

import pytest

from tests.fakes import files
from tests.fakes.processes import MOODS
from tests.unit.core.steps.test_steps import UPLOAD_ID, Run
from winnow.errors import FileTooLargeError, NoRecordsError
from winnow.models import Upload
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.readers import ReadLimits
from winnow.registry.folder import FolderModels
from winnow.steps.serialize import serialize

KEYS = [
    "a b.csv",
    "a+b.csv",
    "a%25b.csv",
    "é.csv",
    "../../etc/passwd",
    "a//b.csv",
    "n" * 1_011,
    "\u202egpj.csv",
    "-rf.csv",
    "c.csv/",
]


def run(content: bytes, key: str = "x", unit: str = "document", limits: ReadLimits | None = None):
    pipeline = Run(limits=limits or ReadLimits())
    ref = pipeline.store.add("uploads", f"inbox/moods/{key}", content)
    definition = MOODS.replace("[case_id]}", f"[case_id], unit: {unit}}}")
    book = ProcessRegistry([load_definition(definition, "moods")])
    upload = Upload(upload_id=UPLOAD_ID, object=ref, size=len(content))
    done = serialize(upload, pipeline.store, FolderModels(book), pipeline.options, pipeline.clock)
    lines = [
        json.loads(line)
        for task in pipeline.tasks(done)
        for line in pipeline.store.content(task.source).splitlines()
    ]
    return done, lines, pipeline.store.keys("results")


@pytest.mark.parametrize("key", KEYS)
def test_no_part_of_a_key_becomes_a_path(key):
    assert len(f"inbox/moods/{key}".encode()) <= 1_024
    done, lines, keys = run(b"case_id,note\nA,glad 0.9\n", key)
    assert [line["text"] for line in lines] == ["glad 0.9"]
    assert done.upload.object.key == f"inbox/moods/{key}"
    assert all(name.startswith(f"runs/{UPLOAD_ID}/") for name in keys)
    assert {name.removeprefix(f"runs/{UPLOAD_ID}/") for name in keys} == {
        "definition.json",
        "manifest.jsonl",
        "chunks/000000.jsonl",
    }


def test_a_process_says_that_pages_are_records():
    content = files.pdf([files.lines(["Glad."]), files.lines(["Sad."])])
    assert [line["text"] for line in run(content)[1]] == ["Glad.\nSad."]
    assert [line["text"] for line in run(content, unit="page")[1]] == ["Glad.", "Sad."]


def test_an_archive_s_records_know_their_member_and_the_wrong_ending_is_noted():
    content = files.package(
        {"a/1.csv": "note\nglad 0.9\n", "b.pdf": "note;x\nglad 0.8;1\nsad 0.7;2\n"}
    )
    done, lines, _ = run(content, "drop.csv")
    assert [(line["record"], line["part"], line["text"]) for line in lines] == [
        (1, "a/1.csv", "glad 0.9"),
        (2, "b.pdf", "glad 0.8"),
        (3, "b.pdf", "sad 0.7"),
    ]
    assert [note.code for note in done.notes] == ["wrong_extension", "wrong_extension"]
    assert "b.pdf" not in "".join(note.text for note in done.notes)


def test_a_file_over_its_limit_is_not_opened():
    with pytest.raises(FileTooLargeError, match="max_file_bytes"):
        run(b"note\n" + b"x" * 100, limits=ReadLimits(max_file_bytes=100))


def test_a_file_without_records_fails():
    with pytest.raises(NoRecordsError):
        run(files.xlsx({"A": [["note", "x"]]}))
