"""Bicycles and motorcycles of CIFAR-100: a head on the features of the picture encoder."""

import csv
import io
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

from tests.fakes.other_things import other_drawing
from tests.fakes.two_wheels import drawing
from tests.quality.row import ROOT, Row, data_folder
from winnow.heads.card import TrainingData
from winnow.heads.linear import LinearHead
from winnow.judging.pictures import picture_judge
from winnow.judging.pictures.trained import picture_inputs
from winnow.limits.budget import RecordRejection
from winnow.limits.reading import ReadLimits
from winnow.models import ModelInfo
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import LabelsProcess
from winnow_encoder.pictures import load_picture_encoder
from winnow_ocr.squares import squares_of
from winnow_train.fit import Fitted, Material, fit

LABELS = ("bicycle", "motorcycle")
STRENGTHS = (0.0003, 0.001, 0.003, 0.01)
"""Values of C for 1,280 standardised features; those for texts are too great for them."""
SMALL = 32
"""Pixels of a side in CIFAR-100: pictures of other things are reduced to it, or sharpness alone
would tell them."""
COMMANDS = ["python -m tests.quality --only two_wheels"]
OTHERS = 100
"""Pictures of each kind of other things."""
DRAWN = 360
"""Drawings, of two wheels and of other things."""


def measure() -> list[Row]:
    encode = _Encode()
    pictures, known = wheels()
    features = encode(pictures)
    card = _fitted(features, known, encode.info).card
    kinds = {"photographs": _photographs(), "screens": _screens(), "noise": _noise()}
    others = {kind: encode(list(found)) for kind, found in kinds.items()}
    whole, each = _novelty(features, known, others, encode.info)
    of_wheels, of_others = _accepted(encode)
    metrics = card.metrics
    return [
        Row(
            710,
            "Bicycles and motorcycles (CIFAR-100): accuracy of a head on the picture encoder",
            metrics.accuracy,
            0.945,
            f"{len(known):,} pictures of 32 x 32, enlarged to 224, in {metrics.folds} folds; macro "
            f"F1 {metrics.macro_f1:.3f}. The head is the one for numbers, over 1,280 standardised "
            f"features, C {card.regularisation:g} of {', '.join(f'{c:g}' for c in STRENGTHS)}.",
            COMMANDS,
        ),
        Row(
            711,
            "ECE after calibration, bicycles and motorcycles",
            metrics.ece_after,
            0.03,
            "In the same folds, 15 bins of equal width; the calibration of a fold is fitted on "
            "the others.",
            COMMANDS,
            at_most=True,
        ),
        Row(
            712,
            "Pictures of other things told from bicycles and motorcycles by novelty (AUROC)",
            whole,
            0.95,
            f"The head of one half of the pictures, on the other half and {OTHERS} of each kind: "
            "patches of photographs (those that scikit-learn and matplotlib carry), patches of "
            "this repository's screenshots, and noise of several grains, all reduced to 32 x 32. "
            f"By kind: {', '.join(f'{kind} {value:.3f}' for kind, value in each.items())}.",
            COMMANDS,
        ),
        Row(
            713,
            "two-wheels, as it ships: drawings of other things that it accepts",
            of_others,
            0.05,
            f"Of {DRAWN} drawings of 18 kinds of things, none of which it was trained on. "
            f"Of {DRAWN} more drawings of bicycles and motorcycles it accepts {of_wheels:.3f}.",
            COMMANDS,
            at_most=True,
        ),
    ]


