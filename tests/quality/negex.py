"""The public test kit of NegEx and ConText: negation, history and who has it, as F1.

A row is a sentence of a clinical report, a phrase in it, and three readings. It is read as a record
is: split into segments, its shorthand written out, its headings seen. The phrase is found by its
words; where it stands more than once, the last counts. A result ("the valve is normal") denies
nothing of a phrase that holds the result itself, as many of the kit's do.
`python -m tests.quality.negex negation` lists the mistakes of a reading.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.quality.context import find
from tests.quality.row import data_folder
from winnow.judging.criteria.context import Context, SegmentContext, tokens
from winnow.judging.criteria.mentions import section_contexts
from winnow.judging.text import segments
from winnow.judging.text.shorthand import expand_shorthand
from winnow.judging.text.similarity import sections

READINGS = {
    "negation": ("Negated", Context.NEGATED),
    "temporality": ("Historical", Context.HISTORICAL),
    "experiencer": ("Other", Context.FAMILY),
}
RESULTS = frozenset({"normal", "unremarkable", "negative"})


class Mistake(NamedTuple):
    """A reading that differs from the kit's."""

    number: str
    reading: str
    expected: str
    sentence: str
    phrase: str


class Score(NamedTuple):
    """Counts of one reading."""

    hits: int
    false: int
    missed: int

    @property
    def f1(self) -> float:
        return 2 * self.hits / (2 * self.hits + self.false + self.missed)


def path() -> Path:
    return data_folder() / "negex" / "context-odd.tsv"


def contexts(sentence: str, phrase: str) -> frozenset[Context] | None:
    """The contexts of a phrase; None: its words are not in one segment."""
    wanted = tokens(expand_shorthand(phrase))
    sentences = segments.spans(sentence)
    headings = sections(sentence, sentences)
    for (start, end), heading in reversed(list(zip(sentences, headings, strict=True))):
        words = tokens(expand_shorthand(sentence[start:end]))
        if spans := find(words, wanted):
            segment = SegmentContext(words)
            found = segment.contexts(*spans[-1]) | section_contexts(heading)
            if RESULTS.isdisjoint(wanted) or segment.is_denied(*spans[-1]):
                return found
            return found - {Context.NEGATED}
    return None


def measure() -> tuple[dict[str, Score], list[Mistake], int]:
    """The score of each reading, the mistakes, and how many phrases are not found."""
    counts = {reading: [0, 0, 0] for reading in READINGS}
    mistakes: list[Mistake] = []
    lost = 0
    with path().open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            # The kit doubles apostrophes.
            sentence = row["sentence"].replace("''", "'")
            found = contexts(sentence, row["phrase"])
            if found is None:
                lost += 1
                found = frozenset()
            for reading, (label, context) in READINGS.items():
                expected, got = row[reading].strip() == label, context in found
                if expected and got:
                    counts[reading][0] += 1
                elif expected or got:
                    counts[reading][2 if expected else 1] += 1
                    mistakes.append(
                        Mistake(
                            row["number"], reading, row[reading], row["sentence"], row["phrase"]
                        )
                    )
    return {reading: Score(*count) for reading, count in counts.items()}, mistakes, lost


def main(arguments: Sequence[str]) -> None:
    scores, mistakes, lost = measure()
    for reading, score in scores.items():
        print(reading, f"{score.f1:.3f}", score)
    print("not found:", lost)
    for mistake in mistakes:
        if mistake.reading in arguments:
            print(*mistake[:3], f"[{mistake.phrase}]", mistake.sentence, sep=" | ")


if __name__ == "__main__":
    main(sys.argv[1:])
