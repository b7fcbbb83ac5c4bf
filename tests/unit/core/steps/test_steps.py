"""Serialize, Classify and Filter over one store, as the workflow runs them."""

import io
import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes.processes import MODEL, SayingJudge, models, vector_of
from tests.fakes.store import MemoryStore
from winnow.errors import (
    ConfidenceThresholdNotMetError,
    FileEmptyError,
    NoRecordsError,
    ObjectGoneError,
    ProcessUnknownError,
    RunSupersededError,
    StoredDataInvalidError,
    ThresholdRefusedError,
    ThresholdTooLowError,
)
from winnow.heads.card import HeadFiles
from winnow.models import (
    ChunkTask,
    FilterChunk,
    Filtered,
    ObjectRef,
    Part,
    Result,
    RunRef,
    Serialized,
    Upload,
)
from winnow.processes.schema import parse_definition_json
from winnow.steps.classify import classify
from winnow.steps.filter import filter_chunk, filter_run
from winnow.steps.serialize import SerializeOptions, serialize
from winnow.storage.paths import RunPaths
from winnow.storage.vectors import load_vectors

UPLOAD_ID = "0" * 31 + "1"
RUN = RunRef(id="1-0123456789ab", attempt=1, started_at="2026-11-26T09:30:00.000Z")


class Run:
    """The pipeline over a memory store, with a clock that ticks a second a look."""

    def __init__(self, run: RunRef | None = RUN, **options: object) -> None:
        self.store = MemoryStore()
        self.run = run
        self.options = SerializeOptions(results_bucket="results", **options)
        self._ticks = itertools.count()

    def clock(self) -> float:
        return float(next(self._ticks))

    def serialize(self, content: str, key: str = "inbox/moods/a.csv", **metadata: str):
        ref = self.store.add("uploads", key, content.encode(), **metadata)
        upload = Upload(upload_id=UPLOAD_ID, object=ref, size=len(content))
        return serialize(upload, self.store, models(), self.options, self.clock, run=self.run)

    def tasks(self, run: Serialized) -> list[ChunkTask]:
        lines = self.store.content(run.manifest).splitlines()
        return [ChunkTask.model_validate_json(line) for line in lines]

    def classify(self, run: Serialized) -> None:
        for task in self.tasks(run):
            classify(task, self.store, judge_for, MODEL, self.clock)

    def filter(self, run: Serialized, **options: Any):
        """As the workflow does: chunk by chunk, where the run has an id, and then as a whole."""
        for task in self.tasks(run) if run.run else ():
            self.filter_chunk(task, Part(first=0, records=task.records))
        return filter_run(run, self.store, "results", self.clock, **options)

    def filter_chunk(self, task: ChunkTask, *parts: Part):
        return filter_chunk(FilterChunk(task=task, parts=parts), self.store, self.clock)

    def results(self) -> list[str]:
        return [key for key in self.store.keys("results") if key.startswith("results/")]

    def lines(self, process: str, name: str) -> list[dict]:
        ref = ObjectRef(bucket="results", key=f"results/{process}/{UPLOAD_ID}/{name}.jsonl")
        return [json.loads(line) for line in self.store.content(ref).splitlines()]


def judge_for(
    definition: bytes, head: HeadFiles | None = None, references: object = None
) -> SayingJudge:
    return SayingJudge(parse_definition_json(definition))


TABLE = "case_id,age,note\nA,1,glad 0.9\nB,2,sad 0.55\nC,3,\nD,4,sad 0.6\n"


