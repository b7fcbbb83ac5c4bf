"""A person is erased: nothing of them is left in any version of any object; others keep theirs."""

import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.processes import vector_of
from tests.fakes.review_room import BUCKET, CRITERIA, NOW, UPLOAD, Room, criteria_record
from tests.fakes.store import MemoryEraser
from winnow.errors import (
    NotFinishedError,
    ObjectGoneError,
    RecordUnknownError,
    RunSupersededError,
)
from winnow.models import (
    Counts,
    InvalidRecord,
    ObjectRef,
    Outcome,
    Result,
    ResultRecord,
    RunRef,
    SourceLocation,
    Timings,
    Upload,
)
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.forget import (
    CODE,
    ErasedRows,
    Forget,
    RowEraser,
    StoredVersion,
    erased_line,
    not_finished,
)
from winnow.reviews.models import EventKind, Kind, RecordKey, State
from winnow.reviews.ports import Change
from winnow.reviews.reviewed import ReviewedFiles
from winnow.reviews.service import Given
from winnow.search.erasure import KeptSearches
from winnow.search.saved import SavedSearch
from winnow.search.shapes import Search
from winnow.steps.filter import outcome_of
from winnow.steps.upload import upload_id
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import ARRAYS, JSON, JSON_LINES, ReviewPaths, RunPaths
from winnow.storage.record_lines import each_line, find_record, parse_record
from winnow.storage.vectors import dump_vectors, load_vectors

UPLOADS = "uploads"
FILE = "inbox/capsule/hans.csv"
SECRET, OTHER = "Melena of Hans.", "Melena of Grete."
RUN = RunRef(id="1-a", attempt=1, started_at="2027-01-01T00:00:00.000Z")


class Marks:
    def __init__(self) -> None:
        self.begun: dict[str, tuple[str, str]] = {}
        self.erased: dict[str, tuple[str, str]] = {}
        self.claimed: set[str] = set()

    def begin_erasing(self, upload_id: str, at: str, by: str) -> None:
        if upload_id in self.claimed:
            raise not_finished(upload_id)
        self.begun.setdefault(upload_id, (at, by))

    def mark_erased(self, upload_id: str, at: str, by: str) -> None:
        self.erased.setdefault(upload_id, self.begun.get(upload_id, (at, by)))


class Archive(Room):
    """A room as a run leaves it: the file, its results in two versions, what people typed."""

    def __init__(self, *records: ResultRecord) -> None:
        super().__init__(*records)
        self.objects.delete(self.file)
        self.marks = Marks()
        self.older = self.objects.add(UPLOADS, FILE, OTHER.encode())
        self.uploaded = self.objects.add(UPLOADS, FILE, SECRET.encode() + OTHER.encode())
        self.objects.add(UPLOADS, f"{FILE}.bak", OTHER.encode())
        self.paths = RunPaths(BUCKET, UPLOAD, RUN)
        lines = b"".join(map(dump_line, records))
        review = self.paths.outcome(CRITERIA.id, Outcome.REVIEW)
        self.objects.put(review, lines, JSON_LINES)
        files = {
            Outcome.REVIEW: self.objects.publish(review, lines, JSON_LINES, RUN.started_at),
            Outcome.ACCEPTED: self.objects.publish(
                self.paths.outcome(CRITERIA.id, Outcome.ACCEPTED),
                dump_line(criteria_record(99, text=OTHER, outcome=Outcome.ACCEPTED)),
                JSON_LINES,
                RUN.started_at,
            ),
        }
        for head in list(self.store.heads(UPLOAD)):
            moved = head.line.model_copy(update={"object": files[Outcome.REVIEW]})
            update = {"line": moved, "run_started": RUN.started_at}
            self.store.add([head.model_copy(update=update)])
        result = Result(
            upload=Upload(upload_id=UPLOAD, object=self.uploaded, size=9),
            run=RUN,
            process=CRITERIA.info,
            threshold=0.7,
            threshold_from="process",
            counts=Counts(records=len(records) + 1, review=len(records), accepted=1),
            decisions={},
            timings=Timings(),
            files=files,
            vectors=self.objects.publish(
                self.paths.vectors(CRITERIA.id),
                dump_vectors((r.record, vector_of(r.text or "")) for r in records),
                ARRAYS,
                RUN.started_at,
            ),
        )
        self.result = self.paths.result(CRITERIA.id)
        told = result.model_dump_json().encode()
        self.objects.publish(self.result, told, JSON, RUN.started_at)
        self.objects.put(self.paths.chunk(0), lines, JSON_LINES)
        shadow = RunPaths(BUCKET, UPLOAD, RUN, "shadow/0a1b/")
        for at in (shadow.chunk(0), shadow.picture("older", 2), shadow.vectors(CRITERIA.id)):
            for content in (SECRET, OTHER):
                self.objects.put(at, content.encode(), JSON)
        for number, picture in ((1, OTHER), (2, SECRET)):
            page = ObjectRef(bucket=BUCKET, key=f"results/capsule/{UPLOAD}/pages/{number}.jpg")
            self.objects.put(page, picture.encode(), "image/jpeg")

    @property
    def row(self) -> UploadRow:
        begun, erased = self.marks.begun.get(UPLOAD), self.marks.erased.get(UPLOAD)
        return UploadRow(
            upload_id=UPLOAD,
            state="SUCCEEDED",
            bucket=UPLOADS,
            object_key=FILE if erased is None else "erased",
            version_id=self.uploaded.version_id,
            process=CRITERIA.id,
            erased_at=begun and begun[0],
        )

    def save_search(self, **search: Any) -> None:
        saved = SavedSearch(id="0" * 32, name="x", by="ann", at="", search=Search(**search))
        at = ObjectRef(bucket=BUCKET, key="searches/of/x/y.json")
        self.objects.put(at, saved.model_dump_json().encode(), JSON)

    def forget(self, *, reviews: bool = True, training: RowEraser | None = None) -> Forget:
        return Forget(
            self.objects, MemoryEraser(self.objects), self.marks,
            self.store if reviews else None, BUCKET, lambda: self.now,
            self.files.write if reviews else lambda _upload, _process: None,
            training, KeptSearches(self.objects, MemoryEraser(self.objects), BUCKET),
        )  # fmt: skip

    @property
    def files(self) -> ReviewedFiles:
        return ReviewedFiles(self.objects, self.store, BUCKET, lambda: self.now)

    def everything(self) -> str:
        """All versions of all objects, with their keys."""
        return "\n".join(
            f"{key} {content.decode()}"
            for (_, key), versions in self.objects._versions.items()
            for _, content, _ in versions
        )


