"""An evaluation as one HTML page: words first, then plots; it loads nothing.

The page itself is report.html.j2.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from jinja2 import Environment, StrictUndefined, Template

from winnow.models import Evidence
from winnow_train.comparison import Contest, SideBySide
from winnow_train.data import LabelledRow
from winnow_train.measure import Comparison, Evaluation, SliceMetrics
from winnow_train.mistakes import Cause, CriterionMetrics, Mistake
from winnow_train.plots import confusion_plot, reliability_plot, risk_coverage_plot
from winnow_train.training_set import Counts

MAX_LABELS = 30
"""Up to so many labels the confusion matrix is drawn; beyond, the worst confusions are listed."""
MAX_CONFUSIONS = 20
MAX_MISTAKES = 300
"""Mistakes on the page; `--mistakes` writes all of them."""


class DoubtfulLabel(Protocol):
    """A row whose label is probably wrong."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def likely(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def likely_probability(self) -> float: ...


class BlamedStatement(Protocol):
    """A statement of the definition behind wrong decisions."""

    @property
    def criterion(self) -> str: ...
    @property
    def statement(self) -> str | None: ...
    @property
    def verdict(self) -> str: ...
    @property
    def needed(self) -> str: ...
    @property
    def mistakes(self) -> int: ...


@dataclass(frozen=True)
class RetrainingView:
    """What the page shows of a challenger beside its evaluation."""

    outcome: str
    challenger: str
    champion: str
    contest: Contest
    sentence: str
    notes: Sequence[str]
    counts: Counts
    doubtful: Sequence[DoubtfulLabel]
    doubtful_in_all: int
    statements: Sequence[BlamedStatement]


def page(
    evaluation: Evaluation,
    data: str,
    other: Evaluation | None = None,
    comparison: Comparison | None = None,
    drifts: Sequence[dict[str, Any]] = (),
    title: str = "",
    names: Mapping[str, str] = MappingProxyType({}),
    *,
    mistakes: Sequence[Mistake] = (),
    criteria: Sequence[CriterionMetrics] = (),
    retraining: RetrainingView | None = None,
) -> str:
    """The page, complete; `names` are what people call the labels, by their ids.

    With the mistakes it has texts of the data.
    """
    labels = [names.get(label, label) for label in evaluation.labels]
    many = len(labels) > MAX_LABELS
    return _template().render(
        evaluation=evaluation,
        data=data,
        title=title,
        cards=_cards(evaluation),
        retraining=_retraining(retraining, names) if retraining else None,
        comparison=_comparison(evaluation, other, comparison) if other and comparison else None,
        plots={
            "reliability": reliability_plot(evaluation),
            "risk": risk_coverage_plot(evaluation, other),
            "confusion": None if many else confusion_plot(evaluation, labels),
        },
        confusions=_confusions(evaluation, labels) if many else [],
        labels=_labels(evaluation, names),
        weakest_first=many,
        slices=[
            (column, [_slice(part) for part in parts])
            for column, parts in evaluation.parts.items()
            if column
        ],
        drifts=[_drift(run) for run in drifts],
        mistakes=[_mistake(mistake, names) for mistake in mistakes[:MAX_MISTAKES]],
        mistakes_in_all=len(mistakes),
        criteria=criteria,
        criteria_labelled=any(metric.labelled for metric in criteria),
    )


@cache
def _template() -> Template:
    source = Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(source)


