"""Where a run keeps things in the results bucket.

No part of an uploaded key is used: a path is made of our own ids and names only.
"""

import hashlib

from winnow.models import ChunkTask, ObjectRef, Outcome, Part, RunRef

JSON = "application/json"
JSON_LINES = "application/x-ndjson"
JPEG = "image/jpeg"
ARRAYS = "application/octet-stream"

SHADOW = "shadow/"
"""Where second stacks write that judge beside the first, each in a folder of its release."""

SQUARE_SIDE = 224
SQUARE_BYTES = SQUARE_SIDE * SQUARE_SIDE * 3
"""A picture as it is judged: rows of pixels, three bytes each (RGB)."""


class RunPaths:
    """The object names of one run: its work under `runs/`, its results under `results/`."""

    def __init__(
        self, bucket: str, upload_id: str, run: RunRef | None = None, prefix: str = ""
    ) -> None:
        """Without a run (one that began before runs had ids) the work is kept by upload.

        Args:
            prefix: Of every key: where a second stack writes that judges beside the first; else
                empty.
        """
        self._bucket = bucket
        self._prefix = prefix
        self._upload_id = upload_id
        self._folder = f"runs/{upload_id}/{run.id}" if run else f"runs/{upload_id}"

    @classmethod
    def of(cls, task: ChunkTask) -> "RunPaths":
        """That of a chunk's run."""
        return cls(task.scored.bucket, task.upload_id, task.run, prefix_of(task.scored))

    def _ref(self, key: str) -> ObjectRef:
        return ObjectRef(bucket=self._bucket, key=self._prefix + key)

    def _work(self, name: str) -> ObjectRef:
        return self._ref(f"{self._folder}/{name}")

    @property
    def definition(self) -> ObjectRef:
        """The process definition, as the JSON of its shapes."""
        return self._work("definition.json")

    @property
    def head_card(self) -> ObjectRef:
        """The model card of the trained head, where the process has one."""
        return self._work("head.json")

    @property
    def head_arrays(self) -> ObjectRef:
        """What that head computes with."""
        return self._work("head.npz")

    @property
    def manifest(self) -> ObjectRef:
        """A ChunkTask a line."""
        return self._work("manifest.jsonl")

    def chunk(self, number: int) -> ObjectRef:
        """A SourceLine a line: what Serialize makes of the file."""
        return self._work(f"chunks/{number:06d}.jsonl")

    def squares(self, number: int) -> ObjectRef:
        """What is judged of a chunk's pictures: SQUARE_BYTES for each of its records, in order."""
        return self._work(f"chunks/{number:06d}.rgb")

    def scored(self, number: int, part: Part | None = None) -> ObjectRef:
        """The same chunk, or a part of it, with its judgements.

        A ScoredHeader, then a ScoredLine a line.
        """
        name = f"{number:06d}" + (f"-{part.first:06d}-{part.records:06d}" if part else "")
        return self._work(f"scored/{name}.jsonl")

    def filtered(self, number: int, outcome: Outcome) -> ObjectRef:
        """A chunk's records of one outcome: a ResultRecord a line. None of them: no object."""
        return self._work(f"filtered/{number:06d}/{outcome}.jsonl")

    def tally(self, number: int) -> ObjectRef:
        """What was counted in a chunk: a ChunkTally."""
        return self._work(f"filtered/{number:06d}/tally.json")

    def result(self, process_id: str) -> ObjectRef:
        """result.json: a Result."""
        return self._ref(f"results/{process_id}/{self._upload_id}/result.json")

    def picture(self, process_id: str, number: int) -> ObjectRef:
        """What people see of a page or a picture: `SourceLocation.picture` is its number."""
        return self._ref(f"results/{process_id}/{self._upload_id}/pages/{number}.jpg")

    def outcome(self, process_id: str, outcome: Outcome) -> ObjectRef:
        """accepted.jsonl, review.jsonl or invalid.jsonl: a ResultRecord a line."""
        return self._ref(f"results/{process_id}/{self._upload_id}/{outcome}.jsonl")

    def vectors(self, process_id: str) -> ObjectRef:
        """vectors.bin: the vectors of all records."""
        return self._ref(f"results/{process_id}/{self._upload_id}/vectors.bin")


