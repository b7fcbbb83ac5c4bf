"""A stack in memory with the sample files, new for each test; its judges are built once."""

import pytest

from tests.fakes.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage().sample()
