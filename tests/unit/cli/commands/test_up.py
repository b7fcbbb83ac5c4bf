"""`winnow up`: the parameters that it takes."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from winnow_cli.app import app


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Treshold=0.8", "did you mean Threshold?"),
        ("Nonsense=1", "DefaultProcess"),
        ("Threshold", "NAME=VALUE"),
    ],
)
def test_up_refuses_a_parameter_that_the_template_has_not(
    given: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("winnow_local.stack.start_detached", lambda *_, **__: pytest.fail("began"))
    done = CliRunner(env={"COLUMNS": "500"}).invoke(app, ["up", "--detach", "--parameter", given])
    assert done.exit_code == 2
    assert said in done.stderr
