"""Findings of a time that is over."""

import pytest

from winnow.judging.criteria.past import is_long_ago, is_past

YEAR = 2024
KEYWORDS = ("melena",)


@pytest.mark.parametrize(
    "sentence",
    [
        "Recurrent melena (2015).",
        "2015: recurrent melena.",
        "Recurrent melena 2015-2017.",
        "Recurrent melena; this was in 2017.",
        "Melena 06/2014.",
        "Last melena 2021.",
        "Recurrent melena (remote).",
        "Recurrent melena (age 25).",
        "Recurrent melena in his twenties.",
        "Recurrent melena in the 1980s.",
        "Recurrent melena during residency.",
        "Recurrent melena as a young soldier.",
        "Recurrent melena when she was pregnant.",
        "Recurrent melena at the time of his divorce.",
        "Recurrent melena prior to TIPS.",
        "Recurrent melena before the 2016 resection.",
        "Recurrent melena up to the operation.",
        "Recurrent melena pre-op.",
        "Recurrent melena while on warfarin; now off.",
        "Recurrent melena, gone after iron.",
        "Recurrent melena, cured.",
        "Recurrent melena under warfarin, none since it was stopped.",
    ],
)
def test_over(sentence: str) -> None:
    assert is_past(sentence, KEYWORDS, YEAR)


@pytest.mark.parametrize(
    "sentence",
    [
        "Recurrent melena.",
        "Recurrent melena since 2015.",
        "Recurrent melena from 2021 to the present.",
        "Melena in January 2024.",
        "Recurrent melena for several months.",
        "Recurrent melena before admission.",
        "Melena again this week, first in 2019.",
        "Melena monthly despite stopping diclofenac in 2022",
        "Last colonoscopy 2010. Melena x 6 weeks",
        "Mr. Lamb (age 62) has melena.",
    ],
)
def test_not_over(sentence: str) -> None:
    assert not is_past(sentence, KEYWORDS, YEAR)


@pytest.mark.parametrize(
    ("behind", "over"), [("; now off", True), (", 2015.", True), (", 2024", False)]
)
def test_what_follows_a_part_of_a_list_may_end_it(behind: str, over: bool) -> None:
    assert is_past("Melena on aspirin", KEYWORDS, YEAR, behind) is over


def test_the_result_of_a_test_holds_for_two_years() -> None:
    assert not is_past("FIT 11/2022: positive", ("FIT",), YEAR)
    assert is_past("FIT 2009: positive", ("FIT",), YEAR)


@pytest.mark.parametrize(
    ("sentence", "is_it"),
    [
        ("EGD negative 2009, colonoscopy negative 2008.", True),
        ("Negative EGD (1999) and colonoscopy (2001).", True),
        ("EGD and colonoscopy ten years ago without a source.", True),
        ("Scopes 12 years ago unremarkable.", True),
        ("EGD and colonoscopy in the nineties were normal.", True),
        ("EGD and colonoscopy negative in 2022.", False),
        ("EGD negative 2009 and again last month.", False),
        ("EGD negative 2009, colonoscopy negative 2023.", False),
        ("EGD and colonoscopy negative two weeks ago.", False),
        ("EGD and colonoscopy negative.", False),
    ],
)
def test_exams_of_long_ago(sentence: str, is_it: bool) -> None:
    assert is_long_ago(sentence, YEAR) is is_it
