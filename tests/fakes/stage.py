"""A whole stack in memory for the API: the shipped processes, sample uploads, a queue, users.

Results are made by the real steps; only the encoder is a fake, unless another one is given.
"""

import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.fakes.encoder import FakeEncoder
from tests.fakes.live import MemoryAlarms, MemoryGolden, MemoryLive, MemoryTrainer
from tests.fakes.picture_encoder import FakePictureEncoder
from tests.fakes.registry import MemoryRegistry
from tests.fakes.reviews import MemoryReviews
from tests.fakes.searching import ResultSearcher
from tests.fakes.store import MemoryStore
from winnow.errors import ObjectGoneError, WinnowError
from winnow.judging import build_judge
from winnow.judging.pictures import picture_judge
from winnow.judging.text.vectors import text_vector
from winnow.limits.reading import ReadLimits
from winnow.models import (
    ChunkTask,
    DecodedSquare,
    DrawPages,
    EncodedSquare,
    EncodeSquare,
    FilterChunk,
    JudgedSquare,
    JudgeSquare,
    ObjectRef,
    Part,
    Result,
    RunRef,
    Upload,
)
from winnow.ports import Encoder, Judge, PictureEncoder
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import LabelsProcess, parse_definition_json
from winnow.readers import PageReader
from winnow.recovery.upload_row import UploadRow
from winnow.registry.folder import FolderModels
from winnow.registry.models import DeployedCode, PinnedVersion
from winnow.reviews.enqueue import enqueue
from winnow.reviews.queueing import Queued, Shares
from winnow.steps.classify import classify, judge_square
from winnow.steps.encode import encode_square
from winnow.steps.filter import filter_chunk, filter_run
from winnow.steps.serialize import SerializeOptions, serialize
from winnow.steps.upload import upload_id
from winnow.storage.paths import JSON, ReviewPaths
from winnow_api.api import Api
from winnow_api.call import iso
from winnow_api.page import SignIn, WebPage
from winnow_api.ports import Claimed, Form
from winnow_api.services import Judging, ProcessJudge, Services
from winnow_ocr.squares import decode_pictures, decode_square

ROOT = Path(__file__).parents[2]
RESULTS, UPLOADS = "results", "uploads"
NEW_YEAR = 1_767_225_600.0
"""2026-01-01T00:00:00Z"""


class Clock:
    """A clock that stands until it is moved, or that goes on from where the real one is."""

    def __init__(self, now: float | None = NEW_YEAR) -> None:
        self._fixed = now
        self._offset = 0.0

    def __call__(self) -> float:
        return (time.time() if self._fixed is None else self._fixed) + self._offset

    def wait(self, seconds: float) -> None:
        self._offset += seconds


class MemoryObjects:
    """The API's small objects, in a MemoryStore; links lead to `base`/_s3/bucket/key."""

    def __init__(self, store: MemoryStore, base: str = "http://s3.test") -> None:
        self.store = store
        self.base = base
        self._creating = threading.Lock()

    def create(self, ref: ObjectRef, content: bytes, content_type: str) -> bool:
        with self._creating:
            try:
                self.store.head(ref)
            except ObjectGoneError:
                self.store.put(ref, content, content_type)
                return True
        return False

    def read(self, ref: ObjectRef) -> bytes:
        return self.store.content(ref)

    def read_many(self, refs: Sequence[ObjectRef]) -> list[bytes | None]:
        def read(ref: ObjectRef) -> bytes | None:
            try:
                return self.store.content(ref)
            except ObjectGoneError:
                return None

        return list(map(read, refs))

    def keys(self, bucket: str, prefix: str, after: str | None, limit: int) -> list[str]:
        keys = (key for key in self.store.keys(bucket) if key.startswith(prefix))
        return [key for key in keys if after is None or key > after][:limit]

    def delete(self, ref: ObjectRef) -> None:
        with suppress(KeyError):
            self.store.delete(ref)

    def link(self, ref: ObjectRef, seconds: int, file_name: str | None = None) -> str:
        return f"{self.base}/_s3/{ref.bucket}/{ref.key}?seconds={seconds}"

    def form(self, bucket: str, key: str, max_bytes: int, seconds: int) -> Form:
        return Form(f"{self.base}/_s3/{bucket}", {"key": key, "policy": str(max_bytes)})

    def origins(self, buckets: Sequence[str]) -> list[str]:
        return [self.base]


class MemoryKeys:
    """Idempotency keys in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def claim(self, key: str, body: str, value: str) -> Claimed:
        with self._lock:
            first = key not in self.kept
            kept_value, kept_body = self.kept.setdefault(key, (value, body))
        return Claimed(kept_value, kept_body, first)

    def has(self, key: str) -> bool:
        return key in self.kept


class MemoryUploads:
    """Rows of uploads in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, UploadRow] = {}

    def find(self, upload_id: str) -> UploadRow | None:
        return self.rows.get(upload_id)

    def newest(self, state: str, until: str | None, limit: int) -> list[UploadRow]:
        rows = sorted(
            (
                row
                for row in self.rows.values()
                if row.state == state and (until is None or row.claimed_at <= until)
            ),
            key=lambda row: row.claimed_at,
            reverse=True,
        )
        moments = {row.claimed_at for row in rows[:limit]}
        return [row for row in rows if row.claimed_at in moments]