def _accepted(encode: "_Encode") -> tuple[float, float]:
    """What the shipped process accepts: of drawings of its labels, and of other things."""
    registry = ProcessRegistry.from_directory(ROOT / "processes")
    definition = registry.find("two-wheels")
    assert isinstance(definition, LabelsProcess)
    judge = picture_judge(definition, encode.encoder, registry.heads["two-wheels"])
    wheels = [drawing(LABELS[seed % 2], 6000 + seed // 2) for seed in range(DRAWN)]
    shares = []
    for pictures in (wheels, [other_drawing(seed) for seed in range(DRAWN)]):
        judged = judge.judge(encode(pictures))
        sure = [j.confidence >= definition.threshold and not j.out_of_scope for j in judged]
        shares.append(sum(sure) / len(sure))
    return shares[0], shares[1]


class _Encode:
    """Pictures as files to features, as they are judged."""

    def __init__(self) -> None:
        self.encoder = load_picture_encoder(ROOT / "build" / "model")

    @property
    def info(self) -> ModelInfo:
        return self.encoder.info

    def __call__(self, pictures: list[bytes]) -> NDArray[np.float32]:
        squares = []
        for square in squares_of(pictures, ReadLimits()):
            assert not isinstance(square, RecordRejection), square.reason
            squares.append(square)
        return self.encoder(squares)


def wheels() -> tuple[list[bytes], NDArray[np.intp]]:
    folder = data_folder() / "images"
    with (folder / "cifar100-two-wheels-train.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with zipfile.ZipFile(folder / "cifar100-two-wheels-train.zip") as archive:
        names = {Path(name).name: name for name in archive.namelist()}
        pictures = [archive.read(names[row["file"]]) for row in rows]
    return pictures, np.array([LABELS.index(row["label"]) for row in rows])


def _fitted(features: NDArray[np.float32], known: NDArray[np.intp], encoder: ModelInfo) -> Fitted:
    material = Material(
        labels=LABELS,
        known=known,
        texts=(),
        vectors=np.zeros((len(known), 0), np.float32),
        numbers=features.astype(np.float64),
    )
    data = TrainingData(
        file="cifar100-two-wheels-train.zip",
        sha256="0" * 64,
        rows=len(known),
        rows_of={label: int((known == place).sum()) for place, label in enumerate(LABELS)},
        label_column="label",
    )
    return fit(
        material,
        data,
        kind="labels",
        process="two-wheels",
        encoder=None,
        picture_encoder=encoder,
        threshold=0.7,
        created="",
        keys=np.arange(len(known), dtype=np.uint64),
        strengths=STRENGTHS,
    )


def _novelty(
    features: NDArray[np.float32],
    known: NDArray[np.intp],
    others: dict[str, NDArray[np.float32]],
    encoder: ModelInfo,
) -> tuple[float, dict[str, float]]:
    """AUROC of novelty for pictures of other things: of all, and by kind."""
    half = np.random.default_rng(0).permutation(len(known))
    learned, tested = half[: len(half) // 2], half[len(half) // 2 :]
    fitted = _fitted(features[learned], known[learned], encoder)
    head = LinearHead.load(fitted.card, fitted.arrays)
    own = _novelties(head, features[tested])
    strange = {kind: _novelties(head, found) for kind, found in others.items()}
    every = np.concatenate(list(strange.values()))
    return _auroc(own, every), {kind: _auroc(own, found) for kind, found in strange.items()}


def _novelties(head: LinearHead, features: NDArray[np.float32]) -> NDArray[np.float64]:
    inputs = picture_inputs(features)
    weaknesses = head.weaknesses(inputs, head.logits(inputs))
    ranks = head.novelty(head.distances(inputs), weaknesses)
    assert ranks is not None
    return ranks[0]


def _auroc(own: NDArray[np.float64], strange: NDArray[np.float64]) -> float:
    foreign = [0] * len(own) + [1] * len(strange)
    return float(roc_auc_score(foreign, np.concatenate([own, strange])))


def _photographs() -> Iterator[bytes]:
    carried = files("sklearn") / "datasets" / "images"
    hopper = files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    yield from _patches(
        [(carried / name).read_bytes() for name in ("china.jpg", "flower.jpg")]
        + [hopper.read_bytes()]
    )


def _screens() -> Iterator[bytes]:
    yield from _patches([p.read_bytes() for p in sorted((ROOT / "docs/pictures").glob("*.png"))])


def _patches(pictures: list[bytes]) -> Iterator[bytes]:
    """Squares of 100 to 400 pixels from random places."""
    rng = np.random.default_rng(1)
    images = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    for number in range(OTHERS):
        image = images[number % len(images)]
        side = int(rng.integers(100, min(400, *image.size)))
        left, top = (int(rng.integers(0, length - side + 1)) for length in image.size)
        yield _packed(image.crop((left, top, left + side, top + side)))


def _noise() -> Iterator[bytes]:
    rng = np.random.default_rng(2)
    for number in range(OTHERS):
        grain = (1, 2, 4, 8)[number % 4]
        pixels = rng.integers(0, 256, (SMALL // grain, SMALL // grain, 3), np.uint8)
        yield _packed(Image.fromarray(pixels.repeat(grain, 0).repeat(grain, 1)))


def _packed(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.resize((SMALL, SMALL), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()
