"""What exams and operations found, by the form of their names, whether a criterion hears it or not.

"EGD negative, colonoscopy showed three bleeding AVMs" resembles a negative endoscopy, and no
criterion has a keyword of "Angiography: bleeding branch of the right colic artery". So a decision
that rests on exams which found nothing is less sure (cautions.py) where an exam of the record has a
result that does not say so, where a lesion is named that nobody denies, and where what denies is
denied itself ("failed to be negative").

A sentence is cut into the exams that it names, each with the words up to the next one. Exams that
have only "and", dates and the like between them have one result.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from winnow.judging.criteria.context import Context, SegmentContext, context_of, tokens
from winnow.judging.lazy_patterns import lazy_pattern

_EXAM = lazy_pattern(
    r"\b(?!(?:micro|stetho|photo|radio|biogra|geo|demo|mammo|echo|cardio|electro|polysomno|horo)\w*)"
    r"(?:[a-z]{3,}(?:scop(?:y|ies)|graph(?:y|ies))|(?:angio|arterio|entero|aorto|cholangio)grams?"
    r"|laparotom(?:y|ies)|celiotomy|scopes?|scoped|(?-i:CT|MRI?|PET|CAT)\b(?: scans?)?|scans?|MRCP"
    r"|(?-i:[DS]BE)"
    r"|ERCP|EUS|capsules?|pillcam|biops(?:y|ies)|patholog(?:y|ist)|histology|enteroclysis"
    r"|(?:small bowel )?(?:series|follow-through)|barium|scintigram|imaging|x-?rays?|ultrasound"
    r"|surgery|operation|autopsy)\b",
    re.IGNORECASE,
)
_PIECE = lazy_pattern(
    r"[;\n|]|[.!?](?=\s|$)"
    r"|\b(?:but|however|although|though|whereas|yet|because|since|so|until)\b",
    re.IGNORECASE,
)
_WORD = lazy_pattern(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+|[^\s\w]")
_MONTH = lazy_pattern(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|\d+(?:st|nd|rd|th|x)?",
    re.IGNORECASE,
)
_NOTHING = lazy_pattern(
    r"\b(?:no|not|none|nothing|never|neither|nor|nil|nowhere|without|negative|normal|unremarkable"
    r"|unrevealing|non-?revealing|clear|clean|non-?diagnostic|non-?contributory|non-?locali[sz]ing"
    r"|free (?:of|from)|fail(?:s|ed|ing)?|unable|inability|failure|cannot|blank|empty|unexplained"
    r"|undetermined|unknown|obscure|absent|absence|intact|healthy|benign|fine|ok|okay|elusive"
    r"|unhelpful|within normal|excluded|ruled out)\b|n['’]t\b",
    re.IGNORECASE,
)
_ASKED_FOR = lazy_pattern(
    r"\b(?:plan\w*|request\w*|schedul\w*|order\w*|recommend\w*|pending|await\w*|proceed\w*|will"
    r"|consider\w*|need\w*|next|indicated|authori[sz]\w*|auth|approv\w*|refer\w*|candidate|book\w*"
    r"|would|should|want\w*|ask\w*|arrang\w*|appropriate|necess\w+|reasonable|propos\w*|advis\w*"
    r"|declin\w*|refus\w*|discuss\w*|before|prior to|risks?|if|could|may|might|can|justif\w*"
    r"|intend\w*|support\w*|warrant\w*|further|step|criteria|policy|coverage|benefit|wish\w*"
    r"|consent\w*|due (?!to)|upcoming|tomorrow|cpt|please|pls|listed|req|today at|keep"
    r"|after patency"
    r"|to (?:evaluate|assess|look|rule|exclude|locali[sz]e|find|identify|visuali[sz]e|see|search"
    r"|check|determine|investigate))\b|\?|\b(?:plan|p|recs?) ?[:/]",
    re.IGNORECASE,
)
_SHOWS = lazy_pattern(
    r"\b(?:show(?:s|ed|n)|reveal(?:s|ed)|found|demonstrat(?:es|ed)|seen|identified|noted|detected"
    r"|positive|confirm(?:s|ed)|diagnosed|diagnostic|typical|consistent|compatible)\b",
    re.IGNORECASE,
)
_AT_LAST = lazy_pattern(r"\b(?:done|performed|yesterday|ago|last|was|were)\b|:", re.IGNORECASE)
_IF = lazy_pattern(r"\b(?:if|when|unless|in case|should|would|could|might)\b", re.IGNORECASE)
_PLACE = lazy_pattern(
    r"\b(?:at|in|by) (?:the |an? |our |his |her )?(?:\w+ ){0,3}?(?:hospital|clinic|cent(?:er|re)"
    r"|facility|infirmary|office|practice|department|unit)\b",
    re.IGNORECASE,
)
_TO_COME = lazy_pattern(r"(?:capsules?|pillcam|surgery|operation|autopsy)\b.*", re.IGNORECASE)
"""Exams that count only where something says that they were done."""
_LESION = lazy_pattern(
    r"\b(?:(?<!oral )(?<!mouth )(?<!leg )(?<!aphthous )(?<!pressure )(?:ulcers?|ulcerat\w+)"
    r"|erosions?|angi(?:oectasia|odysplasia)s?|varic(?:es|eal)"
    r"|GISTs?|dieulafoy\S*|meckel\S*|cameron\S*|mallory\S*|extravasation|blush|oozing|oozed"
    r"|spurting|visible vessel|clipped|coagulated|cauteri[sz]ed|banded|emboli[sz](?:ed|ation)"
    r"|fulgurated|(?-i:GAVE)|bleeding (?:\w+ )?(?:vessel|branch|artery|lesions?"
    r"|mass|tumou?r|polyps?|cancer|diverticul(?:um|a)|hemorrhoids?))\b",
    re.IGNORECASE,
)
_DISEASE = lazy_pattern(
    r"\b(?:lesions?|ectasias?|tumou?rs?|mass(?:es)?|cancer|\w*carcinomas?|malignan\w+|lymphoma"
    r"|carcinoid|sarcoma|neoplasms?|fistulas?|strictures?|clips?|resected|granulomas?|\w{3,}itis"
    r"|proctopathy|gastropathy|celiac|abscess\w*|thicken\w+|inflammation|inflamed|perforat\w+"
    r"|friable|erosive)\b",
    re.IGNORECASE,
)
_OF_SMALL_BOWEL = lazy_pattern(r"\bsmall (?:bowel|intestin\w+)|\bjejun\w+|\bile(?:um|al)\b", re.I)
"""Without an exam, a lesion of it is what a capsule is to look for."""
_LOOKED_FOR = lazy_pattern(
    r"\b(?:suspect\w*|suspicion|presum\w*|likely|proba\w*|possib\w*|consider\w*|map|look\w*"
    r"|question|query|concern|thought|believed|\w*not|rule)\b|\?",
    re.IGNORECASE,
)
"""Beside a lesion that nobody has seen."""
_BESIDE = 40
_HARMLESS = frozenset(("gastritis", "diverticulitis", "arthritis", "sinusitis", "hepatitis"))
_SETTLED = frozenset(
    {
        *(Context.NEGATED, Context.POSSIBLE, Context.PLANNED, Context.HYPOTHETICAL),
        *(Context.HISTORICAL, Context.FAMILY),
    }
)
_NEGATED_TWICE = lazy_pattern(
    r"\b(?:turn(?:s|ed) out not to be"
    r"|fail(?:s|ed|ing)? to (?:be|come back|return|stay|remain|read|prove)|no longer"
    r"|not any ?more|never|not|isn['’]t|wasn['’]t|weren['’]t|aren['’]t|hardly|scarcely"
    r"|by no means|in no way|not at all|far from"
    r"|anything but|neither|stopped being|ceased to be|cannot be called|can['’]t be called"
    r"|nobody (?:would|could) call)(?: (?!to\b|find|found|show|reveal)\w+){0,3}"
    r" (?:negative|normal|clear|clean|unremarkable|unrevealing|nondiagnostic)\b"
    r"|\bneither(?: \w+){1,8} (?:negative|normal|clear|clean|unremarkable)\b"
    r"|\b(?:false(?:ly)?|wrongly|mistakenly|erroneously|incorrectly|initially|originally|at first)"
    r"(?: \w+){0,2} (?:negative|normal|clear|clean|unremarkable)\b"
    r"|\b(?:negative|normal|clear|clean|unremarkable)(?: \w+){0,2} (?:no longer|at first|initially"
    r"|until|overturned|revised|retracted|reversed)\b",
    re.IGNORECASE,
)


_OF_NEXT = lazy_pattern(
    r"\b(?:neither|nor|no)(?: (?!and\b)\w+){0,2} $"
    r"|\b(?:negative|normal|unremarkable|unrevealing)(?: (?:upper|lower|CT|MR))? $",
    re.IGNORECASE,
)
"""What stands before an exam and says that it found nothing: "neither EGD nor colonoscopy"."""


class _Exam(NamedTuple):
    """Exams with one result, and the words that may be it."""

    name: str
    asked: str
    """All before it, in which it may be asked for."""
    before: str
    behind: str


def found_nothing(sentence: str) -> bool:
    """Whether a sentence, its shorthand written out, says of an exam that it found nothing."""
    return _names_exam(sentence) and _NOTHING.search(sentence) is not None


@lru_cache(maxsize=1_024)
def finds_something(sentence: str) -> bool:
    """Whether a sentence, its shorthand written out, may say what an exam found."""
    if _NEGATED_TWICE.search(sentence):
        return _names_exam(sentence)
    lesions = [_LESION]
    if _names_exam(sentence):
        lesions.append(_DISEASE)
    elif _OF_SMALL_BOWEL.search(sentence):
        lesions = []
    context = context_of(sentence)
    return any(
        _is_said(found, sentence, context) for one in lesions for found in one.finditer(sentence)
    ) or any(map(_has_result, _exams(sentence)))


def _names_exam(sentence: str) -> bool:
    return _EXAM.search(sentence) is not None


def _is_said(found: re.Match[str], sentence: str, context: SegmentContext) -> bool:
    """Whether a lesion is named without any denial, doubt, plan or past."""
    before, behind = sentence[: found.start()], sentence[found.end() :]
    if (
        found[0].lower() in _HARMLESS
        or _LOOKED_FOR.search(before[-_BESIDE:].rpartition(",")[2])
        or _LOOKED_FOR.search(behind[:_BESIDE].partition(",")[0])
    ):
        return False
    start = len(tokens(before))
    return _SETTLED.isdisjoint(context.contexts(start, start + len(tokens(found[0]))))


def _exams(sentence: str) -> Iterator[_Exam]:
    """The exams of a sentence, each with the words up to its neighbours."""
    for piece in _PIECE.split(sentence):
        groups: list[tuple[int, int]] = []
        for found in _EXAM.finditer(piece):
            if groups and _joins(piece[groups[-1][1] : found.start()]):
                groups[-1] = (groups[-1][0], found.end())
            else:
                groups.append(found.span())
        for number, (start, end) in enumerate(groups):
            before = piece[groups[number - 1][1] : start] if number else piece[:start]
            behind = groups[number + 1][0] if number + 1 < len(groups) else len(piece)
            # What a comma cuts off is the result of the exam before.
            own = before.rpartition(",")[2] if number else before
            yield _Exam(piece[start:end], piece[:start], own, piece[end:behind])


def _joins(between: str) -> bool:
    return _NOTHING.search(between) is None and not any(map(_says_much, _WORD.findall(between)))


def _has_result(exam: _Exam) -> bool:
    """Whether an exam was done, and what is said of it is more than that it found nothing."""
    behind = _PLACE.sub(" ", exam.behind)
    if _NOTHING.search(behind) or _NOTHING.search(exam.name):
        return False
    if _OF_NEXT.search(exam.before) or _IF.search(exam.asked):
        return False
    shows = _SHOWS.search(behind) is not None
    if not shows and (
        _IF.search(behind) or _NOTHING.search(exam.before) or _ASKED_FOR.search(exam.asked)
    ):
        return False
    if not shows and _TO_COME.fullmatch(exam.name) and _AT_LAST.search(behind) is None:
        return False
    asked = _ASKED_FOR.search(behind)
    said = behind[: asked.start()] if asked else behind
    return any(map(_says_much, _WORD.findall(said)))


def _says_much(word: str) -> bool:
    """Whether a word tells more than when and how something was done."""
    lowered = word.lower()
    return (
        len(word) > 2
        and word[0].isalpha()
        and lowered not in _formal_words()
        and _MONTH.fullmatch(lowered) is None
        and _NOTHING.fullmatch(lowered) is None
    )


@cache
def _formal_words() -> frozenset[str]:
    lines = Path(__file__).with_name("exam_words.tsv").read_text(encoding="utf-8").splitlines()
    return frozenset(
        word for line in lines if not line.startswith("#") for word in line.split("\t")[1].split()
    )
