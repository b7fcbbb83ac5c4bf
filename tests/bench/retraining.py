"""Retraining: `python -m tests.bench.retraining` prints JSON.

A generated set of 15,000 rows and 150 labels: a champion knows 10,000 of them, and people have
decided 5,000. Timed is what `winnow retrain` does from there to an evaluated challenger, with the
model that ships. Its peer is scikit-learn: one fit of the same classifier on the same rows. How
often that goes into a training does not depend on the machine. `before` is the same training as it
was: C chosen anew among two, one fold after the other in one process.

`python -m tests.bench.retraining 8000 50 --memory` prints what a training takes with one process
for the folds, for the rule in `winnow_train.size`: seconds of the processor, and the peak of its
memory. The process does nothing else; another one has made the champion.
"""

import json
import multiprocessing
import random
import re
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from winnow.heads.card import HeadFiles
from winnow.ports import Encoder
from winnow.processes.loader import load_definition
from winnow.registry.training_rows import RowSource, TrainingRow
from winnow.reviews.models import Kind
from winnow_encoder import load_encoder
from winnow_train import fit
from winnow_train.near_copies import near_copies
from winnow_train.retrain import retrain
from winnow_train.reviews import Reviews
from winnow_train.train import Settings, train
from winnow_train.training_set import Champion, labelled_data

ROOT = Path(__file__).parents[2]
ROWS, REVIEWED, LABELS = 15_000, 5_000, 150
CREATED = "2026-01-01T00:00:00+00:00"
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er")]
_COMMON = re.findall(
    r"\w+",
    "please can you tell me how long it takes why is my the a still not there yet today again I "
    "want to need help with this what should do when was and but since last week",
)


def generated(rows: int = ROWS, labels: int = LABELS, seed: int = 0) -> list[tuple[str, str]]:
    """Texts with their labels: words of the label, of its neighbours, and common ones."""
    draw = random.Random(seed)
    words = [
        ["".join(draw.choices(_SYLLABLES, k=draw.randint(2, 3))) for _ in range(12)]
        for _ in range(labels)
    ]
    made = []
    for number in range(rows):
        label = number % labels
        own = draw.choices(words[label], k=draw.randint(1, 4))
        near = draw.choices(words[(label + draw.choice((-1, 1))) % labels], k=draw.randint(0, 1))
        text = [*own, *near, *draw.choices(_COMMON, k=draw.randint(5, 12))]
        draw.shuffle(text)
        made.append((" ".join(text), f"label{label}"))
    draw.shuffle(made)
    return made


def rows_of(made: Sequence[tuple[str, str]]) -> tuple[tuple[TrainingRow, ...], Reviews]:
    """What the champion knows, and what people decided."""
    known = len(made) * (ROWS - REVIEWED) // ROWS
    files = [
        TrainingRow(id=f"row {number}", text=text, label=label)
        for number, (text, label) in enumerate(made[:known], 1)
    ]
    reviewed = [
        TrainingRow(
            id=f"u-{number}",
            text=text,
            label=label,
            weight=1.0 if number % 10 else 50.0,
            source=RowSource(upload="u", record=number),
            kind=Kind.REVIEW if number % 10 else Kind.AUDIT,
            code="low_confidence" if number % 10 else None,
        )
        for number, (text, label) in enumerate(made[known:], 1)
    ]
    return tuple(files), Reviews(tuple(reviewed), 0, 0, 0, 0, 0)


class Spent(NamedTuple):
    """Seconds of the clock, and of the processors with those of children."""

    wall: float
    cpu: float


def now() -> Spent:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Spent(time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used))


def since(start: Spent) -> dict[str, float]:
    end = now()
    return {"wall_s": round(end.wall - start.wall, 1), "cpu_s": round(end.cpu - start.cpu, 1)}


class Made(NamedTuple):
    """What a champion is made of, to be sent from one process to another."""

    text: str
    card: bytes
    arrays: bytes
    training: Any


