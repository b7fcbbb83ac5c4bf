"""`winnow model build` and `info`: the files of the encoder."""

from pathlib import Path
from typing import Annotated

import typer

from winnow_cli.commands import model_versions
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
        help="Also make the SavedModel of the engine `tensorflow`; needs TensorFlow (make setup).",
    ),
]

app = typer.Typer(
    help="Versions of processes on a stack, and the files of the encoder.", no_args_is_help=True
)
model_versions.register(app)


@app.command()
@handle_errors
def build(
    model: ModelDir = DEFAULT_MODEL,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    saved_model: SavedModel = False,
    as_json: AsJson = False,
) -> None:
    """Download the package of the weights, check its hash, and build the model from it.

    The reference sentences of the processes are encoded, too, which saves time at a cold start.
    """
    from winnow_model import build_model, build_references

    build_model(model, note, saved_model=saved_model)
    build_references(model, processes, note)
    _show(model, as_json)


@app.command()
@handle_errors
def info(model: ModelDir = DEFAULT_MODEL, as_json: AsJson = False) -> None:
    """Show the model: name, origin and files. Each file is checked against its SHA-256."""
    _show(model, as_json)


def _show(model: Path, as_json: bool) -> None:
    from winnow_encoder.artefacts import read_manifest, verified
    from winnow_encoder.load import ENGINES
    from winnow_encoder.precomputed import read_precomputed

    manifest = read_manifest(model)
    # An engine that is not used needs no files; loading says so if it does.
    here = [name for name in manifest.files if (model / name).is_file()]
    for name in here:
        verified(model, manifest, name)
    encoded = {engine: read_precomputed(model, engine) for engine in ENGINES}
    references = {engine: len(file.sentences) for engine, file in encoded.items() if file}
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