def archive() -> Archive:
    places = (SourceLocation(start=0, page=1, picture=2),)
    return Archive(
        criteria_record(1, text=SECRET, source_id="hans", places=places),
        criteria_record(2, text=OTHER, source_id="grete", places=on_pages(1, scanned=True)),
        criteria_record(3, text=OTHER, source_id="gustav"),
    )


def test_nothing_of_an_erased_upload_is_left_but_the_audit() -> None:
    room = archive()
    room.save_search(like_text=SECRET)
    room.decide("met", note="Hans was here.")
    room.notes.save_draft("bob", RecordKey(UPLOAD, 2), "Hans again?")
    room.notes.save_draft("bob", RecordKey("b" * 32, 2), "Of another upload.")
    erased = room.forget().upload(room.row, "ann")
    left = room.everything()
    others = left.replace(f"{FILE}.bak {OTHER}", "").replace(f"{FILE} {OTHER}", "")
    for word in ("Hans", "hans.csv", "Grete.", '"record"'):
        assert word not in others
    assert f"{FILE}.bak" in left
    assert "Of another upload." in left
    assert [h.state for h in room.store.heads(UPLOAD)] == [State.ERASED] * 3
    event = room.store.events(RecordKey(UPLOAD, 2))[-1]
    assert (event.kind, event.by) == (EventKind.ERASED, "ann")
    assert room.marks.erased == {UPLOAD: ("2027-01-15T08:00:00.000Z", "ann")}
    assert (erased.uploaded, erased.reviews, erased.decided, erased.notes) == (1, 3, 1, 2)
    assert erased.pages == 2
    assert erased.runs == 1


def test_erasing_an_upload_again_does_nothing_and_keeps_the_first_audit() -> None:
    room = archive()
    room.forget().upload(room.row, "ann")
    events = [room.store.events(RecordKey(UPLOAD, n)) for n in (1, 2, 3)]
    again = room.forget().upload(room.row, "bob")
    assert (again.uploaded, again.results, again.runs, again.notes) == (0, 0, 0, 0)
    assert [room.store.events(RecordKey(UPLOAD, n)) for n in (1, 2, 3)] == events
    assert room.marks.erased[UPLOAD][1] == "ann"


def test_the_row_says_first_that_it_is_erased_so_that_no_run_claims_the_upload() -> None:
    room = archive()
    _break_after(room, 1)
    with pytest.raises(BrokenOffError):
        room.forget().upload(room.row, "ann")
    assert room.marks.begun[UPLOAD][1] == "ann"
    assert not room.row.erased
    before = room.everything()
    room = archive()
    room.marks.claimed.add(UPLOAD)
    with pytest.raises(NotFinishedError):
        room.forget().upload(room.row, "ann")
    assert room.everything() == before
    assert room.head(1).state is not State.ERASED


class Rows:
    """Training rows; remembers the state of the reviews when they were erased."""

    def __init__(self, room: Archive) -> None:
        self._room = room
        self.asked: list[tuple[str, int | None]] = []
        self.states: list[State] = []

    def erase(self, upload: str, record: int | None = None) -> ErasedRows:
        self.asked.append((upload, record))
        self.states = [self._room.head(record or 1).state]
        return ErasedRows(2, ("f" * 64,))


