"""Judging by criteria: what segments say, what a criterion makes of it, what the logic decides.

A segment and a criterion. A segment is a sentence, or a window of two or three sentences of which
the later refer back (sheet.py). It is heard only where it has one of the criterion's keywords
(`keywords` to speak for it, `counter_keywords` to speak against it; an empty list asks for none).
Its keywords are read with their context (context.py), and it is compared only with statements and
counter-statements of its own kind: what is denied with what is denied, what came back without a
finding with what did, what is planned or conditional with what is, what is about a relative with
what is, and what is mixed (one clause is negative and another is not: "showed no polyps but a
bleeding diverticulum") with what is mixed. Doubt ("suspected") and the past ("previous") tell kinds
apart only for a side none of whose sentences is doubtful, or past. Where the keywords of one side
are of several kinds ("no melena, but maroon stools"), the segment is compared with sentences that
have the same several. A plan is not heard against a criterion where the result of what was planned
is heard for it. Let `x` be the similarity to the nearest sentence that remains, and `y` that to the
nearest of the other two kinds, neutral statements of any context among them that have one of the
side's keywords. The segment speaks with

    strength = ramp(x; LOW, HIGH) * ramp(x - y; 0, MARGIN)

where `ramp(v; low, high)` rises from 0 at low to 1 at high. Similarity is

    (1 - SHARED) * cosine + SHARED * share of the reference's words that stand in the segment

(lexical.py). A measured value (values.py) speaks with VALUE; where the words around it say the
opposite, the number counts.

A criterion and a record. With `pro` and `con` the greatest strengths for and against:

    score = 0.5 + (pro - con) / 2

A criterion that no segment speaks for or against scores 0.5; or SILENT, where its definition says
that silence means not met, no keyword is said of the patient, and the record speaks of another
criterion (a record that speaks of none is about something else, and undetermined). The criterion is
`met` from MET upwards, `not_met` from NOT_MET downwards.

The logic. all_of is the least score, any_of the greatest, none_of one minus the greatest: with the
same bounds for every score this is Kleene's three-valued logic. The decision's score is its
certainty: the record's score for `met`, one minus it for `not_met`, and for `undetermined`, which
is no answer, at most 0.5.

The constants are shared by all criteria of all processes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag, auto
from functools import cached_property, reduce
from operator import or_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.judging.criteria.context import Context, Reading, tokens
from winnow.judging.criteria.keywords import Keywords, SharedWords, words
from winnow.judging.criteria.measurements import Values
from winnow.judging.evidence import MAX_EVIDENCE, SCORE_DECIMALS
from winnow.judging.text.blocks import blocks
from winnow.judging.text.shorthand import written_out
from winnow.judging.text.similarity import SegmentScorer, SimilarityMatrix
from winnow.limits.budget import Check, unhurried
from winnow.models import (
    CriteriaDecision,
    CriterionFinding,
    Evidence,
    Judgement,
    Polarity,
    ProcessInfo,
    Verdict,
)
from winnow.ports import Encoder
from winnow.processes.schema import CriteriaProcess, Criterion, Group

LOW, HIGH = 0.40, 0.65
MARGIN = 0.05
MET, NOT_MET = 0.7, 0.3
SILENT = 0.25
VALUE = 0.8
SHARED = 0.2


class _Kind(Flag):
    """What two sentences must have in common to be compared."""

    DENIED = auto()
    RESULT = auto()
    """Something else in the clause is negated: the test found nothing."""
    POSSIBLE = auto()
    PLANNED = auto()
    HISTORICAL = auto()
    OTHER = auto()
    MIXED = auto()
    """One clause is negative and another is not: "normal but for an ulcer"."""


_OF_CONTEXT = {
    Context.POSSIBLE: _Kind.POSSIBLE,
    Context.PLANNED: _Kind.PLANNED,
    Context.HYPOTHETICAL: _Kind.PLANNED,
    Context.HISTORICAL: _Kind.HISTORICAL,
    Context.FAMILY: _Kind.OTHER,
}
_SOFT = _Kind.POSSIBLE | _Kind.HISTORICAL
_NONE = _Kind(0)


class _Mention(NamedTuple):
    """A keyword where it stands."""

    keyword: int
    kind: _Kind
    contexts: frozenset[Context]


_Kinds = frozenset[_Kind]
"""The kinds of a sentence's keywords; of one that is heard as a whole, its own."""


