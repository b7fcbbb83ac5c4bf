"""A process's criteria, prepared for comparison with segments: once per process.

A reference is a sentence of the definition (a statement, counter-statement or neutral statement).
All references of all criteria are the columns of one matrix, and all keywords are found in one pass
over a segment: a criterion keeps only positions of columns and of keywords.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.judging.criteria.fact_rules import FactRule, fact_rules
from winnow.judging.criteria.keywords import Keywords, SharedWords, words
from winnow.judging.criteria.list_headings import known_words
from winnow.judging.criteria.mentions import MentionKind, SegmentMentions
from winnow.judging.criteria.readings import (
    Readings,
    SideReading,
    dump_readings,
    neutral_place,
    read_side,
    readings_key,
)
from winnow.judging.criteria.suspicions import is_of_first_time
from winnow.judging.text.shorthand import expand_shorthand
from winnow.processes.schema import CriteriaProcess, Criterion

_NONE: NDArray[np.intp] = np.zeros(0, np.intp)


@dataclass(frozen=True)
class CriterionSide:
    """The statements, or the counter-statements, of a criterion, and what may be compared."""

    sign: int
    """1: supports the criterion, -1: opposes it."""
    keywords: frozenset[int]
    """Positions in the process's list of keywords; empty: any segment may match."""
    plain_keywords: Sequence[str]
    """The same keywords, their shorthand written out."""
    statements: Mapping[int, str]
    """Its sentences by column, their shorthand written out."""
    neutral_statements: Mapping[int, str]
    """The same of the criterion's neutral statements."""

    kept: SideReading | None = None
    """What its sentences say, if that is known beforehand."""

    @cached_property
    def read(self) -> SideReading:
        """What its sentences say; else read when a segment is first compared with them."""
        return self.kept or read_side(self.statements, self.neutral_statements, self.plain_keywords)

    def columns(self, segment: SegmentMentions) -> NDArray[np.intp]:
        """The columns that a segment may be compared with.

        "Melena, no pain" may support melena. "Showed polyps but no bleeding" is neither support nor
        opposition; it is compared only with equally mixed references, as is "no polyps but
        bleeding". What a sister has is compared with what relatives of the first degree have.
        """
        columns = self._columns_of_kinds(segment)
        relatives = self.read.kin
        if not relatives or not (named := segment.kin):
            return columns
        return np.array(
            [column for column in columns.tolist() if relatives.get(column, named) <= named],
            np.intp,
        )

    def _columns_of_kinds(self, segment: SegmentMentions) -> NDArray[np.intp]:
        kinds = segment.kinds(self.keywords, self.read.ignored)
        columns_by_kinds = self.read.columns_by_kinds
        columns = columns_by_kinds.get(kinds, _NONE)
        if self.sign > 0 and not any(kind & MentionKind.RESULT for kind in kinds):
            unmixed = frozenset(kind & ~MentionKind.MIXED for kind in kinds)
            if unmixed != kinds:
                return np.concatenate([columns, columns_by_kinds.get(unmixed, _NONE)])
        return columns

    def neutral_columns(self, segment: SegmentMentions) -> NDArray[np.intp]:
        """The columns of the neutral statements that a segment is compared with."""
        return self.read.neutral[neutral_place(segment.kinds(self.keywords, self.read.ignored))]


@dataclass(frozen=True)
class CompiledCriterion:
    """A criterion with its two sides."""

    criterion: Criterion
    pro: CriterionSide
    con: CriterionSide
    keywords: frozenset[int]
    """Only a segment with one of these may match; empty: any."""
    speaking: slice
    """Columns of both sides."""
    rules: tuple[FactRule, ...]
    """What reads its facts, over a whole text."""
    measured: frozenset[str]
    """The first words of the names of its measured values and of its event."""
    implying: tuple[frozenset[str], ...] = ()
    """Of what implies it: keywords, their shorthand written out, one of each set is asked for."""
    rivals: frozenset[int] = frozenset()
    """Positions of the words of another explanation: where one is said, nothing implies it."""

    @cached_property
    def all_keywords(self) -> frozenset[int]:
        """Keywords of both sides."""
        return self.pro.keywords | self.con.keywords

    @cached_property
    def own_words(self) -> frozenset[str]:
        """The words of its statements and of their keywords."""
        own = (*self.pro.statements.values(), *self.pro.plain_keywords)
        return frozenset(word for text in own for word in words(text))

    @cached_property
    def is_of_first_time(self) -> bool:
        """Whether it asks for a first suspicion, and what is known speaks against it."""
        return is_of_first_time(self.pro.statements.values(), self.con.statements.values())

    @cached_property
    def silence_is_not_met(self) -> bool:
        """Whether a record that does not mention it is taken not to meet it."""
        return self.criterion.if_silent == "not_met"

    @cached_property
    def is_about_relatives(self) -> bool:
        """Whether one of its statements is about a relative: "a brother had colon cancer"."""
        return bool(self.pro.read.ignored & MentionKind.FAMILY) or any(
            kind & MentionKind.FAMILY for kinds in self.pro.read.columns_by_kinds for kind in kinds
        )

    def accepts(self, keywords: frozenset[int]) -> bool:
        """Whether a segment with these keywords may match."""
        if self.speaking.start == self.speaking.stop:
            return False  # It has facts alone.
        return not self.keywords or not self.keywords.isdisjoint(keywords)

    def concerns(self, keywords: frozenset[int]) -> bool:
        """Whether a segment with these keywords may say anything of it."""
        return (
            self.accepts(keywords)
            or not self.all_keywords.isdisjoint(keywords)
            or not self.rivals.isdisjoint(keywords)
        )


