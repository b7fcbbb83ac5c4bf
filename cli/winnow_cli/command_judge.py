"""`winnow predict` and `evaluate-similarity`: judging and measuring here, with no stack."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.console import clean, emit_json, note, say, shorten, stdout, table
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    AsJson,
    ModelDir,
    ProcessesDir,
    ProcessId,
    guarded,
)

if TYPE_CHECKING:
    from winnow.models import Evidence, InvalidRecord, Judgement, Record
    from winnow.process import ProcessDefinition


def register(app: typer.Typer) -> None:
    app.command()(predict)
    app.command(name="evaluate-similarity")(evaluate_similarity)


# -- predict -------------------------------------------------------------------------------------


@guarded
def predict(
    process: ProcessId,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The text to judge.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="F", exists=True, dir_okay=False, help="A file of records to judge."
        ),
    ] = None,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Judge a text, or the records of a file, here and now; no stack is needed."""
    if (text is None) == (file is None):
        raise typer.BadParameter("give a TEXT or --file F, one of the two")
    if text is not None and not text.strip():
        raise typer.BadParameter("the text is blank")
    from winnow.judging import build_judge
    from winnow.process import ProcessBook
    from winnow_use import load_encoder

    book = ProcessBook.from_directory(processes)
    definition = book.find(process)
    if text is None and file is not None:
        records = _records(file, definition)
    else:
        from winnow.models import Record

        records = [Record(record=1, text=text or "")]
    good = [record for record in records if record.kind == "record"]
    texts, fields = [record.text for record in good], [record.fields for record in good]
    judge = build_judge(definition, load_encoder(model), book.heads.get(definition.id))
    judgements = iter(judge(texts, fields) if texts else [])
    judged = [(record, next(judgements) if record.kind == "record" else None) for record in records]
    if as_json:
        emit_json(
            {
                "process": definition.info.model_dump(),
                "records": [_document(record, judgement) for record, judgement in judged],
            }
        )
    elif file is None:
        _print_judgement(judgements_first(judged))
    else:
        _print_judged(judged)


def judgements_first(judged: list[tuple[Any, "Judgement | None"]]) -> "Judgement":
    """The judgement of the only record."""
    first = judged[0][1]
    if first is None:
        raise LookupError("the record was not judged")
    return first


def _records(file: Path, definition: "ProcessDefinition") -> list["Record | InvalidRecord"]:
    from winnow.numbers import with_numbers
    from winnow.readers import ReadLimits, Source, read

    columns = definition.input
    with (
        file.open("rb") as stream,
        Source(
            stream,
            file.name,
            columns.text_columns,
            columns.id_columns,
            ReadLimits(),
            numeric_columns=columns.numeric_columns,
            unit=columns.unit,
        ) as source,
    ):
        return list(with_numbers(read(source), columns.numeric_columns))


def _document(record: "Record | InvalidRecord", judgement: "Judgement | None") -> dict[str, Any]:
    told = record.model_dump(mode="json", exclude_none=True, exclude={"text", "fields", "kind"})
    if judgement is not None:
        told["judgement"] = judgement.model_dump(mode="json", exclude_none=True)
    return told


def _print_judgement(judgement: "Judgement") -> None:
    from rich.text import Text

    screen = stdout()
    decision = judgement.decision
    basis = "calibrated" if judgement.calibrated else "uncalibrated"
    screen.print(
        Text.assemble(
            (str(decision.value), "bold"), f"  confidence {judgement.confidence:.2f} ({basis})"
        )
    )
    if decision.kind == "criteria":
        for criterion in decision.criteria:
            mark = "*" if criterion.id in decision.because else " "
            screen.print(
                Text(f"{mark} {criterion.id}: {criterion.verdict.value} ({criterion.score:.2f})")
            )
            for found in criterion.evidence:
                screen.print(Text(f"    {_evidence(found)}"))
    else:
        for scored in decision.scores:
            screen.print(Text(f"  {scored.label}: {scored.score:.2f}"))
        for found in decision.evidence:
            screen.print(Text(f"    {_evidence(found)}"))


def _evidence(found: "Evidence") -> str:
    return (
        f"{found.polarity.value} {found.similarity:.2f} [{found.start}:{found.end}] "
        f"“{shorten(found.text, 100)}”"
    )


def _print_judged(
    judged: list[tuple["Record | InvalidRecord", "Judgement | None"]],
) -> None:
    rows = []
    for record, judgement in judged:
        number, own_id = str(record.record), record.source_id or ""
        if judgement is not None:
            decision = judgement.decision
            because = ", ".join(decision.because) if decision.kind == "criteria" else ""
            confidence = f"{judgement.confidence:.2f}"
            rows.append((number, own_id, str(decision.value), confidence, because))
        elif record.kind == "invalid":
            rows.append((number, own_id, "", "", f"{record.code}: {record.reason}"))
    table(("record", "id", "decision", "confidence", "because"), rows, right=("confidence",))


# -- evaluate-similarity -------------------------------------------------------------------------


@guarded
def evaluate_similarity(
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="F.csv",
            exists=True,
            dir_okay=False,
            help="Rows of sentence 1, sentence 2, score; no header (the STS benchmark's form).",
        ),
    ],
    projection: Annotated[
        Path | None,
        typer.Option(
            "--projection",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="A projection learned by `winnow train-projection`.",
        ),
    ] = None,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Measure the encoder: cosine similarity of sentence pairs against human scores."""
    from winnow.evaluate import evaluate_similarity as measure
    from winnow.projection import load_projection
    from winnow_use import load_encoder

    encoder = load_encoder(model)
    began = time.perf_counter()
    learned = load_projection(projection, encoder.info) if projection else None
    report = measure(encoder, data, learned)
    seconds = time.perf_counter() - began
    if as_json:
        emit_json(
            {
                "data": data.name,
                "pairs": report.pairs,
                "pearson": report.pearson,
                "spearman": report.spearman,
                "seconds": seconds,
                "model": encoder.info.model_dump(),
                "projection": learned.card.arrays_sha256[:12] if learned else None,
            }
        )
        return
    say(f"pairs     {report.pairs}")
    say(f"Pearson   {report.pearson:.4f}")
    say(f"Spearman  {report.spearman:.4f}")
    note(f"{clean(data.name)}: {2 * report.pairs} sentences in {seconds:.2f} s")
