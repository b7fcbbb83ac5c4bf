"""How each segment supports or opposes each criterion.

A segment is a sentence, or a window of two or three sentences of which the later refer back
(text/similarity.py). A criterion accepts it only if it has one of the criterion's keywords
(`keywords` to support it, `counter_keywords` to oppose it; an empty list accepts any segment). Its
keywords are read with their context (context.py), and it is compared only with statements and
counter-statements of its own kind (mentions.py). The kinds are: denied; a result without a finding;
planned or conditional; about a relative; unknown (open, missing, unfinished or taken back); and
mixed (one clause is negative and another is not: "showed no polyps but a bleeding diverticulum").
Doubt ("suspected") and the past ("previous") are ignored for a side that has such sentences itself.
A segment that says of the criterion's keywords that they are unknown is a doubt (findings.py). If
the keywords of one side are of several kinds ("no melena, but maroon stools"), the segment is
compared with sentences that have the same kinds. With a sentence that says the contrary of it
(contraries.py) it is not compared.

Let `x` be the similarity to the nearest sentence that remains, and `y` that to the nearest sentence
of the other side or the nearest neutral statement that has one of the side's keywords (of any
context; but one that only denies is nothing to a segment that denies nothing). The strength of the
match is

    strength = ramp(x; LOW, HIGH) * ramp(x - y; 0, MARGIN)

where `ramp(v; low, high)` rises from 0 at low to 1 at high. Similarity is

    (1 - SHARED) * cosine + SHARED * share of the reference's words that are in the segment

(keywords.py).

The constants are shared by all criteria of all processes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.judging.criteria.compile import (
    CompiledCriteria,
    CompiledCriterion,
    CriterionSide,
    SegmentWords,
)
from winnow.judging.criteria.context import Context
from winnow.judging.criteria.contraries import Reading, is_contrary
from winnow.judging.criteria.keywords import Keywords
from winnow.judging.criteria.mentions import Mention, MentionKind, SegmentMentions
from winnow.judging.evidence import SCORE_DECIMALS
from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text.blocks import blocks
from winnow.judging.text.headings import ListHeading
from winnow.judging.text.similarity import Part, SimilarityMatrix
from winnow.limits.budget import Check

LOW, HIGH = 0.40, 0.65
MARGIN = 0.05
_SUSPECTED_IN_FAMILY = MentionKind.FAMILY | MentionKind.POSSIBLE
_TELLS = lazy_pattern(
    r"\b(?:says?|said|reports?|reported|tells|told|noticed|notices|states|stated|mentions|mentioned"
    r"|thinks|worried|worries)\b.*\b(?:s?he|they|patient)\b",
    re.IGNORECASE | re.DOTALL,
)
_OF_PATIENT = lazy_pattern(
    r"\W*(?:s?he|i|the patient|patient|pt)(?:'s| has| have)?"
    r" (?:had|has|was|is|survived|underwent)\b"
    r"|\W*(?:personal|own)\b",
    re.IGNORECASE,
)
SHARED = 0.2


@dataclass(frozen=True)
class Match:
    """How one segment supports or opposes one criterion."""

    strength: float
    """Positive: supports; negative: opposes; never 0."""
    similarity: float
    reference: str
    keywords: tuple[str, ...]
    context: tuple[str, ...]

    @property
    def is_planned(self) -> bool:
        """Whether it is about something still to be done."""
        return Context.PLANNED in self.context


@dataclass(frozen=True)
class CriterionMatches:
    """The matches of all segments of a call with one criterion."""

    by_row: dict[int, Match] = field(default_factory=dict)
    """By the segment's row in the similarity matrix."""
    doubted_in: set[int] = field(default_factory=set)
    """Rows that say that it is unknown, and so neither support nor oppose it."""
    mentioned_in: set[int] = field(default_factory=set)
    """Rows that mention it. Filled only for a criterion with `if_silent: not_met`."""
    of_others_in: set[int] = field(default_factory=set)
    """Rows that have its keywords undenied, and yet do not mention it: what a relative has. Filled
    as `mentioned_in` is."""
    named_in: set[int] = field(default_factory=set)
    """Rows with any of its keywords, whatever they say."""
    open_in: set[int] = field(default_factory=set)
    """Of these, rows that do more than to say that nothing was found, as "small bowel series
    normal" does. Only for one with `implied_by`."""
    rivals_in: set[int] = field(default_factory=set)
    """Rows that say another explanation of it. Only for one with `implied_by`."""


