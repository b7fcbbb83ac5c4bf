"""Words of a text, so that finding a phrase is finding a substring.

`tokens("Iron-deficiency ANEMIA")` is `" iron deficiency anemia "`. A phrase is in a text if its
tokens are a substring of the text's, in every engine alike.

Words are runs of letters, digits and the marks on them, after NFKC and case folding. A character of
a script that sets no blanks between words (Chinese, Japanese, Thai, ...) is a word by itself.
"""

import heapq
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from winnow.limits.unicode import nfkc
from winnow.models import PART_BREAK

GAP = "."
"""A token that no query has: no phrase reaches over it."""

_ASCII = re.compile(r"[a-z0-9]+|\x1d")
# ASCII but letters and digits ends a word whatever follows, so what is between is normalised alone.
_RUN = re.compile(r"[a-zA-Z0-9\x80-\U0010ffff]+|\x1d")
# Scripts without blanks: Thai, Lao, Tibetan, Myanmar, Khmer, kana, Han.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\uac00-\ud7a3]")
_TERM = re.compile(r'"([^"]*)"?|(\S+)')


class Word(NamedTuple):
    """A word as it is compared, and where it is in the text."""

    token: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The words of a text, with the breaks between the parts of a case as GAP."""
    if text.isascii():
        for match in _ASCII.finditer(text.lower()):
            yield _word(match)
        return
    for match in _RUN.finditer(text):
        run = match[0]
        if run == PART_BREAK or run.isascii():
            yield Word(GAP if run == PART_BREAK else run.lower(), match.start(), match.end())
        else:
            yield from _words_of(run, match.start())


def tokens(text: str) -> str:
    """All words with single blanks before, between and behind; empty: there are none.

    >>> tokens("Hgb 7.4 g/dL")
    ' hgb 7 4 g dl '
    """
    if text.isascii():
        return _joined(
            [GAP if word == PART_BREAK else word for word in _ASCII.findall(text.lower())]
        )
    return _joined([word.token for word in words(text)])


def tokens_of(texts: Iterable[str]) -> str:
    """The tokens of several texts; no phrase reaches from one into the next."""
    return _joined(
        [word for text in texts if (part := tokens(text)) for word in (part.strip(), GAP)][:-1]
    )


def terms(query: str) -> tuple[str, ...]:
    """What a query demands: each is a substring of the tokens of the texts that match.

    A phrase in double quotes is one term, and so is a word of several tokens. A term that ends in
    `*` needs no end of a word: it has no blank behind it.

    >>> terms('"iron deficiency" bleed* 7.4')
    (' iron deficiency ', ' bleed', ' 7 4 ')
    """
    found: dict[str, None] = {}
    for phrase, word in _TERM.findall(query):
        term = tokens((phrase or word).replace(PART_BREAK, " "))
        if term:
            open_end = (phrase or word).rstrip('"').endswith("*")
            found[term[:-1] if open_end else term] = None
    return tuple(found)


def matches(text: str, demanded: Sequence[str]) -> list[tuple[int, int]]:
    """Where the terms are in the text: spans in their order, those that overlap made one."""
    if not demanded:
        return []
    places = list(words(text))
    line = _joined([word.token for word in places])
    blanks = list(accumulate((len(word.token) + 1 for word in places), initial=0))
    """Where in the line the blanks are: before the first word, and behind each."""
    spans: list[tuple[int, int]] = []
    for term in demanded:
        # Term by term: a word may be in many of them.
        spans = _merged(heapq.merge(spans, _places_of(term, line, places, blanks)))
    return spans


def _places_of(
    term: str, line: str, places: Sequence[Word], blanks: Sequence[int]
) -> Iterator[tuple[int, int]]:
    position = line.find(term)
    while position >= 0:
        end = position + len(term) - 1
        if not term.endswith(" "):  # the rest of the word is marked, too
            end = line.index(" ", position + len(term))
        first, last = bisect_left(blanks, position), bisect_left(blanks, end) - 1
        yield places[first].start, places[last].end
        position = line.find(term, position + 1)


def _word(match: re.Match[str]) -> Word:
    token = match[0]
    return Word(GAP if token == PART_BREAK else token, match.start(), match.end())


def _joined(found: Sequence[str]) -> str:
    return f" {' '.join(found)} " if found else ""


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _words_of(run: str, offset: int) -> Iterator[Word]:
    """The words of a run of characters that are not all ASCII."""
    token, start, end = "", 0, 0
    for cluster, at in _clusters(run):
        for char in nfkc(nfkc(cluster).casefold()):
            if _UNSPACED.match(char) and unicodedata.category(char)[0] in "LN":
                if token:
                    yield Word(token, offset + start, offset + end)
                token, start = char, at
                end = at + len(cluster)
                continue
            kind = unicodedata.category(char)
            if kind[0] in "LNM":
                alone = token and _UNSPACED.match(token) and kind[0] != "M"
                if alone:
                    yield Word(token, offset + start, offset + end)
                    token = ""
                if not token and kind[0] == "M":
                    continue  # a mark on nothing
                start = start if token else at
                token += char
                end = at + len(cluster)
            elif kind != "Cf" and token:  # a soft hyphen or a joiner ends no word
                yield Word(token, offset + start, offset + end)
                token = ""
    if token:
        yield Word(token, offset + start, offset + end)


def _clusters(run: str) -> Iterator[tuple[str, int]]:
    """Pieces whose normal forms, one after the other, are the normal form of the run."""
    start = 0
    for at in range(1, len(run) + 1):
        if at == len(run) or not _goes_on(run[at - 1], run[at]):
            yield run[start:at], start
            start = at


def _goes_on(before: str, char: str) -> bool:
    if char.isascii():
        return False
    if _JAMO.match(char):
        return bool(_JAMO.match(before))
    return unicodedata.category(char)[0] == "M" or bool(
        unicodedata.combining(unicodedata.normalize("NFKD", char)[0])
    )
