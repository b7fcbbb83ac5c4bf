"""Texts that are copies of each other, or nearly: they must not stand on two sides of a split.

Two texts are near copies if the Jaccard similarity of their runs of 8 characters is about 0.8 or
more: a note sent twice, with another name or date, or with a sentence added. Case, punctuation and
white space do not count. The similarity is estimated by min-hashing with 64 hashes of 64 bits
(Broder, "On the Resemblance and Containment of Documents", 1997). Pairs are looked for among texts
that agree in one of 16 bands of 4 hashes: of pairs at 0.8, 9,998 in 10,000 are compared.
Groups are the connected components: a text that is like two others joins them.

A head keeps 16 bits of each hash of its rows, so that near copies of them are known later (b-bit
minwise hashing: Li and König, 2010).
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from winnow.limits.unicode import nfkc

Words = NDArray[np.uint64]
Signatures = NDArray[np.uint16]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

SHINGLE = 8
HASHES = 64
BANDS = 16
ALIKE = 0.75
"""The least share of hashes that near copies agree in."""
MAX_PIVOTS = 32
"""Texts of one band's bucket that the others of it are compared with."""
_MAX_LIKE = 256
"""Kept texts of one band's bucket that a new text is compared with."""
_PART = 4_000_000
"""Characters that are hashed at once."""
_WORD = re.compile(r"\w+")
_BASE = np.uint64(0x9E3779B97F4A7C15)


def normalised(text: str) -> str:
    r"""A text without what makes no difference between copies: its words, in lower case.

    >>> normalised("  Hb 7.4 --\tmelena!")
    'hb 7 4 melena'
    """
    return " ".join(_WORD.findall(nfkc(text).casefold()))


def text_key(text: str) -> str:
    """32 hex digits that stand for a normalised text."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()[:32]


def near_copies(texts: Sequence[str]) -> Ints:
    """The group of each text; groups are numbered as they first come.

    A text without words is like those without words alone.
    """
    plain = [normalised(text) for text in texts]
    distinct: dict[str, int] = {}
    place = np.array([distinct.setdefault(text, len(distinct)) for text in plain], np.intp)
    signatures = _signatures(list(distinct))
    pairs = np.array(sorted(_pairs(signatures)), np.intp).reshape(-1, 2)
    count = len(distinct)
    links = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    _, component = csgraph.connected_components(links, directed=False)
    groups = component[place] if count else place
    first = np.unique(groups, return_index=True, return_inverse=True)[1:]
    rank = np.argsort(np.argsort(first[0]))
    return rank[first[1]].astype(np.intp)


def signatures(texts: Sequence[str]) -> Signatures:
    """What near copies agree in, shape [texts, HASHES]; nothing of a text can be read from it."""
    return (_signatures([normalised(text) for text in texts]) >> np.uint64(48)).astype(np.uint16)


def like_any(texts: Sequence[str], kept: Signatures) -> Bools:
    """Whether each text is a near copy of one whose signature was kept."""
    found = np.zeros(len(texts), bool)
    if not len(kept) or not len(texts):
        return found
    own, kept = signatures(texts), np.unique(kept, axis=0)
    for band, theirs in zip(_bands(own), _bands(kept), strict=True):
        order = np.argsort(theirs, kind="stable")
        starts = np.searchsorted(theirs[order], band, "left")
        ends = np.searchsorted(theirs[order], band, "right")
        for at in np.flatnonzero((ends > starts) & ~found).tolist():
            bucket = order[starts[at] : min(ends[at], starts[at] + _MAX_LIKE)]
            found[at] = ((kept[bucket] == own[at]).mean(axis=1) >= ALIKE).any()
    return found


def _bands(of: Signatures) -> list[Words]:
    """Each band of signatures as one number a text."""
    rows = HASHES // BANDS
    whole = np.ascontiguousarray(of).view(np.uint64).reshape(len(of), -1)
    if rows * of.itemsize != whole.itemsize:
        raise ValueError("a band has to fill 64 bits")
    return [whole[:, band] for band in range(BANDS)]


def _signatures(texts: Sequence[str]) -> Words:
    """Shape [texts, HASHES]: the least of each hash over a text's shingles."""
    draws = np.random.default_rng(0)
    factors = draws.integers(1, 2**63, HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    signatures = np.zeros((len(texts), HASHES), np.uint64)
    begin = size = 0
    for end, text in enumerate(texts, 1):
        size += len(text)
        if size >= _PART or end == len(texts):
            signatures[begin:end] = _least(texts[begin:end], factors)
            begin, size = end, 0
    return signatures


def _least(texts: Sequence[str], factors: Words) -> Words:
    # Every text has a shingle at least: a short one is filled up.
    padded = [text.ljust(SHINGLE, "\0") for text in texts]
    code = np.frombuffer("".join(padded).encode("utf-32-le"), np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in padded])
    shingles = np.zeros(len(code) - SHINGLE + 1, np.uint64)
    for at in range(SHINGLE):
        shingles = shingles * _BASE + code[at : at + len(shingles)] + np.uint64(1)
    shingles = _mixed(shingles)
    ends = np.cumsum(lengths)
    owner = np.repeat(np.arange(len(texts)), lengths)
    inside = owner[: len(shingles)] == owner[SHINGLE - 1 :]
    starts = np.concatenate([[0], np.cumsum(lengths - SHINGLE + 1)[:-1]]) if len(ends) else ends
    own = shingles[inside]
    return np.stack([np.minimum.reduceat(own * f, starts) for f in factors], axis=1)


def _mixed(values: Words) -> Words:
    """The finaliser of SplitMix64: every bit depends on every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = values ^ (values >> np.uint64(31))
    return mixed


def _pairs(signatures: Words) -> set[tuple[int, int]]:
    """Pairs of near copies that connect every text with those that it is like."""
    found: set[tuple[int, int]] = set()
    rows = HASHES // BANDS
    for band in range(BANDS):
        part = np.ascontiguousarray(signatures[:, band * rows : (band + 1) * rows])
        order = np.lexsort(part.T)
        same = (part[order][1:] == part[order][:-1]).all(axis=1)
        starts = np.flatnonzero(np.concatenate([[True], ~same]))
        ends = np.append(starts[1:], len(order))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if end - start > 1:
                found |= _alike(signatures, np.sort(order[start:end]))
    return found


def _alike(signatures: Words, members: Ints) -> set[tuple[int, int]]:
    """Pairs among the texts of a bucket: each with a text before it that it is like."""
    found: set[tuple[int, int]] = set()
    for _ in range(MAX_PIVOTS):
        if len(members) < 2:
            break
        pivot, rest = members[0], members[1:]
        alike = (signatures[rest] == signatures[pivot]).mean(axis=1) >= ALIKE
        found |= {(int(pivot), int(other)) for other in rest[alike].tolist()}
        members = rest[~alike]
    return found