def _retraining(view: RetrainingView, names: Mapping[str, str]) -> dict[str, Any]:
    found = view.contest
    sides = (found.challenger, found.champion)
    counts = view.counts
    return {
        "style": {"better": "good", "worse": "bad"}.get(view.outcome, "note"),
        "sentence": view.sentence,
        "notes": view.notes,
        "heads": ["", f"challenger {view.challenger}", f"champion {view.champion}"],
        "rows": [
            ("right", *(f"{side.accuracy:.1%}" for side in sides)),
            ("calibration error", *(f"{side.ece:.3f}" for side in sides)),
            ("accepted", *(f"{side.accepted:.1%}" for side in sides)),
            ("right among the accepted", *(_share(side.precision) for side in sides)),
            ("at least", *(_share(side.precision_lower) for side in sides)),
            (
                "held-out reviews accepted, right of these",
                *(f"{side.accepted_rows:,}, {side.right_rows:,}" for side in sides),
            ),
            ("at least", *(_share(side.rows_precision_lower) for side in sides)),
        ],
        "records": f"{found.records:,.0f}",
        "reviews": f"{found.rows:,}",
        "mcnemar": f"{found.only_challenger_right:,} times the challenger alone is right, "
        f"{found.only_champion_right:,} times the champion alone (p = {found.mcnemar_p:.2g})",
        "stake": f"{found.stake:.3g}",
        "gain": f"{100 * found.gain:+.2f} per 100 records (p = {found.gain_p:.2g})",
        "counts": [
            ("rows of files that the champion was trained on", f"{counts.from_files:,}"),
            ("reviews", f"{counts.reviews:,}"),
            ("of these new", f"{counts.new_reviews:,}"),
            ("of these blind", f"{counts.blind:,}"),
            ("trained on", f"{counts.trained:,}"),
            ("held out", f"{counts.held_out:,}"),
            ("different texts, near copies counted once", f"{counts.texts:,}"),
        ],
        "slices": [(name, [_both(part) for part in parts]) for name, parts in found.slices.items()],
        "doubtful": [
            (
                row.id,
                names.get(row.label, row.label),
                names.get(row.likely, row.likely),
                f"{row.probability:.2f}",
                f"{row.likely_probability:.2f}",
            )
            for row in view.doubtful
        ],
        "doubtful_in_all": view.doubtful_in_all,
        "statements": [
            (
                part.criterion,
                part.statement or "(nothing was heard)",
                part.verdict,
                part.needed,
                f"{part.mistakes:,}",
            )
            for part in view.statements
        ],
    }


def _both(part: SideBySide) -> tuple[str, ...]:
    return (
        part.name,
        f"{part.rows:,}",
        *(f"{value:.1%}" for value in part.accuracy),
        *(
            f"{accepted:,}" + (f" ({good / accepted:.1%})" if accepted else "")
            for accepted, good in zip(part.accepted, part.right, strict=True)
        ),
        *(_share(bound) for bound in part.bound),
    )


def _cards(evaluation: Evaluation) -> list[tuple[str, str]]:
    whole = evaluation.whole
    bound = "" if whole.bound is None else f" (with 95% confidence at least {whole.bound:.1%})"
    calibrated = "calibrated" if evaluation.calibration else "not calibrated"
    cards = [
        (f"{evaluation.accuracy:.1%}", f"right over all {evaluation.rows:,} records"),
        (
            f"{whole.coverage:.1%}",
            f"decided without a person, at the threshold of {evaluation.threshold:g}",
        ),
        (
            "none accepted" if whole.precision is None else f"{whole.precision:.1%}",
            f"right among those{bound}",
        ),
        (
            f"{evaluation.ece * 100:.1f} points",
            f"mean gap between confidence and truth ({calibrated})",
        ),
    ]
    if evaluation.unknown:
        recognised = evaluation.unknown_recognised / evaluation.unknown
        cards.append(
            (
                f"{recognised:.1%}",
                f"of {evaluation.unknown:,} records with unknown labels recognised as out of "
                f"scope; {evaluation.unknown_accepted:,} accepted by mistake",
            )
        )
    return cards


def _comparison(
    evaluation: Evaluation, other: Evaluation, comparison: Comparison
) -> dict[str, Any]:
    significant = comparison.p_value < 0.05
    better = comparison.only_first_right > comparison.only_second_right
    sides = (evaluation, other)
    return {
        "versions": [
            f"{side.version}, {f'head {side.head}' if side.head else 'no head'}" for side in sides
        ],
        "rows": [
            ("accuracy", *(f"{side.accuracy:.1%}" for side in sides)),
            ("macro F1", *(f"{side.macro_f1:.3f}" for side in sides)),
            ("calibration error", *(f"{side.ece:.3f}" for side in sides)),
            ("accepted", *(f"{side.whole.coverage:.1%}" for side in sides)),
            ("right among the accepted", *(_share(side.whole.precision) for side in sides)),
        ],
        "style": ("good" if better else "bad") if significant else "note",
        "verdict": (
            "The difference in accuracy is real" if significant else "The difference may be chance"
        ),
        "counts": f"{comparison.only_first_right:,} records only the first decides rightly, "
        f"{comparison.only_second_right:,} only the second "
        f"(McNemar p = {comparison.p_value:.2g}).",
    }