@pytest.mark.parametrize("run_ref", [RUN, None], ids=["by chunk", "begun before runs had ids"])
@pytest.mark.parametrize("chunk_records", [1, 2, 3, 100])
def test_every_record_ends_in_one_outcome_whatever_the_chunks(chunk_records, run_ref):
    pipeline = Run(run_ref, chunk_records=chunk_records)
    run = pipeline.serialize(TABLE)
    assert (run.records, run.chunks) == (4, -(-4 // chunk_records))
    pipeline.classify(run)
    done = pipeline.filter(run)

    assert done.counts.model_dump() == {"records": 4, "accepted": 2, "review": 1, "invalid": 1}
    accepted = pipeline.lines("moods", "accepted")
    assert [(line["source_id"], line["decision"]["value"]) for line in accepted] == [
        ("A", "glad"),
        ("D", "sad"),
    ]
    assert accepted[0]["fields"] == {"age": "1"}
    assert [line["text"] for line in accepted] == ["glad 0.9", "sad 0.6"]
    assert accepted[0]["line"] == 2
    (review,) = pipeline.lines("moods", "review")
    assert (review["source_id"], review["code"], review["calibrated"]) == (
        "B",
        "below_threshold",
        False,
    )
    (invalid,) = pipeline.lines("moods", "invalid")
    assert (invalid["line"], invalid["source_id"], invalid["code"]) == (4, "C", "text_empty")


def test_results_say_when_their_file_came_and_when_they_were_there():
    pipeline = Run()
    pipeline.store.stored = datetime(2026, 11, 26, 9, 29, 58, tzinfo=UTC)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    done = pipeline.filter(run, now=lambda: 1_795_685_402.5)
    result = Result.model_validate_json(pipeline.store.content(done.result))
    assert result.dropped_at == "2026-11-26T09:29:58.000Z"
    assert result.finished_at == "2026-11-26T09:30:02.500Z"


def vectors(pipeline: Run, done: Filtered) -> dict[int, bytes] | None:
    result = Result.model_validate_json(pipeline.store.content(done.result))
    if result.vectors is None:
        return None
    return dict(load_vectors(io.BytesIO(pipeline.store.content(result.vectors))))


@pytest.mark.parametrize("run_ref", [RUN, None], ids=["by chunk", "begun before runs had ids"])
@pytest.mark.parametrize("chunk_records", [1, 3, 100])
def test_results_have_a_vector_of_each_judged_record(chunk_records, run_ref):
    pipeline = Run(run_ref, chunk_records=chunk_records)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    texts = {1: "glad 0.9", 2: "sad 0.55", 4: "sad 0.6"}
    assert vectors(pipeline, pipeline.filter(run)) == {
        record: vector_of(text) for record, text in texts.items()
    }


def test_parts_of_a_chunk_bring_their_vectors():
    pipeline = Run()
    run = pipeline.serialize("note\n" + "".join(f"glad 0.{n}\n" for n in (6, 7, 8)))
    (task,) = pipeline.tasks(run)
    parts = [Part(first=0, records=2), Part(first=2, records=1, skip=True)]
    judged_in(pipeline, task, *parts)
    pipeline.filter_chunk(task, *parts)
    done = filter_run(run, pipeline.store, "results", pipeline.clock)
    assert vectors(pipeline, done) == {n: vector_of(f"glad 0.{5 + n}") for n in (1, 2)}


def test_results_of_no_judged_record_have_no_vectors():
    pipeline = Run()
    run = pipeline.serialize("note,x\n,1\n,2\n")
    pipeline.classify(run)
    assert vectors(pipeline, pipeline.filter(run)) is None


def test_scores_of_a_version_that_kept_no_vectors_are_joined_without():
    pipeline = Run(chunk_records=2)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    first = pipeline.tasks(run)[0].scored
    header, *lines = pipeline.store.content(first).splitlines(keepends=True)
    old = {name: value for name, value in json.loads(header).items() if name != "vectors"}
    pipeline.store.put(first, json.dumps(old).encode() + b"\n" + b"".join(lines), "")
    assert vectors(pipeline, pipeline.filter(run)) == {4: vector_of("sad 0.6")}


def test_a_run_that_an_older_version_began_ends_without_the_time_of_its_drop():
    pipeline = Run()
    pipeline.store.stored = datetime(2026, 11, 26, tzinfo=UTC)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    before = Serialized.model_validate(run.model_dump(exclude={"dropped_at"}))
    done = pipeline.filter(before, now=lambda: 0.0)
    assert Result.model_validate_json(pipeline.store.content(done.result)).dropped_at is None


def test_scores_of_the_version_before_are_filtered_without_their_text():
    """A run that began before an update has scored chunks that hold no text."""
    pipeline = Run()
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    for task in pipeline.tasks(run):
        lines = [json.loads(line) for line in pipeline.store.content(task.scored).splitlines()]
        for line in lines:
            line.pop("text", None)
            line.pop("places", None)
        body = "".join(json.dumps(line) + "\n" for line in lines)
        pipeline.store.put(task.scored, body.encode(), "application/x-ndjson")
    assert pipeline.filter(run).counts.accepted == 2
    assert not [line for line in pipeline.lines("moods", "accepted") if "text" in line]


def test_the_result_names_what_judged_and_the_mail_what_came_of_it():
    pipeline = Run()
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    done = pipeline.filter(run)
    result = Result.model_validate_json(pipeline.store.content(done.result))
    assert result.model == MODEL
    assert (result.process.id, result.process.version) == ("moods", "1.0.0")
    assert (result.threshold, result.threshold_from) == (0.6, "process")
    assert result.decisions == {"glad": 1, "sad": 2}
    assert result.upload.object.version_id == "v1"
    assert result.timings.classify_s > 0
    assert done.mail.subject == "Winnow moods: 2 accepted, 1 to review, 1 invalid"
    assert f"s3://results/results/moods/{UPLOAD_ID}/" in done.mail.body
    assert "a.csv" not in done.mail.body
    assert "inbox/moods/a.csv" in pipeline.filter(run, mail_file_names=True).mail.body


def test_a_code_names_a_process_and_the_upload_s_threshold_wins():
    run = Run(threshold=0.2).serialize("note\nglad 1\n", "inbox/77/x.csv", threshold="0.3")
    assert (run.process.id, run.threshold, run.threshold_from) == ("moods", 0.3, "upload")


def test_the_mail_says_who_set_the_threshold():
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({}, {}, "The threshold of 0.6 is the process's own."),
        ({"threshold": 0.2}, {}, "The threshold of 0.2 is set by the stack."),
        ({"threshold": 0.2}, {"threshold": "0.3"}, "The threshold of 0.3 is set by the sender."),
    ]
    for options, metadata, said in cases:
        pipeline = Run(**options)
        run = pipeline.serialize(TABLE, **metadata)
        pipeline.classify(run)
        assert said in pipeline.filter(run).mail.body


def test_a_sender_s_threshold_that_may_not_count_fails_before_anything_is_written():
    for sender, error in (("higher", ThresholdTooLowError), ("refused", ThresholdRefusedError)):
        pipeline = Run(sender_threshold=sender)
        with pytest.raises(error):
            pipeline.serialize(TABLE, threshold="0")
        assert not pipeline.store.keys("results")
    run = Run(sender_threshold="any").serialize(TABLE, threshold="0")
    assert (run.threshold, run.threshold_from) == (0.0, "upload")


def test_a_newer_version_does_not_change_the_run():
    pipeline = Run()
    old = pipeline.store.add("uploads", "inbox/moods/a.csv", b"note\nglad 1\n")
    pipeline.store.add("uploads", "inbox/moods/a.csv", b"note\nsad 1\nsad 1\n")
    upload = Upload(upload_id=UPLOAD_ID, object=old, size=1)
    run = serialize(upload, pipeline.store, models(), pipeline.options, pipeline.clock)
    assert (run.records, run.upload.object.version_id) == (1, "v1")


def test_no_part_of_the_key_is_a_path():
    pipeline = Run()
    run = pipeline.serialize(TABLE, "inbox/moods/../../secret name.csv")
    pipeline.classify(run)
    pipeline.filter(run)
    keys = pipeline.store.keys("results")
    assert keys
    assert not [key for key in keys if "secret" in key or ".." in key]


def test_poison_is_one_invalid_record_among_many():
    pipeline = Run()
    rows = ["glad 0.9"] * 50 + ["poison"] + ["sad 0.9"] * 49
    run = pipeline.serialize("note\n" + "\n".join(rows))
    pipeline.classify(run)
    assert pipeline.filter(run).counts.accepted == 99
    (invalid,) = pipeline.lines("moods", "invalid")
    assert (invalid["record"], invalid["code"]) == (51, "judging_failed")


def test_nothing_accepted_fails_where_the_process_demands_it_and_loses_nothing():
    pipeline = Run()
    run = pipeline.serialize("note\nglad 0.5\n", "inbox/strict/x.csv")
    pipeline.classify(run)
    with pytest.raises(ConfidenceThresholdNotMetError):
        pipeline.filter(run)
    assert len(pipeline.lines("strict", "review")) == 1


@pytest.mark.parametrize(
    ("content", "key", "error"),
    [
        ("", "inbox/moods/a.csv", FileEmptyError),
        ("note\n", "inbox/moods/a.csv", NoRecordsError),
        ("note\na\n", "inbox/nothing/a.csv", ProcessUnknownError),
        ("note\na\n", "inbox/a.csv", ProcessUnknownError),
    ],
)
def test_what_a_file_as_a_whole_can_lack(content, key, error):
    with pytest.raises(error):
        Run().serialize(content, key)


def test_a_deleted_object_is_gone():
    missing = Upload(
        upload_id=UPLOAD_ID, object=ObjectRef(bucket="uploads", key="x", version_id="v9"), size=1
    )
    pipeline = Run()
    with pytest.raises(ObjectGoneError):
        serialize(missing, pipeline.store, models(), pipeline.options, pipeline.clock)


@pytest.mark.parametrize("run_ref", [RUN, None], ids=["by chunk", "begun before runs had ids"])
@pytest.mark.parametrize(
    "damage", ["drop line", "drop chunk", "half a line", "other run", "other chunk"]
)
def test_a_damaged_intermediate_object_is_never_passed_over(damage, run_ref):
    pipeline = Run(run_ref, chunk_records=2)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    scored = pipeline.tasks(run)[0].scored
    content = pipeline.store.content(scored)
    if damage == "drop line":
        content = b"\n".join(content.splitlines()[:-1]) + b"\n"
    elif damage == "half a line":
        content = content[:-20]
    elif damage == "drop chunk":
        content = b""
    elif damage == "other chunk":
        content = pipeline.store.content(pipeline.tasks(run)[1].scored)
    else:
        content = content.replace(b'"version":"1.0.0"', b'"version":"1.0.1"', 1)
    pipeline.store.put(scored, content, "")
    with pytest.raises(StoredDataInvalidError):
        pipeline.filter(run)
    assert not pipeline.results()


def test_a_run_that_lost_records_leaves_no_results():
    """The sum of all chunks is known only when the last of them has been read."""
    pipeline = Run()
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    with pytest.raises(StoredDataInvalidError, match="4 records were scored where 5 were read"):
        pipeline.filter(run.model_copy(update={"records": 5}))
    assert not pipeline.results()


def test_a_model_that_changes_during_a_run_is_told_and_not_the_last_one_named():
    pipeline = Run(chunk_records=2)
    run = pipeline.serialize(TABLE)
    first, second = pipeline.tasks(run)
    classify(first, pipeline.store, judge_for, MODEL, pipeline.clock)
    deployed = MODEL.model_copy(update={"version": "1", "sha256": "1" * 64})
    classify(second, pipeline.store, judge_for, deployed, pipeline.clock)
    with pytest.raises(StoredDataInvalidError, match="The model changed during the run"):
        pipeline.filter(run)
    assert not pipeline.results()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("tally.json", lambda content: content[:-9]),
        ("tally.json", lambda content: content.replace(b'"accepted":1', b'"accepted":2')),
        ("tally.json", lambda content: content.replace(b'"chunk":0', b'"chunk":1')),
        ("tally.json", lambda content: content.replace(b'"version":"1.0.0"', b'"version":"2"')),
        ("accepted.jsonl", lambda content: content[:-1]),
        ("tally.json", None),
        ("accepted.jsonl", None),
    ],
)
def test_what_was_filtered_of_a_chunk_is_counted_again_at_the_end(name, damage):
    pipeline = Run(chunk_records=2)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    for task in pipeline.tasks(run):
        pipeline.filter_chunk(task, Part(first=0, records=task.records))
    key = f"runs/{UPLOAD_ID}/{RUN.id}/filtered/000000/{name}"
    ref = ObjectRef(bucket="results", key=key)
    content = pipeline.store.content(ref)
    if damage is None:
        pipeline.store.delete(ref)
    else:
        assert damage(content) != content
        pipeline.store.put(ref, damage(content), "")
    with pytest.raises(StoredDataInvalidError):
        filter_run(run, pipeline.store, "results", pipeline.clock)
    assert not pipeline.results()


