"""The table of context rules (context.tsv), and the positions of their triggers in a segment.

A rule is what ConText and medspaCy call one (medspaCy's `ConTextRule`): a trigger phrase ("no
evidence of"), a category ("negated"), a direction and a maximal scope. The head of context.tsv
explains its columns and categories; its comments call a trigger a cue.

At every word the longest trigger of the table counts (of two as long, one that asks for the end of
the clause), and its words begin no other; those of a trigger that ends a clause may.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from winnow.judging.criteria.keywords import unglued
from winnow.judging.lazy_patterns import lazy_pattern


class Context(StrEnum):
    """What a mention is, if not plainly so of the patient and now."""

    NEGATED = "negated"
    POSSIBLE = "possible"
    HYPOTHETICAL = "hypothetical"
    HISTORICAL = "historical"
    FAMILY = "family"
    PLANNED = "planned"
    UNKNOWN = "unknown"
    """Open, missing, unfinished or taken back: it says neither yes nor no."""


RESULT = "result"
"""A test found nothing: a negation, but not of the test."""
PSEUDO = "pseudo"
CLAUSE_ENDS = frozenset({"end", "turn", "reason"})
"""Terminations. A `turn` ends no scope of family: "his mother was ill and has diabetes"; what is
before a `reason` and behind it makes no sentence mixed: "a capsule because colonoscopy was normal".
"""
_CATEGORIES = CLAUSE_ENDS | {*Context, RESULT, PSEUDO, "subject", "shield", "place", "modifier"}
_DIRECTIONS = frozenset(("", "forward", "backward", "both", "list", "sentence"))
_UNBOUNDED = 1_000
"""The scope of a rule that has none in the table: as far as the clause goes."""

Phrase = tuple[frozenset[str] | int, ...]
"""Words, one of each set; a number stands for up to so many words. "" in a set: may be missing."""

_TOKEN = lazy_pattern(
    r"[^\W_]+(?:['.][^\W_]+)*|[;:,()/?–—\[\]−⍰]|(?<![^\s,;:(])\+(?=[^\W\d_]|\))|-|(?<!_)_(?=_)"
)
# "fatigue, -melena" denies; "non-bleeding" and a list's "- melena" or "-melena" do not.
_MINUS = lazy_pattern(r"(?<=[ \t,;:])-(?=[^\W\d_])")
_DASH = lazy_pattern(r"(?<=[\w)]) - (?=\w)")
_BOXES = str.maketrans(
    {"’": "'", "☐": "[]", "□": "[]", "☑": "[x]", "☒": "[x]", "✓": "[x]", "∅": "ø"}
)
_YEAR = lazy_pattern(r"(?:19|20)\d\ds?")
_CLAUSE_END = frozenset("$")
_TURNING = frozenset(
    ("no", "not", "never", "without", "cannot", "hardly", "scarcely", "barely", "seldom", "rarely")
)
"""Words that would turn a trigger into its opposite."""
_NOT_LITERAL = frozenset(("", "^", "$", "<year>"))
"""Parts of a trigger that hold one of these match what is no word of theirs."""


def tokens(text: str) -> list[str]:
    """Words, as `keywords.words` has them, and the punctuation that triggers are made of.

    A plus or minus in front of a word is a token of its own: "+" and "−". A hyphen that
    stands alone between two words is a dash; a blank of a form ("____") is one underscore.
    """
    if " - " in text:
        text = _DASH.sub(" – ", text)
    return _TOKEN.findall(_MINUS.sub("−", unglued(text.lower().translate(_BOXES))))


class ContextRule(NamedTuple):
    """A row of the table."""

    trigger: Phrase
    category: str
    forward: bool
    backward: bool
    listed: bool
    """Forward, and ended neither by a comma nor by a new subject."""
    unended: bool
    """Of the whole sentence, whatever ends a clause."""
    max_scope: int
    """Words that may be between trigger and mention."""
    second: frozenset[str]
    """Words one of which must be within `second_within` words of the first: what is looked at
    before the whole trigger is. Empty: not known."""
    second_within: int


class TriggerMatch(NamedTuple):
    """One occurrence of a rule's trigger: tokens [start, end)."""

    start: int
    end: int
    rule: ContextRule


@cache
def rules_by_first_word() -> dict[str, list[ContextRule]]:
    """The table."""
    path = Path(__file__).with_name("context.tsv")
    return _parse(path.read_text(encoding="utf-8").splitlines())


@lru_cache(maxsize=1_000)
def _rules_at_start(word: str) -> list[ContextRule]:
    """The rules that count at the start of a segment alone, and that its first word may begin."""
    return [
        rule
        for rule in rules_by_first_word()["^"]
        if isinstance(part := rule.trigger[1], int)
        or word in part
        or not _NOT_LITERAL.isdisjoint(part)
    ]


