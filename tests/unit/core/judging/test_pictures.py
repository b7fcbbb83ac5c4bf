"""Pictures are judged by ImageNet's classes without training, and by a head with it."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.heads import trained
from tests.fakes.picture_encoder import FakePictureEncoder, square
from winnow.errors import HeadInvalidError, HeadMissingError
from winnow.judging.pictures import picture_judge
from winnow.processes.imagenet import COUNT, class_names, class_position
from winnow.processes.schema import LabelsProcess

RED, GREEN, BLUE, BLACK = (square(*c) for c in ((250, 0, 0), (0, 250, 0), (0, 0, 250), (0, 0, 0)))
NAMES = {position: name for name, position in class_names().items()}
"""The fake's classes 0, 1 and 2 are red, green and blue."""


def process(*labels: dict[str, Any]) -> LabelsProcess:
    return LabelsProcess.model_validate(
        {
            "id": "p",
            "version": "1.0.0",
            "kind": "labels",
            "title": "P",
            "input": {"modality": "image"},
            "labels": labels,
        }
    )


COLOURS = process(
    {"id": "warm", "classes": [NAMES[0], NAMES[1]]}, {"id": "cold", "classes": [NAMES[2]]}
)


def test_every_class_has_a_name_of_its_own() -> None:
    assert set(class_names().values()) == set(range(COUNT))
    assert class_position("Mountain  bike") == 671
    assert class_position("n03792782") == 671
    assert class_position("crane") is None  # the bird and the machine
    assert class_position("n02012849") == 134


def test_a_label_has_the_shares_of_its_classes() -> None:
    judge = picture_judge(COLOURS, FakePictureEncoder())
    assert judge.process == COLOURS.info
    red, blue, black = judge([RED, BLUE, BLACK])
    assert [red.decision.value, blue.decision.value] == ["warm", "cold"]
    assert red.decision.kind == "labels"
    assert [score.label for score in red.decision.scores] == ["warm", "cold"]
    # A red picture is red in each of the 64 places, and so it is as much of 64 classes.
    assert red.confidence == pytest.approx(1 / 64, rel=0.01)
    # Of every class alike: the shares are those of two classes and of one among 1,000.
    assert black.confidence == pytest.approx(0.002)
    assert not black.calibrated


def test_pictures_are_encoded_in_batches_that_the_clock_is_asked_between() -> None:
    asked: list[None] = []
    judge = picture_judge(COLOURS, FakePictureEncoder())
    found = judge([RED] * 40 + [BLUE], check=lambda: asked.append(None))
    assert [j.decision.value for j in found] == ["warm"] * 40 + ["cold"]
    assert len(asked) == 3
    assert judge([]) == []


def test_a_label_without_classes_needs_a_head() -> None:
    with pytest.raises(HeadMissingError, match="cold of p has no classes"):
        picture_judge(
            process({"id": "warm", "classes": [NAMES[0]]}, {"id": "cold"}), FakePictureEncoder()
        )


def test_a_head_of_texts_judges_no_picture(tmp_path: Path) -> None:
    head = trained(tmp_path).heads["bank"]
    with pytest.raises(HeadInvalidError, match="trained on texts, and the process judges pictures"):
        picture_judge(COLOURS, FakePictureEncoder(), head)
