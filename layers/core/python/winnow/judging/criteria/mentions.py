"""The keywords of a segment, each with its contexts and its kind.

Only mentions of the same kind are compared: "no melena" with sentences that deny, "melena last
year" with sentences about the past.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property, reduce
from operator import or_
from typing import Final, NamedTuple

from winnow.judging.criteria.context import Context, SegmentContext, context_of, tokens
from winnow.judging.criteria.keywords import Keywords
from winnow.judging.criteria.kin import Kin, kin
from winnow.judging.criteria.list_headings import read_heading
from winnow.judging.text.headings import NO_HEADING, ListHeading
from winnow.judging.text.shorthand import expand_shorthand
from winnow.judging.text.similarity import Part


class MentionKind:
    """What two sentences must have in common to be compared: bits, to be joined by "|".

    Plain integers: to join members of `enum.Flag` takes twenty times as long, and every mention of
    every criterion is joined with others.
    """

    DENIED: Final = 1
    RESULT: Final = 2
    """Something else in the clause is negated: the test found nothing."""
    POSSIBLE: Final = 4
    PLANNED: Final = 8
    HISTORICAL: Final = 16
    FAMILY: Final = 32
    """It is about a relative, not the patient."""
    UNKNOWN: Final = 64
    """It is open, missing, unfinished or taken back."""
    MIXED: Final = 128
    """One clause is negative and another is not: "normal but for an ulcer"."""


_OF_WHOLE = frozenset(
    {Context.NEGATED, Context.FAMILY, Context.UNKNOWN, Context.HYPOTHETICAL, Context.PLANNED}
)
"""What goes on from one part of a list to the next: "denies melena, pain, anemia". Doubt and the
past do not: "s/p EGD, likely small bowel, Hb 7"."""
PLAIN = 0
_OF_CONTEXT = {
    Context.POSSIBLE: MentionKind.POSSIBLE,
    Context.PLANNED: MentionKind.PLANNED,
    Context.HYPOTHETICAL: MentionKind.PLANNED,
    Context.HISTORICAL: MentionKind.HISTORICAL,
    Context.FAMILY: MentionKind.FAMILY,
    Context.UNKNOWN: MentionKind.UNKNOWN,
}
Kinds = frozenset[int]
"""The kinds of a sentence's keywords or, without keywords, the kinds of the whole sentence."""


class Mention(NamedTuple):
    """One occurrence of a keyword."""

    keyword: int
    kind: int
    """Of MentionKind."""
    contexts: frozenset[Context]


