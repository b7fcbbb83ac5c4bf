"""Numbers beyond the bound that a reference names."""

import pytest

from winnow.judging.criteria.bounds import amounts, bounds, is_beyond


@pytest.mark.parametrize(
    ("reference", "segment", "beyond"),
    [
        ("Creatinine below 1.5.", "Creatinine 2.4.", True),
        ("Creatinine below 1.5.", "Creatinine 0.9.", False),
        ("A ferritin of 30 or less.", "Ferritin 212.", True),
        ("A ferritin of 30 or less.", "Ferritin 8.", False),
        ("Stenosis of at least 70 %.", "40% stenosis.", True),
        ("Stenosis of at least 70 %.", "90 percent stenosis, aged 64.", False),
        ("A claim of more than $5,000.", "Claim: 12,480.00 USD.", False),
        ("A claim of more than $5,000.", "Claim: $480.", True),
        ("Pain for more than six weeks.", "Pain for ten days.", True),
        ("Pain for more than six weeks.", "Pain for 3 months, 7 of 10.", False),
        ("Pain for more than six weeks.", "Pain, 7 of 10.", False),
        ("A z-score of -2 or lower.", "Z-score -0.4.", True),
        ("A z-score of -2 or lower.", "Z-score -3.1.", False),
        ("Not more than 2 falls.", "4 falls.", True),
        ("Not more than 2 falls.", "Not a fall.", False),
        ("EF ≤ 35 %.", "EF 35-40 %.", False),
        ("EF ≤ 35 %.", "EF 58.", True),
        ("Seen twice.", "Seen 14 times.", False),
        ("All is over 3 days later.", "2 days later.", True),
    ],
)
def test_numbers_and_bounds(reference: str, segment: str, beyond: bool) -> None:
    assert is_beyond(bounds(reference), amounts(segment)) is beyond
