"""`winnow predict`: its errors."""

from typer.testing import CliRunner

from winnow_cli.app import app


def test_advice_on_a_process_is_for_the_command_line() -> None:
    done = CliRunner().invoke(app, ["predict", "--process", "nix", "Hello."])
    assert done.exit_code == 1
    assert "Known: L33774, emotions" in done.stderr
    assert "--processes" in done.stderr
    assert "x-amz-meta" not in done.stderr
