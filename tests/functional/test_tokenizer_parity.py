"""Our tokeniser gives the ids of the published JavaScript tokeniser, on every line tried."""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.awkward_lines import awkward_lines
from tests.functional.conftest import ROOT
from tests.functional.make_tokenizer_golden import GOLDEN
from winnow.errors import ModelInvalidError, RetryableError
from winnow_encoder.artefacts import TOKENIZER_FILE
from winnow_encoder.tokenizer import Tokenizer

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def model(model_dir: Path) -> bytes:
    return (model_dir / TOKENIZER_FILE).read_bytes()


@pytest.fixture
def tokens(model: bytes) -> Tokenizer:
    return Tokenizer(model)


def differing(tokens: Tokenizer, lines: list[str], expected: list[list[int]]) -> list[str]:
    return [line for line, ids in zip(lines, expected, strict=True) if tokens(line) != ids]


def test_agrees_with_the_recorded_reference(tokens: Tokenizer) -> None:
    golden = [json.loads(line) for line in GOLDEN.read_text("ascii").splitlines()]
    assert len(golden) >= 3000
    lines, expected = [line for line, _ in golden], [ids for _, ids in golden]
    assert differing(tokens, lines, expected) == []
    # and again, with every word remembered
    assert differing(tokens, lines, expected) == []


@pytest.mark.slow
@pytest.mark.data
def test_agrees_with_the_running_reference(tokens: Tokenizer, data_dir: Path) -> None:
    from winnow_model.reference import Reference

    lines = list(dict.fromkeys(real_lines(data_dir)))
    assert len(lines) > 15_000
    words = sorted({word for line in lines[:5000] for word in line.split()})
    lines += awkward_lines(seed=2, count=5000, words=words)
    try:
        reference = Reference(ROOT / "build" / "reference")
    except RetryableError as error:
        pytest.skip(str(error))
    assert differing(tokens, lines, reference(lines)) == []


def real_lines(data_dir: Path) -> Iterator[str]:
    """Sentences people scored, told and asked, and lines and whole texts of clinical notes."""
    csv.field_size_limit(sys.maxsize)
    for name in ("sts/stsb-en-dev.csv", "sts/stsb-en-test.csv"):
        with (data_dir / name).open(encoding="utf-8", newline="") as stream:
            for pair in csv.reader(stream):
                yield from pair[:2]
    for name, column in (
        ("isear/isear-train.csv", "text"),
        ("banking77/test.csv", "text"),
        ("notes/mtsamples-400.csv", "transcription"),
    ):
        with (data_dir / name).open(encoding="utf-8", newline="") as stream:
            for number, row in enumerate(csv.DictReader(stream)):
                yield from row[column].splitlines()
                if number % 20 == 0:
                    yield row[column]


def test_is_a_sentencepiece_model_that_agrees_on_plain_text(
    model: bytes, tokens: Tokenizer
) -> None:
    from sentencepiece import SentencePieceProcessor

    plain = SentencePieceProcessor(model_proto=model)
    assert plain.get_piece_size() == 8000
    for line in (
        "The patient reports three months of recurrent gastrointestinal bleeding.",
        "  two spaces  inside and around ",
        "extra_token_id_1 and <s>",
        "unknown 日本語 characters\nand a line",
    ):
        assert tokens(line) == plain.encode(line)


def test_one_character_in_two_halves_is_one(tokens: Tokenizer) -> None:
    assert tokens("\ud83d\ude00 ok") == tokens("😀 ok")


def test_a_long_word_is_cut_in_time_that_grows_with_it(tokens: Tokenizer) -> None:
    assert len(tokens("xq" * 50_000)) > 10_000


@pytest.mark.parametrize(
    "damage",
    [
        lambda model: b"",
        lambda model: model[:1000],
        lambda model: b"\x12" + model,
        lambda model: b"\x0a" + model,
        lambda model: b"no model at all",
    ],
    ids=["empty", "truncated", "other field", "shifted", "text"],
)
def test_refuses_what_is_no_model(model: bytes, damage) -> None:
    with pytest.raises(ModelInvalidError):
        Tokenizer(damage(model))
