"""The way to a first result is short, as docs/deploying.md says."""

import pytest

from tests.pages.first_result import WAYS, Way, commands_in, section

*OURS, THEIRS = WAYS


@pytest.mark.parametrize("way", OURS, ids=lambda way: way.what)
def test_it_takes_fewer_commands_and_words_than_the_accelerator_s(way: Way) -> None:
    assert sum(map(commands_in, way.commands)) < sum(map(commands_in, THEIRS.commands))
    assert 0 < way.read() < THEIRS.read()


def test_the_introduction_ends_at_the_next_heading() -> None:
    found = section("docs/deploying.md", "")
    assert "Not yet deployed" in found
    assert "Arrow keys" not in found
