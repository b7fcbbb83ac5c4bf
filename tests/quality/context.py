"""Rows "negation and subject": who and when a word of a sentence is about, and whether denied.

`negation.csv`: sentences written for this table, before the cues that they ask for were.
`notes_context.csv`: places in the public notes of the measuring data (file, record, span, a hash of
the sentence, the reading), of which no text is kept here. Cues were changed after looking at `dev`
and, later, at `fresh`; `held` and `unseen` were measured and never looked at. Written and read by
engineers, none of them a clinician.

Possible, hypothetical and planned are one label, `uncertain`, where a reader cannot say which, as
in all of the notes.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from winnow.judging.criteria.context import Context, SegmentContext, tokens

DATA = Path(__file__).with_name("data")
# Of several contexts of one mention the first of these names it.
ORDER = (
    Context.FAMILY,
    Context.NEGATED,
    Context.HYPOTHETICAL,
    Context.PLANNED,
    Context.HISTORICAL,
    Context.POSSIBLE,
    Context.UNKNOWN,
)
UNCERTAIN = frozenset({"possible", "hypothetical", "planned"})
# The sentences were read before `unknown` was told from `possible` and, of what was begun and not
# finished, from `negated`.
UNKNOWN_AS = frozenset({"possible", "planned", "negated", "uncertain"})
EXAMS = frozenset({"biopsy", "colonoscopy", "egd"})
"""What is read as done, whatever was found: an "unremarkable colonoscopy" is not negated."""


class Case(NamedTuple):
    """A mention, its label, and what the rules make of it."""

    name: str
    split: str
    sentence: str
    target: str
    expected: str
    found: str

    @property
    def right(self) -> bool:
        return self.expected == self.found


def find(words: Sequence[str], phrase: Sequence[str]) -> list[tuple[int, int]]:
    """Where a phrase stands in a row of tokens, as token spans."""
    size = len(phrase)
    return [
        (at, at + size)
        for at in range(len(words) - size + 1)
        if list(words[at : at + size]) == list(phrase)
    ]


def label(sentence: str, target: str) -> str:
    """The context of the last mention of a target: a name of Context, or `affirmed`."""
    words = tokens(sentence)
    start, end = find(words, tokens(target))[-1]
    segment = SegmentContext(words)
    contexts = segment.contexts(start, end)
    if target.lower() in EXAMS and not segment.is_denied(start, end):
        contexts -= {Context.NEGATED}
    return next((str(context) for context in ORDER if context in contexts), "affirmed")


def sentences() -> Iterator[Case]:
    """The sentences written for this table."""
    with (DATA / "negation.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield _case(row["id"], row["split"], row["sentence"], row["target"], row["expected"])


def notes(data: Path) -> Iterator[Case]:
    """The sentences of the public notes.

    Args:
        data: The measuring data's folder.

    Raises:
        ValueError: A note is not the one that was read.
    """
    texts: dict[tuple[str, str], str] = {}
    for name, key, column in (
        ("mtsamples-400", "note_id", "transcription"),
        ("aci_bench_notes", "encounter_id", "note"),
    ):
        with (data / "notes" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            texts |= {(name, row[key]): row[column] for row in csv.DictReader(file)}
    with (DATA / "notes_context.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text = texts[row["file"], row["note_id"]][int(row["start"]) : int(row["end"])]
            if hashlib.sha256(text.encode()).hexdigest()[:16] != row["sha256"]:
                raise ValueError(f"{row['file']} {row['note_id']} {row['start']}: another text")
            name = f"{row['file']} {row['note_id']} {row['start']}"
            yield _case(name, row["split"], text, row["target"], row["expected"])


def _case(name: str, split: str, sentence: str, target: str, expected: str) -> Case:
    found = label(sentence, target)
    if expected == "uncertain" and found in UNCERTAIN:
        found = "uncertain"
    if found == Context.UNKNOWN and expected in UNKNOWN_AS:
        found = expected
    return Case(name, split, sentence, target, expected, found)


def shares(cases: Iterator[Case]) -> dict[str, tuple[int, int]]:
    """Right ones and all, by split."""
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for case in cases:
        right[case.split] += case.right
        every[case.split] += 1
    return {split: (right[split], every[split]) for split in sorted(every)}
