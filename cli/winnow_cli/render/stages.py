"""How stages are shown: side by side, and what deleting one would do."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from winnow.costs.money import shown
from winnow_cli.console import clean, emit_json, note, say, shorten
from winnow_cli.deployment.changes import DATA_TYPES, kind
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow_cli.deployment.destroy import Removal
    from winnow_cli.deployment.overview import StageView
    from winnow_cli.deployment.promote_models import Move
    from winnow_cli.deployment.stages import Stage

_OPTIONAL = ("drift", "this month")
"""Columns that are only shown where they say something."""
_LONGEST_VALUE = 60
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
            _drift(one),
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
        *_OPTIONAL,
        "where",
    )
    shown = [
        index
        for index, name in enumerate(header)
        if name not in _OPTIONAL or any(row[index] for row in rows)
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
        _tell_drift(one)
        if one.cost_problem:
            note(f"{one.name}: what it cost is not known: {one.cost_problem}")


def _drift(view: "StageView") -> str:
    """In a cell: how much drifted, and how old that is."""
    found = view.drift
    if found is None:
        return ""
    if found.checked_at is None:
        return "not looked for"
    words = {"IN_SYNC": "none", "DRIFTED": "resources"}.get(found.status, "unknown")
    if found.resources:
        words = f"{len(found.resources)} resources"
    return f"{words}, {age(found.checked_at)} ago"


def _tell_drift(view: "StageView") -> None:
    if view.drift is None:
        return
    if view.drift.problem:
        note(f"{view.name}: {view.drift.problem}")
    for resource in view.drift.resources:
        what = f"{view.name}: {resource.logical_id} ({kind(resource.type)})"
        if resource.deleted:
            note(f"{what} is not there any more.")
            continue
        note(f"{what} is not as it was deployed:")
        for one in resource.properties:
            note(f"  {clean(one.path)}: {_value(one.expected)} -> {_value(one.actual)}")


def _value(text: str) -> str:
    return shorten(text, _LONGEST_VALUE) or "nothing"


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


_MOVES = {
    "new": "new there: champion",
    "replaces": "becomes champion",
    "challenger": "becomes challenger",
    "unchanged": "is there already",
}


def show_moves(moves: Sequence["Move"], source: str, into: str) -> None:
    """Print which champions of a stage become what in another."""
    rows = [
        (
            move.version.process,
            move.version.process_version,
            move.version.short,
            "" if move.entry is None else move.entry.champion[:12],
            _MOVES[move.action],
        )
        for move in moves
    ]
    table(("process", "definition", f"in {source}", f"champion of {into}", "what happens"), rows)


def moves_document(
    moves: Sequence["Move"], source: str, into: str, *, done: bool
) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "from": source,
        "to": into,
        "done": done,
        "processes": [
            {
                "process": move.version.process,
                "version": move.version.sha256,
                "champion_before": None if move.entry is None else move.entry.champion,
                "action": move.action,
                "copied": move.copied and move.changes,
            }
            for move in moves
        ],
    }


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
