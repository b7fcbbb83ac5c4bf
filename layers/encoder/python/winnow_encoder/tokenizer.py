"""USE-lite's tokeniser: NFKC, then the best path through the unigram pieces of each word.

It agrees id by id with the JavaScript tokeniser that the weights are published with, which plain
sentencepiece does not: a text may have several segmentations of equal score ("-- -" and "- --"),
and rounding picks among them. So sums are made as the reference makes them: in double precision,
from the start of the text, the later candidate winning a tie. Two more peculiarities are kept: an
unknown character costs nothing, and a sum of exactly zero counts as "not reached yet".

No piece has '▁' (the space) anywhere but in front, so words are segmented one at a time and
remembered; what stands before a word matters only where rounding may decide inside the word, and
a text with such a word is worked out from its start.
"""

import re
import struct
from functools import cached_property
from typing import NamedTuple

from winnow.errors import ModelInvalidError
from winnow.limits.unicode import nfkc

SPACE = "▁"

_NORMAL = 1
_SUM_TOLERANCE = 1e-6
"""Sums nearer than this may be ordered by rounding, which stays below 1e-7 in a megabyte."""

_MAX_CACHED_WORDS = 50_000
_MAX_CACHED_WORD_CHARS = 64

_FLOAT = struct.Struct("<f")
_SURROGATES = re.compile("[\ud800-\udfff]")

# Compatibility forms that are younger than Unicode 14, the version in Python 3.11, and come out as
# pieces' characters: without them a text would have other ids in other versions of Python.
_YOUNG = {0xA7F1: "S"}
_YOUNG |= {0x1CCD6 + number: letter for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_YOUNG |= {0x1CCF0 + number: digit for number, digit in enumerate("0123456789")}
_YOUNG |= dict(
    zip((0x1E030, 0x1E035, 0x1E038, 0x1E03C, 0x1E03E, 0x1E03F, 0x1E040), "аеиорст", strict=True)
)
_YOUNG |= dict(zip((0x1E051, 0x1E056, 0x1E059, 0x1E05C, 0x1E05E), "аеиос", strict=True))


class _Path(NamedTuple):
    ids: tuple[int, ...]
    total: float
    close: bool
    """Whether rounding may have decided."""


class Tokenizer:
    """Text to token ids. Safe to share between threads."""

    def __init__(self, model: bytes) -> None:
        """`model` is a serialised sentencepiece unigram model; ModelInvalidError if it is not."""
        self._pieces = _read_pieces(model)
        if not self._pieces:
            raise ModelInvalidError("The tokeniser's model holds no pieces.")
        self._longest: dict[str, int] = {}
        for piece in self._pieces:
            if len(piece) > self._longest.get(piece[0], 0):
                self._longest[piece[0]] = len(piece)
        # Where a sum can be exactly zero: after pieces of no cost at the start, or beyond a gain.
        free = {p: score for p, (_, score) in self._pieces.items() if score >= 0}
        self._free_starts = tuple(piece[1:] for piece in free if piece[0] == SPACE)
        self._gains = tuple(piece for piece, score in free.items() if score > 0)
        self._words: dict[str, tuple[int, ...]] = {}

    def __call__(self, text: str) -> list[int]:
        """The text's token ids, none for the empty text; 0 is a run of unknown characters."""
        text = normalised(text)
        if not text:
            return []
        words = text.replace(SPACE, " ").split(" ")
        if text.startswith(self._free_starts) or any(piece in text for piece in self._gains):
            return self._from_the_start(words)
        ids: list[int] = []
        known = self._words
        for word in words:
            path = known.get(word)
            if path is None:
                path = self._learn(word)
            if not path:
                return self._from_the_start(words)
            ids += path
        return ids

    def starts_word(self, token: int) -> bool:
        """Whether the token's piece begins with a space."""
        return token in self._starts

    @cached_property
    def _starts(self) -> frozenset[int]:
        return frozenset(n for piece, (n, _) in self._pieces.items() if piece[0] == SPACE)

    def _learn(self, word: str) -> tuple[int, ...]:
        """The word's ids, whatever stands before it; empty if that may matter."""
        path = self._best_path(SPACE + word, -1.0)
        ids = () if path.close else path.ids
        if len(word) <= _MAX_CACHED_WORD_CHARS:
            if len(self._words) >= _MAX_CACHED_WORDS:
                self._words.clear()
            self._words[word] = ids
        return ids

    def _from_the_start(self, words: list[str]) -> list[int]:
        ids: list[int] = []
        total = 0.0
        for word in words:
            path = self._best_path(SPACE + word, total)
            ids += path.ids
            total = path.total
        return ids

    def _best_path(self, word: str, before: float) -> _Path:
        """Viterbi, step for step as the reference does it, on from the sum `before` the word."""
        length = len(word)
        best = [0.0] * (length + 1)
        best[0] = before
        came = [(0, 0)] * (length + 1)  # (start of the piece that ends here, its id)
        close = [False] * (length + 1)
        for start in range(length):
            reached, has_piece = best[start], False
            for end in range(start + 1, min(start + self._longest.get(word[start], 0), length) + 1):
                piece = self._pieces.get(word[start:end])
                if piece is None:
                    continue
                has_piece = True
                number, score = piece
                score += reached
                if came[end][1] and abs(score - best[end]) < _SUM_TOLERANCE:
                    close[end] = True
                if best[end] == 0 or score >= best[end]:
                    best[end], came[end] = score, (start, number)
            if not has_piece and (best[start + 1] == 0 or reached >= best[start + 1]):
                best[start + 1], came[start + 1] = reached, (start, 0)
        ids: list[int] = []
        at, doubtful = length, False
        while at > 0:
            doubtful = doubtful or close[at]
            at, number = came[at]
            if not (number == 0 and ids and ids[-1] == 0):
                ids.append(number)
        return _Path(tuple(reversed(ids)), best[length], doubtful)


def normalised(text: str) -> str:
    """NFKC by Unicode 17 as far as the pieces can tell, in any Python."""
    if text.isascii():
        return text
    if _SURROGATES.search(text):
        # Two halves of a pair count as the one character they are to JavaScript.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return nfkc(text.translate(_YOUNG))


def _read_pieces(model: bytes) -> dict[str, tuple[int, float]]:
    """Id and score of each normal piece of a ModelProto, whose pieces stand first.

    Read by hand: importing the sentencepiece library takes longer than this.
    """
    pieces: dict[str, tuple[int, float]] = {}
    at = number = 0
    try:
        # Field 1, a piece: {1: piece, 2: score, 3: type, normal if absent}.
        while model[at] == 0x0A:
            size, text = model[at + 1], at + 4
            score = text + model[at + 3]
            if size >= 0x80 or model[at + 2] != 0x0A or model[score] != 0x15:
                raise ValueError
            at += 2 + size
            if at != score + 7 or model[score + 5] != 0x18 or model[score + 6] == _NORMAL:
                # The published scores have 12 significant digits; float32 keeps them all.
                published = float(f"{_FLOAT.unpack_from(model, score + 1)[0]:.12g}")
                pieces[model[text:score].decode("utf-8")] = number, published
            number += 1
    except (IndexError, ValueError, struct.error):
        raise ModelInvalidError("The tokeniser's model is not a sentencepiece model.") from None
    return pieces
