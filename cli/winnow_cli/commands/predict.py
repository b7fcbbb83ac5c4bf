"""`winnow predict`: judges a text or a file on this machine, without a stack."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.console import emit_json
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    PROCESSES,
    AsJson,
    ModelDir,
    ProcessesDir,
    ProcessId,
    handle_errors,
)

if TYPE_CHECKING:
    from winnow_cli.prediction import Prediction


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=PROCESSES)(predict)


@handle_errors
def predict(
    process: ProcessId,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The text to judge.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="F",
            exists=True,
            dir_okay=False,
            help="A file whose records are judged.",
        ),
    ] = None,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Judge a text, or the records of a file, on this machine. No stack is needed."""
    if (text is None) == (file is None):
        raise typer.BadParameter("give a TEXT or --file F, one of the two")
    if text is not None and not text.strip():
        raise typer.BadParameter("the text is blank")
    from winnow.models import Record
    from winnow.processes.registry import ProcessRegistry
    from winnow_cli.prediction import predict as judge
    from winnow_cli.prediction import read_records
    from winnow_cli.render.records import print_judgement, print_predictions

    registry = ProcessRegistry.from_directory(processes)
    definition = registry.find(process)
    if file is None:
        predictions = judge(registry, definition, [Record(record=1, text=text or "")], model)
    else:
        predictions = judge(registry, definition, read_records(file, definition), model)
    if as_json:
        emit_json(
            {
                "process": definition.info.model_dump(),
                "records": [_document(prediction) for prediction in predictions],
            }
        )
    elif file is None and predictions[0].judgement is not None:
        print_judgement(predictions[0].judgement)
    else:
        print_predictions([prediction.result for prediction in predictions])


def _document(prediction: "Prediction") -> dict[str, Any]:
    shown = {"outcome", "record", "line", "source_id", "part", "ocr_confidence", "code", "reason"}
    document = prediction.result.model_dump(mode="json", exclude_none=True, include=shown)
    if prediction.judgement is not None:
        document["judgement"] = prediction.judgement.model_dump(mode="json", exclude_none=True)
    return document
