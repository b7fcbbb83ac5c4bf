"""Pictures from files to features, and the first one that is judged.

`python -m tests.bench.judging_pictures` prints one JSON document: medians of rounds that go round
the ways, in CPU time with that of children. Each measurement is a process of its own, one thread.

| way | what it does |
|---|---|
| winnow | what Scan and Classify do: a confined child decodes and makes what people see; encoder |
| litert | a plain loop: Pillow, and an interpreter over the same file |
| tensorflow | a plain loop: Pillow, and TensorFlow with float32 weights, 16 pictures at a time |
"""

import compileall
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from winnow.ports import PictureEncoder
from winnow.processes.registry import ProcessRegistry

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "build" / "model"
ROUNDS = 3
PICTURES = 32
WAYS = ("winnow", "litert", "tensorflow")
SIZES = {
    "JPEG of 4000 x 3000": (4000, 3000),
    "JPEG of 1600 x 1200": (1600, 1200),
    "PNG of 640 x 480": (640, 480),
    "PNG of 32 x 32": (32, 32),
}
BATCH = 16
VARIABLES = {
    "PYDANTIC_DISABLE_PLUGINS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

Files = Sequence[bytes]
Squares = Sequence[Any]


def pictures(name: str) -> Files:
    """Drawings with the grain of a photograph, of a size; a few, many times."""
    from PIL import Image

    from tests.fakes.two_wheels import drawing

    rng = np.random.default_rng(0)
    size = SIZES[name]
    made = []
    for seed in range(4):
        with Image.open(io.BytesIO(drawing("bicycle", seed))) as drawn:
            pixels = np.asarray(drawn.convert("RGB").resize(size), np.int16)
        grain = rng.normal(0, 4, pixels.shape)
        out = io.BytesIO()
        grained = Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8))
        grained.save(out, name.partition(" ")[0], quality=90)
        made.append(out.getvalue())
    return made * (PICTURES // len(made))


# -- one measurement, in a process of its own ------------------------------------------------------


def cpu_seconds() -> float:
    """Of this process and of the children that it has waited for."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def by_winnow() -> tuple[Callable[[Files], Squares], Callable[[Squares], Any]]:
    from winnow.limits.reading import ReadLimits
    from winnow_encoder.pictures import load_picture_encoder
    from winnow_ocr.squares import SIDE, decode_pictures

    def decode(files: Files) -> Squares:
        found = decode_pictures(files, ReadLimits())
        return [np.frombuffer(one.square, np.uint8).reshape(SIDE, SIDE, 3) for one in found]

    return decode, load_picture_encoder(MODEL, threads=1)


def by_litert() -> tuple[Callable[[Files], Squares], Callable[[Squares], Any]]:
    from ai_edge_litert.interpreter import Interpreter

    from winnow_encoder.pictures import PICTURES_FILE, PICTURES_FOLDER, scaled

    interpreter = Interpreter(str(MODEL / PICTURES_FOLDER / PICTURES_FILE), num_threads=1)
    interpreter.allocate_tensors()
    [given], [made] = interpreter.get_input_details(), interpreter.get_output_details()

    def encode(squares: Squares) -> None:
        for square in squares:
            interpreter.set_tensor(given["index"], scaled(square[None]))
            interpreter.invoke()
            interpreter.get_tensor(made["index"])

    return by_pillow, encode


def by_tensorflow() -> tuple[Callable[[Files], Squares], Callable[[Squares], Any]]:
    network = tensorflow_network()

    def encode(squares: Squares) -> None:
        for at in range(0, len(squares), BATCH):
            network(np.stack(squares[at : at + BATCH]))

    return by_pillow, encode


def by_pillow(files: Files) -> Squares:
    """What a script does: the whole picture decoded, turned, and its middle reduced."""
    from PIL import Image, ImageOps

    squares = []
    for file in files:
        with Image.open(io.BytesIO(file)) as image:
            turned = ImageOps.exif_transpose(image).convert("RGB")
        squares.append(np.asarray(ImageOps.fit(turned, (224, 224), Image.Resampling.BICUBIC)))
    return squares


def tensorflow_network() -> Callable[[Any], Any]:
    """Squares to features, traced once."""
    import tensorflow as tf

    from winnow_encoder.pictures import scaled
    from winnow_picture_model.convert import float_network
    from winnow_picture_model.network import folded
    from winnow_picture_model.package import read_lock, read_package
    from winnow_picture_model.weights import read_weights

    network = tf.function(float_network(folded(read_weights(read_package(read_lock())))))
    return lambda squares: network(tf.constant(scaled(squares))).numpy()


MAKERS = {"winnow": by_winnow, "litert": by_litert, "tensorflow": by_tensorflow}


def rate(way: str, name: str) -> dict[str, float]:
    """Milliseconds a picture, of decoding and of encoding, after a warm-up."""
    files = pictures(name)
    decode, encode = MAKERS[way]()
    encode(decode(files[:BATCH]))
    began = cpu_seconds()
    squares = decode(files)
    decoded = cpu_seconds()
    encode(squares)
    return {
        "decode_ms": 1_000 * (decoded - began) / len(files),
        "encode_ms": 1_000 * (cpu_seconds() - decoded) / len(files),
    }


def first(way: str, definition: str, head: str) -> dict[str, float]:
    """Load, verify and judge one square: what a cold Classify does.

    `definition` is a file of JSON, validated before; `head` the process file that a head is beside.
    """
    from winnow.limits.garbage import loading

    with loading():
        from winnow.heads.card import HeadFiles
        from winnow.judging.pictures import picture_judge
        from winnow.processes.schema import LabelsProcess, parse_definition_json
        from winnow_encoder.pictures import load_picture_encoder

        encoder: Any = load_picture_encoder(MODEL)
        if way == "tensorflow":
            encoder = _ByTensorFlow(encoder)
        process = parse_definition_json(Path(definition).read_bytes())
        assert isinstance(process, LabelsProcess)
        judge = picture_judge(process, encoder, HeadFiles.beside(Path(head), process.id))
    judge([np.zeros((224, 224, 3), np.uint8)])
    return {"cpu_s": cpu_seconds()}


class _ByTensorFlow:
    """The encoder's name and classes, and TensorFlow's features."""

    def __init__(self, encoder: PictureEncoder) -> None:
        self.info = encoder.info
        self.class_logits = encoder.class_logits
        self._network = tensorflow_network()

    def __call__(self, squares: Squares) -> Any:
        features = self._network(np.stack(squares))
        return features / np.linalg.norm(features, axis=1, keepdims=True)


# -- all of them -----------------------------------------------------------------------------------


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    """Milliseconds a picture by the files' size and the way; CPU seconds to the first judgement."""
    found: dict[str, Any] = {
        "rounds": rounds,
        "pictures": PICTURES,
        "kilobytes": {name: round(len(pictures(name)[0]) / 1_000, 1) for name in SIZES},
        "rates": {name: {way: [] for way in WAYS} for name in SIZES},
        "first_s": {"winnow": [], "tensorflow": []},
    }
    compileall.compile_dir(ROOT / "layers", quiet=1)  # as in the images
    with tempfile.TemporaryDirectory() as scratch:
        definition = Path(scratch) / "definition.json"
        book = ProcessRegistry.from_directory(ROOT / "processes")
        definition.write_text(book.find("two-wheels").model_dump_json(), "utf-8")
        head = str(ROOT / "processes" / "two-wheels.yaml")
        for _ in range(rounds):
            for way, starts in found["first_s"].items():
                starts.append(_child("first", way, str(definition), head)["cpu_s"])
            for name, rates in found["rates"].items():
                for way in WAYS:
                    rates[way].append(_child("rate", way, name))
    found["rates"] = {
        name: {way: _medians(figures) for way, figures in rates.items()}
        for name, rates in found["rates"].items()
    }
    found["first_s"] = {
        way: round(statistics.median(starts), 3) for way, starts in found["first_s"].items()
    }
    return found


def _medians(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(f[name] for f in figures), 2) for name in figures[0]}


def _child(*arguments: str) -> dict[str, float]:
    """What a child prints; its code lies on a path, where a development environment has a hook."""
    layers = [ROOT / "layers" / name / "python" for name in ("core", "encoder", "ocr")]
    models = [ROOT / "models" / name / "python" for name in ("efficientnet-lite0", "use-lite")]
    places = [*layers, *models, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tests.bench.judging_pictures", *arguments],
        cwd=ROOT,
        env={**os.environ, **VARIABLES, "PYTHONPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(json.dumps(measure(), indent=2))
    else:
        mode, *rest = sys.argv[1:]
        print(json.dumps(rate(*rest) if mode == "rate" else first(*rest)))