@pytest.mark.parametrize("record", [None, 1])
def test_training_rows_are_erased_when_no_training_can_read_the_reviews_any_more(
    record: int | None,
) -> None:
    room = archive()
    rows = Rows(room)
    forget = room.forget(training=rows)
    if record is None:
        erased = forget.upload(room.row, "ann")
    else:
        erased = forget.record(room.row, room.result, record, "ann")
    assert rows.asked == [(UPLOAD, record)]
    assert rows.states == [State.ERASED]
    assert (erased.rows, erased.models) == (2, ("f" * 64,))


def test_a_run_under_way_is_not_erased_under_its_feet() -> None:
    room = archive()
    row = room.row.model_copy(update={"state": "RUNNING"})
    with pytest.raises(NotFinishedError):
        room.forget().upload(row, "ann")
    with pytest.raises(NotFinishedError):
        room.forget().record(row, room.result, 1, "ann")


def test_a_record_is_erased_from_every_version_and_the_others_stay_where_they_were() -> None:
    room = archive()
    room.decide("met", note="Hans was here.")
    room.decide("not_met", record=2, note="Grete's note.")
    before = room.items.item(room.head(3), "bob")
    erased = room.forget().record(room.row, room.result, 1, "ann")
    left = room.everything()
    for word in ("Hans", '"hans"', "Ferritin"):
        assert word not in left
    assert "Grete's note." in left
    assert f"pages/1.jpg {OTHER}" in left
    assert room.items.item(room.head(3), "bob") == before
    assert room.items.item(room.head(2), "bob").text == OTHER
    assert room.head(1).state is State.ERASED
    assert (erased.reviews, erased.decided, erased.uploaded) == (1, 1, 1)
    with room.objects.open(room.result) as stream:
        result = Result.model_validate_json(stream.read())
    line = find_record(room.objects, result.files[Outcome.REVIEW], 1)
    assert line is not None
    record = parse_record(line.content)
    assert (record.code, record.decision, record.text, record.source_id) == (CODE, None, None, None)
    assert find_record(room.objects, result.files[Outcome.ACCEPTED], 99) is not None
    assert result.vectors is not None
    kept = load_vectors(io.BytesIO(room.objects.content(result.vectors)))
    assert dict(kept) == {2: vector_of(OTHER), 3: vector_of(OTHER)}


@pytest.mark.parametrize("record", [1, 2])
def test_what_another_process_made_of_the_upload_goes_with_any_record(record: int) -> None:
    """An upload that was run again by another process has results in two folders."""
    room = archive()
    for key in room.objects.keys(BUCKET):
        if key.startswith(f"results/{CRITERIA.id}/{UPLOAD}/"):
            content = room.objects.content(room.objects.head_of(BUCKET, key))
            earlier = key.replace(f"/{CRITERIA.id}/", "/earlier/")
            room.objects.put(ObjectRef(bucket=BUCKET, key=earlier), content, JSON)
    other = ObjectRef(bucket=BUCKET, key=f"results/earlier/{'c' * 32}/accepted.jsonl")
    room.objects.put(other, b"Of another upload.", JSON_LINES)
    room.forget().record(room.row, room.result, record, "ann")
    keys = room.objects.keys(BUCKET)
    assert [key for key in keys if key.startswith("results/earlier/")] == [other.key]
    left = room.everything()
    assert (SECRET in left.replace(FILE, "")) == (record != 1)
    assert OTHER in left


def test_a_record_that_nobody_was_asked_about_is_audited_too() -> None:
    room = archive()
    room.forget().record(room.row, room.result, 99, "ann")
    head = room.store.head(RecordKey(UPLOAD, 99))
    assert head is not None
    assert (head.kind, head.state) == (Kind.CORRECTION, State.ERASED)
    (event,) = room.store.events(head.key)
    assert (event.kind, event.by) == (EventKind.ERASED, "ann")


def test_a_stack_without_reviews_erases_as_well() -> None:
    room = archive()
    erased = room.forget(reviews=False).record(room.row, room.result, 1, "ann")
    assert erased.reviews == 0
    assert "Hans" not in room.everything()


def test_a_stack_whose_reviews_were_switched_off_erases_what_was_decided_too() -> None:
    room = archive()
    room.decide("met", note="Hans was here.")
    room.decide("met", record=2)
    room.files.write(UPLOAD, CRITERIA.id)
    room.forget(reviews=False).record(room.row, room.result, 1, "ann")
    assert "Hans" not in room.everything()
    assert '"hans"' not in room.everything()
    reviewed = ReviewPaths(BUCKET, CRITERIA.id, UPLOAD).reviewed
    (line,) = room.objects.content(reviewed).splitlines()
    assert b'"grete"' in line


def test_a_record_that_is_not_there_is_told_and_nothing_is_erased() -> None:
    room = archive()
    before = room.everything()
    with pytest.raises(RecordUnknownError):
        room.forget().record(room.row, room.result, 55, "ann")
    assert room.everything() == before


LATER = RunRef(id="2-a", attempt=2, started_at="2027-02-01T00:00:00.000Z")


