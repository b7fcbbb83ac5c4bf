"""A training that is told: whatever comes of it is kept and sent by e-mail."""

from collections.abc import Callable
from dataclasses import dataclass

from winnow.errors import (
    ProcessUnknownError,
    TrainingDiedError,
    TrainingRunningError,
    WinnowError,
)
from winnow.heads.card import HeadCard
from winnow.ports import Mailer
from winnow.processes.loader import load_definition
from winnow.processes.schema import LabelsProcess
from winnow.registry.files import DEFINITION_YAML, HEAD_CARD
from winnow.registry.ports import TrainingLog
from winnow.registry.trainings import (
    EndedTraining,
    TrainingOutcome,
    failed,
    is_due,
)
from winnow.registry.verified import read_verified
from winnow.releases import mails
from winnow_train.publishing import Stack, retrain_and_publish
from winnow_train.retrain import TrainingReport
from winnow_train.size import Need, need_of
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
    may_repeat: bool = True,
    options: Options = DEFAULTS,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
    page: Callable[[bytes], None] = lambda _: None,
) -> TrainingReport:
    """Train a process, and tell what came of it: also that it failed, and why.

    What kept it from beginning is not told: that it is being trained already, or that nothing was
    published for it. Arguments and errors are those of `retrain_and_publish`; `run` is the holder,
    and with `may_repeat` a lease of it is one of an attempt that died.

    Raises:
        TrainingDiedError: The attempt of the same name before this one ended without an answer.
    """
    decisions = stack.reviews.totals_of_process(process).decisions
    if may_repeat and stack.lease.holder(process) == run:
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
    may_repeat: bool = True,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> TrainingReport | None:
    """Train a process that people made `every` new decisions of; None: it is not due any more.

    Two decisions at the same time may ask for the same training: the second one finds it done, or
    under way.
    """
    if not is_due_again(process, stack, telling, every):
        return None
    try:
        return train_and_tell(
            process, stack, telling, by,
            run=run, may_repeat=may_repeat, workers=workers, report=report,
        )  # fmt: skip
    except TrainingRunningError:
        return None


def is_due_again(process: str, stack: Stack, telling: Telling, every: int) -> bool:
    """Whether people made `every` new decisions of a process since its last training."""
    entry = stack.models.registry.entry(process)
    if entry is None:
        return False
    decisions = stack.reviews.totals_of_process(process).decisions
    return is_due(entry, telling.log.last(process), decisions, every, stack.reviews.began())


def refuse(
    process: str, stack: Stack, telling: Telling, by: str, *, run: str, error: WinnowError
) -> None:
    """Tell that a training was not tried, and why."""
    decisions = stack.reviews.totals_of_process(process).decisions
    _tell(telling, failed(process, run, by, stack.at(stack.clock()), error, decisions))


def expected_need(process: str, stack: Stack) -> Need:
    """What a training of a process is expected to take.

    Rows are the champion's of files, and the decisions of people.

    Raises:
        ProcessUnknownError: Nothing was published for it.
        VersionAlteredError: A file of its champion is not what was published.
    """
    registry, store = stack.models.registry, stack.models.store
    entry = registry.entry(process)
    if entry is None:
        raise ProcessUnknownError(f"No version of {process} was published.")
    version = registry.version(process, entry.champion)
    text = read_verified(store, version, DEFINITION_YAML).decode("utf-8-sig")
    definition = load_definition(text, DEFINITION_YAML, published=True)
    labels = len(definition.labels) if isinstance(definition, LabelsProcess) else 3
    rows = 0
    if version.data is not None:
        rows = sum(part.rows for part in version.data.parts if part.kind == "file")
    elif version.head_sha256 is not None:
        card = HeadCard.model_validate_json(read_verified(store, version, HEAD_CARD))
        rows = card.data.rows
    decisions = stack.reviews.totals_of_process(process).decisions
    return need_of(rows + decisions, labels, strengths=1 if version.head_sha256 else 2)


def _tell(telling: Telling, ended: EndedTraining) -> None:
    """Send the e-mail first: a training that is kept as ended was told."""
    telling.mailer.send(mails.trained(ended, telling.page_url))
    telling.log.keep(ended)
