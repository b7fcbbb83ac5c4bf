"""The picture encoder is the published network, and loads only what was built."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from winnow.errors import ModelInvalidError, PackageUnavailableError, SettingsError
from winnow_encoder.native import quietly
from winnow_encoder.pictures import (
    FEATURES,
    PICTURES_FILE,
    PICTURES_FOLDER,
    SIDE,
    load_picture_encoder,
    scaled,
)
from winnow_picture_model import build_picture_model
from winnow_picture_model.network import folded
from winnow_picture_model.package import read_lock, read_package
from winnow_picture_model.weights import read_weights

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("model")
    build_picture_model(folder, lambda _: None)
    return folder


@pytest.fixture(scope="module")
def network() -> Any:
    return folded(read_weights(read_package(read_lock())))


def drawn(count: int) -> Iterator[NDArray[np.uint8]]:
    """Coloured rectangles and noise of several grains."""
    rng = np.random.default_rng(5)
    for _ in range(count):
        grain = int(rng.choice([1, 4, 16, 56]))
        noise = rng.integers(0, 256, (SIDE // grain, SIDE // grain, 3), np.uint8)
        picture = noise.repeat(grain, 0).repeat(grain, 1)
        for _ in range(4):
            top, left = rng.integers(0, SIDE - 20, 2)
            height, width = rng.integers(10, SIDE, 2)
            picture[top : top + height, left : left + width] = rng.integers(0, 256, 3, np.uint8)
        yield picture


def test_the_built_file_is_the_converters_bit_for_bit(built: Path, network: Any) -> None:
    """Red after an upgrade of TensorFlow that converts differently: `make templates`."""
    from winnow_picture_model.convert import to_flatbuffer

    with quietly():
        converted = to_flatbuffer(network)
    assert converted == (built / PICTURES_FOLDER / PICTURES_FILE).read_bytes()


def test_is_the_float_network(built: Path, network: Any) -> None:
    from winnow_picture_model.convert import float_network

    pictures = list(drawn(24))
    with quietly():
        expected = float_network(network)(scaled(np.stack(pictures))).numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    rows = load_picture_encoder(built)(pictures)
    assert rows.shape == (24, FEATURES)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)
    cosines = (rows * expected).sum(axis=1)
    assert cosines.min() > 0.9998


def test_a_row_has_the_same_bits_alone_and_beside_others(built: Path) -> None:
    pictures = list(drawn(9))
    together = load_picture_encoder(built, threads=2)(pictures)
    alone = load_picture_encoder(built, threads=1)
    for picture, row in zip(pictures, together, strict=True):
        assert np.array_equal(alone([picture])[0], row)
    assert alone([]).shape == (0, FEATURES)


def test_is_built_once(built: Path) -> None:
    said: list[str] = []
    build_picture_model(built, said.append)
    assert said == [f"The picture model in {built / PICTURES_FOLDER} is up to date."]


def test_damage_is_an_error_at_the_start_and_is_built_again(built: Path) -> None:
    path = built / PICTURES_FOLDER / PICTURES_FILE
    sound = path.read_bytes()
    path.write_bytes(sound[:-1] + b"?")
    with pytest.raises(ModelInvalidError, match=PICTURES_FILE):
        load_picture_encoder(built)
    build_picture_model(built, lambda _: None)
    assert path.read_bytes() == sound


def test_wrong_settings_are_named(built: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="-1"):
        load_picture_encoder(built, threads=-1)
    with pytest.raises(ModelInvalidError, match="manifest"):
        load_picture_encoder(tmp_path)


def test_another_package_is_refused() -> None:
    lock = read_lock()
    with pytest.raises(PackageUnavailableError, match="make install"):
        read_package(lock.model_copy(update={"module": "no_such_module"}))
    with pytest.raises(ModelInvalidError, match="is missing"):
        read_package(lock.model_copy(update={"file": "models/none.pth"}))
    with pytest.raises(ModelInvalidError, match="the lock says"):
        read_package(lock.model_copy(update={"file": "__init__.py"}))


def test_the_classes_are_those_of_the_network(built: Path) -> None:
    weights = read_weights(read_package(read_lock()))
    encoder = load_picture_encoder(built)
    features = encoder(list(drawn(6)))
    logits = encoder.class_logits(features)
    expected = 18.4 * features @ weights["_fc.weight"].T + weights["_fc.bias"]
    assert logits == pytest.approx(expected, abs=0.02)