def judged_again(room: Archive) -> None:
    """A later run writes the results, after record 1 was decided, and what was decided is kept."""
    room.decide("met", note="Hans was here.")
    review = room.paths.outcome(CRITERIA.id, Outcome.REVIEW)
    lines = [criteria_record(n, text=OTHER, source_id="grete") for n in (1, 2, 3)]
    file = room.objects.publish(
        review, b"".join(map(dump_line, lines)), JSON_LINES, LATER.started_at
    )
    result = Result.model_validate_json(room.objects.content(room.result))
    later = result.model_copy(
        update={"run": LATER, "files": {**result.files, Outcome.REVIEW: file}}
    )
    told = later.model_dump_json().encode()
    room.objects.publish(room.result, told, JSON, LATER.started_at)
    room.items.keep(room.head(1))


@pytest.mark.parametrize("record", [None, 1])
@pytest.mark.parametrize("late", [False, True])
def test_what_is_kept_of_an_earlier_run_is_erased_too(record: int | None, late: bool) -> None:
    """`late`: the function that keeps it has read the line before, and writes after."""
    room = archive()
    judged_again(room)
    head = room.head(1)
    at = ReviewPaths(BUCKET, CRITERIA.id, UPLOAD).judged(1, head.run_started)
    content = room.objects.content(at)
    assert SECRET.encode() in content
    if late:
        room.objects.delete(at)
    if record is None:
        room.forget().upload(room.row, "ann")
    else:
        room.forget().record(room.row, room.result, record, "ann")
    room.items.keep(head)
    if late:
        room.objects.create(at, content, JSON)
    assert "Hans" not in room.everything()
    with pytest.raises(RecordUnknownError):
        room.items.record(head)


class BrokenOffError(Exception):
    pass


@pytest.mark.parametrize("record", [None, 1])
def test_what_broke_off_anywhere_is_finished_by_the_next_call(record: int | None) -> None:
    def erase(room: Archive) -> None:
        if record is None:
            room.forget().upload(room.row, "ann")
        else:
            room.forget().record(room.row, room.result, record, "ann")

    calls = 0
    while True:
        room = archive()
        room.decide("met", note="Hans was here.")
        counter = _break_after(room, calls)
        try:
            erase(room)
        except BrokenOffError:
            counter.allowed = 10**6
            erase(room)
        else:
            assert calls > 3
            return
        assert "Hans" not in room.everything().replace(f"{FILE}.bak", "")
        assert room.head(1).state is State.ERASED
        assert len(room.store.events(room.head(1).key)) == 2
        if record:
            assert room.items.item(room.head(2), "bob").text == OTHER
        calls += 1


class _Counter:
    allowed: int


def _break_after(room: Archive, allowed: int) -> _Counter:
    """Have every write after the first few raise, as if the command were killed."""
    counter = _Counter()
    counter.allowed = allowed

    def counted(function):
        def call(*args, **kwargs):
            if counter.allowed <= 0:
                raise BrokenOffError
            counter.allowed -= 1
            return function(*args, **kwargs)

        return call

    for owner, names in (
        (room.objects, ("put", "publish")),
        (room.store, ("write",)),
        (room.marks, ("begin_erasing", "mark_erased")),
    ):
        for name in names:
            setattr(owner, name, counted(getattr(owner, name)))
    delete = MemoryEraser.delete
    forget = room.forget

    def forget_counted(**options: Any) -> Forget:
        made = forget(**options)
        made._eraser.delete = counted(lambda *given: delete(made._eraser, *given))  # type: ignore[arg-type, method-assign]
        return made

    room.forget = forget_counted  # type: ignore[method-assign]
    return counter


@given(st.integers(0, 400), st.sampled_from(list(Outcome)))
def test_an_erased_line_keeps_its_length_if_there_is_room(length: int, outcome: Outcome) -> None:
    record = ResultRecord(outcome=outcome, record=12, line=13, code="text_nul", reason="x" * 30)
    line = erased_line(record, max(length, len(dump_line(record)) - 1))
    assert len(line) == max(length, len(dump_line(record)) - 1)
    assert parse_record(line).code == CODE


def test_a_prediction_is_erased() -> None:
    room = archive()
    own = "p-0123"
    ref = ObjectRef(bucket=BUCKET, key=f"predictions/capsule/{own}.json")
    room.objects.put(ref, SECRET.encode(), JSON)
    assert room.forget().prediction(own, "ann").uploaded == 1
    with pytest.raises(ObjectGoneError):
        room.objects.head(ref)
    with pytest.raises(RecordUnknownError):
        room.forget().prediction(own, "ann")


@pytest.mark.parametrize("search", [{"like_text": SECRET}, {"filters": {"cases": ("hans",)}}])
def test_a_saved_search_for_an_erased_record_goes_with_it(search: dict[str, Any]) -> None:
    room = archive()
    room.save_search(**search)
    assert room.forget().record(room.row, room.result, 2, "ann").searches == 0
    assert room.forget().record(room.row, room.result, 1, "ann").searches == 1
    assert "searches/" not in room.everything()


