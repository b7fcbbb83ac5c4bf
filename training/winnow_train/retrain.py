"""From a champion and what people decided to a challenger, measured against it.

Values in, values out: who calls this resolves the champion and publishes what came of it. A report
tells a mail, a page or a terminal what happened; nothing in it is text of a record.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits

from winnow.models import FrozenModel
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.schema import CriteriaProcess, LabelsProcess, ProcessDefinition
from winnow.registry.files import version_sha256
from winnow.registry.models import VersionMetrics
from winnow.registry.training_rows import TrainingRow
from winnow_train.challenger import Challenger, fit_challenger
from winnow_train.comparison import Contest, Estimate, Outcome, contest, withheld
from winnow_train.decisions import Decisions, decide
from winnow_train.html_report import RetrainingView, page
from winnow_train.label_noise import doubtful
from winnow_train.measure import Comparison, Evaluation, measured
from winnow_train.mistakes import (
    CriterionMetrics,
    Mistake,
    criterion_metrics,
    mistakes_of,
)
from winnow_train.reviews import Reviews
from winnow_train.training_set import (
    DEFAULTS,
    Champion,
    Counts,
    Options,
    Prepared,
    labelled_data,
    of_labels,
    prepare,
)

MAX_DOUBTFUL = 500
"""Rows of doubtful labels that are listed."""
MAX_STATEMENTS = 50
_UNUSABLE = "rows without text or number, or too long"
_UNUSABLE_PICTURES = "pictures of which nothing was kept to train with"
_NONE_LOST = (
    "It has lost what the champion learned of pictures of none of the labels, and would accept "
    "more pictures of other things: their rows were not kept. Train a head on the pictures anew, "
    "publish it with `--data`, so that its rows are kept, then train again."
)
_SEEN_UNKNOWN = (
    "Which of the reviews the champion was trained on cannot be told: its head is of a Winnow that "
    "did not keep what reviews of pictures are known by. If some are, the champion is flattered."
)
_LENGTHS = ((200, "1 to 200"), (1_000, "201 to 1,000"), (5_000, "1,001 to 5,000"))
"""Characters of a text, and what a slice of such texts is called."""


class DoubtfulRow(FrozenModel):
    """A row whose label is probably wrong."""

    id: str = Field(description="of the row: upload and record, or its place in a file")
    label: str
    likely: str = Field(description="the label that the model is confident of")
    probability: float = Field(description="of its label, by folds that had not seen it")
    likely_probability: float


class StatementMistakes(FrozenModel):
    """A statement of the definition behind wrong decisions."""

    criterion: str
    statement: str | None = Field(description="absent: nothing was heard of the criterion")
    verdict: str = Field(description="what the criterion said")
    needed: str = Field(description="what would have been right")
    mistakes: int


class TrainingReport(FrozenModel):
    """What came of a training. No text of records is in it."""

    process: str
    champion: str = Field(description="sha256 of the version that was to be beaten")
    challenger: str = Field(description="sha256 of what was trained")
    outcome: Outcome
    sentence: str
    published: bool = Field(False, description="whether it is a version of the registry now")
    metrics: VersionMetrics
    champion_metrics: VersionMetrics
    counts: Counts
    threshold: float
    guarantee: float | None
    notes: tuple[str, ...] = Field((), description="sentences on what was left out or lost")
    doubtful: int = Field(0, description="rows whose label is probably wrong")
    statements: tuple[StatementMistakes, ...] = Field(
        (), description="of a criteria process: what caused mistakes, the most frequent first"
    )


@dataclass(frozen=True)
class Retrained:
    """A challenger with all that is published with it."""

    report: TrainingReport
    challenger: Challenger
    prepared: Prepared
    contest: Contest
    doubtful: tuple[DoubtfulRow, ...]
    page: bytes
    """evaluation.html"""
    evaluation: bytes
    """evaluation.json"""


def retrain(
    champion: Champion,
    reviews: Reviews,
    encoder: Encoder | PictureEncoder,
    *,
    created: str,
    options: Options = DEFAULTS,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Retrained:
    """Train a challenger and measure it against the champion.

    Args:
        champion: What decides now.
        reviews: What people decided (`reviews.collect`).
        encoder: Makes the vectors of texts, or has made those of the pictures.
        created: When, ISO 8601: stands on the card, and in nothing that is computed.
        options: Of the training.
        workers: Processes that fit folds at the same time.
        report: Is told what is being done.

    Raises:
        ReviewsTooFewError: There are fewer reviews than a training takes.
        TrainingDataError: The rows have one label alone, or lack one of the process's.
    """
    report("sorting rows")
    prepared = prepare(champion, reviews, options)
    challenger = fit_challenger(
        champion,
        prepared,
        encoder,
        created=created,
        options=options,
        workers=workers,
        report=report,
    )
    report(f"comparing on {prepared.counts.held_out:,} held-out reviews")
    return assess(champion, challenger, prepared, encoder)


def assess(
    champion: Champion,
    challenger: Challenger,
    prepared: Prepared,
    encoder: Encoder | PictureEncoder,
) -> Retrained:
    """Measure a challenger against the champion on the rows that were held out."""
    places = prepared.held_out
    rows = [prepared.rows[i] for i in places.tolist()]
    labelled = labelled_data(champion.definition, rows, "held-out reviews").rows
    with threadpool_limits(1):
        ours = decide(challenger.definition, labelled, encoder, challenger.head, None)
        theirs = decide(champion.definition, labelled, encoder, champion.head, None)
    promise = champion.card.promise if champion.card else None
    found = contest(
        ours,
        theirs,
        (challenger.definition.threshold, champion.definition.threshold),
        np.array([row.weight for row in rows]),
        np.unique(prepared.groups[places], return_inverse=True)[1].astype(np.intp),
        promise.precision if promise else champion.definition.threshold,
        _slices(challenger.definition, rows),
    )
    if _none_lost(champion, challenger):
        found = withheld(found, _NONE_LOST)
    wrong = _doubtful(challenger, prepared)
    mistakes, criteria = _mistakes(challenger, prepared, encoder)
    statements = _statements(mistakes)
    sha256 = version_sha256(challenger.definition.info.sha256, challenger.head.sha256)
    told = TrainingReport(
        process=champion.definition.id,
        champion=champion.sha256,
        challenger=sha256,
        outcome=found.outcome,
        sentence=found.sentence,
        metrics=_metrics(found, found.challenger, champion),
        champion_metrics=_metrics(found, found.champion, None),
        counts=prepared.counts,
        threshold=challenger.definition.threshold,
        guarantee=challenger.guarantee,
        notes=_notes(champion, challenger, prepared.counts),
        doubtful=len(wrong),
        statements=statements,
    )
    evaluations = (
        measured(challenger.definition, ours, challenger.head)[0],
        measured(champion.definition, theirs, champion.head)[0],
    )
    return Retrained(
        report=told,
        challenger=challenger,
        prepared=prepared,
        contest=found,
        doubtful=wrong,
        page=_page(told, evaluations, found, wrong, criteria, challenger.definition).encode(),
        evaluation=_json(told, evaluations, found, wrong, criteria),
    )


def _slices(definition: ProcessDefinition, rows: Sequence[TrainingRow]) -> dict[str, list[str]]:
    titles = titles_of(definition)
    slices = {
        "label": [titles.get(row.label, row.label) for row in rows],
        "why it was decided": [row.kind.value if row.kind else "" for row in rows],
        "reason for review": [row.code or "(accepted)" for row in rows],
        "what the person saw": [
            "the record alone (blind)" if row.blind else "the machine's decision, too"
            for row in rows
        ],
    }
    if not definition.of_pictures:
        slices["characters"] = [_length(row.text) for row in rows]
    return slices


def titles_of(definition: ProcessDefinition) -> dict[str, str]:
    """What people call the labels of a process, by their ids."""
    if isinstance(definition, LabelsProcess):
        return {label.id: label.title or label.id for label in definition.labels}
    return {"met": "met", "not_met": "not met", "undetermined": "undetermined"}


def _length(text: str) -> str:
    return next((name for most, name in _LENGTHS if len(text) <= most), "over 5,000")


def _metrics(found: Contest, own: Estimate, champion: Champion | None) -> VersionMetrics:
    against = champion is not None
    return VersionMetrics(
        accuracy=own.accuracy,
        ece=min(1.0, own.ece),
        accepted=own.accepted,
        accepted_precision=own.precision,
        accepted_precision_lower=own.precision_lower,
        rows=found.rows,
        against=champion.sha256 if champion else None,
        champion_accuracy=found.champion.accuracy if against else None,
        mcnemar_p=found.mcnemar_p if against else None,
        better=found.outcome is Outcome.BETTER if against else None,
    )


def _doubtful(challenger: Challenger, prepared: Prepared) -> tuple[DoubtfulRow, ...]:
    fitted, labels = challenger.fitted, challenger.fitted.card.labels
    if fitted.shares is None:
        return ()
    rows = of_labels(challenger.definition, [prepared.rows[i] for i in prepared.trained.tolist()])
    known = np.array([labels.index(row.label) for row in rows], np.intp)
    return tuple(
        DoubtfulRow(
            id=rows[doubt.row].id,
            label=rows[doubt.row].label,
            likely=labels[doubt.likely],
            probability=round(doubt.given, 4),
            likely_probability=round(doubt.other, 4),
        )
        for doubt in doubtful(fitted.shares, known)
    )


def _mistakes(
    challenger: Challenger, prepared: Prepared, encoder: Encoder | PictureEncoder
) -> tuple[list[Mistake], list[CriterionMetrics]]:
    """What a criteria process decides wrongly of all reviews: its decisions are not trained."""
    definition = challenger.definition
    if not isinstance(definition, CriteriaProcess):
        return [], []
    reviewed = [row for row in prepared.rows if row.source is not None]
    with threadpool_limits(1):
        decisions: Decisions = decide(
            definition,
            labelled_data(definition, reviewed, "reviews").rows,
            encoder,
            challenger.head,
            None,
        )
    mistakes = mistakes_of(definition, decisions)
    return mistakes, criterion_metrics(definition, decisions, mistakes)


def _statements(mistakes: Sequence[Mistake]) -> tuple[StatementMistakes, ...]:
    counts = Counter(
        (
            cause.criterion,
            cause.evidence.reference if cause.evidence else None,
            cause.verdict,
            cause.needed,
        )
        for mistake in mistakes
        for cause in mistake.causes
    )
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return tuple(
        StatementMistakes(
            criterion=criterion, statement=statement, verdict=said, needed=needed, mistakes=number
        )
        for (criterion, statement, said, needed), number in ranked[:MAX_STATEMENTS]
    )


def _none_lost(champion: Champion, challenger: Challenger) -> bool:
    """Whether the champion knows pictures of no label, and the challenger none."""
    before = champion.card.data.none if champion.card else 0
    return before > 0 and challenger.fitted.card.data.none == 0


def _notes(champion: Champion, challenger: Challenger, counts: Counts) -> tuple[str, ...]:
    """Sentences on what people should know beside the verdict."""
    notes = []
    if counts.champion_rows_missing:
        notes.append(
            "The rows that the champion was trained on were not kept: the challenger was trained "
            "on reviews alone."
        )
    if _none_lost(champion, challenger):
        notes.append(_NONE_LOST)
    if challenger.guarantee_lost and champion.card and champion.card.promise:
        wanted = champion.card.promise.precision
        notes.append(
            f"No threshold could be shown to keep the guarantee of {wanted:.1%}: the challenger "
            f"has the champion's threshold and no guarantee. {challenger.reviewed:,} reviewed "
            "records (reviews and audits; rows of files and corrections say nothing of live "
            "records) are too few for it, none of them was audited, or too many are decided "
            f"wrongly. Name the guarantee when you release it (`--guarantee {wanted:g}`): audits "
            "then decide."
        )
    if counts.label_gone:
        some = ", ".join(counts.labels_gone[:5])
        notes.append(
            f"Left out: {counts.label_gone:,} rows of labels that the definition no longer has "
            f"({some})."
        )
    if counts.seen_unknown:
        notes.append(_SEEN_UNKNOWN)
    of_pictures = champion.definition.of_pictures
    left_out = (
        (counts.cannot_tell, "reviews that could not be decided"),
        (counts.results_gone, "reviews whose results have expired"),
        (counts.erased, "rows that were erased"),
        (counts.taken_back, "rows whose decision was taken back"),
        (counts.unusable, _UNUSABLE_PICTURES if of_pictures else _UNUSABLE),
        (counts.between, "rows that are near copies of rows on both sides"),
        (counts.seen_by_champion, "held-out rows that the champion was trained on"),
    )
    notes += [f"Left out: {number:,} {what}." for number, what in left_out if number]
    return tuple(notes)


def _page(
    told: TrainingReport,
    evaluations: tuple[Evaluation, Evaluation],
    found: Contest,
    wrong: Sequence[DoubtfulRow],
    criteria: Sequence[CriterionMetrics],
    definition: ProcessDefinition,
) -> str:
    return page(
        evaluations[0],
        "held-out reviews",
        evaluations[1],
        Comparison(found.only_challenger_right, found.only_champion_right, found.mcnemar_p),
        title=f"{definition.title}: a challenger",
        names=titles_of(definition),
        criteria=criteria,
        retraining=RetrainingView(
            outcome=found.outcome.value,
            challenger=told.challenger[:12],
            champion=told.champion[:12],
            contest=found,
            sentence=told.sentence,
            notes=told.notes,
            counts=told.counts,
            doubtful=wrong[:MAX_DOUBTFUL],
            doubtful_in_all=len(wrong),
            statements=told.statements,
        ),
    )


def _json(
    told: TrainingReport,
    evaluations: tuple[Evaluation, Evaluation],
    found: Contest,
    wrong: Sequence[DoubtfulRow],
    criteria: Sequence[CriterionMetrics],
) -> bytes:
    document = {
        "format": 1,
        "report": told.model_dump(mode="json", exclude={"published"}),
        "comparison": found.document(),
        "challenger": evaluations[0].document(),
        "champion": evaluations[1].document(),
        "criteria": [asdict(metric) for metric in criteria],
        "doubtful_labels": [row.model_dump() for row in wrong[:MAX_DOUBTFUL]],
    }
    return (json.dumps(document, indent=1) + "\n").encode()
