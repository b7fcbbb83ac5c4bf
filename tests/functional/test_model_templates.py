"""The LiteRT files are the ones that TensorFlow's converter makes of the SavedModel."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from winnow.errors import ModelInvalidError
from winnow_encoder.artefacts import FP32_FILE, INT8_FILE, SAVED_MODEL_FOLDER
from winnow_encoder.native import quietly
from winnow_model.capture import capture
from winnow_model.convert import to_flatbuffer
from winnow_model.graph import SIGNATURE
from winnow_model.template import filled


@pytest.mark.model
@pytest.mark.parametrize(("file", "is_int8"), [(INT8_FILE, True), (FP32_FILE, False)])
def test_the_built_file_is_the_converters_bit_for_bit(
    model_dir: Path, file: str, is_int8: bool
) -> None:
    """Red after an upgrade of TensorFlow that converts differently: `make templates`."""
    with quietly():
        converted = to_flatbuffer(model_dir / SAVED_MODEL_FOLDER, quantise=is_int8)
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
