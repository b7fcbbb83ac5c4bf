"""What stands beside a number: its unit and reference range in the row, and words of doubt.

A unit need not touch its number: "Hgb | 8.6 | L | 8.5-11.0 | mmol/L". It is looked for behind the
number across flags, brackets, columns and the reference range, up to the first other word.

Words that leave open whether a value is the patient's of now ("as a teenager", "after the 1999
crash", "?", "his brother's") make it doubtful. They never make another value of it.
"""

from typing import NamedTuple

from winnow.judging.facts.patterns import match_at, search
from winnow.judging.facts.people import FAMILY
from winnow.processes.units import LIKE_A_UNIT, UNIT

_TOKENS = 24
_A_NUMBER = r"\d{1,6}(?:[.,]\d{1,3})?"
_RANGE = rf"(?P<low>{_A_NUMBER}) ?(?:-|–|—|to\b|\.\.) ?(?P<high>{_A_NUMBER})(?![\d/])"
_BOUND = rf"(?:[<>≤≥]=?|up to|below|above|under|over) ?{_A_NUMBER}(?![\d/])"
_LONE = rf"{_A_NUMBER}(?![\d/]|[.,]\d)"
_BETWEEN = (
    r"[\s|()\[\]{},;:=*↓↑–—-]|/(?=\s)|(?:LL?|HH?|N|A|low|high|normal|abnormal|nl|ref(?:erence)?|range"
    r"|interval|limits?|units?|in|is|within|outside|of|expected|males?|females?|men|women|adults?|critical|flag)\b\.?"
)


class Beside(NamedTuple):
    """What the row of a number says of it."""

    unit: str | None = None
    is_unknown: bool = False
    """Whether something stands there that looks like a unit, and is none that is known."""
    reference: tuple[str, str] | None = None
    """The ends of the reference range, as the text has them."""


def row_behind(text: str, at: int, end: int) -> Beside:
    """The unit and the reference range behind a number that has no unit of its own.

    The unit of one other number alone is that number's: "Hgb 13.9 (8.6 mmol/L)".
    """
    reference: tuple[str, str] | None = None
    lone: list[str] = []
    for _ in range(_TOKENS):
        if at >= end or text.startswith("\n", at):
            break
        if found := match_at(UNIT, text, at, end):
            if len(lone) == 1 and reference is None:
                break
            return Beside(found.group(), reference=reference)
        if match_at(LIKE_A_UNIT, text, at, end):
            return Beside(is_unknown=True, reference=reference)
        if found := match_at(_RANGE, text, at, end):
            if text[at - 2 : at].strip() != ",":
                reference = reference or (found["low"], found["high"])
        elif found := match_at(_BOUND, text, at, end):
            lone += [found.group()] * 2
        elif found := match_at(_LONE, text, at, end):
            lone.append(found.group())
        elif (found := match_at(_BETWEEN, text, at, end)) is None:
            break
        at = found.end()
    return Beside(reference=reference)


# -- words of doubt -------------------------------------------------------------------------------

