"""A training that is told: whatever comes of it is kept and sent by e-mail."""

from collections.abc import Callable
from dataclasses import dataclass

from winnow.errors import ProcessUnknownError, TrainingDiedError, TrainingRunningError
from winnow.ports import Mailer
from winnow.registry.ports import TrainingLog
from winnow.registry.trainings import (
    EndedTraining,
    TrainingOutcome,
    failed,
    is_due,
)
from winnow.releases import mails
from winnow_train.publishing import Stack, retrain_and_publish
from winnow_train.retrain import TrainingReport
from winnow_train.training_set import DEFAULTS, Options


@dataclass(frozen=True)
class Telling:
    """Where the end of a training is told."""

    log: TrainingLog
    mailer: Mailer
    page_url: str = ""
    """Empty: the stack has no page."""


def train_and_tell(
    process: str,
    stack: Stack,
    telling: Telling,
    by: str,
    *,
    run: str,
    options: Options = DEFAULTS,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
    page: Callable[[bytes], None] = lambda _: None,
) -> TrainingReport:
    """Train a process, and tell what came of it: also that it failed, and why.

    What kept it from beginning is not told: that it is being trained already, or that nothing was
    published for it. Arguments and errors are those of `retrain_and_publish`; `run` is the holder.

    Raises:
        TrainingDiedError: The attempt of the same name before this one ended without an answer.
    """
    decisions = stack.reviews.totals_of_process(process).decisions
    if stack.models.registry.entry(process) is not None and stack.lease.holder(process) == run:
        stack.lease.release(process, run)
        error = TrainingDiedError(
            f"The training of {process} ended without an answer. It had not the time or the "
            "memory that it needed."
        )
        _tell(telling, failed(process, run, by, stack.at(stack.clock()), error, decisions))
        raise error
    try:
        told = retrain_and_publish(
            process, stack, by, holder=run, options=options, workers=workers, report=report,
            page=page,
        )  # fmt: skip
    except (ProcessUnknownError, TrainingRunningError):
        raise
    except Exception as error:
        _tell(telling, failed(process, run, by, stack.at(stack.clock()), error, decisions))
        raise
    ended = EndedTraining(
        process=process,
        run=run,
        by=by,
        at=stack.at(stack.clock()),
        outcome=TrainingOutcome(told.outcome.value),
        sentence=told.sentence,
        challenger=told.challenger if told.published else None,
        decisions=decisions,
    )
    _tell(telling, ended)
    return told


def train_if_due(
    process: str,
    stack: Stack,
    telling: Telling,
    by: str,
    *,
    run: str,
    every: int,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> TrainingReport | None:
    """Train a process that people made `every` new decisions of; None: it is not due any more.

    Two decisions at the same time may ask for the same training: the second one finds it done, or
    under way.
    """
    entry = stack.models.registry.entry(process)
    decisions = stack.reviews.totals_of_process(process).decisions
    if entry is None or not is_due(entry, telling.log.last(process), decisions, every):
        return None
    try:
        return train_and_tell(process, stack, telling, by, run=run, workers=workers, report=report)
    except TrainingRunningError:
        return None


def _tell(telling: Telling, ended: EndedTraining) -> None:
    """Send the e-mail first: a training that is kept as ended was told."""
    telling.mailer.send(mails.trained(ended, telling.page_url))
    telling.log.keep(ended)