# -- parts of a chunk ----------------------------------------------------------------------------


def judged_in(pipeline: Run, task: ChunkTask, *parts: Part) -> None:
    """Each part judged on its own, as after a worker's death."""
    for part in parts:
        given = task.model_copy(update={"part": part})
        classify(given, pipeline.store, judge_for, MODEL, pipeline.clock)


def test_a_chunk_judged_in_parts_is_the_chunk_with_one_invalid_record():
    pipeline = Run()
    run = pipeline.serialize("case_id,note\n" + "".join(f"C{n},glad 0.9\n" for n in range(8)))
    (task,) = pipeline.tasks(run)
    # In the order in which they were judged, which is not the file's.
    parts = [
        Part(first=4, records=4),
        Part(first=0, records=2),
        Part(first=3, records=1),
        Part(first=2, records=1, skip=True),
    ]
    judged_in(pipeline, task, *parts)
    assert pipeline.filter_chunk(task, *parts).counts.invalid == 1
    counts = filter_run(run, pipeline.store, "results", pipeline.clock).counts
    assert (counts.records, counts.accepted, counts.invalid) == (8, 7, 1)
    (invalid,) = pipeline.lines("moods", "invalid")
    assert (invalid["record"], invalid["line"], invalid["source_id"]) == (3, 4, "C2")
    assert invalid["code"] == "record_failed"
    accepted = [line["record"] for line in pipeline.lines("moods", "accepted")]
    assert accepted == [1, 2, 4, 5, 6, 7, 8]