def test_the_time_is_that_of_the_clock() -> None:
    room = archive()
    room.now = NOW + 1
    room.forget().upload(room.row, "ann")
    assert room.marks.erased[UPLOAD][0] == "2027-01-15T08:00:01.000Z"


@pytest.mark.parametrize("record", [None, 1])
def test_what_second_stacks_made_of_an_upload_is_erased_and_nothing_else_of_theirs(
    record: int | None,
) -> None:
    room = archive()
    kept = {
        "shadow/templates/0a1b.json",
        "shadow/0a1b/comparison.json",
        RunPaths(BUCKET, "b" * 32, RUN, "shadow/0a1b/").chunk(0).key,
        RunPaths(BUCKET, "b" * 32, RUN, "shadow/0a1b/").result(CRITERIA.id).key,
    }
    for key in kept:
        room.objects.put(ObjectRef(bucket=BUCKET, key=key), b"{}", JSON)
    if record is None:
        erased = room.forget().upload(room.row, "ann")
    else:
        erased = room.forget().record(room.row, room.result, record, "ann")
    assert erased.shadow == 6
    left = {key for _, key in room.objects._versions if key.startswith("shadow/")}
    assert left == kept


def test_what_a_second_stack_made_is_found_when_nothing_else_is_left() -> None:
    room = Archive()
    eraser = MemoryEraser(room.objects)
    every = [v for v in eraser.versions(BUCKET, "") if not v.key.startswith("shadow/")]
    eraser.delete(BUCKET, every)
    row = room.forget().without_row(UPLOAD)
    assert row is not None
    assert room.forget().upload(row, "ann").shadow == 6
    assert room.forget().without_row(UPLOAD) is None


def _own_folders(room: Archive) -> list[str]:
    return [key for key in room.objects.keys(BUCKET) if UPLOAD in key]


def test_an_upload_whose_row_has_expired_is_erased_by_its_id() -> None:
    room = archive()
    room.decide("met", note="Hans was here.")
    row = room.forget().without_row(UPLOAD)
    assert row is not None
    erased = room.forget().upload(row, "ann")
    assert (erased.uploaded, erased.file_unknown, erased.reviews) == (1, False, 3)
    assert "Hans" not in room.everything()
    assert {h.state for h in room.store.heads(UPLOAD)} == {State.ERASED}


def test_a_record_is_erased_of_an_upload_whose_row_has_expired() -> None:
    room = archive()
    row = room.forget().without_row(UPLOAD)
    assert row is not None
    ref = row.result_ref(BUCKET)
    assert ref is not None
    assert room.forget().record(row, ref, 1, "ann").uploaded == 1
    assert "Hans" not in room.everything()


def test_an_upload_of_which_nothing_tells_the_file_is_erased_and_that_is_said() -> None:
    room = archive()
    MemoryEraser(room.objects).delete(
        BUCKET, MemoryEraser(room.objects).versions(BUCKET, room.result.key)
    )
    row = room.forget().without_row(UPLOAD)
    assert row is not None
    erased = room.forget().upload(row, "ann")
    assert (erased.uploaded, erased.file_unknown) == (0, True)
    assert _own_folders(room) == []


def test_an_id_of_which_nothing_is_stored_is_unknown() -> None:
    assert archive().forget().without_row("f" * 32) is None


def test_pictures_of_an_upload_that_failed_before_its_process_was_noted_are_erased() -> None:
    room = Archive()
    page = ObjectRef(bucket=BUCKET, key=f"results/never-run/{UPLOAD}/pages/1.jpg")
    room.objects.put(page, SECRET.encode(), "image/jpeg")
    row = room.row.model_copy(update={"state": "FAILED", "process": None})
    assert room.forget().upload(row, "ann").pages == 3
    assert "Hans" not in room.everything().replace(f"{FILE}.bak", "")


@pytest.mark.parametrize("record", [None, 1])
def test_what_is_written_while_the_records_are_marked_is_erased(record: int | None) -> None:
    """A draft, a note, and the reviewed lines by who has read the reviews before."""
    room = archive()
    room.decide("met", note="Hans was here.")
    room.files.write(UPLOAD, CRITERIA.id)
    assert '"hans"' in room.everything()
    before = room.files._state(UPLOAD)
    paths = ReviewPaths(BUCKET, CRITERIA.id, UPLOAD)
    written = room.store.write

    def write(change: Change) -> None:
        room.notes.save_draft("bob", change.head.key, "Hans again?")
        room.notes.save(change.head.key, 7, "Hans once more.")
        written(change)

    room.store.write = write  # type: ignore[method-assign]
    if record is None:
        room.forget().upload(room.row, "ann")
    else:
        room.forget().record(room.row, room.result, record, "ann")
    with pytest.raises(RunSupersededError):
        room.files._publish_lines(paths, before, None)
    assert "Hans" not in room.everything().replace(f"{FILE}.bak", "")
    assert '"hans"' not in room.everything()


