"""Who and when a word of a sentence is about, and whether it is denied.

The method is that of NegEx (Chapman et al., A simple algorithm for identifying negated findings and
diseases in discharge summaries, J Biomed Inform 34:301, 2001) and ConText (Harkema et al., ConText:
an algorithm for determining negation, experiencer, and temporal status from clinical reports,
J Biomed Inform 42:839, 2009): a trigger ("denies") opens a scope before or behind it, a termination
("but") ends the scope, and a pseudo-trigger ("not only"), which only looks like one, opens none. A
mention in the scope gets the trigger's context: in "denies pain but has melena" pain is negated.

Triggers and terminations are rules of a table of our own (context_rules.py), and so are `planned`,
the results of tests ("EGD was negative" denies no EGD), and the shield ("no source of bleeding"
denies no bleeding).
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache

from winnow.judging.criteria.context_rules import (
    RESULT,
    Context,
    TriggerMatch,
    match_triggers,
    tokens,
)
from winnow.judging.criteria.denied_lists import ListEnd, Reach, list_ends
from winnow.judging.criteria.presupposed import is_presupposed

__all__ = ["Context", "SegmentContext", "context_of", "tokens"]

_CONTEXTS = {**{str(context): context for context in Context}, RESULT: Context.NEGATED}
"""The context that triggers of a category give a mention in their scope."""


@lru_cache(maxsize=512)
def context_of(text: str) -> "SegmentContext":
    """The contexts of a segment's words. Keywords are read in them, then what is measured."""
    return SegmentContext(tokens(text))


