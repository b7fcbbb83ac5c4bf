"""The examples in docstrings do what they show."""

import doctest
from pathlib import Path

import pytest

from tests.pages import ROOT
from tests.scripts import load

FOLDERS = ("layers", "models", "training", "cli", "local", ".ci", "tests/pages", "tests/pictures")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if "    >>> " in path.read_text("utf-8")
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_examples_of_a_module_do_what_they_show(path: Path) -> None:
    result = doctest.testmod(load(path))
    assert result.attempted
    assert not result.failed
