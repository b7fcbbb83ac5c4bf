"""What is read off a segment's words: keywords, and cues that turn a statement round.

Keywords. A keyword is found where its words stand side by side in the segment, case aside; a word
of five letters or more also matches a misspelling or inflection, that is a word with the same first
letter and a normalised Indel similarity (rapidfuzz) of at least 0.84: "colonoscopies" is
"colonoscopy", "endoscopy" is not "colonoscopy".

Cues. Sentence vectors hardly feel a "not": "no evidence of bleeding" is close to "evidence of
bleeding". So cues are read from the words, each of one kind: `negated` ("denies", "no evidence
of"), `unsure` (planned, conditional, asked about), `other` (about a relative). A segment speaks for
a statement only where the kinds agree, see criteria.py. This reads whole segments; it does not work
out which word a negation belongs to.
"""

import re
from enum import Flag, auto
from functools import lru_cache

from rapidfuzz.fuzz import ratio

_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_FUZZY_FROM = 5
_FUZZY_LEAST = 84.0


def words(text: str) -> list[str]:
    """The words of a text in lower case; hyphens and apostrophes inside a word stay."""
    return [w.replace("’", "'") for w in _WORD.findall(text.casefold())]


class Keywords:
    """Finds keywords in the words of a segment."""

    def __init__(self, keywords: tuple[str, ...]) -> None:
        self._phrases = [(keyword, words(keyword)) for keyword in keywords]
        self._same = lru_cache(maxsize=1 << 15)(_same)

    def __call__(self, tokens: list[str]) -> tuple[str, ...]:
        """The keywords found, as they are written in the definition and in its order."""
        return tuple(keyword for keyword, phrase in self._phrases if self._found(phrase, tokens))

    def _found(self, phrase: list[str], tokens: list[str]) -> bool:
        size = len(phrase)
        return size > 0 and any(
            all(self._same(want, tokens[at + i]) for i, want in enumerate(phrase))
            for at in range(len(tokens) - size + 1)
        )


def _same(want: str, have: str) -> bool:
    if want == have:
        return True
    if len(want) < _FUZZY_FROM or want[0] != have[:1]:
        return False
    return ratio(want, have, score_cutoff=_FUZZY_LEAST) > 0


class Cue(Flag):
    """Kinds of words that change what a sentence says of the record."""

    NEGATED = auto()
    UNSURE = auto()
    OTHER = auto()


_NEGATED = (
    r"no|not|non|none|nor|neither|never|without|cannot|can't|couldn't|didn't|doesn't|don't|hasn't"
    r"|haven't|isn't|wasn't|weren't|won't|den(?:y|ies|ied|ying)|negative|absent|absence|lack(?:s|ed|ing)?"
    r"|unable|fail(?:s|ed|ure)?(?= to)|unremarkable|unrevealing|non-?diagnostic|inconclusive"
    r"|declin(?:es|ed|ing)|refus(?:es|ed|ing|al)|exclud(?:es|ed|ing)|rul(?:es|ed|ing) out"
    r"|free of|resolved|normal|unidentified|undetermined|unexplained|unknown"
)
_UNSURE = (
    r"if|whether|should|would|could|may|might|possib(?:le|ly)|perhaps|unless|pending|await(?:s|ing)?"
    r"|plan(?:s|ned|ning)?|schedul(?:e|ed|ing)|will|to be|consider(?:s|ed|ing|ation)?"
    r"|recommend(?:s|ed)?|refer(?:red)? for|rule out|r/o|risk of|risks|return precautions|tomorrow"
    r"|next week|ordered|advised?"
)
_OTHER = (
    r"family history|mother|father|brother|sister|sibling|son|daughter|aunt|uncle|cousin"
    r"|grand(?:mother|father|parent)s?|maternal|paternal|husband|wife"
)
_CUES = tuple(
    (cue, re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE))
    for cue, pattern in ((Cue.NEGATED, _NEGATED), (Cue.UNSURE, _UNSURE), (Cue.OTHER, _OTHER))
)


def cues(text: str) -> Cue:
    """The kinds of cues in a segment."""
    found = Cue(0)
    plain = text.replace("’", "'")
    for cue, pattern in _CUES:
        if pattern.search(plain):
            found |= cue
    return found
