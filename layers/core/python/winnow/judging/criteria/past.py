"""Whether a sentence says a finding of a time that is over: by a year, an age, or what came after.

"Recurrent melena (2015)", "in his twenties", "prior to TIPS", "while on warfarin; now off". The
context rules (context.tsv) know the usual words of the past; what a time is before, or what a
finding ended with, may be anything. So it changes nothing, and makes a decision less sure
(cautions.py).
"""

import re
from collections.abc import Collection

from winnow.judging.lazy_patterns import lazy_pattern

_YEAR = lazy_pattern(r"(?<![\d/.-])(?:\d{1,2}[/.-]){0,2}(?P<year>(?:19|20)\d\d)(?!\d)")
_TESTED = lazy_pattern(
    r"\b(?:positive|negative|normal|abnormal|show(?:s|ed|n)|reveal(?:s|ed)|found|unremarkable)\b",
    re.IGNORECASE,
)
"""The result of a test has a date, and holds for a while."""
_RESULT_HOLDS = 2
"""Years that it holds at least."""
_EXAM_HOLDS = 5
"""Years after which an exam that found nothing says little of a bleeding of now."""
_YEARS_AGO = lazy_pattern(
    r"\b(?P<ago>\d{1,2}|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|many|a decade"
    r"|decades) (?:or more |plus )?(?:years? )?(?:ago|earlier|back)\b",
    re.IGNORECASE,
)
_DECADE = lazy_pattern(
    r"\bin the (?:early |mid |late )?(?:(?P<decade>(?:19|20)\d0)s|(?:seven|eigh|nine)ties)\b",
    re.IGNORECASE,
)
_ONGOING = lazy_pattern(
    r"\b(?:since|from|after)(?: (?:about|around|early|late|mid|the|approximately|at least|[a-z]+))?"
    r"[ -]*$",
    re.IGNORECASE,
)
_TO_NOW = lazy_pattern(
    r"^\s?(?:[-–—]|to|until|till|through) ?(?:present|now|today|date|current)", re.I
)
_NOW = lazy_pattern(
    r"\b(?:still|ongoing|continu\w+|persist\w*|again|today|now(?! (?:off|resolved|gone|normal|well"
    r"|cured|better|stopped))|currently|this (?:week|month|morning)|recurr(?:ed|ing|s)|remains?"
    r"|to (?:this|the present) day|every (?:day|week|month)|daily|weekly|monthly|nightly|despite"
    r"|since)\b",
    re.IGNORECASE,
)
_LIFE = lazy_pattern(
    r"\b(?:in|during|throughout|through|from|back in) (?:his|her|their|my) (?:early |late "
    r"|mid-? ?)?"
    r"(?:teens?|twenties|thirties|forties|fifties|sixties|\d0['’]?s|youth|childhood|adolescence"
    r"|student|college|school|university|army|navy|military|service|residency|pregnan\w+|training"
    r"|marriage|first|last|second|previous|prior|twentieth|deployment|time in|stay in"
    r"|years? (?:in|as|at))"
    r"|\b(?:during|in|throughout) (?:residency|college|high school|school|university|boot camp"
    r"|basic training|military service|(?:the|a|her|an? \w+) (?:war|pregnancy|deployment|divorce)"
    r"|medical school|law school|deployment|training|internship|fellowship|lockdown|the (?:army"
    r"|navy|service|military|pandemic|lockdown|nineties"
    r"|eighties|seventies|sixties|\d0s)|adolescence|pregnancy|infancy|youth|childhood|\d0s)\b"
    r"|\bas an? (?:\w+ )?(?:student|child|teen\w*|boy|girl|youth|recruit|soldier|cadet|apprentice"
    r"|undergraduate|resident|intern|schoolboy|schoolgirl|infant|baby|adolescent|trainee)\b"
    r"|\b(?:at|around) (?:the )?(?:age(?: of)? (?:\d{1,2}|\w+teen|twenty\S*|thirty\S*|forty\S*)"
    r"|time of (?:his|her|the|a|their))\b"
    r"|\b(?:when|while) (?:he|she|i|they|the patient) (?:was|were|lived|worked|served|studied"
    r"|still)\b"
    r"|\b(?:when|while) (?:in|at) (?:college|school|the (?:army|navy|service|military))\b"
    r"|\(\s*(?:at )?(?:age|aged) \d{1,2}\s*\)\W*$"
    r"|\(\s*(?:remote|distant|old|past|historical|resolved|prior|previous|childhood"
    r"|years ago)\s*\)",
    re.IGNORECASE,
)
_BEFORE = lazy_pattern(
    r"\b(?:prior to|before|preceding|up to|up until|until|leading up to|ahead of|pre-?(?:op\w*"
    r"|surg\w+"
    r"|treatment|transplant|dialysis|tips|resection|ablation|procedure))\b"
    r"(?!\W+(?:the |this |his |her )?(?:admission|presentation|arrival|this|visit|today|now|present"
    r"|meals?|breakfast|lunch|dinner|bed\w*|eating|defecation|bowel|consult\w*|hospital\w*|transfer"
    r"|current|coming|she|he|coming|being seen|discharge|recent|last night|yesterday|stool|bms?"
    r"|transfusion|capsule|referral|last week|egd|endoscopy|colonoscopy|screening|date|\d))",
    re.IGNORECASE,
)
_ENDED = lazy_pattern(
    r"\b(?:now off|since (?:stopp\w+|treat\w+|resol\w+|cur\w+|discontinu\w+|corrected|healed"
    r"|gone|then"
    r" (?:none|nothing))|(?:gone|stopped|resolved|none|ceased|settled|cleared|better|normal|well)"
    r" (?:since|after|once|following|upon|with)|cured|cured by|treated successfully"
    r"|successfully treated"
    r"|now (?:gone|resolved|cured|stopped|better|normal|corrected|over|fine)|and has not since"
    r"|no longer|not any ?more|not since|nothing since|none since|none after|(?:went|gone) away"
    r"|gone since|gone now|\bgone\s*$|\bgone[.!]?$)\b|\bgone\W*$",
    re.IGNORECASE,
)
_ENDS = lazy_pattern(
    r"[\s,;.(–—-]*(?:(?:and|but|it|which|that|has|have|was|is|all|now|since|then"
    r"|long) ){0,3}(?:off|gone"
    r"|resolved|cured|treated|corrected|healed|stopped|ceased|settled|cleared|over|better"
    r"|none since"
    r"|nothing since|none after|not since|none now|no longer|well|normal|in remission"
    r"|disappeared)\b",
    re.IGNORECASE,
)
"""What stands behind a part of a sentence and ends it: "; now off"."""
_YEAR_BEHIND = lazy_pattern(
    r"[\s,;(:–—-]{0,4}(?:(?:this|that|it|all|was|were|is|in|of|around|about|back|dated|years?|last"
    r"|from|circa|ca|episode|episodes|time) ){0,4}(?P<year>(?:19|20)\d\d)(?![\d/-])",
    re.IGNORECASE,
)
_PIECE = lazy_pattern(r"(?:[^.;\n|]|\.(?=\d))+")
_MAX_BEHIND = 80
"""Characters behind it that are looked at."""


