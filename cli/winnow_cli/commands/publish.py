"""`winnow process publish`: a definition with its head goes live, without a restart."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.commands.model_versions import Reason, Yes, asks
from winnow_cli.console import emit_json, note
from winnow_cli.options import DEFAULT_MODEL, AsJson, ModelDir, StackName, handle_errors

if TYPE_CHECKING:
    from winnow.registry.publish import Vectors


class As(StrEnum):
    """What a version is called once it is published."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


def register(app: typer.Typer) -> None:
    """Add the command to `winnow process`."""
    app.command()(publish)


@handle_errors
def publish(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            help="A process definition (YAML). The trained head beside it goes along.",
        ),
    ],
    head: Annotated[
        Path | None,
        typer.Option(
            "--head",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Folder of the trained head; default: `ID.head` beside FILE, if it is there.",
        ),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="F",
            exists=True,
            help="A file that the head was trained on, or a folder of pictures; repeatable. Its "
            "rows are kept with the version, so that `winnow reproduce` and `winnow retrain` have "
            "them.",
        ),
    ] = None,
    alias: Annotated[
        As | None,
        typer.Option(
            "--as",
            help="champion: it judges new uploads from now on. challenger: it judges nothing "
            "before it is released. Default: challenger; champion if the process is new.",
            show_default=False,
        ),
    ] = None,
    reason: Reason = "",
    yes: Yes = False,
    model: ModelDir = DEFAULT_MODEL,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Publish a process definition, with its trained head, on a stack.

    Nothing is restarted and no result is lost: runs under way keep the version that they began
    with. All problems are told at once, and then nothing changes. What is published already is
    not published again. Where the model is built, its reference sentences are encoded here.
    """
    from winnow_cli.models import open_models
    from winnow_cli.publishing import announce, publish_candidate, read_candidate
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        models = open_models(target)
        candidate = read_candidate(file, head, _vectors(model), models.entries(), data or [], model)
        before = models.entry_of(candidate.definition.id)
        if (
            alias is As.CHAMPION
            and before is not None
            and candidate.sha256 != before.champion
            and asks(as_json, yes)
        ):
            typer.confirm(
                f"Let {candidate.sha256[:12]} judge every new upload of {before.process}, in place "
                f"of {before.champion[:12]}?",
                abort=True,
                err=True,
            )
        done = publish_candidate(
            models, candidate, before, None if alias is None else alias.value, reason
        )
    if as_json:
        emit_json(done.document())
        return
    if candidate.vectors is None:
        note(
            "The model is not built here (`make model`): the functions encode its reference "
            "sentences when they first judge by it."
        )
    announce(done, target)


def _vectors(model: Path) -> "Vectors | None":
    """What encodes reference sentences; None where the model is not built."""
    from winnow.errors import ModelInvalidError
    from winnow.registry.publish import Vectors
    from winnow_encoder import load_encoder
    from winnow_encoder.references import ReferenceVectors

    try:
        encoder = load_encoder(model)
    except ModelInvalidError:
        return None
    return Vectors(encoder.info, ReferenceVectors(encoder, model).of)