def made_of(rows: tuple[TrainingRow, ...], encoder: Encoder) -> Made:
    labels = sorted({row.label for row in rows})
    text = "id: made\nversion: 1.0.0\nkind: labels\ntitle: Made\nthreshold: 0.7\nlabels:\n"
    text += "".join(f"  - {{id: {label}}}\n" for label in labels)
    definition = load_definition(text, "made.yaml")
    fitted = train(
        definition, labelled_data(definition, rows, "made.csv"), encoder, label_column="label",
        text_column="text", created=CREATED, settings=Settings(strengths=(1.0,), workers=2),
    )  # fmt: skip
    return Made(text, fitted.card.model_dump_json().encode(), fitted.arrays, fitted.training)


def champion_of(made: Made, rows: tuple[TrainingRow, ...]) -> Champion:
    definition = load_definition(made.text, "made.yaml")
    head = HeadFiles.of(made.card, made.arrays)
    return Champion("c" * 64, made.text, definition, head, made.training, rows, ("made.csv",))


def measure(rows: int = ROWS, labels: int = LABELS, *, before: bool = True) -> dict[str, Any]:
    """Times of a training and of its peer; `before` takes several times as long."""
    encoder = load_encoder(ROOT / "build" / "model")
    files, reviews = rows_of(generated(rows, labels))
    champion = champion_of(made_of(files, encoder), files)
    start = now()
    made = retrain(
        champion, reviews, encoder, created=CREATED, workers=2,
        report=lambda line: print(line, file=sys.stderr),
    )  # fmt: skip
    found: dict[str, Any] = {
        "rows": rows,
        "labels": labels,
        "retrain": since(start),
        "accuracy": round(made.contest.challenger.accuracy, 4),
        "cross_validated": made.challenger.fitted.card.metrics.accuracy_by_c,
    }
    trained = [row for row in made.prepared.rows if not row.held_out]
    found["one_fit"] = one_fit(trained, encoder)
    if before:
        start = now()
        weights = np.array([min(row.weight, 20.0) for row in trained])
        settings = Settings(weights=weights, groups=near_copies([row.text for row in trained]))
        old = train(
            champion.definition, labelled_data(champion.definition, trained, "made.csv"), encoder,
            label_column="label", text_column="text", created=CREATED, settings=settings,
        )  # fmt: skip
        found["before"] = {**since(start), "cross_validated": old.card.metrics.accuracy_by_c}
    one = found["one_fit"]["cpu_s"]
    found["fits"] = round(found["retrain"]["cpu_s"] / one, 1)
    if before:
        found["fits_before"] = round(found["before"]["cpu_s"] / one, 1)
    return found


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def made_elsewhere(rows: int, labels: int) -> Made:
    """For a process of its own: what it takes is not counted."""
    files, _ = rows_of(generated(rows, labels))
    return made_of(files, load_encoder(ROOT / "build" / "model"))


def measure_memory(rows: int, labels: int) -> dict[str, Any]:
    """What `winnow_train.size` estimates: of one process, without `before` and the peer."""
    alone = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=alone) as other:
        made = other.submit(made_elsewhere, rows, labels).result()
    files, reviews = rows_of(generated(rows, labels))
    champion = champion_of(made, files)
    encoder = load_encoder(ROOT / "build" / "model")
    encoder(["The first one loads the engine."])
    begun, start = peak_mb(), now()
    retrain(champion, reviews, encoder, created=CREATED, workers=1)
    spent = {"rows": rows, "labels": labels, **since(start)}
    return {**spent, "start_mb": round(begun), "over_the_start_mb": round(peak_mb() - begun)}


def one_fit(rows: Sequence[TrainingRow], encoder: Encoder) -> dict[str, float]:
    """scikit-learn's classifier on all rows, their features made before."""
    from sklearn.svm import LinearSVC

    from winnow.judging.text.vectors import encode_segments

    labels = tuple(sorted({row.label for row in rows}))
    texts = tuple(row.text for row in rows)
    material = fit.Material(
        labels=labels,
        known=np.array([labels.index(row.label) for row in rows], np.intp),
        texts=texts,
        vectors=encode_segments(texts, encoder).text_vectors()[0],
        numbers=np.zeros((len(rows), 0)),
    )
    features = fit.features_of(material)
    start = now()
    LinearSVC(C=1.0, random_state=0).fit(features, material.known)
    return since(start)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    if "--memory" in sys.argv:
        print(json.dumps(measure_memory(*numbers[:2])))
    else:
        print(json.dumps(measure(*numbers[:2], before="--before" in sys.argv)))
