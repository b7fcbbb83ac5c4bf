"""USE-lite as a dense graph: what TensorFlow's converter makes the LiteRT files of.

The published graph (graph.py) takes rows of any length as a sparse batch: it scatters, gathers and
masks. An engine's batches have rows of one length, which need none of that. Weights and arithmetic
are the published ones; how they are written down decides what the converter quantises (ADR 0051):

- A layer norm is worked out over [rows, tokens, channels], and only its result is reshaped for the
  product behind it. The converter would fold its scale and bias into that product, whose input it
  then quantises in a range that is harder to keep.
- A product is over [rows * tokens, channels]: a token has a scale of its own, whatever its company.
- Attention's scores are scaled, not its queries.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from winnow_model.graph import SIGNATURE
from winnow_model.weights import Weights

LAYERS = 2
HEADS = 4
EPSILON = 1e-6

_ENCODER = "module/Encoder_en"
_GRAPH = "module_apply_default/Encoder_en/KonaTransformer/Encode"
"""Where the package keeps kernels that are used as they are, and values that its graph prepares."""

Batch = tuple[Any, Any]
"""Rows, and tokens of each."""


def write_dense_model(weights: Weights, folder: Path) -> None:
    """Write the graph as a SavedModel.

    Its one signature, `serving_default`, takes `ids`, int32 [rows, tokens], at least one of each
    and at most 128 tokens, and returns `embeddings`, float32 [rows, 512], L2-normalised.
    """
    graph = _DenseGraph(weights)
    module = tf.Module()
    module.encode = tf.function(
        lambda ids: {"embeddings": graph.embeddings(ids)},
        input_signature=[tf.TensorSpec([None, None], tf.int32, name="ids")],
    )
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: module.encode})


class _DenseGraph:
    """The operators. `x` is [rows * tokens, C]: 256 channels into the first layer, then 512."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def embeddings(self, ids: Any) -> Any:
        """[rows, 512] of [rows, tokens]."""
        shape = tf.shape(ids)
        batch = shape[0], shape[1]
        x = self._embedded(ids, batch)
        for layer in range(LAYERS):
            x = self._layer(x, layer, batch)
        mean = tf.reduce_mean(tf.reshape(x, [*batch, x.shape[-1]]), 1)
        name = f"{_ENCODER}/hidden_layers/tanh_layer_0"
        hidden = _product(mean, self._weights[f"{name}/weights"], self._weights[f"{name}/bias"])
        return tf.math.l2_normalize(tf.tanh(hidden), -1)

    def _embedded(self, ids: Any, batch: Batch) -> Any:
        """[rows * tokens, 256]: an id's embedding, twice, and the signal of its position."""
        timing = f"{_GRAPH}/TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1"
        table, frequencies = self._weights["module/Embeddings_en"], self._weights[timing]
        channels = table.shape[-1]
        found = tf.gather(table, tf.reshape(ids, [-1]))
        positions = tf.cast(tf.range(batch[1]), tf.float32)
        angles = positions[:, None] * frequencies.reshape(1, -1)
        signal = tf.concat([tf.sin(angles), tf.cos(angles)], 1)
        x = tf.reshape(found + found, [*batch, channels]) + signal
        return tf.reshape(x, [-1, channels])

    def _layer(self, x: Any, layer: int, batch: Batch) -> Any:
        """[rows * tokens, 512] of [rows * tokens, C]."""
        name = f"Layer_{layer}/TransformerLayer"
        attended = self._attention(x, name, batch)
        if layer == 0:  # what is added to has to have as many channels
            x = _product(
                x, self._prepared(f"{name}/dense/kernel"), self._prepared(f"{name}/dense/bias")
            )
        x = x + attended
        return x + self._feed_forward(x, name, batch)

    def _attention(self, x: Any, name: str, batch: Batch) -> Any:
        """[rows * tokens, 512] of [rows * tokens, C]: each token looks at those of its row."""
        channels = x.shape[-1]
        width = channels // HEADS
        normed = self._layer_norm(x, name, batch)
        queries, keys, values = (
            tf.transpose(tf.reshape(part, [*batch, HEADS, width]), [0, 2, 1, 3])
            for part in tf.split(self._transform(normed, name, "qkv"), 3, -1)
        )
        scores = tf.matmul(queries, keys, transpose_b=True) * np.float32(width**-0.5)
        mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), values), [0, 2, 1, 3])
        return self._transform(tf.reshape(mixed, [-1, channels]), name, "output")

    def _transform(self, x: Any, name: str, which: str) -> Any:
        place = f"{name}/MultiheadAttention/{which}_transform_single"
        kernel = self._weights[f"{_ENCODER}/KonaTransformer/Encode/{place}/kernel/part_0"]
        return _product(x, kernel, self._prepared(f"{place}/bias"))

    def _feed_forward(self, x: Any, name: str, batch: Batch) -> Any:
        """[rows * tokens, 512] of the same shape: each token by itself."""
        kernel_1, kernel_2 = (
            self._weights[f"{_GRAPH}/TransformerStack/{name}/FFN/{conv}/Tensordot/Reshape_1"]
            for conv in ("conv1", "conv2")
        )
        normed = self._layer_norm(x, f"{name}/FFN", batch)
        hidden = tf.nn.relu(_product(normed, kernel_1, self._prepared(f"{name}/FFN/conv1/bias")))
        return _product(hidden, kernel_2, self._prepared(f"{name}/FFN/conv2/bias"))

    def _layer_norm(self, x: Any, name: str, batch: Batch) -> Any:
        """[rows * tokens, C] of the same shape."""
        norm = f"{name}/layer_prepostprocess/layer_norm/layer_norm"
        scale, bias = self._prepared(f"{norm}_scale"), self._prepared(f"{norm}_bias")
        channels = x.shape[-1]
        x = tf.reshape(x, [*batch, channels])
        centred = x - tf.reduce_mean(x, -1, keepdims=True)
        variance = tf.reduce_mean(centred * centred, -1, keepdims=True)
        normed = (centred * tf.math.rsqrt(variance + EPSILON)) * scale + bias
        return tf.reshape(normed, [-1, channels])

    def _prepared(self, name: str) -> NDArray[Any]:
        """A weight that was trained in parts, as the graph puts them together."""
        return self._weights[f"{_GRAPH}/{name}/ConcatPartitions/concat"]


def _product(x: Any, kernel: NDArray[Any], bias: NDArray[Any]) -> Any:
    """[n, outputs] of [n, inputs]."""
    return tf.matmul(x, kernel.reshape(-1, kernel.shape[-1])) + bias
