"""What the reference sentences of a definition say of its keywords, and how that is kept.

A segment is compared only with sentences of its own kinds (match.py), so the sentences' kinds must
be known: to read all of L33774's takes longer than to judge a record. They depend on the definition
and on code alone. So they are read when the model is built, or a version published, and kept with
the sentences' vectors. What is kept is found by a hash of the definition and of the code that read
it; where there is none, a side's sentences are read when a segment is first compared with them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.judging.criteria.keywords import Keywords, words
from winnow.judging.criteria.kin import Kin, kin
from winnow.judging.criteria.mentions import PLAIN, Kinds, MentionKind, SegmentMentions
from winnow.processes.schema import CriteriaProcess

CODE = (
    *("criteria/compile.py", "criteria/context.py", "criteria/context.tsv"),
    *("criteria/context_rules.py", "criteria/denied_lists.py", "criteria/keywords.py"),
    *("criteria/kin.py", "criteria/presupposed.py"),
    *("criteria/list_headings.py", "criteria/mentions.py", "criteria/readings.py"),
    *("text/shorthand.py", "text/shorthand.tsv"),
)
"""What decides how a sentence is read, below `judging`."""

_SOFT = MentionKind.POSSIBLE | MentionKind.HISTORICAL
"""Kinds that are ignored for a side that has such sentences itself."""
_NEGATIVE = MentionKind.DENIED | MentionKind.RESULT
_OPEN = MentionKind.UNKNOWN | MentionKind.PLANNED | MentionKind.MIXED


class SideReading(NamedTuple):
    """What the sentences of a side say of its keywords."""

    ignored: int
    """Kinds that are ignored for the side, because some of its sentences are of them."""
    columns_by_kinds: Mapping[Kinds, NDArray[np.intp]]
    """Columns that a segment of these kinds may be compared with."""
    kin: Mapping[int, frozenset[Kin]]
    """Of the columns that name relatives, how near these are."""
    neutral: Sequence[NDArray[np.intp]]
    """Columns of the neutral statements that have one of the side's keywords, by `neutral_place`
    of a segment: "no history of Crohn's disease" says nothing that "known Crohn's disease" says,
    and "his wife has rectal bleeding" nothing that "rectal bleeding" says."""


class Readings(NamedTuple):
    """What was kept of a definition."""

    plain: Sequence[str]
    """Reference sentences by column, their shorthand written out."""
    sides: Sequence[SideReading]
    """Two a criterion, in their order."""


def read_side(
    statements: Mapping[int, str], neutral: Mapping[int, str], keywords: Sequence[str]
) -> SideReading:
    """Read sentences by column. All shorthand is written out."""
    find = Keywords(keywords)
    own = frozenset(range(len(keywords)))
    mentions = {column: SegmentMentions(text, "", find) for column, text in statements.items()}
    ignored = reduce(or_, (sentence.all_kinds for sentence in mentions.values()), PLAIN) & _SOFT
    columns_by_kinds: dict[Kinds, list[int]] = {}
    for column, sentence in mentions.items():
        columns_by_kinds.setdefault(sentence.kinds(own, ignored), []).append(column)
    kinds_of_neutral = {
        column: SegmentMentions(text, "", find).kinds(own, ignored)
        for column, text in neutral.items()
        if not keywords or find(words(text))
    }
    kin_of = {column: kin(text) for column, text in statements.items()}
    return SideReading(
        ignored,
        {kinds: _columns(those) for kinds, those in columns_by_kinds.items()},
        {column: named for column, named in kin_of.items() if named},
        [
            _columns(
                column
                for column, kinds in kinds_of_neutral.items()
                if _is_of_family(kinds) is is_of_family
                and not (is_plain and _is_only_negative(kinds))
            )
            for is_plain in (False, True)
            for is_of_family in (False, True)
        ],
    )


def neutral_place(kinds: Kinds) -> int:
    """The place in `SideReading.neutral` for a segment of these kinds.

    By whether it denies nothing and leaves nothing open, and whether it is about a relative.
    """
    is_plain = not any(kind & (_NEGATIVE | _OPEN) for kind in kinds)
    return 2 * is_plain + _is_of_family(kinds)


def _is_only_negative(kinds: Kinds) -> bool:
    """Whether a sentence denies, and says nothing else of its keywords."""
    return any(kind & _NEGATIVE for kind in kinds) and not any(kind & _OPEN for kind in kinds)


def _is_of_family(kinds: Kinds) -> bool:
    return any(kind & MentionKind.FAMILY for kind in kinds)


def _columns(columns: Iterable[int]) -> NDArray[np.intp]:
    return np.array(list(columns), np.intp)


# -- kept ------------------------------------------------------------------------------------------


def readings_key(definition: CriteriaProcess) -> str:
    """What readings of the definition, by the code at hand, are kept under."""
    return f"{definition.info.sha256}-{_code()}"


@cache
def _code() -> str:
    judging = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for name in CODE:
        digest.update((judging / name).read_bytes())
    return digest.hexdigest()


def dump_readings(readings: Readings) -> str:
    """JSON of them."""
    return json.dumps(
        {"plain": readings.plain, "sides": list(map(_plain_data, readings.sides))},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _plain_data(side: SideReading) -> list[Any]:
    return [
        side.ignored,
        [[sorted(kinds), those.tolist()] for kinds, those in side.columns_by_kinds.items()],
        [[column, sorted(named)] for column, named in side.kin.items()],
        [those.tolist() for those in side.neutral],
    ]


def load_readings(kept: str) -> Readings:
    """What was dumped."""
    data = json.loads(kept)
    return Readings(data["plain"], [_side(*side) for side in data["sides"]])


def _side(ignored: int, by_kinds: list[Any], kin_of: list[Any], neutral: list[Any]) -> SideReading:
    return SideReading(
        ignored,
        {frozenset(kinds): _columns(those) for kinds, those in by_kinds},
        {column: frozenset(map(Kin, named)) for column, named in kin_of},
        [_columns(those) for those in neutral],
    )
