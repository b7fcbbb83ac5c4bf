"""Punkt with parameters for English clinical text: is this full stop the end of a sentence?

The algorithm is a copied part of NLTK (nltk_punkt.py); docs/adr/0020 says why it is not imported.

The parameters (punkt.json) were written by hand; they are Punkt's own kinds: abbreviations in lower
case without the last full stop, words that often start a sentence, and pairs that belong together;
and two kinds of ours, for abbreviations that are at the end as often as not ("b.i.d. Return").
"""

import json
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from winnow.judging.text.nltk_punkt import PunktParameters, PunktSentenceTokenizer


class Punkt(NamedTuple):
    """`ends(context)` decides for a word, its full stop, and the token after it."""

    ends: Callable[[str], bool]
    special: frozenset[str]
    """Words, lower case, whose full stop needs `ends`; other words of two letters or more end."""
    closing: frozenset[str]
    """Abbreviations that often end a sentence: they do before a word with a capital."""
    results: frozenset[str]
    """Those of them that do before an abbreviation in capitals, too."""
    longest: int
    """Characters of the longest of the special words."""


@cache
def load() -> Punkt:
    """Punkt with our parameters, once a process."""
    data = json.loads(Path(__file__).with_name("punkt.json").read_text(encoding="utf-8"))
    parameters = PunktParameters(
        abbrev_types=set(data["abbreviations"]),
        collocations={(first, second) for first, second in data["collocations"]},
        sent_starters=set(data["sentence_starters"]),
    )
    special = frozenset(parameters.abbrev_types | {first for first, _ in parameters.collocations})
    return Punkt(
        ends=lru_cache(maxsize=1 << 16)(PunktSentenceTokenizer(parameters).text_contains_sentbreak),
        special=special,
        closing=frozenset(data["closing"]),
        results=frozenset(data["results"]),
        longest=max(map(len, special)),
    )
