"""Rows that a head knows are never taken for new ones, and it vouches for its definition alone."""

import hashlib
import io
import json
import random
import string
import subprocess
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import KNEE
from tests.fakes.heads import rows as bank_rows
from tests.fakes.picture_encoder import FakePictureEncoder
from tests.fakes.registry import MemoryRegistry
from tests.fakes.store import MemoryStore
from winnow.errors import HeadInvalidError, PublishInvalidError, TrainingDataError
from winnow.heads.card import HeadFiles
from winnow.judging import build_judge
from winnow.models import ModelInfo
from winnow.processes.loader import load_definition
from winnow.processes.schema import ProcessDefinition
from winnow.registry.publish import Draft, Models, publish
from winnow_train.baseline import other_version
from winnow_train.data import LabelledData, LabelledPicture, LabelledRow
from winnow_train.decisions import decide
from winnow_train.html_report import page
from winnow_train.measure import compare, evaluate
from winnow_train.stored import read_training
from winnow_train.train import train, write
from winnow_train.tune import TuningGoal, tune

COIN = """\
id: coin
version: 1.0.0
kind: labels
title: Labels that no text tells
threshold: 0.7
labels:
  - {id: heads}
  - {id: tails}
"""
WORDS = [f"w{number:03}" for number in range(400)]
Change = Callable[[str], str]


def note(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=60)) + " café"


def data(made: list[tuple[str, str]], sha256: str = "1" * 64) -> LabelledData:
    found = [
        LabelledRow(number, text, {}, label, label) for number, (text, label) in enumerate(made, 1)
    ]
    return LabelledData("f.csv", sha256, tuple(found), 0)


def fitted(
    definition: ProcessDefinition, labelled: LabelledData, seed: int = 0
) -> tuple[HeadFiles, bytes]:
    made = train(
        definition, labelled, FakeEncoder(), label_column="label", text_column="text",
        created="2026-01-01T00:00:00+00:00", seed=seed,
    )  # fmt: skip
    return HeadFiles.of(made.card.model_dump_json().encode(), made.arrays), made.training


@pytest.fixture(scope="module")
def coin() -> tuple[ProcessDefinition, list[tuple[str, str]], HeadFiles, bytes]:
    """A head that knows 300 notes by heart: their labels were drawn."""
    definition, draw = load_definition(COIN, "coin.yaml"), random.Random(1)
    made = [(note(draw), draw.choice(["heads", "tails"])) for _ in range(300)]
    return definition, made, *fitted(definition, data(made))


def before_copies_were_kept(training: bytes) -> bytes:
    with np.load(io.BytesIO(training)) as stored:
        left = {n: stored[n] for n in stored.files if n not in ("copy_keys", "signatures")}
    stream = io.BytesIO()
    np.savez_compressed(stream, **left)
    return stream.getvalue()


LAYOUTS: dict[str, Change] = {
    "as it was": str,
    "blank behind": lambda text: text + " ",
    "blanks in front": lambda text: "  " + text,
    "two blanks": lambda text: text.replace(" ", "  ", 1),
    "all blanks doubled": lambda text: text.replace(" ", "  "),
    "line ends of Windows": lambda text: text.replace(" ", "\r\n", 3),
    "a line end": lambda text: text + "\n",
    "a tab": lambda text: text.replace(" ", "\t", 1),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "a hard blank": lambda text: text.replace(" ", "\u00a0", 2),
}
WORDED: dict[str, Change] = {
    "full stop": lambda text: text + ".",
    "capitals": str.upper,
    "title": str.title,
    "commas": lambda text: text.replace(" ", ", "),
    "quotes": lambda text: f'"{text}"',
    "dashes": lambda text: text.replace(" ", " - ", 4),
}
NEAR: dict[str, Change] = {
    "another date": lambda text: text + " 2026-03-01",
    "a name in front": lambda text: "Ann Miller: " + text,
    "a word less": lambda text: text.partition(" ")[2],
    "a word more": lambda text: text + " signed",
    "a greeting": lambda text: "Dear colleague, " + text,
    "another word": lambda text: text.replace(text.split()[20], "other"),
    "a number of a page": lambda text: text.replace(" ", " 7 ", 1),
}


