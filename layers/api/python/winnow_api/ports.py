"""What the API needs from outside, besides core's own ports."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from winnow.models import ObjectRef
from winnow.ports import SmallObjects
from winnow.recovery.upload_row import UploadRow

if TYPE_CHECKING:
    from winnow.releases.golden import GoldenReport


class Form(NamedTuple):
    """A form that a browser or a program may send one file with, straight to S3."""

    url: str
    fields: Mapping[str, str]


class Objects(SmallObjects, Protocol):
    """Small objects of the results bucket, and links to objects."""

    def link(self, ref: ObjectRef, seconds: int, file_name: str | None = None) -> str:
        """An address that anybody may read the object at, for so long.

        With `file_name` a browser saves it under this name.
        """
        ...

    def form(self, bucket: str, key: str, max_bytes: int, seconds: int) -> Form:
        """A form for one file of at most so many bytes under this key, for so long."""
        ...

    def origins(self, buckets: Sequence[str]) -> list[str]:
        """The origins of these links and forms, for the page's content security policy."""
        ...


class UploadTable(Protocol):
    """The rows of uploads."""

    def find(self, upload_id: str) -> UploadRow | None:
        """The row of an upload, if there is one."""
        ...

    def newest(self, state: str, until: str | None, limit: int) -> list[UploadRow]:
        """The latest claimed rows of a state, newest first.

        Args:
            state: RUNNING, SUCCEEDED or FAILED.
            until: None, or the latest `claimed_at`, itself included.
            limit: How many; one moment's rows are never parted: there may be more.
        """
        ...


class Claimed(NamedTuple):
    """What an idempotency key stands for."""

    value: str
    body: str
    """sha256 of the request's body that came with it."""
    first: bool
    """Whether this call has claimed it."""


class RequestKeys(Protocol):
    """Idempotency keys, kept for a day."""

    def claim(self, key: str, body: str, value: str) -> Claimed:
        """Keep a value under a key, unless there is one: then that."""
        ...

    def has(self, key: str) -> bool:
        """Whether a value is kept under a key."""
        ...


class Bounds(Protocol):
    """What audits say of a version's precision."""

    @property
    def n(self) -> int:
        """Audited records."""
        ...

    @property
    def right(self) -> int:
        """Of these, decided rightly."""
        ...

    @property
    def lower(self) -> float: ...

    @property
    def upper(self) -> float: ...

    @property
    def estimate(self) -> float | None:
        """The precision; None before the first record."""
        ...


class Watched(Protocol):
    """A version whose accepted records are audited."""

    @property
    def precision(self) -> Bounds:
        """The bounds as they are now."""
        ...


class Counted(Protocol):
    """Records that two versions have judged."""

    @property
    def records(self) -> int: ...

    @property
    def differed(self) -> int: ...


class Audits(Protocol):
    """What was found of the versions of processes."""

    def watch(self, process: str, version: str) -> Watched | None:
        """The bounds of a version; None: none of its records was audited yet."""
        ...

    def differences(self, process: str, challenger: str) -> Counted | None:
        """What champion and challenger made of the same records; None: nothing was counted."""
        ...


class Differences(NamedTuple):
    """What champion and challenger made of the same records."""

    records: int
    differed: int


class FailedTraining(NamedTuple):
    """Why the last training changed nothing."""

    at: str
    code: str


class LiveFigures(Protocol):
    """How the versions of processes do, and whether one is being trained."""

    def precision(self, process: str, sha256: str) -> Bounds | None:
        """What audits say of a version; None: nothing yet."""
        ...

    def shadow(self, process: str, challenger: str) -> Differences | None:
        """What the challenger decides differently; None: nothing was compared."""
        ...

    def training(self, process: str) -> str | None:
        """When the training of the process has ended at the latest; None: there is none."""
        ...

    def training_failed(self, process: str) -> FailedTraining | None:
        """The last training, if it failed."""
        ...


class Alarm(Protocol):
    """An alarm that rings."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str:
        """What happened, and what to do about it."""
        ...

    @property
    def since(self) -> str:
        """ISO 8601 in UTC."""
        ...


class Alarms(Protocol):
    """The alarms of the stack."""

    def ringing(self) -> Sequence[Alarm]:
        """Those that ring now. Raises AccessDeniedError, AwsRefusedError, RetryableError."""
        ...


class Trainer(Protocol):
    """Starts trainings, and waits for none."""

    def train(self, process: str, by: str) -> None:
        """Start one. Raises AccessDeniedError, AwsRefusedError, RetryableError."""
        ...


class Golden(Protocol):
    """Judges the golden set, which the API itself may not read."""

    def judged(self, process: str, version: str, guarantee: float) -> "GoldenReport":
        """What a version makes of it. Raises AccessDeniedError, AwsRefusedError, RetryableError."""
        ...
