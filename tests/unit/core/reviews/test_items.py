"""What a person is shown of a record; and that a blind one tells nothing of the machine's view."""

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.review_room import (
    BUCKET,
    CRITERIA,
    LABELS,
    NOW,
    TEXT,
    UPLOAD,
    Room,
    criteria_record,
)
from winnow.errors import RecordErasedError, RecordUnknownError, StoredDataInvalidError
from winnow.models import (
    PART_SEPARATOR,
    CasePart,
    LabelDecision,
    LabelScore,
    ObjectRef,
    ResultRecord,
    SourceLocation,
)
from winnow.reviews.items import (
    part_of_picture,
    pictures_of,
    unpictured_pages_of,
    unpictured_text,
)
from winnow.reviews.models import EventKind, Kind, LineRef, State
from winnow.reviews.service import Given
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import ReviewPaths


def test_a_record_is_shown_with_its_text_its_decision_and_what_it_says_nothing_about() -> None:
    room = Room(criteria_record(1), criteria_record(2, source_id="PA-8"))
    item = room.items.item(room.head(2), "ann")
    assert item.text == TEXT
    assert item.source_id == "PA-8"
    assert item.fields == {"age": "67"}
    assert item.decision == criteria_record().decision
    assert (item.confidence, item.code) == (0.5, "undetermined")
    assert item.missing == ("Anemia",)
    assert [c.title for c in item.process.criteria] == ["Anemia", "Blood loss"]
    assert [d.id for d in item.process.decisions] == ["met", "not_met"]
    assert item.review is not None
    assert item.review.state is State.OPEN


def test_labels_are_what_a_person_chooses_from() -> None:
    decision = LabelDecision(value="joy", scores=(LabelScore(label="joy", score=0.4),))
    record = criteria_record(decision=decision, confidence=0.4)
    room = Room(record, definition=LABELS)
    item = room.items.item(room.head(), "ann")
    assert [(d.id, d.title) for d in item.process.decisions] == [("joy", "Joy"), ("fear", "fear")]
    assert item.missing == ()


def test_a_blind_record_tells_nothing_of_the_machine_until_it_is_decided() -> None:
    room = Room(criteria_record(), blind=True)
    item = room.items.item(room.head(), "ann")
    assert item.hidden
    assert item.text == TEXT
    told = item.model_dump_json()
    for secret in ("undetermined", "supports", "0.9", "0.5", "enough to decide"):
        assert secret not in told
    assert item.missing == ()
    room.decide("met")
    shown = room.items.item(room.head(), "ann")
    assert shown.blind
    assert not shown.hidden
    assert shown.decision == criteria_record().decision
    assert shown.missing == ("Anemia",)


def test_an_answer_is_shown_with_its_note_and_a_draft_to_its_writer_only() -> None:
    room = Room(criteria_record())
    room.notes.save_draft("ann", room.head().key, "half a sent")
    assert room.items.item(room.head(), "ann").draft == "half a sent"
    assert room.items.item(room.head(), "bob").draft is None
    room.decide("met", note="Seen on the scan.")
    review = room.items.item(room.head(), "bob").review
    assert review is not None
    assert (review.decision, review.by, review.changed) == ("met", "ann", True)
    assert review.note == "Seen on the scan."


def test_a_lease_is_shown_as_long_as_it_lasts() -> None:
    room = Room(criteria_record())
    room.store.lease(room.head().key, "bob", NOW + 1, NOW)
    lease = room.items.item(room.head(), "ann").lease
    assert lease is not None
    assert lease.by == "bob"
    assert lease.until == "2027-01-15T08:00:01.000Z"
    room.store.lease(room.head().key, "bob", NOW, NOW)
    assert room.items.item(room.head(), "ann").lease is None


def test_a_record_that_nobody_was_asked_about_has_no_review() -> None:
    room = Room(criteria_record(), kind=Kind.CORRECTION)
    assert room.items.item(room.head(), "ann").review is None
    room.decide("met")
    review = room.items.item(room.head(), "ann").review
    assert review is not None
    assert review.state is State.DECIDED


def test_pages_are_those_of_a_scan() -> None:
    box = (0.1, 0.1, 0.9, 0.2)
    places = (
        SourceLocation(start=0, page=2, line=1, box=box, picture=5),
        SourceLocation(start=9, page=1, line=4, box=box, picture=4),
        SourceLocation(start=20, page=2, line=2, box=box, picture=5),
        SourceLocation(start=30, page=3, line=1),
    )
    room = Room(criteria_record(places=places))
    assert room.items.item(room.head(), "ann").pages == (1, 2)
    assert pictures_of(criteria_record(places=places)) == {1: 4, 2: 5}
    assert unpictured_pages_of(criteria_record(places=places)) == ()