def _parse(lines: Iterable[str]) -> dict[str, list[ContextRule]]:
    rules: dict[str, list[ContextRule]] = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        rule = _parse_rule(line.rstrip("\n"))
        first = rule.trigger[0]
        assert isinstance(first, frozenset)
        for word in first:
            rules.setdefault(word, []).append(rule)
    return rules


def _parse_rule(line: str) -> ContextRule:
    words, category, *more = line.split("\t")
    direction = more[0] if more else ""
    if category not in _CATEGORIES or direction not in _DIRECTIONS:
        raise ValueError(f"context.tsv: {line!r}")
    trigger = tuple(
        int(word[1:]) if word[0] == "*" else frozenset(word.split("|")) for word in words.split()
    )
    return ContextRule(
        trigger,
        category,
        direction in ("forward", "both", "list", "sentence"),
        direction in ("backward", "both", "sentence"),
        direction == "list",
        direction == "sentence",
        int(more[1]) if len(more) > 1 else _UNBOUNDED,
        *_second(trigger),
    )


def _second(trigger: Phrase) -> tuple[frozenset[str], int]:
    """The words that must follow the first of a trigger, and within how many; none: not known."""
    match trigger:
        case (frozenset() as first, int(gap), frozenset() as after, *_):
            pass
        case (frozenset() as first, frozenset() as after, *_):
            gap = 0
        case _:
            return frozenset(), 0
    return (after, gap + 1) if _NOT_LITERAL.isdisjoint(first | after) else (frozenset(), 0)


def match_triggers(words: Sequence[str]) -> list[TriggerMatch]:
    """Every trigger in a segment's tokens, in order; pseudo-triggers have hidden what they hide."""
    matches: list[TriggerMatch] = []
    by_first_word = rules_by_first_word()
    at = 0
    while at < len(words):
        if at and words[at] not in by_first_word:
            at += 1
            continue
        longest = _longest(at, words)
        categories = {match.rule.category for match in longest}
        # Of equally long triggers a pseudo-trigger silences the others.
        if PSEUDO not in categories:
            matches += longest
        # What ends a clause may hold triggers of the next: "and his mother was".
        at = longest[0].end if longest and categories.isdisjoint(CLAUSE_ENDS) else at + 1
    return matches


def _longest(at: int, words: Sequence[str]) -> list[TriggerMatch]:
    """The longest triggers that begin here; of equals, those that ask for the clause's end."""
    best: list[TriggerMatch] = []
    longest = (at, False)
    rules = rules_by_first_word().get(words[at], [])
    for rule in rules if at else rules + _rules_at_start(words[0]):
        if rule.second and rule.second.isdisjoint(words[at + 1 : at + 1 + rule.second_within]):
            continue
        end = match_end(rule.trigger, at, words)
        if end <= at:
            continue
        length = (end, rule.trigger[-1] == _CLAUSE_END)
        if length > longest:
            longest, best = length, []
        if length == longest:
            best.append(TriggerMatch(at, end, rule))
    return best


def match_end(trigger: Sequence[frozenset[str] | int], at: int, words: Sequence[str]) -> int:
    """Where the longest match of a trigger that begins here ends; -1: it does not match."""
    for number, part in enumerate(trigger, start=1):
        if isinstance(part, int):
            return _match_gap(part, trigger[number:], at, words)
        if at < len(words) and _is(words[at], part):
            if "" in part:
                end = match_end(trigger[number:], at + 1, words)
                return end if end >= 0 else match_end(trigger[number:], at, words)
            at += 1
        elif "^" in part:
            if at > 0:
                return -1
        elif "$" in part:
            if at < len(words) and words[at] not in (",", ";"):
                return -1
        elif "" not in part:
            return -1
    return at


def _match_gap(
    longest: int, rest: Sequence[frozenset[str] | int], at: int, words: Sequence[str]
) -> int:
    """The same for what is left of a trigger behind a gap of up to so many words."""
    best = match_end(rest, at, words)
    for after in range(at + 1, min(at + longest, len(words)) + 1):
        if not _may_stand_in_gap(words[after - 1]):
            break
        best = max(best, match_end(rest, after, words))
    return best


def _may_stand_in_gap(word: str) -> bool:
    """Neither punctuation nor a word that would turn the trigger into its opposite."""
    return word[0].isalnum() and word not in _TURNING and not word.endswith("n't")


def _is(word: str, part: frozenset[str]) -> bool:
    return word in part or ("<year>" in part and _YEAR.fullmatch(word) is not None)
