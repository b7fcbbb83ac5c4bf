"""A criteria process learns from reviews: its confidence is fitted, its mistakes are listed."""

import random

import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.retraining import LATER, review, reviews_of
from winnow.processes.loader import load_definition
from winnow_train.retrain import Retrained, retrain
from winnow_train.training_set import Champion

PROCESS = """\
id: capsule
version: 1.0.0
kind: criteria
title: Capsule endoscopy
threshold: 0.8
criteria:
  - id: anemia
    title: Anemia
    statements: [The patient has anemia., Hemoglobin is low.]
  - id: bleeding
    title: Blood loss
    statements: [There is bleeding from the bowel., Melena was seen.]
logic: {all_of: [anemia, bleeding]}
"""
ANEMIA = ("The patient has anemia.", "Hemoglobin is low.")
BLEEDING = ("There is bleeding from the bowel.", "Melena was seen.")
OTHER = ("She came by bus.", "He sleeps well.", "A letter was sent.", "The knee is swollen.")


def reviewed_notes(count: int = 120):
    """Notes with both, or none; of some that say both a person knows that it is not met."""
    draw = random.Random(0)
    rows = []
    for number in range(1, count + 1):
        parts = [draw.choice(OTHER), f"Note {draw.randrange(10**6)} of ward {number}."]
        met = number % 2 == 0
        if met:
            parts += [draw.choice(ANEMIA), draw.choice(BLEEDING)]
        elif number % 3 == 0:
            parts += [draw.choice(ANEMIA), "Melena was seen."]
        draw.shuffle(parts)
        rows.append(review(number, " ".join(parts), "met" if met else "not_met"))
    return tuple(rows)


@pytest.fixture(scope="module")
def made() -> Retrained:
    definition = load_definition(PROCESS, "capsule.yaml")
    bare = Champion("c" * 64, PROCESS, definition, None, None, None)
    return retrain(bare, reviews_of(reviewed_notes()), FakeEncoder(), created=LATER)


def test_the_confidence_is_fitted_and_the_decisions_stay(made: Retrained):
    card = made.challenger.head.card()
    assert card.kind == "criteria"
    assert card.labels == ("met", "not_met")
    assert card.calibration is not None
    assert made.contest.only_challenger_right == made.contest.only_champion_right == 0
    assert made.contest.challenger.accuracy == made.contest.champion.accuracy


def test_statements_behind_mistakes_are_listed(made: Retrained):
    blamed = {part.statement: part for part in made.report.statements}
    melena = blamed["Melena was seen."]
    assert (melena.criterion, melena.verdict, melena.needed) == ("bleeding", "met", "not_met")
    assert melena.mistakes == 20
    assert "Melena was seen." in made.page.decode()


def test_the_page_has_no_text_of_a_note(made: Retrained):
    for text in (made.page.decode(), made.evaluation.decode()):
        assert "of ward" not in text
        assert "knee" not in text
