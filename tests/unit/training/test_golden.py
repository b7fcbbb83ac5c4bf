"""The golden set of a version that may have been trained on it elsewhere."""

import random
from pathlib import Path

import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import PROCESS, rows, trained
from tests.fakes.registry import AT, MemoryRegistry
from tests.fakes.store import MemoryStore
from winnow.heads.card import TRAINING, HeadFiles
from winnow.judging import build_judge
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.registry.models import ModelVersion
from winnow.registry.publish import Draft, Models, publish
from winnow.registry.training_rows import TrainingRow
from winnow.releases.golden import judge_golden
from winnow_train.golden import unseen

COUNT = 90


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ProcessRegistry]:
    folder = tmp_path_factory.mktemp("golden")
    return folder, trained(folder, COUNT)


def golden(texts: list[tuple[str, str]]) -> list[TrainingRow]:
    return [
        TrainingRow(id=str(number), text=text, label=label, held_out=True)
        for number, (text, label) in enumerate(texts)
    ]


def version_of(
    store: MemoryStore, head: HeadFiles | None, training: bytes | None, text: str = PROCESS
) -> ModelVersion:
    definition = load_definition(text, "bank.yaml")
    draft = Draft(text, definition, head, training=training)
    return publish(draft, Models(MemoryRegistry(), store, "models"), "ann", AT)


@pytest.mark.parametrize("shared", [0, 1, 40, COUNT])
def test_rows_that_a_version_was_trained_on_are_left_out(
    book: tuple[Path, ProcessRegistry], shared: int
) -> None:
    folder, made = book
    store = MemoryStore()
    training = (folder / "bank.head" / TRAINING).read_bytes()
    version = version_of(store, made.heads["bank"], training)
    learned = [(text, label) for text, label, _ in rows(COUNT)]
    new = [(f"{text} and more of it", label) for text, label, _ in rows(30, seed=8)]
    given = [*learned[:shared], *new]
    random.Random(1).shuffle(given)
    left = unseen(version, load_definition(PROCESS, "bank.yaml"), golden(given), store)
    assert [row.text for row in left.rows] == [
        text for text, label in given if (text, label) in new
    ]
    assert (left.seen, left.known) == (shared, True)


@pytest.mark.parametrize("behind", ["", " ", ".", "\r\n", " a", " of"])
def test_near_copies_of_what_it_was_trained_on_are_left_out(
    book: tuple[Path, ProcessRegistry], behind: str
) -> None:
    folder, made = book
    store = MemoryStore()
    training = (folder / "bank.head" / TRAINING).read_bytes()
    version = version_of(store, made.heads["bank"], training)
    given = golden([(text + behind, label) for text, label, _ in rows(COUNT)])
    left = unseen(version, load_definition(PROCESS, "bank.yaml"), given, store)
    assert left.seen == COUNT


def test_without_its_training_it_is_not_known(book: tuple[Path, ProcessRegistry]) -> None:
    store = MemoryStore()
    version = version_of(store, book[1].heads["bank"], None)
    given = golden([(text, label) for text, label, _ in rows(COUNT)])
    left = unseen(version, load_definition(PROCESS, "bank.yaml"), given, store)
    assert (len(left.rows), left.seen, left.known) == (COUNT, 0, False)


def test_a_version_without_a_head_was_trained_on_nothing() -> None:
    text = PROCESS.replace("{id: card}", "{id: card, examples: [My card.]}")
    text = text.replace("title: A loan", "examples: [A loan.]")
    text = text.replace("{id: app}", "{id: app, examples: [The app.]}")
    store = MemoryStore()
    version = version_of(store, None, None, text)
    given = golden([("My card.", "card")])
    left = unseen(version, load_definition(text, "bank.yaml"), given, store)
    assert (left.rows, left.seen, left.known) == (tuple(given), 0, True)


@pytest.mark.parametrize(
    ("seen", "known", "said"),
    [
        (0, True, None),
        (12, True, "12 rows that it was trained on are left out."),
        (0, False, "it looks better than it is"),
    ],
)
def test_people_are_told_what_is_left_out(
    book: tuple[Path, ProcessRegistry], seen: int, known: bool, said: str | None
) -> None:
    judge = build_judge(book[1].find("bank"), FakeEncoder(), book[1].heads["bank"])
    version = version_of(MemoryStore(), book[1].heads["bank"], None)
    found = judge_golden(
        version,
        lambda given: judge([row.text for row in given], [{} for _ in given]),
        golden([(text, label) for text, label, _ in rows(20, seed=4)]),
        0.9,
        None,
    ).model_copy(update={"seen": seen, "seen_known": known})
    assert found.sentence.startswith("Of 20 labelled rows it accepts ")
    assert said is None or said in found.sentence
    assert ("left out" in found.sentence) is bool(seen)
    assert ("looks better" in found.sentence) is not known


def test_where_all_were_seen_there_is_no_golden_set(book: tuple[Path, ProcessRegistry]) -> None:
    version = version_of(MemoryStore(), book[1].heads["bank"], None)
    found = judge_golden(version, lambda _: [], [], 0.9, None).model_copy(update={"seen": 40})
    assert "no golden set" in found.sentence
    assert "40" in found.sentence
    assert not found.broken
