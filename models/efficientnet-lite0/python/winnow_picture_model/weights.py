"""The package's weights: a file of PyTorch's legacy format, read without PyTorch.

The file is a row of pickles (magic number, version, sizes of types, the tensors, the keys of their
storages) and then the storages, each its length and its bytes. The unpickler knows tensors and the
dictionary around them, and refuses whatever else a pickle may ask for.
"""

import collections
import io
import pickle
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from winnow.errors import ModelInvalidError

Weights = Mapping[str, NDArray[np.float32]]
"""Arrays by the name that the network gives them."""

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


class _Storage(NamedTuple):
    dtype: np.dtype[Any]
    key: str
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, data: NDArray[Any]) -> NDArray[np.float32]:
        """The tensor in its storage's numbers, as an array of its own."""
        strides = [step * data.itemsize for step in self.strides]
        extent = self.offset + sum(
            (size - 1) * step for size, step in zip(self.shape, self.strides, strict=True)
        )
        if min(self.strides, default=0) < 0 or not 0 <= self.offset <= extent < len(data):
            raise ModelInvalidError("A tensor of the package reaches beyond its storage.")
        view = np.lib.stride_tricks.as_strided(data[self.offset :], self.shape, strides)
        return np.ascontiguousarray(view, np.float32)


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    _ALLOWED: ClassVar[Mapping[tuple[str, str], object]] = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def find_class(self, module: str, name: str) -> Any:
        return self._ALLOWED.get((module, name)) or _refuse(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, _, size, _ = pid
        return _Storage(dtype, key, size)


def _refuse(name: str) -> NoReturn:
    raise ModelInvalidError(f"The package's file asks for {name}, which is no tensor.")


def read_weights(file: bytes) -> Weights:
    """Every tensor of the file, as float32.

    Raises ModelInvalidError when it is no such file, is truncated, or has more in it than tensors.
    """
    stream = io.BytesIO(file)
    try:
        magic, protocol, _, tensors, keys = (_Unpickler(stream).load() for _ in range(5))
        if (magic, protocol) != (_MAGIC, _PROTOCOL):
            raise ModelInvalidError("The package's file is not of PyTorch's legacy format.")
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
        storages = {key: _read_storage(stream, dtypes[key]) for key in keys}
        return {name: tensor.of(storages[tensor.storage.key]) for name, tensor in tensors.items()}
    except (pickle.UnpicklingError, ValueError, KeyError, TypeError, EOFError, AttributeError):
        raise ModelInvalidError("The package's file cannot be read as weights.") from None


def _read_storage(stream: io.BytesIO, dtype: np.dtype[Any]) -> NDArray[Any]:
    size = int.from_bytes(stream.read(8), "little")
    data = stream.read(size * dtype.itemsize)
    return np.frombuffer(data, dtype, size)
