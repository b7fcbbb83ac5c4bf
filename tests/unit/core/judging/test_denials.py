"""Denials that are themselves denied, limited, wished for or contradicted."""

import pytest

from winnow.judging.criteria.denials import denies, is_qualified, is_undone

REFERENCE = "No bleeding."
KEYWORDS = ("bleeding", "blood")


@pytest.mark.parametrize(
    "sentence",
    [
        "There has not been a day without blood in the stool.",
        "He never has a stool without blood.",
        "No bowel movement is free of blood.",
        "Scarcely a week goes by without blood in the bowl.",
        "He no longer denies bleeding.",
        "She doesn't deny rectal bleeding.",
        "He has quit denying that he has bleeding.",
        "It is not true that there is no bleeding.",
        "I am not convinced that there is no bleeding.",
        "It would be wrong to say that he has no bleeding.",
        "His denial of bleeding is implausible.",
        "He first denied bleeding, then admitted to it.",
        "At triage he denied bleeding, later he conceded it.",
        "No bleeding, he claims; his wife disagrees.",
        "No bleeding today, yesterday a cupful.",
        "No bleeding at the moment; three episodes last week.",
        "No bleeding, at least not today; on Sunday it was heavy.",
        "No bleeding since yesterday.",
        "No bleeding in the last three days.",
        "No bleeding for two days now.",
        "No bleeding unless he strains.",
        "No bleeding until he stands up.",
        "No bleeding on good days.",
        "Goal: no bleeding by June.",
        "Aiming for no bleeding.",
        "Was told to expect no bleeding.",
        "Once there is no bleeding, he may travel.",
        "No bleeding is required for surgery.",
        "If only there were no bleeding.",
        "No bleeding apart from clots each morning.",
    ],
)
def test_a_denial_that_is_undone(sentence: str) -> None:
    assert is_undone(sentence, KEYWORDS, REFERENCE)


@pytest.mark.parametrize(
    "sentence",
    [
        "No bleeding and no pain.",
        "Denies bleeding, black stools or diarrhea.",
        "He has never seen blood in his stool.",
        "No bleeding, not on blood thinners.",
        "No blood in stool today or in the past.",
        "No bleeding since banding in 2010.",
        "No bleeding in the last year.",
        "No bleeding; he would like a morning slot.",
        "No bleeding, without any complaints.",
        "No bleeding, and she needs no transfusion.",
        "Bleeding none   polyps none   symptoms none",
        "No bleeding with bowel movements.",
        "There is no doubt that there is no bleeding.",
        "He has been bleeding.",
    ],
)
def test_a_denial_that_stands(sentence: str) -> None:
    assert not is_undone(sentence, KEYWORDS, REFERENCE)


def test_what_the_reference_has_too_undoes_nothing() -> None:
    twice = "Not a day without blood."
    assert is_undone(twice, KEYWORDS, REFERENCE)
    assert not is_undone(twice, KEYWORDS, "Never a week without blood.")


@pytest.mark.parametrize("behind", ["On the contrary.", "That is not true, his wife says."])
def test_the_next_sentence_may_take_it_back(behind: str) -> None:
    assert is_undone("No bleeding.", KEYWORDS, REFERENCE, [behind])
    assert not is_undone("No bleeding.", KEYWORDS, REFERENCE, ["He walks daily."])


def test_a_result_with_an_exception_is_qualified() -> None:
    found = "EGD and colonoscopy negative except angioectasias."
    assert denies(found)
    assert is_qualified(found, ("colonoscopy",), "EGD and colonoscopy negative.")
    assert not is_qualified(found, ("colonoscopy",), "Colonoscopy negative except hemorrhoids.")