@pytest.mark.parametrize("change", [*LAYOUTS.values(), *WORDED.values()], ids=[*LAYOUTS, *WORDED])
def test_the_same_words_in_another_layout_are_known_again(coin, change: Change) -> None:
    definition, made, head, training = coin
    again = data([(change(text), label) for text, label in made])
    found = decide(definition, again.rows, FakeEncoder(), head, training)
    assert found.held_out == 300
    assert found.notes == ()
    assert 0.3 < found.right.mean() < 0.65, "of a coin nothing is learned"


@pytest.mark.parametrize("change", LAYOUTS.values(), ids=LAYOUTS)
def test_a_head_of_before_knows_other_layouts_too_and_says_what_it_does_not_know(
    coin, change: Change
) -> None:
    definition, made, head, training = coin
    again = data([(change(text), label) for text, label in made])
    older = before_copies_were_kept(training)
    assert read_training(older).signatures is None
    found = decide(definition, again.rows, FakeEncoder(), head, older)
    assert found.held_out == 300
    (line,) = found.notes
    assert "Near copies" in line


@pytest.mark.parametrize("change", NEAR.values(), ids=NEAR)
def test_near_copies_are_left_out_and_counted(coin, change: Change) -> None:
    definition, made, head, training = coin
    draw = random.Random(9)
    fresh = [(note(draw), "heads") for _ in range(40)]
    labelled = data([*((change(text), label) for text, label in made[:100]), *fresh], "2" * 64)
    found = decide(definition, labelled.rows, FakeEncoder(), head, training)
    assert [row.record for row in found.rows] == list(range(101, 141))
    assert found.left_out == frozenset(range(1, 101))
    assert found.held_out == 0
    told, _ = evaluate(definition, labelled, FakeEncoder(), head, None, training=training)
    assert (told.rows, told.near_copies) == (40, 100)


def test_new_notes_are_new(coin) -> None:
    definition, made, head, training = coin
    draw = random.Random(5)
    half = [(" ".join(text.split()[:12]) + " " + note(draw), label) for text, label in made]
    for some in ([(note(draw), "heads") for _ in range(200)], half):
        found = decide(definition, data(some).rows, FakeEncoder(), head, training)
        assert (len(found.rows), found.held_out, found.left_out) == (len(some), 0, frozenset())


def test_that_all_rows_are_near_copies_is_said(coin) -> None:
    definition, made, head, training = coin
    labelled = data([(text + " 2026-03-01", label) for text, label in made])
    with pytest.raises(TrainingDataError, match="near copies"):
        decide(definition, labelled.rows, FakeEncoder(), head, training)


@pytest.mark.parametrize(
    "change",
    [
        lambda text, turn: text,
        lambda text, turn: f"{text} 2026-0{turn + 1}-03",
        lambda text, turn: f"{['Ann', 'Bob', 'Cyd', 'Dan'][turn]} {text}",
        lambda text, turn: [text, text.upper(), text.title(), f"{text}."][turn],
        lambda text, turn: text.replace(" ", " " * (turn + 1)),
        lambda text, turn: f"{text} Page {turn} of 4",
    ],
)
def test_near_copies_make_up_neither_accuracy_nor_a_guarantee(
    tmp_path: Path, change: Callable[[str, int], str]
) -> None:
    definition, draw = load_definition(COIN, "coin.yaml"), random.Random(3)
    base = [(note(draw), draw.choice(["heads", "tails"])) for _ in range(100)]
    labelled = data([(change(text, turn), label) for text, label in base for turn in range(4)])
    head, training = fitted(definition, labelled)
    assert head.card().metrics.accuracy < 0.65
    (tmp_path / "coin.yaml").write_text(COIN, encoding="utf-8")
    (tmp_path / "coin.head").mkdir()
    (tmp_path / "coin.head" / "training.npz").write_bytes(training)
    goal = TuningGoal(0.8, 0.95, 0.02)
    told = tune(definition, labelled, FakeEncoder(), head, tmp_path / "coin.yaml", goal)
    assert told.selected.threshold is None
    assert told.copies == 300


def test_what_can_be_learned_is_still_learned() -> None:
    """Short texts of few words, some of which are near copies."""
    definition = load_definition(COIN.replace("heads", "card").replace("tails", "loan"), "c.yaml")
    made = [(text, label) for text, label, _ in bank_rows(300, noise=0) if label != "app"]
    head, _ = fitted(definition, data(made))
    assert head.card().metrics.accuracy > 0.95


