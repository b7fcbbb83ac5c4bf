"""The events are what the models say, and tell of one upload."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from tests.template.expand import ROOT, expand, read
from winnow.models import (
    ChunkTask,
    DecodePicture,
    DrawPages,
    FilterChunk,
    FilterInput,
    ScanInput,
    Serialized,
    SerializeInput,
)
from winnow.processes.registry import ProcessRegistry
from winnow.recovery.report import SweepInput
from winnow.registry.files import (
    DEFINITION,
    HEAD_ARRAYS,
    HEAD_CARD,
    VersionPaths,
    references_name,
    version_sha256,
)
from winnow.registry.trainings import TrainInput
from winnow.steps.digest import DigestInput
from winnow.steps.dispatch import DispatchInput
from winnow.steps.upload import requested_process, upload_id
from winnow.storage.paths import RunPaths
from winnow_aws.custom_resource import ResourceEvent
from winnow_aws.search_events import SearchInput

REFERENCES = references_name("litert")
SHAPES: dict[str, type[BaseModel]] = {
    "serialize": SerializeInput,
    "scan": SerializeInput,
    "scan_draw": DrawPages,
    "scan_decode": DecodePicture,
    "classify": ChunkTask,
    "filter": Serialized,
    "filter_chunk": FilterChunk,
    "sweep": SweepInput,
    "dispatch": DispatchInput,
    "digest": DigestInput,
    "train": TrainInput,
    "search": SearchInput,
}


# Events that AWS makes: of an HTTP API, a run's end, a custom resource, a queue, and a topic.
OF_AWS = ("api", "queue", "publish", "index", "notify")


def event(name: str) -> Any:
    return json.loads((ROOT / "events" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", SHAPES)
def test_an_event_is_exactly_its_model(name: str):
    given = event(name)
    read = SHAPES[name].model_validate(given)
    # Of a search only what is asked is sent.
    whole = read.model_dump(mode="json", exclude_defaults=name == "search")
    assert whole == given


def test_every_event_is_listed_and_every_listed_event_is_there():
    page = (ROOT / "events" / "README.md").read_text("utf-8")
    for path in (ROOT / "events").glob("*.json"):
        assert f"| `{path.name}` |" in page
    assert len(list((ROOT / "events").glob("*.json"))) == page.count(".json` |")


def test_every_function_has_an_event():
    functions = [
        resource["Metadata"]["DockerBuildTarget"]
        for resource in read()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    assert sorted(functions) == sorted(
        {*SHAPES, *OF_AWS} - {"filter_chunk", "scan_draw", "scan_decode"}
    )
    assert all(event(name) for name in OF_AWS)


@pytest.mark.parametrize("name", ["filter", "filter_chunk"])
def test_filter_tells_a_chunk_from_a_run(name: str):
    given = event(name)
    assert type(FilterInput.model_validate(given).root) is SHAPES[name]


@pytest.mark.parametrize("name", ["scan", "scan_draw", "scan_decode"])
def test_scan_tells_what_it_is_asked(name: str):
    assert type(ScanInput.model_validate(event(name)).root) is SHAPES[name]


@pytest.mark.parametrize("name", ["sweep", "dispatch", "digest"])
def test_a_function_gets_what_its_schedule_sends(name: str):
    schedule = expand()["Resources"][f"{name.capitalize()}Schedule"]
    assert event(name) == json.loads(schedule["Properties"]["Target"]["Input"])


def test_all_events_are_about_one_upload():
    dropped = event("s3_object_created")["detail"]
    upload = SerializeInput.model_validate(event("serialize")).upload
    assert upload.object.model_dump() == {
        "bucket": dropped["bucket"]["name"],
        "key": dropped["object"]["key"],
        "version_id": dropped["object"]["version-id"],
    }
    assert upload.size == dropped["object"]["size"]
    assert upload.upload_id == upload_id(
        dropped["bucket"]["name"], dropped["object"]["key"], dropped["object"]["version-id"]
    )
    assert event("scan") == event("serialize"), "Scan is asked what Serialize was"
    run = Serialized.model_validate(event("filter"))
    draw = DrawPages.model_validate(event("scan_draw"))
    assert (draw.upload, draw.process) == (upload, run.process.id)
    task = ChunkTask.model_validate(event("classify"))
    assert run.upload == upload
    assert task.upload_id == upload.upload_id
    assert FilterChunk.model_validate(event("filter_chunk")).task == task
    ids = SerializeInput.model_validate(event("serialize")).run
    assert ids is not None
    assert ids == run.run == task.run
    assert (task.process, task.threshold) == (run.process, run.threshold)
    layout = RunPaths(run.manifest.bucket, upload.upload_id, ids)
    assert run.manifest == layout.manifest
    assert (task.source, task.scored) == (layout.chunk(task.chunk), layout.scored(task.chunk))
    assert (task.records, task.definition, task.head) == (run.records, run.definition, run.head)
    assert run.head is not None
    assert run.version == task.version
    assert run.version is not None
    sha256 = version_sha256(run.process.sha256, run.head.sha256)
    assert run.version.sha256 == sha256
    files = VersionPaths(run.definition.bucket, run.process.id, sha256)
    assert task.references is not None
    of_version = (run.definition, run.head.card, run.head.arrays, task.references.object)
    for ref, name in zip(of_version, (DEFINITION, HEAD_CARD, HEAD_ARRAYS, REFERENCES), strict=True):
        assert ref.version_id, "what the item names, not what lies there now"
        assert ref.model_copy(update={"version_id": None}) == files.file(name)
    assert json.loads(event("stopped")["detail"]["input"]) == event("s3_object_created")


def test_the_upload_asks_for_a_process_that_ships():
    run = Serialized.model_validate(event("filter"))
    asked = requested_process(run.upload.object.key, {}, "")
    assert asked
    shipped = ProcessRegistry.from_directory(ROOT / "processes").find(asked)
    assert (shipped.id, shipped.kind) == (run.process.id, run.process.kind)


def test_the_custom_resource_s_event_is_one():
    asked = ResourceEvent.model_validate(event("publish"))
    assert (
        expand()["Resources"][asked.LogicalResourceId]["Type"] == event("publish")["ResourceType"]
    )
