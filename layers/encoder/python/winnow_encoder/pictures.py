"""The picture encoder: EfficientNet-lite0 on LiteRT, up to its last mean over the picture."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from winnow.errors import SettingsError
from winnow.models import ModelInfo
from winnow.ports import PictureEncoder
from winnow_encoder.artefacts import read_manifest, verified
from winnow_encoder.batching import Vectors
from winnow_encoder.native import cores, quietly

PICTURES_FOLDER = "pictures"
"""Below the model's folder."""
PICTURES_FILE = "efficientnet-lite0-fp16.tflite"
CLASSES_FILE = "imagenet-classes-fp16.bin"
"""The network's last layer: float16, for each of 1,000 classes 1,280 weights, then the biases."""
SIDE = 224
"""Pixels of a side of the square that the network looks at."""
FEATURES = 1280
CLASSES = 1000
LENGTH = np.float32(18.4)
"""The length of a row of features before it is made 1: its mean on 250 pictures of bicycles and
motorcycles (CIFAR-100), where it is 14.3 to 22.4. The classes' layer expects such rows."""


def scaled(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pictures as the network was trained on them: 127 is 0, and 255 is 1."""
    return (pictures.astype(np.float32) - np.float32(127)) / np.float32(128)


class LiteRtPictures:
    """A PictureEncoder: an interpreter a thread, a picture at a time."""

    def __init__(self, flatbuffer: bytes, classes: bytes, info: ModelInfo, threads: int) -> None:
        self._info = info
        layer = np.frombuffer(classes, np.float16)
        self._class_weights = layer[: CLASSES * FEATURES].reshape(CLASSES, FEATURES)
        self._class_biases = layer[CLASSES * FEATURES :]
        self._threads = threads
        self._engines: SimpleQueue[_Engine] = SimpleQueue()
        with quietly():  # the first interpreter makes the kernels' delegate, which says so
            for _ in range(threads):
                self._engines.put(_Engine(flatbuffer))

    @property
    def info(self) -> ModelInfo:
        return self._info

    def __call__(self, pictures: Sequence[NDArray[np.uint8]]) -> Vectors:
        rows = np.zeros((len(pictures), FEATURES), np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for number, row in enumerate(pool.map(self._features, pictures)):
                rows[number] = row / max(float(np.linalg.norm(row)), 1e-12)
        return rows

    def class_logits(self, features: Vectors) -> Vectors:
        """What the network gives ImageNet's classes (see `winnow.ports.PictureEncoder`)."""
        weights = self._class_weights.astype(np.float32)
        logits: Vectors = LENGTH * (features @ weights.T) + self._class_biases
        return logits

    def _features(self, picture: NDArray[np.uint8]) -> Vectors:
        engine = self._engines.get()
        try:
            return engine(picture)
        finally:
            self._engines.put(engine)


class _Engine:
    """One interpreter, one thread; LiteRT lets go of Python's lock while it computes."""

    def __init__(self, flatbuffer: bytes) -> None:
        self._interpreter = Interpreter(model_content=flatbuffer, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def __call__(self, picture: NDArray[np.uint8]) -> Vectors:
        self._interpreter.set_tensor(self._input, scaled(picture[None]))
        self._interpreter.invoke()
        features: Vectors = self._interpreter.get_tensor(self._output)[0]
        return features


def load_picture_encoder(model_dir: Path, threads: int = 0) -> PictureEncoder:
    """The encoder over the model that `winnow model build` made in `model_dir`.

    `threads` is how many pictures are encoded side by side, 0 for one a core.

    Raises ModelInvalidError when the file is missing, truncated or altered; SettingsError for a
    negative number of threads.
    """
    if threads < 0:
        raise SettingsError(f"The number of threads is {threads}; it must be 0 or more.")
    folder = model_dir / PICTURES_FOLDER
    manifest = read_manifest(folder)
    flatbuffer = verified(folder, manifest, PICTURES_FILE)
    classes = verified(folder, manifest, CLASSES_FILE)
    info = ModelInfo(
        name=manifest.name,
        version=manifest.version,
        sha256=manifest.files[PICTURES_FILE].sha256,
        engine="litert-fp16",
    )
    return LiteRtPictures(flatbuffer, classes, info, threads or cores())
