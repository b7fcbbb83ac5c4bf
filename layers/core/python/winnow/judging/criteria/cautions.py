"""What stands beside the evidence of a decision and makes it less sure, though it changes nothing.

A criterion may be decided by one sentence while the record has another about it that nobody could
read ("Bleeding of obscure origin. Black stools, as far as the daughter saw"). It may be silent
although its keywords are there ("Crohn's in her mother; the patient is newly suspected of it"). And
what is denied may be taken back behind the denial ("No blood loss until 2021; what came afterwards
is not recorded"). It may be an item of a list whose heading nobody has read ("Return precautions:
melena"). None of these says that the decision is wrong, so none changes it: a trained head
trusts it less (`undoing.is_doubtful`).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property

from winnow.judging.criteria.compile import CompiledCriteria, CompiledCriterion
from winnow.judging.criteria.context_rules import Context, match_triggers, tokens
from winnow.judging.criteria.denials import denies, is_qualified, is_undone
from winnow.judging.criteria.exams import finds_something, found_nothing
from winnow.judging.criteria.fact_rules import Note
from winnow.judging.criteria.findings import SILENT
from winnow.judging.criteria.list_headings import is_open, read_heading
from winnow.judging.criteria.match import CriterionMatches
from winnow.judging.criteria.mentions import MentionKind
from winnow.judging.criteria.organs import is_of_other_organ
from winnow.judging.criteria.past import has_past_year, is_long_ago, is_past
from winnow.judging.criteria.retractions import OF_WHAT_WAS_SAID, Retraction, is_over, retraction
from winnow.judging.criteria.subjects import is_of_another
from winnow.judging.criteria.suspicions import (
    concludes_otherwise,
    has_returned,
    is_known,
    is_laymans,
)
from winnow.judging.criteria.symptoms import read_symptoms
from winnow.judging.criteria.undoing import MIN_SUPPORT_SIMILARITY, carrying, ends, takes_back
from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text.shorthand import expand_shorthand
from winnow.judging.text.similarity import SimilarityMatrix
from winnow.judging.text.span_index import SpanIndex
from winnow.limits.budget import Check, no_deadline
from winnow.models import Caution, CriteriaDecision, CriterionFinding, Evidence, Polarity, Verdict
from winnow.processes.schema import Group

_EXPLAINED = lazy_pattern(
    r"\b(?:bleed\w*|bled|melena|hemorrhage|hematochezia|blood loss|(?:black|tarry|dark) stools?)\b"
    r"[^.;]{0,40}\b(?:explained|accounted for|caused|due|owing|secondary|attribut\w+"
    r"|ascribed) (?:by|to)\b"
    r"(?! (?:an? |the )?(?:obscure|small|unknown|unclear|suspected|presumed|likely|possible))"
    r"|\b(?:scan|scintigraphy|angiogra\w+|enteroscopy|enterography|laparotomy|laparoscopy)\b"
    r"(?: \w+){0,2} (?:positive|diagnostic|abnormal)\b",
    re.IGNORECASE,
)
_TO_COME = frozenset({Context.PLANNED, Context.HYPOTHETICAL})
"""What the heading of a list of plans says of its items."""
_BEHIND = 100
"""Characters behind a part of a sentence that are looked at."""
_ADDENDUM = 3
"""Sentences of an addendum that are looked at."""


def with_cautions(
    decision: CriteriaDecision,
    compiled: CompiledCriteria,
    matches: Sequence[CriterionMatches],
    matrix: SimilarityMatrix,
    index: int,
    note: Note,
    logic: Group,
    check: Check = no_deadline,
) -> CriteriaDecision:
    """A decision about text `index`; the findings that it rests on have their cautions."""
    if decision.value is Verdict.UNDETERMINED:
        return decision
    is_met = decision.value is Verdict.MET
    text = _Text(matches, matrix, index, compiled.heading_words, note, check, is_met=is_met)
    excluded = _excluded(decision, logic)
    silent = excluded if _is_silent(decision, excluded) and not text.says_well else frozenset()
    doubted = excluded if text.has_unheard_symptoms(excluded) else frozenset()
    findings = tuple(
        finding.model_copy(update={"cautions": found})
        if finding.id in decision.because
        and (
            found := (
                *text.cautions(finding, criterion, own),
                *([Caution.ALL_SILENT] if finding.id in silent else []),
                *([Caution.SYMPTOMS] if finding.id in doubted else []),
            )
        )
        else finding
        for finding, criterion, own in zip(
            decision.criteria, compiled.criteria, matches, strict=True
        )
    )
    return decision.model_copy(update={"criteria": findings})


def _excluded(decision: CriteriaDecision, logic: Group) -> frozenset[str]:
    """What a `met` excludes, if that is two or more; else nothing."""
    if decision.value is not Verdict.MET:
        return frozenset()
    excluded = {member for member in logic.none_of or () if isinstance(member, str)}
    return frozenset(excluded) if len(excluded) > 1 else frozenset()


def _is_silent(decision: CriteriaDecision, excluded: frozenset[str]) -> bool:
    """Whether the record is silent on all that is excluded."""
    # A denial that is too weak for itself counts as silence, too (findings.py).
    return not any(f.evidence and f.score < SILENT for f in decision.criteria if f.id in excluded)


class _Text:
    """The sentences of one text, and what was read of them."""

    def __init__(
        self,
        matches: Sequence[CriterionMatches],
        matrix: SimilarityMatrix,
        index: int,
        heading_words: frozenset[str],
        note: Note,
        check: Check,
        *,
        is_met: bool,
    ) -> None:
        self._check = check
        self._note = note
        self._is_met = is_met
        self._matrix = matrix
        self._matches = matches
        self._rows: list[int] = matrix.rows[index].tolist()
        self._spans = matrix.spans[index]
        self._sentences = self._spans[: matrix.sentences[index]]
        self._sentence_rows = self._rows[: len(self._sentences)]
        self._starts = [start for start, _ in self._sentences]
        self._heading_words = heading_words

    def cautions(
        self, finding: CriterionFinding, compiled: CompiledCriterion, own: CriterionMatches
    ) -> Iterator[Caution]:
        criterion = compiled.criterion
        self._check()
        if self._has_unread(finding, own):
            yield Caution.UNREAD
        self._check()
        if self._is_taken_back(finding):
            yield Caution.TAKEN_BACK
        self._check()
        said = [evidence for evidence in carrying(finding) if _is_said(evidence)]
        if any(map(self._is_undone, said)) or self._is_silence_broken(finding, compiled, own):
            yield Caution.DENIAL_UNDONE
        self._check()
        if said and all(self._is_of_another(evidence, compiled) for evidence in said):
            yield Caution.OF_ANOTHER
        if said and (
            all(self._is_past(evidence, compiled) for evidence in said)
            or (
                self._is_met
                and finding.verdict is Verdict.MET
                and _is_of_now(compiled)
                and self._is_over
            )
        ):
            yield Caution.OF_PAST
        self._check()
        if finding.verdict is Verdict.MET and (
            self._is_explained(said, compiled)
            or (compiled.is_of_first_time and self._is_known(said))
            or (any(map(_found_nothing, said)) and self._has_found_something)
        ):
            yield Caution.EXPLAINED
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

    @cached_property
    def says_well(self) -> bool:
        """Whether any sentence says that the patient has no symptoms, in whatever words."""
        return any(read_symptoms(self._matrix.plain[row]).is_well for row in self._sentence_rows)

    def has_unheard_symptoms(self, excluded: frozenset[str]) -> bool:
        """Whether a sentence names symptoms, or what shows them where no criterion hears it."""
        return bool(excluded) and any(
            reading.has_symptoms or (reading.shows and not self._heard.overlaps(span))
            for span, row in zip(self._sentences, self._sentence_rows, strict=True)
            if any(reading := read_symptoms(self._matrix.plain[row]))
        )

    @cached_property
    def _heard(self) -> SpanIndex:
        """The sentences, and parts of sentences, that are evidence of a criterion."""
        return SpanIndex(
            span
            for span, row in zip(self._spans, self._rows, strict=True)
            if any(row in own.by_row for own in self._matches)
        )

    def _is_known(self, said: Sequence[Evidence]) -> bool:
        """Whether a first suspicion is none: of what is known, explained, or a layman's."""
        of_evidence = [expand_shorthand(evidence.text) for evidence in said]
        references = [expand_shorthand(evidence.reference or "") for evidence in said]
        return (
            any(map(has_returned, of_evidence, references))
            or any(map(is_laymans, of_evidence))
            or any(is_known(self._matrix.plain[row]) for row in self._sentence_rows)
            or any(map(concludes_otherwise, self._unheard))
        )

    @cached_property
    def _has_found_something(self) -> bool:
        """Whether an exam of the record may have found what is looked for."""
        return any(
            finds_something(self._matrix.plain[row])
            and _TO_COME.isdisjoint(
                read_heading(self._matrix.headings[row], self._matrix.plain[row]).contexts
            )
            for row in self._sentence_rows
        )

    @cached_property
    def _retractions(self) -> list[tuple[int, Retraction]]:
        """The places of the sentences that take something back."""
        found: list[tuple[int, Retraction]] = []
        for place, row in enumerate(self._sentence_rows):
            if (taken := retraction(self._matrix.unique[row])) is not None:
                found.append((place, taken))
        return found

    @cached_property
    def _is_over(self) -> bool:
        """Whether a sentence that no criterion hears says that it is over."""
        return any(
            is_over(sentence) or (ends(sentence) and "[" not in sentence)
            for sentence in self._unheard
        )

    @cached_property
    def _unheard(self) -> list[str]:
        """The sentences that name no criterion."""
        return [
            self._matrix.plain[row]
            for row in self._sentence_rows
            if not any(row in own.named_in for own in self._matches)
        ]

    def _is_taken_back(self, finding: CriterionFinding) -> bool:
        """Whether all that a finding rests on is taken back."""
        evidence = [each for each in carrying(finding) if each.end]
        if not evidence:
            return False
        if self._is_met and any(map(takes_back, self._unheard)):
            return True
        last = max(each.start for each in evidence)
        for place, taken in self._retractions:
            supports = evidence[0].polarity is Polarity.SUPPORTS
            if taken is Retraction.RECORD or (taken is Retraction.REQUEST and supports):
                return True
            if last >= self._starts[place]:
                continue
            if taken in (Retraction.SYMPTOMS, Retraction.REQUEST) and not supports:
                continue
            if taken is not Retraction.ADDED or self._adds_to_what_was_said(place):
                return True
        return False

    def _adds_to_what_was_said(self, place: int) -> bool:
        """Whether an addendum may be of what stands before it, and not of something else."""
        rows = self._sentence_rows[place : place + _ADDENDUM]
        return any(
            OF_WHAT_WAS_SAID.search(self._matrix.plain[row]) is not None
            or any(row in own.named_in for own in self._matches)
            for row in rows
        )

    def _is_undone(self, evidence: Evidence) -> bool:
        """Whether it denies, and what it denies is not denied at all."""
        reference = expand_shorthand(evidence.reference or "")
        places = self._places(evidence)
        if evidence.polarity is Polarity.SUPPORTS:
            return denies(reference) and any(
                is_qualified(self._matrix.plain[self._rows[place]], evidence.keywords, reference)
                for place in places
            )
        behind = self._sentences_behind(places.stop - 1)
        return any(
            is_undone(
                self._matrix.plain[self._rows[place]],
                evidence.keywords,
                reference,
                behind if place == places.stop - 1 else (),
            )
            for place in places
        )

    def _is_silence_broken(
        self, finding: CriterionFinding, compiled: CompiledCriterion, own: CriterionMatches
    ) -> bool:
        """Whether what is taken for silence is a denial that no sentence resembles, and undone."""
        if finding.evidence:
            return False
        keywords = compiled.pro.plain_keywords
        return any(
            is_undone(self._matrix.plain[row], keywords, "", self._sentences_behind(place))
            for place, row in enumerate(self._sentence_rows)
            if row in own.named_in
        )

    def _sentences_behind(self, place: int) -> list[str]:
        """The sentence behind one, if there is any."""
        rows = self._sentence_rows[place + 1 : place + 2]
        return [self._matrix.plain[row] for row in rows]

    def _is_of_another(self, evidence: Evidence, compiled: CompiledCriterion) -> bool:
        if (
            self._is_met
            and evidence.polarity is Polarity.SUPPORTS
            and compiled.silence_is_not_met
            and is_of_other_organ(
                expand_shorthand(evidence.text), evidence.keywords, compiled.own_words
            )
        ):
            return True
        return any(
            is_of_another(
                self._matrix.plain[self._rows[place]],
                evidence.keywords,
                of_relatives=compiled.is_about_relatives,
            )
            for place in self._places(evidence)
        )

    def _is_explained(self, said: Sequence[Evidence], compiled: CompiledCriterion) -> bool:
        """Whether what another criterion implies has an explanation that no criterion heard."""
        if (
            compiled.criterion.implied_by is None
            or not said
            or any(evidence.reference in compiled.criterion.statements for evidence in said)
        ):
            return False
        return any(
            _EXPLAINED.search(self._matrix.plain[row]) is not None for row in self._sentence_rows
        )

    def _is_past(self, evidence: Evidence, compiled: CompiledCriterion) -> bool:
        """Whether it supports what is of now, and is of a time that is over."""
        if evidence.polarity is Polarity.OPPOSES:
            return False
        year = self._note.date.year
        if compiled.pro.read.ignored & MentionKind.HISTORICAL:
            if compiled.is_of_first_time:
                return has_past_year(evidence.text, year)
            return _found_nothing(evidence) and is_long_ago(expand_shorthand(evidence.text), year)
        end = self._sentences[self._places(evidence)[-1]][1]
        behind = expand_shorthand(self._note.text[evidence.end : min(end, evidence.end + _BEHIND)])
        return is_past(expand_shorthand(evidence.text), evidence.keywords, year, behind)

    def _places(self, evidence: Evidence) -> range:
        """The places of the sentences that it is in."""
        first = max(bisect_right(self._starts, evidence.start) - 1, 0)
        last = first
        while last + 1 < len(self._sentences) and self._starts[last + 1] < evidence.end:
            last += 1
        return range(first, last + 1)

    def _has_unread(self, finding: CriterionFinding, own: CriterionMatches) -> bool:
        """Whether a sentence names the criterion and is neither for nor against it."""
        named = [
            span
            for span, row in zip(self._sentences, self._rows, strict=False)
            if row in (own.named_in if finding.evidence else own.of_others_in)
        ]
        if not named:
            return False
        said = [(evidence.start, evidence.end) for evidence in finding.evidence]
        heard = (
            span for span, row in zip(self._spans, self._rows, strict=True) if row in own.by_row
        )
        read = SpanIndex([*said, *heard])
        return not all(map(read.overlaps, named))

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


def _is_said(evidence: Evidence) -> bool:
    """Whether it is a sentence of the text, and no value, age or date."""
    return evidence.fact is None and bool(evidence.end)


def _is_of_now(compiled: CompiledCriterion) -> bool:
    """Whether it asks for what is, and not for what was."""
    return not compiled.pro.read.ignored & (MentionKind.HISTORICAL | MentionKind.POSSIBLE)


def _found_nothing(evidence: Evidence) -> bool:
    """Whether it says of an exam that it found nothing."""
    return evidence.polarity is Polarity.SUPPORTS and found_nothing(
        expand_shorthand(evidence.reference or "")
    )


def _is_asked(evidence: Evidence) -> bool:
    return evidence.text.rstrip().endswith("?") and "?" not in (evidence.reference or "")


_NOTHING_SAID = frozenset((*"-:⍰", "see", "refer", "same", "ditto"))


def _is_open(plain: str) -> bool:
    """Whether something is said to be unknown; a dash, a mark or "see page 2" says nothing."""
    words = tokens(plain)
    return any(
        match.rule.category == Context.UNKNOWN
        and not _NOTHING_SAID.issuperset(words[match.start : match.end])
        for match in match_triggers(words)
    )
