"""Answers of forms that stand where nobody knows what they say.

"N - melena" and "melena: 2" have an answer that no rule reads, and a "No" that stands alone between
two lines may be of either. Nothing is read from these: what stands beside them is in doubt
(headings.py). Answers that are certain were put behind their questions before (answers.py).
"""

import re

from winnow.judging.lazy_patterns import lazy_pattern

_MAX_CHARACTERS = 80
_AFFIRMING = frozenset(("yes", "y", "true", "positive", "pos", "present"))
_ANSWERS = frozenset(
    ("yes", "no", "y", "n", "none", "nil", "never", "not", "true", "false", "unknown")
)
_OR_TITLES = frozenset(
    ("negative", "negatives", "neg", "denies", "denied", "denying", "absent", "positive", "pos")
)
"""Words that answer what stands above them, or head what stands below."""
_BESIDE = frozenset(
    (
        *("x", "o", "a", "na", "all", "at", "known", "reported", "noted", "observed", "selected"),
        *("answer", "answers", "ans", "response", "responded", "reply", "value", "patient", "pt"),
    )
)
"""Words that may stand beside an answer: "n/a", "none reported", "Answer: no", a cross in a box."""
_WORD = lazy_pattern(r"[^\W\d_]+")
_SIGNS = lazy_pattern(r"[\s\w()\[\]☐☑☒⍰✓✔|/,.:;!*=<>–—_-]+")
_DENIAL = lazy_pattern(r"(?:[-–—>:=*•]\s?)?(?:no|none|never|nope|denie[sd])[,;.]\s", re.IGNORECASE)
"""The beginning of an answer with more behind it: "No, never"."""


def is_answer(line: str) -> bool:
    """Whether a line, stripped, is an answer to what stands on another line."""
    if _DENIAL.match(line):
        return True
    words = _words(line)
    return not _ANSWERS.isdisjoint(words) and words <= _ANSWERS | _OR_TITLES | _BESIDE


def may_deny(line: str) -> bool:
    """Whether a line holds nothing but words that may say no of another line."""
    words = _words(line)
    is_title = bool(words) and words <= _OR_TITLES and not line.endswith(":")
    return (is_title or is_answer(line)) and not words <= _AFFIRMING | _BESIDE


def denies_above(line: str) -> bool:
    """Whether a line may say no of the line above it."""
    return may_deny(line) or _FIELD.match(line) is not None


def is_of_relative(line: str) -> bool:
    """Whether a line says that what stands below it is of a relative."""
    return _OF_RELATIVE.match(line) is not None


def _words(line: str) -> frozenset[str]:
    """The words of a short line that may be an answer."""
    if len(line) > _MAX_CHARACTERS or line[0].isdecimal() or not _SIGNS.fullmatch(line):
        return frozenset()
    return frozenset(word.lower() for word in _WORD.findall(line))


_IN_FRONT = lazy_pattern(
    r"(?:[\[(_{<]{0,8}(?:no?|f|false|0)[\])_}>]{0,8}"
    r"(?:(?<=[\])_}>])[ \t]|[ \t]{0,8}[-–—|:=][ \t]|\t|[ ]{2,}+)"
    r"|(?:\{[ ]?-?[ ]?\}|<[ ]?-?[ ]?>|\[[-–]\]|\|[ _]{0,3}\|))"
    r"[ \t]*+[^\W\d_]",
    re.IGNORECASE,
)
_LETTER_IN_FRONT = lazy_pattern(r"(?:N|[nN]/)[ \t]{1,8}[^\W\d_]{3}")
_RESULT = lazy_pattern(
    r"(?:(?<![ \t])(?:[ ]?\t|[ ]{2})|:)[ \t]*+"
    r"(?:positive|negative|detected|reactive|normal|abnormal|heme)\b",
    re.IGNORECASE,
)
"""A result in a column: a letter or sign behind it is its flag."""
_COLUMN = r"(?<![ \t._])[ ]?(?:\t|[ ]{2}|\.{3}|_{3})[ \t._]*+"
_BOX = r"(?:[xX✓✔*☐☑☒⍰]|\[[ xX]?\]|\([ xX]?\))"
_OVER = "(?:inactive|resolved|former|historical|refuted|denied|absent|ruled out|not present)"
_BEHIND = (
    lazy_pattern(
        rf"(?:(?:[^\W\d_]|[)\]?])[ \t]?[:=]|{_COLUMN})[ \t]*+"
        r"(?:[A-MO-WZ]|\d{1,2}|nein|nej|non|nee|nao|não|nie)?[.;]?$",
        re.IGNORECASE | re.MULTILINE,
    ),
    lazy_pattern(r"(?:[,/][ \t]?|[ \t][\[(<{|][ \t]?)[nNF][ \t]?[\])>}|]?$", re.MULTILINE),
    lazy_pattern(rf"{_COLUMN}{_BOX}(?:[ \t]*+{_BOX})?$", re.MULTILINE),
    lazy_pattern(
        r"[ \t][\[(*]?y(?:es)?[\])*]?[ \t/|,]{1,8}[\[(*]?no?[\])*]?$",
        re.IGNORECASE | re.MULTILINE,
    ),
    lazy_pattern(r";[ \t]{0,3}no?[ \t]{0,3}(?:;|$)", re.IGNORECASE),
    lazy_pattern(r"\.{4}$|…{2}$"),
    lazy_pattern(rf"(?:\bstatus[ \t]?[:=][ \t]?{_OVER}\b|\({_OVER}\))", re.IGNORECASE),
)
"""Answers behind words: codes and open answers ("Melena: 2", "Melena:", "Melena (N)"), marks in
columns, both answers side by side ("Y / N"), and cells of a list ("melena; no; anemia; yes")."""
_FIELD = lazy_pattern(
    r"(?:(?:is )?(?:present|active|current|ongoing)|presence|frequency|(?:clinical )?status"
    r"|severity|occurrence|response|answer|value|result)\??[ \t]?[:=][ \t]{0,20}"
    r"(?:(?:(?:the )?(?:patient|pt) )?denie[sd]|no?|never|none|nil|0|false|past|negative"
    rf"|{_OVER})\b"
    r"|(?:resolution|resolved|abated|abatement|ended)(?: date| on)?[ \t]?:[ \t]{0,20}\d",
    re.IGNORECASE,
)
"""A field of the record above it: "Present: no", "Status: resolved"."""
_OF_RELATIVE = lazy_pattern(
    r"(?:relation(?:ship)?|relative|family member|subject|who)\b[^:\n]{0,20}:[ \t]{0,20}"
    r"(?!self|patient|same|own)[^\W\d_]",
    re.IGNORECASE,
)
"""Whose record the field below it is of: "Relationship: mother"."""
_TAIL = 120


def is_doubtful(sentence: str) -> bool:
    """Whether a sentence has an answer beside its words of which it is not known what it says."""
    if _IN_FRONT.match(sentence) or _LETTER_IN_FRONT.match(sentence):
        return True
    if _RESULT.search(sentence):
        return False
    tail = sentence[-_TAIL:]
    return any(pattern.search(tail) is not None for pattern in _BEHIND)
