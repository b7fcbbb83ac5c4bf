"""What a training needs, and whether a function has it."""

import pytest

from winnow_train.size import need_of

LARGEST = 10_240.0
MINUTES_15 = 900.0


def test_what_was_promised_for_a_function_fits_into_one():
    need = need_of(15_000, 150)
    assert need.fits(MINUTES_15, 3_538)
    assert need.fits(MINUTES_15, LARGEST)


@pytest.mark.parametrize(("rows", "labels"), [(100_000, 150), (400_000, 3), (1_000_000, 2)])
def test_what_is_beyond_a_function_does_not(rows: int, labels: int):
    assert not need_of(rows, labels).fits(MINUTES_15, LARGEST)


def test_more_memory_is_more_cores_and_less_time():
    need = need_of(20_000, 200)
    assert not need.fits(MINUTES_15, 1_769)
    assert need.fits(MINUTES_15, LARGEST)


def test_a_choice_of_c_takes_a_fit_for_each():
    one, two = need_of(8_000, 50), need_of(8_000, 50, strengths=2)
    assert two.seconds > 1.8 * one.seconds
    assert two.megabytes == one.megabytes


@pytest.mark.parametrize(
    ("rows", "labels", "seconds", "megabytes"),
    [
        (2_000, 10, 9.8, 304),
        (4_000, 50, 28.6, 378),
        (8_000, 10, 22.2, 488),
        (8_000, 50, 60.2, 490),
        (15_000, 150, 292, 741),
    ],
)
def test_no_training_that_was_measured_takes_more(
    rows: int, labels: int, seconds: float, megabytes: float
):
    need = need_of(rows, labels)
    assert seconds < need.seconds < 3 * seconds
    assert megabytes < need.megabytes < 3 * megabytes