def _joined(kinds: set[_Kind]) -> set[_Kind]:
    """A test without a finding denies it: "colonoscopy showed no bleeding" is one result."""
    if len(kinds) < 2:
        return kinds
    return {kind & ~_Kind.DENIED | _Kind.RESULT if kind & _Kind.DENIED else kind for kind in kinds}


class _Words:
    """What the words of one segment say."""

    def __init__(self, text: str, section: str, keywords: Keywords) -> None:
        self.tokens = tokens(text)
        self.reading = Reading(self.tokens)
        self._section: frozenset[Context] = frozenset()
        if section:
            family = section.startswith(("family", "fh"))
            self._section = frozenset({Context.FAMILY if family else Context.HISTORICAL})
        places = [at for at, token in enumerate(self.tokens) if token[0].isalnum()]
        plain = [self.tokens[at] for at in places]
        negative = self.reading.negative
        self.mixed = 0 < len(negative) < self.reading.clauses
        """Whether something is negated in one clause and nothing in another."""
        self.mentions: list[_Mention] = []
        meant: dict[tuple[int, int], tuple[_Kind, frozenset[Context]]] = {}
        for keyword, first, end in keywords.spans(plain):
            span = (places[first], places[end - 1] + 1)
            if span not in meant:
                meant[span] = self._meant(*span)
            self.mentions.append(_Mention(keyword, *meant[span]))

    def contexts(self, start: int, end: int) -> frozenset[Context]:
        return self.reading.of(start, end) | self._section

    def _meant(self, start: int, end: int) -> tuple[_Kind, frozenset[Context]]:
        contexts = self.contexts(start, end)
        kind = _NONE
        for context in contexts - {Context.NEGATED}:
            kind |= _OF_CONTEXT[context]
        if self.reading.denied(start, end):
            kind |= _Kind.DENIED
        elif self.reading.clause(start) in self.reading.negative:
            kind |= _Kind.RESULT
        return kind, contexts

    def whole(self) -> _Kind:
        """The kind of the segment where no keyword is asked for."""
        kind = _Kind.RESULT if self.reading.negative else _NONE
        for context in self.contexts(0, 0) | self.reading.all - {Context.NEGATED}:
            kind |= _OF_CONTEXT.get(context, _NONE)
        return kind | _Kind.MIXED if self.mixed else kind

    def kinds(self, wanted: frozenset[int], ignored: _Kind) -> _Kinds:
        """The kinds of the wanted keywords; of the whole where none is there."""
        kinds = {mention.kind for mention in self.mentions if mention.keyword in wanted}
        kinds = _joined({kind & ~ignored for kind in kinds})
        if not kinds:
            return frozenset({self.whole() & ~ignored})
        if self.mixed and not all(kind & _Kind.DENIED for kind in kinds):
            kinds = {kind | _Kind.MIXED for kind in kinds}
        return frozenset(kinds)

    @property
    def shown(self) -> _Kind:
        """Every kind that a keyword, or else the whole, is of."""
        kinds = [mention.kind for mention in self.mentions] or [self.whole()]
        return reduce(or_, kinds)


class _Segment:
    """A segment as the criteria hear it. Its contexts are read when one of them first asks."""

    def __init__(
        self,
        sheet: SimilarityMatrix,
        row: int,
        words: Sequence[str],
        keywords: frozenset[int],
        every: Keywords,
    ) -> None:
        self.text = sheet.plain[row]
        self.words = words
        self.keywords = keywords
        self._section = sheet.sections[row]
        self._every = every

    @cached_property
    def said(self) -> _Words:
        return _Words(self.text, self._section, self._every)


@dataclass(frozen=True)
class _Side:
    """The statements, or the counter-statements, of a criterion, and who may speak as they do."""

    sign: int
    keywords: frozenset[int]
    """Positions in the judge's list of keywords; empty: any segment may speak."""
    ignored: _Kind
    """Kinds that this side does not tell apart, because some of its sentences are of them."""
    alike: dict[_Kinds, list[int]]
    """Columns by kinds: those that a segment of these kinds may be compared with."""
    neutral: NDArray[np.intp]
    """Columns of the neutral statements that have one of the side's keywords."""

    def columns(self, said: _Words) -> list[int]:
        """The sentences that a segment may be compared with.

        "Melena, no pain" may speak for melena. "Showed polyps but no bleeding" speaks no more
        against than for, and is compared with what is as mixed, as "no polyps but bleeding" is.
        """
        kinds = said.kinds(self.keywords, self.ignored)
        found = self.alike.get(kinds, [])
        if self.sign > 0 and not any(kind & _Kind.RESULT for kind in kinds):
            plain = frozenset(kind & ~_Kind.MIXED for kind in kinds)
            if plain != kinds:
                return found + self.alike.get(plain, [])
        return found


