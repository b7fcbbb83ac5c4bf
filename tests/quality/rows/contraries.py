"""Sentences that say the contrary of a reference, or the same in other words.

Each is judged by a process of one criterion, which has the reference for its only statement and no
head: nothing but the rules keeps the two apart.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.quality.row import ROOT, Row
from winnow.judging import build_judge
from winnow.models import Verdict
from winnow.ports import Encoder
from winnow.processes.loader import load_definition
from winnow_encoder import load_encoder

DATA = Path(__file__).parents[1] / "data"
THRESHOLD = 0.7
COMMANDS = ["python -m tests.quality --only contraries"]
SETS = {
    "first": "The second half of the rules (numbers, drugs, directions, sites) was written after "
    "it; by the first half 35 of the contraries were accepted and 43 of the others, without any "
    "61 and 54.",
    "second": "Judged once: 18 of the contraries were accepted and 40 of the others, without any "
    "of the rules 52 and 56. Three things were mended after it: bounds that were taken for "
    "comparisons, articles before what changes, and words for above, resumed and suspended.",
    "third": "Denials of a finding in a place or thing, whose name is the keyword. Before the "
    "rules for these 7 were accepted, and 12 of the others; with a counter-statement beside the "
    "statement 45 of the 96 were met at all, then 22 when first judged, and 8 after it was looked "
    "at.",
    "fourth": "In any grammar, half of them with the finding as keyword; 7 and 21 before the "
    "rules. With a counter-statement 19 of the 80 were met at all, then 14 when first judged. Four "
    "rows for words behind what they deny were added after it: 8.",
}
WRITTEN = (
    "Written by somebody who had not seen the rules, before anything was judged: statements as "
    "analysts write them, of healthcare and of other fields, each with a text that must not count "
    "as it or that says the same."
)


class Pair(NamedTuple):
    """A reference and a text."""

    kind: str
    """`contrary` or `same`."""
    mechanism: str
    keyword: str
    reference: str
    text: str


def pairs(name: str) -> list[Pair]:
    """Those of one set."""
    with (DATA / f"contraries_{name}.csv").open(encoding="utf-8", newline="") as file:
        return [Pair(**row) for row in csv.DictReader(file)]


def is_accepted(pair: Pair, encoder: Encoder) -> bool:
    """Whether the text is taken for the reference, and nobody would look at it."""
    criterion = {
        "id": "it",
        "title": "It",
        "statements": [pair.reference],
        "keywords": [pair.keyword],
    }
    document = {
        "id": "pair",
        "version": "1.0.0",
        "kind": "criteria",
        "title": "A pair",
        "criteria": [criterion],
        "logic": {"all_of": ["it"]},
    }
    definition = load_definition(yaml.safe_dump(document), "pair.yaml")
    (judgement,) = build_judge(definition, encoder)([pair.text])
    return judgement.decision.value is Verdict.MET and judgement.confidence >= THRESHOLD


def measure() -> list[Row]:
    encoder = load_encoder(ROOT / "build" / "model")
    return [
        row
        for number, (name, how) in enumerate(SETS.items())
        for row in _rows(82 + 2 * number, name, how, encoder)
    ]


def _rows(order: int, name: str, how: str, encoder: Encoder) -> list[Row]:
    found: dict[str, list[bool]] = {}
    by_mechanism: dict[str, list[bool]] = {}
    for pair in pairs(name):
        accepted = is_accepted(pair, encoder)
        found.setdefault(pair.kind, []).append(accepted)
        if pair.kind == "contrary":
            by_mechanism.setdefault(pair.mechanism, []).append(accepted)
    wrong = ", ".join(
        f"{mechanism} {sum(those)} of {len(those)}"
        for mechanism, those in by_mechanism.items()
        if any(those)
    )
    contrary, same = found["contrary"], found["same"]
    return [
        Row(
            order,
            f"Contrary sentences, {name} set: accepted as what they contradict",
            round(sum(contrary) / len(contrary), 3),
            None,
            f"{sum(contrary)} of {len(contrary)}, without a head and at a threshold of "
            f"{THRESHOLD}: {wrong or 'none'}. {WRITTEN} {how}",
            COMMANDS,
        ),
        Row(
            order + 1,
            f"The same in other words, {name} set: accepted",
            round(sum(same) / len(same), 3),
            None,
            f"{sum(same)} of {len(same)}, by the same one statement. A process has many.",
            COMMANDS,
        ),
    ]
