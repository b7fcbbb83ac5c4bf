"""The LiteRT files are the ones that TensorFlow's converter makes of the dense graph."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from winnow.errors import ModelInvalidError
from winnow_encoder.artefacts import FP32_FILE, INT8_FILE, SAVED_MODEL_FOLDER
from winnow_encoder.litert import LiteRtEngine
from winnow_encoder.native import quietly
from winnow_model.capture import capture
from winnow_model.convert import to_flatbuffer
from winnow_model.graph import SIGNATURE
from winnow_model.template import filled
from winnow_model.weights import Weights


@pytest.fixture(scope="module")
def dense_model(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dense graph with the weights that the built SavedModel holds."""
    from winnow_model.dense import write_dense_model

    folder = tmp_path_factory.mktemp("dense")
    with quietly():
        write_dense_model(_weights_in(model_dir / SAVED_MODEL_FOLDER), folder)
    return folder


def _weights_in(saved_model: Path) -> Weights:
    """The constants of the published graph, by the names that the package has for them."""
    import tensorflow as tf
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    model = SavedModel.FromString((saved_model / "saved_model.pb").read_bytes())
    return {
        node.name.removeprefix("use/"): tf.make_ndarray(node.attr["value"].tensor)
        for function in model.meta_graphs[0].graph_def.library.function
        for node in function.node_def
        if node.op == "Const"
    }


@pytest.mark.model
@pytest.mark.parametrize(("file", "is_int8"), [(INT8_FILE, True), (FP32_FILE, False)])
def test_the_built_file_is_the_converters_bit_for_bit(
    model_dir: Path, dense_model: Path, file: str, is_int8: bool
) -> None:
    """Red after an upgrade of TensorFlow that converts differently: `make templates`."""
    with quietly():
        converted = to_flatbuffer(dense_model, quantise=is_int8)
    assert converted == (model_dir / file).read_bytes()


@pytest.fixture(scope="module")
def weights() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {
        "table": rng.normal(size=(90, 32)).astype(np.float32),
        "kernel": rng.normal(size=(32, 64)).astype(np.float32),
        "bias": rng.normal(size=64).astype(np.float32),
    }


@pytest.fixture(scope="module")
def small_model(weights: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel that looks rows up and multiplies them, as the encoder does."""
    import tensorflow as tf

    module = tf.Module()
    module.encode = tf.function(
        lambda ids: tf.gather(weights["table"], ids) @ weights["kernel"] + weights["bias"],
        input_signature=[tf.TensorSpec([None], tf.int32)],
    )
    folder = tmp_path_factory.mktemp("small")
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: module.encode})
    return folder


@pytest.mark.parametrize("is_int8", [True, False])
def test_a_template_and_its_weights_are_the_file_again(
    small_model: Path, weights: dict[str, Any], is_int8: bool
) -> None:
    with quietly():
        flatbuffer = to_flatbuffer(small_model, quantise=is_int8)
    template, empty = capture(flatbuffer, weights)
    assert {one.weight for one in template.placements} == set(weights)
    assert sum(one.quantised is not None for one in template.placements) == 2 * is_int8
    assert len(empty) == len(flatbuffer)
    assert weights["kernel"].tobytes() not in empty
    assert filled(template, empty, weights) == flatbuffer


def test_a_constant_that_is_no_weight_of_the_package_is_refused(
    small_model: Path, weights: dict[str, Any]
) -> None:
    with quietly():
        flatbuffer = to_flatbuffer(small_model, quantise=False)
    altered = {**weights, "bias": weights["bias"] + 1}
    with pytest.raises(ModelInvalidError, match="No weight"):
        capture(flatbuffer, altered)


def test_a_file_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.encode = tf.function(
        lambda indices, values: tf.reduce_sum(indices) + values,
        input_signature=[
            tf.TensorSpec([None, 2], tf.int64, name="indices"),
            tf.TensorSpec([None], tf.int64, name="values"),
        ],
    )
    with quietly():
        tf.saved_model.save(module, str(tmp_path), signatures={SIGNATURE: module.encode})
        flatbuffer = to_flatbuffer(tmp_path, quantise=False)
    with pytest.raises(ModelInvalidError, match="earlier version"):
        LiteRtEngine(flatbuffer)
