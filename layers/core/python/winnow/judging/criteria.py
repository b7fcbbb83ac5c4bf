"""Judging by criteria: what segments say, what a criterion makes of it, what the logic decides.

A segment and a criterion. A segment is heard only where it has one of the criterion's keywords
(`keywords` to speak for it, `counter_keywords` to speak against it; an empty list asks for none).
It is compared only with statements and counter-statements of its own kind of cues (lexical.py):
what is negated with what is negated, what was not done with what was not, what is planned or
conditional with what is, what is about a relative with what is. Negation is read in the clauses
that hold a keyword; where these disagree, or where they are negated and another clause is not
("showed no polyps but a bleeding diverticulum"), nothing is heard. Let `x` be the cosine to the
nearest sentence that remains, and `y` that to the nearest of the other two kinds, neutral
statements of any cue among them. The segment speaks with

    strength = ramp(x; LOW, HIGH) * ramp(x - y; 0, MARGIN)

where `ramp(v; low, high)` rises from 0 at low to 1 at high.

A criterion and a record. With `pro` and `con` the greatest strengths for and against:

    score = 0.5 + (pro - con) / 2

A criterion that no segment speaks for or against scores 0.5, or SILENT where its definition says
that silence means not met. The criterion is `met` from MET upwards, `not_met` from NOT_MET
downwards.

The logic. all_of is the least score, any_of the greatest, none_of one minus the greatest: with the
same bounds for every score this is Kleene's three-valued logic. The decision's score is its
certainty: the record's score for `met`, one minus it for `not_met`, and for `undetermined`, which
is no answer, at most 0.5.

The constants are shared by all criteria of all processes. Vectors know no numbers ("hemoglobin 7.8"
is close to "hemoglobin 14.2"): a criterion must not rest on a figure alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from winnow.judging.lexical import Cue, Keywords, clauses, cues, words
from winnow.judging.sheet import Comparer, Sheet
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
from winnow.process import CriteriaProcess, Criterion, Group

LOW, HIGH = 0.50, 0.75
MARGIN = 0.06
MET, NOT_MET = 0.7, 0.3
SILENT = 0.25
DIGITS = 4
"""Scores are rounded, so that the last bits of a matrix product decide nothing."""
EVIDENCE = 3
"""Segments a criterion and a polarity that are shown as evidence."""


@dataclass(frozen=True)
class _Side:
    """The statements, or the counter-statements, of a criterion, and who may speak as they do."""

    sign: int
    columns: NDArray[np.intp]
    cues: tuple[Cue, ...]
    keywords: frozenset[int]
    """Positions in the judge's list of keywords; empty: any segment may speak."""

    @cached_property
    def alike(self) -> dict[Cue, NDArray[np.intp]]:
        """Columns by kind of cues: those that a segment of that kind may be compared with."""
        return {kind: self.columns[[own == kind for own in self.cues]] for kind in set(self.cues)}


@dataclass(frozen=True)
class _Compiled:
    criterion: Criterion
    pro: _Side
    con: _Side
    neutral: NDArray[np.intp]


@dataclass(frozen=True)
class _Heard:
    """What one segment says of one criterion."""

    strength: float
    """Positive for, negative against, never 0."""
    similarity: float
    reference: str
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class _Reading:
    """The words of one segment."""

    keywords: frozenset[int]
    clauses: tuple[tuple[Cue, frozenset[int]], ...]
    """Cues and keywords of each clause."""

    def cues(self, wanted: frozenset[int]) -> Cue | None:
        """The segment's cues, negation as in the clauses with a wanted keyword; None: at odds.

        Where no keyword is wanted every clause counts. All cues but negation reach across clauses.
        """
        if len(self.clauses) == 1:
            return self.clauses[0][0]
        kinds = {cue & Cue.NEGATED for cue, found in self.clauses if not wanted or found & wanted}
        others = Cue(0)
        for cue, _ in self.clauses:
            others |= cue & ~Cue.NEGATED
        if len(kinds) > 1 or (
            Cue.NEGATED in kinds and not all(cue & Cue.NEGATED for cue, _ in self.clauses)
        ):
            return None
        return others | kinds.pop() if kinds else others


