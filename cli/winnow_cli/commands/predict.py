"""`winnow predict` and `evaluate-similarity`: judging and measuring here, with no stack."""

import time
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.console import clean, emit_json, note, say, shorten, stdout, table
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    ENCODER,
    PROCESSES,
    AsJson,
    ModelDir,
    ProcessesDir,
    ProcessId,
    handle_errors,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from winnow.limits.budget import RecordRejection
    from winnow.models import Evidence, InvalidRecord, Judgement, Record, ResultRecord
    from winnow.processes.schema import ProcessDefinition
    from winnow.readers.ocr import Pictures
    from winnow.readers.pages.geometry import Page
    from winnow_ocr.pages import Pages


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=PROCESSES)(predict)
    app.command(name="evaluate-similarity", rich_help_panel=ENCODER)(evaluate_similarity)


# -- predict -------------------------------------------------------------------------------------


@handle_errors
def predict(
    process: ProcessId,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The text to judge.")] = None,
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
    from winnow.limits.budget import RecordBudget, RecordRejection
    from winnow.processes.registry import ProcessRegistry
    from winnow.steps.classify import judge_records
    from winnow_encoder import load_encoder

    book = ProcessRegistry.from_directory(processes)
    definition = book.find(process)
    if text is None and file is not None:
        records = _records(file, definition)
    else:
        from winnow.models import Record

        records = [Record(record=1, text=text or "")]
    good = [record for record in records if record.kind == "record"]
    judge = build_judge(definition, load_encoder(model), book.heads.get(definition.id))
    judged = judge_records(judge, good, RecordBudget(), time.monotonic)
    if file is None and not as_json and not isinstance(judged[0], RecordRejection):
        _print_judgement(judged[0])
        return
    results = list(_results(records, judged, definition))
    if as_json:
        emit_json(
            {
                "process": definition.info.model_dump(),
                "records": [_document(*result) for result in results],
            }
        )
    else:
        _print_results([result for result, _ in results])


def _records(file: Path, definition: "ProcessDefinition") -> list["Record | InvalidRecord"]:
    from winnow.readers import ReadLimits, Source, read
    from winnow.tables.numbers import with_numbers

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
            ocr=_ocr,
        ) as source,
    ):
        records = list(with_numbers(read(source), columns.numeric_columns))
    for noted in source.notes:
        note(f"{noted.code}: {clean(noted.text)}")
    return records


def _ocr(file: IO[bytes], kind: "Pictures", pages: "Sequence[int] | None") -> "Iterator[Page]":
    """The PageReader of this command. Its engine is loaded when the first picture is met."""
    return _pages()(file, kind, pages)


@cache
def _pages() -> "Pages":
    from winnow.readers import ReadLimits
    from winnow_ocr.pages import Pages
    from winnow_ocr.rapid import RapidEngine

    return Pages(RapidEngine(), ReadLimits(), time.monotonic)


def _results(
    records: "Sequence[Record | InvalidRecord]",
    judged: "Sequence[Judgement | RecordRejection]",
    definition: "ProcessDefinition",
) -> "Iterator[tuple[ResultRecord, Judgement | None]]":
    """What the filter would make of every record, and the judgement with its places."""
    from winnow.steps.classify import scored
    from winnow.steps.filter import outcome_of

    waiting = iter(judged)
    for record in records:
        line = scored(record, next(waiting)) if record.kind == "record" else record
        result = outcome_of(line, definition.threshold, definition.input.min_ocr_confidence)
        yield result, line.judgement if line.kind == "scored" else None


def _document(result: "ResultRecord", judgement: "Judgement | None") -> dict[str, Any]:
    shown = {"outcome", "record", "line", "source_id", "part", "ocr_confidence", "code", "reason"}
    told = result.model_dump(mode="json", exclude_none=True, include=shown)
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


def _print_results(results: "Sequence[ResultRecord]") -> None:
    parts = any(result.part for result in results)
    rows = []
    for result in results:
        number, own_id = str(result.record), result.source_id or ""
        outcome, value, confidence, because = result.outcome.value, "", "", ""
        if result.decision is None:
            because = f"{result.code}: {result.reason}"
        else:
            value, confidence = str(result.decision.value), f"{result.confidence:.2f}"
            if result.code:
                outcome += f" ({result.code})"
            if result.decision.kind == "criteria":
                because = ", ".join(result.decision.because)
        part = [result.part or ""] if parts else []
        rows.append((number, *part, own_id, outcome, value, confidence, because))
    named = ["part"] if parts else []
    columns = ("record", *named, "id", "outcome", "decision", "confidence", "because")
    table(columns, rows, right=("record", "confidence"))


# -- evaluate-similarity -------------------------------------------------------------------------


@handle_errors
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
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Measure the encoder: cosine similarity of sentence pairs against human scores."""
    from winnow_encoder import load_encoder
    from winnow_train.similarity import evaluate_similarity as measure

    encoder = load_encoder(model)
    began = time.perf_counter()
    report = measure(encoder, data)
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
            }
        )
        return
    say(f"pairs     {report.pairs}")
    say(f"Pearson   {report.pearson:.4f}")
    say(f"Spearman  {report.spearman:.4f}")
    note(f"{clean(data.name)}: {2 * report.pairs} sentences in {seconds:.2f} s")
