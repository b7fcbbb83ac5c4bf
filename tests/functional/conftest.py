"""An AWS in memory, the real model and the measuring data, for the tests that need them."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from winnow.ports import Encoder
from winnow_encoder import load_encoder
from winnow_local.ministack import (
    ACCESS_KEY,
    REGION,
    SECRET_KEY,
    end,
    spawn,
    wait_until_healthy,
)
from winnow_local.state import StateDir

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MiniStack without a stack: for adapters that moto is too simple for."""
    state_dir = StateDir(tmp_path_factory.mktemp("ministack") / ".winnow")
    state_dir.path.mkdir()
    running = spawn(state_dir)
    try:
        wait_until_healthy(running, state_dir, threading.Event())
        yield running.endpoint
    finally:
        end(running.id)


@pytest.fixture(scope="session")
def dynamodb(ministack: str) -> "DynamoDBClient":
    """DynamoDB of this MiniStack."""
    session = boto3.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
    )
    config = Config(max_pool_connections=32, retries={"mode": "standard", "max_attempts": 6})
    return session.client("dynamodb", endpoint_url=ministack, config=config)
