"""Precomputed embeddings of reference sentences, so that a cold start need not encode them.

A judge asks for the vectors of its process's reference sentences before its first answer, hundreds
of them. `winnow model build` encodes those of the definitions at hand into
`references-<engine>.vectors` beside the weights: a line of JSON (what they were encoded with, the
sentences, and what judges keep of them), their rows as little-endian float32, and the SHA-256 of
all before. A published version of a process has such a file of its own. A sentence that is not
among them is encoded as any other. Where the kernels of the machine that encoded them differ from
those of the machine at hand, a vector may differ in its last bits.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from winnow.errors import ModelInvalidError
from winnow.judging.text.remembering import find_readings
from winnow.models import ModelInfo
from winnow.ports import Encoder
from winnow_encoder.artefacts import MANIFEST_FILE
from winnow_encoder.batching import DIMENSIONS, Vectors

_DIGEST = hashlib.sha256().digest_size


class CachedEncoder:
    """An Encoder (see winnow.ports) that looks up the sentences it knows and encodes the others."""

    def __init__(
        self,
        encoder: Encoder,
        sentences: Sequence[str],
        vectors: Vectors,
        readings: Mapping[str, str],
    ) -> None:
        """Take the vectors: shape [len(sentences), 512]."""
        self._encoder = encoder
        self._readings = readings
        self._rows = {sentence: row for row, sentence in enumerate(sentences)}
        self._vectors = vectors

    @property
    def info(self) -> ModelInfo:
        return self._encoder.info

    def knows(self, texts: Sequence[str]) -> bool:
        """Whether none of the texts has to be encoded."""
        return all(text in self._rows for text in texts)

    def readings(self, key: str) -> str | None:
        """What judges keep of the sentences under a key (winnow/judging/criteria/readings.py)."""
        return self._readings.get(key) or find_readings(self._encoder, key)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        rows = np.fromiter((self._rows.get(text, -1) for text in texts), np.intp, len(texts))
        known = rows >= 0
        if not known.any():
            return self._encoder(texts)
        out = np.empty((len(texts), DIMENSIONS), np.float32)
        out[known] = self._vectors[rows[known]]
        if new := np.flatnonzero(~known).tolist():
            out[new] = self._encoder([texts[n] for n in new])
        return out


def precomputed_file(model_dir: Path, engine: str) -> Path:
    """Where the embeddings that an engine computed lie."""
    return model_dir / f"references-{engine}.vectors"


class PrecomputedEmbeddings(NamedTuple):
    """Sentences and their vectors, shape [len(sentences), 512]."""

    sentences: list[str]
    vectors: Vectors
    readings: dict[str, str]


def read_precomputed(model_dir: Path, engine: str) -> PrecomputedEmbeddings | None:
    """What an engine computed; None if nothing, or with other weights than these.

    Raises ModelInvalidError when the file is truncated or altered.
    """
    file = precomputed_file(model_dir, engine)
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        raise ModelInvalidError(f"{file.name} in {model_dir} is unreadable.") from None
    return parse_precomputed(data, model_dir, engine, f"{file.name} in {model_dir}")


def parse_precomputed(
    data: bytes, model_dir: Path, engine: str, name: str
) -> PrecomputedEmbeddings | None:
    """The content of such a file; None if it was made by another engine or with other weights.

    Raises ModelInvalidError when it is truncated or altered; `name` is what people know it by.
    """
    content = memoryview(data)[:-_DIGEST]
    if hashlib.sha256(content).digest() != data[-_DIGEST:]:
        raise ModelInvalidError(f"{name} is truncated or altered.")
    end = data.index(b"\n") + 1
    header = json.loads(data[:end])
    if header["encoder"] != _encoded_with(model_dir, engine):
        return None
    vectors = np.frombuffer(content[end:], "<f4").reshape(-1, DIMENSIONS)
    return PrecomputedEmbeddings(header["sentences"], vectors, header.get("readings", {}))


def with_precomputed(encoder: Encoder, model_dir: Path) -> Encoder:
    """The encoder with the embeddings that lie beside its weights, or itself if there are none.

    Raises ModelInvalidError as `read_precomputed`.
    """
    embeddings = read_precomputed(model_dir, encoder.info.engine)
    return encoder if embeddings is None else CachedEncoder(encoder, *embeddings)


def write_precomputed(
    encoder: Encoder, sentences: Sequence[str], model_dir: Path, readings: Mapping[str, str]
) -> bool:
    """Encode the sentences into `model_dir`; False if the same was there already.

    `encoder` is one without precomputed embeddings, made from the files in `model_dir`. It is
    always asked: the weights and the sentences do not tell whether the code between them changed.
    """
    data = encode_precomputed(encoder, sentences, model_dir, readings)
    file = precomputed_file(model_dir, encoder.info.engine)
    if file.is_file() and file.read_bytes() == data:
        return False
    fresh = file.with_suffix(".part")
    fresh.write_bytes(data)
    fresh.replace(file)
    return True


def encode_precomputed(
    encoder: Encoder, sentences: Sequence[str], model_dir: Path, readings: Mapping[str, str]
) -> bytes:
    """The content of such a file. `encoder` is made from the files in `model_dir`."""
    made_by = _encoded_with(model_dir, encoder.info.engine)
    header = {"encoder": made_by, "sentences": list(sentences), "readings": dict(readings)}
    line = json.dumps(header, ensure_ascii=False).encode() + b"\n"
    content = line + encoder(sentences).astype("<f4").tobytes()
    return content + hashlib.sha256(content).digest()


def _encoded_with(model_dir: Path, engine: str) -> dict[str, Any]:
    """What vectors depend on: the engine, and every file that the manifest vouches for."""
    manifest = hashlib.sha256((model_dir / MANIFEST_FILE).read_bytes()).hexdigest()
    return {"engine": engine, "manifest": manifest}