_UNIT_FIRST = r" ?(?:g/dl|g/l|mmol/l|%)? ?"
_PART_OF_LIFE = (
    r"(?:teen\w*|child(?:hood)?|kid|infancy|youth|adolescen\w*|college|university|school|army"
    r"|military|pregnan\w*|post-?partum|ante-?partum|partum|deliver(?:y|ed|ing)|childbirth|birth"
    r"|gestation|trimester|menarche|utero|(?:first|second|third|last) (?:child|baby|born)"
    r"|twenties|thirties|forties|fifties|younger|young (?:man|woman|adult)|student)"
)
_AGE = (
    r"(?:at|when|aged?|at age|at the age of|when (?:he|she) was) (?:age )?\d{1,2}\b"
    r"(?! ?(?:[:/.]\d|[ap]\.?m|h\b|hrs?|hours?|o'?clock|%|g/))"
)
_LONG_AGO = r"(?:(?:years?|decades?) (?:ago|back|before|earlier|prior)|long ago|in the past)\b"
_BEFORE = (
    rf"\b(?:as an?|as (?:his|her)|during|while|when|in|since|before|after|at|around)\b[^.;]{{0,24}}"
    rf"\b{_PART_OF_LIFE}\b|\b{_AGE}|\b{_LONG_AGO}"
)
"""In front of the name: "As a child he had Hgb 6.8"."""
_BEHIND = (
    r"(?:back (?:when|in|then)\b|(?:as|being) (?:an?|the)\b|until\b|then\b(?! ?(?:to\b|\d))"
    r"|during (?!(?:this|the current|today)\b)"
    r"|once\b(?! (?:daily|a |more|again))|at (?:that|the) time\b|at (?:the )?(?:worst|best)\b"
    r"|at (?:first |initial |original )?diagnosis\b"
    r"|(?:while|when)\b(?! (?:on|off|taking|receiving|last|re|checked|measured|tested|drawn|seen"
    r"|present\w*|admitted|(?:he|she|pt|patient) (?:present\w*|arrived|came|was (?:seen|admitted"
    r"|checked))|(?:he|she|pt|patient)? ?(?:is )?(?:walk|exerci|exert|ambulat|climb|mov|sleep|rest"
    r"|stand|sitt|lying|talk|breath|fast|awake|asleep|supine|upright|seated)\w*)\b)"
    r"|for (?:his|her) (?:brother|sister|mother|father)\b)"
)
"""Directly behind a number."""
_IN_CLAUSE = rf"\b(?:{_PART_OF_LIFE}\b|{_AGE}|{_LONG_AGO})"
_NORMAL_SINCE = (
    r"(?:[,;(–—-]|\band\b|\bbut\b)? ?(?:(?:but|and|which|it|has|have|is|was|are|since|now|then"
    r"|later|subsequently|today|fully|completely|all|back to|again|became|been|values?|returned"
    r"|to) ){0,5}"
    r"(?:normali[sz]ed|recovered|resolved|corrected(?! (?:to|value|result))"
    r"|normal(?: (?:now|today|since|again|thereafter|afterwards?|later|at present|currently))?"
    r" ?(?=[.,;)!]|$))"
)
_OTHER_PERSON = (
    r"(?:donor|newborn|neonate|baby|babies|infant|twin|f[oe]{1,2}tus|room-?mate|control|cord blood"
    r"|cord)(?:['’]?s)?"
)
_BELONGS = (
    r"(?:[(,:–—-]{1,2} ?)?(?:(?:this|that|it|which|value|result|is|was|are|of|in|from|for"
    r"|belongs|to|the|a|his|her|my|their|patient['’]s|pt['’]s|not) ){0,6}?"
)
_IS_ANOTHER_S = (
    rf"{_BELONGS}(?:(?<=not\s)(?:our|this|the|my) (?:patient|pt)\b"
    rf"|(?<!not\s){FAMILY}(?:(?<='s)|(?<=’s)|(?= ?[).;,\]]|$))"
    rf"|{_OTHER_PERSON}\b(?= ?[).;,\]]|$| value| result))"
)
_ASKED = r" ?[(\[]?\?"
_ASKS = r"\W{0,4}(?:is|was|are|were|could|can|does|do|did|has|have|should|would|will|might)\b"
_OTHERS_IN_FRONT = (
    rf"\b(?:{_OTHER_PERSON}|example|sample (?:report|note|text|result)|template|e\.g\.|mock)"
    r"(?=\W|$),?[^.;,]{0,24}$"
)
_TAKEN_BACK = (
    r"\b(?:ha?emoly[sz]ed|clotted|contaminated|mislabel+ed|wrong (?:patient|chart|tube|label"
    r"|person|sample|specimen)|(?:an)?other (?:patient|person)|disregard|erroneous|spurious"
    r"|in error|typo|misprint|retracted|not (?:our|this|the) (?:patient|pt)(?:['’]s)?|lab error"
    r"|not (?:his|hers|theirs))\b"
)
_VALUE_IS = (
    r"\b(?:that|this|it|results?|values?|samples?|specimens?|blood|labs?|laboratory|draw|tube|hgb"
    r"|hb|ha?emoglobin|cbc|count|number|addendum|correction|note)\b[^.;]{0,48}"
)
_SAID_NORMAL = (
    r"(?:[(,:–-] ?)?(?:(?:is|was|which|still|i\.e\.|thus|so|completely|entirely|all) ){0,3}"
    r"(?:normal|wnl|nl|unremarkable|within normal limits)\b(?![^.;,)]{0,24}\d)(?! (?:saline|mcv))"
)
_NORMAL_IN_FRONT = (
    r"(?<!not\s)(?<!below\s)(?<!than\s)(?<!under\s)(?<!low\s)(?<!-)\bnormal\b[^,;()\d]{0,12}$"
)