@dataclass(frozen=True)
class _Compiled:
    criterion: Criterion
    pro: _Side
    con: _Side
    keywords: frozenset[int]
    """Only a segment with one of these may speak; empty: any."""
    speaking: slice
    """Columns of both sides."""
    values: Values | None
    unheard: CriterionFinding
    """What is found where no segment speaks."""
    silent: CriterionFinding
    """The same where silence means not met."""

    def hears(self, keywords: frozenset[int]) -> bool:
        """Whether a segment with these keywords may speak."""
        return not self.keywords or not self.keywords.isdisjoint(keywords)


@dataclass(frozen=True)
class _Match:
    """What one segment says of one criterion."""

    strength: float
    """Positive for, negative against, never 0."""
    similarity: float
    reference: str
    keywords: tuple[str, ...]
    context: tuple[str, ...]

    @property
    def planned(self) -> bool:
        return Context.PLANNED in self.context


class CriteriaJudge:
    """Judges texts by a process of kind `criteria`."""

    def __init__(self, definition: CriteriaProcess, encoder: Encoder) -> None:
        self._definition = definition
        self._words: list[str] = []
        references: list[str] = []
        plain_references: list[str] = []

        def keywords(of: Sequence[str]) -> frozenset[int]:
            start = len(self._words)
            self._words.extend(of)
            return frozenset(range(start, len(self._words)))

        def columns(of: tuple[str, ...]) -> range:
            start = len(references)
            references.extend(of)
            plain_references.extend(map(written_out, of))
            return range(start, len(references))

        def side(sign: int, own: range, needed: tuple[str, ...], neutral: range) -> _Side:
            # Of keywords that are the same written out, the first.
            plain = list(dict.fromkeys(map(written_out, needed)))
            wanted = keywords(plain)
            every, find = frozenset(range(len(plain))), Keywords(plain)
            said = [_Words(plain_references[column], "", find) for column in own]
            ignored = reduce(or_, (one.shown for one in said), _NONE) & _SOFT
            alike: dict[_Kinds, list[int]] = {}
            for column, one in zip(own, said, strict=True):
                alike.setdefault(one.kinds(every, ignored), []).append(column)
            explaining = [c for c in neutral if not plain or find(words(plain_references[c]))]
            return _Side(sign, wanted, ignored, alike, np.array(explaining, np.intp))

        self._criteria: list[_Compiled] = []
        for criterion in definition.criteria:
            neutral = columns(criterion.neutral_statements)
            counter = criterion.counter_keywords or criterion.keywords
            start = len(references)
            pro = side(1, columns(criterion.statements), criterion.keywords, neutral)
            con = side(-1, columns(criterion.counter_statements), counter, neutral)
            needed = pro.keywords | con.keywords if pro.keywords and con.keywords else frozenset()
            speaking = slice(start, len(references))
            values = Values(criterion.values) if criterion.values else None
            unheard, silent = (_found(criterion, score) for score in (0.5, SILENT))
            self._criteria.append(
                _Compiled(criterion, pro, con, needed, speaking, values, unheard, silent)
            )
        self._keywords = Keywords(self._words)
        self._shared = SharedWords(plain_references)
        self._references = references
        self._compare = SegmentScorer(encoder, references, structure=True)

    @property
    def process(self) -> ProcessInfo:
        return self._definition.info

    def __call__(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, str]] | None = None,
        *,
        check: Check = unhurried,
    ) -> list[Judgement]:
        """One judgement a text, in order; a text without segments is undetermined."""
        sheet = self._compare(texts, check)
        heard, silent = self._listen(sheet, check)
        judgements: list[Judgement] = []
        for index in range(len(texts)):
            check()
            judgements.append(self._judge(sheet, heard, silent, index))
        return judgements

    def _listen(
        self, sheet: SimilarityMatrix, check: Check
    ) -> tuple[list[dict[int, _Match]], list[set[int]]]:
        """For each criterion, what it hears, by the segment's row, and the rows that mention it.

        Only criteria that make something of silence ask who mentions them.
        """
        heard: list[dict[int, _Match]] = [{} for _ in self._criteria]
        mentioned: list[set[int]] = [set() for _ in self._criteria]
        for block in blocks(sheet.plain):
            self._listen_to(sheet, block, heard, mentioned, check)
        return heard, mentioned

    def _listen_to(
        self,
        sheet: SimilarityMatrix,
        block: slice,
        heard: list[dict[int, _Match]],
        mentioned: list[set[int]],
        check: Check,
    ) -> None:
        """The same for some of the rows."""
        check()
        split = [words(text) for text in sheet.plain[block]]
        found = [self._keywords(row) for row in split]
        hearable = [
            row
            for row, keys in enumerate(found)
            if any(compiled.hears(keys) for compiled in self._criteria)
        ]
        cosine = sheet.similarity[block]
        similarity = np.zeros_like(cosine)
        similarity[hearable] = (1 - SHARED) * cosine[hearable] + SHARED * self._shared(
            [split[row] for row in hearable]
        )
        near = [similarity[:, compiled.speaking].max(axis=1) > LOW for compiled in self._criteria]
        for place, close in enumerate(np.stack(near, axis=1).tolist()):
            check()
            row = block.start + place
            segment = _Segment(sheet, row, split[place], found[place], self._keywords)
            for position, compiled in enumerate(self._criteria):
                said: _Match | None = None
                if close[position] and compiled.hears(segment.keywords):
                    said = self._hear(compiled, segment, similarity[place])
                # A number is surer than the words around it.
                if (
                    compiled.values
                    and (number := _measured(compiled.values, segment))
                    and (said is None or said.strength * number.strength < VALUE**2)
                ):
                    said = number
                if said:
                    heard[position][row] = said
                if compiled.criterion.if_silent == "not_met" and _mentions(compiled, segment):
                    mentioned[position].add(row)

    def _hear(
        self, compiled: _Compiled, segment: _Segment, similarity: NDArray[np.float32]
    ) -> _Match | None:
        """What a segment says of a criterion by its similarity to every reference sentence."""
        best: tuple[float, int, _Side] | None = None
        others = [0.0]
        for side in (compiled.pro, compiled.con):
            if side.keywords and side.keywords.isdisjoint(segment.keywords):
                continue
            if not (alike := side.columns(segment.said)):
                continue
            column = alike[int(similarity[alike].argmax())]
            nearness = float(similarity[column])
            if best is None or nearness > best[0]:
                if best is not None:
                    others.append(best[0])
                best = (nearness, column, side)
            else:
                others.append(nearness)
        if best is None:
            return None
        nearness, column, side = best
        if side.neutral.size:
            others.append(float(similarity[side.neutral].max()))
        strength = _ramp(nearness, LOW, HIGH) * _ramp(nearness - max(others), 0, MARGIN)
        if strength <= 0:
            return None
        mentions = [m for m in segment.said.mentions if m.keyword in side.keywords]
        return _Match(
            side.sign * strength,
            round(nearness, SCORE_DECIMALS),
            self._references[column],
            tuple(self._words[k] for k in sorted(segment.keywords & side.keywords)),
            tuple(sorted({context for mention in mentions for context in mention.contexts})),
        )

    def _judge(
        self,
        sheet: SimilarityMatrix,
        heard: list[dict[int, _Match]],
        mentioned: list[set[int]],
        index: int,
    ) -> Judgement:
        rows = sheet.rows[index].tolist()
        speaks = any(not said.keys().isdisjoint(rows) for said in heard)
        findings = tuple(
            _finding(
                compiled,
                said,
                sheet,
                index,
                rows,
                silent=speaks
                and compiled.criterion.if_silent == "not_met"
                and names.isdisjoint(rows),
            )
            for compiled, said, names in zip(self._criteria, heard, mentioned, strict=True)
        )
        score, because = decide(self._definition.logic, {f.id: f for f in findings})
        value = verdict(score)
        certainty = {
            Verdict.MET: score,
            Verdict.NOT_MET: _inverse(score),
            Verdict.UNDETERMINED: min(score, _inverse(score)),
        }[value]
        return Judgement(
            decision=CriteriaDecision(
                value=value,
                because=tuple(f.id for f in findings if f.id in because),
                criteria=findings,
            ),
            score=certainty,
            confidence=certainty,
            segments=sheet.sentences[index],
        )