def prefix_of(work: ObjectRef) -> str:
    """The prefix of a run, from any of the objects of its work.

    >>> prefix_of(ObjectRef(bucket="results", key="shadow/0a1b/runs/27fe/1-0/manifest.jsonl"))
    'shadow/0a1b/'
    >>> prefix_of(ObjectRef(bucket="results", key="runs/27fe/1-0/manifest.jsonl"))
    ''
    """
    return work.key.partition("runs/")[0]


def scored_of(task: ChunkTask, part: Part) -> ObjectRef:
    """Where the judgements of a part are stored; for the whole chunk, where the manifest says."""
    if part.records == task.records:
        return task.scored
    return RunPaths.of(task).scored(task.chunk, part)


def vectors_of(task: ChunkTask, part: Part) -> ObjectRef:
    """Where the vectors of a part are stored, beside its judgements."""
    scored = scored_of(task, part)
    return scored.model_copy(update={"key": scored.key.removesuffix(".jsonl") + ".bin"})


def dispatch_state(bucket: str) -> ObjectRef:
    """The dispatch state: runs started from the queue. Only Dispatch may write this prefix."""
    return ObjectRef(bucket=bucket, key="dispatch/book.json")


def sweep_state(bucket: str) -> ObjectRef:
    """The sweep's state, under a prefix that no other function may write or read."""
    return ObjectRef(bucket=bucket, key="sweep/state.json")


class ReviewPaths:
    """The object names of an upload's reviews, beside its results, and of what people type."""

    def __init__(self, bucket: str, process_id: str, upload_id: str) -> None:
        self._bucket = bucket
        self._upload_id = upload_id
        self._folder = f"results/{process_id}/{upload_id}"

    def _ref(self, key: str) -> ObjectRef:
        return ObjectRef(bucket=self._bucket, key=key)

    @property
    def result(self) -> ObjectRef:
        """result.json. While it is there, the records of the upload are."""
        return self._ref(f"{self._folder}/result.json")

    @property
    def definition(self) -> ObjectRef:
        """process.json: the definition that the run was judged by, kept as long as its results."""
        return self._ref(f"{self._folder}/process.json")

    @property
    def reviewed(self) -> ObjectRef:
        """reviewed.jsonl: the decisions that hold now, one line for each decided record."""
        return self._ref(f"{self._folder}/reviewed.jsonl")

    @property
    def counts(self) -> ObjectRef:
        """review.json: the counts of the upload's reviews."""
        return self._ref(f"{self._folder}/review.json")

    def note(self, record: int, version: int, digest: str) -> ObjectRef:
        """A person's note to a decision; `version` is the record's when it was written."""
        return self._ref(f"notes/{self._upload_id}/{record:010d}/{version:06d}-{digest}.json")

    def judged(self, record: int, run: str) -> ObjectRef:
        """The line of a record as a run had judged it, once a later run has written results.

        It is kept beside the record's notes, and erased with them. `run` is when the run started.
        """
        digest = hashlib.sha256(run.encode()).hexdigest()[:16]
        return self._ref(f"notes/{self._upload_id}/{record:010d}/judged-{digest}.json")

    def draft(self, user_digest: str, record: int) -> ObjectRef:
        """A note that a person has not sent yet."""
        return self._ref(f"drafts/{user_digest}/{self._upload_id}/{record:010d}.json")


def prediction(bucket: str, process_id: str, prediction_id: str) -> ObjectRef:
    """A prediction: a StoredPrediction."""
    return ObjectRef(bucket=bucket, key=f"{predictions(process_id)}{prediction_id}.json")


def predictions(process_id: str) -> str:
    """The prefix of the keys of a process's predictions."""
    return f"predictions/{process_id}/"
