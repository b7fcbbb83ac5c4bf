"""Keys of every kind through the whole run: what is written, judged and told."""

import re

import pytest

from tests.fakes.processes import models
from tests.unit.core.steps.test_steps import RUN, Run
from winnow.errors import ProcessUnknownError
from winnow.models import Outcome, Part, Result, Upload
from winnow.steps.notification import report
from winnow.steps.serialize import serialize
from winnow.steps.upload import requested_process, upload_id
from winnow.storage.paths import RunPaths

KEYS = [
    "a b.csv",
    " .csv",
    "a+b.csv",
    "a%20b.csv",
    "a%25b.csv",
    "%2e%2e%2f.csv",
    "é.csv",
    "e\u0301.csv",
    "../a.csv",
    "../../results/moods/x/result.json",
    "..",
    "./a.csv",
    "a//b.csv",
    "/etc/passwd",
    "C:\\a.csv",
    "a?b#c&d=e.csv",
    "a'b\"c`d$(e).csv",
    "{% $states %}.csv",
    "a\nResults    s3://elsewhere.csv",
    "a\tb\x7f.csv",
    "\u202egpj.csv",
    "\U0001f642.csv",
    "-rf.csv",
    "con.csv",
    "n" * 1_012,
    "é" * 506,
]
OWN = re.compile(
    r"runs/[0-9a-f]{32}/(1-0123456789ab/)?"
    r"(definition\.json|manifest\.jsonl|(chunks|scored)/\d{6}(-\d{6}){0,2}\.jsonl"
    r"|scored/\d{6}(-\d{6}){0,2}\.bin"
    r"|filtered/\d{6}/(tally\.json|(accepted|review|invalid)\.jsonl))"
    r"|results/moods/[0-9a-f]{32}/(result\.json|(accepted|review|invalid)\.jsonl|vectors\.bin)"
)


@pytest.mark.parametrize("name", KEYS)
def test_a_key_travels_as_it_is_and_names_nothing_that_is_written(name):
    key = f"inbox/moods/{name}"
    assert len(key.encode()) <= 1_024
    pipeline = Run()
    content = b'{"text": "glad 0.9"}\n{"text": "sad 0.5"}\n{"text": ""}\n'
    ref = pipeline.store.add("uploads", key, content)
    upload = Upload(
        upload_id=upload_id("uploads", key, ref.version_id or ""), object=ref, size=len(content)
    )
    run = serialize(upload, pipeline.store, models(), pipeline.options, pipeline.clock, run=RUN)
    pipeline.classify(run)
    done = pipeline.filter(run)

    assert done.counts.model_dump() == {"records": 3, "accepted": 1, "review": 1, "invalid": 1}
    written = pipeline.store.keys("results")
    assert [found for found in written if not OWN.fullmatch(found)] == []
    assert all(upload.upload_id in found.split("/") for found in written)
    result = Result.model_validate_json(pipeline.store.content(done.result))
    assert result.upload.object.key == key
    # A mail names the file only where the stack allows it, and on one line.
    assert key not in report(result, done.result, file_name=False).body
    (line,) = [
        line
        for line in report(result, done.result, file_name=True).body.split("\n")
        if line.startswith("File ")
    ]
    assert line.isprintable()
    assert len(line) == len("File       ") + len(key)


def test_every_key_has_an_id_of_its_own():
    ids = {upload_id("uploads", f"inbox/moods/{name}", "v1") for name in KEYS}
    assert len(ids) == len(KEYS)
    assert all(re.fullmatch(r"[0-9a-f]{32}", found) for found in ids)


FOLDERS = ["..", ".", "a b", "a+b", "%25", "%2e%2e", "é", "-rf", "n" * 1_000, "moods\x00", "a\nb"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_that_names_no_process_opens_none(folder):
    key = f"inbox/{folder}/a.csv"
    assert requested_process(key, {}, "moods") == folder
    pipeline = Run()
    ref = pipeline.store.add("uploads", key, b"note\nglad 0.9\n")
    upload = Upload(upload_id="0" * 32, object=ref, size=10)
    with pytest.raises(ProcessUnknownError):
        serialize(upload, pipeline.store, models(), pipeline.options, pipeline.clock)
    assert pipeline.store.keys("results") == []


@pytest.mark.parametrize("key", ["inbox//a.csv", "inbox/a.csv", "inbox/", "inbox//", "a.csv"])
def test_a_key_without_a_folder_takes_the_default(key):
    assert requested_process(key, {}, "moods") == "moods"


def test_the_layout_is_made_of_ids_alone():
    for layout in (RunPaths("results", "0" * 32), RunPaths("results", "0" * 32, RUN)):
        names = [layout.definition, layout.manifest, layout.chunk(7), layout.scored(7)]
        names += [layout.scored(7, Part(first=500, records=250)), layout.tally(7)]
        names += [layout.result("moods"), *(layout.outcome("moods", found) for found in Outcome)]
        names += [layout.filtered(7, found) for found in Outcome]
        assert len({found.key for found in names}) == len(names)
        assert all(OWN.fullmatch(found.key) for found in names)
