"""Sentences that say a criterion, and sentences that undo it, in a case that is else met.

`undone_l33774.csv`: written by the engineers who wrote the rules, each before its result was seen.
A sentence takes the place of the clear one of its criterion. `said` must come out met; `undone`
(unknown, withdrawn, somebody else's, long ago, denied, not finished) must not.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from winnow.ports import Judge

DATA = Path(__file__).with_name("data") / "undone_l33774.csv"
CLEAR = {
    "blood-loss": "Melena continues.",
    "anemia": "Iron deficiency anemia.",
    "obscure-bleeding": "A small bowel source is suspected.",
    "endoscopy-negative": "EGD and colonoscopy were normal.",
}


class Variant(NamedTuple):
    """A case with one sentence exchanged."""

    criterion: str
    is_undone: bool
    sentence: str

    @property
    def text(self) -> str:
        return " ".join((CLEAR | {self.criterion: self.sentence}).values())


def variants() -> list[Variant]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return [
            Variant(row["criterion"], row["reading"] == "undone", row["sentence"])
            for row in csv.DictReader(file)
        ]


def met(judge: Judge, cases: Sequence[Variant]) -> list[bool]:
    """Whether each comes out met."""
    return [result.decision.value == "met" for result in judge([case.text for case in cases])]