def test_example_sentences_teach_no_near_copy_of_themselves() -> None:
    draw = random.Random(2)
    made = [(note(draw), draw.choice(["heads", "tails"])) for _ in range(120)]
    examples = {
        label: json.dumps([f"{text} 2026." for text, own in made if own == label])
        for label in ("heads", "tails")
    }
    text = COIN
    for label, own in examples.items():
        text = text.replace(f"id: {label}}}", f"id: {label}, examples: {own}}}")
    head, _ = fitted(load_definition(text, "coin.yaml"), data(made))
    assert head.card().metrics.accuracy < 0.65


def test_the_same_words_with_other_numbers_are_other_records() -> None:
    text = COIN.replace(
        "labels:\n", "input: {text_columns: [text], numeric_columns: [age]}\nlabels:\n"
    )
    definition, draw = load_definition(text, "coin.yaml"), random.Random(4)
    found = tuple(
        LabelledRow(number, "Seen in the ward.", {"age": f"{age}"}, label, label)
        for number in range(1, 101)
        for age in (draw.uniform(0, 100),)
        for label in ("heads" if age < 50 else "tails",)
    )
    head, training = fitted(definition, LabelledData("f.csv", "1" * 64, found, 0))
    assert head.card().metrics.accuracy > 0.9
    fresh = [replace(row, fields={"age": "12.25"}, label="heads") for row in found]
    told = decide(definition, fresh, FakeEncoder(), head, training)
    assert (told.held_out, told.left_out) == (0, frozenset())


# -- without training.npz ------------------------------------------------------------------------


def test_what_was_learned_by_heart_is_no_measure(coin, tmp_path: Path) -> None:
    definition, made, head, _ = coin
    labelled, file = data(made), tmp_path / "coin.yaml"
    goal = TuningGoal(0.8, 0.95, 0.02)
    for measure in (
        lambda: evaluate(definition, labelled, FakeEncoder(), head, file),
        lambda: evaluate(definition, labelled, FakeEncoder(), head, None),
        lambda: tune(definition, labelled, FakeEncoder(), head, file, goal),
    ):
        with pytest.raises(TrainingDataError, match="learned by heart measures nothing"):
            measure()


def test_that_it_is_not_known_which_rows_are_new_is_said(coin, tmp_path: Path) -> None:
    definition, made, head, _ = coin
    labelled, file = data(made, "3" * 64), tmp_path / "coin.yaml"
    told, _ = evaluate(definition, labelled, FakeEncoder(), head, file)
    assert not told.held_out_known
    assert "training.npz is missing" in " ".join(told.notes)
    assert "training.npz is missing" in page(told, "f.csv")
    assert decide(definition, labelled.rows, FakeEncoder(), head, None).notes == ()
    goal = TuningGoal(0.8, 0.95, 0.02)
    tuned = tune(definition, labelled, FakeEncoder(), head, file, goal)
    assert tuned.document()["held_out"] is None
    untrained = COIN.replace("heads}", "heads, examples: [w001]}")
    untrained = untrained.replace("tails}", "tails, examples: [w002]}")
    bare, _ = evaluate(load_definition(untrained, "coin.yaml"), labelled, FakeEncoder(), None, file)
    assert (bare.held_out_known, bare.notes) == (True, ())


@pytest.mark.parametrize("kept", [True, False])
def test_a_version_of_the_history_is_measured_by_its_own_folds(tmp_path: Path, kept: bool) -> None:
    definition, draw = load_definition(COIN, "coin.yaml"), random.Random(6)
    labelled = data([(note(draw), draw.choice(["heads", "tails"])) for _ in range(200)])
    file = tmp_path / "coin.yaml"
    file.write_text(COIN, encoding="utf-8")
    for seed, number in enumerate(("1.0.0", "1.0.1")):
        file.write_text(COIN.replace("1.0.0", number), encoding="utf-8")
        made = train(
            definition, labelled, FakeEncoder(), label_column="label", text_column="text",
            created="2026-01-01T00:00:00+00:00", seed=seed,
        )  # fmt: skip
        folder = write(made, file, "coin")
        if seed == 0:
            if not kept:
                (folder / "training.npz").unlink()
            for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
                who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
                subprocess.run(
                    ["git", "-C", str(tmp_path), *who, *words],
                    check=True,
                    capture_output=True,
                )
    version = other_version("1.0.0", definition, file)
    assert (version.training is not None) == kept

    def measured():
        return evaluate(
            version.definition, labelled, FakeEncoder(), version.head, version.file, (),
            version.training,
        )  # fmt: skip

    if not kept:
        with pytest.raises(TrainingDataError, match="learned by heart"):
            measured()
        return
    theirs, decisions = measured()
    ours, own = evaluate(definition, labelled, FakeEncoder(), HeadFiles.beside(file, "coin"), file)
    assert ours.held_out == theirs.held_out == 200
    assert theirs.accuracy < 0.65
    assert compare(own, decisions).p_value > 0.05


