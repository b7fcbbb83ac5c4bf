"""The LiteRT engine: one interpreter, one thread."""

from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from winnow.errors import ModelInvalidError
from winnow_encoder.batching import Vectors
from winnow_encoder.native import quietly


class LiteRtEngine:
    """A TokenEngine over a flatbuffer. A row's bits do not depend on the others of its batch.

    LiteRT lets go of Python's lock while it computes: engines in several threads run side by side.

    Raises ModelInvalidError for the file of an earlier version, whose batches were sparse.
    """

    def __init__(self, flatbuffer: bytes) -> None:
        self._interpreter = Interpreter(model_content=flatbuffer, num_threads=1)
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1:
            raise ModelInvalidError("The model was built by an earlier version of Winnow.")
        self._ids = inputs[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        with quietly():  # the first allocation makes the kernels' delegate, which says so
            self._allocate((1, 1))

    def __call__(self, rows: Sequence[Sequence[int]]) -> Vectors:
        ids = np.array(rows, np.int32)
        if ids.shape != self._shape:
            self._allocate(ids.shape)
        self._interpreter.set_tensor(self._ids, ids)
        self._interpreter.invoke()
        vectors: Vectors = self._interpreter.get_tensor(self._output)
        return vectors

    def _allocate(self, shape: tuple[int, ...]) -> None:
        self._interpreter.resize_tensor_input(self._ids, shape)
        self._interpreter.allocate_tensors()
        self._shape = shape
