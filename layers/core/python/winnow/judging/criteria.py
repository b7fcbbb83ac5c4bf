"""Judging by criteria: what segments say, what a criterion makes of it, what the logic decides.

A segment and a criterion. Let `a` be the cosine to the nearest statement and `b` that to the
nearest counter-statement. The segment speaks for the criterion when a > b, against it when b > a:

    strength = ramp(nearer; LOW, HIGH) * ramp(|a - b|; 0, MARGIN)

where `ramp(x; low, high)` rises from 0 at low to 1 at high. Words then limit what vectors cannot
see (lexical.py): where the criterion has keywords and the segment none of them, or where the kinds
of cues disagree (the reference is negated and the segment not, or the other way round; the segment
is planned, conditional or about a relative and the reference is not), the strength is at most WEAK,
which never decides.

A criterion and a record. With `pro` and `con` the greatest strengths for and against:

    score = 0.5 + (pro - con) / 2

A criterion that no segment speaks for or against scores 0.5, or SILENT where its definition says
that silence means not met; what is heard takes over from silence by max(pro, con). The criterion is
`met` from MET upwards, `not_met` from 1 - MET downwards.

The logic. all_of is the least score, any_of the greatest, none_of one minus the greatest: with the
same bounds for every score this is Kleene's three-valued logic. The decision's score is its
certainty: the record's score for `met`, one minus it for `not_met`, and for `undetermined`, which
is no answer, at most 0.5.

The constants are shared by all criteria of all processes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.judging.lexical import Cue, Keywords, cues, words
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

LOW, HIGH = 0.40, 0.65
MARGIN = 0.08
WEAK = 0.3
MET = 0.7
SILENT = 0.25
DIGITS = 4
"""Scores are rounded, so that the last bits of a matrix product decide nothing."""
EVIDENCE = 3
"""Segments a criterion and a polarity that are shown as evidence."""


@dataclass(frozen=True)
class _Side:
    """The statements, or the counter-statements, of a criterion."""

    columns: slice
    sentences: tuple[str, ...]
    cues: tuple[Cue, ...]


@dataclass(frozen=True)
class _Compiled:
    criterion: Criterion
    pro: _Side
    con: _Side
    keywords: Keywords


@dataclass(frozen=True)
class _Spoken:
    """What the distinct segments of a call say of one criterion."""

    strength: NDArray[np.float32]
    """Positive for, negative against, one for each distinct segment."""
    found: dict[int, tuple[float, str, tuple[str, ...]]]
    """By row, where the strength is not 0: similarity, reference, keywords."""


def _ramp(x: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    ramp: NDArray[np.float32] = np.clip((x - low) / (high - low), 0.0, 1.0)
    return ramp


class CriteriaJudge:
    """Judges texts by a process of kind `criteria`."""

    def __init__(self, definition: CriteriaProcess, encoder: Encoder) -> None:
        self._definition = definition
        references: list[str] = []
        self._criteria: list[_Compiled] = []

        def side(sentences: tuple[str, ...]) -> _Side:
            start = len(references)
            references.extend(sentences)
            return _Side(
                slice(start, len(references)), sentences, tuple(cues(s) for s in sentences)
            )

        for criterion in definition.criteria:
            self._criteria.append(
                _Compiled(
                    criterion,
                    side(criterion.statements),
                    side(criterion.counter_statements),
                    Keywords(criterion.keywords),
                )
            )
        self._compare = Comparer(encoder, references)

    @property
    def process(self) -> ProcessInfo:
        return self._definition.info

    def __call__(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, in order; a text without segments is undetermined."""
        sheet = self._compare(texts)
        read: dict[int, tuple[Cue, list[str]]] = {}
        spoken = [self._listen(compiled, sheet, read) for compiled in self._criteria]
        return [self._judge(sheet, spoken, index) for index in range(len(texts))]

    def _listen(
        self, compiled: _Compiled, sheet: Sheet, read: dict[int, tuple[Cue, list[str]]]
    ) -> _Spoken:
        pro = sheet.similarity[:, compiled.pro.columns]
        con = sheet.similarity[:, compiled.con.columns]
        a = pro.max(axis=1)
        b = con.max(axis=1) if con.shape[1] else np.zeros_like(a)
        margin = _ramp(np.abs(a - b), 0.0, MARGIN)
        strength = _ramp(np.maximum(a, b), LOW, HIGH) * margin * np.sign(a - b)
        found: dict[int, tuple[float, str, tuple[str, ...]]] = {}
        for row in np.flatnonzero(strength):
            at = int(row)
            if at not in read:
                read[at] = (cues(sheet.unique[at]), words(sheet.unique[at]))
            segment_cues, tokens = read[at]
            side, near = (compiled.pro, pro) if strength[at] > 0 else (compiled.con, con)
            nearest = int(near[at].argmax())
            keywords = compiled.keywords(tokens)
            if (compiled.criterion.keywords and not keywords) or not _agree(
                segment_cues, side.cues[nearest]
            ):
                strength[at] = np.clip(strength[at], -WEAK, WEAK)
            found[at] = (float(near[at, nearest]), side.sentences[nearest], keywords)
        return _Spoken(strength, found)

    def _judge(self, sheet: Sheet, spoken: list[_Spoken], index: int) -> Judgement:
        findings = tuple(
            _finding(compiled.criterion, heard, sheet, index)
            for compiled, heard in zip(self._criteria, spoken, strict=True)
        )
        by_id = {finding.id: finding for finding in findings}
        score, because = _decide(self._definition.logic, by_id)
        value = verdict(score)
        certainty = {
            Verdict.MET: score,
            Verdict.NOT_MET: round(1.0 - score, DIGITS),
            Verdict.UNDETERMINED: min(score, round(1.0 - score, DIGITS)),
        }[value]
        named = set(because)
        return Judgement(
            decision=CriteriaDecision(
                value=value,
                because=tuple(f.id for f in findings if f.id in named),
                criteria=findings,
            ),
            score=certainty,
            confidence=certainty,
            segments=len(sheet.spans[index]),
        )


