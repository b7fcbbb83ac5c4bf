"""Likeness: exact cosines of int8 vectors."""

import numpy as np
from numpy.typing import NDArray

from winnow.search.engine import LIKENESS_DECIMALS

_PIECE = 16_384


class Vectors:
    """The vectors of rows, in the order of the rows' ids."""

    def __init__(self, ids: NDArray[np.int64], content: bytes | bytearray) -> None:
        """Take ids, and their vectors one after the other."""
        self.ids = ids
        size = len(content) // len(ids) if len(ids) else 0
        self._rows = np.frombuffer(content, np.int8).reshape(len(ids), size)
        squares = np.empty(len(ids), np.float64)
        for start in range(0, len(ids), _PIECE):
            piece = self._rows[start : start + _PIECE].astype(np.float32)
            squares[start : start + _PIECE] = np.einsum("ij,ij->i", piece, piece)
        self._norms = np.sqrt(squares)

    def cosines(self, wanted: bytes, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """The likeness of rows (positions in `ids`) to a vector.

        Sums of products of int8 are whole numbers that a float32 holds exactly, so the result does
        not depend on the order of the sum.
        """
        query = np.frombuffer(wanted, np.int8).astype(np.float32)
        if query.size != self._rows.shape[1]:
            return np.zeros(len(chosen))
        dots = np.empty(len(chosen), np.float64)
        for start in range(0, len(chosen), _PIECE):
            places = chosen[start : start + _PIECE]
            dots[start : start + _PIECE] = self._rows[places].astype(np.float32) @ query
        norms = self._norms[chosen] * np.sqrt(float(query @ query))
        cosines: NDArray[np.float64] = np.zeros_like(dots)
        np.divide(dots, norms, out=cosines, where=norms > 0)
        return cosines.round(LIKENESS_DECIMALS)
