"""An AWS in memory, the real model and the measuring data, for the tests that need them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from winnow.ports import Encoder
from winnow_encoder import load_encoder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def model_dir() -> Path:
    folder = Path(os.environ.get("WINNOW_MODEL_DIR") or ROOT / "build" / "model")
    if not (folder / "manifest.json").is_file():
        pytest.skip("the model is not built (make model)")
    return folder


@pytest.fixture(scope="session")
def data_dir() -> Path:
    folder = Path(os.environ.get("WINNOW_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the measuring data is not there (WINNOW_DATA)")
    return folder


@pytest.fixture(scope="session")
def encoder(model_dir: Path) -> Encoder:
    return load_encoder(model_dir, threads=2)


@pytest.fixture
def moto_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While a test runs, boto3 calls moto."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield
