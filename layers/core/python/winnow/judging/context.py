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
from functools import cache
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
_TOKEN = re.compile(r"[^\W_]+(?:['.][^\W_]+)*|[;:,()/?–—\[\]−]|(?<![^\s,;:(])\+(?=[^\W\d_]|\))|-")
# "fatigue, -melena" denies; "non-bleeding" and a list's "- melena" or "-melena" do not.
_MINUS = re.compile(r"(?<=[ \t,;:])-(?=[^\W\d_])")
_BOXES = str.maketrans({"’": "'", "☐": "[]", "□": "[]", "☑": "[x]", "☒": "[x]", "✓": "[x]"})
_YEAR = re.compile(r"(?:19|20)\d\ds?")
_LAST = frozenset("$")
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
        )
        first = phrase[0]
        assert isinstance(first, frozenset)
        for word in first:
            table.setdefault(word, []).append(cue)
    return table


@cache
def _table() -> dict[str, list[_Cue]]:
    path = Path(__file__).with_name("context.tsv")
    return _parse(path.read_text(encoding="utf-8").splitlines())


def _fills(word: str) -> bool:
    """Whether a gap may hold a word: neither punctuation nor what turns the phrase round."""
    return word[0].isalnum() and word not in ("no", "not", "never", "without")


def _match(phrase: Sequence[frozenset[str] | int], at: int, words: Sequence[str]) -> int:
    """Where the longest match of a phrase that begins here ends; -1: none."""
    if not phrase:
        return at
    part, rest = phrase[0], phrase[1:]
    if isinstance(part, int):
        best = -1
        for skip in range(part + 1):
            if skip and (at + skip > len(words) or not _fills(words[at + skip - 1])):
                break
            best = max(best, _match(rest, at + skip, words))
        return best
    if "^" in part:
        return _match(rest, at, words) if at == 0 else -1
    if "$" in part:
        return _match(rest, at, words) if at == len(words) or words[at] in (",", ";") else -1
    end = _match(rest, at + 1, words) if at < len(words) and _is(words[at], part) else -1
    return end if end >= 0 or "" not in part else _match(rest, at, words)


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
        table = _table()
        at = 0
        while at < len(words):
            longest = (at, False)
            best: list[_Found] = []
            for cue in (*table.get(words[at], ()), *(() if at else table["^"])):
                end = _match(cue.phrase, at, words)
                length = (end, cue.phrase[-1] == _LAST)
                if length > longest:
                    longest, best = length, []
                if length == longest and end > at:
                    best.append(_Found(at, end, cue))
            # Of equally long phrases a pseudo-cue silences the others.
            if not any(found.cue.kind == "pseudo" for found in best):
                for found in best:
                    self._take(found)
            # What ends a clause may hold cues of the next: "and his mother was".
            ends = any(found.cue.kind in ("end", "turn") for found in best)
            at = at + 1 if ends else max(longest[0], at + 1)

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
            kind = cue.cue.kind
            found.add(Context.NEGATED if kind == "result" else Context(kind))
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

    @property
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