class SegmentWords(NamedTuple):
    """A segment's words, and the keywords among them."""

    words: Sequence[str]
    keywords: frozenset[int]
    is_accepted: bool
    """Whether any criterion accepts it."""


_REMEMBERED = 1_024
"""Segments whose words are remembered: more than are asked for twice in one call."""


@dataclass(frozen=True)
class CompiledCriteria:
    """All criteria of a process."""

    criteria: tuple[CompiledCriterion, ...]
    keywords: Keywords
    keyword_texts: Sequence[str]
    """Keywords by position."""
    references: Sequence[str]
    """Reference sentences by column."""
    plain_references: Sequence[str]
    """The same, their shorthand written out."""
    shared_words: SharedWords

    @cached_property
    def heading_words(self) -> frozenset[str]:
        """What the heading of a list may have and be understood: words of keywords."""
        return known_words(self.keyword_texts)

    @cached_property
    def read(self) -> Callable[[str], SegmentWords]:
        """Reads the words of a segment, its shorthand written out; the latest are remembered."""
        return lru_cache(maxsize=_REMEMBERED)(self._read)

    def _read(self, plain: str) -> SegmentWords:
        split = words(plain)
        found = self.keywords(split)
        return SegmentWords(split, found, any(one.accepts(found) for one in self.criteria))

    def accepts(self, plain: str) -> bool:
        """Whether any criterion accepts a segment, its shorthand written out."""
        return self.read(plain).is_accepted

    def topics(self, text: str) -> frozenset[int]:
        """The positions of the criteria that a piece of text has a keyword or a value of."""
        split = words(expand_shorthand(text))
        keywords = self.keywords(split)
        return frozenset(
            position
            for position, criterion in enumerate(self.criteria)
            if not criterion.pro.keywords.isdisjoint(keywords)
            or not criterion.measured.isdisjoint(split)
        )


def compile_criteria(definition: CriteriaProcess, kept: Readings | None = None) -> CompiledCriteria:
    """The compiled criteria of a definition; `kept` is what its sentences are known to say."""
    compiler = _Compiler(kept)
    criteria = tuple(compiler.criterion(criterion) for criterion in definition.criteria)
    return CompiledCriteria(
        criteria,
        Keywords(compiler.keywords),
        compiler.keywords,
        compiler.references,
        compiler.plain_references,
        SharedWords(compiler.plain_references),
    )


def readings_of(definition: CriteriaProcess) -> dict[str, str]:
    """What is to be kept of a definition's sentences, by its key."""
    compiled = compile_criteria(definition)
    sides = [side.read for one in compiled.criteria for side in (one.pro, one.con)]
    return {readings_key(definition): dump_readings(Readings(compiled.plain_references, sides))}


def _fact_names(criterion: Criterion) -> Iterator[str]:
    for measure in criterion.measures:
        yield from (measure.name, *measure.aliases)
    if criterion.interval_since is not None:
        yield criterion.interval_since.event


class _Compiler:
    """The keywords and references of the criteria so far."""

    def __init__(self, kept: Readings | None) -> None:
        self._kept_plain = kept.plain if kept else None
        self._kept_sides = iter(kept.sides if kept else ())
        self.keywords: list[str] = []
        self.references: list[str] = []
        self.plain_references: list[str] = []
        """The same sentences, their shorthand written out."""

    def criterion(self, criterion: Criterion) -> CompiledCriterion:
        neutral = self._add_references(criterion.neutral_statements)
        start = len(self.references)
        pro = self._side(1, criterion.statements, criterion.keywords, neutral)
        counter_keywords = criterion.counter_keywords or criterion.keywords
        con = self._side(-1, criterion.counter_statements, counter_keywords, neutral)
        return CompiledCriterion(
            criterion,
            pro,
            con,
            pro.keywords | con.keywords if pro.keywords and con.keywords else frozenset(),
            slice(start, len(self.references)),
            fact_rules(criterion),
            frozenset(first for name in _fact_names(criterion) for first in words(name)[:1]),
            tuple(
                frozenset(map(expand_shorthand, names))
                for names in (criterion.implied_by.each_of if criterion.implied_by else ())
            ),
            self._add_keywords(
                list(dict.fromkeys(map(expand_shorthand, criterion.implied_by.unless)))
                if criterion.implied_by
                else []
            ),
        )

    def _side(
        self, sign: int, statements: Sequence[str], keywords: Sequence[str], neutral: range
    ) -> CriterionSide:
        columns = self._add_references(statements)
        # If keywords are the same when written out, keep the first.
        plain = list(dict.fromkeys(map(expand_shorthand, keywords)))
        return CriterionSide(
            sign,
            self._add_keywords(plain),
            plain,
            {column: self.plain_references[column] for column in columns},
            {column: self.plain_references[column] for column in neutral},
            next(self._kept_sides, None),
        )

    def _add_references(self, sentences: Sequence[str]) -> range:
        """The columns of these sentences."""
        start = len(self.references)
        self.references.extend(sentences)
        columns = range(start, len(self.references))
        if self._kept_plain is None:
            self.plain_references.extend(map(expand_shorthand, sentences))
        else:
            self.plain_references.extend(self._kept_plain[start : columns.stop])
        return columns

    def _add_keywords(self, keywords: Sequence[str]) -> frozenset[int]:
        """The positions of these keywords."""
        start = len(self.keywords)
        self.keywords.extend(keywords)
        return frozenset(range(start, len(self.keywords)))
