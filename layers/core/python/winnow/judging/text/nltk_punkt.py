# Natural Language Toolkit: Punkt sentence tokenizer
#
# Copyright (C) 2001-2026 NLTK Project
# Algorithm: Kiss & Strunk (2006)  # noqa: ERA001
# Author: Willy <willy@csse.unimelb.edu.au> (original Python port)
#         Steven Bird <stevenbird1@gmail.com> (additions)
#         Edward Loper <edloper@gmail.com> (rewrite)
#         Joel Nothman <jnothman@student.usyd.edu.au> (almost rewrite)
#         Arthur Darcet <arthur@darcet.fr> (fixes)
#         Tom Aarsen <> (tackle ReDoS & performance issues)
# URL: <https://www.nltk.org/>
# SPDX-License-Identifier: Apache-2.0
#
# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
#
# Changed from nltk/tokenize/punkt.py of NLTK 3.10.4: what decides about one full stop is kept, and
# what trains, splits whole texts, explains and stores is left out; the standard library's regular
# expressions instead of `regex` with a timeout; annotated with types; no orthographic contexts,
# because our parameters have none.
"""A part of NLTK's Punkt: does a full stop end a sentence?

The algorithm is that of Kiss and Strunk, Unsupervised Multilingual Sentence Boundary Detection,
Computational Linguistics 32:485, 2006. Names and order of the original are kept, so that the two
can be compared; `tests/unit/core/judging/test_punkt.py` compares what they decide.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_SENT_END_CHARS = (".", "?", "!")
_PUNCTUATION = tuple(";:,.!?")
_NON_WORD = r"(?:[)\";}\]\*:@\'\({\[\u2018\u2019\u201c\u201d\xab\xbb?!])"
"""Characters that cannot appear within words."""
_WORD_START = r"[^\(\"\`{\[:;&\#\*@\)}\]\-,]"
_MULTI_CHAR = r"(?:\-{2,}|\.{2,}|(?:\.\s){2,}\.)"
"""Hyphen and ellipsis are multi-character punctuation."""

_WORD_TOKENIZER = rf"""(
    {_MULTI_CHAR}
    |
    (?={_WORD_START})\S+?  # Accept word characters until end is found
    (?= # Sequences marking a word's end
        \s|                                # White-space
        $|                                 # End-of-string
        {_NON_WORD}|{_MULTI_CHAR}|         # Punctuation
        ,(?=$|\s|{_NON_WORD}|{_MULTI_CHAR}) # Comma if at end of word
    )
    |
    \S
)"""
"""Splits punctuation from words, excluding period."""

PERIOD_CONTEXT = rf"""
    [.?!]                        # a potential sentence ending
    (?=(?P<after_tok>
        {_NON_WORD}              # either other punctuation
        |
        \s+(?P<next_tok>\S+)     # or whitespace and some other token
    ))"""
"""A possible sentence end, and in a lookahead what follows it. To be compiled with re.VERBOSE."""


@dataclass
class PunktParameters:
    """What Punkt knows of a language."""

    abbrev_types: set[str] = field(default_factory=set)
    """Abbreviations, in lower case and without their last full stop."""
    collocations: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of words of which the first ends in a full stop that ends no sentence: S. Bach."""
    sent_starters: set[str] = field(default_factory=set)
    """Words that often begin a sentence."""