def is_others(before: str) -> bool:
    """Whether what stands in front of a name says that it is no patient's: "Donor Hgb"."""
    return search(_OTHERS_IN_FRONT, before[-48:]) is not None


def is_of_another_time(before: str, text: str, at: int, end: int) -> bool:
    """Whether the words around a value say when it was, and it is not known whether that is now.

    Args:
        before: What stands in front of the name, of the same clause.
        text: The text.
        at: The end of the number and its unit.
        end: The end of what is said of it: that of the sentence, or the next analyte.
    """
    if search(_BEFORE, before[-60:]):
        return True
    stop = at + len(clause_behind(text, at, end))
    directly = match_at(rf" ?[(,–-]? ?{_BEHIND}", text, at, min(end, at + 60))
    return directly is not None or search(_IN_CLAUSE, text[at:stop]) is not None


def clause_behind(text: str, at: int, end: int) -> str:
    """What stands behind a number up to the next comma, semicolon or number with a point."""
    found = search(r"[,;\n]|\d\.\d", text[at : min(end, at + 80)])
    return text[at : at + found.start()] if found else text[at : min(end, at + 80)]


def is_normal_since(text: str, at: int, end: int) -> bool:
    """Whether a part of the sentence says that the value is normal by now."""
    rest = text[at : min(end, at + 100)]
    parts = [0, *(i for i, c in enumerate(rest) if c in ",;(")]
    return any(
        found.group().strip(" ,;(").lower() != "normal"
        for part in parts[1:]
        if (found := match_at(_NORMAL_SINCE, rest, part))
    )


def is_not_asserted(text: str, start: int, number: int, at: int, end: int) -> bool:
    """Whether a value is asked, or said to be another person's.

    Args:
        text: The text.
        start: The start of the sentence.
        number: The start of the number.
        at: The end of the number and its unit.
        end: The end of the sentence.
    """
    return (
        match_at(_UNIT_FIRST + _ASKED, text, at) is not None
        or search(r"\? ?$", text[max(start, number - 3) : number]) is not None
        or (text[start:end].rstrip().endswith("?") and match_at(_ASKS, text, start) is not None)
        or match_at(_UNIT_FIRST + _IS_ANOTHER_S, text, at, min(end, at + 80)) is not None
    )


def is_taken_back(following: str) -> bool:
    """Whether the next sentences say that a value is wrong, another's, or normal by now."""
    return (
        search(_VALUE_IS + _TAKEN_BACK, following) is not None
        or match_at(r"\W{0,3}(?:please )?" + _TAKEN_BACK, following, 0) is not None
        or match_at(r"\W{0,3}" + _NORMAL_SINCE, following, 0) is not None
    )


def is_said_normal(gap: str, text: str, at: int, end: int) -> bool:
    """Whether the words beside a value call it normal."""
    return (
        match_at(rf" ?{_SAID_NORMAL}", text, at, end) is not None
        or search(_NORMAL_IN_FRONT, gap) is not None
    )