def test_a_record_that_somebody_decides_at_the_same_moment_is_marked_all_the_same() -> None:
    room = archive()
    written = room.store.write
    decided: list[int] = []

    def write(change: Change) -> None:
        if not decided:
            decided.append(1)
            room.decide("met")
        written(change)

    room.store.write = write  # type: ignore[method-assign]
    assert room.forget().record(room.row, room.result, 1, "ann").decided == 1
    assert room.head(1).state is State.ERASED


@pytest.mark.parametrize("other", [2, 99])
@pytest.mark.parametrize("moment", range(4))
def test_two_erasures_at_once_do_not_bring_a_text_back(other: int, moment: int) -> None:
    """The second one runs whole at each write of the first: in one file, and in two."""
    room = archive()
    published = room.objects.publish
    calls: list[str] = []

    def publish(ref: ObjectRef, content: bytes, content_type: str, fence: str) -> ObjectRef:
        if "reviewed" not in ref.key:
            calls.append(ref.key)
            if len(calls) == moment + 1:
                room.forget().record(room.row, room.result, other, "bob")
        return published(ref, content, content_type, fence)

    room.objects.publish = publish  # type: ignore[method-assign]
    room.forget().record(room.row, room.result, 1, "ann")
    if len(calls) <= moment:
        room.forget().record(room.row, room.result, other, "bob")
    with room.objects.open(room.result) as stream:
        result = Result.model_validate_json(stream.read())
    found = {
        line.record: parse_record(line.content).code
        for ref in result.files.values()
        for line in each_line(room.objects, ref)
    }
    assert sorted(n for n, code in found.items() if code == CODE) == [1, other]
    assert "Hans" not in room.everything().replace(f"{FILE}.bak", "")


def test_other_uploads_of_the_same_key_keep_their_files_and_are_named() -> None:
    room = archive()
    erased = room.forget().upload(room.row, "ann")
    assert room.objects.content(room.older) == OTHER.encode()
    assert room.older.version_id is not None
    assert erased.others == (upload_id(UPLOADS, FILE, room.older.version_id),)


def failed_row(own: str, **told: Any) -> UploadRow:
    """The row of a run that failed before anything was noted of its file but the key."""
    return UploadRow(
        upload_id=own, state="FAILED", bucket=UPLOADS, object_key=FILE, **{"run": "arn", **told}
    )


@pytest.mark.parametrize("record", [None, 1])
@pytest.mark.parametrize("older", [True, False])
def test_of_a_row_that_names_no_version_the_id_tells_which_one_is_erased(
    record: int | None, *, older: bool
) -> None:
    room = archive()
    mine, other = (room.older, room.uploaded) if older else (room.uploaded, room.older)
    assert mine.version_id is not None
    assert other.version_id is not None
    row = failed_row(upload_id(UPLOADS, FILE, mine.version_id))
    forget = room.forget()
    if record is None:
        erased = forget.upload(row, "ann")
    else:
        erased = forget.record(row, room.result, record, "ann")
    assert (erased.uploaded, erased.file_unknown) == (1, False)
    assert erased.others == (upload_id(UPLOADS, FILE, other.version_id),)
    assert room.objects.content(other)
    with pytest.raises(ObjectGoneError):
        room.objects.content(mine)


@pytest.mark.parametrize("sequencer", [None, "0055AED6DCD90281E5"])
def test_where_nothing_tells_the_version_none_is_deleted_and_that_is_said(
    sequencer: str | None,
) -> None:
    room = archive()
    row = failed_row("c" * 32, sequencer=sequencer)
    erased = room.forget().upload(row, "ann")
    assert (erased.uploaded, erased.file_unknown, len(erased.others)) == (0, True, 2)
    assert room.objects.content(room.older)
    assert room.objects.content(room.uploaded)


def test_one_version_is_not_taken_for_that_of_an_upload_whose_own_is_gone() -> None:
    room = archive()
    gone = StoredVersion(FILE, str(room.older.version_id), latest=False)
    MemoryEraser(room.objects).delete(UPLOADS, [gone])
    own = upload_id(UPLOADS, FILE, gone.version_id)
    erased = room.forget().upload(failed_row(own), "ann")
    assert (erased.uploaded, erased.file_unknown) == (0, True)
    assert room.objects.content(room.uploaded)
    named = room.forget().upload(failed_row(own, version_id=gone.version_id), "ann")
    assert (named.uploaded, named.file_unknown) == (0, False)


def test_in_a_bucket_without_versions_the_only_file_of_the_key_is_the_upload() -> None:
    room = archive()
    room.objects._versions[UPLOADS, FILE] = [("null", SECRET.encode(), {})]
    erased = room.forget().upload(failed_row("c" * 32, sequencer="0055AED6DCD90281E5"), "ann")
    assert (erased.uploaded, erased.file_unknown, erased.others) == (1, False, ())
    assert (UPLOADS, FILE) not in room.objects._versions


def test_a_key_of_which_nothing_is_left_is_no_unknown_file() -> None:
    room = archive()
    del room.objects._versions[UPLOADS, FILE]
    erased = room.forget().upload(failed_row("c" * 32), "ann")
    assert (erased.uploaded, erased.file_unknown, erased.others) == (0, False, ())


