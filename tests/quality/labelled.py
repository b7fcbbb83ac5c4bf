"""All labelled notes of L33774 in one table: `python -m tests.quality.labelled [OUT.csv]`.

It writes samples/prior-auth-labelled.csv. The head that ships is trained on that file:

    python -m tests.quality.labelled
    winnow train --process L33774 --data samples/prior-auth-labelled.csv --label-column decision
    winnow tune --process L33774 --data samples/prior-auth-labelled.csv --label-column decision

The precision asked for is 0.97.

`notes_natural.csv` (in the styles of clinics) and `notes_apart.csv` (four versions of a note that
differ in a word or two) were written for this by engineers who had seen neither the definition nor
the code; they are the halves that rules were written after. `notes_fresh_natural.csv` and
`notes_fresh_apart.csv` were written by those who write the rules, each note's decision before it
was judged, in two rounds: the first judging of each was an estimate, then rules were mended after
them. The others are those of the L33774
rows. Near misses are left out: of these it is known only that they are not met.

samples/screening-labelled.csv has the notes of screening-colonoscopy, each with its day. Its head
is trained and tuned in the same way, at the same precision. `screening_tune.csv` and
`screening_apart_tune.csv` were written by engineers who had seen the policy and neither definition
nor code, and are the half that statements were written after; `screening_own.csv` and
`screening_own_second.csv` by those who wrote the statements, each decision before its note was
judged.

`notes_second_natural.csv`, `notes_second_apart.csv` and `screening_second.csv` are half of a second
set, by a writer who had seen neither definition nor code, and who read the policies otherwise: any
iron deficiency with two normal scopes as met, scopes that were not done as not met, 75 years as the
greatest age, five years after a relative's cancer. Where the shipped definitions decide otherwise,
`decision` is theirs and `writer` the writer's. They were judged before anything was made after
them; the other half was kept back.

`notes_third_natural.csv` and `screening_third.csv` are half of a third set, by an engineer who had
seen the policies and neither definitions nor rules. They were judged before anything was made after
them; the other half was kept back. `screening_fourth.csv` is by the same writer, who had by then
written rules, each decision before its note was judged.

`notes_fourth_natural.csv`, `notes_fourth_apart.csv`, `screening_fifth.csv` and
`screening_fifth_apart.csv` are half of a last set, by an engineer who had read the policies in
plain words (descriptions, logic, titles of the criteria) and neither statements nor keywords nor
code. The notes of the `apart` files come in pairs that differ in a clause; a pair is in one half.
The halves are by the order of the texts' SHA-256. `held/` has the other halves: `fourth_*` and
`fifth_screening*`.

`notes_clauses.csv` is a clear case with one clause exchanged: 112 in the ways of clinics, and 79
that undo a denial, a normal value or a source that was found. By those who write the rules, each
decision before it was judged. Rules were mended after them; another 111 were measured only.
"""

import csv
import sys
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).with_name("data")
SAMPLE = Path(__file__).parents[2] / "samples" / "prior-auth-labelled.csv"
SETS = (
    "notes_natural",
    "notes_apart",
    "notes_fresh_natural",
    "notes_fresh_apart",
    "notes_second_natural",
    "notes_second_apart",
    "notes_third_natural",
    "notes_fourth_natural",
    "notes_fourth_apart",
    "notes_clauses",
    "l33774_cases",
    "l33774_further",
)
MEANT = {"partly": "undetermined", "partial": "undetermined"}


SCREENING = SAMPLE.with_name("screening-labelled.csv")
SCREENING_SETS = (
    "screening_tune",
    "screening_apart_tune",
    "screening_own",
    "screening_own_second",
    "screening_second",
    "screening_third",
    "screening_fourth",
    "screening_fifth",
    "screening_fifth_apart",
)


class LabelledNote(NamedTuple):
    """A note with the decision that a reader makes."""

    id: str
    set: str
    note: str
    decision: str


def labelled() -> list[LabelledNote]:
    """The notes of all sets."""
    notes: list[LabelledNote] = []
    for name in SETS:
        with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("split") != "near":
                    decision = row.get("decision") or row["expected"]
                    decision = MEANT.get(decision, decision)
                    notes.append(LabelledNote(row["id"], name, row["note"], decision))
    return notes


class DatedNote(NamedTuple):
    """A labelled note, and the day on which it was written."""

    id: str
    set: str
    record_date: str
    note: str
    decision: str


def screening() -> list[DatedNote]:
    """The notes of screening-colonoscopy, of all sets."""
    notes: list[DatedNote] = []
    for name in SCREENING_SETS:
        with (DATA / "tune" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            notes += [
                DatedNote(row["id"], name, row["record_date"], row["note"], row["decision"])
                for row in csv.DictReader(file)
            ]
    return notes


def write_screening(path: Path) -> None:
    """Write the notes of screening-colonoscopy."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(DatedNote._fields)
        writer.writerows(screening())


def main(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(LabelledNote._fields)
        writer.writerows(labelled())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)
    if len(sys.argv) == 1:
        write_screening(SCREENING)
