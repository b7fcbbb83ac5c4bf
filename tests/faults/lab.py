"""A laboratory: the state machines' own definitions over the real steps, on fakes that can break.

The interpreter is that of tests/statemachine; Serialize, Classify and Filter are the core functions
over a store in memory. Events are delivered by hand, so that they can be late, lost or double.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ministack.services import dynamodb
from pydantic import BaseModel

from tests.fakes.processes import MODEL, SayingJudge, book
from tests.fakes.store import MemoryStore
from tests.fakes.uploads import (
    BUCKET,
    MemoryInbox,
    MemoryMailer,
    MemoryRuns,
    always,
    claims_of,
    leases_of,
)
from tests.statemachine.machine import Ended, TaskError, World, function_error, running
from winnow.errors import InternalError, UploadAbandonedError, WinnowError
from winnow.models import (
    ChunkTask,
    FilterChunk,
    FilterInput,
    ObjectRef,
    Outcome,
    RunRef,
    SerializeInput,
    Upload,
)
from winnow.ports import StartOutcome
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import parse_definition_json
from winnow.recovery.ports import ClaimPage, LeasePage
from winnow.recovery.report import SweepOptions, SweepReport
from winnow.recovery.state import Claim, Lease
from winnow.recovery.status import Ages, ObjectVersion, UploadStatus
from winnow.recovery.sweep import Sweep
from winnow.recovery.upload_row import UploadRow
from winnow.registry.folder import FolderModels
from winnow.steps.classify import classify
from winnow.steps.filter import filter_chunk, filter_run
from winnow.steps.serialize import SerializeOptions, serialize
from winnow.steps.upload import upload_id
from winnow.storage.paths import RunPaths, sweep_state
from winnow_aws.rows import row_of
from winnow_aws.table import TableRuns
from winnow_cli.audit import AuditRow, audit_rows

RESULTS = "results"
GOOD = "case_id,note\nA,glad 0.9\nB,sad 0.55\nC,\n"
Hook = Callable[[Any], None]


class BreakableStore(MemoryStore):
    """A store whose objects can be lost, cut off or written over behind the pipeline's back."""

    def replace(self, ref: ObjectRef, content: bytes) -> None:
        self.add(ref.bucket, ref.key, content)

    def versions(self, bucket: str) -> Iterator[tuple[str, str, int]]:
        for (owner, key), versions in self._versions.items():
            if owner == bucket:
                for version, content, _ in versions:
                    yield key, version, len(content)


