"""Texts as hashed n-grams: the spelling that sentence vectors blur.

Two blocks: characters (every run of 2 to 5 characters within a word, the blanks around it counted)
and words (single words and pairs). A gram's place is its 64-bit hash cut to `bits`; one more bit
gives its sign, so that collisions cancel rather than add up (Weinberger et al., "Feature Hashing
for Large Scale Multitask Learning", 2009). A gram counts as sign * log(1 + times).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from winnow.limits.unicode import nfkc

Block = Literal["characters", "words"]

PART = 250_000
"""Characters that are taken apart at once: it takes about 300 bytes of memory a character. A text
that is longer is taken apart in pieces, and its n-grams are the same."""

_WORD = re.compile(r"\w+")
_LENGTHS = (2, 3, 4, 5)
# A polynomial hash modulo 2**64: the base must be odd to have an inverse.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 2**64)
_SEEDS: dict[Block, int] = {"characters": 0x243F6A8885A308D3, "words": 0x13198A2E03707344}


@dataclass(frozen=True)
class HashedNgrams:
    """Sparse rows: those of text i are at `starts[i]:starts[i + 1]` of `places` and `values`."""

    starts: NDArray[np.intp]
    places: NDArray[np.intp]
    values: NDArray[np.float32]


def hash_ngrams(texts: Sequence[str], block: Block, bits: int) -> HashedNgrams:
    """The n-grams of each text, places ascending and below 2**bits."""
    parts = [_grams(part, block, bits) for part in _in_parts(texts)]
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    return HashedNgrams(
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
        places=np.concatenate([part.places for part in parts]),
        values=np.concatenate([part.values for part in parts]),
    )


def _in_parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts, a part at a time: at least one part, none much longer than PART characters."""
    begin = length = 0
    for index, text in enumerate(texts):
        length += len(text)
        if length >= PART:
            yield texts[begin : index + 1]
            begin, length = index + 1, 0
    if begin < len(texts) or not begin:
        yield texts[begin:]


def _grams(texts: Sequence[str], block: Block, bits: int) -> HashedNgrams:
    lines = [f" {' '.join(_WORD.findall(_plain(text)))} " for text in texts]
    code = np.frombuffer("".join(lines).encode("utf-32-le"), np.uint32)
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    pieces = [_counted(*piece, block, bits) for piece in _in_pieces(code, owner, block)]
    keys, counts = pieces[0] if len(pieces) == 1 else _summed(pieces)
    rows = keys >> bits
    return HashedNgrams(
        starts=np.searchsorted(rows, np.arange(len(texts) + 1)),
        places=(keys & ((1 << bits) - 1)).astype(np.intp),
        values=(np.sign(counts) * np.log1p(np.abs(counts))).astype(np.float32),
    )


_Piece = tuple[NDArray[np.uint32], NDArray[np.intp], int]
"""Characters, the texts that they are of, and where the last gram begins before."""


def _in_pieces(code: NDArray[np.uint32], owner: NDArray[np.intp], block: Block) -> Iterator[_Piece]:
    """Pieces such that every gram begins within one of them, and none in two."""
    begin = 0
    blanks = np.flatnonzero(code == 32) if block == "words" else np.zeros(0, np.intp)
    while begin + 2 * PART < len(code):
        end = begin + PART
        if block == "words":
            # A word begins behind a blank; the pair that it begins needs the word after it.
            next_blanks = blanks[(at := int(np.searchsorted(blanks, end))) : at + 3].tolist()
            if len(next_blanks) < 3:
                break
            end = next_blanks[0]
            after = next_blanks[2] - end + 1
        else:
            after = _LENGTHS[-1]
        yield code[begin : end + after], owner[begin : end + after], end - begin
        begin = end
    yield code[begin:], owner[begin:], len(code) - begin


