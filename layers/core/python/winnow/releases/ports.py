"""What live precision needs from outside: where observations and bounds are kept."""

from collections.abc import Iterator
from typing import Protocol

from winnow.models import ShadowCounts
from winnow.releases.models import Observation, VersionWatch
from winnow.reviews.models import RecordKey


class LiveStore(Protocol):
    """Observations and bounds of versions. Reads are consistent.

    Raises AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def watch(self, process: str, version: str) -> VersionWatch | None:
        """The bounds of a version; None: none of its records was audited yet."""
        ...

    def observation(self, process: str, version: str, key: RecordKey) -> Observation | None:
        """What was found of a record; None: nothing yet."""
        ...

    def observations(self, process: str, version: str) -> Iterator[Observation]:
        """All that was found of a version's records, in any order."""
        ...

    def keep_differences(
        self, process: str, challenger: str, run: str, counts: ShadowCounts
    ) -> None:
        """Keep what champion and challenger made of a run's records; again is no more than once.

        Args:
            process: Id of the process.
            challenger: The challenger's sha256, whichever of the two decided.
            run: The upload and its run.
            counts: What was counted.
        """
        ...

    def differences(self, process: str, challenger: str) -> ShadowCounts | None:
        """What champion and challenger made of the same records; None: nothing was counted."""
        ...

    def keep(
        self,
        watch: VersionWatch,
        seen: int | None,
        observation: Observation | None = None,
        replaced: int | None = None,
    ) -> bool:
        """Write bounds, and an observation if one is given: both or neither.

        False, and nothing is written, if either is no longer what was read.

        Args:
            watch: As it is to be.
            seen: The revision that was read; None: there was none.
            observation: As it is to be.
            replaced: The `event` of the observation that was read; None: there was none.
        """
        ...
