"""A head over the real encoder: trained, judged with, alike in any company."""

from pathlib import Path

import pytest

from tests.fakes.heads import PROCESS, rows, write_rows
from winnow.heads.card import HeadFiles
from winnow.judging import build_judge
from winnow.ports import Encoder
from winnow.processes.loader import load_definition
from winnow_train.data import read_labelled
from winnow_train.train import train

pytestmark = pytest.mark.model


def test_a_head_of_the_real_encoder(encoder: Encoder, tmp_path: Path) -> None:
    definition = load_definition(PROCESS, "bank")
    path = write_rows(tmp_path / "train.csv", rows(120, noise=0))
    fitted = train(
        definition, read_labelled(path, definition, "label"), encoder,
        label_column="label", text_column="text", created="2024-01-01T00:00:00+00:00",
    )  # fmt: skip
    assert fitted.card.encoder == encoder.info
    assert fitted.card.metrics.accuracy > 0.9
    head = HeadFiles.of(fitted.card.model_dump_json().encode(), fitted.arrays)
    judge = build_judge(definition, encoder, head)
    texts = ["My debit card was swallowed.", "I want to borrow money for a house.", ""]
    judged = judge(texts)
    assert [j.decision.value for j in judged[:2]] == ["card", "loan"]
    assert judged == [judge([text])[0] for text in texts]
