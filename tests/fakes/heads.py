"""Small heads, trained in a moment on the fake encoder's vectors."""

import csv
import random
from pathlib import Path

from tests.fakes.encoder import FakeEncoder
from winnow.heads.card import HeadFiles
from winnow.processes.registry import ProcessRegistry
from winnow_train.data import read_labelled
from winnow_train.train import train, write

WORDS = {
    "card": ["card", "plastic", "chip", "pin", "contactless"],
    "loan": ["loan", "mortgage", "interest", "repay", "borrow"],
    "app": ["app", "screen", "login", "button", "update"],
}
PROCESS = """\
# A comment that tuning must keep.
id: bank
version: 1.2.3
kind: labels
title: Bank
threshold: 0.7   # to be tuned
labels:
  - {id: card}
  - {id: loan, title: A loan}
  - {id: app}
"""
KNEE = """\
id: knee
version: 1.0.0
kind: criteria
title: Knee
input: {text_columns: [note]}
threshold: 0.7
criteria:
  - id: pain
    title: Pain of the knee
    statements: [The knee hurts.]
    counter_statements: [The knee is comfortable.]
    keywords: [knee]
  - id: therapy
    title: Therapy tried
    statements: [Physiotherapy was tried.]
    counter_statements: [Physiotherapy is impossible.]
    keywords: [physiotherapy]
logic: {all_of: [pain, therapy]}
"""
FILLERS = ["my", "the", "please", "with", "help", "today", "is", "new"]


def rows(count: int, seed: int = 0, noise: float = 0.1) -> list[tuple[str, str, str]]:
    """Text, label and branch of made-up records; a share `noise` has a wrong label."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        label = draw.choice(list(WORDS))
        text = " ".join([*draw.choices(WORDS[label], k=2), *draw.choices(FILLERS, k=4)])
        named = draw.choice(list(WORDS)) if draw.random() < noise else label
        made.append((text, named, draw.choice(["north", "south"])))
    return made


def write_rows(path: Path, made: list[tuple[str, str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "branch"])
        writer.writerows(made)
    return path


def with_scope(head: HeadFiles, limit: float) -> HeadFiles:
    """A head whose scope ends at another novelty."""
    card, arrays = head.checked()
    assert card.scope is not None
    scope = card.scope.model_copy(update={"threshold": limit})
    card = card.model_copy(update={"scope": scope})
    return HeadFiles.of(card.model_dump_json().encode(), arrays)


def trained(folder: Path, count: int = 240, noise: float = 0.1) -> ProcessRegistry:
    """A book of one process with its head, in a folder."""
    file = folder / "bank.yaml"
    file.write_text(PROCESS, encoding="utf-8")
    definition = ProcessRegistry.from_directory(folder).find("bank")
    data = read_labelled(
        write_rows(folder / "train.csv", rows(count, noise=noise)), definition, "label"
    )
    fitted = train(
        definition, data, FakeEncoder(), label_column="label", text_column="text",
        created="2024-01-01T00:00:00+00:00",
    )  # fmt: skip
    write(fitted, file, "bank")
    return ProcessRegistry.from_directory(folder)
