"""Sentences that say the contrary of a reference, or the same in other words.

Each is judged by a process of one criterion without a head, which has the reference for its only
statement: nothing but the rules keeps the two apart. The third and the fourth set have a
counter-statement, too, and some a second statement.
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
    "rules for these 7 were accepted and 45 met at all, 2 and 22 when first judged; of the others "
    "11 were accepted before. It was looked at since.",
    "fourth": "In any grammar, half of them with the finding as keyword. Before the rules 3 were "
    "accepted and 19 met at all, 3 and 14 when first judged; of the others 18 were accepted "
    "before. Rows for words behind what they deny were added after it.",
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
    """One statement; of some two, with "|" between them."""
    text: str
    counter: str = ""
    """The counter-statement, where there is one."""


def pairs(name: str) -> list[Pair]:
    """Those of one set."""
    with (DATA / f"contraries_{name}.csv").open(encoding="utf-8", newline="") as file:
        return [Pair(**row) for row in csv.DictReader(file)]


def confidence_of_met(pair: Pair, encoder: Encoder) -> float:
    """How surely the text is taken for the reference; 0: it is not."""
    criterion = {
        "id": "it",
        "title": "It",
        "statements": pair.reference.split("|"),
        "counter_statements": [pair.counter] if pair.counter else [],
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
    return judgement.confidence if judgement.decision.value is Verdict.MET else 0.0


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
    met: dict[str, int] = {}
    for pair in pairs(name):
        confidence = confidence_of_met(pair, encoder)
        accepted = confidence >= THRESHOLD
        met[pair.kind] = met.get(pair.kind, 0) + (confidence > 0)
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
            f"{THRESHOLD}: {wrong or 'none'}; {met['contrary']} are met at all. {WRITTEN} {how}",
            COMMANDS,
        ),
        Row(
            order + 1,
            f"The same in other words, {name} set: accepted",
            round(sum(same) / len(same), 3),
            None,
            f"{sum(same)} of {len(same)}, by the same process; {met['same']} are met at all. A "
            "real process has more statements.",
            COMMANDS,
        ),
    ]
