"""How a deployment is shown: checks, plan, progress, outcome."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from winnow.costs.money import shown
from winnow.costs.prices import units
from winnow_cli.console import (
    clean,
    command,
    emit_json,
    note,
    of_stages,
    pasteable,
    say,
    shorten,
    stderr,
)
from winnow_cli.deployment.changes import CHANGED, NEW, by_weight, in_short, kind, warning, what
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow.costs.month import MonthlyDifference
    from winnow_cli.deployment.checks import Check
    from winnow_cli.deployment.cloud import Change
    from winnow_cli.deployment.deploy import Outcome, Phase, Plan
    from winnow_cli.deployment.progress import Row
    from winnow_cli.deployment.verify import Verified

PHASES = {
    "checks": "Checks",
    "build": "Images are built",
    "push": "Images and template go to AWS",
    "plan": "CloudFormation plans",
    "deploy": "CloudFormation deploys",
    "verify": "A sample goes the whole way",
    "destroy": "CloudFormation deletes",
}
_STATES = {"ok": "ok", "warning": "warning", "failed": "FAILED"}
_STYLES = {"ok": "green", "warning": "yellow", "failed": "red"}
_MANY, _NAMES = 3, 60
"""So many resources of a kind share a row, with their names cut to so many characters."""
_MAX_ROWS = 12
_REFRESHES = 8


class PlainReporter:
    """A line for each thing that happens, on stderr: for pipes and logs."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._line = ""

    def phase(self, name: "Phase | str") -> None:
        note(f"{PHASES[name]} …")

    def line(self, text: str) -> None:
        # What stands behind a colon is a tool's own line; there are thousands of them.
        text = text.partition(": ")[0]
        if text != self._line:
            self._line = text
            note(f"  {text}")

    def checks(self, found: Sequence["Check"]) -> None:
        for check in found:
            note(f"  {_STATES[check.state]:<8} {check.name}: {check.detail}")
            if check.state == "warning":
                note(f"           {pasteable(of_stages(check.advice))}")

    def progress(self, found: Sequence["Row"]) -> None:
        for row in found:
            if self._shown.get(row.logical_id) != row.status:
                self._shown[row.logical_id] = row.status
                seconds = "" if row.busy else f"  {row.seconds:.0f} s"
                note(f"  {row.status:<19} {row.logical_id} ({kind(row.type)}){seconds}")

    def stop(self) -> None:
        """End what is drawn."""


class LiveReporter(PlainReporter):
    """The same on a terminal: one moving line or table, which goes when the phase ends."""

    def __init__(self) -> None:
        super().__init__()
        self._live: Any = None

    def phase(self, name: "Phase | str") -> None:
        self.stop()
        super().phase(name)

    def line(self, text: str) -> None:
        from rich.text import Text

        self._draw(Text(f"  {shorten(text, stderr().width - 4)}", style="dim"))

    def checks(self, found: Sequence["Check"]) -> None:
        self.stop()
        super().checks(found)

    def progress(self, found: Sequence["Row"]) -> None:
        from rich.table import Table
        from rich.text import Text

        drawn = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        busy = [row for row in found if row.busy]
        failed = [row for row in found if row.failed]
        done = [row for row in found if not row.busy and not row.failed]
        # What moves and what failed is seen; of the rest the latest.
        shown = [*failed, *busy]
        recent = sorted(done, key=lambda row: row.changed)[-max(0, _MAX_ROWS - len(shown)) :]
        for row in [*recent, *shown][-_MAX_ROWS:]:
            style = "red" if row.failed else "" if row.busy else "green"
            drawn.add_row(
                Text(row.status, style=style), clean(row.logical_id), kind(row.type),
                "" if row.busy else f"{row.seconds:.0f} s",
            )  # fmt: skip
        drawn.add_row(Text(f"{len(done)} of {len(found)} begun are done", style="dim"))
        self._draw(drawn)

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self, drawn: Any) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(console=stderr(), transient=True, refresh_per_second=_REFRESHES)
            self._live.start()
        self._live.update(drawn)


def reporter() -> PlainReporter:
    """The one for this stderr."""
    return LiveReporter() if sys.stderr.isatty() else PlainReporter()


@contextmanager
def watching(
    drawing: PlainReporter, interrupted: Callable[[], str] | None = None
) -> Iterator[PlainReporter]:
    """What is drawn ends with the block, however that ends.

    Args:
        drawing: Draws what happens in the block.
        interrupted: Says what Ctrl-C leaves behind; None: nothing to say of it.
    """
    try:
        yield drawing
    except KeyboardInterrupt:
        drawing.stop()
        if interrupted is not None:
            note(pasteable(of_stages(interrupted())))
        raise
    finally:
        drawing.stop()


def show_plan(plan: "Plan") -> None:
    """Print what a deployment would do, on stderr: stdout is for the outcome."""
    from contextlib import redirect_stdout

    verb = "made" if plan.create else "updated"
    stage = plan.stage
    note(
        f"{stage.name}: the stack {stage.stack} in {stage.region} would be {verb} with "
        f"{plan.made.label or 'this checkout'}: {in_short(plan.changes)}."
    )
    with redirect_stdout(sys.stderr):
        table(("what", "kind", "resource", "because of"), _plan_rows(plan))
    for name in sorted(set(plan.before) & set(plan.parameters)):
        if plan.before[name] != plan.parameters[name]:
            note(f"  {name}: {plan.before[name] or 'empty'} -> {plan.parameters[name] or 'empty'}")
    for change in plan.dangerous:
        note(f"Careful: {warning(change)}")
    for line in cost_lines(plan.cost):
        note(line)


