"""Judge labelled notes by a process and list the mistakes: `python -m tests.quality.notes FILE...`.

A file is a CSV with the columns `note` and `decision`. Without a file: the notes of this folder
that were written for L33774 by people who saw neither the definition nor the code.

A mistake is shown with the criterion at fault: a member of the decision's `because`, its evidence,
and what was compared. With `--undetermined`, so are the notes that a reader decides and the
judge does not.
"""

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.quality.row import ROOT
from winnow.judging import build_judge
from winnow.models import CriteriaDecision, Judgement
from winnow.processes.registry import ProcessRegistry
from winnow_encoder import load_encoder

PROCESSES = ROOT / "processes"


class Note(NamedTuple):
    """A note as a reader finds it."""

    name: str
    decision: str
    text: str
    fields: Mapping[str, str]


class Outcome(NamedTuple):
    """A note, and what became of it."""

    note: Note
    judgement: Judgement
    accepted: bool

    @property
    def value(self) -> str:
        return str(self.judgement.decision.value)

    @property
    def right(self) -> bool:
        return self.value == self.note.decision


def read(path: Path) -> list[Note]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Note(row.get("id") or row.get("case_id") or "", _meant(row), row["note"], row)
            for row in csv.DictReader(file)
        ]


def _meant(row: dict[str, str]) -> str:
    decision = row.get("decision") or row["expected"]
    return "undetermined" if decision in ("partly", "partial") else decision


def judged(notes: Sequence[Note], threshold: float, process: str = "L33774") -> list[Outcome]:
    """The notes, judged as they are shipped."""
    registry = ProcessRegistry.from_directory(PROCESSES)
    encoder = load_encoder(ROOT / "build" / "model")
    judge = build_judge(registry.find(process), encoder, registry.heads.get(process))
    judgements = judge([note.text for note in notes], [note.fields for note in notes])
    return [
        Outcome(
            note,
            judgement,
            judgement.decision.value != "undetermined" and judgement.confidence >= threshold,
        )
        for note, judgement in zip(notes, judgements, strict=True)
    ]


def summary(outcomes: Sequence[Outcome]) -> str:
    """Counts on one line."""
    accepted = [outcome for outcome in outcomes if outcome.accepted]
    right = sum(outcome.right for outcome in accepted)
    wrong = {
        value: sum(not o.right and o.value == value for o in accepted)
        for value in ("met", "not_met")
    }
    silent = sum(o.value == "undetermined" and not o.right for o in outcomes)
    return (
        f"{len(outcomes)} notes: right {_share(sum(o.right for o in outcomes), len(outcomes))}; "
        f"accepted {_share(len(accepted), len(outcomes))}, right {_share(right, len(accepted))}, "
        f"wrong met {wrong['met']}, wrong not_met {wrong['not_met']}; "
        f"left undetermined {silent}"
    )


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.3f})" if whole else "0"


def explained(outcome: Outcome, *, every: bool) -> Iterator[str]:
    """A note, its criteria and their evidence."""
    yield (
        f"\n== {outcome.note.name}: {outcome.value} {outcome.judgement.confidence:.2f}"
        f"{' ACCEPTED' if outcome.accepted else ''}, is {outcome.note.decision}"
    )
    yield outcome.note.text
    decision = outcome.judgement.decision
    assert isinstance(decision, CriteriaDecision)
    for finding in decision.criteria:
        if not every and finding.id not in decision.because:
            continue
        yield f"  {finding.id} {finding.verdict} {finding.score}"
        for evidence in finding.evidence:
            yield (
                f"    {evidence.polarity} {evidence.similarity:.2f} [{evidence.text}] ~ "
                f"[{evidence.reference}] {','.join(evidence.context)}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--process", default="L33774")
    parser.add_argument("--undetermined", action="store_true")
    parser.add_argument("--every", action="store_true", help="show all criteria")
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args()
    sets = {path: read(path) for path in options.files}
    outcomes = judged(
        [note for notes in sets.values() for note in notes], options.threshold, options.process
    )
    rest = iter(outcomes)
    for path, notes in sets.items():
        found = [next(rest) for _ in notes]
        print(f"{path.stem}: {summary(found)}")
        if options.quiet:
            continue
        for outcome in sorted(found, key=lambda o: (not o.accepted, o.value)):
            if outcome.right or (outcome.value == "undetermined" and not options.undetermined):
                continue
            print("\n".join(explained(outcome, every=options.every)))


if __name__ == "__main__":
    main()
