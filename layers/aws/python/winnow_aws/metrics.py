"""Business metrics, in CloudWatch's embedded metric format on standard output.

Each stands under the stack alone, which the alarms watch, and counts of records also by process.
"""

import json
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from winnow.models import Counts, Drift

if TYPE_CHECKING:  # Filter does not sweep
    from winnow.recovery.sweep import SweepReport

NAMESPACE = "Winnow"
SECONDS = "Seconds"
COUNT = "Count"
NONE = "None"


def count_outcomes(stack: str, process: str, counts: Counts) -> None:
    """Emit RecordsAccepted, RecordsReview and RecordsInvalid of a run."""
    _emit(
        [{"stack": stack}, {"stack": stack, "process": process}],
        {
            f"Records{name.capitalize()}": (getattr(counts, name), COUNT)
            for name in ("accepted", "review", "invalid")
        },
    )


def measure_drift(stack: str, process: str, drift: Drift | None) -> None:
    """Emit how far a run is from what was measured; nothing where there is no trained head.

    `Drifted` is 1 where any distance is beyond its limit, which an alarm can watch.
    """
    if drift is None:
        return
    parts = {
        "Scores": drift.scores,
        "Decisions": drift.decisions,
        "Embeddings": drift.embeddings,
        "Review": drift.review,
    }
    distances = {f"Drift{name}": (p.distance, NONE) for name, p in parts.items() if p is not None}
    _emit(
        [{"stack": stack}, {"stack": stack, "process": process}],
        {**distances, "Drifted": (float(drift.drifted), NONE)},
    )


def count_sweep(stack: str, report: "SweepReport") -> None:
    """Emit what a sweep found; one call, one value each."""
    _emit(
        [{"stack": stack}],
        {
            "OldestUnfinished": (report.oldest_unfinished_s, SECONDS),
            "UploadsUnfinished": (report.unfinished, COUNT),
            "UploadsRestarted": (report.restarted, COUNT),
            "UploadsAbandoned": (report.abandoned, COUNT),
            "UploadsDouble": (report.doubles, COUNT),
            "UploadsNotSwept": (report.failed, COUNT),
        },
    )


def _emit(dimensions: list[dict[str, str]], values: Mapping[str, tuple[float, str]]) -> None:
    """One line; `dimensions` are the sets under which every value is filed."""
    named = {name: value for one in dimensions for name, value in one.items()}
    line = {
        "_aws": {
            "Timestamp": time.time_ns() // 1_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [list(one) for one in dimensions],
                    "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in values.items()],
                }
            ],
        },
        **named,
        **{name: value for name, (value, _) in values.items()},
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