class CriteriaJudge:
    """Judges texts by a process of kind `criteria`."""

    def __init__(self, definition: CriteriaProcess, encoder: Encoder) -> None:
        self._definition = definition
        self._words: list[str] = []
        references: list[str] = []

        def keywords(of: tuple[str, ...]) -> frozenset[int]:
            start = len(self._words)
            self._words.extend(of)
            return frozenset(range(start, len(self._words)))

        def columns(of: tuple[str, ...]) -> NDArray[np.intp]:
            start = len(references)
            references.extend(of)
            return np.arange(start, len(references))

        def side(sign: int, sentences: tuple[str, ...], needed: tuple[str, ...]) -> _Side:
            kinds = tuple(cues(sentence) for sentence in sentences)
            return _Side(sign, columns(sentences), kinds, keywords(needed))

        self._criteria = [
            _Compiled(
                criterion,
                side(1, criterion.statements, criterion.keywords),
                side(
                    -1,
                    criterion.counter_statements,
                    criterion.counter_keywords or criterion.keywords,
                ),
                columns(criterion.neutral_statements),
            )
            for criterion in definition.criteria
        ]
        self._keywords = Keywords(self._words)
        self._references = references
        self._compare = Comparer(encoder, references)

    @property
    def process(self) -> ProcessInfo:
        return self._definition.info

    def __call__(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, in order; a text without segments is undetermined."""
        sheet = self._compare(texts)
        heard = self._listen(sheet)
        return [self._judge(sheet, heard, index) for index in range(len(texts))]

    def _listen(self, sheet: Sheet) -> list[dict[int, _Heard]]:
        """For each criterion, what it hears, by the segment's row in the sheet."""
        heard: list[dict[int, _Heard]] = [{} for _ in self._criteria]
        if not sheet.unique:
            return heard
        found = [self._keywords(words(segment)) for segment in sheet.unique]
        readings: dict[int, _Reading] = {}
        for compiled, into in zip(self._criteria, heard, strict=True):
            both = np.concatenate([compiled.pro.columns, compiled.con.columns])
            near = sheet.similarity[:, both].max(axis=1)
            pro, con = compiled.pro.keywords, compiled.con.keywords
            for row in np.flatnonzero(near > LOW).tolist():
                if pro and con and not found[row] & pro and not found[row] & con:
                    continue
                reading = readings.get(row)
                if reading is None:
                    reading = readings[row] = self._read(sheet.unique[row], found[row])
                if said := self._hear(compiled, reading, sheet.similarity[row]):
                    into[row] = said
        return heard

    def _read(self, segment: str, found: frozenset[int]) -> _Reading:
        parts = clauses(segment)
        if len(parts) < 2:
            return _Reading(found, ((cues(segment), found),))
        return _Reading(found, tuple((cues(p), self._keywords(words(p))) for p in parts))

    def _hear(
        self, compiled: _Compiled, reading: _Reading, similarity: NDArray[np.float32]
    ) -> _Heard | None:
        best: tuple[float, int, _Side] | None = None
        others = [float(similarity[compiled.neutral].max())] if compiled.neutral.size else []
        for side in (compiled.pro, compiled.con):
            if side.keywords and not reading.keywords & side.keywords:
                continue
            kinds = reading.cues(side.keywords)
            if kinds is None:
                return None
            if (alike := side.alike.get(kinds)) is None:
                continue
            column = int(alike[similarity[alike].argmax()])
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
        strength = _ramp(nearness, LOW, HIGH) * _ramp(
            nearness - max(others, default=0.0), 0, MARGIN
        )
        if strength <= 0:
            return None
        return _Heard(
            side.sign * strength,
            round(nearness, DIGITS),
            self._references[column],
            tuple(self._words[k] for k in sorted(reading.keywords & side.keywords)),
        )

    def _judge(self, sheet: Sheet, heard: list[dict[int, _Heard]], index: int) -> Judgement:
        findings = tuple(
            _finding(compiled.criterion, said, sheet, index)
            for compiled, said in zip(self._criteria, heard, strict=True)
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
            segments=len(sheet.spans[index]),
        )


def verdict(score: float) -> Verdict:
    """`met` from MET upwards, `not_met` from NOT_MET downwards."""
    if score >= MET:
        return Verdict.MET
    return Verdict.NOT_MET if score <= NOT_MET else Verdict.UNDETERMINED


def _inverse(score: float) -> float:
    return round(1.0 - score, DIGITS)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _finding(
    criterion: Criterion, heard: dict[int, _Heard], sheet: Sheet, index: int
) -> CriterionFinding:
    # By distinct segment, the first place where it stands.
    places: dict[int, int] = {}
    if heard:
        for position, row in enumerate(sheet.rows[index].tolist()):
            if row in heard:
                places.setdefault(row, position)
    strengths = [heard[row].strength for row in places]
    pro = max((s for s in strengths if s > 0), default=0.0)
    con = max((-s for s in strengths if s < 0), default=0.0)
    silent = SILENT if criterion.if_silent == "not_met" else 0.5
    score = round(0.5 + (pro - con) / 2, DIGITS) if strengths else silent
    return CriterionFinding(
        id=criterion.id,
        title=criterion.title,
        verdict=verdict(score),
        score=score,
        evidence=tuple(_evidence(places, heard, sheet, index)) if places else (),
    )


def _evidence(
    places: dict[int, int], heard: dict[int, _Heard], sheet: Sheet, index: int
) -> Iterator[Evidence]:
    """The strongest segments for, then against; of equals the earlier in the text first."""
    for polarity, sign in ((Polarity.SUPPORTS, 1), (Polarity.OPPOSES, -1)):
        speaking = [row for row in places if heard[row].strength * sign > 0]
        for row in sorted(speaking, key=lambda r: -abs(heard[r].strength))[:EVIDENCE]:
            start, end = sheet.spans[index][places[row]]
            yield Evidence(
                start=start,
                end=end,
                text=sheet.unique[row],
                polarity=polarity,
                similarity=min(1.0, heard[row].similarity),
                reference=heard[row].reference,
                keywords=heard[row].keywords,
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
