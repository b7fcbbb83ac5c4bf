"""What judges compute of the texts of one call, each part once however many judges ask for it."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from winnow.heads import ngrams
from winnow.heads.ngrams import Block, HashedNgrams
from winnow.judging.base import RecordBatch
from winnow.judging.text.vectors import SegmentVectors, encode_segments
from winnow.ports import Encoder
from winnow.tables.numbers import numbers_of


class TextFeatures:
    """Segments, vectors, hashed n-grams and numbers of a batch; computed when first asked for."""

    def __init__(self, batch: RecordBatch, encoder: Encoder) -> None:
        self.batch = batch
        self._encoder = encoder
        self._ngrams: dict[tuple[Block, int], HashedNgrams] = {}

    @property
    def texts(self) -> Sequence[str]:
        """The records' texts."""
        return self.batch.texts

    @property
    def fields(self) -> Sequence[Mapping[str, str]] | None:
        """The records' other columns."""
        return self.batch.fields

    @cached_property
    def segments(self) -> SegmentVectors:
        """The vectors of the texts' segments."""
        return encode_segments(self.batch.texts, self._encoder, self.batch.check)

    @cached_property
    def text_vectors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The texts' vectors and lengths: see `SegmentVectors.text_vectors`."""
        return self.segments.text_vectors()

    def ngrams(self, block: Block, bits: int) -> HashedNgrams:
        """The texts' n-grams."""
        if (known := self._ngrams.get((block, bits))) is None:
            known = self._ngrams[block, bits] = ngrams.hash_ngrams(self.batch.texts, block, bits)
        return known

    def numbers(self, columns: Sequence[str]) -> NDArray[np.float64]:
        """The numbers of some columns, shape [records, columns]."""
        return numbers_of(self.batch.fields, columns, len(self.batch.texts))
