"""PyTorch's file is read as tensors, and nothing in it is run."""

import os
import pickle
import struct
from typing import Any

import numpy as np
import pytest

from winnow.errors import ModelInvalidError
from winnow_picture_model.weights import read_weights

MAGIC = 0x1950A86A20F9469CFC6C


def tensor(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """What PyTorch pickles of a tensor in the storage `7` of six numbers."""
    storage = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x007X\3\0\0\0cpuK\6NtQ"
    place = b"".join([_number(offset), _numbers(shape), _numbers(strides)])
    rest = b"\x89ccollections\nOrderedDict\n)RtR"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + place + rest


def _number(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _numbers(numbers: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_number, numbers)) + b"t"


def written(tensors: dict[str, bytes], numbers: list[float], magic: int = MAGIC) -> bytes:
    """A file of PyTorch's legacy format."""
    items = b"".join(
        b"X" + struct.pack("<I", len(name)) + name.encode() + value
        for name, value in tensors.items()
    )
    parts = [pickle.dumps(one, protocol=2) for one in (magic, 1001, {"little_endian": True})]
    parts += [b"\x80\2}(" + items + b"u.", pickle.dumps(["7"], protocol=2)]
    return b"".join(parts) + struct.pack(f"<q{len(numbers)}f", len(numbers), *numbers)


NUMBERS = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_tensors_have_their_strides_and_offsets() -> None:
    tensors = {
        "rows": tensor(0, (2, 3), (3, 1)),
        "turned": tensor(0, (3, 2), (1, 3)),
        "late": tensor(4, (2,), (1,)),
        "one": tensor(5, (), ()),
    }
    read = read_weights(written(tensors, NUMBERS))
    assert read["rows"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert read["late"].tolist() == [4, 5]
    assert read["one"] == np.float32(5)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (7,), (1,)), (5, (2,), (1,)), (0, (2,), (6,)), (-1, (1,), (1,)), (3, (2,), (-1,))],
)
def test_a_tensor_beyond_its_storage_is_refused(
    offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    file = written({"one": tensor(offset, shape, strides)}, NUMBERS)
    with pytest.raises(ModelInvalidError, match="beyond its storage"):
        read_weights(file)


class Command:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("echo run",)


def test_nothing_but_tensors_is_made() -> None:
    file = pickle.dumps(Command(), protocol=2)
    with pytest.raises(ModelInvalidError, match=r"asks for \w+\.system"):
        read_weights(file)


@pytest.mark.parametrize("length", [0, 1, 40, 150, -1, -8])
def test_a_truncated_file_is_refused(length: int) -> None:
    file = written({"one": tensor(0, (6,), (1,))}, NUMBERS)
    with pytest.raises(ModelInvalidError):
        read_weights(file[:length])


def test_another_file_is_refused() -> None:
    with pytest.raises(ModelInvalidError, match="legacy format"):
        read_weights(written({}, NUMBERS, magic=1))
    with pytest.raises(ModelInvalidError, match="cannot be read"):
        read_weights(b"PK\x03\x04" + bytes(100))