def test_pages_of_a_case_of_several_files_are_told_apart() -> None:
    box = (0.1, 0.1, 0.9, 0.2)
    places = (
        SourceLocation(start=0, line=1),
        SourceLocation(start=10, page=1, line=1, box=box, picture=1),
        SourceLocation(start=20, page=1, line=1, box=box, picture=2),
        SourceLocation(start=25, page=2, line=1, box=box, picture=3),
    )
    parts = (
        CasePart(record=1, start=0, end=7),
        CasePart(record=2, part="a.png", start=10, end=17),
        CasePart(record=3, part="b.tiff", start=20, end=30),
    )
    record = criteria_record(places=places, parts=parts)
    assert pictures_of(record) == {1: 1, 2: 2, 3: 3}
    found = [part_of_picture(record, picture) for picture in (1, 2, 3)]
    assert [(page, part.part) for page, part in filter(None, found)] == [
        (1, "a.png"),
        (1, "b.tiff"),
        (2, "b.tiff"),
    ]
    unpictured = places[1].model_copy(update={"picture": None})
    assert unpictured_pages_of(criteria_record(places=(unpictured,), parts=parts)) == ()
    room = Room(record)
    shown = room.items.item(room.head(), "ann")
    assert [part.name for part in shown.parts] == ["text of the e-mail", "a.png", "b.tiff"]
    assert [(part.start, part.end) for part in shown.parts] == [(0, 7), (10, 17), (20, 30)]
    assert shown.pages == (1, 2, 3)


def test_results_that_have_expired_are_told_as_such() -> None:
    room = Room(criteria_record())
    room.objects.delete(room.file)
    with pytest.raises(RecordUnknownError):
        room.items.item(room.head(), "ann")


def test_deleted_results_are_told_as_such_while_their_lines_can_be_read() -> None:
    room = Room(criteria_record())
    room.objects.delete(ReviewPaths(BUCKET, CRITERIA.id, UPLOAD).result)
    assert room.items.gone(room.head())


def test_without_its_definition_a_record_cannot_be_decided() -> None:
    room = Room(criteria_record())
    room.objects.delete(ReviewPaths(BUCKET, CRITERIA.id, UPLOAD).definition)
    with pytest.raises(RecordUnknownError):
        room.items.item(room.head(), "ann")


def test_an_erased_record_is_not_shown() -> None:
    room = Room(criteria_record())
    room.reviews.erase("ann", room.head().key)
    with pytest.raises(RecordErasedError):
        room.items.item(room.head(), "ann")


def test_a_line_is_found_again_when_its_file_was_written_again() -> None:
    first, second = dump_line(criteria_record(1)), dump_line(criteria_record(2))
    room = Room(criteria_record(1), criteria_record(2))
    room.objects.delete(room.file)
    erased = b'{"schema_version":"1.4"}'.ljust(len(first) - 1) + b"\n"
    room.objects.add(BUCKET, "review.jsonl", erased + second)
    assert room.items.item(room.head(2), "ann").text == TEXT


def test_a_line_of_another_run_at_the_same_place_is_not_shown() -> None:
    room = Room(criteria_record(1))
    room.objects.delete(room.file)
    other = criteria_record(1, confidence=0.6, text=TEXT.swapcase())
    room.objects.add(BUCKET, "review.jsonl", dump_line(other))
    with pytest.raises(RecordUnknownError):
        room.items.item(room.head(), "ann")


def test_a_damaged_line_is_not_shown_as_a_record() -> None:
    room = Room(criteria_record(1))
    line = LineRef(object=ObjectRef(bucket=BUCKET, key="review.jsonl"), start=3, length=40)
    with pytest.raises(StoredDataInvalidError):
        room.items.item(room.head().model_copy(update={"line": line}), "ann")


def test_the_history_tells_from_what_to_what_by_whom_and_why() -> None:
    room = Room(criteria_record())
    room.decide("met", note="On the scan.")
    room.decide(None)
    room.reviews.undo("ann", room.head().key, 2, Given(None))
    entries = room.items.history(room.store.events(room.head().key))
    assert [(e.kind, e.before, e.after, e.cannot_tell, e.note) for e in entries] == [
        (EventKind.DECIDED, "undetermined", "met", False, "On the scan."),
        (EventKind.DECIDED, "met", None, True, None),
        (EventKind.UNDONE, None, "met", False, None),
    ]
    told = entries[0].model_dump(mode="json", by_alias=True)
    assert (told["from"], told["to"], told["through"]) == ("undetermined", "met", "terminal")


# -- what is on no picture ---------------------------------------------------------------------

BOX = (0.1, 0.1, 0.9, 0.2)


