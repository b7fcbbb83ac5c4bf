"""`winnow forget`: what it takes for an upload, and what it says at the end."""

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from winnow.errors import UploadUnknownError
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.forget import Erased
from winnow_cli.commands.forget import _row, _tell

OWN = "0af3" * 8


def _unknown(_: str) -> NoReturn:
    raise UploadUnknownError("No upload has this id.")


def _found(upload_id: str, *stored: str) -> UploadRow:
    """`stored` are the ids that results are stored under."""
    rows = {own: UploadRow(upload_id=own, state="FAILED") for own in stored}
    uploads: Any = SimpleNamespace(find=_unknown)
    work: Any = SimpleNamespace(without_row=rows.get, completed=lambda row: row)
    return _row(uploads, work, upload_id)


def test_a_damaged_row_is_completed_from_the_results() -> None:
    damaged = UploadRow(upload_id=OWN)
    whole = damaged.model_copy(update={"object_key": "inbox/a.csv"})
    uploads: Any = SimpleNamespace(find=lambda _: damaged)
    work: Any = SimpleNamespace(completed={damaged.upload_id: whole}.get)
    work.completed = lambda row: whole if row == damaged else row
    assert _row(uploads, work, OWN) == whole


@pytest.mark.parametrize("given", [OWN, OWN.upper()])
def test_a_whole_id_without_a_row_is_looked_up_in_the_results(given: str) -> None:
    assert _found(given, OWN).upload_id == OWN


@pytest.mark.parametrize("given", [OWN, OWN[:12], f"{OWN}0", f"../{OWN[3:]}"])
def test_what_is_stored_nowhere_or_is_no_whole_id_is_unknown(given: str) -> None:
    stored = () if given == OWN else (given, OWN)
    with pytest.raises(UploadUnknownError):
        _found(given, *stored)


def test_what_is_left_to_do_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    _tell(Erased(upload=OWN, file_unknown=True, others=("b" * 32,), rows=3, models=("c" * 64,)))
    told = " ".join("".join(capsys.readouterr()).split())
    for part in (
        *("delete it by its key", "b" * 32, "Undelivered and ReviewsUndelivered"),
        *("3 training rows", "c" * 12),
    ):
        assert part in told
    _tell(Erased(upload=OWN))
    assert "delete it by its key" not in "".join(capsys.readouterr())
