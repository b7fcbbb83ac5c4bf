"""A world in which everything goes well: two chunks, classified and filtered."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_socket

from tests.statemachine.engine import Engine
from tests.statemachine.machine import ROOT, World, running
from tests.statemachine.on_ministack import on_ministack
from tests.statemachine.on_moto import on_moto
from winnow.models import (
    ChunkTask,
    Classified,
    Counts,
    FilterChunk,
    Filtered,
    FilteredChunk,
    Mail,
    ObjectRef,
    Serialized,
)

RESULTS = "winnow-results"


def event(name: str) -> Any:
    return json.loads((Path(ROOT) / "events" / f"{name}.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture
def uploaded() -> Any:
    """The event of a dropped file."""
    return event("s3_object_created")


@pytest.fixture
def upload_id() -> str:
    """Its upload id."""
    return str(event("serialize")["upload"]["upload_id"])


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine() as ready:
        yield ready


@pytest.fixture(scope="session")
def journals() -> dict[str, Any]:
    """A test's name -> the journal of the interpreter that ran it first."""
    return {}


@pytest.fixture(params=["ministack", "moto"])
def interpreter(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def world(
    request: pytest.FixtureRequest, interpreter: str, journals: dict[str, Any], upload_id: str
) -> Iterator[World]:
    """Functions that keep to the contract of winnow.models, and a manifest of two chunks.

    Every test runs on both interpreters, and on both every call and every state has to be given the
    same.
    """
    template = ChunkTask.model_validate(event("classify"))
    tasks = [template.model_copy(update={"chunk": number}) for number in range(2)]
    serialized = Serialized.model_validate(event("filter")).model_copy(update={"chunks": 2})
    filtered = Filtered(
        upload_id=upload_id,
        process="L33774",
        counts=Counts(records=8, accepted=5, review=2, invalid=1),
        result=ObjectRef(bucket=RESULTS, key=f"results/L33774/{upload_id}/result.json"),
        mail=Mail(subject="Winnow L33774: 5 accepted", body="5 accepted\n"),
    )

    def classify(payload: Any) -> Any:
        task = ChunkTask.model_validate(payload)
        return Classified(chunk=task.chunk, records=task.records).model_dump()

    def filter_chunk(payload: Any) -> Any:
        task = FilterChunk.model_validate(payload).task
        counts = Counts(records=task.records, accepted=task.records)
        return FilteredChunk(chunk=task.chunk, counts=counts).model_dump()

    manifest = "".join(task.model_dump_json() + "\n" for task in tasks)
    with running(
        World(
            functions={
                "serialize": lambda _: serialized.model_dump(),
                "scan": lambda _: serialized.model_dump(),
                "classify": classify,
                "filter_chunk": filter_chunk,
                "filter": lambda payload: (
                    Serialized.model_validate(payload) and filtered.model_dump()
                ),
            },
            objects={(serialized.manifest.bucket, serialized.manifest.key): manifest},
        ),
        partial(on_moto, engine=request.getfixturevalue("engine"))
        if interpreter == "moto"
        else on_ministack,
    ) as ready:
        yield ready
        journal = ready.journal()
        assert journal == journals.setdefault(request.node.nodeid.replace(interpreter, ""), journal)