def verdict(score: float) -> Verdict:
    """`met` from MET upwards, `not_met` from 1 - MET downwards."""
    if score >= MET:
        return Verdict.MET
    return Verdict.NOT_MET if score <= 1.0 - MET else Verdict.UNDETERMINED


def _agree(segment: Cue, reference: Cue) -> bool:
    """Whether a segment's cues allow it to speak for (or against) as the reference does."""
    return (segment & Cue.NEGATED) == (reference & Cue.NEGATED) and not (
        segment & ~reference & (Cue.UNSURE | Cue.OTHER)
    )


def _finding(criterion: Criterion, heard: _Spoken, sheet: Sheet, index: int) -> CriterionFinding:
    rows = sheet.rows[index]
    strength = heard.strength[rows]
    pro = float(strength.max(initial=0.0))
    con = float(-strength.min(initial=0.0))
    silent = SILENT if criterion.if_silent == "not_met" else 0.5
    loud = max(pro, con)
    score = 0.5 + (pro - con) / 2 - (0.5 - silent) * (1.0 - loud)
    score = round(min(1.0, max(0.0, score)), DIGITS)
    return CriterionFinding(
        id=criterion.id,
        title=criterion.title,
        verdict=verdict(score),
        score=score,
        evidence=tuple(_evidence(heard, sheet, index, strength)),
    )


def _evidence(
    heard: _Spoken, sheet: Sheet, index: int, strength: NDArray[np.float32]
) -> Iterator[Evidence]:
    rows = sheet.rows[index]
    for polarity, signed in ((Polarity.SUPPORTS, strength), (Polarity.OPPOSES, -strength)):
        speaking = np.flatnonzero(signed > 0)
        seen: set[int] = set()
        # Strongest first; of equals the earlier in the text.
        for position in speaking[np.argsort(-signed[speaking], kind="stable")]:
            row = int(rows[position])
            if row in seen:
                continue
            seen.add(row)
            similarity, reference, keywords = heard.found[row]
            start, end = sheet.spans[index][position]
            yield Evidence(
                start=start,
                end=end,
                text=sheet.unique[row],
                polarity=polarity,
                similarity=round(similarity, DIGITS),
                reference=reference,
                keywords=keywords,
            )
            if len(seen) == EVIDENCE:
                break


def _decide(group: Group, findings: dict[str, CriterionFinding]) -> tuple[float, list[str]]:
    """The group's score, and the criteria it rests on.

    A group rests on the members that fixed its verdict: the deciding ones where one suffices, every
    one where all were needed, the undetermined ones where they left it open.
    """
    parts: list[tuple[float, list[str]]] = []
    for members, kind in (
        (group.all_of, "all"),
        (group.any_of, "any"),
        (group.none_of, "none"),
    ):
        if members is None:
            continue
        scored = [
            (findings[m].score, [m]) if isinstance(m, str) else _decide(m, findings)
            for m in members
        ]
        score = min(s for s, _ in scored) if kind == "all" else max(s for s, _ in scored)
        because = _resting_on(scored, verdict(score))
        parts.append((round(1.0 - score, DIGITS) if kind == "none" else score, because))
    score = min(s for s, _ in parts)
    return score, _resting_on(parts, verdict(score))


def _resting_on(parts: list[tuple[float, list[str]]], value: Verdict) -> list[str]:
    """Members whose own verdict is the verdict of the whole."""
    return [name for s, names in parts if verdict(s) is value for name in names]
