"""What stands beside the evidence of a decision and makes it less sure, though it changes nothing.

A criterion may be decided by one sentence while the record has another about it that nobody could
read ("Bleeding of obscure origin. Black stools, as far as the daughter saw"). It may be silent
although its keywords are there ("Crohn's in her mother; the patient is newly suspected of it"). And
what is denied may be taken back behind the denial ("No blood loss until 2021; what came afterwards
is not recorded"). It may be an item of a list whose heading nobody has read ("Return precautions:
melena"). None of these says that the decision is wrong, so none changes it: a trained head
trusts it less (`undoing.is_doubtful`).
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from winnow.judging.criteria.compile import CompiledCriteria
from winnow.judging.criteria.context_rules import Context, match_triggers, tokens
from winnow.judging.criteria.list_headings import is_open
from winnow.judging.criteria.match import CriterionMatches
from winnow.judging.criteria.undoing import MIN_SUPPORT_SIMILARITY, carrying
from winnow.judging.text.shorthand import expand_shorthand
from winnow.judging.text.similarity import SimilarityMatrix
from winnow.models import Caution, CriteriaDecision, CriterionFinding, Evidence, Polarity, Verdict
from winnow.processes.schema import Criterion

_Span = tuple[int, int]


def with_cautions(
    decision: CriteriaDecision,
    compiled: CompiledCriteria,
    matches: Sequence[CriterionMatches],
    matrix: SimilarityMatrix,
    index: int,
) -> CriteriaDecision:
    """A decision about text `index`; the findings that it rests on have their cautions."""
    if decision.value is Verdict.UNDETERMINED:
        return decision
    text = _Text(matches, matrix, index, compiled.heading_words)
    findings = tuple(
        finding.model_copy(update={"cautions": found})
        if finding.id in decision.because
        and (found := tuple(text.cautions(finding, criterion.criterion, own)))
        else finding
        for finding, criterion, own in zip(
            decision.criteria, compiled.criteria, matches, strict=True
        )
    )
    return decision.model_copy(update={"criteria": findings})


class _Text:
    """The sentences of one text, and what was read of them."""

    def __init__(
        self,
        matches: Sequence[CriterionMatches],
        matrix: SimilarityMatrix,
        index: int,
        heading_words: frozenset[str],
    ) -> None:
        self._matrix = matrix
        self._matches = matches
        self._rows: list[int] = matrix.rows[index].tolist()
        self._spans = matrix.spans[index]
        self._sentences = self._spans[: matrix.sentences[index]]
        self._starts = [start for start, _ in self._sentences]
        self._heading_words = heading_words

    def cautions(
        self, finding: CriterionFinding, criterion: Criterion, own: CriterionMatches
    ) -> Iterator[Caution]:
        if self._has_unread(finding, own):
            yield Caution.UNREAD
        evidence = next(carrying(finding), None)
        if evidence is None or not evidence.end:
            return
        if evidence.polarity is Polarity.OPPOSES and _is_asked(evidence):
            yield Caution.ASKED
        if self._stands_under_open_heading(finding, evidence):
            yield Caution.HEADING
        # An age or a date is read from its sentence alone, which may be of more than it.
        is_of_sentence = evidence.fact is None or criterion.measures
        beside = self._behind(evidence) if is_of_sentence else (expand_shorthand(evidence.text),)
        if any(map(_is_open, beside)):
            yield Caution.OPEN_BEHIND

    def _has_unread(self, finding: CriterionFinding, own: CriterionMatches) -> bool:
        """Whether a sentence names the criterion and is neither for nor against it."""
        named = [
            span
            for span, row in zip(self._sentences, self._rows, strict=False)
            if row in (own.named_in if finding.evidence else own.of_others_in)
        ]
        if not named:
            return False
        read = [(evidence.start, evidence.end) for evidence in finding.evidence]
        read += [
            span for span, row in zip(self._spans, self._rows, strict=True) if row in own.by_row
        ]
        return any(not any(_overlap(span, other) for other in read) for span in named)

    def _stands_under_open_heading(self, finding: CriterionFinding, strongest: Evidence) -> bool:
        """Whether a finding rests on items of a list whose heading nobody has read."""
        return self._is_under_open_heading(strongest) and all(
            self._is_under_open_heading(evidence)
            for evidence in carrying(finding)
            if evidence.similarity >= MIN_SUPPORT_SIMILARITY
        )

    def _is_under_open_heading(self, evidence: Evidence) -> bool:
        if evidence.fact is not None:
            return False
        heading = self._matrix.headings[self._rows[self._sentence(evidence)]]
        return is_open(heading, evidence.text, evidence.reference or "", self._heading_words)

    def _sentence(self, evidence: Evidence) -> int:
        """The place of the sentence that evidence begins in."""
        return bisect_right(self._starts, evidence.start) - 1

    def _behind(self, evidence: Evidence) -> Iterator[str]:
        """The evidence's sentence, if it is a part of it, and the next, if of no criterion."""
        place = self._sentence(evidence)
        while place + 1 < len(self._sentences) and self._sentences[place][1] < evidence.end:
            place += 1
        start, end = self._sentences[place]
        whole = self._matrix.plain[self._rows[place]]
        if start <= evidence.start and evidence.end < end:
            # Shorthand is written out in `plain`, so that its places are not the text's.
            yield whole
        if place + 1 < len(self._sentences):
            row = self._rows[place + 1]
            if not any(row in own.by_row or row in own.named_in for own in self._matches):
                yield self._matrix.plain[row]


def _overlap(one: _Span, other: _Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _is_asked(evidence: Evidence) -> bool:
    return evidence.text.rstrip().endswith("?") and "?" not in (evidence.reference or "")


_NOTHING_SAID = frozenset("-:⍰")


def _is_open(plain: str) -> bool:
    """Whether something is said to be unknown; a dash or a mark of a list alone says nothing."""
    words = tokens(plain)
    return any(
        match.rule.category == Context.UNKNOWN
        and not _NOTHING_SAID.issuperset(words[match.start : match.end])
        for match in match_triggers(words)
    )
