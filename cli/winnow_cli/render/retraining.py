"""What came of a training: the verdict, and challenger and champion side by side."""

from typing import TYPE_CHECKING

from winnow_cli.console import clean, say
from winnow_cli.render.tables import table
from winnow_cli.render.versions import guarantee_of, share, short

if TYPE_CHECKING:
    from winnow.registry.models import VersionMetrics
    from winnow_train.retrain import TrainingReport

MAX_STATEMENTS = 10


def print_training(report: "TrainingReport") -> None:
    """The verdict with its sentence, the measures of both versions, and what was left out."""
    say(clean(f"{report.process}: {report.sentence}"))
    say()
    sides = [_measures(report.metrics), _measures(report.champion_metrics)]
    table(
        ("", f"challenger {short(report.challenger)}", f"champion {short(report.champion)}"),
        [(name, sides[0][name], sides[1][name]) for name in sides[0]],
    )
    say()
    facts = _facts(report)
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"{name:<{width}}  {clean(value)}")
    for line in report.notes:
        say(clean(line))
    _print_statements(report)
    if report.published:
        say(f"Published: {clean(report.process)}, version {short(report.challenger)}")


def _measures(metrics: "VersionMetrics") -> dict[str, str]:
    """What is known of one version, by name."""
    precision = share(metrics.accepted_precision) or "none is accepted"
    if metrics.accepted_precision_lower is not None:
        precision += f" (≥ {share(metrics.accepted_precision_lower)})"
    return {
        "accuracy": share(metrics.accuracy),
        "calibration error (ECE)": share(metrics.ece),
        "accepted": share(metrics.accepted),
        "right among the accepted": precision,
    }


def _facts(report: "TrainingReport") -> dict[str, str]:
    counts, p_value = report.counts, report.metrics.mcnemar_p
    return {
        "verdict": report.outcome.replace("_", " "),
        "McNemar p": "" if p_value is None else f"{p_value:.2g}",
        "held-out reviews": f"{counts.held_out:,}",
        "trained on": f"{counts.trained:,} rows",
        "reviews": f"{counts.reviews:,}, {counts.new_reviews:,} of them new",
        "threshold": f"{report.threshold:g}",
        "guarantee": guarantee_of(report.guarantee),
        "doubtful labels": f"{report.doubtful:,} rows",
    }


def _print_statements(report: "TrainingReport") -> None:
    """What the definition of a criteria process says that led to wrong decisions."""
    if not report.statements:
        return
    say()
    table(
        ("criterion", "statement", "said", "needed", "mistakes"),
        [
            (
                found.criterion,
                found.statement or "(nothing was heard of it)",
                found.verdict,
                found.needed,
                f"{found.mistakes:,}",
            )
            for found in report.statements[:MAX_STATEMENTS]
        ],
        right=("mistakes",),
    )
    if (more := len(report.statements) - MAX_STATEMENTS) > 0:
        say(f"{more:,} more; --json and the page have them.")
