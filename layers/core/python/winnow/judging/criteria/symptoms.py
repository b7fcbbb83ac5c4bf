"""Whether a sentence says that the patient is well, or names symptoms that nobody denies.

A label says neither: "Symptoms: see page 2", "ROS pending". It speaks by a denial that the context
rules read: "Symptoms: none", "no complaints". Symptoms that are named and not denied are there,
whatever they are; so is what shows them, the stool or a transfusion, where nothing calls it normal.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from winnow.judging.criteria.context import Context, SegmentContext, context_of
from winnow.judging.lazy_patterns import lazy_pattern

_LABELS = frozenset(("symptom", "symptoms", "sx", "symptomatic", "complaint", "complaints"))
_WITHOUT = frozenset(("asymptomatic", "asx"))
_REVIEW = ("review", "of", "systems")
_NOT_OF_THE_BOWEL = frozenset(
    (
        *("chief", "presenting", "main", "primary", "urinary", "cold", "menopausal", "flu"),
        *("respiratory", "viral", "depressive", "allergy", "seasonal", "cardiac", "chest", "sinus"),
        *("mood", "anxiety", "vasomotor", "neurologic", "withdrawal", "reflux", "gerd", "joint"),
    )
)
_DENYING = frozenset(
    ("no", "none", "denies", "denied", "deny", "negative", "neg", "absent", "nil", "without", "n")
)
_DONE = frozenset(("done", "asked", "obtained", "performed", "taken", "recorded", "completed"))
"""What a review of symptoms is, or is not."""
_ELSEWHERE = frozenset(
    {Context.FAMILY, Context.HYPOTHETICAL, Context.PLANNED, Context.HISTORICAL, Context.NEGATED}
)
_SHOWING = frozenset(
    (
        *("stool", "stools", "poop", "poops", "bm", "bms", "motions", "feces", "faeces"),
        *("rectal", "dre", "transfused", "transfusion", "transfusions"),
    )
)
"""What shows symptoms, in words that are no criterion's keywords."""
_ANOTHER_THING = frozenset(
    (
        *("test", "tests", "testing", "dna", "card", "cards", "kit", "sample", "samples"),
        *("softener", "softeners", "culture", "cultures", "studies", "study", "antigen", "based"),
        *("cancer", "carcinoma", "tumor", "surgery", "reaction", "exam", "temperature"),
    )
)
"""Behind one of these words it names something else: a stool test, rectal cancer."""
_NORMAL = frozenset(
    (
        *("normal", "regular", "regularly", "formed", "brown", "soft", "unchanged", "negative"),
        *("no", "not", "none", "without", "denies", "never", "fine", "good", "unremarkable"),
        *("stable", "usual", "healthy", "ok", "okay", "deferred", "declined", "same", "nl", "well"),
        *("wnl", "daily", "benign", "clear", "reg", "once", "refused", "neg"),
    )
)
_NEAR = 7
"""Words before and behind that may call it normal."""
_WELL = lazy_pattern(
    r"\b(?:remission|quiescent|healthy(?! (?:appetite|diet|weight|eating|lifestyle|bmi|habits|food"
    r"|meals?|choices|snacks|pregnanc\w+|bab\w+|child\w*|kids?|sons?|daughters?|siblings?|parents?"
    r"|brothers?|sisters?))"
    r"|no (?:\w+ ){0,2}(?:problems?|troubles?|issues?|concerns?)"
    r"|(?:feels?|feeling|doing|does|keeps|keeping|been|otherwise|perfectly|very|quite|generally"
    r"|and|(?:he|she|i|they|who|patient|pt|lady|gentleman|man|woman) (?:is|am|are|looks)"
    r"|i'm|he's|she's)"
    r" (?:perfectly |very |quite |really |absolutely |completely |generally )?"
    r"(?:well|fine|good|great|ok|okay|all right|excellent)|(?:no|without) (?:\w+ ){0,2}(?:gi|bowel"
    r"|abdominal|tummy|stomach|gastrointestinal)|(?:gi|gastrointestinal):? (?:neg|negative"
    r"|normal))\b"
)
_NOT = lazy_pattern(r"\b(?:not|never|no longer|hardly|\w+n't)\b")
_BEFORE = 24
"""Characters in front of it that may deny it."""
_LIGHTER = lazy_pattern(
    r"\b(?:gone|went|dropped|down|fell|fallen|slimmed|shrunk)\b(?: \w+){0,3}? from (?P<was>\d{2,3})"
    r"(?: \w+)?(?: down)? to (?P<now>\d{2,3})\b"
)
_NO_WEIGHT = lazy_pattern(
    r"\b(?:bp|blood pressure|systolic|pulse|heart rate|ldl|cholesterol|a1c|glucose|sugars?|psa"
    r"|platelets?|ferritin|creatinine|diet|ozempic|semaglutide|on purpose|intentional)\b"
)


