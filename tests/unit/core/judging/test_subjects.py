"""Sentences about somebody or something other than the patient."""

import pytest

from winnow.judging.criteria.subjects import is_of_another

KEYWORDS = ("melena", "anemia", "colon cancer")


@pytest.mark.parametrize(
    "sentence",
    [
        "Donor had recurrent melena.",
        "The previous patient had recurrent melena.",
        "The index patient has recurrent melena.",
        "Caregiver has recurrent melena.",
        "Fetus: recurrent melena.",
        "Coworker with recurrent melena.",
        "Foster child has recurrent melena.",
        "The organist has recurrent melena.",
        "The man in the next bed has recurrent melena.",
        "Client's carer has recurrent melena.",
        "Patients with recurrent melena need a capsule.",
        "The deceased had recurrent melena.",
        "Literature: recurrent melena.",
        "Per policy: recurrent melena.",
        "The brochure describes recurrent melena.",
        "A case report describes recurrent melena.",
        "He read about anemia.",
        "She googled anemia.",
        "He attended a lecture on anemia.",
        "Anemia - see old chart.",
        "Anemia clinic.",
    ],
)
def test_another(sentence: str) -> None:
    assert is_of_another(sentence, KEYWORDS)


@pytest.mark.parametrize(
    "sentence",
    [
        "He has recurrent melena.",
        "The patient has recurrent melena.",
        "This retired teacher has recurrent melena.",
        "Mr. Stone has recurrent melena.",
        "72-year-old woman with recurrent melena.",
        "66F melena x2 months, ongoing.",
        "Her daughter says she has recurrent melena.",
        "Daughter sends photo: melena today.",
        "Still having melena.",
        "Has had melena since 2021.",
        "Had had melena before.",
        "And has now developed melena.",
        "Continued to have melena through the day of discharge.",
        "- has anemia",
        "CC: recurrent melena.",
        "Evaluation has shown anemia.",
        "No relatives with polyps, no melena.",
        "No concern about anemia.",
        "New question of anemia.",
    ],
)
def test_the_patient(sentence: str) -> None:
    assert not is_of_another(sentence, KEYWORDS)


def test_a_family_history_may_be_of_relatives_but_not_of_a_profession() -> None:
    assert not is_of_another("Her mother had colon cancer.", KEYWORDS, of_relatives=True)
    assert is_of_another("Her mother is a colon cancer nurse.", KEYWORDS, of_relatives=True)
    screened = "Her mother's colon cancer screening was positive."
    assert is_of_another(screened, KEYWORDS, of_relatives=True)


@pytest.mark.parametrize(
    ("sentence", "is_it"),
    [
        ("Patient leaflet given: melena is black stool.", True),
        ("Handout provided to the patient: recurrent melena.", True),
        ("Policy wording quoted: recurrent melena.", True),
        ("Policy criteria are met by recurrent melena.", False),
    ],
)
def test_what_a_text_says_is_of_nobody(sentence: str, is_it: bool) -> None:
    assert is_of_another(sentence, KEYWORDS) is is_it
