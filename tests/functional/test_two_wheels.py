"""The shipped process of pictures judges its samples as samples/README.md says."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fakes.two_wheels import drawing
from winnow.models import ResultRecord
from winnow.processes.registry import ProcessRegistry
from winnow_cli.prediction import predict, read_records

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "samples" / "two-wheels"
DRAWN = {"bicycle": ("bicycle", 6032), "motorcycle": ("motorcycle", 6011), "house": ("other", 6004)}


@pytest.mark.model
@pytest.mark.parametrize(
    ("picture", "decision", "outcome", "code"),
    [
        ("bicycle", "bicycle", "accepted", None),
        ("motorcycle", "motorcycle", "accepted", None),
        ("house", "bicycle", "review", "out_of_scope"),
    ],
)
def test_the_samples_come_out_as_said(
    picture: str, decision: str, outcome: str, code: str | None, model_dir: Path
) -> None:
    registry = ProcessRegistry.from_directory(ROOT / "processes")
    definition = registry.find("two-wheels")
    records = read_records(FOLDER / f"{picture}.png", definition)
    (prediction,) = predict(registry, definition, records, model_dir)
    result: ResultRecord = prediction.result
    assert (result.outcome, result.code) == (outcome, code)
    assert prediction.judgement is not None
    assert prediction.judgement.decision.value == decision


def test_the_card_says_what_the_head_was_trained_on() -> None:
    card = ProcessRegistry.from_directory(ROOT / "processes").heads["two-wheels"].card()
    assert card.data.file == "generated-drawings"
    assert card.picture_encoder is not None
    assert (card.data.rows, card.data.none) == (1000, 400)


@pytest.mark.parametrize("picture", DRAWN)
def test_the_samples_were_drawn_by_code(picture: str) -> None:
    shipped = np.asarray(Image.open(FOLDER / f"{picture}.png"), np.int16)
    drawn = np.asarray(Image.open(io.BytesIO(drawing(*DRAWN[picture]))), np.int16)
    assert np.abs(shipped - drawn).max() <= 2
