"""Business metrics: one an outcome, in CloudWatch's embedded metric format on standard output."""

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from winnow.models import Counts

NAMESPACE = "Winnow"


def count_outcomes(process: str, counts: Counts) -> None:
    """Emit Accepted, Review and Invalid for a process."""
    for name in ("accepted", "review", "invalid"):
        with single_metric(
            name=f"Records{name.capitalize()}",
            unit=MetricUnit.Count,
            value=getattr(counts, name),
            namespace=NAMESPACE,
        ) as metric:
            metric.add_dimension(name="process", value=process)
