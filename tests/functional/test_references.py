"""The reference sentences of the shipped processes, as `winnow model build` encodes them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from winnow.errors import ModelInvalidError
from winnow.judging import build_judge
from winnow.judging.criteria import compile as compiling
from winnow.ports import Encoder
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import CriteriaProcess, ProcessDefinition, parse_definition_json
from winnow_encoder import load_encoder
from winnow_encoder.artefacts import INT8_FILE, MANIFEST_FILE, TOKENIZER_FILE
from winnow_encoder.batching import TokenEncoder, Vectors
from winnow_encoder.precomputed import precomputed_file
from winnow_encoder.references import ReferenceVectors
from winnow_model import build_references

ROOT = Path(__file__).parents[2]
TEXT = "Melena for two weeks; colonoscopy found no source of bleeding."

pytestmark = pytest.mark.model


class Comparing:
    """Answers with precomputed embeddings, and checks them against the plain encoder."""

    def __init__(self, cached: Encoder, plain: Encoder) -> None:
        self.info = plain.info
        self._cached = cached
        self._plain = plain
        self.compared = 0

    def __call__(self, texts: Sequence[str]) -> Vectors:
        rows: Vectors = self._cached(texts)
        assert np.array_equal(rows, self._plain(texts))
        self.compared += len(texts)
        return rows


@pytest.fixture
def model(model_dir: Path, tmp_path: Path) -> Path:
    """The int8 model without references."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in (INT8_FILE, TOKENIZER_FILE, MANIFEST_FILE):
        shutil.copy(model_dir / name, folder)
    return folder


def of_texts() -> list[ProcessDefinition]:
    """The shipped processes that judge texts."""
    book = ProcessRegistry.from_directory(ROOT / "processes")
    return [one for one in book.definitions if not one.of_pictures]


@pytest.fixture
def told() -> list[str]:
    return []


def test_are_bit_for_bit_what_the_encoder_gives(model: Path, told: list[str]) -> None:
    build_references(model, ROOT / "processes", told.append)
    assert len(told) == 1
    plain = load_encoder(model, precomputed=False)
    for definition in of_texts():
        comparing = Comparing(load_encoder(model), plain)
        build_judge(definition, comparing)([TEXT])
        assert comparing.compared > 50


def test_nothing_is_left_to_encode_when_a_shipped_judge_is_built(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red where `winnow model build` was not run after a change of processes/ or of the judges."""
    encoder = load_encoder(model_dir)
    asked: list[str] = []
    encode = TokenEncoder.__call__

    def spy(plain: TokenEncoder, texts: Sequence[str]) -> Vectors:
        asked.extend(texts)
        return encode(plain, texts)

    monkeypatch.setattr(TokenEncoder, "__call__", spy)
    monkeypatch.setattr(compiling, "read_side", None)
    for definition in of_texts():
        judge = build_judge(definition, encoder)
        assert asked == []
        judge([TEXT])
        asked.clear()
    encoder([TEXT])
    assert asked == [TEXT]


def test_a_version_keeps_what_its_judge_needs(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shipped,) = [one for one in of_texts() if one.id == "L33774"]
    assert isinstance(shipped, CriteriaProcess)
    first, *others = shipped.criteria
    more = first.model_copy(update={"statements": (*first.statements, "He bleeds, it seems.")})
    definition = parse_definition_json(
        shipped.model_copy(update={"criteria": (more, *others)}).model_dump_json().encode()
    )
    vectors = ReferenceVectors(load_encoder(model_dir), model_dir)
    kept = vectors.of(definition, None)
    plain = vectors.judge(definition, None, None)([TEXT])
    monkeypatch.setattr(compiling, "read_side", None)
    assert vectors.judge(definition, None, lambda: kept)([TEXT]) == plain


def test_what_was_built_is_what_would_be_built_now(
    model: Path, model_dir: Path, told: list[str]
) -> None:
    """Red where `winnow model build` was not run after a change of the encoder's code, too."""
    shutil.copy(precomputed_file(model_dir, "litert"), model)
    build_references(model, ROOT / "processes", told.append)
    assert told == []


def test_are_encoded_once_and_again_after_an_edit(
    model: Path, told: list[str], tmp_path: Path
) -> None:
    processes = tmp_path / "processes"
    shutil.copytree(ROOT / "processes", processes)
    for _ in range(2):
        build_references(model, processes, told.append)
    assert [one.partition(" of ")[2] for one in told] == [
        "L33774, emotions, screening-colonoscopy."
    ]
    file = processes / "emotions.yaml"
    file.write_text(file.read_text("utf-8").replace("version:", "# edited\nversion:"), "utf-8")
    build_references(model, processes, told.append)
    assert len(told) == 1  # no sentence is another
    (processes / "L33774.yaml").unlink()
    build_references(model, processes, told.append)
    assert [one.partition(" of ")[2] for one in told[1:]] == ["emotions, screening-colonoscopy."]


def test_a_definition_that_does_not_validate_is_reported_and_the_model_stays_whole(
    model: Path, told: list[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text("id: mine\nkind: labels\n", "utf-8")
    build_references(model, tmp_path, told.append)
    assert ["mine.yaml:" in one for one in told] == [True]
    assert load_encoder(model)([TEXT]).any()


def test_a_folder_that_takes_no_file_is_named(model: Path, told: list[str]) -> None:
    precomputed_file(model, "litert").mkdir()
    with pytest.raises(ModelInvalidError, match=r"cannot be written to .*model"):
        build_references(model, ROOT / "processes", told.append)
