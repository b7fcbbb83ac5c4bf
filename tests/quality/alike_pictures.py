"""How often pictures that are found to be alike are of the same kind.

`python -m tests.quality.alike_pictures` reads the bicycles and motorcycles of WINNOW_DATA.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.quality.rows.two_wheels import wheels
from winnow.judging.pictures.vectors import picture_vectors
from winnow.limits.reading import ReadLimits
from winnow_encoder.pictures import load_picture_encoder
from winnow_ocr.squares import Square, squares_of
from winnow_search.projection import projected

PICTURES = 400
NEAREST = 5


def same_kind(vectors: NDArray[np.generic], kinds: NDArray[np.intp]) -> float:
    """The share of each picture's nearest ones that are of its kind."""
    rows = vectors.astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argsort(-cosines, axis=1)[:, :NEAREST]
    return float((kinds[nearest] == kinds[:, None]).mean())


def main() -> None:
    """Print the share by the features, by the vectors of results, and by those of the index."""
    files, known = wheels()
    found = squares_of(files[:PICTURES], ReadLimits())
    squares: list[Square] = [each for each in found if isinstance(each, np.ndarray)]
    features = load_picture_encoder(Path("build/model"))(squares)
    stored = np.stack([np.frombuffer(v, np.int8) for v in picture_vectors(features) if v])
    kinds = known[:PICTURES]
    for name, vectors in (
        ("features", features),
        ("vectors of results", stored),
        ("vectors of the index", projected(stored)),
    ):
        print(f"{name}: {same_kind(vectors, kinds):.3f}")


if __name__ == "__main__":
    main()
