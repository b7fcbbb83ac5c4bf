"""A text's side is drawn once: near copies share it, and no later training moves it."""

import numpy as np

from winnow_train.holdout import Side, drawn, sides

KEYS = [f"{number:032x}" for number in range(2_000)]


def placed(groups, keys, fixed=None, may=None, share=0.5):
    fixed = fixed or [None] * len(keys)
    may = may or [True] * len(keys)
    return sides("p", np.array(groups), keys, fixed, may, share)


def held_out(share: float) -> list[str]:
    return [key for key in KEYS if drawn("p", key, share)]


def test_the_share_is_held_out_and_other_processes_hold_out_others():
    assert 320 < len(held_out(0.2)) < 480
    assert set(held_out(0.1)) < set(held_out(0.2))
    assert [drawn("p", key, 0.5) for key in KEYS] != [drawn("q", key, 0.5) for key in KEYS]


def test_copies_go_where_the_first_of_them_goes():
    inside = held_out(0.5)[0]
    outside = next(key for key in KEYS if not drawn("p", key, 0.5))
    assert placed([0, 0, 1, 1], [inside, outside, outside, inside]) == [
        Side.HELD_OUT,
        Side.HELD_OUT,
        Side.TRAIN,
        Side.TRAIN,
    ]


def test_new_texts_do_not_move_old_ones():
    keys = KEYS[:400]
    first = placed(range(400), keys)
    # Half of the texts come again, each with a copy whose own hash may say otherwise.
    again = [*keys, *KEYS[400:600]]
    groups = [*range(400), *range(200)]
    second = placed(groups, again, [*first, *[None] * 200])
    assert second[:400] == first
    assert second[400:] == first[:200]


def test_what_is_like_both_sides_is_left_out_alone():
    fixed = [Side.TRAIN, Side.HELD_OUT, None, None]
    assert placed([0, 0, 0, 1], KEYS[:4], fixed, share=0.0) == [
        Side.TRAIN,
        Side.HELD_OUT,
        Side.BETWEEN,
        Side.TRAIN,
    ]


def test_what_was_not_sampled_is_never_held_out():
    assert placed([0, 1], KEYS[:2], may=[False, True], share=1.0) == [Side.TRAIN, Side.HELD_OUT]
    # Nor beside a text that is: it would be learned from.
    assert placed([0, 0], KEYS[:2], [Side.HELD_OUT, None], [True, False]) == [
        Side.HELD_OUT,
        Side.BETWEEN,
    ]