def _measured(values: Values, segment: _Segment) -> _Match | None:
    """What measured values say; of several in a segment the last counts."""
    if not values.named(segment.words):
        return None
    last: _Match | None = None
    for measured in values(segment.text):
        at = len(tokens(segment.text[: measured.start]))
        if segment.said.contexts(at, at + 1) - {Context.NEGATED, Context.POSSIBLE}:
            continue
        last = None
        if measured.sign:
            last = _Match(measured.sign * VALUE, 1.0, measured.rule, (measured.value.name,), ())
    return last


def _mentions(compiled: _Compiled, segment: _Segment) -> bool:
    """Whether one of the words that speak for a criterion is said of the patient."""
    wanted = compiled.pro.keywords
    return not wanted.isdisjoint(segment.keywords) and any(
        mention.keyword in wanted and not mention.kind & (_Kind.OTHER | _Kind.DENIED)
        for mention in segment.said.mentions
    )


def verdict(score: float) -> Verdict:
    """`met` from MET upwards, `not_met` from NOT_MET downwards."""
    if score >= MET:
        return Verdict.MET
    return Verdict.NOT_MET if score <= NOT_MET else Verdict.UNDETERMINED


def _inverse(score: float) -> float:
    return round(1.0 - score, SCORE_DECIMALS)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _finding(
    compiled: _Compiled,
    heard: dict[int, _Match],
    sheet: SimilarityMatrix,
    index: int,
    rows: Sequence[int],
    *,
    silent: bool,
) -> CriterionFinding:
    # By distinct segment, the first place where it stands.
    places: dict[int, int] = {}
    if not heard.keys().isdisjoint(rows):
        for position, row in enumerate(rows):
            if row in heard:
                places.setdefault(row, position)
        done = {
            word
            for row in places
            if heard[row].strength > 0 and not heard[row].planned
            for word in heard[row].keywords
        }
        places = {row: at for row, at in places.items() if not _outdated(heard[row], done)}
    if not places:
        return compiled.silent if silent else compiled.unheard
    strengths = [heard[row].strength for row in places]
    pro = max((s for s in strengths if s > 0), default=0.0)
    con = max((-s for s in strengths if s < 0), default=0.0)
    score = round(0.5 + (pro - con) / 2, SCORE_DECIMALS)
    return _found(compiled.criterion, score, tuple(_evidence(places, heard, sheet, index)))


