"""A run through the real steps, with a meter that counts: what result.json and the e-mail say."""

import json

import pytest

from tests.fakes.processes import MODEL, models
from tests.unit.core.steps.test_steps import RUN, UPLOAD_ID, Run, judge_for
from winnow.models import (
    ChunkTally,
    FilterChunk,
    Part,
    Result,
    RunCost,
    ScoredHeader,
    Serialized,
    StepUnits,
    Upload,
)
from winnow.steps.classify import classify
from winnow.steps.filter import filter_chunk, filter_run
from winnow.steps.notification import report
from winnow.steps.serialize import serialize
from winnow.storage.paths import RunPaths

TABLE = "case_id,note\n" + "".join(f"{n},glad 0.9\n" for n in range(5))


class Counter:
    """Each reading is a call that used so many milliseconds and the PUTs that are named."""

    def __init__(self, ms: int) -> None:
        self.ms = ms
        self.readings = 0

    def __call__(self, *, puts: int = 0, gets: int = 0) -> StepUnits:
        self.readings += 1
        ms = self.ms * self.readings
        return StepUnits(calls=1, ms=ms, mb_ms=ms * 1_024, s3_puts=puts, s3_gets=gets)


class MeteredRun(Run):
    """The pipeline, with what each call used."""

    meter = Counter(1_000)

    def serialize(self, content: str, key: str = "inbox/moods/a.csv", **given: str) -> Serialized:
        ref = self.store.add("uploads", key, content.encode(), **given)
        upload = Upload(upload_id=UPLOAD_ID, object=ref, size=len(content))
        return serialize(
            upload, self.store, models(), self.options, self.clock, run=RUN, meter=Counter(10)
        )

    def classify(self, run: Serialized) -> None:
        for task in self.tasks(run):
            classify(task, self.store, judge_for, MODEL, self.clock, meter=self.meter)

    def tallies(self, run: Serialized) -> list[ChunkTally]:
        return [
            ChunkTally.model_validate_json(self.store.content(RunPaths.of(task).tally(task.chunk)))
            for task in self.tasks(run)
        ]


def test_a_run_s_units_equal_the_sum_of_its_chunks_and_its_own():
    pipeline = MeteredRun(chunk_records=2)
    pipeline.meter = Counter(1_000)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    filters = Counter(100)
    for task in pipeline.tasks(run):
        whole = (Part(first=0, records=task.records),)
        filter_chunk(
            FilterChunk(task=task, parts=whole), pipeline.store, pipeline.clock, meter=filters
        )
    done = filter_run(
        run, pipeline.store, "results", pipeline.clock, meter=filters, region="us-east-1"
    )
    result = Result.model_validate_json(pipeline.store.content(done.result))
    units, tallies = result.units, pipeline.tallies(run)
    assert units is not None
    assert len(tallies) == 3
    measured = [tally.units for tally in tallies]
    assert units.classify == sum((one.classify for one in measured if one), StepUnits())
    assert units.classify.ms == 1_000 + 2_000 + 3_000
    last = StepUnits(calls=1, ms=400, mb_ms=400 * 1_024, s3_puts=1, s3_gets=1)
    assert units.filter == sum((one.filter for one in measured if one), last)
    assert units.serialize == run.units
    assert result.cost is not None
    assert result.cost == RunCost.model_validate_json(done.cost or "")
    assert result.cost.usd > 0


def test_a_chunk_that_is_judged_and_filtered_again_is_counted_once():
    pipeline = MeteredRun(chunk_records=100)
    pipeline.meter = Counter(1_000)
    run = pipeline.serialize(TABLE)
    (task,) = pipeline.tasks(run)
    whole = (Part(first=0, records=task.records),)
    for _ in range(2):
        pipeline.classify(run)
        filter_chunk(
            FilterChunk(task=task, parts=whole), pipeline.store, pipeline.clock, meter=Counter(1)
        )
    for _ in range(2):
        done = filter_run(
            run, pipeline.store, "results", pipeline.clock, meter=Counter(1), region="us-east-1"
        )
    units = Result.model_validate_json(pipeline.store.content(done.result)).units
    assert units is not None
    assert (units.classify.calls, units.classify.ms) == (1, 2_000)  # the second, which replaced it
    assert units.filter.calls == 2


def test_a_run_whose_chunks_were_judged_by_a_version_that_measured_nothing_tells_no_cost():
    pipeline = Run(chunk_records=2)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    done = pipeline.filter(run, meter=Counter(1), region="us-east-1")
    result = json.loads(pipeline.store.content(done.result))
    assert (result["units"], result["cost"], done.cost) == (None, None, None)
    assert "Cost" not in done.mail.body


def test_a_run_on_arm_is_told_the_prices_of_arm():
    told = {}
    for processors in ("x86_64", "aarch64"):
        pipeline = MeteredRun(chunk_records=100)
        pipeline.meter = Counter(1_000)
        run = pipeline.serialize(TABLE)
        pipeline.classify(run)
        (task,) = pipeline.tasks(run)
        whole = FilterChunk(task=task, parts=(Part(first=0, records=task.records),))
        filter_chunk(whole, pipeline.store, pipeline.clock, meter=Counter(1))
        done = filter_run(
            run,
            pipeline.store,
            "results",
            pipeline.clock,
            meter=Counter(1),
            region="us-east-1",
            processors=processors,
        )
        told[processors] = RunCost.model_validate_json(done.cost or "")
    # A second with one GB.
    less = told["x86_64"].steps["classify"] - told["aarch64"].steps["classify"]
    assert less == pytest.approx(0.0000033333, abs=1e-9)
    assert told["x86_64"].steps["workflow"] == told["aarch64"].steps["workflow"]


@pytest.mark.parametrize(("region", "least"), [("us-east-1", False), ("eu-central-1", True)])
def test_the_mail_says_what_the_run_cost_and_whether_a_price_is_missing(region: str, least: bool):
    pipeline = MeteredRun(chunk_records=100)
    pipeline.meter = Counter(1_000)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    (task,) = pipeline.tasks(run)
    whole = (Part(first=0, records=task.records),)
    filter_chunk(
        FilterChunk(task=task, parts=whole), pipeline.store, pipeline.clock, meter=Counter(1)
    )
    done = filter_run(
        run, pipeline.store, "results", pipeline.clock, meter=Counter(1), region=region
    )
    (line,) = [line for line in done.mail.body.splitlines() if line.startswith("Cost")]
    assert region in line
    assert ("at least" in line) is least
    result = Result.model_validate_json(pipeline.store.content(done.result))
    assert line in report(result, done.result, file_name=False).body


def test_a_header_of_before_has_no_units():
    pipeline = Run(chunk_records=100)
    run = pipeline.serialize(TABLE)
    pipeline.classify(run)
    (task,) = pipeline.tasks(run)
    header = ScoredHeader.model_validate_json(pipeline.store.content(task.scored).splitlines()[0])
    assert header.units is None
