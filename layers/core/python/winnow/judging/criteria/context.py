"""Who and when a word of a sentence is about, and whether it is denied: scopes of cues.

The method is that of NegEx (Chapman et al., A simple algorithm for identifying negated findings and
diseases in discharge summaries, J Biomed Inform 34:301, 2001) and ConText (Harkema et al., ConText:
an algorithm for determining negation, experiencer, and temporal status from clinical reports,
J Biomed Inform 42:839, 2009): cues open a scope before or behind them, terminators end it, and
pseudo-cues, which only look like cues, open none. The table of cues, context.tsv, is our own; so
are `planned`, the results of tests, and the shield ("no source of bleeding" denies no bleeding).

At every word the longest phrase of the table counts (of two as long, one that asks for the end),
and its words begin no other; those of a phrase that ends a clause may.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple


class Context(StrEnum):
    """What a mention is, if not plainly so of the patient and now."""

    NEGATED = "negated"
    POSSIBLE = "possible"
    HYPOTHETICAL = "hypothetical"
    HISTORICAL = "historical"
    FAMILY = "family"
    PLANNED = "planned"


_KINDS = frozenset(
    (*Context, "result", "pseudo", "end", "turn", "subject", "shield", "place", "modifier")
)
_CONTEXTS = {**{str(context): context for context in Context}, "result": Context.NEGATED}
"""What cues of a kind make of a mention in their scope."""
_TOKEN = re.compile(r"[^\W_]+(?:['.][^\W_]+)*|[;:,()/?–—\[\]−]|(?<![^\s,;:(])\+(?=[^\W\d_]|\))|-")
# "fatigue, -melena" denies; "non-bleeding" and a list's "- melena" or "-melena" do not.
_MINUS = re.compile(r"(?<=[ \t,;:])-(?=[^\W\d_])")
_BOXES = str.maketrans({"’": "'", "☐": "[]", "□": "[]", "☑": "[x]", "☒": "[x]", "✓": "[x]"})
_YEAR = re.compile(r"(?:19|20)\d\ds?")
_LAST = frozenset("$")
_ODD = frozenset(("", "^", "$", "<year>"))
"""Parts of a phrase that hold one of these match what is no word of theirs."""
_FAR = 1_000
_DIRECTIONS = frozenset(("", "forward", "backward", "both", "list"))


def tokens(text: str) -> list[str]:
    """Words, as `lexical.words` has them, and the punctuation that cues are made of.

    A plus or minus in front of a word is a token of its own: "+" and "−".
    """
    return _TOKEN.findall(_MINUS.sub("−", text.lower().translate(_BOXES)))


class _Cue(NamedTuple):
    """A row of the table."""

    phrase: tuple[frozenset[str] | int, ...]
    """Words, one of each set; a number stands for up to so many words. "" in a set: may lack."""
    kind: str
    forward: bool
    backward: bool
    listed: bool
    reach: int
    soon: frozenset[str]
    """Words of which one stands among the `within` that follow the first; empty: not known."""
    within: int


class _Found(NamedTuple):
    """A cue at its place."""

    start: int
    end: int
    cue: _Cue


def _parse(lines: Iterable[str]) -> dict[str, list[_Cue]]:
    """The table, by first words."""
    table: dict[str, list[_Cue]] = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        words, kind, *more = line.rstrip("\n").split("\t")
        direction = more[0] if more else ""
        if kind not in _KINDS or direction not in _DIRECTIONS:
            raise ValueError(f"context.tsv: {line!r}")
        phrase = tuple(
            int(word[1:]) if word[0] == "*" else frozenset(word.split("|"))
            for word in words.split()
        )
        cue = _Cue(
            phrase,
            kind,
            direction in ("forward", "both", "list"),
            direction in ("backward", "both"),
            direction == "list",
            int(more[1]) if len(more) > 1 else _FAR,
            *_soon(phrase),
        )
        first = phrase[0]
        assert isinstance(first, frozenset)
        for word in first:
            table.setdefault(word, []).append(cue)
    return table


def _soon(phrase: tuple[frozenset[str] | int, ...]) -> tuple[frozenset[str], int]:
    """The words that must follow the first of a phrase, and among how many; none: not known."""
    match phrase:
        case (frozenset() as first, int(gap), frozenset() as after, *_):
            pass
        case (frozenset() as first, frozenset() as after, *_):
            gap = 0
        case _:
            return frozenset(), 0
    return (after, gap + 1) if _ODD.isdisjoint(first | after) else (frozenset(), 0)


@cache
def _table() -> dict[str, list[_Cue]]:
    path = Path(__file__).with_name("context.tsv")
    return _parse(path.read_text(encoding="utf-8").splitlines())


def _longest(at: int, words: Sequence[str]) -> list[_Found]:
    """The cues of the longest phrase that begins here; of equals, those that ask for the end."""
    best: list[_Found] = []
    longest = (at, False)
    table = _table()
    cues = table.get(words[at], [])
    for cue in cues if at else cues + table["^"]:
        if cue.soon and cue.soon.isdisjoint(words[at + 1 : at + 1 + cue.within]):
            continue
        end = _match(cue.phrase, at, words)
        if end <= at:
            continue
        length = (end, cue.phrase[-1] == _LAST)
        if length > longest:
            longest, best = length, []
        if length == longest:
            best.append(_Found(at, end, cue))
    return best


def _fills(word: str) -> bool:
    """Whether a gap may hold a word: neither punctuation nor what turns the phrase round."""
    return word[0].isalnum() and word not in ("no", "not", "never", "without")


def _match(phrase: Sequence[frozenset[str] | int], at: int, words: Sequence[str]) -> int:
    """Where the longest match of a phrase that begins here ends; -1: none."""
    for number, part in enumerate(phrase, start=1):
        if isinstance(part, int):
            return _match_gap(part, phrase[number:], at, words)
        if at < len(words) and _is(words[at], part):
            if "" in part:
                end = _match(phrase[number:], at + 1, words)
                return end if end >= 0 else _match(phrase[number:], at, words)
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
    most: int, rest: Sequence[frozenset[str] | int], at: int, words: Sequence[str]
) -> int:
    """The same for what is left of a phrase behind a gap of up to so many words."""
    best = _match(rest, at, words)
    for after in range(at + 1, min(at + most, len(words)) + 1):
        if not _fills(words[after - 1]):
            break
        best = max(best, _match(rest, after, words))
    return best


def _is(word: str, part: frozenset[str]) -> bool:
    return word in part or ("<year>" in part and _YEAR.fullmatch(word) is not None)


class Reading:
    """The cues of one segment."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take what `tokens` made of the segment."""
        self.words = words
        self._cues: list[_Found] = []
        self._ends: list[int] = []
        self._turns: set[int] = set()
        self._places: list[int] = []
        self._shields: list[_Found] = []
        self._modified: list[_Found] = []
        at = 0
        while at < len(words):
            best = _longest(at, words)
            kinds = {found.cue.kind for found in best}
            # Of equally long phrases a pseudo-cue silences the others.
            if "pseudo" not in kinds:
                for found in best:
                    self._take(found)
            # What ends a clause may hold cues of the next: "and his mother was".
            at = best[0].end if best and kinds.isdisjoint(("end", "turn")) else at + 1

    def _take(self, found: _Found) -> None:
        kind = found.cue.kind
        if kind in ("end", "turn"):
            self._ends.append(found.start)
            if kind == "turn":
                self._turns.add(found.start)
        elif kind == "place":
            self._places.append(found.start)
        elif kind == "modifier":
            self._modified.append(found)
        elif kind == "shield":
            self._shields.append(found)
        else:
            self._cues.append(found)

    def of(self, start: int, end: int) -> frozenset[Context]:
        """The contexts of the mention at tokens [start, end).

        A finding that is "negative" is negated; so is a test, whose result it is.
        """
        found: set[Context] = set()
        for cue in self._cues:
            if cue.cue.kind == "subject" or not self._covers(cue, start, end):
                continue
            found.add(_CONTEXTS[cue.cue.kind])
        return frozenset(found)

    @property
    def all(self) -> frozenset[Context]:
        """Every context that anything in the segment is in."""
        return frozenset(Context(c.cue.kind) for c in self._cues if c.cue.kind in set(Context))

    def denied(self, start: int, end: int) -> bool:
        """Whether a mention is negated, and not by a result."""
        return any(
            c.cue.kind == Context.NEGATED and self._covers(c, start, end) for c in self._cues
        )

    def clause(self, at: int) -> int:
        """The number of the clause that a token stands in."""
        return sum(end <= at for end in self._ends)

    @property
    def clauses(self) -> int:
        return len(self._ends) + 1

    @cached_property
    def negative(self) -> frozenset[int]:
        """The clauses in which anything is negated, results included."""
        return frozenset(
            self.clause(c.start) for c in self._cues if c.cue.kind in (Context.NEGATED, "result")
        )

    def _covers(self, found: _Found, start: int, end: int) -> bool:
        cue = found.cue
        if cue.forward and found.start <= start:
            low, high = found.end, start
        elif cue.backward and end <= found.end:
            low, high = end, found.start
        else:
            return False
        if high - low > cue.reach:
            return False
        passes = self._turns if cue.kind == Context.FAMILY else ()
        if any(low <= stop < high and stop not in passes for stop in self._ends):
            return False
        if cue.kind == Context.NEGATED and any(low <= stop < high for stop in self._places):
            return False
        if cue.kind == Context.NEGATED and any(
            whole.start <= start and end < whole.end for whole in self._modified
        ):
            return False
        if cue.kind in (Context.NEGATED, Context.POSSIBLE) and any(
            shield.end <= start <= shield.end + shield.cue.reach
            and (found.start <= shield.start or found.start >= end)
            for shield in self._shields
        ):
            return False
        if cue.kind in (Context.POSSIBLE, "result") or (
            cue.kind == Context.PLANNED and found.start > start
        ):
            return cue.listed or "," not in self.words[low:high]
        if cue.kind in (Context.FAMILY, Context.HISTORICAL) and cue.forward and not cue.listed:
            return not any(c.cue.kind == "subject" and low <= c.start < high for c in self._cues)
        return True


def find(words: Sequence[str], phrase: Sequence[str]) -> list[tuple[int, int]]:
    """Where a phrase stands in a row of tokens, as token spans."""
    size = len(phrase)
    return [
        (at, at + size)
        for at in range(len(words) - size + 1)
        if list(words[at : at + size]) == list(phrase)
    ]
