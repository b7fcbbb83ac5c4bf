"""`winnow predict`: its errors."""

import pytest
from typer.testing import CliRunner

from winnow_cli.app import app


def test_advice_on_a_process_is_for_the_command_line() -> None:
    done = CliRunner().invoke(app, ["predict", "--process", "nix", "Hello."])
    assert done.exit_code == 1
    assert "Known: L33774, emotions" in done.stderr
    assert "--processes" in done.stderr
    assert "x-amz-meta" not in done.stderr


@pytest.mark.parametrize("text", ["Melena. " * 700, "Melena.\0"], ids=["long", "NUL"])
def test_a_text_for_a_process_of_pictures_is_not_repeated(text: str) -> None:
    done = CliRunner().invoke(app, ["predict", "--process", "two-wheels", text, "--json"])
    assert done.exit_code == 2
    assert "Melena" not in done.output
    assert "judges pictures" in " ".join(done.stderr.replace("│", "").split())
