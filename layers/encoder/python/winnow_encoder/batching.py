"""From texts to rows: tokenise all, sort by length, encode in small batches, put back in order."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from winnow.models import ModelInfo
from winnow_encoder.blank import is_blank

DIMENSIONS = 512
MAX_TOKENS = 128
"""The model reads no more of a row."""

BATCHES_FOR_AN_ENGINE = 8
"""To make an engine takes as long as to encode about so many batches."""

Vectors = NDArray[np.float32]


class TokenEngine(Protocol):
    """Encodes one batch of rows, all of one length from 1 to 128 ids.

    Returns float32 [len(rows), 512], L2-normalised.
    """

    def __call__(self, rows: Sequence[Sequence[int]]) -> Vectors: ...


class Tokens(Protocol):
    """What batching needs of the tokeniser."""

    def __call__(self, text: str) -> list[int]: ...

    def starts_word(self, token: int) -> bool: ...


class TokenEncoder:
    """An Encoder (see winnow.ports) over engines that take token ids.

    Up to `threads` engines are made, the first at once and the others when there is enough work for
    them; each is used by one thread at a time. `batch` is the most rows an engine gets at a time.
    """

    def __init__(
        self,
        tokens: Tokens,
        make_engine: Callable[[], TokenEngine],
        info: ModelInfo,
        threads: int,
        batch: int,
    ) -> None:
        self._tokens = tokens
        self._make_engine = make_engine
        self._engines = [make_engine()]
        self._threads = threads
        self._batch = batch
        self._info = info
        self._one_call = threading.Lock()

    @property
    def info(self) -> ModelInfo:
        return self._info

    def __call__(self, texts: Sequence[str]) -> Vectors:
        pieces: list[Sequence[int]] = []
        owners: list[range] = []
        for text in texts:
            first = len(pieces)
            if not is_blank(text):
                pieces += split(self._tokens(text), self._tokens.starts_word)
            owners.append(range(first, len(pieces)))
        with self._one_call:
            rows = self._encode(pieces)
        out = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, owned in zip(out, owners, strict=True):
            if len(owned) == 1:
                row[:] = rows[owned.start]
            elif owned:
                row[:] = _mean(rows[owned.start : owned.stop], [len(pieces[n]) for n in owned])
        return out

    def _encode(self, pieces: Sequence[Sequence[int]]) -> Vectors:
        rows = np.empty((len(pieces), DIMENSIONS), np.float32)
        batches = _batches([len(piece) for piece in pieces], self._batch)
        worth = min(self._threads, 1 + len(batches) // BATCHES_FOR_AN_ENGINE)
        while len(self._engines) < worth:
            self._engines.append(self._make_engine())
        queue = iter(batches)
        taking = threading.Lock()

        def work(engine: TokenEngine) -> None:
            while True:
                with taking:
                    batch = next(queue, None)
                if batch is None:
                    return
                rows[batch] = engine([pieces[n] for n in batch])

        if len(batches) == 1 or len(self._engines) == 1:
            work(self._engines[0])
        else:
            with ThreadPoolExecutor(len(self._engines)) as pool:
                list(pool.map(work, self._engines))
        return rows


def _batches(lengths: Sequence[int], max_rows: int) -> list[list[int]]:
    """Numbers of rows to encode together: all of one length, the longest first.

    Rows of different lengths would be padded, which costs time and makes a vector depend, in its
    last bits, on its neighbours. The longest go first: no thread is left alone with long ones.
    """
    alike: dict[int, list[int]] = {}
    for number, length in enumerate(lengths):
        alike.setdefault(length, []).append(number)
    return [
        numbers[at : at + max_rows]
        for _, numbers in sorted(alike.items(), reverse=True)
        for at in range(0, len(numbers), max_rows)
    ]


def split(ids: Sequence[int], starts_word: Callable[[int], bool]) -> list[Sequence[int]]:
    """The ids in pieces of at most 128, about equally long, cut before a word where one is near."""
    pieces: list[Sequence[int]] = []
    begin = 0
    while (rest := len(ids) - begin) > MAX_TOKENS:
        left = -(-rest // MAX_TOKENS)
        end = -(-rest // left)
        cut = next((n for n in range(end, end // 2, -1) if starts_word(ids[begin + n])), end)
        pieces.append(ids[begin : begin + cut])
        begin += cut
    if rest:
        pieces.append(ids[begin:])
    return pieces


def _mean(rows: Vectors, tokens: Sequence[int]) -> Vectors:
    """The rows' mean, weighted by tokens, scaled to length 1 (zeros if they cancel out)."""
    mean = (rows * np.asarray(tokens, np.float32)[:, None]).sum(axis=0)
    length = np.sqrt((mean * mean).sum())
    unit: Vectors = mean / length if length > 0 else mean
    return unit