def _found(
    criterion: Criterion, score: float, evidence: tuple[Evidence, ...] = ()
) -> CriterionFinding:
    return CriterionFinding(
        id=criterion.id,
        title=criterion.title,
        verdict=verdict(score),
        score=score,
        evidence=evidence,
    )


def _outdated(said: _Match, done: set[str]) -> bool:
    """Whether a segment speaks against by a plan of what another segment has the result of."""
    return said.strength < 0 and said.planned and done.issuperset(said.keywords)


def _evidence(
    places: dict[int, int], heard: dict[int, _Match], sheet: SimilarityMatrix, index: int
) -> Iterator[Evidence]:
    """The strongest segments for, then against; of equals the earlier in the text first."""
    for polarity, sign in ((Polarity.SUPPORTS, 1), (Polarity.OPPOSES, -1)):
        speaking = [row for row in places if heard[row].strength * sign > 0]
        for row in sorted(speaking, key=lambda r: -abs(heard[r].strength))[:MAX_EVIDENCE]:
            start, end = sheet.spans[index][places[row]]
            yield Evidence(
                start=start,
                end=end,
                text=sheet.unique[row],
                polarity=polarity,
                similarity=min(1.0, heard[row].similarity),
                reference=heard[row].reference,
                keywords=heard[row].keywords,
                context=heard[row].context,
            )


def decide(group: Group, findings: dict[str, CriterionFinding]) -> tuple[float, set[str]]:
    """A group's score, and the ids of the criteria it rests on.

    It rests on the members that carry its verdict: for a met any_of those that are met, for a
    not-met all_of those that are not, for an undetermined group those that left it open.
    """
    parts: list[tuple[float, set[str]]] = []
    for members, least, inverted in (
        (group.all_of, True, False),
        (group.any_of, False, False),
        (group.none_of, False, True),
    ):
        if members is None:
            continue
        scored = [
            (findings[m].score, {m}) if isinstance(m, str) else decide(m, findings) for m in members
        ]
        score, because = _join(scored, least=least)
        parts.append((_inverse(score) if inverted else score, because))
    return _join(parts, least=True)


def _join(parts: list[tuple[float, set[str]]], *, least: bool) -> tuple[float, set[str]]:
    score = min(s for s, _ in parts) if least else max(s for s, _ in parts)
    value = verdict(score)
    return score, set().union(*(names for s, names in parts if verdict(s) is value))