class WorldRuns:
    """The interpreter's table as the sweep and the audit see it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def every(self) -> list[UploadRow]:
        _, _, body = dynamodb._scan({"TableName": self._world.table})
        return [row_of(item) for item in json.loads(body)["Items"]]

    def by_id(self, upload_ids: list[str]) -> list[UploadRow]:
        return [row for row in self.every() if row.upload_id in upload_ids]

    def by_key(self, key: str, since: float) -> list[UploadRow]:
        return [row for row in self.every() if row.object_key == key and row.claimed_s >= since]

    def leases(self, before: float | None, after: Lease | None) -> LeasePage:
        return leases_of(self.every(), before, after)

    def claimed(self, state: str, span: tuple[float, float], after: Claim | None) -> ClaimPage:
        return claims_of(self.every(), state, span, after)

    def give_up(self, upload: Upload, stuck: UploadRow | None, error: UploadAbandonedError) -> bool:
        class Client:
            def update_item(self, **arguments: Any) -> None:
                status, _, body = dynamodb._update_item(arguments)
                assert status == 200, body

        runs = TableRuns(Client(), self._world.table, 90)  # type: ignore[arg-type]
        return runs.give_up(upload, stuck, error)


@dataclass
class Lab:
    """The system under fault."""

    world: World
    store: BreakableStore = field(default_factory=BreakableStore)
    hooks: dict[str, list[Hook]] = field(default_factory=lambda: defaultdict(list))
    """step -> what happens just before it works, one a call"""
    book: Callable[[], ProcessRegistry] = book
    chunk_records: int = 1000
    deadly: TaskError | None = None
    """how Classify's worker ends when it judges a record whose text holds the word deadly"""
    runs: dict[str, RunRef] = field(default_factory=dict)
    """upload id -> the run that serialized it last"""
    dropped: list[tuple[ObjectRef, float]] = field(default_factory=list)
    sizes: dict[ObjectRef, int] = field(default_factory=dict)
    page_size: int = 1000
    executions: dict[str, Ended] = field(default_factory=dict)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)

    # -- the steps --------------------------------------------------------------------------------

    def install(self) -> None:
        """Puts the real steps behind the workflow's calls."""
        self.world.functions.update(
            serialize=self._step("serialize", self._serialize),
            classify=self._step("classify", self._classify),
            filter=self._step("filter", self._filter),
            filter_chunk=self._step("filter_chunk", self._filter),
        )
        self.world.objects = _Reading(self.store)

    def _step(self, name: str, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(payload: Any) -> Any:
            try:
                if self.hooks[name]:
                    self.hooks[name].pop(0)(payload)
                return work(payload)
            except WinnowError as error:
                kinds = [cls.__name__ for cls in type(error).__mro__]
                kind = "RetryableError" if "RetryableError" in kinds else kinds[0]
                fault = function_error(kind, str(error))
            except TaskError as error:
                fault = error
            except Exception as error:
                fault = function_error("InternalError", str(InternalError(type(error).__name__)))
            from ministack.services import stepfunctions

            raise stepfunctions._ExecutionError(fault.error, fault.cause)

        return run

    def _serialize(self, payload: Any) -> Any:
        given = SerializeInput.model_validate(payload)
        if given.run is not None:
            self.runs[given.upload.upload_id] = given.run
        options = SerializeOptions(results_bucket=RESULTS, chunk_records=self.chunk_records)
        done = serialize(
            given.upload,
            self.store,
            FolderModels(self.book()),
            options,
            time.monotonic,
            run=given.run,
        )
        return done.model_dump(mode="json", exclude_none=False)

    def _classify(self, payload: Any) -> Any:
        task = ChunkTask.model_validate(payload)
        if self.deadly is not None and self._meets_its_end(task):
            raise self.deadly

        def judge_for(definition: bytes, *_: object) -> SayingJudge:
            return SayingJudge(parse_definition_json(definition))

        return classify(task, self.store, judge_for, MODEL, time.monotonic).model_dump(mode="json")

    def _meets_its_end(self, task: ChunkTask) -> bool:
        lines = self.store.content(task.source).splitlines()
        if (part := task.part) is not None:
            lines = [] if part.skip else lines[part.first : part.first + part.records]
        return any(b"deadly" in line for line in lines)

    def _filter(self, payload: Any) -> Any:
        match FilterInput.model_validate(payload).root:
            case FilterChunk() as chunk:
                done: BaseModel = filter_chunk(chunk, self.store, time.monotonic)
            case run:
                done = filter_run(run, self.store, RESULTS, time.monotonic)
        return done.model_dump(mode="json")

    # -- what a scenario does ---------------------------------------------------------------------

    def drop(self, content: str | bytes = GOOD, key: str = "inbox/moods/a.csv") -> Any:
        """Uploads a version; returns the event that S3 sends of it, which nobody has delivered."""
        body = content.encode() if isinstance(content, str) else content
        ref = self.store.add(BUCKET, key, body)
        self.sizes[ref] = len(body)
        self.dropped.append((ref, time.time()))
        return self.event(ref, len(body))

    @staticmethod
    def event(ref: ObjectRef, size: int) -> Any:
        return {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {
                "bucket": {"name": ref.bucket},
                "object": {"key": ref.key, "size": size, "version-id": ref.version_id},
            },
        }

    def layout(self, event: Any) -> RunPaths:
        """Where the run of an event keeps things."""
        thing = event["detail"]["object"]
        named = upload_id(BUCKET, thing["key"], thing["version-id"])
        return RunPaths(RESULTS, named, self.runs.get(named))

    def deliver(self, event: Any) -> Ended:
        """What the rules do: a run, and the failure handler where it did not end well."""
        return self.finish(self.world.start("triage", event))

    def finish(self, arn: str) -> Ended:
        ended = self.world.wait(arn)
        if ended.status != "SUCCEEDED":
            self.world.run("stopped", self.world.status_event(arn, ended.status))
        return ended

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        """The state machine as the sweep sees it: a name runs once."""
        if name in self.executions:
            return StartOutcome.ENDED
        self.executions[name] = self.deliver(event)
        return StartOutcome.STARTED

    def sweep(
        self,
        in_s: float = 1_000.0,
        *,
        days: int = 90,
        expired: bool = False,
        seconds_left: Callable[[], float] = lambda: float("inf"),
    ) -> SweepReport:
        """A sweep that takes place so many seconds from now.

        `days` is how long the stack keeps rows; `expired`: the rows that there are do not count.
        """
        options = SweepOptions(retention_days=days)
        inbox = MemoryInbox(self.versions(), page_size=self.page_size)
        runs = MemoryRuns() if expired else WorldRuns(self.world)
        sweep = Sweep(inbox, runs, self, self.mailer, options)  # type: ignore[arg-type]
        return sweep(self.store, sweep_state(RESULTS), time.time() + in_s, seconds_left)

    def versions(self) -> list[ObjectVersion]:
        return [
            ObjectVersion(ref.key, str(ref.version_id), self.sizes[ref], at)
            for ref, at in self.dropped
            if ref.key.startswith("inbox/")
        ]

    # -- what came of it --------------------------------------------------------------------------

    def audit(self, in_s: float = 0.0) -> list[AuditRow]:
        now = time.time() + in_s
        claims = WorldRuns(self.world).every()
        return audit_rows(BUCKET, self.versions(), claims, Ages(900, always(90, now)), now)

    def rows(self) -> list[dict[str, str]]:
        return [self.world.row(row.upload_id) or {} for row in WorldRuns(self.world).every()]

    def result(self, event: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.store.content(self.layout(event).result("moods")))
        return found

    def records(self, event: Any, outcome: Outcome) -> list[dict[str, Any]]:
        """The lines of an outcome, in the version that result.json names."""
        ref = ObjectRef.model_validate(self.result(event)["files"][outcome])
        return [json.loads(line) for line in self.store.content(ref).splitlines()]

    @property
    def mails(self) -> int:
        return len(self.world.mails) + len(self.mailer.mails)

    def clean(self) -> bool:
        """Whether `winnow audit` has nothing to say, and everything has ended."""
        return all(
            one.status in (UploadStatus.SUCCEEDED, UploadStatus.FAILED) for one in self.audit()
        )


class _Reading(dict[tuple[str, str], str]):
    """The Map's manifest, read from the store."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self._store = store

    def __missing__(self, name: tuple[str, str]) -> str:
        return self._store.content(ObjectRef(bucket=name[0], key=name[1])).decode()


@contextmanager
def lab() -> Iterator[Lab]:
    """A fresh one."""
    with running(World(functions={}, objects={})) as world:
        made = Lab(world)
        made.install()
        yield made
