"""Correlations of cosines with people's scores."""

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.encoder import FakeEncoder
from winnow.errors import FileUnreadableError
from winnow_train.similarity import evaluate_similarity


def write(folder: Path, text: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text(text, "utf-8")
    return path


ENCODER = FakeEncoder({"a": [1, 0], "b": [0, 1], "c": [1, 1], "d": [3, 1]})


def test_correlates_cosines_with_scores(tmp_path: Path) -> None:
    path = write(tmp_path, "a,a,5.0\na,d,4.0\na,c,3.0\na,b,0.5\n")
    report = evaluate_similarity(ENCODER, path)
    cosines = [1, 3 / 10**0.5, 1 / 2**0.5, 0]
    assert report.pairs == 4
    assert report.pearson == pytest.approx(np.corrcoef(cosines, [5, 4, 3, 0.5])[0, 1], abs=1e-6)
    assert report.spearman == pytest.approx(1)


def test_opposite_scores_give_minus_one(tmp_path: Path) -> None:
    report = evaluate_similarity(ENCODER, write(tmp_path, "a,a,0\na,b,1\n"))
    assert report.pearson == pytest.approx(-1)
    assert report.spearman == pytest.approx(-1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,a,5\na,b\n", "pairs.csv:2"),
        ("a,a,5\na,b,high\n", "pairs.csv:2"),
        ("sentence1,sentence2,score\n", "pairs.csv:1"),
        ("", "too few"),
        ("a,a,5\n", "too few"),
        ("a,a,3\na,b,3\n", "too few"),
        ("a,a,nan\na,b,3\n", "too few"),
        ("a,a,3\nb,b,4\n", "too few"),
    ],
)
def test_what_cannot_be_correlated_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(FileUnreadableError, match=words):
        evaluate_similarity(ENCODER, write(tmp_path, text))


def test_a_file_that_is_no_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileUnreadableError, match="UTF-8"):
        evaluate_similarity(ENCODER, path)
    with pytest.raises(FileUnreadableError, match="cannot be read"):
        evaluate_similarity(ENCODER, tmp_path / "nowhere.csv")
