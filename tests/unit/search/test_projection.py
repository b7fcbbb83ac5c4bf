"""The projection of vectors to those of the index."""

import numpy as np

from tests.fakes.results import Folders, Judged
from winnow.search.rows import IndexRow
from winnow_search.projection import DIMENSIONS, projected, with_projected


def test_a_vector_becomes_the_same_bytes_whatever_it_is_projected_with() -> None:
    vectors = np.random.default_rng(3).integers(-127, 128, (300, 512), np.int8)
    together = projected(vectors)
    assert together.shape == (300, DIMENSIONS)
    assert (np.abs(together.astype(int)).max(axis=1) == 127).all()
    for place in (0, 7, 299):
        assert (projected(vectors[place : place + 1])[0] == together[place]).all()


def test_likeness_is_kept() -> None:
    """Vectors that the projection was made of lie in its space; random ones do not."""
    random = np.random.default_rng(3)
    one = random.integers(-60, 60, (50, 512), np.int8)
    near = (one + random.integers(-5, 6, one.shape)).astype(np.int8)
    small, small_near = projected(one).astype(float), projected(near).astype(float)
    cosines = (small * small_near).sum(axis=1) / (
        np.linalg.norm(small, axis=1) * np.linalg.norm(small_near, axis=1)
    )
    assert cosines.min() > 0.97


def test_zeros_stay_zeros() -> None:
    assert not projected(np.zeros((1, 512), np.int8)).any()


def test_rows_keep_their_order_and_those_without_a_vector_have_none() -> None:
    folders = Folders()
    folders.run("triage", "u1", [Judged("Iron.")] * 600)
    vector = np.arange(512).astype(np.int8)
    rows: list[IndexRow] = [
        row._replace(vector=None if number % 3 else np.roll(vector, number).tobytes())
        for number, row in enumerate(folders.rows("triage", "u1"))
    ]
    made = list(with_projected(rows))
    assert [row.record for row in made] == [row.record for row in rows]
    for before, after in zip(rows, made, strict=True):
        if before.vector is None:
            assert after.vector is None
        else:
            expected = projected(np.frombuffer(before.vector, np.int8)[None])[0]
            assert after.vector == expected.tobytes()
