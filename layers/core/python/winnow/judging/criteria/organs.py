"""Whether a keyword is of another organ or another disease: "thyroid adenoma", "lung resection".

A keyword such as "adenoma" names no organ, and a sentence about the thyroid resembles one about the
colon. So the word right in front of a keyword, or behind its "of" or ":", must be one that the
criterion's own statements have, or one that only says how big, when, how sure or whose it is. Else
a `met` is less sure (cautions.py).
"""

import re
from collections.abc import Collection
from functools import lru_cache

from winnow.judging.criteria.keywords import content_words
from winnow.judging.criteria.list_headings import section_words
from winnow.judging.lazy_patterns import lazy_pattern

_BY_FORM = lazy_pattern(r"\w+(?:ed|ing|ly)|x\d*", re.IGNORECASE)
"""Words that tell how and when, and not of what: "removed", "recurring", "recently"."""
_NEUTRAL = frozenset(
    (
        *("advanced", "age", "ago", "anal", "anterior", "benign", "big", "bowel", "bright", "ca"),
        *("cancerous", "cecal", "cell", "cm", "colonic", "colonoscopic", "colorectal", "daily"),
        *("dark", "denies", "diminutive", "distal", "dozen", "dr", "dysplastic", "eight"),
        *("endoscopic", "familial", "flat", "former", "frank", "frequent", "fresh", "further"),
        *("genetic", "giant", "grade", "hereditary", "high", "ileal", "im", "incidental"),
        *("intestinal", "known", "large", "left", "lifelong", "long", "longstanding", "low"),
        *("lower", "malignant", "many", "metachronous", "mild", "mm", "moderate", "months", "mr"),
        *("mrs", "ms", "multiple", "mutation", "negative", "new", "nil", "nine", "no", "none"),
        *("not", "numerous", "occasional", "occult", "overt", "own", "partial", "pedunculated"),
        *("personal", "positive", "post", "precancerous", "proximal", "quiescent", "rectal"),
        *("rectosigmoid", "residual", "right", "risk", "sessile", "seven", "several", "severe"),
        *("sided", "six", "small", "spontaneous", "sporadic", "stage", "status", "steady"),
        *("synchronous", "ten", "tiny", "total", "transverse", "type", "typical", "upper"),
        *("various", "villous", "weeks", "without", "years", "yes"),
    )
)
"""Words that say how big, when, how sure, or that the bowel is meant."""
_OTHER_SECTIONS = frozenset(
    ("cardiac", "cardiovascular", "neuro", "neurologic", "pulmonary", "respiratory", "skin")
)
"""Organs that head a section of a note."""
_BEHIND = lazy_pattern(
    r"\s*(?:(?:of|from) (?:the |his |her |a |an )?|in (?:the|his|her) |: ?| \()(?P<word>[^\W\d_]+)"
)
_BEFORE = lazy_pattern(r"(?P<word>[^\W\d_]{3,}) $")


def is_of_other_organ(sentence: str, keywords: Collection[str], known: Collection[str]) -> bool:
    """Whether a keyword of a sentence is told to be of another organ or disease.

    All shorthand is written out. `known` are the words that the criterion itself has.
    """
    mentions = _mentions(sentence, frozenset(keywords)) if keywords else ()
    return any(_is_other(before, behind, known) for before, behind in mentions)


@lru_cache(maxsize=1_024)
def _mentions(sentence: str, keywords: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """What stands right before and right behind each mention of a keyword."""
    pattern = "|".join(re.escape(keyword) for keyword in sorted(keywords, key=len, reverse=True))
    return tuple(
        (sentence[max(0, found.start() - 40) : found.start()], sentence[found.end() :][:40])
        for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", sentence, re.IGNORECASE)
    )[:4]


def _is_other(before: str, behind: str, known: Collection[str]) -> bool:
    front, back = _BEFORE.search(before), _BEHIND.match(behind)
    return (front is not None and _tells_apart(front["word"], known)) or (
        back is not None and _tells_apart(back["word"], known)
    )


def _tells_apart(word: str, known: Collection[str]) -> bool:
    lowered = word.lower()
    return (
        lowered not in known
        and lowered not in _NEUTRAL
        and (lowered not in section_words() or lowered in _OTHER_SECTIONS)
        and _BY_FORM.fullmatch(lowered) is None
        and bool(content_words(lowered))
    )
