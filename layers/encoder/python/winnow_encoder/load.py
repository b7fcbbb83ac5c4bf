"""Makes an encoder: chooses the engine and verifies its files."""

from pathlib import Path
from typing import Protocol

from winnow.errors import SettingsError
from winnow.models import ModelInfo
from winnow.ports import Encoder
from winnow_encoder.artefacts import FP32_FILE, INT8_FILE, TOKENIZER_FILE, read_manifest, verified
from winnow_encoder.batching import TokenEncoder
from winnow_encoder.native import cores
from winnow_encoder.precomputed import with_precomputed
from winnow_encoder.tokenizer import Tokenizer

FLATBUFFERS = {"litert": (INT8_FILE, 8), "litert-fp32": (FP32_FILE, 16)}
"""File and batch size by engine; the sizes are measured, see models/use-lite/README.md."""
ENGINES = (*FLATBUFFERS, "tensorflow")


def load_encoder(
    model_dir: Path,
    engine: str = "litert",
    threads: int = 0,
    handle: str = "",
    *,
    precomputed: bool = True,
) -> Encoder:
    """An encoder over the model that `winnow model build` made in `model_dir`.

    `engine` is one of `litert` (int8 weights), `litert-fp32`, `tensorflow`. `threads` is how many
    batches are encoded side by side, 0 for one a core. `handle` is for `tensorflow` only: anything
    that `tensorflow_hub.load` takes; without one, the SavedModel in `model_dir` is loaded. A model
    that takes strings needs no `model_dir`. With `precomputed`, the sentences that were encoded
    when the model was built (see `precomputed`) are looked up.

    Raises ModelInvalidError when a file that is needed is missing, truncated or altered, or when
    what `handle` names is no sentence encoder; SettingsError for an unknown engine or a negative
    number of threads.
    """
    if engine not in ENGINES:
        raise SettingsError(f"The engine {engine!r} is not one of {', '.join(ENGINES)}.")
    if threads < 0:
        raise SettingsError(f"The number of threads is {threads}; it must be 0 or more.")
    if handle and engine != "tensorflow":
        raise SettingsError(f"A model handle needs the engine tensorflow, not {engine}.")
    threads = threads or cores()
    if engine == "tensorflow":
        from winnow_encoder.tensorflow import load_tensorflow

        encoder = load_tensorflow(model_dir, handle, threads)
        return with_precomputed(encoder, model_dir) if precomputed and not handle else encoder

    from winnow_encoder.litert import LiteRtEngine

    manifest = read_manifest(model_dir)
    tokens = Tokenizer(verified(model_dir, manifest, TOKENIZER_FILE))
    file, batch = FLATBUFFERS[engine]
    flatbuffer = verified(model_dir, manifest, file)
    info = ModelInfo(
        name=manifest.name,
        version=manifest.version,
        sha256=manifest.files[file].sha256,
        engine=engine,
    )
    encoder = TokenEncoder(tokens, lambda: LiteRtEngine(flatbuffer), info, threads, batch)
    return with_precomputed(encoder, model_dir) if precomputed else encoder


class EncoderSettings(Protocol):
    """What a function's environment says of its encoder."""

    @property
    def model_dir(self) -> Path: ...
    @property
    def model_engine(self) -> str: ...
    @property
    def model_handle(self) -> str: ...
    @property
    def encoder_threads(self) -> int: ...


def encoder_of(settings: EncoderSettings) -> Encoder:
    """The encoder that a function's settings describe. Raises as `load_encoder`."""
    return load_encoder(
        settings.model_dir,
        engine=settings.model_engine,
        threads=settings.encoder_threads,
        handle=settings.model_handle,
    )
