"""Keywords of another organ or another disease."""

import pytest

from winnow.judging.criteria.organs import is_of_other_organ

KEYWORDS = ("adenoma", "adenomas", "resection", "colitis", "polyposis", "hereditary syndrome")
KNOWN = frozenset(("tubular", "serrated", "ulcerative", "adenomatous", "sigmoid", "colon"))


@pytest.mark.parametrize(
    "sentence",
    [
        "Thyroid adenoma.",
        "Parotid adenoma 2020.",
        "Pleomorphic adenoma excised.",
        "Adenoma of the thyroid.",
        "Lung resection 2019.",
        "Resection of the gallbladder.",
        "Allergic colitis as an infant.",
        "Microscopic colitis in remission.",
        "Diverticular colitis in remission.",
        "Nasal polyposis.",
        "Hereditary syndrome: Marfan.",
        "Hereditary syndrome (Ehlers-Danlos).",
        "Pseudomembranous colitis.",
        "Prostate adenoma resected.",
        "Thyroid adenoma, and tubular adenoma of the colon.",
    ],
)
def test_of_another_organ_or_disease(sentence: str) -> None:
    assert is_of_other_organ(sentence, KEYWORDS, KNOWN)


@pytest.mark.parametrize(
    "sentence",
    [
        "Adenoma removed.",
        "Tubular adenoma with low-grade dysplasia.",
        "Sessile serrated adenoma removed.",
        "Two colonic adenomas.",
        "Villous adenoma in January.",
        "Adenomas of the colon.",
        "Chronic ulcerative colitis.",
        "Familial adenomatous polyposis.",
        "Sigmoid resection.",
        "Hereditary syndrome: yes.",
        "Two large adenomas removed in January.",
        "She is well.",
    ],
)
def test_of_the_organ_that_is_meant(sentence: str) -> None:
    assert not is_of_other_organ(sentence, KEYWORDS, KNOWN)


def test_without_keywords_nothing_is_known() -> None:
    assert not is_of_other_organ("Thyroid adenoma.", (), KNOWN)
