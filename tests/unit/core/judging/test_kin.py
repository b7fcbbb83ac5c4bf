"""How near the relatives are that a text names."""

import pytest

from winnow.judging.criteria.kin import Kin, kin


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Her sister had colon cancer", {Kin.FIRST}),
        ("First-degree relative: no", {Kin.FIRST}),
        ("His mother's cancer", {Kin.FIRST}),
        ("An uncle, parents clear", {Kin.FIRST, Kin.FURTHER}),
        ("Her father's older brother", {Kin.FURTHER}),
        ("Father's side: an uncle", {Kin.FIRST, Kin.FURTHER}),
        ("Her husband had colon cancer", {Kin.NO_BLOOD}),
        ("My wife's father", {Kin.NO_BLOOD}),
        ("The mother of his wife", {Kin.NO_BLOOD}),
        ("A sister of her father", {Kin.FURTHER}),
        ("The mother of the patient", {Kin.FIRST}),
        ("The stepfather, an adoptive mother, a brother-in-law", {Kin.NO_BLOOD}),
        ("Had it as a young child", set()),
        ("No family history", set()),
    ],
)
def test_people(text: str, named: set[Kin]) -> None:
    assert kin(text) == named
