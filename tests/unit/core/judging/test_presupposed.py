"""What a denial takes for granted, and does not deny."""

import pytest

from tests.unit.core.judging.test_denied_lists import contexts


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("No symptoms to explain her anemia.", "anemia"),
        ("No menses to explain iron deficiency.", "iron deficiency"),
        ("No treatment so far for his anemia.", "anemia"),
        ("No treatment for diarrhea.", "diarrhea"),
        ("No workup of the anemia so far.", "anemia"),
        ("No cause found for her weight loss.", "weight loss"),
        ("No one has looked into her positive FIT.", "fit"),
        ("Never had his rectal bleeding looked into.", "rectal bleeding"),
        ("She has never told her doctor about her bleeding.", "bleeding"),
        ("No pain with the bleeding.", "bleeding"),
        ("Not on iron for her anemia.", "anemia"),
        ("No relief of the cough.", "cough"),
        ("No respite from his cough.", "cough"),
        ("No resolution of the cough yet.", "cough"),
        ("No treatment of the rash.", "rash"),
        # A verb's preposition is of no place.
        ("She was never told of her anemia.", "anemia"),
        ("Nobody has looked at the rash.", "rash"),
        ("He did not respond to his cough syrup.", "cough"),
    ],
)
def test_what_stands_in_the_complement_is_not_denied(sentence: str, target: str) -> None:
    assert "negated" not in contexts(sentence, target)


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("No evidence of bleeding.", "bleeding"),
        ("No signs of the disease.", "disease"),
        ("No blood in her stool.", "stool"),
        ("No pain in her stomach.", "stomach"),
        ("No complaint of the usual pain.", "pain"),
        # What is of a place denies it with the noun, whatever the place is called.
        ("No swelling in the left knee.", "knee"),
        ("She denies numbness in her right hand.", "hand"),
        ("Without any damage to the roof.", "roof"),
        ("Neither rust nor dents on the bonnet.", "bonnet"),
        ("No redness around the incision.", "incision"),
        ("No episodes of bleeding, no complaints of pain.", "pain"),
        ("No one in her family had colon cancer.", "colon cancer"),
    ],
)
def test_what_is_denied_with_its_noun_is_denied(sentence: str, target: str) -> None:
    assert contexts(sentence, target) == {"negated"}