def test_what_is_skipped_is_not_judged_and_what_was_invalid_keeps_its_reason():
    pipeline = Run()
    run = pipeline.serialize(
        '{"note": "poison"}\n{"note": " "}\n{"note": "glad 0.9"}\n', "inbox/moods/a.jsonl"
    )
    (task,) = pipeline.tasks(run)
    whole = Part(first=0, records=task.records, skip=True)
    judged_in(pipeline, task, whole)
    pipeline.filter_chunk(task, whole)
    filter_run(run, pipeline.store, "results", pipeline.clock)
    codes = [line["code"] for line in pipeline.lines("moods", "invalid")]
    assert codes == ["record_failed", "text_empty", "record_failed"]


@pytest.mark.parametrize(
    "parts",
    [
        [Part(first=0, records=2)],
        [Part(first=0, records=2), Part(first=3, records=1)],
        [Part(first=0, records=2), Part(first=1, records=3)],
        [Part(first=1, records=3)],
    ],
)
def test_parts_that_do_not_make_up_the_chunk_are_refused(parts):
    pipeline = Run()
    run = pipeline.serialize("note\n" + "glad 0.9\n" * 4)
    (task,) = pipeline.tasks(run)
    judged_in(pipeline, task, *parts)
    with pytest.raises(StoredDataInvalidError, match="do not cover it"):
        pipeline.filter_chunk(task, *parts)