class SegmentContext:
    """The contexts of one segment's words. A mention is the tokens [start, end)."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take the `tokens` of the segment."""
        self.words = words
        self._triggers: list[TriggerMatch] = []
        by_category: dict[str, list[TriggerMatch]] = {}
        for match in match_triggers(words):
            if match.rule.category in _CONTEXTS:
                self._triggers.append(match)
            else:
                by_category.setdefault(match.rule.category, []).append(match)
        self._shields = by_category.get("shield", [])
        self._modifiers = by_category.get("modifier", [])
        starts = {name: [m.start for m in matches] for name, matches in by_category.items()}
        self._subjects = starts.get("subject", [])
        self._places = starts.get("place", [])
        ends, turns = starts.get("end", []), starts.get("turn", [])
        reasons = starts.get("reason", [])
        self._clause_ends = ends + turns + reasons
        self._family_ends = [at for at in ends + reasons if at not in turns]
        self._reasons = len(reasons)
        self._list_ends: dict[tuple[int, int], tuple[ListEnd, ...]] = {}

    def contexts(self, start: int, end: int) -> frozenset[Context]:
        """The contexts of a mention.

        A finding that is "negative" is negated; so is a test, whose result it is.
        """
        found: set[Context] = set()
        is_doubtful = False
        for trigger in self._triggers:
            if self._in_scope(trigger, start, end):
                reach = self._reach(trigger, start)
                if reach is Reach.DENIED:
                    found.add(_CONTEXTS[trigger.rule.category])
                is_doubtful |= reach is Reach.DOUBTFUL
        if is_doubtful and Context.NEGATED not in found:
            found.add(Context.UNKNOWN)
        return frozenset(found)

    @property
    def all_contexts(self) -> frozenset[Context]:
        """All contexts in the segment, except those of results."""
        return frozenset(
            _CONTEXTS[trigger.rule.category]
            for trigger in self._triggers
            if trigger.rule.category != RESULT
        )

    def is_denied(self, start: int, end: int) -> bool:
        """Whether a mention is negated, and not by a result."""
        return any(
            trigger.rule.category == Context.NEGATED
            and self._in_scope(trigger, start, end)
            and self._reach(trigger, start) is Reach.DENIED
            for trigger in self._triggers
        )

    def is_in_negative_clause(self, start: int, end: int) -> bool:
        """Whether anything in the clause of a mention is negated, results included.

        A denial that ended at a comma before the mention does not count, nor one that takes the
        mention for granted.
        """
        clause = self.clause(start)
        return clause in self.negative_clauses and any(
            _CONTEXTS[trigger.rule.category] is Context.NEGATED
            and self.clause(trigger.start) == clause
            and self._reach(trigger, start) is not Reach.ENDED
            and not self._is_presupposed(trigger, start, end)
            for trigger in self._triggers
        )

    def clause(self, at: int) -> int:
        """The number, from 0, of the clause that a token is in."""
        return sum(end <= at for end in self._clause_ends)

    @property
    def clauses(self) -> int:
        """How many clauses the segment has."""
        return len(self._clause_ends) + 1

    @property
    def contrasted_clauses(self) -> int:
        """How many clauses it has, a reason counted with what it is given for."""
        return self.clauses - self._reasons

    @cached_property
    def negative_clauses(self) -> frozenset[int]:
        """The clauses in which anything is negated, results included."""
        return frozenset(
            self.clause(trigger.start)
            for trigger in self._triggers
            if _CONTEXTS[trigger.rule.category] is Context.NEGATED
        )

    # -- scope ------------------------------------------------------------------------------------

    def _in_scope(self, trigger: TriggerMatch, start: int, end: int) -> bool:
        between = _between(trigger, start, end)
        return (
            between is not None
            and len(between) <= trigger.rule.max_scope
            and (
                trigger.rule.unended
                or not (
                    self._is_terminated(trigger, between)
                    or self._is_ended_by_comma(trigger, between, start)
                )
            )
            and not self._begins_longer_mention(trigger, start, end)
            and not self._is_shielded(trigger, start, end)
            and not _is_inside(trigger, start, end)
            and not self._is_presupposed(trigger, start, end)
        )

    def _reach(self, trigger: TriggerMatch, start: int) -> Reach:
        """How far a trigger is of a mention behind it, by the commas between them."""
        rule = trigger.rule
        if (
            rule.category != Context.NEGATED
            or not rule.forward
            or not self.words[trigger.start][0].isalpha()
            or start < trigger.end
        ):
            return Reach.DENIED
        span = (trigger.start, trigger.end)
        if (ends := self._list_ends.get(span)) is None:
            behind = [at for at in self._clause_ends if at >= trigger.end]
            stop = min(behind, default=len(self.words))
            ends = self._list_ends[span] = list_ends(self.words, *span, stop)
        return max((end.reach for end in ends if end.at < start), default=Reach.DENIED)

    def _is_presupposed(self, trigger: TriggerMatch, start: int, end: int) -> bool:
        """Whether a denial is of something else: "no symptoms to explain her anemia"."""
        return (
            trigger.rule.category == Context.NEGATED
            and trigger.rule.forward
            and self.words[trigger.start][0].isalpha()
            and is_presupposed(self.words, trigger.end, start, end)
        )

    def _is_terminated(self, trigger: TriggerMatch, between: range) -> bool:
        """Whether a termination of the trigger's category comes before the mention."""
        rule = trigger.rule
        family = rule.category == Context.FAMILY
        terminations = self._family_ends if family else self._clause_ends
        if rule.category == Context.NEGATED:
            # "No bleeding on colonoscopy" does not deny the colonoscopy.
            terminations = terminations + self._places
            if self._has_own_subject(between, backward=not rule.forward):
                return True
        elif (family or rule.category == Context.HISTORICAL) and rule.forward and not rule.listed:
            # "His mother had a stroke, she has melena": she is the patient.
            terminations = terminations + self._subjects
        return any(at in between for at in terminations)

    def _has_own_subject(self, between: range, *, backward: bool) -> bool:
        """Whether a heading is told from what is behind it, and something else is denied.

        "Colonoscopy: source not found" does not deny the colonoscopy, "Colonoscopy: not done" does;
        "no bleeding: colonoscopy is normal" does not, "denies: melena" does.
        """
        words = self.words[between.start : between.stop]
        return ":" in (words[:-1] if backward else words[1:])

    def _is_ended_by_comma(self, trigger: TriggerMatch, between: range, start: int) -> bool:
        """A comma ends the scope of POSSIBLE, of RESULT, and of PLANNED after the mention."""
        rule = trigger.rule
        if rule.listed or not (
            rule.category in (Context.POSSIBLE, RESULT)
            or (rule.category == Context.PLANNED and trigger.start > start)
        ):
            return False
        words = self.words[between.start : between.stop]
        return "," in words or "–" in words

    def _begins_longer_mention(self, trigger: TriggerMatch, start: int, end: int) -> bool:
        """Whether negation is of a longer phrase: "no bleeding source" denies no bleeding."""
        return trigger.rule.category == Context.NEGATED and any(
            whole.start <= start and end < whole.end for whole in self._modifiers
        )

    def _is_shielded(self, trigger: TriggerMatch, start: int, end: int) -> bool:
        """Whether negation or doubt is of a shield in front: "no source of bleeding"."""
        kept_off = (Context.NEGATED, Context.POSSIBLE, Context.UNKNOWN)
        return trigger.rule.category in kept_off and any(
            shield.end <= start <= shield.end + shield.rule.max_scope
            and (trigger.start <= shield.start or trigger.start >= end)
            for shield in self._shields
        )


def _is_inside(trigger: TriggerMatch, start: int, end: int) -> bool:
    """Whether a mention is what an unknown thing is of: "the source of bleeding is unknown"."""
    return (
        trigger.rule.category == Context.UNKNOWN
        and trigger.rule.max_scope == 0
        and trigger.start < start
        and end < trigger.end
    )


def _between(trigger: TriggerMatch, start: int, end: int) -> range | None:
    """The tokens between trigger and mention; None: the mention is not on the trigger's side."""
    if trigger.rule.forward and trigger.start <= start:
        return range(trigger.end, start)
    if trigger.rule.backward and end <= trigger.end:
        return range(end, trigger.start)
    return None