class Reading(NamedTuple):
    """What a sentence says of how the patient is."""

    is_well: bool
    has_symptoms: bool
    shows: bool
    """It names what shows symptoms, and nothing calls that normal."""


@lru_cache(maxsize=1_024)
def read_symptoms(plain: str) -> Reading:
    """The reading of a sentence, its shorthand written out."""
    lowered = plain.lower().replace("’", "'")
    context = context_of(plain)
    is_well, has_symptoms, shows = _says_well(lowered), _has_lost_weight(lowered), False
    for at, word in enumerate(context.words):
        if word in _WITHOUT:
            found = context.contexts(at, at + 1)
            is_well |= found.isdisjoint({Context.NEGATED, Context.UNKNOWN})
        elif word in _LABELS or word == "ros" or _is_review(context.words, at):
            end = at + (len(_REVIEW) if word == _REVIEW[0] else 1)
            denied, present = _label(context, at, end)
            is_well |= denied
            has_symptoms |= present
        elif word in _SHOWING:
            shows |= _is_shown(context, at)
    return Reading(is_well, has_symptoms, shows)


def _is_review(words: Sequence[str], at: int) -> bool:
    return tuple(words[at : at + len(_REVIEW)]) == _REVIEW


def _label(context: SegmentContext, at: int, end: int) -> tuple[bool, bool]:
    """Whether the symptoms that a label [at, end) names are denied, and whether they are there."""
    words = context.words
    found = context.contexts(at, end)
    if not _DONE.isdisjoint(words[end : end + 4]):
        return False, False
    if Context.NEGATED in found:
        return Context.UNKNOWN not in found, False
    if not found.isdisjoint(_ELSEWHERE) or (at and words[at - 1] in _NOT_OF_THE_BOWEL):
        return False, False
    is_heading = end < len(words) and words[end] in (":", "?", "-", "–", "—")
    if is_heading:
        behind = words[end + 1 :]
        if not behind or not _DENYING.isdisjoint(behind):
            return bool(behind), False
    if words[at] in _LABELS:
        return False, True
    return False, "positive" in words[end:]


def _is_shown(context: SegmentContext, at: int) -> bool:
    words = context.words
    before, behind = words[max(0, at - _NEAR) : at], words[at : at + _NEAR]
    near = (*takewhile(_is_of_clause, reversed(before)), *takewhile(_is_of_clause, behind))
    return (
        context.contexts(at, at + 1).isdisjoint(_ELSEWHERE)
        and _ANOTHER_THING.isdisjoint(words[at + 1 : at + 3])
        and _NORMAL.isdisjoint(near)
    )


def _is_of_clause(word: str) -> bool:
    return word not in (",", ";", "–", "—")


def _says_well(lowered: str) -> bool:
    return any(
        found[0].startswith(("no ", "without "))
        or _NOT.search(lowered, max(0, found.start() - _BEFORE), found.end()) is None
        for found in _WELL.finditer(lowered)
    )


def _has_lost_weight(lowered: str) -> bool:
    """Whether two numbers may be a weight that has become less."""
    return any(
        int(found["was"]) > int(found["now"]) >= 80 for found in _LIGHTER.finditer(lowered)
    ) and not _NO_WEIGHT.search(lowered)