def pages(*pictured: bool, box: bool = True) -> ResultRecord:
    """A document of a line a page, of which some have a picture."""
    text = "\n".join(f"Page {number}." for number in range(1, len(pictured) + 1))
    starts = [0, *(at + 1 for at, char in enumerate(text) if char == "\n")]
    places = tuple(
        SourceLocation(
            start=start, page=number, box=BOX if box else None, picture=number if drawn else None
        )
        for number, (start, drawn) in enumerate(zip(starts, pictured, strict=True), 1)
    )
    return criteria_record(1, text=text, places=places, decision=None, confidence=None)


@pytest.mark.parametrize(
    ("record", "pictures", "left"),
    [
        (pages(True, True, True), {1, 2, 3}, []),
        (pages(True, True, True), {1, 2}, ["Page 3."]),
        (pages(True, False, True), {1, 3}, ["Page 2."]),
        (pages(False, False, False), {2}, ["Page 1.", "Page 3."]),
        (pages(False, False, box=False), {1, 2}, ["Page 1.", "Page 2."]),
        (pages(*[True] * 25), set(range(1, 21)), [f"Page {number}." for number in range(21, 26)]),
        (criteria_record(1, places=()), {1}, [TEXT]),
        (criteria_record(1, text=None, places=()), {1}, []),
        (criteria_record(1, text=" \n", places=()), {1}, []),
    ],
)
def test_what_is_on_no_picture_is_told_page_by_page(record, pictures, left) -> None:
    found = unpictured_text(record, pictures)
    assert [(record.text or "")[one.start : one.end].strip() for one in found] == left


def test_lines_of_a_page_without_a_picture_are_one_piece() -> None:
    places = tuple(SourceLocation(start=at, page=7, line=at, box=BOX) for at in (1, 10, 20))
    (found,) = unpictured_text(criteria_record(1, places=places), {6})[1:]
    assert (found.start, found.end, found.page) == (1, len(TEXT), 7)


def test_every_letter_of_a_case_is_on_a_picture_or_told() -> None:
    """Parts with and without pages, and rows behind a file that has some."""
    text = "Letter.\x1dScan one.\x1dScan two.\x1dRow."
    parts = (
        CasePart(record=1, part="letter.txt", start=0, end=7),
        CasePart(record=2, part="a.png", start=8, end=17),
        CasePart(record=3, part="b.png", start=18, end=27),
        CasePart(record=4, part="c.csv", line=2, start=28, end=32),
    )
    places = (
        SourceLocation(start=0, line=1),
        SourceLocation(start=8, page=1, box=BOX, picture=1),
        SourceLocation(start=18, page=1, box=BOX, picture=2),
    )
    record = criteria_record(1, text=text, places=places, parts=parts)

    def told(*pictures: int) -> list[tuple[str | None, str]]:
        found = unpictured_text(record, pictures)
        return [(one.part, text[one.start : one.end]) for one in found]

    letter, row = ("letter.txt", "Letter."), ("c.csv, line 2", "Row.")
    assert told(1, 2) == [letter, row]
    assert told(2) == [letter, ("a.png", "Scan one."), row]
    assert told(1) == [letter, ("b.png", "Scan two."), row]


@st.composite
def documents(draw: st.DrawFn) -> tuple[ResultRecord, set[int]]:
    """A case of files of some pages each, or one file; and the pictures that are shown of it."""
    text, places, parts = "", [], []
    files = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    for number, count in enumerate(files, 1):
        text += PART_SEPARATOR if number > 1 else ""
        start = len(text)
        for page in range(1, count + 1):
            for _ in range(draw(st.integers(1, 2))):
                picture = draw(st.none() | st.just(10 * number + page))
                box = BOX if draw(st.booleans()) else None
                at = len(text)
                places.append(SourceLocation(start=at, page=page, box=box, picture=picture))
                text += "A line.\n"
        text += "" if count else "Words."
        parts.append(CasePart(record=number, part=f"{number}.pdf", start=start, end=len(text)))
    pictures = draw(st.sets(st.sampled_from([place.picture for place in places] or [None])))
    several = tuple(parts) if len(files) > 1 else ()
    record = criteria_record(1, text=text, places=tuple(places), parts=several)
    return record, {picture for picture in pictures if picture is not None}


@given(documents())
def test_no_letter_is_neither_on_a_picture_nor_told(made: tuple[ResultRecord, set[int]]) -> None:
    record, pictures = made
    found = unpictured_text(record, pictures)
    told = {at for one in found for at in range(one.start, one.end)}
    starts = [place.start for place in record.places]
    for at, letter in enumerate(record.text or ""):
        place = bisect_right(starts, at) - 1
        part = next((p for p in record.parts if p.start <= at < p.end), None)
        own = place >= 0 and (part is None or starts[place] >= part.start)
        seen = own and record.places[place].picture in pictures
        if not letter.isspace():
            assert (at in told) is not seen
