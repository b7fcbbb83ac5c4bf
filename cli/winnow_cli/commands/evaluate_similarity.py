"""`winnow evaluate-similarity`: measures the encoder against human scores."""

import time
from pathlib import Path
from typing import Annotated

import typer

from winnow_cli.console import clean, emit_json, note, say
from winnow_cli.options import DEFAULT_MODEL, ENCODER, AsJson, ModelDir, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="evaluate-similarity", rich_help_panel=ENCODER)(evaluate_similarity)


@handle_errors
def evaluate_similarity(
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="F.csv",
            exists=True,
            dir_okay=False,
            help="CSV of sentence 1, sentence 2 and score, without a header (the STS benchmark's "
            "form).",
        ),
    ],
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Measure the encoder: how well cosine similarity follows human scores of sentence pairs."""
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
