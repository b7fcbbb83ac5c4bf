"""The wrong decisions of a process on labelled rows, the worst first, and what caused each.

The cause of a wrong decision by criteria are those criteria of which another verdict would have
given the right one, by the logic of the process. Where one criterion suffices, all such are named,
the least sure first; else the smallest group that suffices together.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from winnow.judging.criteria.logic import MET, NOT_MET, decide, verdict
from winnow.judging.evidence import SCORE_DECIMALS
from winnow.models import CriterionFinding, Evidence, Verdict
from winnow.processes.schema import CriteriaProcess, Criterion, Group, ProcessDefinition
from winnow.tables.columns import plain_name
from winnow_train.data import LabelledRow, label_finder
from winnow_train.decisions import Decisions

MAX_TRIED = 5_000
"""Combinations of verdicts that are tried for one mistake."""
MAX_TOGETHER = 3
"""Criteria that are changed together at most."""
_SCORES = {Verdict.MET: 1.0, Verdict.UNDETERMINED: 0.5, Verdict.NOT_MET: 0.0}


@dataclass(frozen=True)
class Cause:
    """A criterion that gave a wrong decision."""

    criterion: str
    title: str
    verdict: str
    """What it said."""
    needed: str
    """What would have given the right decision."""
    evidence: Evidence | None
    """The strongest segment behind its verdict; None where it is silent."""


@dataclass(frozen=True)
class Mistake:
    """A row whose decision is wrong."""

    row: LabelledRow
    decided: str
    confidence: float
    accepted: bool
    because: tuple[str, ...]
    causes: tuple[Cause, ...]
    together: bool
    """Whether all of the causes had to be different, and not one of them."""

    @property
    def wrong_met(self) -> bool:
        """Whether it is met and should not be."""
        return self.decided == Verdict.MET

    def document(self) -> dict[str, Any]:
        """As `--json` has it: without the text, which stands in the data by its row."""
        return {
            "row": self.row.record,
            "label": self.row.named,
            "decision": self.decided,
            "confidence": self.confidence,
            "accepted": self.accepted,
            "because": list(self.because),
            "causes": [
                {
                    "criterion": cause.criterion,
                    "said": cause.verdict,
                    "needed": cause.needed,
                    "evidence": cause.evidence.text if cause.evidence else None,
                    "reference": cause.evidence.reference if cause.evidence else None,
                }
                for cause in self.causes
            ],
            "together": self.together,
        }


@dataclass(frozen=True)
class CriterionMetrics:
    """How often a criterion is right, or behind right decisions."""

    id: str
    title: str
    labelled: int
    """Rows that say what it should be, in a column of its name; 0: the data have none."""
    right: int
    """Of these; without them, right decisions that rest on it."""
    wrong: int
    """Of these; without them, wrong decisions that rest on it."""
    silent: int
    """Of these, not right and without evidence; without them, all rows without evidence on it."""
    would_correct: int
    """Wrong decisions that another verdict of it would have made right."""


def mistakes_of(definition: ProcessDefinition, decisions: Decisions) -> list[Mistake]:
    """The wrong decisions: wrong `met` first; of a kind the accepted and most confident first."""
    acceptable = decisions.acceptable >= definition.threshold
    mistakes = []
    for index, right in enumerate(decisions.right.tolist()):
        if right:
            continue
        row = decisions.rows[index]
        causes: tuple[Cause, ...] = ()
        together = False
        if isinstance(definition, CriteriaProcess) and decisions.findings and row.label:
            causes, together = causes_of(definition.logic, decisions.findings[index], row.label)
        mistakes.append(
            Mistake(
                row=row,
                decided=decisions.decided[index],
                confidence=round(float(decisions.confidence[index]), 4),
                accepted=bool(acceptable[index]),
                because=decisions.because[index],
                causes=causes,
                together=together,
            )
        )
    return sorted(mistakes, key=_order)


def _order(mistake: Mistake) -> tuple[object, ...]:
    undecided = mistake.decided == Verdict.UNDETERMINED
    return (
        not mistake.wrong_met,
        undecided,
        not mistake.accepted,
        -mistake.confidence,
        mistake.row.record,
    )


# -- causes --------------------------------------------------------------------------------------


def causes_of(
    logic: Group, findings: Sequence[CriterionFinding], right: str
) -> tuple[tuple[Cause, ...], bool]:
    """The criteria whose other verdicts give the right decision; and whether only together.

    Nothing where the verdicts give the right decision, or no few criteria would.
    """
    said = {finding.id: finding.verdict for finding in findings}
    if _decision(logic, said) == right:
        return (), False
    by_id = {finding.id: finding for finding in findings}
    tried = 0
    for size in range(1, MAX_TOGETHER + 1):
        found: list[tuple[Cause, ...]] = []
        for group in itertools.combinations(findings, size):
            for verdicts in itertools.product(*(_others(finding) for finding in group)):
                tried += 1
                if tried > MAX_TRIED:
                    break
                changed = {f.id: v for f, v in zip(group, verdicts, strict=True)}
                if _decision(logic, {**said, **changed}) == right:
                    found.append(
                        tuple(_cause(by_id[name], needed) for name, needed in changed.items())
                    )
                    break
        if found and size == 1:
            causes = [cause for group in found for cause in group]
            return tuple(sorted(causes, key=lambda c: _distance(by_id[c.criterion], c))), False
        if found:
            best = min(
                found, key=lambda group: sum(_distance(by_id[c.criterion], c) for c in group)
            )
            return best, True
        if tried > MAX_TRIED:
            break
    return (), False


def _others(finding: CriterionFinding) -> tuple[Verdict, ...]:
    """The other verdicts, the nearest to its score first."""
    others = [verdict for verdict in Verdict if verdict != finding.verdict]
    return tuple(sorted(others, key=lambda v: abs(_SCORES[v] - finding.score)))


def _decision(logic: Group, verdicts: Mapping[str, Verdict]) -> Verdict:
    findings = {
        name: CriterionFinding(id=name, title=name, verdict=said, score=_SCORES[said], evidence=())
        for name, said in verdicts.items()
    }
    return verdict(decide(logic, findings).score)


def _cause(finding: CriterionFinding, needed: Verdict) -> Cause:
    return Cause(finding.id, finding.title, finding.verdict.value, needed.value, strongest(finding))


def strongest(finding: CriterionFinding) -> Evidence | None:
    """The segment behind a verdict: the first of its polarity, or the first at all."""
    polarity = "opposes" if finding.verdict == Verdict.NOT_MET else "supports"
    of_verdict = (piece for piece in finding.evidence if piece.polarity == polarity)
    return next(of_verdict, next(iter(finding.evidence), None))


def _distance(finding: CriterionFinding, cause: Cause) -> float:
    """How far a score is from the needed verdict: the least sure is the likeliest cause."""
    if cause.needed == Verdict.MET:
        return MET - finding.score
    if cause.needed == Verdict.NOT_MET:
        return finding.score - NOT_MET
    return round(max(finding.score - MET, NOT_MET - finding.score), SCORE_DECIMALS)


# -- by criterion --------------------------------------------------------------------------------


def criterion_metrics(
    definition: CriteriaProcess, decisions: Decisions, mistakes: Sequence[Mistake]
) -> list[CriterionMetrics]:
    """How each criterion fares, in the order of the definition."""
    blamed = Counter(cause.criterion for mistake in mistakes for cause in mistake.causes)
    return [
        _metrics(criterion, position, definition, decisions, blamed[criterion.id])
        for position, criterion in enumerate(definition.criteria)
    ]


def _metrics(
    criterion: Criterion,
    position: int,
    definition: CriteriaProcess,
    decisions: Decisions,
    blamed: int,
) -> CriterionMetrics:
    findings = [row_findings[position] for row_findings in decisions.findings]
    names = {plain_name(criterion.id), plain_name(criterion.title)}
    label_of = label_finder(definition)
    truths = [
        next(
            (label_of(cell) for name, cell in row.fields.items() if plain_name(name) in names), None
        )
        for row in decisions.rows
    ]
    labelled = [pair for pair in zip(findings, truths, strict=True) if pair[1] is not None]
    if labelled:
        right = sum(finding.verdict == truth for finding, truth in labelled)
        silent = sum(f.verdict != truth and not f.evidence for f, truth in labelled)
        wrong = len(labelled) - right - silent
    else:
        rests = [criterion.id in because for because in decisions.because]
        right = sum(r and good for r, good in zip(rests, decisions.right.tolist(), strict=True))
        wrong = sum(rests) - right
        silent = sum(not finding.evidence for finding in findings)
    return CriterionMetrics(
        criterion.id, criterion.title, len(labelled), right, wrong, silent, blamed
    )
