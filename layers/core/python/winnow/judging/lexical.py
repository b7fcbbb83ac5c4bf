"""The words that a segment shares with keywords and with reference sentences.

A keyword is found where its words stand side by side in the segment, case aside; a hyphen
counts as a space. A word of five letters or more also stands for a misspelling or inflection: a
word with the same first letter and a normalised Indel similarity (rapidfuzz) of at least 0.83. So
"colonoscopies" is "colonoscopy" and "anaemia" is "anemia", but "enteroscopy" is not "endoscopy".
"""

import re
from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_FUZZY_FROM = 5
_FUZZY_LEAST = 0.83
_MEMO = 50_000


def words(text: str) -> list[str]:
    """The words of a text in lower case; apostrophes and full stops inside a word stay."""
    return _WORD.findall(text.lower().replace("’", "'"))


# Words that say nothing of the matter. Negations are among them: context.py reads those.
_COMMON = frozenset(
    """
    a about after again all also an and any are as at be because been before being both but
    by can could did do does done for from had has have he her here hers him his if in into
    is it its may me more most my no nor not now of off on once only or other our out over
    patient she should so some such than that the their them then there these they this
    those to too under until up very was we were what when where which while who will with
    would you your
    """.split()  # noqa: SIM905 - a list literal would be a line a word
)


class SharedWords:
    """How much of each reference sentence stands in a segment."""

    def __init__(self, references: Sequence[str]) -> None:
        rows = [sorted({w for w in words(r) if w not in _COMMON}) for r in references]
        self._vocabulary = sorted({word for row in rows for word in row})
        place = {word: at for at, word in enumerate(self._vocabulary)}
        holds = np.zeros((len(self._vocabulary), len(rows)), np.float32)
        for column, row in enumerate(rows):
            for word in row:
                holds[place[word], column] = 1.0
        # A word of many references tells little: the usual inverse document frequency.
        rare = np.array([log(1 + len(rows) / n) for n in holds.sum(axis=1).tolist()], np.float32)
        weights = holds * rare[:, None]
        self._weights = weights / np.maximum(weights.sum(axis=0), 1e-9)
        self._memo: dict[str, tuple[int, ...]] = {}

    def __call__(self, segments: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Shape [segments, references]: the weight of a reference's words that the segment has.

        1 where it has them all, close misspellings and inflections counted.
        """
        memo = self._memo
        holds = np.zeros((len(segments), len(self._vocabulary)), np.float32)
        for row, tokens in zip(holds, segments, strict=True):
            for token in tokens:
                found = memo.get(token)
                if found is None:
                    if len(memo) >= _MEMO:
                        memo.clear()
                    found = memo[token] = tuple(
                        at for at, want in enumerate(self._vocabulary) if _same(want, token)
                    )
                for at in found:
                    row[at] = 1.0
        shared: NDArray[np.float32] = holds @ self._weights
        return shared


class Keywords:
    """Finds the keywords of a whole process in one pass over a segment's words.

    A word is compared with all keywords once; after that it is looked up.
    """

    def __init__(self, keywords: Sequence[str]) -> None:
        self._phrases = [tuple(words(keyword)) for keyword in keywords]
        self._vocabulary = sorted({word for phrase in self._phrases for word in phrase})
        self._memo: dict[str, _Meant] = {}

    def __call__(self, tokens: Sequence[str]) -> frozenset[int]:
        """Positions, in the list given to the constructor, of the keywords found."""
        memo = self._memo
        found: set[int] = set()
        for at, token in enumerate(tokens):
            meant = memo.get(token)
            if meant is None:
                meant = self._look_up(token)
            if not meant.words:
                continue
            found.update(meant.whole)
            for index in meant.begun:
                if index not in found and self._stands(self._phrases[index], tokens, at):
                    found.add(index)
        return frozenset(found)

    def spans(self, tokens: Sequence[str]) -> list[tuple[int, int, int]]:
        """Every place: the keyword's position in the list, first token, end token."""
        found: list[tuple[int, int, int]] = []
        for at, token in enumerate(tokens):
            meant = self._memo.get(token) or self._look_up(token)
            if not meant.words:
                continue
            for index in meant.whole:
                found.append((index, at, at + 1))
            for index in meant.begun:
                if self._stands(self._phrases[index], tokens, at):
                    found.append((index, at, at + len(self._phrases[index])))
        return found

    def _stands(self, phrase: tuple[str, ...], tokens: Sequence[str], at: int) -> bool:
        """Whether a phrase, whose first word is at a place, stands there whole."""
        if at + len(phrase) > len(tokens):
            return False
        for offset in range(1, len(phrase)):
            if phrase[offset] not in self._look_up(tokens[at + offset]).words:
                return False
        return True

    def _look_up(self, token: str) -> "_Meant":
        meant = self._memo.get(token)
        if meant is None:
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            same = frozenset(want for want in self._vocabulary if _same(want, token))
            begun = [i for i, p in enumerate(self._phrases) if p and p[0] in same]
            meant = _Meant(
                same,
                tuple(i for i in begun if len(self._phrases[i]) == 1),
                tuple(i for i in begun if len(self._phrases[i]) > 1),
            )
            self._memo[token] = meant
        return meant


class _Meant(NamedTuple):
    """What a word of a segment may be: words of keywords, and the keywords it is or begins."""

    words: frozenset[str]
    whole: tuple[int, ...]
    begun: tuple[int, ...]


def _same(want: str, have: str) -> bool:
    if want == have:
        return True
    if len(want) < _FUZZY_FROM or want[0] != have[0]:
        return False
    return Indel.normalized_similarity(want, have, score_cutoff=_FUZZY_LEAST) > 0
