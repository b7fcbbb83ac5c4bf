"""Images and an S3 for the container tests, or one reason why they are skipped.

WINNOW_REQUIRE_DOCKER=1, as CI sets it, makes a failure of that reason.
"""

import os
from collections.abc import Iterator

import pytest

from tests.container import engine
from tests.container.storage import Storage, storage


def demand(reason: str | None) -> None:
    """Skip, or fail where containers are required, when there is a reason to."""
    if reason is None:
        return
    if os.environ.get("WINNOW_REQUIRE_DOCKER") == "1":
        pytest.fail(f"containers are required here, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def docker_engine() -> None:
    """Every test in this folder needs an engine."""
    demand(engine.missing())


@pytest.fixture(scope="session")
def s3(docker_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    with storage(tmp_path_factory.mktemp("s3")) as running:
        yield running