class PunktToken:
    """A token of text with annotations produced during sentence boundary detection."""

    __slots__ = ("abbr", "ellipsis", "period_final", "sentbreak", "tok", "type")

    # [A-Za-z] is approximated by [^\W\d] in the general case.
    _RE_ELLIPSIS = re.compile(r"\.\.+$")
    _RE_NUMERIC = re.compile(r"^-?[\.,]?\d[\d,\.-]*\.?$")
    _RE_INITIAL = re.compile(r"[^\W\d]\.$")

    def __init__(self, tok: str) -> None:
        self.tok = tok
        self.type = self._RE_NUMERIC.sub("##number##", tok.lower())
        """The token with its case, and what number it is, left out."""
        self.period_final = tok.endswith(".")
        self.sentbreak = False
        self.abbr = False
        self.ellipsis = False

    @property
    def type_no_period(self) -> str:
        """The type with its final period removed if it has one."""
        if len(self.type) > 1 and self.type[-1] == ".":
            return self.type[:-1]
        return self.type

    @property
    def type_no_sentperiod(self) -> str:
        """The type with its final period removed if it is marked as a sentence break."""
        return self.type_no_period if self.sentbreak else self.type

    @property
    def first_upper(self) -> bool:
        return self.tok[0].isupper()

    @property
    def first_lower(self) -> bool:
        return self.tok[0].islower()

    @property
    def is_ellipsis(self) -> bool:
        return self._RE_ELLIPSIS.match(self.tok) is not None

    @property
    def is_initial(self) -> bool:
        return self._RE_INITIAL.match(self.tok) is not None


class PunktSentenceTokenizer:
    """Decides about full stops by parameters."""

    def __init__(self, parameters: PunktParameters) -> None:
        self._params = parameters
        self._word_tokenizer = re.compile(_WORD_TOKENIZER, re.VERBOSE)

    def text_contains_sentbreak(self, text: str) -> bool:
        """Whether a text includes a sentence break; one at its very end does not count."""
        found = False
        for token in self._annotate_second_pass(self._annotate_first_pass(self._tokenize(text))):
            if found:
                return True
            if token.sentbreak:
                found = True
        return False

    def _tokenize(self, text: str) -> Iterator[PunktToken]:
        for line in text.split("\n"):
            for word in self._word_tokenizer.findall(line):
                yield PunktToken(word)

    def _annotate_first_pass(self, tokens: Iterable[PunktToken]) -> Iterator[PunktToken]:
        """Mark sentence breaks, abbreviations and ellipses by the type of each word alone."""
        for token in tokens:
            word = token.tok
            if word in _SENT_END_CHARS:
                token.sentbreak = True
            elif token.is_ellipsis:
                token.ellipsis = True
            elif token.period_final and not word.endswith(".."):
                abbreviation = word[:-1].lower()
                if (
                    abbreviation in self._params.abbrev_types
                    or abbreviation.split("-")[-1] in self._params.abbrev_types
                ):
                    token.abbr = True
                else:
                    token.sentbreak = True
            yield token

    def _annotate_second_pass(self, tokens: Iterable[PunktToken]) -> Iterator[PunktToken]:
        """Classify each token by the one after it (section 4 of the paper)."""
        iterator = iter(tokens)
        previous = next(iterator, None)
        if previous is None:
            return
        for token in iterator:
            self._second_pass_annotation(previous, token)
            yield previous
            previous = token
        yield previous

    def _second_pass_annotation(self, token: PunktToken, following: PunktToken) -> None:
        if not token.period_final:
            # We only care about words ending in periods.
            return
        kind = token.type_no_period
        next_kind = following.type_no_sentperiod
        is_initial = token.is_initial

        # [4.1.2. Collocation Heuristic]
        if (kind, next_kind) in self._params.collocations:
            token.sentbreak = False
            token.abbr = True
            return

        # [4.2. Token-Based Reclassification of Abbreviations] An abbreviation or an ellipsis is a
        # sentence break too before a frequent sentence starter [4.1.3] with a capital.
        if (
            (token.abbr or token.ellipsis)
            and not is_initial
            and following.first_upper
            and next_kind in self._params.sent_starters
        ):
            token.sentbreak = True
            return

        # [4.3. Token-Based Detection of Initials and Ordinals] Without orthographic contexts: an
        # initial or a number ends no sentence before punctuation or a lower-case word, and an
        # initial ends none before a capital (J. Bach).
        starts_none = following.tok in _PUNCTUATION or following.first_lower
        if (is_initial and (starts_none or following.first_upper)) or (
            kind == "##number##" and starts_none
        ):
            token.sentbreak = False
            token.abbr = True
