"""A SavedModel made into LiteRT flatbuffers by TensorFlow: for templates, and to compare with."""

from pathlib import Path
from typing import cast

from winnow_model.graph import SIGNATURE


def to_flatbuffer(saved_model: Path, quantise: bool) -> bytes:
    """The SavedModel as a LiteRT flatbuffer with the same signature.

    With `quantise`, weights are int8 with a scale a channel and activations are quantised on the
    fly, a row at a time (dynamic range): a quarter of the size, and no calibration data is needed.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(saved_model), signature_keys=[SIGNATURE]
    )
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return cast("bytes", converter.convert())
