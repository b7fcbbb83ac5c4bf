"""The table of `winnow status`, on terminals of several widths and in a pipe."""

import pytest
from rich.cells import cell_len

from winnow.models import Counts
from winnow.recovery.upload_row import UploadRow
from winnow.steps.notification import subject
from winnow_cli.render.uploads import counts_line, print_status, row_document


def upload(number: int, **more) -> UploadRow:
    return UploadRow.model_validate(
        {
            "upload_id": f"{number:032x}"[::-1],
            "object_key": f"inbox/L33774/prior-auth-cases-{number}.csv",
            "bucket": "uploads",
            "size": 1,
            "state": "SUCCEEDED",
            "process": "L33774",
            "run": "arn",
            "claimed_at": "2026-11-21T16:24:54.823Z",
            "ended_at": "2026-11-21T16:24:56.050Z",
            "accepted": 13,
            "review": 6,
            "invalid": 1,
            **more,
        }
    )


@pytest.mark.parametrize("columns", [100, 120, 160])
def test_an_upload_is_one_line_of_the_table(on_terminal, columns: int) -> None:
    rows = [upload(1), upload(2, accepted=12345)]
    header, _, *lines = on_terminal(columns, print_status, rows)
    assert len(lines) == 2
    assert "12,345 accepted, 6 to review, 1 invalid" in lines[1]
    assert max(map(cell_len, lines)) <= columns
    # What there is no room for is the duration, then the time; nothing else.
    assert ("started" in header, "seconds" in header) == {
        100: (False, False), 120: (True, False), 160: (True, True)
    }[columns]  # fmt: skip


def test_where_a_table_is_too_narrow_for_words_a_row_is_a_paragraph(on_terminal) -> None:
    lines = on_terminal(50, print_status, [upload(1), upload(2)])
    assert lines[:3] == [
        "state              SUCCEEDED",
        "  upload id        100000000000",
        "  file             prior-auth-cases-1.csv",
    ]
    assert "  seconds          1.2" in lines


def test_a_folder_that_was_dropped_as_an_object_is_named() -> None:
    assert upload(1, object_key="inbox/L33774/").file_name == "inbox/L33774/"


def test_a_pipe_gets_whole_ids_and_times(capsys: pytest.CaptureFixture[str]) -> None:
    print_status([upload(1)])
    assert capsys.readouterr().out.splitlines()[1].split("\t") == [
        "SUCCEEDED",
        "1" + "0" * 31,
        "prior-auth-cases-1.csv",
        "L33774",
        "13 accepted, 6 to review, 1 invalid",
        "2026-11-21 16:24:54",
        "1.2",
    ]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((3334, 1666, 0), "3,334 accepted, 1,666 to review"),
        ((1, 0, 0), "1 accepted"),
        ((0, 0, 2), "0 accepted, 2 invalid"),
    ],
)
def test_counts_are_told_as_in_the_mails(counts: tuple[int, int, int], said: str) -> None:
    accepted, review, invalid = counts
    assert counts_line(upload(1, accepted=accepted, review=review, invalid=invalid)) == said
    assert subject(Counts(accepted=accepted, review=review, invalid=invalid), "x").endswith(said)


def test_a_row_that_cannot_be_read_is_listed_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    damaged = UploadRow(upload_id="0" * 32, object_key="inbox/p/a.csv")
    print_status([damaged, upload(1)])
    first, second = capsys.readouterr().out.splitlines()[1:]
    assert first.split("\t")[:3] == ["DAMAGED", "0" * 32, "a.csv"]
    assert second.startswith("SUCCEEDED\t")


def test_the_json_of_an_upload_has_what_is_published_and_no_more() -> None:
    row = upload(1, attempt=2, crashes=1, lease_until=1, expires=2, sequencer="s")
    assert set(row_document(row)) == {
        *("upload_id", "state", "bucket", "object_key", "size", "run", "claimed_at", "ended_at"),
        *("process", "accepted", "review", "invalid", "results_at"),
    }