def test_the_drawn_page_of_a_digital_pdf_is_erased_with_its_record() -> None:
    places = (SourceLocation(start=0, page=2, line=1, box=(0.1, 0.1, 0.9, 0.2)),)
    room = Archive(
        criteria_record(1, text=SECRET, places=places),
        criteria_record(2, text=OTHER, places=on_pages(1)),
    )
    erased = room.forget().record(room.row, room.result, 1, "ann")
    assert erased.pages == 1
    assert pictures(room) == {"1.jpg": OTHER, "2.jpg": ""}


def pictures(room: Archive) -> dict[str, str]:
    """The pictures that are kept, in the newest version; an empty one is a barrier."""
    return {
        key.rpartition("/")[2]: room.objects.content(room.objects.head_of(BUCKET, key)).decode()
        for key in room.objects.keys(BUCKET)
        if "/pages/" in key
    }


def on_pages(*pages: int, scanned: bool = False) -> tuple[SourceLocation, ...]:
    box = (0.1, 0.1, 0.9, 0.2)
    return tuple(
        SourceLocation(start=0, page=page, line=1, box=box, picture=page if scanned else None)
        for page in pages
    )


@pytest.mark.parametrize("scanned", [True, False])
def test_a_picture_is_kept_as_long_as_another_record_needs_it(scanned: bool) -> None:
    room = Archive(
        criteria_record(1, text=SECRET, places=on_pages(1, scanned=scanned)),
        criteria_record(2, text=OTHER, places=on_pages(1, 2, scanned=scanned)),
    )
    assert room.forget().record(room.row, room.result, 1, "ann").pages == 0
    assert pictures(room) == {"1.jpg": OTHER, "2.jpg": SECRET}
    assert room.forget().record(room.row, room.result, 2, "ann").pages == 2
    assert [content for content in pictures(room).values() if content] == []


def test_of_two_erasures_at_once_one_erases_the_picture_that_both_records_are_on() -> None:
    room = Archive(
        criteria_record(1, text=SECRET, places=on_pages(2, scanned=True)),
        criteria_record(2, text=SECRET, places=on_pages(2, scanned=True)),
        criteria_record(3, text=OTHER, places=on_pages(1, scanned=True)),
    )
    published = room.objects.publish
    started: list[int] = []

    def publish(ref: ObjectRef, content: bytes, content_type: str, fence: str) -> ObjectRef:
        if not started and ref.key.endswith("review.jsonl"):
            started.append(1)
            room.forget().record(room.row, room.result, 2, "bob")
        return published(ref, content, content_type, fence)

    room.objects.publish = publish  # type: ignore[method-assign]
    room.forget().record(room.row, room.result, 1, "ann")
    assert started
    assert pictures(room) == {"1.jpg": OTHER}


def rewrite_last(room: Archive, line: bytes) -> None:
    """Put a line in the place of that of record 99."""
    with room.objects.open(room.result) as stream:
        files = Result.model_validate_json(stream.read()).files
    room.objects.publish(files[Outcome.ACCEPTED], line, JSON_LINES, RUN.started_at)


@pytest.mark.parametrize("code", ["record_failed", "judging_failed", "case_too_long"])
def test_pictures_of_a_record_that_could_not_be_judged_are_erased_with_it(code: str) -> None:
    """Scan had kept them before. Its line names none; those of the others are named by theirs."""
    room = Archive(criteria_record(1, text=OTHER, places=on_pages(1, scanned=True)))
    failed = InvalidRecord(record=99, source_id="hans", code=code, reason="It failed.")
    rewrite_last(room, dump_line(outcome_of(failed, 0.7)))
    assert room.forget().record(room.row, room.result, 99, "ann").pages == 1
    assert pictures(room) == {"1.jpg": OTHER}


def test_a_picture_that_is_in_no_line_is_erased_with_any_record() -> None:
    """A page without text, or of a member that could not be read to its end."""
    room = Archive(
        criteria_record(1, text=SECRET), criteria_record(2, text=OTHER, places=on_pages(1))
    )
    assert room.forget().record(room.row, room.result, 1, "ann").pages == 1
    assert pictures(room) == {"1.jpg": OTHER}


def test_a_picture_that_a_line_may_name_which_cannot_be_read_is_kept() -> None:
    room = Archive(criteria_record(1, text=SECRET, places=on_pages(2, scanned=True)))
    rewrite_last(room, b'{"schema_version":"9.0","outcome":"accepted","record":99,"other":1}\n')
    assert room.forget().record(room.row, room.result, 1, "ann").pages == 1
    assert pictures(room) == {"1.jpg": OTHER}


