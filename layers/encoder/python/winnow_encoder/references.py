"""Vectors of a version's reference sentences: made when it is published, used when it first judges.

A judge encodes its reference sentences when it is built, hundreds of them. With the vectors that
were published beside the definition, that costs a read.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from winnow.heads.card import HeadFiles
from winnow.judging import build_judge, readings_of
from winnow.judging.text.remembering import Knowing, find_readings
from winnow.models import ModelInfo
from winnow.ports import Encoder, Judge
from winnow.processes.schema import ProcessDefinition
from winnow_encoder.batching import Vectors
from winnow_encoder.precomputed import CachedEncoder, encode_precomputed, parse_precomputed


class ReferenceVectors:
    """What computes and reads them, for the encoder of one model folder."""

    def __init__(self, encoder: Encoder, model_dir: Path) -> None:
        """Take an encoder that was made from the files in `model_dir`."""
        self._encoder = encoder
        self._model_dir = model_dir

    def of(self, definition: ProcessDefinition, head: HeadFiles | None) -> bytes:
        """The file for a version. Builds its judge: raises what is wrong with it.

        Raises HeadInvalidError, HeadMissingError as `build_judge`.
        """
        asked = _Asked(self._encoder)
        build_judge(definition, asked, head)
        return encode_precomputed(
            self._encoder, list(asked.sentences), self._model_dir, readings_of(definition)
        )

    def judge(
        self,
        definition: ProcessDefinition,
        head: HeadFiles | None,
        read: Callable[[], bytes] | None,
    ) -> Judge:
        """The judge of a version, built from its file if `read` gives one of this very encoder.

        The file is only read if the encoder would have to encode: it may know the sentences of
        processes that ship already. Raises as `build_judge`, and what `read` raises.
        """
        if read is None:
            return build_judge(definition, self._encoder, head)
        lookup = _Lookup(self._encoder, lambda: self._parsed(read()))
        judge = build_judge(definition, lookup, head)
        lookup.close()
        return judge

    def _parsed(self, data: bytes) -> Encoder:
        engine = self._encoder.info.engine
        found = parse_precomputed(data, self._model_dir, engine, "A version's file of vectors")
        return self._encoder if found is None else CachedEncoder(self._encoder, *found)


class _Asked:
    """An Encoder that keeps what it is asked for."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.sentences: dict[str, None] = {}

    @property
    def info(self) -> ModelInfo:
        return self._encoder.info

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.sentences.update(dict.fromkeys(texts))
        return self._encoder(texts)


class _Lookup:
    """An Encoder that reads a file of vectors the first time that it would have to encode."""

    def __init__(self, encoder: Encoder, read: Callable[[], Encoder]) -> None:
        self._encoder = encoder
        self._read: Callable[[], Encoder] | None = read
        self._with_file: Encoder | None = None

    @property
    def info(self) -> ModelInfo:
        return self._encoder.info

    def close(self) -> None:
        """From now on encode as the encoder itself: what is asked for are records."""
        self._read = self._with_file = None

    def readings(self, key: str) -> str | None:
        found = find_readings(self._encoder, key)
        return found if found or self._read is None else find_readings(self._opened(), key)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        known = isinstance(self._encoder, Knowing) and self._encoder.knows(texts)
        return (self._encoder if known or self._read is None else self._opened())(texts)

    def _opened(self) -> Encoder:
        if self._with_file is None:
            assert self._read is not None
            self._with_file = self._read()
        return self._with_file
