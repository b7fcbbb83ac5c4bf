"""`tensorflow_hub.load` of both kinds of sentence encoder, shown on tiny SavedModels made here."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from winnow.errors import ModelInvalidError, TensorFlowMissingError
from winnow.ports import Encoder
from winnow_encoder import load_encoder
from winnow_encoder.artefacts import MANIFEST_FILE, read_manifest

TEXTS = ["one two", "", "three", "  ", "one two", "four, five and six: 日本語"]


@pytest.fixture(scope="module")
def string_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Called with strings, as USE v4 and large v5 are: a hash of the text and its length."""
    import tensorflow as tf

    class Strings(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            buckets = tf.strings.to_hash_bucket_fast(texts, 512)
            sizes = tf.cast(tf.strings.length(texts), tf.float32)
            return tf.one_hot(buckets, 512) * sizes[:, None] + 0.01

    folder = tmp_path_factory.mktemp("strings") / "sentence-encoder" / "4"
    tf.saved_model.save(Strings(), str(folder))
    return folder


def token_model(folder: Path, dense_shape: bool) -> Path:
    """With a signature of sparse token ids, as USE-lite has: a row's ids, counted modulo 512."""
    import tensorflow as tf

    def count(indices, values, rows):
        hot = tf.one_hot(values % 512, 512)
        return {"default": tf.math.unsorted_segment_sum(hot, indices[:, 0], rows)}

    module = tf.Module()
    specs = {
        "indices": tf.TensorSpec([None, 2], tf.int64, "indices"),
        "values": tf.TensorSpec([None], tf.int64, "values"),
    }
    if dense_shape:
        specs["dense_shape"] = tf.TensorSpec([2], tf.int64, "dense_shape")

        @tf.function
        def encode(indices, values, dense_shape):
            return count(indices, values, dense_shape[0])

    else:

        @tf.function
        def encode(indices, values):
            return count(indices, values, tf.reduce_max(indices[:, 0]) + 1)

    module.encode = encode
    signature = encode.get_concrete_function(**specs)
    tf.saved_model.save(module, str(folder), signatures={"default": signature})
    return folder


def check(encoder: Encoder) -> None:
    rows = encoder(TEXTS)
    assert rows.shape == (len(TEXTS), 512)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 0, 1, 0, 1, 1], atol=1e-6)
    assert np.array_equal(rows[0], rows[4])
    assert not np.allclose(rows[0], rows[2])
    for text, row in zip(TEXTS, rows, strict=True):
        assert np.allclose(encoder([text])[0], row, atol=1e-6)
    assert encoder([]).shape == (0, 512)


def test_a_model_that_takes_strings(string_model: Path, tmp_path: Path) -> None:
    encoder = load_encoder(tmp_path, "tensorflow", handle=str(string_model))
    check(encoder)
    assert (encoder.info.name, encoder.info.version) == ("sentence-encoder", "4")
    assert encoder.info.engine == "tensorflow"
    many = [f"text number {n}" * (n % 9) for n in range(200)]
    assert np.allclose(encoder(many)[::-1], encoder(many[::-1]), atol=1e-6)
    assert encoder(["lone \ud800 surrogate"]).any()


def test_its_hash_is_of_what_it_holds(string_model: Path, tmp_path: Path) -> None:
    from winnow_encoder.tensorflow import _info_of

    before = _info_of(str(string_model), string_model).sha256
    assert before == _info_of("https://host/other/name/4?a=b", string_model).sha256
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"other")
    assert before != _info_of("model", tmp_path / "model").sha256
    assert _info_of("model", tmp_path / "model").version == "unversioned"


@pytest.mark.model
@pytest.mark.parametrize("dense_shape", [False, True])
def test_a_model_that_takes_token_ids(model_dir: Path, tmp_path: Path, dense_shape: bool) -> None:
    folder = token_model(tmp_path / "tokens", dense_shape)
    encoder = load_encoder(model_dir, "tensorflow", handle=str(folder))
    check(encoder)
    assert encoder.info.name == "tokens"
    assert encoder(["a long text " * 200]).any()


def test_token_ids_need_the_tokeniser(tmp_path: Path) -> None:
    folder = token_model(tmp_path / "tokens", dense_shape=False)
    with pytest.raises(ModelInvalidError, match="manifest"):
        load_encoder(tmp_path, "tensorflow", handle=str(folder))


def save(folder: Path, answer: Callable) -> str:
    import tensorflow as tf

    class Odd(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            return answer(tf, texts)

    tf.saved_model.save(Odd(), str(folder))
    return str(folder)


def test_answers_in_a_dictionary_are_taken(tmp_path: Path) -> None:
    handle = save(
        tmp_path / "m", lambda tf, texts: {"outputs": tf.one_hot(tf.strings.length(texts), 512)}
    )
    rows = load_encoder(tmp_path, "tensorflow", handle=handle)(["four", "seven"])
    assert rows[0, 4] == rows[1, 5] == 1


def test_a_model_of_another_width_is_refused(tmp_path: Path) -> None:
    handle = save(tmp_path / "m", lambda tf, texts: tf.one_hot(tf.strings.length(texts), 3))
    encoder = load_encoder(tmp_path, "tensorflow", handle=handle)
    with pytest.raises(ModelInvalidError, match=r"\(1, 3\)"):
        encoder(["text"])


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    import tensorflow as tf

    with pytest.raises(ModelInvalidError, match="cannot load"):
        load_encoder(tmp_path, "tensorflow", handle=str(tmp_path / "nowhere"))
    tf.saved_model.save(tf.Module(), str(tmp_path / "mute"))
    with pytest.raises(ModelInvalidError, match="neither"):
        load_encoder(tmp_path, "tensorflow", handle=str(tmp_path / "mute"))


@pytest.mark.model
def test_without_a_handle_it_is_the_built_saved_model(model_dir: Path, encoder: Encoder) -> None:
    saved = load_encoder(model_dir, "tensorflow")
    assert saved.info.name == encoder.info.name == "use-lite"
    assert saved.info.sha256 != encoder.info.sha256
    texts = ["The patient is bleeding.", "", "word " * 300]
    cosines = (saved(texts) * encoder(texts)).sum(axis=1)
    assert cosines[1] == 0
    assert min(cosines[0], cosines[2]) > 0.998


def test_without_tensorflow_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)  # as where it is not installed
    with pytest.raises(TensorFlowMissingError, match="tensorflow_hub") as caught:
        load_encoder(tmp_path, "tensorflow")
    assert "make setup" in caught.value.hint


@pytest.mark.model
def test_a_model_that_was_built_without_a_saved_model_says_so(
    model_dir: Path, tmp_path: Path
) -> None:
    manifest = read_manifest(model_dir)
    files = {name: facts for name, facts in manifest.files.items() if "/" not in name}
    light = manifest.model_copy(update={"files": files})
    (tmp_path / MANIFEST_FILE).write_text(light.model_dump_json(), "utf-8")
    with pytest.raises(TensorFlowMissingError, match="no SavedModel"):
        load_encoder(tmp_path, "tensorflow")