def test_a_part_beyond_the_chunk_is_refused():
    pipeline = Run()
    run = pipeline.serialize("note\nglad 0.9\n")
    (task,) = pipeline.tasks(run)
    with pytest.raises(StoredDataInvalidError, match="has no records 1 to 2"):
        judged_in(pipeline, task, Part(first=1, records=2))


def test_parts_judged_by_two_models_are_told():
    pipeline = Run()
    run = pipeline.serialize("note\n" + "glad 0.9\n" * 4)
    (task,) = pipeline.tasks(run)
    halves = [Part(first=0, records=2), Part(first=2, records=2)]
    for half, model in zip(halves, [MODEL, MODEL.model_copy(update={"version": "1"})], strict=True):
        given = task.model_copy(update={"part": half})
        classify(given, pipeline.store, judge_for, model, pipeline.clock)
    with pytest.raises(StoredDataInvalidError, match="changed during the run"):
        pipeline.filter_chunk(task, *halves)


# -- two runs of one upload ----------------------------------------------------------------------

LATER = RunRef(id="2-ba9876543210", attempt=2, started_at="2026-11-26T10:00:00.000Z")


def two_runs() -> tuple[Run, dict[RunRef | None, Serialized]]:
    """Three runs of one upload over one store, all of them judged and filtered, none published."""
    pipeline = Run()
    runs: dict[RunRef | None, Serialized] = {}
    dropped = pipeline.store.add("uploads", "inbox/moods/a.csv", TABLE.encode())
    upload = Upload(upload_id=UPLOAD_ID, object=dropped, size=len(TABLE))
    for ref in (None, RUN, LATER):
        run = serialize(upload, pipeline.store, models(), pipeline.options, pipeline.clock, run=ref)
        pipeline.classify(run)
        for task in pipeline.tasks(run):
            pipeline.filter_chunk(task, Part(first=0, records=task.records))
        runs[ref] = run
    return pipeline, runs


def test_runs_of_one_upload_share_no_intermediate_object():
    _, runs = two_runs()
    assert len({run.manifest.key for run in runs.values()}) == 3
    assert len({run.definition.key for run in runs.values()}) == 3


@pytest.mark.parametrize("late", [RUN, None])
def test_a_late_run_writes_nothing_over_a_later_one_s_results(late):
    pipeline, runs = two_runs()
    done = filter_run(runs[LATER], pipeline.store, "results", pipeline.clock)
    before = {key: pipeline.store.content(ref(key)) for key in pipeline.results()}
    with pytest.raises(RunSupersededError):
        filter_run(runs[late], pipeline.store, "results", pipeline.clock)
    assert {key: pipeline.store.content(ref(key)) for key in pipeline.results()} == before
    assert Result.model_validate_json(pipeline.store.content(done.result)).run == LATER


def test_a_later_run_writes_over_an_earlier_one_s_results_and_names_its_own_versions():
    pipeline, runs = two_runs()
    for run in (None, RUN, LATER, LATER):
        done = filter_run(runs[run], pipeline.store, "results", pipeline.clock)
        result = Result.model_validate_json(pipeline.store.content(done.result))
        assert result.run == run
        for found in result.files.values():
            newest = pipeline.store.head(ObjectRef(bucket=found.bucket, key=found.key)).ref
            assert found == newest


def ref(key: str) -> ObjectRef:
    return ObjectRef(bucket="results", key=key)


def test_classify_refuses_a_chunk_that_is_not_the_manifest_s():
    pipeline = Run()
    run = pipeline.serialize(TABLE)
    (task,) = pipeline.tasks(run)
    with pytest.raises(StoredDataInvalidError):
        classify(
            task.model_copy(update={"records": 5}), pipeline.store, judge_for, MODEL, pipeline.clock
        )


def test_what_crosses_the_workflow_holds_no_text_and_stays_small():
    pipeline = Run(chunk_records=1)
    run = pipeline.serialize("case_id,note\n" + "SECRET,glad 0.9\n" * 50)
    pipeline.classify(run)
    done = pipeline.filter(run)
    for shape in (run, done, *pipeline.tasks(run)):
        text = shape.model_dump_json()
        assert "SECRET" not in text
        assert len(text) < 2_000
    tally = pipeline.store.content(RunPaths.of(pipeline.tasks(run)[0]).tally(0))
    assert b"SECRET" not in tally
