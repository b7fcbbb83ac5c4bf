"""What the heading of a list says of its items: "Denies:" that they are denied.

The heading is read by the context rules, as if an item stood behind it: "Denies: melena". What no
rule reads is no rule's to judge: a heading that has a word that neither sections of notes
(heading_words.tsv) nor the criteria use ("Return precautions", "Things to watch for") may say
anything of its items, so a decision that rests on them has a caution (cautions.py).
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from winnow.judging.criteria.context import Context, context_of
from winnow.judging.criteria.keywords import content_words, words
from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text.headings import ListHeading
from winnow.judging.text.shorthand import expand_shorthand

_TAKEN_BACK = lazy_pattern(
    r"\b(?:yes|positive|present|but|except|besides|other than|apart from)\b|[\[(] ?[\])]|[☐+]",
    re.IGNORECASE,
)
"""An item under "Denies" with one of these is not simply denied."""
_NAMED = lazy_pattern(
    r"\b(?:dr|mr|mrs|ms|prof)\b\.?(?: [A-Z][\w'’-]*){0,3}|\b\w+['’]s\b", re.IGNORECASE
)
_OLD = lazy_pattern(r"\d+|\b(?:y/?o|m|f)\b", re.IGNORECASE)
_PAST = lazy_pattern(r"\b(?:past|former|inactive|old)\b", re.IGNORECASE)
_OF_NOTE = lazy_pattern(
    r"\b(?:assessment|impression|a/p|diagnos[ei]s|indications?|reasons?|requests?|requested|requesting"
    r"|orders?|referral|requisition|form|auth|authorization)\b(?!.*\binclud)",
    re.IGNORECASE,
)
"""Why something is asked for, and what is thought, is of now: "Indications for capsule", "Prior
authorization request", "Assessment and plan"."""
_OF_NOW = lazy_pattern(
    r"(?!.*\b(?:past|previous|prior|remote|former|medical|surgical|social|family)\b).*\bhistory:?"
    r"|.*\b(?:stud(?:y|ies)|procedures?|tests?|testing|imaging|work-?up|endosc\w+|exam\w*|results?"
    r"|labs?|laboratory|radiology|scopes?|reports?)\b.*",
    re.IGNORECASE,
)
"""A "GI history" tells what is, and what "previous studies" found still holds."""
_ASKED = frozenset({Context.PLANNED, Context.HYPOTHETICAL, Context.HISTORICAL})
_WEAK = frozenset({Context.HISTORICAL, Context.POSSIBLE})


class HeadingReading(NamedTuple):
    """What the headings of an item say of it."""

    contexts: frozenset[Context] = frozenset()
    is_denied: bool = False
    """Whether it is negated, and not by a result."""


NO_READING = HeadingReading()


def read_heading(heading: ListHeading, item: str) -> HeadingReading:
    """What is said of an item; nothing where it is not sure that it is one."""
    if not heading.lines or not heading.is_sure:
        return NO_READING
    readings = [_read(line) for line in heading.lines]
    is_denied = any(reading.is_denied for reading in readings)
    contexts = frozenset[Context]().union(*(reading.contexts for reading in readings))
    if Context.NEGATED in contexts and _TAKEN_BACK.search(item):
        return NO_READING
    return HeadingReading(contexts, is_denied)


def is_open(heading: ListHeading, item: str, reference: str, known: frozenset[str]) -> bool:
    """Whether a heading may say of an item what its reference does not.

    An answer beside the item that nobody can read may say anything of it, too. `known` are words
    that a heading may have beside those of sections of notes.
    """
    if heading.is_doubtful:
        return True
    if not heading.lines:
        return False
    contexts = frozenset[Context]().union(*(_read(line).contexts for line in heading.lines))
    return (
        any(not _read(line).contexts and not _is_known(line, known) for line in heading.lines)
        or not (contexts & _WEAK <= context_of(expand_shorthand(reference)).all_contexts)
        or (bool(contexts) and read_heading(heading, item) is NO_READING)
    )


@lru_cache(maxsize=1_024)
def _read(line: str) -> HeadingReading:
    """What is said of what stands behind a heading, or of what the heading calls it.

    "Ruled out:" and "Conditions that were ruled out:" both say it.
    """
    plain = expand_shorthand(line)
    contexts: set[Context] = set()
    is_denied = False
    for said in dict.fromkeys((plain, plain.rstrip(": "))):
        context = context_of(said)
        end = len(context.words)
        found = context.contexts(end, end)
        contexts |= found
        is_denied = is_denied or context.is_denied(end, end)
    if _PAST.search(line):
        contexts.add(Context.HISTORICAL)
    if _OF_NOTE.search(line):
        contexts -= _ASKED
    if _OF_NOW.fullmatch(line):
        contexts.discard(Context.HISTORICAL)
    return HeadingReading(frozenset(contexts), is_denied)


@lru_cache(maxsize=1_024)
def _is_known(line: str, known: frozenset[str]) -> bool:
    plain = _OLD.sub(" ", _NAMED.sub(" ", expand_shorthand(line)))
    own = section_words()
    return all(len(word) == 1 or word in own or word in known for word in words(plain))


@cache
def section_words() -> frozenset[str]:
    """The words of headings that say nothing against what stands under them."""
    lines = Path(__file__).with_name("heading_words.tsv").read_text(encoding="utf-8").splitlines()
    return frozenset(
        word for line in lines if not line.startswith("#") for word in line.split("\t")[1].split()
    )


def known_words(keywords: Iterable[str]) -> frozenset[str]:
    """The words of keywords that a heading may have: none that only joins or denies."""
    return frozenset(word for keyword in keywords for word in content_words(keyword))
