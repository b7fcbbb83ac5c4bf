"""Business metrics, in CloudWatch's embedded metric format on standard output.

Each has the dimension `stack`, which the alarms use; counts of records and drift also by process.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from winnow.models import Counts, Drift

if TYPE_CHECKING:  # not in Filter's image
    from winnow.recovery.report import SweepReport

NAMESPACE = "Winnow"

# Without an empty service, POWERTOOLS_SERVICE_NAME would be a dimension that no alarm watches.
_metrics = Metrics(namespace=NAMESPACE, service="")


def count_outcomes(stack: str, process: str, counts: Counts) -> None:
    """Emit RecordsAccepted, RecordsReview and RecordsInvalid of a run."""
    _emit(
        {
            f"Records{name.capitalize()}": (getattr(counts, name), MetricUnit.Count)
            for name in ("accepted", "review", "invalid")
        },
        stack,
        process,
    )


def measure_drift(stack: str, process: str, drift: Drift | None) -> None:
    """Emit how far a run is from the training data; nothing without a trained head.

    `Drifted` is 1 if any distance is above its limit; an alarm watches it.
    """
    if drift is None:
        return
    parts = {
        "DriftScores": drift.scores,
        "DriftDecisions": drift.decisions,
        "DriftEmbeddings": drift.embeddings,
        "DriftReview": drift.review,
    }
    values = {name: part.distance for name, part in parts.items() if part is not None}
    values["Drifted"] = float(drift.drifted)
    _emit({name: (value, MetricUnit.NoUnit) for name, value in values.items()}, stack, process)


def count_queued(stack: str, process: str, queued: int, audits: int) -> None:
    """Emit RecordsQueued and RecordsAudited of an upload: what people are asked to decide."""
    counts = {"RecordsQueued": queued, "RecordsAudited": audits}
    _emit({name: (value, MetricUnit.Count) for name, value in counts.items()}, stack, process)


def count_decisions(stack: str, process: str, decided: int, changed: int) -> None:
    """Emit RecordsDecided by people, and RecordsChanged: those decided unlike the machine."""
    counts = {"RecordsDecided": decided, "RecordsChanged": changed}
    _emit({name: (value, MetricUnit.Count) for name, value in counts.items()}, stack, process)


def count_sweep(stack: str, report: "SweepReport") -> None:
    """Emit the counts of one sweep."""
    _emit(
        {
            "OldestUnfinished": (report.oldest_unfinished_s, MetricUnit.Seconds),
            "UploadsUnfinished": (report.unfinished, MetricUnit.Count),
            "UploadsRestarted": (report.restarted, MetricUnit.Count),
            "UploadsAbandoned": (report.abandoned, MetricUnit.Count),
            "UploadsDouble": (report.doubles, MetricUnit.Count),
            "UploadsNotSwept": (report.failed, MetricUnit.Count),
        },
        stack,
    )


def _emit(
    values: Mapping[str, tuple[float, MetricUnit]], stack: str, process: str | None = None
) -> None:
    """One line with every value, by stack, and by stack and process if one is given."""
    _metrics.add_dimension("stack", stack)
    if process is not None:
        _metrics.add_dimensions(stack=stack, process=process)
    for name, (value, unit) in values.items():
        _metrics.add_metric(name, unit, value)
    _metrics.flush_metrics()
