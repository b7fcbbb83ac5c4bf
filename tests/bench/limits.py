"""What the processor can do in products of matrices, which bounds the encoder.

A limit is taken on one core with nothing but products of shapes that the kernels like: float32 by
NumPy or LiteRT, whichever is faster, int8 by LiteRT, whose kernels the encoder runs on. All else
(quantising activations, layer norms, attention, moving rows) would have to be free to reach it.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROWS, INPUTS, OUTPUTS = 120, 512, 1_536
"""A product of the encoder's feed-forward layers, with as many rows as a batch has tokens."""


def measure() -> dict[str, float]:
    """10^9 operations a second of one core in products of float32, and of int8."""
    return {
        "gflops": max(square_rate(), layer_rate(is_int8=False)),
        "int8_gops": layer_rate(is_int8=True),
    }


def square_rate() -> float:
    """Products of two square matrices by NumPy, in float32."""
    size = 1_024
    one, other = np.random.default_rng(0).random((2, size, size), np.float32)
    return 2 * size**3 / _least(lambda: one @ other, 20) / 1e9


def layer_rate(is_int8: bool) -> float:
    """Products of one layer by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=_layer(is_int8), num_threads=1)
    interpreter.allocate_tensors()
    rows = np.random.default_rng(1).random((ROWS, INPUTS), np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], rows)
    return 2 * ROWS * INPUTS * OUTPUTS / _least(interpreter.invoke, 300) / 1e9


def _layer(is_int8: bool) -> bytes:
    """A LiteRT file of one product, quantised or not as the encoder's are."""
    import tensorflow as tf

    from winnow_model.convert import to_flatbuffer
    from winnow_model.graph import SIGNATURE

    weights = np.random.default_rng(2).normal(size=(INPUTS, OUTPUTS)).astype(np.float32)
    module = tf.Module()
    module.encode = tf.function(
        lambda rows: rows @ weights, input_signature=[tf.TensorSpec([ROWS, INPUTS], tf.float32)]
    )
    with tempfile.TemporaryDirectory() as scratch:
        tf.saved_model.save(module, scratch, signatures={SIGNATURE: module.encode})
        return to_flatbuffer(Path(scratch), quantise=is_int8)


def _least(work: Callable[[], object], rounds: int) -> float:
    """The least CPU seconds of several rounds, all threads counted."""
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)
