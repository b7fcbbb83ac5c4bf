"""Rows "L33774": decisions on cases written for this table, and on ten public notes.

`l33774_cases.csv`: 20 cases each that a reader finds met, partly met and not met; written before
anything was tuned on them. `dev` was looked at, `held` was measured only. `l33774_further.csv`: 136
more that were measured and then looked at (`dev`), 30 that were written last, measured and never
looked at (`unseen`), and 20 that have all the words and lack a fact (`near`), of which only a wrong
met counts. Engineers wrote the cases and the process, none of them a clinician: cases of other
hands will come out worse. To look at a case is to see what it came out as.

How it is scored: `partly` (and `partial` of the ten notes) is right where the decision is
`undetermined`; `met` and `not_met` where the decision is the same. Nothing else is right: a case
that is not met and comes out undetermined counts as wrong, although a person will see it.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from winnow.judging import build_judge
from winnow.judging.criteria import findings, match
from winnow.judging.text import similarity as sheet
from winnow.models import Verdict
from winnow.ports import Encoder, Judge
from winnow.processes.registry import ProcessRegistry

DATA = Path(__file__).with_name("data")
PROCESSES = Path(__file__).parents[2] / "processes"
SHIPPED = "all three, as shipped"
_MEANT = {"partly": "undetermined", "partial": "undetermined"}


class Case(NamedTuple):
    """A case as a reader finds it."""

    name: str
    split: str
    expected: str
    text: str


class Tally(NamedTuple):
    """Decisions against readings."""

    right: int
    cases: int
    wrong_met: tuple[str, ...]
    wrong_not_met: tuple[str, ...]
    undecided: tuple[str, ...]
    """Met or not met to the reader, undetermined to the judge."""


def written(name: str = "l33774_cases") -> list[Case]:
    """The cases written for this table."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Case(row["id"], row["split"], _MEANT.get(row["expected"], row["expected"]), row["note"])
            for row in csv.DictReader(file)
        ]


def read(data: Path) -> list[Case]:
    """The ten public notes of the measuring data that somebody read."""
    with (data / "notes" / "mtsamples-400.csv").open(encoding="utf-8", newline="") as file:
        notes = {row["note_id"]: row["transcription"] for row in csv.DictReader(file)}
    with (data / "notes" / "mtsamples-l33774-reading.csv").open(encoding="utf-8") as file:
        return [
            Case(
                row["note_id"],
                "notes",
                _MEANT.get(row["reading"], row["reading"]),
                notes[row["note_id"]],
            )
            for row in csv.DictReader(file)
        ]


def judge(encoder: Encoder) -> Judge:
    """The shipped process."""
    return build_judge(ProcessRegistry.from_directory(PROCESSES).find("L33774"), encoder)


def tally(ask: Callable[[Sequence[str]], Sequence[object]], cases: Sequence[Case]) -> Tally:
    """Judge cases and count."""
    found = [
        str(result.decision.value)  # type: ignore[attr-defined]
        for result in ask([case.text for case in cases])
    ]
    pairs = list(zip(cases, found, strict=True))

    def wrong(value: Verdict) -> tuple[str, ...]:
        return tuple(c.name for c, said in pairs if said == value != c.expected)

    return Tally(
        sum(said == case.expected for case, said in pairs),
        len(pairs),
        wrong(Verdict.MET),
        wrong(Verdict.NOT_MET),
        wrong(Verdict.UNDETERMINED),
    )


def unlooked() -> list[Case]:
    """The written cases that were measured and never looked at."""
    further = written("l33774_further")
    return [case for case in [*written(), *further] if case.split in ("held", "unseen")]


def by_silence(ask: Judge, cases: Sequence[Case]) -> tuple[int, int]:
    """Decisions whose confidence is what silence is given: the right ones, and all."""
    silent = 1 - findings.SILENT
    found = zip(cases, ask([case.text for case in cases]), strict=True)
    right = [case.expected == said.decision.value for case, said in found if said.score == silent]
    return sum(right), len(right)


# -- what each part of the similarity is worth ----------------------------------------------------


@contextmanager
def _only(shared: float, *, windows: str) -> Iterator[None]:
    """The similarity rule with one part of it; the constants go back afterwards."""
    was, seen = match.SHARED, sheet.windows
    match.SHARED = shared
    if windows == "none":
        sheet.windows = lambda text, sentences, is_list=(): []
    elif windows == "all":
        sheet.windows = _every_window
    try:
        yield
    finally:
        match.SHARED, sheet.windows = was, seen


def _every_window(
    text: str, sentences: Sequence[tuple[int, int]], is_list: Sequence[bool] = ()
) -> list[tuple[int, int]]:
    """Two and three sentences, whatever they are: what the usual sliding window is."""
    return [
        (sentences[first][0], sentences[last][1])
        for first in range(len(sentences))
        for last in range(first + 1, min(first + 3, len(sentences)))
    ]


def ablation(encoder: Encoder, cases: Sequence[Case]) -> dict[str, Tally]:
    """The same process and thresholds with parts of the rule taken away."""
    ask = judge(encoder)
    variants = {
        "sentence alone (cosine)": (0.0, "none"),
        "sentence and every window of two and three (cosine)": (0.0, "all"),
        "shared words alone": (1.0, "none"),
        "sentence and shared words": (match.SHARED, "none"),
        SHIPPED: (match.SHARED, "shipped"),
    }
    found: dict[str, Tally] = {}
    for name, (shared, windows) in variants.items():
        with _only(shared, windows=windows):
            found[name] = tally(ask, cases)
    return found
