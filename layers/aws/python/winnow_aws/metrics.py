"""Metrics, in CloudWatch's embedded metric format (EMF) on standard output.

Those about records have the dimension `stack`, which the alarms use, and are counted again by
process, and by process and version. Those about a call have `FunctionName`, like AWS's own.

CloudWatch bills each metric in each combination of dimensions that had a value within the month
($0.30 in us-east-1). So a version has at most nine metrics, and a function two. What AWS
measures anyway, such as errors and duration, is a field of the line, which costs nothing.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from winnow.models import Counts, Drift, VersionRef
from winnow_aws.usage import Usage

if TYPE_CHECKING:  # not in Filter's image
    from winnow.recovery.report import SweepReport

NAMESPACE = "Winnow"

# Without an empty service, POWERTOOLS_SERVICE_NAME would be a dimension that no alarm watches.
_metrics = Metrics(namespace=NAMESPACE, service="")


def count_outcomes(
    stack: str, process: str, counts: Counts, version: VersionRef | None = None
) -> None:
    """Emit RecordsAccepted, RecordsReview and RecordsInvalid of a run."""
    _emit(
        {
            f"Records{name.capitalize()}": (getattr(counts, name), MetricUnit.Count)
            for name in ("accepted", "review", "invalid")
        },
        _of(stack, process, version),
    )


def measure_drift(
    stack: str, process: str, drift: Drift | None, version: VersionRef | None = None
) -> None:
    """Emit how far a run is from the training data; nothing without a trained head.

    `Drifted` is 1 if any distance is above its limit; an alarm watches it. By version there is only
    that one.
    """
    if drift is None:
        return
    parts = {
        "DriftScores": drift.scores,
        "DriftDecisions": drift.decisions,
        "DriftEmbeddings": drift.embeddings,
        "DriftReview": drift.review,
    }
    values = {name: (part.distance, MetricUnit.NoUnit) for name, part in parts.items() if part}
    drifted = {"Drifted": (float(drift.drifted), MetricUnit.NoUnit)}
    if version is None:
        _emit(values | drifted, _of(stack, process))
        return
    _emit(values, _of(stack, process))
    _emit(drifted, _of(stack, process, version))


def count_queued(stack: str, process: str, queued: int, audits: int) -> None:
    """Emit RecordsQueued and RecordsAudited of an upload: what people are asked to decide."""
    counts = {"RecordsQueued": queued, "RecordsAudited": audits}
    _emit({name: (value, MetricUnit.Count) for name, value in counts.items()}, _of(stack, process))


def count_decisions(
    stack: str, process: str, decided: int, changed: int, version: VersionRef | None = None
) -> None:
    """Emit RecordsDecided by people, and RecordsChanged: those decided unlike the machine."""
    counts = {"RecordsDecided": decided, "RecordsChanged": changed}
    _emit(
        {name: (value, MetricUnit.Count) for name, value in counts.items()},
        _of(stack, process, version),
    )


def measure_precision(
    stack: str,
    process: str,
    version: VersionRef,
    *,
    audited: int,
    precision: float,
    lower: float,
    guarantee: float | None = None,
    broken: bool = False,
) -> None:
    """Emit the live precision of a version: what people found of the accepted records they checked.

    Args:
        audited: Accepted records of this version that people have checked.
        precision: Share of them that is right, weighted by how likely each was to be checked.
        lower: Lower bound of the precision, valid whenever one looks.
        guarantee: Precision that was promised; None: none was.
        broken: Whether the upper bound is below the guarantee. An alarm watches it.
    """
    values = {
        "PrecisionAudited": (float(audited), MetricUnit.Count),
        "LivePrecision": (precision, MetricUnit.NoUnit),
        "LivePrecisionLower": (lower, MetricUnit.NoUnit),
    }
    _emit(values, [{"stack": stack, "process": process, "version": version.short}])
    if guarantee is not None:
        _emit({"GuaranteeBroken": (float(broken), MetricUnit.NoUnit)}, _of(stack, process))


def measure_ages(stack: str, ages: Mapping[str, float]) -> None:
    """Emit ModelAge by process and OldestModelDays of them all, which an alarm watches.

    Args:
        ages: Process -> seconds since the version was made that decides.
    """
    for process, seconds in ages.items():
        values = {"ModelAge": (round(seconds), MetricUnit.Seconds)}
        _emit(values, [{"stack": stack, "process": process}])
    if ages:
        days = max(ages.values()) / 86_400
        _emit({"OldestModelDays": (days, MetricUnit.NoUnit)}, [{"stack": stack}])


def measure_code_age(stack: str, seconds: float) -> None:
    """Emit CodeAge: how long ago the functions that judge were deployed."""
    _emit({"CodeAge": (round(seconds), MetricUnit.Seconds)}, [{"stack": stack}])


def measure_call(name: str, usage: Usage, **fields: str | float | bool) -> None:
    """Emit CpuTime and ResidentMemory of a call of a function.

    Args:
        name: The function's name, which AWS's own metrics have as the dimension FunctionName.
        usage: What the call used.
        fields: What else the line says. No metrics are made of it.
    """
    _emit(
        {
            "CpuTime": (round(usage.cpu_s * 1_000, 1), MetricUnit.Milliseconds),
            "ResidentMemory": (round(usage.memory_mb, 1), MetricUnit.Megabytes),
        },
        [{"FunctionName": name}],
        {"milliseconds": round(usage.seconds * 1_000, 1), **fields},
    )


def count_defect(stack: str) -> None:
    """Emit Defects: an error that no part of Winnow foresaw. It points to the code, not a file."""
    _emit({"Defects": (1, MetricUnit.Count)}, [{"stack": stack}])


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
            "UploadsNotQueued": (report.unqueued, MetricUnit.Count),
        },
        [{"stack": stack}],
    )


def _of(stack: str, process: str, version: VersionRef | None = None) -> list[dict[str, str]]:
    """The combinations of dimensions that a number about records is kept by."""
    sets = [{"stack": stack}, {"stack": stack, "process": process}]
    if version is not None:
        sets.append({"stack": stack, "process": process, "version": version.short})
    return sets


def _emit(
    values: Mapping[str, tuple[float, MetricUnit]],
    dimensions: list[dict[str, str]],
    fields: Mapping[str, Any] | None = None,
) -> None:
    """One line with every value, by each of the combinations of dimensions."""
    first, *others = dimensions
    for name, value in first.items():
        _metrics.add_dimension(name, value)
    for combination in others:
        _metrics.add_dimensions(**combination)
    for name, (amount, unit) in values.items():
        _metrics.add_metric(name, unit, amount)
    for name, field in (fields or {}).items():
        _metrics.add_metadata(name, field)
    _metrics.flush_metrics()