def test_what_either_side_leaves_out_is_not_compared(coin) -> None:
    definition, made, head, training = coin
    draw = random.Random(8)
    mixed = [(made[0][0] + " 2026-03-01", made[0][1]), *((note(draw), "heads") for _ in range(20))]
    rows = data(mixed).rows
    one = decide(definition, rows, FakeEncoder(), head, training)
    other = decide(definition, rows, FakeEncoder(), head, None)
    assert (len(one.rows), len(other.rows)) == (20, 21)
    found = compare(one, other)
    assert (found.only_first_right, found.only_second_right) == (0, 0)


# -- criteria: the definition in force decides ---------------------------------------------------


def knee_rows(count: int = 200) -> list[tuple[str, str]]:
    made = []
    for number in range(count):
        draw = random.Random(number)
        own = " ".join("".join(draw.choices(string.ascii_lowercase, k=7)) for _ in range(12))
        hurts, tried = number % 3 != 0, number % 2 == 0
        text = "The knee hurts. " if hurts else "The knee is comfortable. "
        text += "Physiotherapy was tried. " if tried else "Physiotherapy is impossible. "
        made.append((f"{text}{own}.", "met" if hurts and tried else "not_met"))
    return made


@pytest.fixture(scope="module")
def knee() -> tuple[ProcessDefinition, LabelledData, HeadFiles, bytes]:
    definition, labelled = load_definition(KNEE, "knee.yaml"), data(knee_rows())
    return definition, labelled, *fitted(definition, labelled)


EDITS = {
    "logic": ("all_of", "any_of"),
    "statement": ("statements: [The knee hurts.]", "statements: [The shoulder hurts.]"),
    "keyword": ("keywords: [knee]", "keywords: [leg]"),
    "denial": (
        "counter_statements: [The knee is comfortable.]",
        "counter_statements: [It is fine.]",
    ),
}


def edited(name: str) -> ProcessDefinition:
    old, new = EDITS[name]
    assert old in KNEE
    return load_definition(KNEE.replace(old, new), "knee.yaml")


@pytest.mark.parametrize("name", EDITS)
def test_the_definition_in_force_decides_of_rows_trained_on(knee, tmp_path, name: str) -> None:
    _, labelled, head, training = knee
    other = edited(name)
    found = decide(other, labelled.rows, FakeEncoder(), head, training)
    judged = build_judge(other, FakeEncoder(), head)([row.text for row in labelled.rows])
    assert list(found.decided) == [judgement.decision.value for judgement in judged]
    assert found.confidence.tolist() == [judgement.confidence for judgement in judged]
    assert found.calibration is None
    assert "another definition" in " ".join(found.notes)
    (tmp_path / "knee.head").mkdir()
    (tmp_path / "knee.head" / "training.npz").write_bytes(training)
    with pytest.raises(HeadInvalidError, match="another definition"):
        tune(
            other, labelled, FakeEncoder(), head, tmp_path / "knee.yaml",
            TuningGoal(0.9, 0.95, 0.02),
        )  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_a_head_is_no_probability_for_another_definition(knee, name: str) -> None:
    definition, labelled, head, _ = knee
    texts = [row.text for row in labelled.rows]
    for judgement in build_judge(definition, FakeEncoder(), head)(texts):
        assert judgement.calibrated
    for judgement in build_judge(edited(name), FakeEncoder(), head)(texts):
        assert (judgement.calibrated, judgement.calibration) == (False, None)
        assert judgement.confidence <= 0.6


