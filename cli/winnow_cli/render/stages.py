"""How stages are shown: side by side, and what deleting one would do."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from winnow.costs.money import shown
from winnow_cli.console import emit_json, note, say
from winnow_cli.deployment.changes import DATA_TYPES, kind
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow_cli.deployment.destroy import Removal
    from winnow_cli.deployment.overview import StageView
    from winnow_cli.deployment.stages import Stage

_COST = 7
"""The column that only shows where a cost is known."""
_HOUR_S, _DAY_S = 3_600, 86_400


def show_stages(views: Sequence["StageView"], as_json: bool) -> None:
    """Print all stages, or all of it as JSON."""
    if as_json:
        emit_json({"stages": [one.model_dump(mode="json") for one in views]})
        return
    rows = [
        (
            one.name,
            one.status,
            " ".join(filter(None, (one.version, one.commit))),
            age(one.deployed_at),
            {True: "good", False: "look", None: ""}[one.healthy],
            ", ".join(one.alarms),
            ", ".join(one.differs),
            _cost(one),
            f"{one.account} {one.region}".strip(),
        )
        for one in views
    ]
    styles = [{True: "green", False: "red", None: "dim"}[one.healthy] for one in views]
    header = (
        "stage",
        "status",
        "version",
        "age",
        "health",
        "alarms",
        "differs",
        "this month",
        "where",
    )
    shown = [
        index for index, _ in enumerate(header) if index != _COST or any(r[_COST] for r in rows)
    ]
    table(
        [header[index] for index in shown],
        [[row[index] for index in shown] for row in rows],
        styles,
        spare=("where",),
        right=("this month",),
    )
    for one in views:
        if one.problem:
            note(f"{one.name}: {one.problem}")
        if one.differs:
            note(f"{one.name} is not as in this checkout: {', '.join(one.differs)}.")
        if one.cost_problem:
            note(f"{one.name}: what it cost is not known: {one.cost_problem}")


def _cost(view: "StageView") -> str:
    if view.cost is None:
        return ""
    return f"{'>= ' if view.cost.missing else ''}{shown(view.cost.usd)}"


def age(since: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in one unit.

    >>> age(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))
    '2 d'
    """
    if since is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - since).total_seconds()
    if seconds >= _DAY_S:
        return f"{seconds // _DAY_S:.0f} d"
    return f"{seconds // _HOUR_S:.0f} h" if seconds >= _HOUR_S else f"{seconds // 60:.0f} min"


def removal_document(stage: "Stage", removal: "Removal") -> dict[str, Any]:
    """What deleting a stage does, as JSON."""
    return {
        "stage": stage.name,
        "stack": stage.stack,
        "deleted": [one.logical_id for one in removal.deleted],
        "kept": [
            {"resource": one.logical_id, "name": one.physical_id, "type": one.type}
            for one in removal.kept
        ],
    }


def show_removal(stage: "Stage", removal: "Removal") -> None:
    """Print, on stderr, what deleting a stage would do."""
    note(f"{stage.name}: the stack {stage.stack} in {stage.region} ({stage.account})")
    note(f"  deleted: {len(removal.deleted)} resources")
    for one in removal.lost:
        note(
            f"    {one.logical_id}: {kind(one.type)} {one.physical_id}, with {DATA_TYPES[one.type]}"
        )
    if removal.kept:
        note("  kept, with everything in them; they go on costing their storage:")
        for one in removal.kept:
            note(f"    {one.logical_id}: {kind(one.type)} {one.physical_id}")
    note("  images and templates stay: other stages of the account use them, too")


def show_removed(stage: "Stage", removal: "Removal") -> None:
    """Print what was deleted, and what is left."""
    say(f"{stage.name} is deleted.")
    for one in removal.kept:
        say(f"  kept: {one.physical_id} ({kind(one.type)})")