def is_past(sentence: str, keywords: Collection[str], year: int, behind: str = "") -> bool:
    """Whether what a sentence says of its keywords was before this year, and is over.

    `behind` is what follows, if it is a part of one.
    """
    if not keywords:
        return False
    if _ENDED.search(sentence):
        return True
    pieces = [piece for piece in _PIECE.finditer(sentence) if _names(piece[0], keywords)]
    named = " ".join(piece[0] for piece in pieces) or sentence
    following = (sentence[pieces[-1].end() :] if pieces else "") + behind
    if _ENDS.match(following[:_MAX_BEHIND]):
        return True
    if _NOW.search(sentence):
        return False
    told = _YEAR_BEHIND.match(following[:_MAX_BEHIND])
    if told is not None and int(told["year"]) < year:
        return True
    return (
        has_past_year(named, year)
        or _LIFE.search(named) is not None
        or _BEFORE.search(named) is not None
    )


def is_long_ago(sentence: str, year: int) -> bool:
    """Whether all that a sentence dates was so long ago that an exam should have been repeated."""
    if _NOW.search(sentence):
        return False
    years = [int(found["year"]) for found in _YEAR.finditer(sentence)]
    years += [int(found["decade"] or 1990) for found in _DECADE.finditer(sentence)]
    years += [year - _age(found["ago"]) for found in _YEARS_AGO.finditer(sentence)]
    return bool(years) and max(years) < year - _EXAM_HOLDS


def _age(said: str) -> int:
    """How many years ago; of what is no number, more than an exam holds."""
    return int(said) if said.isdecimal() else _EXAM_HOLDS + 1


def _names(piece: str, keywords: Collection[str]) -> bool:
    lowered = piece.lower()
    return any(keyword.lower() in lowered for keyword in keywords)


def has_past_year(sentence: str, year: int) -> bool:
    """Whether a year before this one is named, that nothing goes on from, and no later one is."""
    if _TESTED.search(sentence):
        year -= _RESULT_HOLDS
    years = list(_YEAR.finditer(sentence))
    if not years or any(int(found["year"]) >= year for found in years):
        return False
    return any(
        _ONGOING.search(sentence, max(0, found.start() - 30), found.start()) is None
        and _TO_NOW.match(sentence[found.end() : found.end() + 20]) is None
        for found in years
    )