@pytest.mark.parametrize("name", EDITS)
def test_it_is_not_published_with_another_definition(knee, name: str) -> None:
    _, _, head, _ = knee
    models = Models(MemoryRegistry(), MemoryStore(), "models")
    draft = Draft.of(KNEE.replace(*EDITS[name]), "knee.yaml", head)
    with pytest.raises(PublishInvalidError, match="another definition"):
        publish(draft, models, "ann", "2026-01-01T00:00:00.000Z")
    publish(Draft.of(KNEE, "knee.yaml", head), models, "ann", "2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1.0.0", "version: 2.0.0"),
        ("threshold: 0.7", "threshold: 0.9"),
        ("title: Knee\n", "title: The knee\ncodes: [A1]\n"),
        ("title: Knee\n", "title: Knee\ndescription: Of the knee.\n"),
    ],
)
def test_names_and_thresholds_are_no_part_of_judging(knee, old: str, new: str) -> None:
    _, labelled, head, training = knee
    assert old in KNEE
    renamed = load_definition(KNEE.replace(old, new, 1), "knee.yaml")
    found = decide(renamed, labelled.rows, FakeEncoder(), head, training)
    assert (found.held_out, found.notes) == (len(labelled.rows), ())
    assert found.calibration == head.card().calibration.version
    assert all(j.calibrated for j in build_judge(renamed, FakeEncoder(), head)(["The knee hurts."]))


def test_a_card_of_before_vouches_as_it_did(knee) -> None:
    """The definition decides; how sure the folds were counts where they decided the same."""
    _, labelled, head, training = knee
    card = head.card().model_copy(update={"judging": None, "evidence_encoder": None})
    older = HeadFiles.of(card.model_dump_json().encode(), head.read()[1])
    other = edited("logic")
    assert all(j.calibrated for j in build_judge(other, FakeEncoder(), older)(["The knee hurts."]))
    same = decide(load_definition(KNEE, "k"), labelled.rows, FakeEncoder(), older, training)
    found = decide(other, labelled.rows, FakeEncoder(), older, training)
    judged = build_judge(other, FakeEncoder())([row.text for row in labelled.rows])
    assert list(found.decided) == [judgement.decision.value for judgement in judged]
    changed = np.array(found.decided) != np.array(same.decided)
    assert changed.any()
    assert (found.confidence[~changed] == same.confidence[~changed]).all()
    assert (found.confidence[changed] <= 1 - same.confidence[changed] + 1e-9).all()


def test_another_encoder_is_refused(knee) -> None:
    definition, labelled, head, training = knee
    assert head.card().evidence_encoder == FakeEncoder().info
    other = FakeEncoder()
    other.info = ModelInfo(name="USE-large", version="5", sha256="9" * 64, engine="tensorflow")
    with pytest.raises(HeadInvalidError, match="was trained with"):
        build_judge(definition, other, head)
    with pytest.raises(HeadInvalidError, match="was trained with"):
        decide(definition, labelled.rows, other, head, training)


# -- pictures of none ----------------------------------------------------------------------------

COLOURS = """\
id: colours
version: 1.0.0
kind: labels
title: Colours
input: {modality: image}
threshold: 0.7
labels:
  - {id: warm}
  - {id: cold}
"""


def pictures(count: int, none: int, seed: int) -> LabelledData:
    """Pictures of two labels, and of none that look like them."""
    draw, found = np.random.default_rng(seed), []
    for number in range(count + none):
        features = draw.normal(size=1280).astype(np.float32)
        features[0] += 12 if number % 2 else -12
        key = hashlib.sha256(features.tobytes()).digest()[:8]
        label = "none" if number >= count else "warm" if number % 2 else "cold"
        picture = LabelledPicture(features, key, key, b"")
        known = None if label == "none" else label
        found.append(LabelledRow(number + 1, f"{number}.png", {}, known, label, picture))
    return LabelledData("f", f"{seed}" * 64, tuple(found), 0)


def test_pictures_of_none_that_were_trained_on_are_no_new_ones() -> None:
    definition, seen = load_definition(COLOURS, "colours.yaml"), pictures(60, 60, 0)
    encoder = FakePictureEncoder()
    made = train(
        definition, seen, encoder, label_column="label", text_column=None,
        created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    head = HeadFiles.of(made.card.model_dump_json().encode(), made.arrays)
    by_folds = decide(definition, seen.rows, encoder, head, made.training)
    by_heart = decide(definition, seen.rows, encoder, head, None)
    assert by_folds.held_out == len(seen.rows)
    assert by_heart.novelty[60:].mean() > by_folds.novelty[60:].mean() + 0.2
    with np.load(io.BytesIO(made.training)) as stored:
        left = {name: stored[name] for name in stored.files if not name.startswith("none")}
    stream = io.BytesIO()
    np.savez_compressed(stream, **left)
    older = decide(definition, seen.rows, encoder, head, stream.getvalue())
    assert older.held_out == 60
    (line,) = older.notes
    assert "none of the labels" in line
