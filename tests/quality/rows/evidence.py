"""Evidence that is not fooled: contexts of mentions, and decisions by L33774."""

import statistics
import time
from collections.abc import Sequence

from tests.bench.corpus import cases as made_cases
from tests.quality import context, l33774
from tests.quality.row import ROOT, Row, data_folder
from winnow.judging import segments
from winnow_use import load_encoder

ROUNDS = 5
RECORDS = 1_000
COMMANDS = ["python -m tests.quality --only evidence"]


def measure() -> list[Row]:
    encoder = load_encoder(ROOT / "build" / "model")
    data = data_folder()
    sentences = context.shares(context.sentences())
    notes = context.shares(context.notes(data))
    judge = l33774.judge(encoder)
    written, read = l33774.written(), l33774.read(data)
    every = l33774.tally(judge, [*written, *read])
    parts = {
        "looked at": [case for case in written if case.split == "dev"],
        "held out": [case for case in written if case.split == "held"],
        "public notes": read,
    }
    tallies = {name: l33774.tally(judge, cases) for name, cases in parts.items()}
    told = "; ".join(
        f"{name} {t.right} of {t.cases} ({len(t.wrong_not_met)} wrong not_met, "
        f"{len(t.undecided)} left undetermined)"
        for name, t in tallies.items()
    )
    ablation = l33774.ablation(encoder, [*written, *l33774.written("l33774_further"), *read])
    worth = "; ".join(
        f"{name} {t.right} right, {len(t.wrong_met)} wrong met" for name, t in ablation.items()
    )
    shipped = ablation["all three, as shipped"]
    ratio = _ratio(encoder, judge)
    return [
        Row(
            60,
            "Negation and subject: 200 sentences and those found in public notes",
            _share([*sentences.values(), *notes.values()]),
            0.95,
            f"Sentences: {_told(sentences)}. Notes: {_told(notes)}, read by the engineer who wrote "
            "the rules. `dev` was looked at while the cues were written, `held` was not. The "
            "sentences and the cues are of one hand: the notes, whose wording is not ours, are the "
            "better measure; before the cues were changed after them, the three samples of notes "
            "came out at 0.91, 0.90 and 0.83, and the fourth, `held`, at 0.95.",
            COMMANDS,
        ),
        Row(
            61,
            "L33774, 60 written cases and ten public notes: decisions that are a wrong met",
            float(len(every.wrong_met)),
            0.0,
            "None of the records that a reader found partly met or not met.",
            COMMANDS,
            at_most=True,
            digits=0,
        ),
        Row(
            62,
            "L33774, 60 written cases and ten public notes: decisions that are right",
            every.right / every.cases,
            0.90,
            f"{told}. `partly` is right as `undetermined`; a case that is not met and comes out "
            "undetermined counts as wrong. One engineer, no clinician, wrote cases and process.",
            COMMANDS,
        ),
        Row(
            63,
            "L33774, held-out half of the written cases: decisions that are right",
            tallies["held out"].right / tallies["held out"].cases,
            None,
            f"Only measured, never looked at. {len(tallies['held out'].wrong_met)} wrong met.",
            COMMANDS,
        ),
        Row(
            64,
            "L33774, the similarity rule against its parts: right with the whole rule",
            shipped.right / shipped.cases,
            None,
            f"Of {shipped.cases} (the same and 24 more that were looked at), with the same "
            f"thresholds: {worth}.",
            COMMANDS,
        ),
        Row(
            81,
            "Judging by L33774: its time over that of encoding alone",
            ratio,
            2.0,
            f"{RECORDS:,} made-up notes of three to six sentences, median of {ROUNDS} rounds.",
            COMMANDS,
            at_most=True,
            digits=2,
        ),
    ]


def _share(pairs: Sequence[tuple[int, int]]) -> float:
    return sum(right for right, _ in pairs) / sum(cases for _, cases in pairs)


def _told(shares: dict[str, tuple[int, int]]) -> str:
    return ", ".join(f"{name} {right} of {cases}" for name, (right, cases) in shares.items())


def _ratio(encoder: l33774.Encoder, judge: l33774.Judge) -> float:
    texts = [text for _, text in made_cases(RECORDS)]
    sentences = list(dict.fromkeys(s.text for text in texts for s in segments.split(text)))
    ratios: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        encoder(sentences)
        alone = time.perf_counter() - started
        started = time.perf_counter()
        judge(texts)
        ratios.append((time.perf_counter() - started) / alone)
    return statistics.median(ratios)
