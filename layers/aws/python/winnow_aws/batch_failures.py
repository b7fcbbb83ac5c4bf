"""What a function answers of a batch: the messages, or records of a stream, that failed."""

from collections.abc import Iterable
from typing import Self

from winnow.models import FrozenModel


class Failure(FrozenModel):
    """One that is given to the function again."""

    itemIdentifier: str  # noqa: N815 - Lambda's name


class BatchReport(FrozenModel):
    """A base of reports: those that are not named have succeeded."""

    batchItemFailures: tuple[Failure, ...] = ()  # noqa: N815 - Lambda's name

    def with_failed(self, ids: Iterable[str]) -> Self:
        """The same report, with these as failed."""
        failures = tuple(Failure(itemIdentifier=each) for each in ids)
        return self.model_copy(update={"batchItemFailures": failures})
