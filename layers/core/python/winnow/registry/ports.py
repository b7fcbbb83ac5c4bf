"""What the registry needs from outside, and what a run asks of it."""

from typing import Protocol

from winnow.registry.models import AliasChange, ModelVersion, PinnedVersion, ProcessEntry
from winnow.registry.trainings import EndedTraining


class ModelRegistry(Protocol):
    """The table of versions and aliases. Reads are consistent.

    Raises AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def entries(self) -> tuple[ProcessEntry, ...]:
        """Every process, sorted by id."""
        ...

    def entry(self, process: str) -> ProcessEntry | None:
        """A process by its id; None: nothing was published for it."""
        ...

    def version(self, process: str, sha256: str) -> ModelVersion:
        """A version by its full sha256.

        Raises VersionUnknownError: there is none.
        """
        ...

    def versions(self, process: str) -> tuple[ModelVersion, ...]:
        """Every version of a process, the newest first."""
        ...

    def add(self, version: ModelVersion) -> bool:
        """Keep a version unless it is there already; False: it is, and stays as it was."""
        ...

    def mark_reproducible(self, process: str, sha256: str, reproducible: bool) -> None:
        """Say whether training a version again gives it; all else of a version never changes.

        Raises VersionUnknownError: there is none.
        """
        ...

    def change(self, before: ProcessEntry | None, after: ProcessEntry, change: AliasChange) -> None:
        """Replace a process's entry and add to its history: both or neither.

        `before` is the entry as it was read; None: there must be none. Its revision decides.
        Raises ReleaseConflictError if it has another one by now, unless this very change is there:
        then the answer to an earlier attempt was lost.
        """
        ...

    def history(self, process: str) -> tuple[AliasChange, ...]:
        """Every change of a process's entry, the oldest first."""
        ...


class Models(Protocol):
    """The versions that runs are judged by."""

    def resolve(self, name: str, upload_id: str) -> PinnedVersion:
        """The version that decides an upload, by the process's id or one of its codes.

        The same upload gets the same side of a canary, whenever it is asked for.
        Raises ProcessUnknownError (names the known ids), VersionUnknownError,
        VersionAlteredError, and what the registry and the store raise.
        """
        ...

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the processes, sorted."""
        ...


class TrainingLease(Protocol):
    """Who trains a process now: one at a time.

    Raises AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def take(self, process: str, holder: str, now: float, until: float) -> bool:
        """Take or lengthen the lease; False: another holder has it, and it has not expired.

        Args:
            process: Its id.
            holder: Whoever repeats an attempt has the same.
            now: Epoch seconds.
            until: When it expires.
        """
        ...

    def release(self, process: str, holder: str) -> None:
        """End one's own lease; without one, nothing happens."""
        ...

    def holder(self, process: str) -> str | None:
        """Who has the lease, or had it and has not released it; None: nobody."""
        ...

    def held_until(self, process: str) -> float | None:
        """When the lease expires, or expired if nobody has released it; None: nobody has it."""
        ...


class TrainingLog(Protocol):
    """What came of each process's last training.

    Raises AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def last(self, process: str) -> EndedTraining | None:
        """The last training; None: there was none."""
        ...

    def keep(self, ended: EndedTraining) -> None:
        """Keep it in place of the one before."""
        ...
