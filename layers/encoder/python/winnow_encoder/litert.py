"""The LiteRT engine: one interpreter, one thread."""

from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from winnow_encoder.batching import Vectors
from winnow_encoder.native import quietly
from winnow_encoder.sparse import sparse_indices


class LiteRtEngine:
    """A TokenEngine over a flatbuffer. A row's bits do not depend on the others of its batch.

    LiteRT lets go of Python's lock while it computes: engines in several threads run side by side.
    """

    def __init__(self, flatbuffer: bytes) -> None:
        self._interpreter = Interpreter(model_content=flatbuffer, num_threads=1)
        inputs = {
            int(d["shape_signature"].size): d["index"]
            for d in self._interpreter.get_input_details()
        }
        self._values, self._indices = inputs[1], inputs[2]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._tokens = -1
        with quietly():  # the first allocation makes the kernels' delegate, which says so
            self._allocate(1)

    def __call__(self, rows: Sequence[Sequence[int]]) -> Vectors:
        values = np.array(rows, np.int64).reshape(-1)
        tokens = len(values)
        if tokens != self._tokens:
            self._allocate(tokens)
        self._interpreter.set_tensor(self._indices, sparse_indices(len(rows), len(rows[0])))
        self._interpreter.set_tensor(self._values, values)
        self._interpreter.invoke()
        vectors: Vectors = self._interpreter.get_tensor(self._output)
        return vectors

    def _allocate(self, tokens: int) -> None:
        self._interpreter.resize_tensor_input(self._indices, (tokens, 2))
        self._interpreter.resize_tensor_input(self._values, (tokens,))
        self._interpreter.allocate_tensors()
        self._tokens = tokens
