"""The real model through our own code: the contract of winnow.ports.Encoder, and its quality."""

import csv
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.functional.awkward_lines import ODD, SENTENCES, awkward_lines
from winnow.errors import ModelInvalidError
from winnow.ports import Encoder
from winnow_encoder import load_encoder
from winnow_encoder.artefacts import (
    FP32_FILE,
    INT8_FILE,
    MANIFEST_FILE,
    TOKENIZER_FILE,
    read_manifest,
)
from winnow_encoder.batching import Vectors
from winnow_encoder.blank import is_blank
from winnow_train.similarity import evaluate_similarity

pytestmark = pytest.mark.model

NOTE = " ".join(SENTENCES * 6)
"""Longer than the model's 128 tokens several times over."""


def texts() -> list[str]:
    """Of every length up to several pieces, blank ones among them."""
    words = NOTE.split()
    return [
        *SENTENCES,
        *ODD,
        *(" ".join(words[:n]) for n in range(1, 60)),
        *(" ".join(words[n : 3 * n]) for n in range(40, 160, 7)),
        NOTE,
        *awkward_lines(seed=3, count=800)[-300:],
    ]


@pytest.fixture(scope="module")
def alone(encoder: Encoder) -> Vectors:
    return np.vstack([encoder([text]) for text in texts()])


def test_a_row_a_text_zero_if_blank_else_of_length_one(alone: Vectors) -> None:
    assert alone.shape == (len(texts()), 512)
    assert alone.dtype == np.float32
    expected = [0.0 if is_blank(text) else 1.0 for text in texts()]
    assert np.allclose(np.linalg.norm(alone, axis=1), expected, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_are_bit_identical_alone_and_in_any_company(
    model_dir: Path, alone: Vectors, threads: int
) -> None:
    encoder = load_encoder(model_dir, threads=threads)
    rng = random.Random(threads)
    everything = texts()
    for size in (len(everything), 50, 7):
        chosen = rng.sample(range(len(everything)), size)
        rows = encoder([everything[n] for n in chosen])
        assert np.array_equal(rows, alone[chosen])


@pytest.mark.parametrize("file", [INT8_FILE, FP32_FILE])
def test_rows_of_one_length_do_not_touch_each_other(model_dir: Path, file: str) -> None:
    from winnow_encoder.litert import LiteRtEngine

    engine = LiteRtEngine((model_dir / file).read_bytes())
    rng = random.Random(4)
    for length in (*range(1, 20), 31, 32, 33, 49, 50, 51, 63, 64, 65, 100, 127, 128):
        rows = [rng.choices(range(6, 8000), k=length) for _ in range(6)]
        each = np.vstack([engine([row]) for row in rows])
        for size in (2, 3, 6):
            together = [engine(rows[at : at + size]) for at in range(0, 6, size)]
            assert np.array_equal(np.vstack(together), each), (length, size)


def test_blank_texts_shift_nothing(encoder: Encoder) -> None:
    hello, world = encoder(["hello", "world"])
    for blank in ("", " ", "\n", "\u200b"):
        rows = encoder([blank, "hello", blank, blank, "world", blank])
        assert np.array_equal(rows[1], hello)
        assert np.array_equal(rows[4], world)
        assert not rows[[0, 2, 3, 5]].any()
    assert encoder([]).shape == (0, 512)
    assert not encoder([""]).any()


def test_the_end_of_a_long_text_counts(encoder: Encoder) -> None:
    start = "The weather was mild and the office was open as usual. " * 30
    one, other = encoder([start, start + "The patient has severe bleeding. " * 10])
    assert float(one @ other) < 0.99


def test_similar_sentences_are_nearer_than_others(encoder: Encoder) -> None:
    bleeding, haemorrhage, weather = encoder(
        [
            "The patient had recurrent bleeding from the bowel.",
            "She suffers from repeated intestinal bleeding.",
            "Tomorrow will be sunny with light winds.",
        ]
    )
    assert float(bleeding @ haemorrhage) > float(bleeding @ weather) + 0.2


@pytest.fixture(scope="module")
def sts(data_dir: Path) -> list[str]:
    sentences: list[str] = []
    for name in ("dev", "test"):
        with (data_dir / f"sts/stsb-en-{name}.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                sentences += row[:2]
    return sentences


@pytest.mark.data
@pytest.mark.parametrize("one_in", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_int8_is_the_saved_model_but_for_rounding(
    model_dir: Path, encoder: Encoder, sts: list[str], one_in: int
) -> None:
    sts = sts[::one_in]
    expected = load_encoder(model_dir, "tensorflow")(sts)
    cosines = (encoder(sts) * expected).sum(axis=1)
    assert cosines.mean() >= 0.999
    assert cosines.min() >= 0.998
    cosines = (load_encoder(model_dir, "litert-fp32")(sts[:500]) * expected[:500]).sum(axis=1)
    assert cosines.min() >= 0.99999


@pytest.mark.data
@pytest.mark.parametrize(("name", "least"), [("dev", 0.780), ("test", 0.735)])
def test_sts_benchmark(encoder: Encoder, data_dir: Path, name: str, least: float) -> None:
    assert evaluate_similarity(encoder, data_dir / f"sts/stsb-en-{name}.csv").pearson >= least


@pytest.mark.parametrize("file", [INT8_FILE, TOKENIZER_FILE, MANIFEST_FILE])
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_a_damaged_model_does_not_load(
    model_dir: Path, tmp_path: Path, file: str, damage: str
) -> None:
    for name in (INT8_FILE, TOKENIZER_FILE, MANIFEST_FILE):
        shutil.copy(model_dir / name, tmp_path)
    load_encoder(tmp_path)
    data = bytearray((tmp_path / file).read_bytes())
    (tmp_path / file).unlink()
    if damage == "truncated":
        (tmp_path / file).write_bytes(data[: len(data) // 2])
    elif damage == "altered":
        weights = read_manifest(model_dir).files[INT8_FILE].sha256.encode()
        at = data.index(weights) if file == MANIFEST_FILE else len(data) // 3
        data[at] = ord("0") if data[at] == ord("1") else ord("1")
        (tmp_path / file).write_bytes(data)
    with pytest.raises(ModelInvalidError):
        load_encoder(tmp_path)


def test_starts_without_tensorflow_or_nltk(model_dir: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from winnow_encoder import load_encoder\n"
        "assert load_encoder(Path(sys.argv[1]))(['hello']).any()\n"
        "heavy = {'tensorflow', 'tensorflow_hub', 'nltk', 'sentencepiece', 'winnow_model'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(model_dir)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert done.stdout.strip() == "[]"
