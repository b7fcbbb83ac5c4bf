"""How the large trainings of a stage are shown."""

from datetime import datetime
from typing import TYPE_CHECKING

from winnow_cli.console import clean, emit_json, note, of_stages, pasteable, say
from winnow_cli.deployment.training import JOB_WORDS
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow_cli.deployment.stages import Stage
    from winnow_cli.deployment.training import Job, Notebook, TrainingPart

_DAY = "%Y-%m-%d %H:%M"


def show_part(
    stage: "Stage", part: "TrainingPart", as_json: bool, address: str | None = None
) -> None:
    """Print what a stage has for large trainings, and its jobs; open the notebook at `address`."""
    if as_json:
        cost = 0 if part.notebook is None else None
        shown = {**part.model_dump(mode="json"), "idle_cost_usd": cost}
        emit_json(shown if address is None else {**shown, "notebook_address": address})
        return
    if not part.on:
        say(
            f"{part.stage}: large trainings are off. A training that is too large for the function "
            "fails with training_too_large."
        )
        if stage.parameters.get("TrainOnBatch") == "true":
            told = f"stages.toml says on: `winnow deploy {part.stage}` brings it there."
        else:
            told = f"To turn them on: `winnow training create {part.stage}`."
        note(pasteable(of_stages(told)))
        return
    say(f"{part.stage}: large trainings are on")
    say(f"  queue    {part.queue} ({part.queue_state})")
    say(f"  compute  AWS Batch on Fargate, at most {part.cores} cores ({part.compute_state})")
    jobs = len(part.under_way)
    idle = "nothing" if part.notebook is None else "what the notebook's volume and endpoint cost"
    say(f"  idle     costs {idle}; {jobs or 'no'} job{'' if jobs == 1 else 's'} under way")
    if part.notebook is not None:
        _show_notebook(part.notebook, address)
    if not part.jobs:
        return
    say()
    table(
        ("job", "state", "asked for", "began", "ended", "why"),
        [_row(one) for one in part.jobs],
        [{"RUNNING": "green", "FAILED": "red"}.get(one.state, "") for one in part.jobs],
        spare=("began", "asked for"),
    )
    note("What came of a training: `winnow model list`, and its e-mail. AWS forgets old jobs.")


def _show_notebook(notebook: "Notebook", address: str | None) -> None:
    import webbrowser

    why = f": {clean(notebook.reason)}" if notebook.reason else ""
    say(f"  notebook {notebook.name} on {notebook.instance_type} ({notebook.state}{why})")
    say(f"           {notebook.console}")
    if address is not None and not webbrowser.open(address):
        say(address)
        note("No browser was found: open this address within five minutes.")


def _row(job: "Job") -> tuple[str, ...]:
    times = (job.created_at, job.started_at, job.ended_at)
    return (job.name, JOB_WORDS[job.state], *map(_moment, times), job.reason)


def _moment(given: datetime | None) -> str:
    """In UTC.

    >>> from datetime import UTC
    >>> _moment(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)), _moment(None)
    ('2026-01-02 03:04', '')
    """
    return given.strftime(_DAY) if given else ""
