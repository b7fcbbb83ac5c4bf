"""What a decision is less sure by than it looks, in words: the caps on its confidence.

No judge uses this module. It reads one judgement again as `untrained.py` and `calibrated.py` do,
and says which word, which caution or which denial capped it (undoing.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from winnow.heads.card import HeadCard
from winnow.judging.criteria.undoing import (
    FAR,
    MIN_DENIAL_SIMILARITY,
    UNDONE_CONFIDENCE,
    FarDenial,
    UndoingWords,
    cap,
    class_of,
    counted_cautions,
)
from winnow.models import Caution, CriteriaDecision, Judgement
from winnow.processes.schema import CriteriaProcess

OTHER_DEFINITION = "other_definition"
"""The cause of a head that was trained with another definition."""
_OF_WORDS = {
    "denial": "may deny it, or some of it",
    "condition": "may make it a condition, a plan or a wish",
    "possible": "may make it a suspicion",
    "doubt": "may put it in doubt",
    "missing": "may say that it is missing or mistaken",
    "unfinished": "may say that it was not finished",
    "over": "may say that it is over",
    "another": "may be about somebody else",
}
"""What the words of each class of undoing_words.tsv may do to a sentence."""
_OF_CAUTIONS = {
    Caution.UNREAD: "a sentence names it, and was heard neither for nor against it",
    Caution.ASKED: "what is denied stands in a question",
    Caution.OPEN_BEHIND: "what stands behind the evidence says that something is not known",
    Caution.HEADING: "the heading of the evidence, or an answer beside it, may say anything of it",
    Caution.TAKEN_BACK: "a sentence takes back what the record says",
    Caution.DENIAL_UNDONE: "what is denied is denied twice, for a short time, or as a wish",
    Caution.OF_ANOTHER: "what has the finding may be somebody else, another organ, or a book",
    Caution.OF_PAST: "what is found is of a time that is over",
    Caution.EXPLAINED: "it is implied or suspected, or rests on exams, and a sentence explains it",
    Caution.ALL_SILENT: "the record is silent on all that the decision excludes",
    Caution.SYMPTOMS: "a sentence names symptoms, or what shows them, and no criterion heard it",
}
_OF_OTHERS = {
    FAR: "it rests on a denial that only resembles a counter-statement: "
    f"{MIN_DENIAL_SIMILARITY} is needed",
    OTHER_DEFINITION: "the head was trained with another definition; train it again",
}


def told(cause: str) -> str:
    """What a cause is, in words, whatever the record."""
    if cause in _OF_WORDS:
        return f"a word of the evidence {_OF_WORDS[cause]}"
    return _OF_OTHERS[cause] if cause in _OF_OTHERS else _OF_CAUTIONS[Caution(cause)]


@dataclass(frozen=True)
class Limit:
    """Why a decision is trusted no more than `confidence`."""

    confidence: float
    cause: str
    """A class of words, a caution, `far`, or `other_definition`: as a head's `caps` name it."""
    why: str
    """The same in words."""
    criterion: str | None = None
    """Of which criterion, where it is of one."""
    words: tuple[str, ...] = ()
    """The words that may undo `text`, and that nothing vouches for."""
    text: str | None = None
    """The sentence that has them."""


class ConfidenceLimits:
    """Finds the limits of the judgements of a process."""

    def __init__(self, definition: CriteriaProcess, card: HeadCard | None = None) -> None:
        """`card`: of the head that weighs the judgements; None: nothing was trained."""
        self._undoing = UndoingWords(definition)
        self._is_far_denial = FarDenial(definition)
        self._is_its_own = card is None or card.vouches_for(definition.judging_sha256)
        self._caps = card.caps if card else {}
        self._understood = card.understood if card else ()

    def __call__(self, judgement: Judgement) -> tuple[Limit, ...]:
        """The limits of one judgement, the lowest first; a judgement with none has no cap."""
        # A sentence that two criteria rest on is told once.
        found = dict.fromkeys(self._limits(judgement))
        return tuple(sorted(found, key=lambda limit: limit.confidence))

    def _limits(self, judgement: Judgement) -> Iterator[Limit]:
        if not self._is_its_own:
            yield Limit(UNDONE_CONFIDENCE, OTHER_DEFINITION, told(OTHER_DEFINITION))
        if self._understood is None:
            return  # A head of before there were caps.
        yield from self._of_words(judgement)
        decision = judgement.decision
        assert isinstance(decision, CriteriaDecision)
        for finding in decision.criteria:
            for caution in counted_cautions(finding):
                yield self._limit(str(caution), told(caution), criterion=finding.id)
        if self._is_far_denial(judgement):
            yield self._limit(FAR, told(FAR))

    def _of_words(self, judgement: Judgement) -> Iterator[Limit]:
        """For each sentence, and each class of words in it that nothing vouches for, one."""
        for sentence, found in self._undoing(judgement):
            unknown = found.difference(self._understood or ())
            ordered = sorted(unknown, key=lambda word: (class_of(word), word))
            for cause, group in groupby(ordered, class_of):
                words = tuple(group)
                quoted = ", ".join(f"“{word}”" for word in words)
                why = f"{quoted} {_OF_WORDS[cause]}, and nothing vouches for it"
                yield self._limit(cause, why, words=words, text=sentence)

    def _limit(
        self,
        cause: str,
        why: str,
        criterion: str | None = None,
        words: tuple[str, ...] = (),
        text: str | None = None,
    ) -> Limit:
        return Limit(cap((cause,), self._caps), cause, why, criterion, words, text)