def cost_lines(cost: "MonthlyDifference | None") -> list[str]:
    """What a deployment does to the month without a file, in sentences."""
    if cost is None:
        return ["What it does to the monthly cost is not known."]
    before, after = shown(cost.before.usd), shown(cost.after.usd)
    least = "at least " if cost.after.missing else ""
    if not cost.changes:
        lines = [f"A month without a file costs {least}{after}, as before."]
    elif not cost.before.items:
        lines = [f"A month without a file will cost {least}{after}."]
    else:
        more = shown(abs(cost.usd))
        direction = "more" if cost.usd >= 0 else "less"
        lines = [f"A month without a file: {least}{after}, {more} {direction} than now ({before})."]
    if missing := cost.after.missing:
        names = "; ".join(units()[name] for name in missing)
        lines.append(f"  Not in it, since no price is known for this region: {names}.")
    for name, (old, new) in cost.memory.items():
        share = f"{new / old:.3g}"
        lines.append(
            f"  {name} has {new:,} MB instead of {old:,}: a second costs {share} times as much."
        )
    for item in cost.notebook_hour.items:
        price = "no price is known for this region" if item.usd is None else shown(item.usd)
        lines.append(f"  Each {item.of}: {price}.")
    return lines


def cost_document(cost: "MonthlyDifference | None") -> dict[str, Any] | None:
    """The same as JSON."""
    if cost is None:
        return None
    return {
        "currency": "USD",
        "before": float(cost.before.usd),
        "after": float(cost.after.usd),
        "difference": float(cost.usd),
        "changes": [one.name for one in cost.changes],
        "missing": list(cost.after.missing),
        "memory_mb": {
            name: {"before": old, "after": new} for name, (old, new) in cost.memory.items()
        },
        "notebook_hour": {
            item.name: None if item.usd is None else float(item.usd)
            for item in cost.notebook_hour.items
        },
    }


def _plan_rows(plan: "Plan") -> list[tuple[str, str, str, str]]:
    """A row a resource; many new or changed ones of a kind share one."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for one in by_weight(plan.changes):
        groups.setdefault((what(one), kind(one.type)), []).append(one)
    found = []
    for (word, of_kind), members in groups.items():
        if len(members) > _MANY and word in (NEW, CHANGED):
            names = ", ".join(one.logical_id for one in members)
            found.append((word, of_kind, f"{len(members)}: {shorten(names, _NAMES)}", ""))
        else:
            found += [(word, of_kind, m.logical_id, ", ".join(m.causes)) for m in members]
    return found


def plan_document(plan: "Plan") -> dict[str, Any]:
    """A plan as JSON."""
    return {
        "stage": plan.stage.name,
        "stack": plan.stage.stack,
        "create": plan.create,
        "version": plan.made.version,
        "commit": plan.made.commit,
        "changes": [_change(one) for one in plan.changes],
        "dangerous": [one.logical_id for one in plan.dangerous],
        "monthly_cost": cost_document(plan.cost),
    }


def _change(one: Any) -> dict[str, Any]:
    return {
        "what": what(one),
        "resource": one.logical_id,
        "type": one.type,
        "because_of": list(one.causes),
    }


def show_outcome(outcome: "Outcome", as_json: bool) -> None:
    """Print what came of a deployment, and what to type next."""
    stage = outcome.stage
    if as_json:
        emit_json(
            {
                "stage": stage.name,
                "stack": stage.stack,
                "account": stage.account,
                "region": stage.region,
                "action": outcome.action,
                "version": outcome.made.version,
                "commit": outcome.made.commit,
                "images": outcome.made.images,
                "checks": [one.model_dump() for one in outcome.checks],
                "changes": [_change(one) for one in outcome.changes],
                "outputs": outcome.outputs,
                "verified": outcome.verified.model_dump() if outcome.verified else None,
                "seconds": outcome.seconds,
            }
        )
        return
    if outcome.action == "unchanged":
        say(f"Nothing to change: {stage.name} is what this checkout and stages.toml say.")
    else:
        took = sum(outcome.seconds.values())
        say(f"{stage.name} is {outcome.action}: {stage.stack} in {stage.region}, {took:.0f} s")
        phases = (f"{phase} {seconds:.0f}" for phase, seconds in outcome.seconds.items())
        say(f"  seconds  {', '.join(phases)}")
    if outcome.verified:
        show_verified(outcome.verified)
    for name, words in (("Inbox", "inbox"), ("ResultsBucket", "results"), ("ReviewPage", "page")):
        if value := outcome.outputs.get(name):
            say(f"  {words:<8} {value}")
    say("Next:")
    submit = "submit samples/prior-auth-cases.csv --process L33774 --wait"
    say(f"  {command()} {submit} --stack {stage.name}")
    say(f"  {command()} dashboard --stack {stage.name}")
    say(f"  {command()} stages")


def show_verified(verified: "Verified") -> None:
    """Print what came of the sample."""
    mail = {
        "sent": "an e-mail about it was sent",
        "unconfirmed": "nobody was mailed: the subscription is not confirmed yet",
        "nobody": "nobody was mailed: no address is subscribed",
    }[verified.mail]
    say(
        f"  sample   {verified.records} records judged in {verified.seconds:.0f} s, "
        f"{verified.accepted} accepted, {verified.review} for review; {mail}"
    )
