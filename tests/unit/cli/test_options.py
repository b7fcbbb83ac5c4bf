"""How a command ends: on Ctrl-C, and where something goes wrong after it."""

from concurrent.futures import CancelledError

import pytest
import typer

from winnow_cli.options import handle_errors


@pytest.mark.parametrize(
    ("raised", "code"),
    [(KeyboardInterrupt(), 130), (CancelledError("KeyboardInterrupt()"), 130), (ValueError(), 1)],
)
def test_what_goes_wrong_after_ctrl_c_is_no_defect(
    raised: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    @handle_errors
    def at_once() -> None:
        raise raised

    @handle_errors
    def in_winding_up() -> None:
        try:
            raise raised
        finally:
            [].pop()

    for command in (at_once, in_winding_up):
        with pytest.raises(typer.Exit) as ended:
            command()
        assert ended.value.exit_code == code
        assert ("Interrupted." in capsys.readouterr().err) is (code == 130)