@pytest.mark.parametrize("record", [None, 1])
@pytest.mark.parametrize("there", [True, False])
def test_a_page_that_is_drawn_meanwhile_is_not_kept(record: int | None, there: bool) -> None:
    """A function that draws has begun before, and writes at every later moment."""
    room = Archive(criteria_record(1, text=SECRET, places=on_pages(2)))
    page = ObjectRef(bucket=BUCKET, key=f"results/capsule/{UPLOAD}/pages/2.jpg")
    if not there:
        room.objects.delete(page)
    published, deleted = room.objects.publish, MemoryEraser.delete

    def draw() -> None:
        room.objects.create(page, SECRET.encode(), "image/jpeg")

    def publish(ref: ObjectRef, content: bytes, content_type: str, fence: str) -> ObjectRef:
        draw()
        return published(ref, content, content_type, fence)

    room.objects.publish = publish  # type: ignore[method-assign]
    forget = room.forget()

    def delete(bucket: str, versions: Iterable[StoredVersion]) -> int:
        draw()
        count = deleted(forget._eraser, bucket, versions)  # type: ignore[arg-type]
        draw()
        return count

    forget._eraser.delete = delete  # type: ignore[method-assign]
    for _ in range(2):
        if record is None:
            forget.upload(room.row, "ann")
        elif not room.store.events(RecordKey(UPLOAD, 1)):
            forget.record(room.row, room.result, record, "ann")
        draw()
    assert "Hans" not in room.everything().replace(f"{FILE}.bak", "")


@pytest.mark.parametrize("record", [None, 1])
def test_a_note_that_is_stored_after_its_record_was_erased_is_not_kept(record: int | None) -> None:
    """Decided, erased, and only then the note is stored: the function was slow."""
    room = archive()
    key = RecordKey(UPLOAD, 1)
    place = room.notes.place(key, 0, "Hans was here.")

    def erased_before() -> None:
        if record is None:
            room.forget().upload(room.row, "ann")
        else:
            room.forget().record(room.row, room.result, record, "ann")
        room.notes.save(key, 0, "Hans was here.")

    room.reviews.decide("bob", key, 0, Given("met", place, keep_note=erased_before))
    assert room.head(1).state is State.ERASED
    assert room.notes.read(place) is None
    assert "Hans" not in room.everything().replace(f"{FILE}.bak", "")


# -- damaged rows ----------------------------------------------------------------------------------

LONG_AGO = "2026-12-31T00:00:00.000Z"


def damaged(room: Archive, **readable: object) -> UploadRow:
    return UploadRow.from_stored(UPLOAD, {"state": "GONE", "claimed_at": LONG_AGO, **readable})


@pytest.mark.parametrize("record", [None, 1])
@pytest.mark.parametrize("readable", [{}, {"bucket": UPLOADS, "object_key": FILE}])
def test_an_upload_whose_row_is_damaged_is_erased(
    record: int | None, readable: dict[str, object]
) -> None:
    room = archive()
    room.decide("met", note="Hans was here.")
    work = room.forget()
    row = work.completed(damaged(room, **readable))
    if record is None:
        erased = work.upload(row, "ann")
        assert room.marks.erased[UPLOAD][1] == "ann"
    else:
        ref = row.result_ref(BUCKET)
        assert ref is not None
        erased = work.record(row, ref, record, "ann")
    assert (erased.uploaded, erased.file_unknown) == (1, False)
    assert erased.others
    assert room.objects.content(room.older) == OTHER.encode()
    assert "Hans" not in room.everything()
    assert room.head(1).state is State.ERASED


def test_of_a_damaged_row_without_results_the_id_tells_which_version_the_file_is() -> None:
    room = archive()
    assert room.uploaded.version_id is not None
    own = upload_id(UPLOADS, FILE, room.uploaded.version_id)
    row = UploadRow.from_stored(own, {"bucket": UPLOADS, "object_key": FILE})
    erased = room.forget().upload(room.forget().completed(row), "ann")
    assert (erased.uploaded, erased.file_unknown) == (1, False)
    assert room.objects.content(room.older) == OTHER.encode()


def test_of_a_damaged_row_that_tells_no_version_no_file_is_deleted_and_that_is_said() -> None:
    room = archive()
    own = "c" * 32
    row = UploadRow.from_stored(own, {"bucket": UPLOADS, "object_key": FILE})
    erased = room.forget().upload(room.forget().completed(row), "ann")
    assert (erased.uploaded, erased.file_unknown) == (0, True)
    assert room.objects.content(room.older) == OTHER.encode()
    assert room.objects.content(room.uploaded)


@pytest.mark.parametrize(
    "claim",
    [
        {"lease_until": Decimal(int(NOW) + 60)},
        {"claimed_at": "2027-01-15T07:00:00.000Z"},
    ],
)
def test_a_run_that_may_be_under_way_in_a_damaged_row_is_waited_for(
    claim: dict[str, object],
) -> None:
    room = archive()
    row = UploadRow.from_stored(UPLOAD, {**claim, "bucket": UPLOADS, "object_key": FILE})
    with pytest.raises(NotFinishedError):
        room.forget().upload(row, "ann")
    ended = row.model_copy(update={"ended_at": "2027-01-15T07:30:00.000Z"})
    assert room.forget().upload(ended, "ann").reviews == 3