class _ComparedSegment:
    """A segment that is compared; its contexts are read when a criterion first asks."""

    def __init__(
        self,
        text: str,
        section: str,
        part: Part,
        heading: ListHeading,
        keywords: frozenset[int],
        find: Keywords,
    ) -> None:
        self.text = text
        self.keywords = keywords
        self._section = section
        self._part = part
        self._heading = heading
        self._find = find

    @cached_property
    def reading(self) -> Reading:
        return Reading(self.text)

    @cached_property
    def mentions(self) -> SegmentMentions:
        return SegmentMentions(self.text, self._section, self._find, self._part, self._heading)


def match_segments(
    compiled: CompiledCriteria, matrix: SimilarityMatrix, check: Check
) -> list[CriterionMatches]:
    """For each criterion, the matches of the segments of the matrix."""
    matches = [CriterionMatches() for _ in compiled.criteria]
    for block in blocks(matrix.plain):
        check()
        _match_block(compiled, matrix, block, matches, check)
    return matches


def _match_block(
    compiled: CompiledCriteria,
    matrix: SimilarityMatrix,
    block: slice,
    matches: list[CriterionMatches],
    check: Check,
) -> None:
    """Add the matches of some of the rows."""
    read = [compiled.read(text) for text in matrix.plain[block]]
    # Most segments have none, and many have the same ones.
    concerned = {found: _concerned(compiled, found) for found in {each.keywords for each in read}}
    accepted = [place for place, each in enumerate(read) if each.is_accepted]
    cosine = matrix.similarity[matrix.compared[block][accepted]]
    similarity = _similarity(compiled, cosine, [read[place] for place in accepted])
    near = _near(compiled, similarity)
    order = {place: at for at, place in enumerate(accepted)}
    for place, (_, found, _) in enumerate(read):
        check()
        if not concerned[found]:
            continue
        row = block.start + place
        part = matrix.parts[row]
        segment = _ComparedSegment(
            matrix.plain[row],
            matrix.sections[row],
            part,
            matrix.headings[row],
            found,
            compiled.keywords,
        )
        for position, accepts in concerned[found]:
            criterion, rows = compiled.criteria[position], matches[position]
            is_accepted = accepts and not part.is_cut and not matrix.headings[row].is_unanswered
            match: Match | None = None
            if is_accepted and near[order[place]][position]:
                match = _match_sentence(compiled, criterion, segment, similarity[order[place]])
            if match:
                rows.by_row[row] = match
            elif is_accepted and _is_doubt(criterion, segment):
                rows.doubted_in.add(row)
            if criterion.silence_is_not_met and (undenied := _undenied(criterion, segment)):
                is_mention = any(_is_mention(criterion, segment, mention) for mention in undenied)
                (rows.mentioned_in if is_mention else rows.of_others_in).add(row)
            if not criterion.all_keywords.isdisjoint(found):
                rows.named_in.add(row)
                if criterion.implying and _is_open(criterion, segment):
                    rows.open_in.add(row)
            if _says_rival(criterion, segment):
                rows.rivals_in.add(row)


def _concerned(compiled: CompiledCriteria, keywords: frozenset[int]) -> list[tuple[int, bool]]:
    """The positions of the criteria that a segment with these keywords may say anything of.

    Each with whether it accepts the segment.
    """
    return [
        (position, criterion.accepts(keywords))
        for position, criterion in enumerate(compiled.criteria)
        if criterion.concerns(keywords)
    ]


def _similarity(
    compiled: CompiledCriteria, cosine: NDArray[np.float32], read: Sequence[SegmentWords]
) -> NDArray[np.float32]:
    """Similarity of segments to references, in the place of their cosines."""
    shared = compiled.shared_words([each.words for each in read])
    cosine *= 1 - SHARED
    shared *= SHARED
    cosine += shared
    return cosine


def _near(compiled: CompiledCriteria, similarity: NDArray[np.float32]) -> list[list[bool]]:
    """For each segment and criterion, whether it resembles any sentence of the criterion."""
    near = np.zeros((len(similarity), len(compiled.criteria)), np.bool_)
    for position, criterion in enumerate(compiled.criteria):
        near[:, position] = similarity[:, criterion.speaking].max(axis=1, initial=0.0) > LOW
    found: list[list[bool]] = near.tolist()
    return found


class _Nearest(NamedTuple):
    """The reference of one side that a segment is nearest to."""

    similarity: float
    column: int
    side: CriterionSide


