"""EfficientNet-lite0 as a list of convolutions, their batch normalisation folded into the weights.

Tan and Le, "EfficientNet", 2019 (arXiv 1905.11946), and its lite variant: no squeeze and
excitation, ReLU6 in place of swish, stem and head of fixed width.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow_picture_model.weights import Weights

EPSILON = 1e-3
SIDE = 224
FEATURES = 1280

Folded = Mapping[str, NDArray[np.float32]]
"""`NAME/kernel` and `NAME/bias` of every convolution, in LiteRT's layout: [out, h, w, in], and
[1, h, w, channels] where it is depthwise."""


class Convolution(NamedTuple):
    """One convolution with its batch normalisation, in the order of the network."""

    name: str
    norm: str
    kind: Literal["full", "depthwise"]
    stride: int
    relu6: bool
    starts_block: bool = False
    adds_input: bool = False
    """Whether the block that ends here adds what it was given."""


class _Stage(NamedTuple):
    repeats: int
    stride: int
    widens: bool
    """Whether its blocks begin with a 1x1 convolution to more channels."""


_STAGES = (
    _Stage(1, 1, False),
    _Stage(2, 2, True),
    _Stage(2, 2, True),
    _Stage(3, 2, True),
    _Stage(3, 1, True),
    _Stage(4, 2, True),
    _Stage(1, 1, True),
)


def convolutions() -> Iterator[Convolution]:
    """The network from the stem to the head; what follows is the mean over all places."""
    yield Convolution("_conv_stem", "_bn0", "full", 2, relu6=True)
    block = 0
    for stage in _STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            yield from _block(f"_blocks.{block}", stride, stage.widens, adds_input=repeat > 0)
            block += 1
    yield Convolution("_conv_head", "_bn1", "full", 1, relu6=True)


def _block(name: str, stride: int, widens: bool, adds_input: bool) -> Iterator[Convolution]:
    if widens:
        yield Convolution(
            f"{name}._expand_conv", f"{name}._bn0", "full", 1, relu6=True, starts_block=True
        )
    yield Convolution(
        f"{name}._depthwise_conv",
        f"{name}._bn1",
        "depthwise",
        stride,
        relu6=True,
        starts_block=not widens,
    )
    yield Convolution(
        f"{name}._project_conv", f"{name}._bn2", "full", 1, relu6=False, adds_input=adds_input
    )


def folded(weights: Weights) -> Folded:
    """Kernels and biases that do what convolution and batch normalisation do one after the other.

    Raises KeyError when a tensor of the network is missing.
    """
    arrays: dict[str, NDArray[np.float32]] = {}
    for one in convolutions():
        gamma, beta, mean, variance = (
            weights[f"{one.norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + EPSILON)
        kernel = weights[f"{one.name}.weight"] * scale[:, None, None, None]
        axes = (0, 2, 3, 1) if one.kind == "full" else (1, 2, 3, 0)
        arrays[f"{one.name}/kernel"] = np.ascontiguousarray(kernel.transpose(axes), np.float32)
        arrays[f"{one.name}/bias"] = (beta - mean * scale).astype(np.float32)
    return arrays


def halved(weights: Weights) -> Mapping[str, NDArray[np.float16]]:
    """The folded network in float16, as it stands in the LiteRT file.

    Raises KeyError when a tensor of the network is missing.
    """
    return {name: array.astype(np.float16) for name, array in folded(weights).items()}


def class_layer(weights: Weights) -> bytes:
    """The layer behind the features, in float16: the classes' weights, then their biases.

    Raises KeyError when a tensor of it is missing.
    """
    parts = (weights["_fc.weight"], weights["_fc.bias"])
    return b"".join(part.astype("<f2").tobytes() for part in parts)