def _counted(
    code: NDArray[np.uint32], owner: NDArray[np.intp], until: int, block: Block, bits: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The grams that begin before `until`: keys of text and place, ascending, and their counts."""
    wide = code.astype(np.uint64)
    first, last = _characters(wide) if block == "characters" else _words(wide)
    inside = (owner[first] == owner[last - 1]) & (first < until) if len(first) else first < 0
    first, last = first[inside], last[inside]
    hashes = _mixed(_hashes(wide, first, last) ^ np.uint64(_SEEDS[block]))
    places = (hashes >> np.uint64(64 - bits)).astype(np.int64)
    positive = (hashes & np.uint64(1)).astype(np.int64)
    # The sign is the last bit of what is sorted. The texts are in order, which a stable sort uses.
    signed = (((owner[first].astype(np.int64) << bits) | places) << 1) | positive
    found = np.sort(signed, kind="stable")
    keys = found >> 1
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.add.reduceat(2.0 * (found & 1) - 1.0, starts) if len(starts) else np.zeros(0)
    return keys[starts], counts


def _summed(
    pieces: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The counts of all pieces by key."""
    keys, slots = np.unique(np.concatenate([keys for keys, _ in pieces]), return_inverse=True)
    weights = np.concatenate([counts for _, counts in pieces])
    return keys, np.bincount(slots, weights=weights, minlength=len(keys)).astype(np.float64)


def tfidf_normalise(counts: HashedNgrams, weights: NDArray[np.float32]) -> HashedNgrams:
    """Rows times the weights of their places (`inverse_document_frequency`), made of length 1.

    A row without n-grams stays empty.
    """
    values = counts.values * weights[counts.places]
    squares = np.concatenate([[0.0], np.cumsum(values.astype(np.float64) ** 2)])
    lengths = np.sqrt(np.maximum(squares[counts.starts[1:]] - squares[counts.starts[:-1]], 0.0))
    scale = 1.0 / np.where(lengths > 1e-6, lengths, 1.0)
    sizes = np.diff(counts.starts)
    return HashedNgrams(
        counts.starts, counts.places, (values * np.repeat(scale, sizes)).astype(np.float32)
    )


def matmul(rows: HashedNgrams, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sparse rows times a matrix of shape [2**bits, k]: shape [texts, k].

    Each row is multiplied by itself, so that its product does not depend on the rows beside it.
    """
    out = np.zeros((len(rows.starts) - 1, matrix.shape[1]), np.float32)
    for row, (begin, end) in zip(out, pairwise(rows.starts.tolist()), strict=True):
        np.dot(rows.values[begin:end], matrix[rows.places[begin:end]], out=row)
    return out


def inverse_document_frequency(rows: HashedNgrams, bits: int) -> NDArray[np.float32]:
    """Inverse document frequency of each place, shape [2**bits]: log((1 + n) / (1 + df)) + 1."""
    texts = len(rows.starts) - 1
    frequency = np.bincount(rows.places, minlength=1 << bits)
    return (np.log((1 + texts) / (1 + frequency)) + 1).astype(np.float32)


def _plain(text: str) -> str:
    return nfkc(text).lower()


def _characters(code: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Runs of characters without a blank, except at one of their ends."""
    blank = (code == 32).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(blank)])
    firsts, lasts = [], []
    for length in _LENGTHS:
        first = np.arange(max(0, len(code) - length + 1))
        last = first + length
        within = before[last - 1] - before[first + 1] if len(first) else before[:0]
        fit = (within == 0) & (before[last] - before[first] < length)
        firsts.append(first[fit])
        lasts.append(last[fit])
    return np.concatenate(firsts), np.concatenate(lasts)


def _words(code: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Single words, and pairs of neighbours (pairs across two texts are the caller's to drop)."""
    blank = np.concatenate([[True], code == 32, [True]])
    first = np.flatnonzero(blank[:-1] & ~blank[1:])
    last = np.flatnonzero(~blank[:-1] & blank[1:])
    return np.concatenate([first, first[:-1]]), np.concatenate([last, last[1:]])


def _hashes(
    code: NDArray[np.uint64], first: NDArray[np.intp], last: NDArray[np.intp]
) -> NDArray[np.uint64]:
    """Hash of code[first:last] for each pair, by prefix sums: independent of where it is."""
    powers = np.ones(len(code) + 1, np.uint64)
    inverses = np.ones(len(code) + 1, np.uint64)
    powers[1:] = _BASE
    inverses[1:] = _INVERSE
    np.cumprod(powers, out=powers)
    np.cumprod(inverses, out=inverses)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum((code + np.uint64(1)) * powers[:-1])])
    hashes: NDArray[np.uint64] = (sums[last] - sums[first]) * inverses[first]
    return hashes


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: every bit depends on every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = values ^ (values >> np.uint64(31))
    return mixed
