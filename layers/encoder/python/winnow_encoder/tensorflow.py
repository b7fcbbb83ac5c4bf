"""The TensorFlow engine: whatever `tensorflow_hub.load` loads, of either kind of signature.

TensorFlow is imported when a model is loaded, never before. Its rows may differ in the last bits
between batches: TensorFlow picks its kernels by shape.
"""

import hashlib
import os
import threading
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from winnow.errors import ModelInvalidError, TensorFlowMissingError
from winnow.models import ModelInfo
from winnow.ports import Encoder
from winnow_encoder.artefacts import SAVED_MODEL_FOLDER, TOKENIZER_FILE, read_manifest, verified
from winnow_encoder.batching import DIMENSIONS, TokenEncoder, Vectors
from winnow_encoder.blank import is_blank
from winnow_encoder.sparse import sparse_indices
from winnow_encoder.tokenizer import Tokenizer

BATCH = 64
"""Texts a call: the fastest of those measured, see models/use-lite/README.md."""


def load_tensorflow(model_dir: Path, handle: str, threads: int) -> Encoder:
    """An encoder over `handle`, or over the SavedModel in `model_dir` when there is none.

    A model with a signature that takes `indices` and `values` gets token ids, made with the
    tokeniser in `model_dir`; any other must be callable with a list of strings. Rows are scaled to
    length 1.

    Raises TensorFlowMissingError where TensorFlow is not installed, or the model has no SavedModel.
    """
    hub = _tensorflow(threads)
    if handle:
        try:
            path = Path(hub.resolve(handle))
            loaded = hub.load(str(path))
        except Exception as error:
            raise ModelInvalidError(
                f"tensorflow_hub cannot load {handle} ({type(error).__name__})."
            ) from error
        info = _info_of(handle, path)
    else:
        manifest = read_manifest(model_dir)
        inside = [name for name in manifest.files if name.startswith(f"{SAVED_MODEL_FOLDER}/")]
        if not inside:
            raise TensorFlowMissingError(f"The model in {model_dir} has no SavedModel.")
        for name in inside:
            verified(model_dir, manifest, name)
        loaded = hub.load(str(model_dir / SAVED_MODEL_FOLDER))
        info = ModelInfo(
            name=manifest.name,
            version=manifest.version,
            sha256=manifest.files[f"{SAVED_MODEL_FOLDER}/saved_model.pb"].sha256,
            engine="tensorflow",
        )

    signature = _token_signature(loaded)
    if signature is not None:
        manifest = read_manifest(model_dir)
        tokens = Tokenizer(verified(model_dir, manifest, TOKENIZER_FILE))
        # One engine: TensorFlow spreads a batch over the cores by itself.
        return TokenEncoder(tokens, lambda: _TokenIds(signature), info, threads=1, batch=BATCH)
    if callable(loaded):
        return StringEncoder(loaded, info)
    raise ModelInvalidError(f"{info.name} takes neither token ids nor strings.")


class StringEncoder:
    """An Encoder (see winnow.ports) over a callable that takes strings, as USE v4 and large v5 do.

    The model tokenises, and decides what becomes of long text.
    """

    def __init__(self, model: Callable[[Any], Any], info: ModelInfo) -> None:
        self._model = model
        self._info = info
        self._one_call = threading.Lock()

    @property
    def info(self) -> ModelInfo:
        return self._info

    def __call__(self, texts: Sequence[str]) -> Vectors:
        import tensorflow as tf

        out = np.zeros((len(texts), DIMENSIONS), np.float32)
        # Lone surrogates have no UTF-8.
        data = [text.encode("utf-8", "replace") for text in texts]
        order = sorted(
            (n for n, text in enumerate(texts) if not is_blank(text)), key=lambda n: len(data[n])
        )
        with self._one_call:
            for at in range(0, len(order), BATCH):
                batch = order[at : at + BATCH]
                out[batch] = _unit_rows(
                    self._model(tf.constant([data[n] for n in batch])), len(batch)
                )
        return out


class _TokenIds:
    """A TokenEngine over a signature that takes a sparse batch."""

    def __init__(self, signature: Any) -> None:
        self._signature = signature
        self._inputs = set(signature.structured_input_signature[1])

    def __call__(self, rows: Sequence[Sequence[int]]) -> Vectors:
        import tensorflow as tf

        values = np.array(rows, np.int64)
        inputs = {
            "indices": tf.constant(sparse_indices(*values.shape)),
            "values": tf.constant(values.reshape(-1)),
        }
        if "dense_shape" in self._inputs:
            inputs["dense_shape"] = tf.constant(values.shape, tf.int64)
        return _unit_rows(self._signature(**inputs), len(rows))


def _tensorflow(threads: int) -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow as tf

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it imports pkg_resources, which announces its end
            import tensorflow_hub as hub
    except ModuleNotFoundError as error:
        raise TensorFlowMissingError(f"The package {error.name} is not installed.") from None

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # TensorFlow is already running in this process, and its threads are as they are.
    return hub


def _token_signature(loaded: Any) -> Any:
    """The signature that takes `indices` and `values`, if there is one."""
    for signature in getattr(loaded, "signatures", {}).values():
        if {"indices", "values"} <= set(signature.structured_input_signature[1]):
            return signature
    return None


def _unit_rows(output: Any, count: int) -> Vectors:
    """The one tensor of a model's answer as rows of length 1."""
    if isinstance(output, dict):
        output = output.get("outputs", output.get("default", next(iter(output.values()))))
    rows: Vectors = np.asarray(output, np.float32)
    if rows.shape != (count, DIMENSIONS):
        raise ModelInvalidError(
            f"The model answered {count} texts with the shape {rows.shape}, not ({count}, 512)."
        )
    lengths: Vectors = np.linalg.norm(rows, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return np.divide(rows, lengths, dtype=np.float32)


def _info_of(handle: str, path: Path) -> ModelInfo:
    """What is known of a model without a manifest; the hash is over every file's name and bytes."""
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{digest}  {file.relative_to(path).as_posix()}\n".encode())
    parts = [part for part in handle.split("?")[0].rstrip("/").split("/") if part]
    version = parts.pop() if len(parts) > 1 and parts[-1].isdigit() else "unversioned"
    return ModelInfo(name=parts[-1], version=version, sha256=whole.hexdigest(), engine="tensorflow")
