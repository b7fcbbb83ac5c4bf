"""What is read off a segment's words: keywords, and cues that turn a statement round.

Keywords. A keyword is found where its words stand side by side in the segment, case aside; a hyphen
counts as a space. A word of five letters or more also stands for a misspelling or inflection: a
word with the same first letter and a normalised Indel similarity (rapidfuzz) of at least 0.83. So
"colonoscopies" is "colonoscopy" and "anaemia" is "anemia", but "enteroscopy" is not "endoscopy".

Cues. Sentence vectors hardly feel a "not": "no evidence of bleeding" is close to "evidence of
bleeding". So cues are read from the words, each of one kind: `NEGATED` ("denies", "no evidence
of"), `UNDONE` ("was not performed", "declined"), `UNSURE` (planned, conditional, asked about),
`OTHER` (about a relative). How they count is said in criteria.py. Nothing here works out which word
of a clause a cue belongs to.
"""

import re
from collections.abc import Sequence
from enum import Flag, auto
from typing import NamedTuple

from rapidfuzz.distance import Indel

_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_FUZZY_FROM = 5
_FUZZY_LEAST = 0.83
_MEMO = 50_000


def words(text: str) -> list[str]:
    """The words of a text in lower case; apostrophes and full stops inside a word stay."""
    return _WORD.findall(text.lower().replace("’", "'"))


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


class Cue(Flag):
    """Kinds of words that change what a sentence says of the record."""

    NEGATED = auto()
    UNDONE = auto()
    UNSURE = auto()
    OTHER = auto()


_NEGATED = (
    r"no|not|non|none|nor|neither|never|without|cannot|\w+n't|den(?:y|ies|ied|ying)|negative|absent"
    r"|absence|lack(?:s|ed|ing)?|unable|fail(?:s|ed|ure)?|unremarkable|unrevealing|non-?diagnostic"
    r"|inconclusive|exclud(?:es|ed|ing)|rul(?:es|ed|ing) out|free of|resolved|stopped|normal"
)
_DOUBLE = r"not (?:entirely |completely |quite |been |yet )?(?:normal|negative|unremarkable|absent)"
_UNDONE = (
    r"declin(?:es|ed|ing)|refus(?:es|ed|ing|al)|cancel(?:s|ed|led|ling)?|aborted|abandoned"
    r"|incomplete|never had|could not be|cannot be|unable to"
    r"|(?:not|never|n't)(?: \w+){0,2}? (?:done|performed|obtained|completed|available|tolerated)"
    r"|no (?:[\w-]+ ){1,6}?(?:was|were|been) (?:\w+ )?(?:done|performed|obtained|completed)"
)
_UNSURE = (
    r"if|whether|should|would|could|may|might|possib(?:le|ly)|perhaps|unless|pending"
    r"|await(?:s|ed|ing)?|plan(?:s|ned|ning)?|schedul(?:e|ed|ing)|will|to be"
    r"|consider(?:s|ed|ing|ation)?|recommend(?:s|ed)?|rule out|r/o|risks?|tomorrow|next week"
    r"|next month|ordered|advised?|unsure"
    r"|(?:screen|check|evaluat|test|monitor|watch)(?:e|s|ed|ing|ion)? for"
)
_OTHER = (
    r"family history|mother|father|brother|sister|sibling|son|daughter|aunt|uncle|cousin"
    r"|grand(?:mother|father|parent)s?|maternal|paternal|husband|wife"
)
# Kinds are looked for each on its own: "was not done" is of two.
_CUES = tuple(
    (cue, re.compile(rf"(?<![\w-])(?:{pattern})(?:'s)?(?![\w-])"))
    for cue, pattern in (
        (Cue.NEGATED, _NEGATED),
        (Cue.UNDONE, _UNDONE),
        (Cue.UNSURE, _UNSURE),
        (Cue.OTHER, _OTHER),
    )
)
_DOUBLE_NEGATION = re.compile(rf"\b{_DOUBLE}\b")
_CLAUSE = re.compile(
    r";|(?=\b(?:but|although|however|though|whereas|while|yet|except|if|unless|because)\b)",
    re.IGNORECASE,
)


def cues(text: str) -> Cue:
    """The kinds of cues in a text. What is "not normal" is not negated."""
    plain = _DOUBLE_NEGATION.sub("", text.lower().replace("’", "'"))
    found = Cue(0)
    for cue, pattern in _CUES:
        if pattern.search(plain):
            found |= cue
    return found


def clauses(text: str) -> list[str]:
    """A segment cut at semicolons and before "but", "although", "if" and their like."""
    return [part for part in _CLAUSE.split(text) if part.strip()]
