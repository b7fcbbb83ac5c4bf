"""What is drawn while something goes on ends with it."""

import pytest

from winnow_cli.render.deployment import PlainReporter, watching


class Drawing(PlainReporter):
    stopped = 0

    def stop(self) -> None:
        self.stopped += 1


def test_it_ends_with_the_block() -> None:
    drawing = Drawing()
    with watching(drawing) as shown:
        assert shown is drawing
        assert drawing.stopped == 0
    assert drawing.stopped == 1


def test_ctrl_c_says_what_goes_on_below_what_was_drawn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    drawing = Drawing()

    def goes_on() -> str:
        assert drawing.stopped == 1
        return "It goes on in AWS."

    with pytest.raises(KeyboardInterrupt), watching(drawing, goes_on):
        raise KeyboardInterrupt
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "It goes on in AWS.\n")


def test_an_error_is_not_told_as_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    drawing = Drawing()
    with pytest.raises(ValueError, match="no"), watching(drawing, lambda: "It goes on."):
        raise ValueError("no")
    assert capsys.readouterr().err == ""
    assert drawing.stopped == 1