def _match_sentence(
    compiled: CompiledCriteria,
    criterion: CompiledCriterion,
    segment: _ComparedSegment,
    similarity: NDArray[np.float32],
) -> Match | None:
    """The match of a segment with a criterion, by its similarity to every reference."""
    sides = [
        nearest
        for side in (criterion.pro, criterion.con)
        if (nearest := _nearest(side, segment, similarity)) is not None
    ]
    if not sides:
        return None
    # On a tie the statement wins: `max` returns the first.
    best = max(sides, key=lambda nearest: nearest.similarity)
    others = [nearest.similarity for nearest in sides if nearest is not best]
    if (neutral := best.side.neutral_columns(segment.mentions)).size:
        others.append(float(similarity[neutral].max()))
    margin = best.similarity - max(others, default=0.0)
    strength = _ramp(best.similarity, LOW, HIGH) * _ramp(margin, 0, MARGIN)
    if strength <= 0:
        return None
    side = best.side
    mentions = [m for m in segment.mentions.mentions if m.keyword in side.keywords]
    return Match(
        side.sign * strength,
        round(best.similarity, SCORE_DECIMALS),
        compiled.references[best.column],
        tuple(compiled.keyword_texts[k] for k in sorted(segment.keywords & side.keywords)),
        tuple(sorted({context for mention in mentions for context in mention.contexts})),
    )


def _nearest(
    side: CriterionSide, segment: _ComparedSegment, similarity: NDArray[np.float32]
) -> _Nearest | None:
    """None if the segment may not be compared with any sentence of the side."""
    if side.keywords and side.keywords.isdisjoint(segment.keywords):
        return None
    if not (columns := side.columns(segment.mentions)).size:
        return None
    column = int(columns[similarity[columns].argmax()])
    while is_contrary(side.statements[column], segment.reading):
        columns = columns[columns != column]
        if not columns.size:
            return None
        column = int(columns[similarity[columns].argmax()])
    return _Nearest(float(similarity[column]), column, side)


def _is_doubt(criterion: CompiledCriterion, segment: _ComparedSegment) -> bool:
    """Whether one of the criterion's keywords is mentioned as something that is not known."""
    # "Family history unknown" and "symptoms not documented" have only words of what is denied;
    # where silence is a denial, they must not be taken for it.
    keywords = criterion.all_keywords if criterion.silence_is_not_met else criterion.pro.keywords
    return not keywords.isdisjoint(segment.keywords) and any(
        mention.keyword in keywords
        and mention.kind & MentionKind.UNKNOWN
        and (criterion.is_about_relatives or not mention.kind & MentionKind.FAMILY)
        for mention in segment.mentions.mentions
    )


def _is_open(criterion: CompiledCriterion, segment: _ComparedSegment) -> bool:
    """Whether a keyword is more than looked for in vain."""
    unsettled = MentionKind.UNKNOWN | MentionKind.PLANNED | MentionKind.FAMILY
    return segment.mentions.mixed or any(
        mention.keyword in criterion.all_keywords
        and (
            bool(mention.kind & unsettled)
            or not (
                mention.kind & MentionKind.RESULT
                or (mention.kind & MentionKind.DENIED and mention.keyword in criterion.con.keywords)
            )
        )
        for mention in segment.mentions.mentions
    )


def _says_rival(criterion: CompiledCriterion, segment: _ComparedSegment) -> bool:
    """Whether a word of another explanation is said, and not denied."""
    denied = MentionKind.DENIED | MentionKind.RESULT
    return not criterion.rivals.isdisjoint(segment.keywords) and any(
        mention.keyword in criterion.rivals and not mention.kind & denied
        for mention in segment.mentions.mentions
    )


def _undenied(criterion: CompiledCriterion, segment: _ComparedSegment) -> list[Mention]:
    """The mentions of the criterion's keywords that are not denied."""
    keywords = criterion.pro.keywords
    if keywords.isdisjoint(segment.keywords):
        return []
    return [
        mention
        for mention in segment.mentions.mentions
        if mention.keyword in keywords and not mention.kind & MentionKind.DENIED
    ]


def _is_mention(criterion: CompiledCriterion, segment: _ComparedSegment, mention: Mention) -> bool:
    """Whether it may be of the patient.

    What a relative has is no mention, unless the criterion is about relatives, and then what the
    patient has is none; what is suspected in a relative may be, of the patient. So may what a
    relative tells: "his wife says that he has lost weight".
    """
    if criterion.is_about_relatives and not mention.kind & MentionKind.FAMILY:
        return bool(segment.mentions.kin) or _OF_PATIENT.match(segment.text) is None
    return (
        mention.kind & _SUSPECTED_IN_FAMILY != MentionKind.FAMILY
        or criterion.is_about_relatives
        or _TELLS.search(segment.text) is not None
    )


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
