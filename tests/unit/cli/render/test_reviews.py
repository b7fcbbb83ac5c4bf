"""The decision that holds, in results and status; the queue and histories for a person."""

import csv
import io

import pytest

from tests.fakes.review_room import CRITERIA, NOW, Room, criteria_record
from winnow.models import Alias, VersionRef
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.items import state_of
from winnow.reviews.models import Totals
from winnow_cli.render.csv_cells import COLUMNS, write_csv
from winnow_cli.render.record import print_record
from winnow_cli.render.reviews import head_document, print_history, print_queue
from winnow_cli.render.uploads import print_status, row_document


def decided() -> Room:
    room = Room(*(criteria_record(n) for n in (1, 2, 3, 4)))
    room.decide("met", record=1, note="On\tthe scan.")
    room.decide(None, record=2)
    room.reviews.erase("ann", room.head(3).key)
    return room


def test_csv_has_the_decision_that_holds_and_whose_it_is() -> None:
    room = decided()
    states = {n: state_of(room.head(n)) for n in (1, 2, 3, 4)}
    stream = io.StringIO(newline="")
    write_csv([criteria_record(n) for n in (1, 2, 3, 4, 5)], stream, states)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert [(row["reviewed"], row["reviewed_by"]) for row in rows] == [
        ("met", "ann"),
        ("cannot tell", "ann"),
        ("", ""),
        ("", ""),
        ("", ""),
    ]
    assert rows[0]["reviewed_at"] == "2027-01-15T08:00:00.000Z"


def test_csv_of_a_stack_without_reviews_has_no_columns_for_them() -> None:
    stream = io.StringIO(newline="")
    write_csv([criteria_record()], stream)
    assert stream.getvalue().splitlines()[0] == ",".join(COLUMNS)


def test_one_record_tells_who_decided_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_record(criteria_record(), state_of(decided().head(1)))
    assert "reviewed    met by ann" in capsys.readouterr().out


def test_status_tells_how_many_are_decided(capsys: pytest.CaptureFixture[str]) -> None:
    row = UploadRow(upload_id="a" * 32, state="SUCCEEDED", accepted=3, review=5)
    erased = UploadRow(
        upload_id="b" * 32, state="SUCCEEDED", review=1, erased_at="2027-01-02T00:00:00.000Z"
    )
    totals = Totals(queued=5, decided=2, approved=2)
    print_status([row, erased], {row.upload_id: totals})
    shown = capsys.readouterr().out
    assert "3 accepted, 5 to review; 2 of 5 decided" in shown
    assert "erased 2027-01-02" in shown
    assert row_document(row, totals)["reviews"]["open"] == 3
    assert "reviews" not in row_document(row)


def test_the_queue_tells_nothing_of_a_blind_record(capsys: pytest.CaptureFixture[str]) -> None:
    room = Room(criteria_record(), blind=True)
    room.store.lease(room.head().key, "bob", NOW + 60, NOW)
    print_queue({CRITERIA.id: Totals(queued=1)}, [room.head()], NOW)
    shown = capsys.readouterr().out
    assert "undetermined" not in shown
    assert "(hidden: blind)" in shown
    assert "open at bob" in shown
    document = head_document(room.head(), NOW)
    assert (document["decision"], document["confidence"], document["reason"]) == (None, None, None)
    assert document["leased_by"] == "bob"


def test_an_empty_queue_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_queue({}, [], NOW)
    assert "Nothing waits for a person." in capsys.readouterr().err


def test_a_history_has_who_and_what_and_the_notes_on_one_line_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    room = decided()
    head = room.head(1)
    print_history(room.items.history(room.store.events(head.key)), room.items.state(head))
    shown = capsys.readouterr()
    assert "ann\tdecided\tundetermined\tmet\t2.5" in shown.out
    assert "note to 1: On the scan." in shown.out
    assert "Now: met by ann." in shown.err
    assert "version" not in shown.err
    print_history([], None, VersionRef(sha256="ab" * 32, alias=Alias.CHAMPION))
    assert f"judged by version {'ab' * 6}, the champion" in capsys.readouterr().err
