"""The words that a segment shares with keywords and with reference sentences.

A keyword is found where its words are side by side in the segment, case aside; a hyphen
counts as a space. A word of five letters or more also stands for a misspelling or inflection: a
word with the same first letter and a normalised Indel similarity (rapidfuzz) of at least 0.83. So
"colonoscopies" is "colonoscopy" and "anaemia" is "anemia", but "enteroscopy" is not "endoscopy".
"""

from collections import Counter
from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from winnow.judging.lazy_patterns import lazy_pattern

_WORD = lazy_pattern(r"[^\W_]+(?:['.][^\W_]+)*")
_GLUED = lazy_pattern(r"(?:(?<=[^\W\d_]{3})|(?<=\d))\.(?=[^\W\d_]{2})")
MIN_FUZZY_LETTERS = 5
MIN_FUZZY_SIMILARITY = 0.83
_MAX_REMEMBERED = 50_000


def words(text: str) -> list[str]:
    """The words of a text in lower case; apostrophes and full stops inside a word stay."""
    return _WORD.findall(unglued(text.lower().replace("’", "'")))


def unglued(text: str) -> str:
    """A text in small letters with a space after each full stop that glues two words.

    "1.denies" is two words, and so is "soft.no"; "e.g." and "b.i.d." are not.
    """
    # The last full stop glues nothing, and most segments have no other.
    return _GLUED.sub(". ", text) if text.find(".", 0, -1) >= 0 else text


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


def content_words(text: str) -> frozenset[str]:
    """The words of a text that say something of the matter."""
    return frozenset(word for word in words(text) if word not in _COMMON)


class SharedWords:
    """The share of each reference sentence's words that is in a segment."""

    def __init__(self, references: Sequence[str]) -> None:
        columns = [content_words(reference) for reference in references]
        frequency = Counter(word for column in columns for word in column)
        vocabulary = sorted(frequency)
        self._place = {word: at for at, word in enumerate(vocabulary)}
        self._by_letter = _by_letter(vocabulary)
        # A word of many references tells little: the usual inverse document frequency.
        rare = {word: log(1 + len(columns) / n) for word, n in frequency.items()}
        self._weights = np.zeros((len(vocabulary), len(columns)), np.float32)
        for number, column in enumerate(columns):
            for word in column:
                self._weights[self._place[word], number] = rare[word]
        self._weights /= np.maximum(self._weights.sum(axis=0), 1e-9)
        self._memo: dict[str, tuple[int, ...]] = {}

    def __call__(self, segments: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Shape [segments, references]: the weight of a reference's words that the segment has.

        1 where it has them all, close misspellings and inflections counted.
        """
        memo = self._memo
        places: list[int] = []
        counts: list[int] = []
        for tokens in segments:
            before = len(places)
            for token in tokens:
                alike = memo.get(token)
                places += self._look_up(token) if alike is None else alike
            counts.append(len(places) - before)
        holds = np.zeros((len(segments), len(self._place)), np.float32)
        holds[np.repeat(np.arange(len(segments)), counts), np.array(places, np.intp)] = 1.0
        shared: NDArray[np.float32] = holds @ self._weights
        return shared

    def _look_up(self, token: str) -> tuple[int, ...]:
        if len(self._memo) >= _MAX_REMEMBERED:
            self._memo.clear()
        places = tuple(self._place[word] for word in _alike(token, self._by_letter))
        self._memo[token] = places
        return places


class Keywords:
    """Finds the keywords of a whole process in one pass over a segment's words.

    A word is compared with all keywords once; after that it is looked up.
    """

    def __init__(self, keywords: Sequence[str]) -> None:
        self._indices: dict[tuple[str, ...], list[int]] = {}
        for index, keyword in enumerate(keywords):
            if phrase := tuple(words(keyword)):
                self._indices.setdefault(phrase, []).append(index)
        self._begun: dict[str, list[tuple[str, ...]]] = {}
        for phrase in self._indices:
            self._begun.setdefault(phrase[0], []).append(phrase)
        self._by_letter = _by_letter(sorted({word for phrase in self._indices for word in phrase}))
        self._memo: dict[str, _KeywordParts] = {}

    def __call__(self, tokens: Sequence[str]) -> frozenset[int]:
        """Positions, in the list given to the constructor, of the keywords found."""
        return frozenset(index for index, _, _ in self.spans(tokens))

    def spans(self, tokens: Sequence[str]) -> list[tuple[int, int, int]]:
        """Every place: the keyword's position in the list, first token, end token."""
        memo = self._memo
        parts = [memo.get(token) or self._look_up(token) for token in tokens]
        spans: list[tuple[int, int, int]] = []
        for at, word in enumerate(parts):
            if not word.words:
                continue
            for index in word.whole:
                spans.append((index, at, at + 1))
            if word.begun and at + 1 < len(parts):
                for second in parts[at + 1].words & word.begun.keys():
                    for phrase in word.begun[second]:
                        end = at + len(phrase)
                        if _stands(phrase[2:], parts[at + 2 : end]):
                            spans += [(index, at, end) for index in self._indices[phrase]]
        return spans

    def _look_up(self, token: str) -> "_KeywordParts":
        if len(self._memo) >= _MAX_REMEMBERED:
            self._memo.clear()
        alike = _alike(token, self._by_letter)
        if not alike:
            self._memo[token] = _NO_KEYWORD
            return _NO_KEYWORD
        whole: list[int] = []
        begun: dict[str, list[tuple[str, ...]]] = {}
        for phrase in (phrase for word in alike for phrase in self._begun.get(word, ())):
            if len(phrase) == 1:
                whole += self._indices[phrase]
            else:
                begun.setdefault(phrase[1], []).append(phrase)
        meant = self._memo[token] = _KeywordParts(frozenset(alike), tuple(whole), begun)
        return meant


class _KeywordParts(NamedTuple):
    """What a word of a segment may be: words of keywords, and the keywords that it is or begins."""

    words: frozenset[str]
    whole: tuple[int, ...]
    begun: dict[str, list[tuple[str, ...]]]
    """By their second words."""


_NO_KEYWORD = _KeywordParts(frozenset(), (), {})
"""Most words are none, and numbers without end: one object for all of them."""


def _stands(phrase: Sequence[str], tokens: Sequence[_KeywordParts]) -> bool:
    """Whether tokens are those of a phrase."""
    return len(phrase) == len(tokens) and all(
        word in token.words for word, token in zip(phrase, tokens, strict=True)
    )


def _by_letter(vocabulary: Sequence[str]) -> dict[str, list[str]]:
    """Words by their first letters: words that begin differently are never alike."""
    by_letter: dict[str, list[str]] = {}
    for word in vocabulary:
        by_letter.setdefault(word[0], []).append(word)
    return by_letter


def _alike(token: str, by_letter: dict[str, list[str]]) -> list[str]:
    """The words that a token is, or is a misspelling or an inflection of."""
    return [word for word in by_letter.get(token[0], ()) if word == token or _near(word, token)]


def _near(word: str, token: str) -> bool:
    return (
        len(word) >= MIN_FUZZY_LETTERS
        and Indel.normalized_similarity(word, token, score_cutoff=MIN_FUZZY_SIMILARITY) > 0
    )