class SegmentMentions:
    """The keywords of one segment, in their contexts."""

    def __init__(
        self,
        text: str,
        section: str,
        keywords: Keywords,
        part: Part | None = None,
        heading: ListHeading = NO_HEADING,
    ) -> None:
        """Take a segment, its shorthand written out, and the section it is in ("" if none).

        Of a part of a list, what the whole list says of it counts too, and of an item of a list
        what its heading says.
        """
        self._text = text
        self._context = context_of(text)
        segment = self._context.words
        self._section = section_contexts(section)
        self._heading = read_heading(heading, text)
        self._heading_end = _heading_end(heading, part)
        self._whole_context, self._shift = _whole(part, segment)
        # Keywords are words: punctuation between them does not count.
        positions = [at for at, token in enumerate(segment) if token[0].isalnum()]
        spans = keywords.spans([segment[at] for at in positions])
        self.mixed = 0 < len(self._context.negative_clauses) < self._context.contrasted_clauses
        """Whether something is negated in one clause and nothing in another."""
        self._kinds: dict[tuple[frozenset[int], int], Kinds] = {}
        self.mentions: list[Mention] = []
        read: dict[tuple[int, int], tuple[int, frozenset[Context]]] = {}
        for keyword, first, end in spans:
            span = (positions[first], positions[end - 1] + 1)
            if span not in read:
                read[span] = self._read(*span)
            self.mentions.append(Mention(keyword, *read[span]))

    @cached_property
    def kin(self) -> frozenset[Kin]:
        """How near the relatives are that the segment names."""
        return kin(self._text)

    def contexts(self, start: int, end: int) -> frozenset[Context]:
        """The contexts of tokens [start, end), including that of the section."""
        contexts = self._context.contexts(start, end) | self._section
        if self._whole_context is not None:
            whole = self._whole_context.contexts(start + self._shift, end + self._shift)
            contexts |= whole & _OF_WHOLE
        if self._is_of_heading(start):
            contexts |= self._heading.contexts
        return contexts

    def _is_of_heading(self, start: int) -> bool:
        """Whether a token is in the first clause of an item, which its heading is of."""
        return (
            bool(self._heading.contexts)
            and start >= self._heading_end
            and self._context.clause(start) == 0
        )

    def kinds(self, keywords: frozenset[int], ignored: int) -> Kinds:
        """The kinds of those keywords, or of the whole segment if it has none of them."""
        if (known := self._kinds.get((keywords, ignored))) is None:
            known = self._kinds[keywords, ignored] = self._kinds_of(keywords, ignored)
        return known

    def _kinds_of(self, keywords: frozenset[int], ignored: int) -> Kinds:
        kinds = {mention.kind for mention in self.mentions if mention.keyword in keywords}
        kinds = _denials_as_results({kind & ~ignored for kind in kinds})
        if not kinds:
            return frozenset({self._whole() & ~ignored})
        if self.mixed and not all(kind & MentionKind.DENIED for kind in kinds):
            kinds = {kind | MentionKind.MIXED for kind in kinds}
        return frozenset(kinds)

    @property
    def all_kinds(self) -> int:
        """All kinds of the keywords or, without keywords, of the whole segment."""
        kinds = [mention.kind for mention in self.mentions] or [self._whole()]
        return reduce(or_, kinds)

    def _read(self, start: int, end: int) -> tuple[int, frozenset[Context]]:
        contexts = self.contexts(start, end)
        kind = _kind_of(contexts)
        of_heading = self._is_of_heading(start)
        if (
            self._context.is_denied(start, end)
            or (
                self._whole_context is not None
                and self._whole_context.is_denied(start + self._shift, end + self._shift)
            )
            or (of_heading and self._heading.is_denied)
        ):
            kind |= MentionKind.DENIED
        elif self._context.is_in_negative_clause(start, end) or (
            of_heading and Context.NEGATED in self._heading.contexts
        ):
            kind |= MentionKind.RESULT
        return kind, contexts

    def _whole(self) -> int:
        """The kind of the segment as a whole, when it has none of the keywords."""
        kind = _kind_of(self.contexts(0, 0) | self._context.all_contexts)
        if self._context.negative_clauses:
            kind |= MentionKind.RESULT
        return kind | MentionKind.MIXED if self.mixed else kind


def _whole(part: Part | None, segment: Sequence[str]) -> tuple[SegmentContext | None, int]:
    """The contexts of the list that a segment is part of, and where it begins there."""
    if part is None or not part.whole:
        return None, 0
    whole = context_of(expand_shorthand(part.whole))
    shift = len(tokens(expand_shorthand(part.before)))
    if whole.words[shift : shift + len(segment)] != segment:
        return None, 0
    return whole, shift


def _heading_end(heading: ListHeading, part: Part | None) -> int:
    """Where the items begin in a segment that has their heading in it."""
    if not heading.is_inline:
        return 0
    before = tokens(expand_shorthand(part.before)) if part else ()
    return len(tokens(expand_shorthand(heading.lines[0]))) - len(before)


def section_contexts(section: str) -> frozenset[Context]:
    """The context that a heading gives what is under it."""
    if not section:
        return frozenset()
    family = section.startswith(("family", "fh"))
    return frozenset({Context.FAMILY if family else Context.HISTORICAL})


def _kind_of(contexts: Iterable[Context]) -> int:
    """The kinds of all contexts together, except negation, which depends on the clause."""
    kinds = (_OF_CONTEXT[context] for context in contexts if context is not Context.NEGATED)
    return reduce(or_, kinds, PLAIN)


def _denials_as_results(kinds: set[int]) -> set[int]:
    """A test without a finding denies it: "colonoscopy showed no bleeding" is one result."""
    if len(kinds) < 2:
        return kinds
    return {
        kind & ~MentionKind.DENIED | MentionKind.RESULT if kind & MentionKind.DENIED else kind
        for kind in kinds
    }
