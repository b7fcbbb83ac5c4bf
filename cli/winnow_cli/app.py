"""The command line: the list of commands. Each imports what it needs when it runs."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from winnow_cli.commands import (
    audit,
    bootstrap,
    costs,
    dashboard,
    deploy,
    destroy,
    down,
    evaluate,
    evaluate_similarity,
    forget,
    history,
    index,
    mail,
    menu,
    model,
    policy,
    predict,
    process,
    publish,
    queue,
    redrive,
    release,
    reproduce,
    results,
    retrain,
    review,
    reviews,
    search,
    searches,
    stages,
    stats,
    status,
    submit,
    train,
    training,
    tune,
    up,
    users,
    why,
)
from winnow_cli.console import safe, say
from winnow_cli.options import ACCESS, DEPLOYMENT, ENCODER, FILES, PROCESSES, REVIEWS


class SafeGroup(TyperGroup):
    """Commands whose usage errors contain no control characters of a file's name."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().make_context(*args, **kwargs)
        except Exception as error:
            _make_safe(error)
            raise

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            _make_safe(error)
            raise


def _make_safe(error: Exception) -> None:
    message = getattr(error, "message", None)
    if isinstance(message, str):
        error.message = safe(message)  # type: ignore[attr-defined]


HELP = "Judge every record of the files that you drop, with evidence and a confidence."

app = typer.Typer(
    rich_markup_mode="markdown",
    cls=SafeGroup,
    name="winnow",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 success, 1 failure (stderr has a code and what to do), 2 usage error, "
    "130 interrupted, 141 output pipe closed.",
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        say(f"winnow {version('winnow')}")
        raise typer.Exit


@app.callback()
def winnow(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """The options before a command."""


for module in (
    *(up, down, mail),
    *(deploy, destroy, menu),
    *(submit, status, why, results, search, stats, dashboard, costs, audit, redrive),
    *(review, queue, history, forget),
    *(predict, train, tune, evaluate, retrain, reproduce),
    evaluate_similarity,
    *(policy, bootstrap),
):
    module.register(app)
app.add_typer(stages.app, name="stages", rich_help_panel=DEPLOYMENT)
app.add_typer(training.app, name="training", rich_help_panel=DEPLOYMENT)
app.add_typer(reviews.app, name="reviews", rich_help_panel=REVIEWS)
app.add_typer(searches.app, name="searches", rich_help_panel=FILES)
app.add_typer(index.app, name="index", rich_help_panel=FILES)
app.add_typer(users.app, name="users", rich_help_panel=ACCESS)
app.add_typer(release.app, name="release", rich_help_panel=PROCESSES)
publish.register(process.app)
app.add_typer(process.app, name="process", rich_help_panel=PROCESSES)
app.add_typer(model.app, name="model", rich_help_panel=ENCODER)