def _confusions(evaluation: Evaluation, labels: Sequence[str]) -> list[tuple[str, str, str]]:
    """The most frequent: the true label, the decided one, how many records."""
    counts = sorted(
        (
            (count, labels[row], labels[column])
            for row, decided in enumerate(evaluation.confusion)
            for column, count in enumerate(decided)
            if row != column and count
        ),
        reverse=True,
    )
    return [(truth, decided, f"{count:,}") for count, truth, decided in counts[:MAX_CONFUSIONS]]


def _mistake(mistake: Mistake, names: Mapping[str, str]) -> dict[str, Any]:
    pieces = [cause.evidence for cause in mistake.causes if cause.evidence is not None]
    return {
        "row": f"{mistake.row.record:,}",
        "decided": names.get(mistake.decided, mistake.decided),
        "label": mistake.row.named,
        "confidence": f"{mistake.confidence:.2f}",
        "accepted": mistake.accepted,
        "bad": mistake.wrong_met,
        "picture": _data_url(mistake.row),
        "parts": _marked(mistake.row.text, pieces),
        "causes": [_cause(cause) for cause in mistake.causes],
        "together": mistake.together,
    }


def _data_url(row: LabelledRow) -> str | None:
    """A picture's thumbnail, to stand in the page itself."""
    if row.picture is None:
        return None
    return "data:image/jpeg;base64," + base64.b64encode(row.picture.thumbnail).decode()


def _cause(cause: Cause) -> dict[str, Any]:
    evidence = cause.evidence
    return {
        "criterion": cause.criterion,
        "title": cause.title,
        "said": cause.verdict,
        "needed": cause.needed,
        "evidence": evidence.text if evidence else None,
        "supports": bool(evidence and evidence.polarity == "supports"),
        "similarity": f"{evidence.similarity:.2f}" if evidence else "",
        "reference": evidence.reference if evidence else None,
    }


def _marked(text: str, pieces: Sequence[Evidence]) -> list[tuple[str, str]]:
    """The text in parts, each with the class of its mark: `pro`, `con`, or none."""
    parts: list[tuple[str, str]] = []
    at = 0
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if piece.start < at or piece.end > len(text):
            continue
        mark = "pro" if piece.polarity == "supports" else "con"
        parts += [(text[at : piece.start], ""), (text[piece.start : piece.end], mark)]
        at = piece.end
    return [part for part in (*parts, (text[at:], "")) if part[0]]


def _labels(evaluation: Evaluation, names: Mapping[str, str]) -> list[tuple[str, ...]]:
    accepted = {part.name: part for part in evaluation.parts[""]}
    shown = evaluation.by_label
    if len(shown) > MAX_LABELS:
        shown = sorted(shown, key=lambda metric: metric.f1)
    return [
        (
            names.get(metric.label, metric.label),
            f"{metric.known:,}",
            _share(metric.precision),
            _share(metric.recall),
            f"{metric.f1:.3f}",
            f"{accepted[metric.label].accepted:,}" if metric.label in accepted else "0",
            _share(accepted[metric.label].precision) if metric.label in accepted else "",
        )
        for metric in shown
    ]


def _slice(part: SliceMetrics) -> tuple[str, ...]:
    return (
        part.name,
        f"{part.rows:,}",
        f"{part.accuracy:.1%}",
        f"{part.coverage:.1%}",
        _share(part.precision),
        _share(part.bound),
    )


def _drift(run: dict[str, Any]) -> tuple[str, ...]:
    differences = run["drift"] or {}
    cells = (
        f"{part['distance']:.3f}{' (drift)' if part['drifted'] else ''}" if part else ""
        for part in (
            differences.get(name) for name in ("scores", "decisions", "embeddings", "review")
        )
    )
    return (run["upload"][:12], f"{run['records']:,}", *cells)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
