"""Work in several processes: same results, same order, same errors."""

import os
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from winnow_train.processes import in_processes


def draw(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=50_000)


def fail() -> np.ndarray:
    raise ValueError("no")


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_results_are_in_the_order_of_the_tasks(workers):
    results = list(in_processes([partial(draw, seed) for seed in range(5)], workers))
    assert [result.tolist() for result in results] == [draw(seed).tolist() for seed in range(5)]


def test_tasks_run_in_processes_of_their_own():
    assert os.getpid() not in set(in_processes([os.getpid] * 4, 2))
    assert list(in_processes([os.getpid], 2)) == [os.getpid()]
    none: list[Callable[[], int]] = []
    assert list(in_processes(none, 2)) == []


def test_what_a_task_raises_is_raised():
    tasks: list[Callable[[], np.ndarray]] = [partial(draw, 0), fail]
    with pytest.raises(ValueError, match="no"):
        list(in_processes(tasks, 2))


def test_the_work_of_a_process_that_died_is_done_here():
    own = os.getpid()

    def die_elsewhere() -> int:
        if os.getpid() != own:
            os._exit(9)
        return 7

    assert list(in_processes([die_elsewhere] * 3, 2)) == [7, 7, 7]
