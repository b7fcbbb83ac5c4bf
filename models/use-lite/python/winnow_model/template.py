"""LiteRT files from templates: what TensorFlow's converter made once, the weights put in by us.

A template is two files in models/use-lite/templates. NAME.gz holds the converter's file with zeros
where the weights belong: the operators, the shapes, the small constants. NAME.json lists which
weight of the package belongs where, and the SHA-256 of the whole. So the file is the converter's,
bit for bit, and TensorFlow is not needed to make it; capture.py, which makes templates, needs it.
"""

import gzip
import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from winnow.errors import ModelInvalidError
from winnow_model.weights import Weights

FOLDER = Path(__file__).resolve().parents[2] / "templates"


class _FrozenPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quantised(_FrozenPart):
    """How a weight becomes int8, and where its scales belong."""

    per: Literal["channel", "tensor"] = Field(description="a scale a row, or one scale")
    scales_offset: int = Field(ge=0, description="where the float32 scales start in the file")


class Placement(_FrozenPart):
    """One weight of the package in the file."""

    weight: str = Field(description="the name of the constant in the package's graph")
    offset: int = Field(ge=0, description="where its bytes start in the file")
    transposed: bool = Field(description="whether LiteRT wants a row an output, not an input")
    quantised: Quantised | None = Field(description="null: float32, as it is")


class Template(_FrozenPart):
    """What NAME.json says."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the file with its weights")
    placements: tuple[Placement, ...]


def read_template(name: str, folder: Path = FOLDER) -> tuple[Template, bytes]:
    """The template of a file of the model, and the file without its weights."""
    template = Template.model_validate_json((folder / f"{name}.json").read_bytes())
    return template, gzip.decompress((folder / f"{name}.gz").read_bytes())


def filled(template: Template, empty: bytes, weights: Weights) -> bytes:
    """The file with the weights in their places.

    Raises ModelInvalidError when it is not, to the bit, the file that the template was taken from.
    """
    data = bytearray(empty)
    for placement in template.placements:
        if placement.weight not in weights:
            raise ModelInvalidError(f"The package holds no weight {placement.weight}.")
        for offset, values in placed(placement, weights[placement.weight]):
            data[offset : offset + values.nbytes] = values.tobytes()
    actual = hashlib.sha256(data).hexdigest()
    if actual != template.sha256:
        raise ModelInvalidError(
            f"The weights make a LiteRT file with the SHA-256 {actual}, its template says "
            f"{template.sha256}."
        )
    return bytes(data)


def placed(placement: Placement, weight: NDArray[Any]) -> list[tuple[int, NDArray[Any]]]:
    """The arrays that a weight becomes in the file, each with its offset."""
    rows = rows_of(weight, placement.transposed)
    if placement.quantised is None:
        return [(placement.offset, rows)]
    values, scales = quantise(rows, placement.quantised.per == "channel")
    return [(placement.offset, values), (placement.quantised.scales_offset, scales)]


def rows_of(weight: NDArray[Any], transposed: bool) -> NDArray[Any]:
    """A weight as a matrix: the last axis as columns, or as rows where it is transposed."""
    matrix = weight.reshape(-1, weight.shape[-1]) if weight.ndim else weight.reshape(1, 1)
    return np.ascontiguousarray(matrix.T if transposed else matrix)


def quantise(
    rows: NDArray[np.float32], by_row: bool
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8, as TensorFlow's converter quantises weights for dynamic range.

    The largest magnitude, of each row or of all, becomes 127; zero stays zero. The division is in
    float64, as the converter's is: in float32 a few weights in a million round the other way.
    Returns the values and the scales: `rows` is about `values * scales[:, None]`.
    """
    largest = np.abs(rows).max(axis=1 if by_row else None, keepdims=True).astype(np.float64)
    scales = largest / 127
    values = np.rint(rows / scales).astype(np.int8)
    return values, scales.reshape(-1).astype("<f4")