def claims(name: str, *groups: str, expires: float = NEW_YEAR * 2, **others: Any) -> dict[str, Any]:
    """Claims of a person's access token, as the gateway passes them on."""
    return {
        "username": name,
        "token_use": "access",
        "cognito:groups": f"[{' '.join(groups)}]",
        "exp": str(int(expires)),
        **others,
    }


USERS: Mapping[str, dict[str, Any]] = {
    "reviewer": claims("ada@example.org", "reviewer"),
    "other": claims("grace@example.org", "reviewer"),
    "auditor": claims("edsger@example.org", "auditor"),
    "admin": claims("barbara@example.org", "admin"),
    "limited": claims("alan@example.org", "reviewer", "process:emotions"),
    "nobody": claims("mallory@example.org"),
    "expired": claims("late@example.org", "reviewer", expires=1),
    "program": {
        "client_id": "client1",
        "token_use": "access",
        "scope": "winnow/reviewer",
        "exp": "4102444800",
    },
}
"""Token -> claims: the token of a test is the name itself."""


@dataclass
class Stage:
    """The parts of a stack in memory."""

    encoder: Encoder = field(default_factory=FakeEncoder)
    picture_encoder: PictureEncoder = field(default_factory=FakePictureEncoder)
    processes: Path = ROOT / "processes"
    web: Path = ROOT / "web"
    clock: Clock = field(default_factory=Clock)
    base: str = "http://s3.test"
    blind_share: float = 0.0
    audit_share: float = 0.0
    ocr: PageReader | None = None

    def __post_init__(self) -> None:
        self.registry = ProcessRegistry.from_directory(self.processes)
        self.store = MemoryStore()
        self.objects = MemoryObjects(self.store, self.base)
        self.uploads = MemoryUploads()
        self.keys = MemoryKeys()
        self.reviews = MemoryReviews()
        self.models = MemoryRegistry()
        self.live = MemoryLive()
        self.alarms = MemoryAlarms()
        self.trainer = MemoryTrainer()
        self.code = DeployedCode(version="1.2.3", at=iso(NEW_YEAR))
        self.golden = MemoryGolden()
        self.logs: list[dict[str, Any]] = []
        self.drawn: list[DrawPages] = []
        """What was asked to be drawn."""
        self._judges: dict[str, Judge] = {}
        self._count = itertools.count(1)
        searcher = ResultSearcher(
            self.uploads.rows,
            self.store,
            RESULTS,
            self.clock,
            lambda text: text_vector(text, self.encoder),
        )
        self.services = Services(
            results_bucket=RESULTS,
            uploads_bucket=UPLOADS,
            registry=lambda: self.registry,
            judging=lambda: Judging(self.encoder.info, self.judged_by),
            champion=self.champion,
            pictures=lambda: self,
            objects=lambda: self.objects,
            store=lambda: self.store,
            uploads=lambda: self.uploads,
            keys=lambda: self.keys,
            reviews=lambda: self.reviews,
            models=lambda: self.models,
            live=lambda: self.live,
            alarms=lambda: self.alarms,
            trainer=lambda: self.trainer,
            code=lambda: self.code,
            golden=lambda: self.golden,
            searcher=lambda: searcher,
            page=lambda: WebPage(self.web, SignIn(self.base, "client", local=True), [self.base]),
            now=self.clock,
            monotonic=time.monotonic,
            random=lambda count: f"{next(self._count):0{2 * count}x}",
            blind_share=self.blind_share,
            audit_share=self.audit_share,
            drawer=lambda: self,
        )
        self.api = Api(self.services, self.logs.append)

    def judge(self, process: str) -> Judge:
        if process not in self._judges:
            definition = self.registry.find(process)
            head = self.registry.heads.get(process)
            if isinstance(definition, LabelsProcess) and definition.of_pictures:
                self._judges[process] = picture_judge(definition, self.picture_encoder, head)
            else:
                self._judges[process] = build_judge(definition, self.encoder, head)
        return self._judges[process]

    def judge_for(self, definition: bytes, head: object, references: object) -> Judge:
        return self.judge(parse_definition_json(definition).id)

    def judged_by(self, process: str) -> ProcessJudge:
        version = FolderModels(self.registry).resolve(process, "")
        return ProcessJudge(version.definition, self.judge(process), None, version.ref)

    def champion(self, process: str) -> PinnedVersion:
        """What judges by now, with its definition in the store, as in a registry."""
        version = FolderModels(self.registry).resolve(process, "")
        stored = ObjectRef(bucket="models", key=f"models/{process}/definition.json")
        self.store.put(stored, version.definition.model_dump_json().encode(), JSON)
        return replace(version, stored=stored)

    def draw(self, asked: DrawPages) -> None:
        """Stands for the Scan function."""
        self.drawn.append(asked)

    def decoded(self, content: bytes) -> DecodedSquare:
        """Stands for the Scan function, too."""
        return decode_square(content, ReadLimits())

    def judged(self, task: JudgeSquare) -> JudgedSquare:
        """Stands for the Classify function."""
        info = self.picture_encoder.info
        return judge_square(task, self.store, self.judge_for, info, time.monotonic)

    def encoded(self, task: EncodeSquare) -> EncodedSquare:
        """The same, of a picture that records are to be like."""
        return encode_square(task, self.picture_encoder)

    # -- uploads -----------------------------------------------------------------------------------

    def drop(self, content: bytes, key: str, *, queue: bool = True) -> UploadRow:
        """Drop a file, run it to its end, and queue what is for review."""
        ref = self.store.add(UPLOADS, key, content)
        own_id = upload_id(UPLOADS, key, ref.version_id or "")
        now = iso(self.clock())
        row = UploadRow(
            upload_id=own_id,
            state="RUNNING",
            bucket=UPLOADS,
            object_key=key,
            version_id=ref.version_id,
            size=len(content),
            claimed_at=now,
        )
        self.uploads.rows[own_id] = row
        try:
            update = self._run(Upload(upload_id=own_id, object=ref, size=len(content)), now)
        except WinnowError as error:
            update = {"state": "FAILED", "error_code": error.code, "error_message": error.message}
        row = row.model_copy(update={"ended_at": iso(self.clock() + 1), **update})
        self.uploads.rows[own_id] = row
        if queue and row.state == "SUCCEEDED":
            self.queue(row)
        return row

    def run_again(self, row: UploadRow) -> UploadRow:
        """Run an upload another time by what its process is in the folder now, and queue it."""
        self.registry = ProcessRegistry.from_directory(self.processes)
        self._judges.clear()
        self.clock.wait(3600)
        now, attempt = iso(self.clock()), row.attempt + 1
        ref = ObjectRef(bucket=UPLOADS, key=row.object_key, version_id=row.version_id)
        upload = Upload(upload_id=row.upload_id, object=ref, size=row.size)
        update = self._run(upload, now, attempt) | {"attempt": attempt, "claimed_at": now}
        row = row.model_copy(update=update)
        self.uploads.rows[row.upload_id] = row
        self.queue(row)
        return row

    def _run(self, upload: Upload, now: str, attempt: int = 1) -> dict[str, Any]:
        run = RunRef(id=f"{attempt}-0123456789ab", attempt=attempt, started_at=now)
        options = SerializeOptions(results_bucket=RESULTS)
        serialized = serialize(
            upload,
            self.store,
            FolderModels(self.registry),
            options,
            time.monotonic,
            ocr=self.ocr,
            decode=decode_pictures,
            run=run,
        )
        for line in self.store.content(serialized.manifest).splitlines():
            task = ChunkTask.model_validate_json(line)
            info = self.picture_encoder.info if task.of_pictures else self.encoder.info
            classify(task, self.store, self.judge_for, info, time.monotonic)
            chunk = FilterChunk(task=task, parts=(Part(first=0, records=task.records),))
            filter_chunk(chunk, self.store, time.monotonic)
        done = filter_run(serialized, self.store, RESULTS, time.monotonic)
        definition = self.registry.find(done.process)
        paths = ReviewPaths(RESULTS, done.process, upload.upload_id)
        self.store.put(paths.definition, definition.model_dump_json().encode(), JSON)
        return {
            "state": "SUCCEEDED",
            "process": done.process,
            "result_bucket": RESULTS,
            "result_key": done.result.key,
            **done.counts.model_dump(),
        }

    def result(self, row: UploadRow) -> Result:
        """result.json of an upload."""
        ref = ObjectRef(bucket=RESULTS, key=row.result_key or "")
        return Result.model_validate_json(self.store.content(ref))

    def queue(self, row: UploadRow, audit: float | None = None) -> Queued:
        """Put an upload into the queue as the product does when its run has ended.

        `audit` is the share of accepted records in place of the stack's.
        """
        ref = row.result_ref(RESULTS)
        assert ref is not None
        shares = Shares(self.blind_share, self.audit_share if audit is None else audit)
        drawer = self.services.drawer()
        done, _ = enqueue(ref, self.store, self.reviews, shares, self.clock, drawer)
        return done

    def sample(self) -> "Stage":
        """Drop the sample files."""
        samples = ROOT / "samples"
        for name, process in (("prior-auth-cases.csv", "L33774"), ("feelings.jsonl", "emotions")):
            self.drop((samples / name).read_bytes(), f"inbox/{process}/0a1b2c/{name}")
            self.clock.wait(60)
        self.drop(b"", "inbox/L33774/0a1b2d/empty.csv")
        self.clock.wait(60)
        return self
