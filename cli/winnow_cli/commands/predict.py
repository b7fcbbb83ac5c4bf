"""`winnow predict`: judges a text or a file on this machine, without a stack."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.console import clean, emit_json, say
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
    from winnow_cli.prediction import Explanation, Prediction


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=PROCESSES)(predict)


@handle_errors
def predict(
    process: ProcessId,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT|PICTURE", help="The text to judge, or the file of the picture."
        ),
    ] = None,
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
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show criterion by criterion what was heard, what was not counted, and why.",
        ),
    ] = False,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Judge a text, a picture, or the records of a file, on this machine. No stack is needed."""
    if (text is None) == (file is None):
        raise typer.BadParameter("give a TEXT or --file F, one of the two")
    if text is not None and not text.strip():
        raise typer.BadParameter("the text is blank")
    from winnow.models import InvalidRecord, Record
    from winnow.processes.registry import ProcessRegistry
    from winnow_cli.prediction import explained, read_records, version_of
    from winnow_cli.prediction import predict as judge
    from winnow_cli.render.records import print_judgement, print_predictions

    registry = ProcessRegistry.from_directory(processes)
    definition = registry.find(process)
    if explain and definition.kind != "criteria":
        raise typer.BadParameter("--explain is for processes of kind criteria")
    if text is not None and definition.of_pictures:
        file = _picture(text)
    if file is None:
        records: list[Record | InvalidRecord] = [Record(record=1, text=text or "")]
    else:
        records = read_records(file, definition)
    predictions = judge(registry, definition, records, model)
    explanations: Iterator[Explanation | None] = itertools.repeat(None)
    if explain and definition.kind == "criteria":
        explanations = explained(registry, definition, records, predictions, model)
    if as_json:
        emit_json(
            {
                "process": definition.info.model_dump(),
                "version": version_of(registry, definition),
                "records": [
                    _document(prediction, of_record)
                    for prediction, of_record in zip(predictions, explanations, strict=False)
                ],
            }
        )
    elif explain:
        _print_explanations(predictions, explanations, numbered=file is not None)
    elif file is None and predictions[0].judgement is not None:
        print_judgement(predictions[0].judgement)
    else:
        print_predictions([prediction.result for prediction in predictions])


def _picture(name: str) -> Path:
    file = Path(name)
    try:
        there = file.is_file()
    except (OSError, ValueError):
        there = False  # a text, too long for a name or with characters that none has
    if not there:
        raise typer.BadParameter("the process judges pictures, and there is no file of this name")
    return file


def _print_explanations(
    predictions: "Sequence[Prediction]",
    explanations: "Iterator[Explanation | None]",
    *,
    numbered: bool,
) -> None:
    from winnow_cli.render.explanation import print_explanation
    from winnow_cli.render.records import reason_of

    for prediction, of_record in zip(predictions, explanations, strict=False):
        if numbered:
            say(f"record {prediction.result.record}")
        if prediction.judgement is None or of_record is None:
            say(clean(reason_of(prediction.result)))
        else:
            print_explanation(prediction.judgement, of_record)
        if numbered:
            say()


def _document(prediction: "Prediction", explanation: "Explanation | None") -> dict[str, Any]:
    shown = {
        "outcome",
        "record",
        "line",
        "source_id",
        "part",
        "ocr_confidence",
        "code",
        "reason",
    }
    if prediction.result.parts:
        shown.add("parts")
    document = prediction.result.model_dump(mode="json", exclude_none=True, include=shown)
    if prediction.judgement is not None:
        document["judgement"] = prediction.judgement.model_dump(mode="json", exclude_none=True)
    if explanation is not None:
        document["explanation"] = [asdict(criterion) for criterion in explanation.criteria]
        document["limits"] = [asdict(limit) for limit in explanation.limits]
    return document
