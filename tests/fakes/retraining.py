"""A champion trained on rows of a file, and reviews of records that came later."""

import random
from functools import cache

from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import FILLERS, PROCESS, WORDS
from winnow.heads.card import HeadFiles
from winnow.processes.loader import load_definition
from winnow.registry.training_rows import RowSource, TrainingRow
from winnow.reviews.models import Kind
from winnow_train.reviews import Reviews
from winnow_train.train import train
from winnow_train.training_set import Champion, labelled_data

CREATED = "2026-01-01T00:00:00+00:00"
LATER = "2026-02-01T00:00:00+00:00"
LABELS = tuple(WORDS)
NEW_WORDS = {
    "card": ["magstripe", "blocked", "wallet"],
    "loan": ["credit", "instalment", "debt"],
    "app": ["crash", "notification", "biometric"],
}
"""What people say since the champion was trained."""


def text_of(label: str, draw: random.Random, words: dict[str, list[str]]) -> str:
    number = draw.randrange(10_000)
    return " ".join([*draw.choices(words[label], k=2), *draw.choices(FILLERS, k=4), f"no{number}"])


def file_rows(count: int = 120, seed: int = 0) -> tuple[TrainingRow, ...]:
    draw = random.Random(seed)
    labels = [LABELS[i % 3] for i in range(count)]
    return tuple(
        TrainingRow(id=f"bank.csv row {i}", text=text_of(label, draw, WORDS), label=label)
        for i, label in enumerate(labels, 1)
    )


def review(number: int, text: str, label: str, upload: str = "u", **changes: object) -> TrainingRow:
    return TrainingRow.model_validate(
        {
            "id": f"{upload}-{number}",
            "text": text,
            "label": label,
            "source": RowSource(upload=upload, record=number),
            "kind": Kind.REVIEW,
            "code": "low_confidence",
            **changes,
        }
    )


def reviewed(
    count: int = 150,
    seed: int = 1,
    words: dict[str, list[str]] | None = None,
    upload: str = "u",
    noise: float = 0.0,
) -> tuple[TrainingRow, ...]:
    """Reviewed records; every fifth is of the audit sample, and every third blind."""
    draw = random.Random(seed)
    rows = []
    for number in range(1, count + 1):
        label = LABELS[number % 3]
        text = text_of(label, draw, words or NEW_WORDS)
        given = draw.choice(LABELS) if draw.random() < noise else label
        audit = number % 5 == 0
        rows.append(
            review(
                number,
                text,
                given,
                upload,
                kind=Kind.AUDIT if audit else Kind.REVIEW,
                code=None if audit else "low_confidence",
                weight=10.0 if audit else 1.0,
                blind=number % 3 == 0,
            )
        )
    return tuple(rows)


def reviews_of(rows: tuple[TrainingRow, ...], **counts: int) -> Reviews:
    known = {"earlier": 0, "cannot_tell": 0, "results_gone": 0, "erased": 0, "taken_back": 0}
    return Reviews(rows=rows, **(known | counts))


@cache
def champion(text: str = PROCESS, count: int = 120) -> Champion:
    """A version with a head that was trained on rows of a file."""
    definition = load_definition(text, "bank.yaml")
    rows = file_rows(count)
    fitted = train(
        definition, labelled_data(definition, rows, "bank.csv"), FakeEncoder(),
        label_column="label", text_column="text", created=CREATED,
    )  # fmt: skip
    card = (fitted.card.model_dump_json(indent=1) + "\n").encode()
    return Champion(
        sha256="c" * 64,
        text=text,
        definition=definition,
        head=HeadFiles.of(card, fitted.arrays),
        training=fitted.training,
        rows=rows,
        files=("bank.csv",),
    )
