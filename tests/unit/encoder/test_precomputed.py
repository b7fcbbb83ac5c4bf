"""Sentences that were encoded beforehand come from their file, and nothing else does."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from winnow.errors import ModelInvalidError
from winnow.judging.text.remembering import RememberingEncoder, find_readings
from winnow.models import ModelInfo
from winnow_encoder.artefacts import MANIFEST_FILE
from winnow_encoder.batching import DIMENSIONS, Vectors
from winnow_encoder.precomputed import (
    CachedEncoder,
    precomputed_file,
    with_precomputed,
    write_precomputed,
)

KNOWN = ["Melena for two weeks.", "Anaemia – “occult” bleeding.", "line\nbreak"]
KEPT = {"a key": '{"plain": []}'}


class Counting:
    """An encoder whose rows tell the text's length, and which keeps what it was asked for."""

    def __init__(self, engine: str = "litert") -> None:
        self.info = ModelInfo(name="m", version="1", sha256="0" * 64, engine=engine)
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[len(text)] * DIMENSIONS for text in texts], np.float32).reshape(-1, 512)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / MANIFEST_FILE).write_text("{}")
    assert write_precomputed(Counting(), KNOWN, tmp_path, KEPT)
    return tmp_path


def test_what_is_known_is_not_encoded_again(folder: Path) -> None:
    encoder = Counting()
    rows = with_precomputed(encoder, folder)(KNOWN)
    assert encoder.asked == []
    assert np.array_equal(rows, Counting()(KNOWN))


def test_known_and_new_stand_in_the_order_of_the_texts(folder: Path) -> None:
    encoder = Counting()
    texts = ["new", KNOWN[2], "", KNOWN[0], "newer", KNOWN[0]]
    cached = with_precomputed(encoder, folder)
    rows = cached(texts)
    assert encoder.asked == ["new", "", "newer"]
    assert rows[:, 0].tolist() == [len(text) for text in texts]
    assert rows.dtype == np.float32
    assert cached.info is encoder.info
    assert cached([]).shape == (0, DIMENSIONS)


def test_what_is_kept_of_sentences_is_found_through_every_encoder(folder: Path) -> None:
    inner = with_precomputed(Counting(), folder)
    outer = RememberingEncoder(CachedEncoder(inner, [], inner([]), {"another": "kept"}))
    assert [find_readings(outer, key) for key in ("a key", "another", "none")] == [
        *(KEPT["a key"], "kept", None)
    ]
    assert find_readings(Counting(), "a key") is None


def test_a_caller_may_write_into_its_rows(folder: Path) -> None:
    cached = with_precomputed(Counting(), folder)
    cached(KNOWN)[:] = 0
    assert cached(KNOWN)[0, 0] == len(KNOWN[0])


def test_without_a_file_the_encoder_is_as_it_was(tmp_path: Path) -> None:
    encoder = Counting()
    assert with_precomputed(encoder, tmp_path) is encoder


def test_another_engine_has_references_of_its_own(folder: Path) -> None:
    encoder = Counting("tensorflow")
    assert with_precomputed(encoder, folder) is encoder


def test_references_of_other_weights_are_left_alone_and_made_anew(folder: Path) -> None:
    (folder / MANIFEST_FILE).write_text('{"another": 1}')
    encoder = Counting()
    assert with_precomputed(encoder, folder) is encoder
    assert write_precomputed(encoder, KNOWN, folder, KEPT)
    assert with_precomputed(encoder, folder) is not encoder


def test_a_file_of_another_engine_under_this_name_is_left_alone(folder: Path) -> None:
    precomputed_file(folder, "litert").rename(precomputed_file(folder, "tensorflow"))
    encoder = Counting("tensorflow")
    assert with_precomputed(encoder, folder) is encoder


@pytest.mark.parametrize("damage", ["empty", "short", "truncated", "longer", "vector", "sentence"])
def test_damage_is_an_error_at_the_start_and_mended_by_a_build(folder: Path, damage: str) -> None:
    file = precomputed_file(folder, "litert")
    data = file.read_bytes()
    at = {"vector": len(data) - 100, "sentence": data.index(b"Melena")}.get(damage, 0)
    file.write_bytes(
        {
            "empty": b"",
            "short": data[:20],
            "truncated": data[:-1],
            "longer": data + b"\0",
        }.get(damage, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    )
    with pytest.raises(ModelInvalidError, match="truncated or altered"):
        with_precomputed(Counting(), folder)
    assert write_precomputed(Counting(), KNOWN, folder, KEPT)
    assert with_precomputed(Counting(), folder)(KNOWN)[0, 0] == len(KNOWN[0])


def test_is_written_once_and_again_when_a_sentence_changes(folder: Path) -> None:
    written = precomputed_file(folder, "litert").stat()
    assert not write_precomputed(Counting(), KNOWN, folder, KEPT)
    assert precomputed_file(folder, "litert").stat() == written
    assert write_precomputed(Counting(), [*KNOWN, "one more"], folder, KEPT)
    assert {path.name for path in folder.iterdir()} == {MANIFEST_FILE, "references-litert.vectors"}


def test_is_written_again_when_the_code_gives_other_vectors_of_the_same_weights(
    folder: Path,
) -> None:
    class Changed(Counting):
        def __call__(self, texts: Sequence[str]) -> Vectors:
            return super().__call__(texts) + np.float32(0.5)

    assert write_precomputed(Changed(), KNOWN, folder, KEPT)
    assert np.array_equal(with_precomputed(Changed(), folder)(KNOWN), Changed()(KNOWN))


def test_an_unreadable_file_is_named(folder: Path) -> None:
    file = precomputed_file(folder, "litert")
    file.unlink()
    file.mkdir()
    with pytest.raises(ModelInvalidError, match=r"references-litert.vectors .* unreadable"):
        with_precomputed(Counting(), folder)
