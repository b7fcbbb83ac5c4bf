"""The workflow's alias: which versions new runs have, and at what share."""

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from winnow_cli.code_release.models import Runs

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_NEWEST = 100


class Route(NamedTuple):
    """A version of the workflow, and the percent of new runs that have it."""

    version: str
    percent: int


class WorkflowAlias:
    """The alias that runs are started by, on Step Functions."""

    def __init__(self, states: "SFNClient", arn: str) -> None:
        self._states = states
        self._arn = arn
        self._machine = arn.rpartition(":")[0]

    def routes(self) -> tuple[tuple[Route, ...], str]:
        """What it chooses from, and when that was set."""
        found = self._states.describe_state_machine_alias(stateMachineAliasArn=self._arn)
        routes = (
            Route(route["stateMachineVersionArn"].rpartition(":")[2], route["weight"])
            for route in found["routingConfiguration"]
        )
        return tuple(routes), found.get("updateDate", found["creationDate"]).isoformat()

    def set(self, *routes: Route) -> None:
        """Let new runs have these versions. Runs under way keep theirs."""
        self._states.update_state_machine_alias(
            stateMachineAliasArn=self._arn,
            routingConfiguration=[
                {"stateMachineVersionArn": f"{self._machine}:{version}", "weight": percent}
                for version, percent in routes
            ],
        )

    def versions(self) -> tuple[str, ...]:
        """Every version that is kept, the newest first."""
        found: list[str] = []
        token: dict[str, Any] = {}
        while True:
            page = self._states.list_state_machine_versions(stateMachineArn=self._machine, **token)
            found += [
                one["stateMachineVersionArn"].rpartition(":")[2]
                for one in page["stateMachineVersions"]
            ]
            if not page.get("nextToken"):
                return tuple(sorted(found, key=int, reverse=True))
            token = {"nextToken": page["nextToken"]}

    def runs(self, version: str) -> Runs:
        """How the newest runs of a version ended."""
        page = self._states.list_executions(
            stateMachineArn=f"{self._machine}:{version}", maxResults=_NEWEST
        )
        counts = Counter(one["status"] for one in page["executions"])
        running, succeeded = counts["RUNNING"], counts["SUCCEEDED"]
        total = counts.total()
        return Runs(
            runs=total, running=running, succeeded=succeeded, failed=total - running - succeeded
        )
