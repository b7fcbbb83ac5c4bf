"""Notes that differ in what a word undoes: what is accepted, how sure, and of what kind.

Beside them the public test kit of NegEx and ConText.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from tests.quality import negex, undone
from tests.quality.labelled import DATA, SCREENING_SETS
from tests.quality.notes import PROCESSES, Outcome, judged, read, summary
from tests.quality.row import ROOT, Row
from winnow.judging import build_judge
from winnow.processes.registry import ProcessRegistry
from winnow_encoder import load_encoder
from winnow_train.metrics import expected_calibration_error

COMMANDS = ["python -m tests.quality --only notes"]
WRITTEN = (
    "Written by engineers, no clinician, who had seen neither the definition nor the code; this is "
    "the half that rules, statements and head were made after."
)


def measure() -> list[Row]:
    threshold = ProcessRegistry.from_directory(PROCESSES).find("L33774").threshold
    natural = judged(read(DATA / "notes_natural.csv"), threshold)
    apart = judged(read(DATA / "notes_apart.csv"), threshold)
    wrong_met = [o for o in (*natural, *apart) if o.accepted and not o.right and o.value == "met"]
    scores, mistakes, lost = negex.measure()
    return [
        *_accepted(67, "notes in the styles of clinics", natural, 0.99),
        *_accepted(69, "notes that differ in a word or two", apart, 0.97),
        Row(
            71,
            "L33774, both sets of notes: accepted decisions that are a wrong met",
            float(len(wrong_met)),
            1.0,
            f"Of {len(natural) + len(apart)} notes.",
            COMMANDS,
            at_most=True,
            digits=0,
        ),
        *_screening(),
        *_held(),
        *_calibration(),
        *_undone(),
        Row(
            74,
            "NegEx/ConText test kit: negation, F1",
            scores["negation"].f1,
            0.985,
            f"{len(mistakes)} mistakes of all readings, {lost} phrases not found in one segment. "
            "GenConText itself: 0.981. Half of the kit, which rules were written after.",
            COMMANDS,
        ),
        Row(
            75,
            "NegEx/ConText test kit: historical, F1",
            scores["temporality"].f1,
            0.75,
            "GenConText itself: 0.665. Many of the kit's historical findings stand alone in a line "
            "whose section is not in the kit.",
            COMMANDS,
        ),
    ]


def _screening() -> list[Row]:
    threshold = ProcessRegistry.from_directory(PROCESSES).find("screening-colonoscopy").threshold
    notes = [note for name in SCREENING_SETS for note in read(DATA / "tune" / f"{name}.csv")]
    outcomes = judged(notes, threshold, "screening-colonoscopy")
    accepted = [o for o in outcomes if o.accepted]
    wrong_met = sum(not o.right and o.value == "met" for o in accepted)
    return [
        Row(
            76,
            "screening-colonoscopy, notes it was written after: right among the accepted",
            sum(o.right for o in accepted) / len(accepted) if accepted else None,
            0.97,
            f"{summary(outcomes)}. Statements, readers and head were made after these notes.",
            COMMANDS,
        ),
        Row(
            77,
            "screening-colonoscopy, the same notes: accepted decisions that are a wrong met",
            float(wrong_met),
            2.0,
            f"Of {len(outcomes)} notes; {len(accepted)} accepted.",
            COMMANDS,
            at_most=True,
            digits=0,
        ),
    ]


HELD = (
    "Kept back from those who wrote rules, statements and heads: none was mended after them. They "
    "were measured after each round, and the screening process's threshold was raised after one."
)

SECOND = (
    f"{HELD} Written by an engineer, no clinician, who read the policies otherwise: iron "
    "deficiency with two normal scopes is met, scopes that were not done are not, 75 years is the "
    "greatest age, and a relative's cancer asks for five years. The labels are the writer's."
)


THIRD = (
    f"{HELD} Written by an engineer, no clinician, who had seen the policies and neither the "
    "definitions nor the rules."
)
LAST = (
    "Kept back, and judged once, after the last rule. Written by an engineer, no clinician, from "
    "the policies' plain words; half of the set, by its texts' SHA-256, was looked at."
)
LAST_SCREENING = (
    f"{LAST} It was judged at a threshold of 0.8: of both parts 50 of 80 were accepted, 47 of "
    "these right, 2 wrong met. The threshold was then raised to 0.85."
)
CLAUSES = f"{HELD} A clear case with one clause exchanged, by those who wrote the rules."

_SETS = (
    (78, "L33774", "natural_held", "notes in the styles of clinics, kept back", 0.99, HELD),
    (82, "L33774", "second_natural", "second set of notes, kept back", 0.99, SECOND),
    (86, "L33774", "third_natural", "third set of notes, kept back", 0.99, THIRD),
    (90, "L33774", "apart_held", "notes that differ in a word or two, kept back", 0.97, HELD),
    (94, "L33774", "second_apart", "second set a word apart, kept back", 0.97, SECOND),
    (98, "L33774", "clauses", "cases with one clause exchanged, kept back", 0.97, CLAUSES),
    (102, "screening-colonoscopy", "screening_held", "notes kept back", 0.97, HELD),
    (106, "screening-colonoscopy", "screening_apart_held", "a word apart, kept back", 0.97, HELD),
    (110, "screening-colonoscopy", "second_screening", "second set, kept back", 0.97, SECOND),
    (114, "screening-colonoscopy", "third_screening", "third set, kept back", 0.97, THIRD),
    (122, "L33774", "fourth_natural", "fourth set of notes, kept back", 0.99, LAST),
    (126, "L33774", "fourth_apart", "fourth set a clause apart, kept back", 0.97, LAST),
    (130, "screening-colonoscopy", "fifth_screening", "fifth set, kept back", 0.97, LAST_SCREENING),
    (
        134,
        "screening-colonoscopy",
        "fifth_screening_apart",
        "fifth set a clause apart, kept back",
        0.97,
        LAST_SCREENING,
    ),
)
"""Notes that nothing was made after: order, process, file, name, the goal, how they were made."""


@cache
def _kept_back() -> dict[str, list[Outcome]]:
    registry = ProcessRegistry.from_directory(PROCESSES)
    return {
        file: judged(read(DATA / "held" / f"{file}.csv"), registry.find(process).threshold, process)
        for _, process, file, *_ in _SETS
    }


def _held() -> list[Row]:
    """The halves of the notes that nothing was made after."""
    rows: list[Row] = []
    for order, process, file, name, least, made in _SETS:
        outcomes = _kept_back()[file]
        rows += _accepted(order, name, outcomes, least, process, made)
        if process == "screening-colonoscopy":
            rows.append(
                Row(
                    order + 2,
                    f"{process}, {name}: decisions that are right",
                    sum(o.right for o in outcomes) / len(outcomes),
                    0.85,
                    "The same notes, those that come out undetermined among them.",
                    COMMANDS,
                )
            )
    for order, process in ((118, "L33774"), (119, "screening-colonoscopy")):
        every = [o for _, of, file, *_ in _SETS if of == process for o in _kept_back()[file]]
        rows.append(
            Row(
                order,
                f"{process}, all notes kept back: accepted decisions that are a wrong met",
                float(sum(o.accepted and not o.right and o.value == "met" for o in every)),
                1.0,
                f"Of {len(every)} notes; {sum(o.accepted for o in every)} accepted.",
                COMMANDS,
                at_most=True,
                digits=0,
            )
        )
    return rows


def _calibration() -> list[Row]:
    """How far confidence is from the share of right decisions, on notes that were kept back."""
    rows: list[Row] = []
    for order, process in ((120, "L33774"), (121, "screening-colonoscopy")):
        decided = [
            outcome
            for _, of, file, *_ in _SETS
            if of == process
            for outcome in _kept_back()[file]
            if outcome.value != "undetermined"
        ]
        rows.append(
            Row(
                order,
                f"ECE of {process}'s confidence, notes that are decided, kept back",
                expected_calibration_error(
                    np.array([o.judgement.confidence for o in decided]),
                    np.array([o.right for o in decided]),
                ),
                0.05,
                f"{len(decided)} notes of all sets that were kept back, 15 bins.",
                COMMANDS,
                at_most=True,
            )
        )
    return rows


def _accepted(
    order: int,
    name: str,
    outcomes: Sequence[Outcome],
    least: float,
    process: str = "L33774",
    made: str = WRITTEN,
) -> list[Row]:
    accepted = [outcome for outcome in outcomes if outcome.accepted]
    right = sum(outcome.right for outcome in accepted)
    return [
        Row(
            order,
            f"{process}, {name}: right among the accepted",
            right / len(accepted) if accepted else None,
            least,
            f"{summary(outcomes)}. {made}",
            COMMANDS,
        ),
        Row(
            order + 1,
            f"{process}, {name}: accepted",
            len(accepted) / len(outcomes),
            0.65 if least == 0.99 else 0.5,
            "The same notes.",
            COMMANDS,
        ),
    ]


def _undone() -> list[Row]:
    judge = build_judge(
        ProcessRegistry.from_directory(PROCESSES).find("L33774"),
        load_encoder(ROOT / "build" / "model"),
    )
    cases = undone.variants()
    pairs = list(zip(cases, undone.met(judge, cases), strict=True))
    said = [is_met for case, is_met in pairs if not case.is_undone]
    return [
        Row(
            73,
            "L33774, a clear case with one criterion undone: met all the same",
            float(sum(is_met for case, is_met in pairs if case.is_undone)),
            0.0,
            f"Of {len(pairs) - len(said)}; of {len(said)} that say the criterion in other words "
            f"{sum(said)} are met. Written by those who wrote the rules, who mended what was met.",
            COMMANDS,
            at_most=True,
            digits=0,
        )
    ]
