"""An alias of a workflow and a store of code releases, in memory."""

from winnow.errors import ReleaseConflictError
from winnow_cli.code_release.alias import Route
from winnow_cli.code_release.models import CodeChange, CodeEntry, Runs

AT = "2027-01-15T07:00:00+00:00"


class MemoryAlias:
    """A `WorkflowAlias` with versions 1 to `newest`."""

    def __init__(self, newest: int, *routes: Route) -> None:
        self.newest = newest
        self.routed = routes

    def routes(self) -> tuple[tuple[Route, ...], str]:
        return self.routed, AT

    def set(self, *routes: Route) -> None:
        assert sum(route.percent for route in routes) == 100
        self.routed = routes

    def versions(self) -> tuple[str, ...]:
        return tuple(str(number) for number in range(self.newest, 0, -1))

    def runs(self, version: str) -> Runs:
        return Runs(runs=int(version), succeeded=int(version))


class MemoryCode:
    """A `CodeStore`."""

    def __init__(self) -> None:
        self.changes: list[tuple[CodeEntry, CodeChange]] = []

    def entry(self) -> CodeEntry | None:
        return self.changes[-1][0] if self.changes else None

    def history(self) -> tuple[CodeChange, ...]:
        return tuple(change for _, change in self.changes)

    def change(self, after: CodeEntry, change: CodeChange) -> None:
        if after.revision != len(self.changes) + 1:
            raise ReleaseConflictError("Somebody else was faster.")
        self.changes.append((after, change))
