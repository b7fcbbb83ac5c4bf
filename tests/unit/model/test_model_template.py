"""LiteRT files from templates: weights in their places, and nothing but the file that is locked."""

import hashlib

import numpy as np
import pytest

from winnow.errors import ModelInvalidError
from winnow.heads.encoders import same_vectors
from winnow_encoder.artefacts import FP32_FILE, INT8_FILE
from winnow_model.template import Placement, Quantised, Template, filled, quantise, read_template

WEIGHTS = {
    "kernel": np.array([[1.0, -2.0], [0.5, 4.0], [0.25, 0.0]], np.float32),
    "bias": np.array([0.5, -0.5], np.float32),
}
KERNEL = Placement(
    weight="kernel",
    offset=4,
    transposed=True,
    quantised=Quantised(per="channel", scales_offset=12),
)
BIAS = Placement(weight="bias", offset=20, transposed=False, quantised=None)
EMPTY = b"TFL3" + bytes(24) + b"end"


def whole() -> bytes:
    """What the template above makes, written out by hand."""
    values = np.array([[127, 64, 32], [-64, 127, 0]], np.int8)  # 63.5 and -63.5 go to even
    scales = np.array([1 / 127, 4 / 127], np.float32)
    bias = WEIGHTS["bias"]
    return b"TFL3" + values.tobytes() + bytes(2) + scales.tobytes() + bias.tobytes() + b"end"


def template(data: bytes) -> Template:
    return Template(sha256=hashlib.sha256(data).hexdigest(), placements=(KERNEL, BIAS))


def test_weights_are_put_where_the_template_says() -> None:
    assert filled(template(whole()), EMPTY, WEIGHTS) == whole()


def test_a_file_that_is_not_the_locked_one_is_refused() -> None:
    other = {**WEIGHTS, "bias": np.array([0.5, 0.5], np.float32)}
    with pytest.raises(ModelInvalidError, match="SHA-256"):
        filled(template(whole()), EMPTY, other)


def test_a_weight_that_the_package_lacks_is_named() -> None:
    with pytest.raises(ModelInvalidError, match="bias"):
        filled(template(whole()), EMPTY, {"kernel": WEIGHTS["kernel"]})


@pytest.mark.parametrize("by_row", [True, False])
def test_int8_is_within_half_a_step(by_row: bool) -> None:
    rows = np.random.default_rng(7).normal(size=(40, 60)).astype(np.float32)
    values, scales = quantise(rows, by_row)
    assert scales.shape == (40 if by_row else 1,)
    error = np.abs(values * scales.reshape(-1, 1) - rows)
    assert (error <= scales.reshape(-1, 1) * 0.500001).all()
    assert values.min() >= -127
    largest = np.abs(values).max(axis=1) if by_row else np.abs(values).max()
    assert (largest == 127).all()


@pytest.mark.parametrize("file", [INT8_FILE, FP32_FILE])
def test_the_templates_hold_no_weights(file: str) -> None:
    told, empty = read_template(file)
    assert len({one.weight for one in told.placements}) == len(told.placements) == 30
    assert all(not any(empty[one.offset : one.offset + 256]) for one in told.placements)
    assert np.count_nonzero(np.frombuffer(empty, np.uint8)) < 100_000


EARLIER = {
    INT8_FILE: ["e3530257692df4cd7f49bdebfd56762a75650d6d55257c3c4a397d199ab12c7c"],
    FP32_FILE: ["8357f08e402bad6bdb29fadaad6fb869594847e79a0c27336c71c2aea74930e0"],
}
"""Every file that stacks out there have trained heads with."""


@pytest.mark.parametrize(("file", "other"), [(INT8_FILE, FP32_FILE), (FP32_FILE, INT8_FILE)])
def test_heads_of_earlier_files_judge_by_the_file_of_today(file: str, other: str) -> None:
    """Red after new templates: measure the cosines, then name the file in winnow.heads.encoders."""
    today = read_template(file)[0].sha256
    assert all(same_vectors(earlier, today) for earlier in EARLIER[file])
    assert not any(same_vectors(earlier, today) for earlier in EARLIER[other])
