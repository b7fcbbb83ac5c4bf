"""What a deployment does to the idle month of a stage, and what a stage has cost this month."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from winnow.costs.month import MonthlyDifference, monthly_difference
from winnow.costs.prices import price_list
from winnow.errors import WinnowError
from winnow.models import FrozenModel
from winnow_cli.deployment.cloud import Cloud, StackInfo
from winnow_cli.deployment.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from winnow.recovery.upload_row import UploadRow


class MonthSoFar(FrozenModel):
    """What the runs of a stage have cost since the first of the month."""

    since: str
    runs: int
    usd: Decimal
    missing: tuple[str, ...] = ()
    """What was used and has no known price: it cost at least `usd`."""


def month_so_far(
    ended_since: "Callable[[str], Iterable[UploadRow]]", now: datetime | None = None
) -> MonthSoFar:
    """What the runs that ended this month cost, by what their rows say.

    >>> month_so_far(lambda day: [], datetime(2026, 11, 27, tzinfo=UTC)).since
    '2026-11-01'
    """
    from winnow_cli.costs import spent

    since = (now or datetime.now(UTC)).date().replace(day=1).isoformat()
    found = spent(ended_since(since), since)
    return MonthSoFar(
        since=since,
        runs=found.total.runs,
        usd=found.total.usd,
        missing=tuple(sorted(found.missing)),
    )


def cost_of_stage(stage: Stage) -> MonthSoFar:
    """What a stage has cost this month. Raises what `find_target` does."""
    from winnow_cli.target import target_of
    from winnow_cli.uploads import Uploads

    return month_so_far(Uploads(target_of(stage)).ended_since)


def estimate(
    stage: Stage,
    cloud: Cloud,
    stack: StackInfo | None,
    template: Mapping[str, Any],
    parameters: Mapping[str, str],
) -> MonthlyDifference | None:
    """What a deployment does to the month without a file; None: it cannot be told.

    A deployment does not fail for it.

    Args:
        stack: As it is; None: it is not there yet.
        template: What it will be.
        parameters: What they will be.
    """
    try:
        return monthly_difference(
            {} if stack is None else cloud.template(stack.name),
            template,
            price_list(stage.region),
            before_parameters={} if stack is None else stack.parameters,
            after_parameters=parameters,
        )
    except (WinnowError, ValueError, LookupError, AttributeError, TypeError):
        # The template of the stack may be one that something else has deployed.
        return None
