"""The network as a LiteRT flatbuffer, by TensorFlow: for the template, and to compare with."""

from collections.abc import Callable
from typing import Any, cast

from winnow_picture_model.network import SIDE, Folded, convolutions


def float_network(folded: Folded) -> Callable[[Any], Any]:
    """The network in float32: pictures as `scaled` makes them, [n, 224, 224, 3], to [n, 1280]."""
    import tensorflow as tf

    def forward(pictures: Any) -> Any:
        x = entered = pictures
        for one in convolutions():
            if one.starts_block:
                entered = x
            kernel, bias = folded[f"{one.name}/kernel"], folded[f"{one.name}/bias"]
            strides = [1, one.stride, one.stride, 1]
            if one.kind == "full":
                x = tf.nn.conv2d(x, kernel.transpose(1, 2, 3, 0), strides, "SAME")
            else:
                x = tf.nn.depthwise_conv2d(x, kernel.transpose(1, 2, 3, 0), strides, "SAME")
            x = tf.nn.bias_add(x, bias)
            if one.relu6:
                x = tf.nn.relu6(x)
            if one.adds_input:
                x = x + entered
        return tf.reduce_mean(x, [1, 2])

    return forward


def to_flatbuffer(folded: Folded) -> bytes:
    """The network as a LiteRT flatbuffer: one picture in, its features out; float16 weights."""
    import tensorflow as tf

    function = tf.function(
        float_network(folded), input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.float32)]
    )
    module = tf.Module()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], module
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return cast("bytes", converter.convert())
