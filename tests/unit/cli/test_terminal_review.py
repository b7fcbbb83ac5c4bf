"""The reviewer's terminal: what each key does, what is on the screen, and that nothing is lost."""

import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text as RichText

from tests.fakes.review_room import (
    BUCKET,
    LABELS,
    NOW,
    TEXT,
    UPLOAD,
    Room,
    criteria_record,
)
from winnow.errors import AccessDeniedError, RecordUnknownError, RetryableError, WinnowError
from winnow.models import LabelDecision, LabelScore, Verdict
from winnow.processes.schema import Label
from winnow.reviews.items import ReviewItem
from winnow.reviews.models import EventKind, LineRef, RecordKey, ReviewHead, State, Through
from winnow.reviews.service import Given
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import ReviewPaths
from winnow_cli import key_sequences as keys
from winnow_cli.desk import Desk
from winnow_cli.render.review_screen import Body, Page
from winnow_cli.terminal_review import TerminalReview

WIDTH, HEIGHT = 100, 30


def met_record(number: int, **fields: object):
    record = criteria_record(number, confidence=round(0.3 + number / 100, 2), **fields)
    assert record.decision is not None
    decision = record.decision.model_copy(update={"value": Verdict.MET})
    return record.model_copy(update={"decision": decision})


class Session:
    """A reviewer in front of a queue; the keys are pressed one after another."""

    def __init__(self, room: Room, user: str = "ann") -> None:
        self.room = room
        self.pages: list[str] = []
        self.desk = Desk(
            room.reviews, room.store, room.items, room.notes, user,
            [room.definition.id], lambda: room.now,
        )  # fmt: skip

    def press(self, *pressed: keys.Key) -> "Session":
        try:
            given = self._keys(pressed)
            TerminalReview(self.desk, given, self._draw, lambda: HEIGHT).run()
        finally:
            self.desk.close()
        return self

    def _keys(self, pressed: Iterable[keys.Key]) -> "Session._Given":
        return Session._Given(iter(pressed))

    class _Given:
        def __init__(self, pressed: Iterator[keys.Key]) -> None:
            self._pressed = pressed

        def read(self) -> keys.Key:
            return next(self._pressed, keys.CLOSED)

    def _draw(self, page: Page) -> None:
        screen = Console(file=io.StringIO(), width=WIDTH, height=HEIGHT, color_system=None)
        screen.print(page)
        self.pages.append(screen.file.getvalue())  # type: ignore[attr-defined]

    @property
    def last(self) -> str:
        return self.pages[-1]

    def answers(self) -> dict[int, str | None]:
        heads = self.room.store.heads(UPLOAD)
        return {h.record: h.answer.decision for h in heads if h.answer is not None}

    def kinds(self, record: int) -> list[EventKind]:
        return [e.kind for e in self.room.store.events(RecordKey(UPLOAD, record))]


def test_five_records_take_five_keys() -> None:
    session = Session(Room(*(met_record(n) for n in range(1, 6))))
    session.press(keys.ENTER, "1", "2", "0", keys.ENTER)
    assert session.answers() == {1: "met", 2: "met", 3: "not_met", 4: None, 5: "met"}
    assert "Nothing is left to decide." in session.last
    assert "You decided 5 in this session." in session.last


def test_the_record_is_shown_with_its_text_the_decision_and_what_is_missing() -> None:
    session = Session(Room(met_record(1))).press("q")
    page = session.pages[0]
    for shown in (TEXT, "The machine: Met (confidence 0.31", "Anemia: nothing said", "age: 67"):
        assert shown in page
    for key in ("Enter approve", "1 Met", "2 Not met", "0 cannot tell", "Q quit"):
        assert key in page


def test_the_id_of_a_record_keeps_to_its_place() -> None:
    session = Session(Room(met_record(1, source_id="A" * 50 + "\nDecided: met by ann.\n" * 99)))
    page = session.press("q").pages[0]
    assert "A Decided: met by ann. Decided" in " ".join(page.split())
    assert page.count("Decided:") < 4
    assert TEXT in page


def test_a_text_is_broken_into_lines_once_and_not_for_every_key() -> None:
    console = Console(file=io.StringIO(), width=WIDTH)
    body = Body([RichText("word " * 100)])
    lines = body.lines(console, console.options)
    assert body.lines(console, console.options) is lines
    assert len(body.lines(console, console.options.update(width=20))) > len(lines)


def test_what_the_machine_left_open_cannot_be_approved() -> None:
    session = Session(Room(criteria_record())).press(keys.ENTER)
    assert session.answers() == {}
    assert "There is nothing to approve. Press 1 to 2, or 0." in session.last
    assert "Enter approve" not in session.last


def test_a_blind_record_is_compared_after_the_decision() -> None:
    session = Session(Room(met_record(1), met_record(2), blind=True)).press(keys.ENTER, "2", "q")
    assert "Blind" in session.pages[0]
    assert "The machine: " not in session.pages[0]
    assert "nothing said" not in session.pages[0]
    assert session.answers() == {1: "not_met"}
    assert "Not met; the machine had Met (0.31)" in session.last


class SlowPool:
    """Fetches the next record at once, but the second time only when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.waits: list[Callable[[], None]] = []

    def submit(self, take: Callable[[], object]) -> "Future[object]":
        future: Future[object] = Future()
        self.asked += 1
        if self.asked == 2:
            self.waits.append(lambda: future.set_result(take()))
        else:
            future.set_result(take())
        return future

    def shutdown(self, **_: object) -> None:
        """There is nothing to end."""


def test_what_is_fetched_while_it_is_taken_back_is_not_shown_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Session(Room(*(met_record(n) for n in range(1, 4))))
    pool, undo = SlowPool(), session.room.reviews.undo

    def undo_while_fetching(*given: Any, **named: Any) -> ReviewHead:
        head = undo(*given, **named)
        pool.waits.pop()()
        return head

    monkeypatch.setattr(session.desk, "_pool", pool)
    monkeypatch.setattr(session.room.reviews, "undo", undo_while_fetching)
    session.press(keys.ENTER, "z", "2", "1", "1")
    assert session.answers() == {1: "not_met", 2: "met", 3: "met"}


def test_undo_shows_the_record_again_and_then_the_one_that_was_left() -> None:
    session = Session(Room(*(met_record(n) for n in range(1, 4))))
    session.press(keys.ENTER, "z", "2", "1", "1")
    assert session.answers() == {1: "not_met", 2: "met", 3: "met"}
    assert session.kinds(1) == [EventKind.DECIDED, EventKind.UNDONE, EventKind.DECIDED]
    shown = [page.split("record ")[1][:1] for page in session.pages if "record " in page]
    assert shown == ["1", "2", "1", "2", "3"]


def test_a_note_is_kept_with_the_decision_and_an_undone_one_is_there_again() -> None:
    session = Session(Room(met_record(1)))
    session.press("n", *"See page 2x", keys.BACKSPACE, keys.ENTER, keys.ENTER, "z", "2")
    (first, _, last) = session.room.items.history(
        session.room.store.events(session.room.head().key)
    )
    assert (first.note, last.note) == ("See page 2", "See page 2")


def test_a_note_survives_quitting_and_escape_leaves_it_as_it_was() -> None:
    room = Room(met_record(1))
    Session(room).press("n", *"Half", keys.ENTER, "q")
    assert "Note: Half" in Session(room).press("n", *" a", keys.ESCAPE, "q").last
    assert room.items.item(room.head(), "ann").draft == "Half"


PASTED = keys.Pasted("seen in clinic\r\n2 units,\t10 mg\n")


def test_pasted_text_is_a_note_on_one_line_and_decides_nothing() -> None:
    session = Session(Room(met_record(1), met_record(2)))
    session.press("n", *"See ", PASTED, *"x", keys.BACKSPACE, keys.ENTER, keys.ENTER, "q")
    assert session.answers() == {1: "met"}
    (event,) = session.room.items.history(session.room.store.events(RecordKey(UPLOAD, 1)))
    assert event.note == "See seen in clinic 2 units, 10 mg"


@pytest.mark.parametrize("text", ["1", "2\n", "\n", "q", "z", "s", "0", "n", "12", "seen\n2 units"])
def test_pasted_text_is_no_key_outside_a_note(text: str) -> None:
    session = Session(Room(met_record(1), met_record(2)))
    session.press(keys.ENTER, keys.Pasted(text), keys.RESIZED, "q")
    assert session.answers() == {1: "met"}
    assert session.kinds(1) == [EventKind.DECIDED]
    assert session.kinds(2) == []
    assert "Several characters came at once" in session.last
    ended = Session(Room(met_record(1))).press(keys.ENTER, keys.Pasted(text))
    assert "Several characters came at once" in ended.last
    assert ended.kinds(1) == [EventKind.DECIDED]


def test_skipped_records_are_for_others_and_can_be_asked_for_again() -> None:
    room = Room(met_record(1), met_record(2))
    session = Session(room).press("s", keys.ENTER, "s", "1")
    assert session.kinds(1) == [EventKind.SKIPPED, EventKind.DECIDED]
    assert session.answers() == {1: "met", 2: "met"}


@pytest.mark.parametrize("pressed", [["q"], [], ["Q"]])
def test_quitting_gives_every_record_back(pressed: list[str]) -> None:
    room = Room(met_record(1), met_record(2), met_record(3))
    Session(room).press(*pressed)
    assert [room.head(n).lease_by for n in (1, 2, 3)] == [None, None, None]


def test_ctrl_c_gives_every_record_back() -> None:
    room = Room(met_record(1), met_record(2))
    session = Session(room)

    class Interrupted:
        def read(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        try:
            TerminalReview(session.desk, Interrupted(), session._draw, lambda: HEIGHT).run()
        finally:
            session.desk.close()
    assert [room.head(n).lease_by for n in (1, 2)] == [None, None]


def test_two_reviewers_are_not_shown_the_same_record() -> None:
    room = Room(*(met_record(n) for n in range(1, 5)))
    ann, bob = Session(room), Session(room, "bob")
    ann.desk.advance()
    bob.press(keys.ENTER, keys.ENTER, keys.ENTER)
    assert ann.desk.item is not None
    assert ann.desk.item.record not in bob.answers()
    ann.desk.close()


def test_a_conflict_shows_the_decision_that_holds_and_keeps_the_note() -> None:
    room = Room(met_record(1))
    session = Session(room)

    class WhileBobDecides:
        def __init__(self) -> None:
            self._pressed: Iterator[str] = iter(["n", *"Mine.", keys.ENTER, "bob", "1", "1", "q"])

        def read(self) -> str:
            key = next(self._pressed)
            if key != "bob":
                return key
            room.reviews.decide("bob", room.head().key, 0, Given("not_met"))
            return next(self._pressed)

    TerminalReview(session.desk, WhileBobDecides(), session._draw, lambda: HEIGHT).run()
    session.desk.close()
    conflict = next(page for page in session.pages if "Somebody else has changed" in page)
    assert "It is now: not_met by bob." in conflict
    assert "Decided: not_met by bob." in conflict
    assert "Note: Mine." in conflict
    assert session.answers() == {1: "met"}
    events = room.items.history(room.store.events(room.head().key))
    assert [(event.by, event.note) for event in events] == [("bob", None), ("ann", "Mine.")]


def test_what_a_later_run_has_judged_again_is_shown_anew_and_keeps_the_note() -> None:
    room = Room(met_record(1))
    session = Session(room)

    class WhileItRunsAgain:
        def __init__(self) -> None:
            self._pressed: Iterator[str] = iter(["n", *"Mine.", keys.ENTER, "run", "1", "1", "q"])

        def read(self) -> str:
            key = next(self._pressed)
            if key != "run":
                return key
            line = dump_line(met_record(1, text="Hematochezia since May."))
            head, at = room.head(), room.objects.add(BUCKET, "review.jsonl", line)
            where = LineRef(object=at, start=0, length=len(line))
            later = {"run_started": "2027-02-01T00:00:00.000Z", "line": where, "lease_by": None}
            room.store.add([head.model_copy(update=later)])
            return next(self._pressed)

    TerminalReview(session.desk, WhileItRunsAgain(), session._draw, lambda: HEIGHT).run()
    session.desk.close()
    assert "Hematochezia" not in session.pages[0]
    told = next(page for page in session.pages if "A later run has judged" in page)
    assert "Hematochezia since May." in told
    assert "Note: Mine." in told
    assert session.answers() == {1: "met"}


def test_a_decision_that_could_not_be_saved_stays_on_the_screen_and_is_written_once() -> None:
    room = Room(met_record(1))
    session = Session(room)
    write, failures = room.store.write, iter([True, False])

    def lost_answer(change: object) -> None:
        write(change)  # type: ignore[arg-type]
        if next(failures):
            raise RetryableError("The answer was lost.")

    room.store.write = lost_answer  # type: ignore[method-assign]
    session.press(keys.ENTER, keys.ENTER)
    assert any("Not saved. The answer was lost. Press the key again." in p for p in session.pages)
    assert session.kinds(1) == [EventKind.DECIDED]
    assert "You decided 1" in session.last


def test_a_decision_that_is_saved_is_not_shown_again_if_the_next_record_cannot_be_fetched() -> None:
    room = Room(met_record(1), met_record(2), met_record(3))
    session = Session(room)
    item, failures = room.items.item, iter([False, True, False, False])

    def unreachable(head: ReviewHead, user: str) -> ReviewItem:
        if next(failures):
            raise RetryableError("S3 does not answer.")
        return item(head, user)

    room.items.item = unreachable  # type: ignore[method-assign]
    session.press(keys.ENTER, "r", keys.ENTER, keys.ENTER)
    (failed,) = [page for page in session.pages if "S3 does not answer." in page]
    assert "The next record could not be fetched." in failed
    assert "Record 1: Met, as the machine" in failed
    assert "Not saved" not in "".join(session.pages)
    assert session.kinds(1) == [EventKind.DECIDED]
    assert session.answers() == {1: "met", 2: "met", 3: "met"}


def test_a_session_whose_first_record_cannot_be_fetched_ends_with_the_error() -> None:
    room = Room(met_record(1))

    def refused(head: ReviewHead, user: str) -> ReviewItem:
        raise AccessDeniedError("You may not read the results.")

    room.items.item = refused  # type: ignore[method-assign]
    with pytest.raises(AccessDeniedError):
        Session(room).press("q")
    assert room.head().lease_by is None


def test_an_undo_that_could_not_be_saved_is_tried_again_and_undoes_no_other_decision() -> None:
    room = Room(met_record(1), met_record(2), met_record(3))
    session = Session(room)
    write, failures = room.store.write, iter([False, False, True, False, False, False])

    def lost_answer(change: object) -> None:
        write(change)  # type: ignore[arg-type]
        if next(failures):
            raise RetryableError("The answer was lost.")

    room.store.write = lost_answer  # type: ignore[method-assign]
    session.press(keys.ENTER, keys.ENTER, "z", "z", "2")
    assert session.kinds(1) == [EventKind.DECIDED]
    assert session.kinds(2) == [EventKind.DECIDED, EventKind.UNDONE, EventKind.DECIDED]
    assert session.answers() == {1: "met", 2: "not_met"}


@pytest.mark.parametrize("error", [RetryableError("Throttled."), AccessDeniedError("Refused.")])
@pytest.mark.parametrize("records", [1, 2])
def test_an_undo_that_fails_ends_no_session(
    records: int, error: WinnowError, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(Room(*(met_record(n) for n in range(1, records + 1))))
    undo, failures = session.room.reviews.undo, iter([True, False])

    def failing(*given: Any, **named: Any) -> ReviewHead:
        if next(failures):
            raise error
        return undo(*given, **named)

    monkeypatch.setattr(session.room.reviews, "undo", failing)
    session.press(keys.ENTER, "z", "z", "q")
    assert any(f"Not saved. {error.message}" in page for page in session.pages)
    again = isinstance(error, RetryableError)
    assert session.answers() == ({} if again else {1: "met"})
    assert session.desk.decided == (0 if again else 1)


@pytest.mark.parametrize("records", [1, 3])
@pytest.mark.parametrize(
    "error", [RecordUnknownError("The results have expired."), RetryableError("S3 hangs.")]
)
def test_what_is_taken_back_counts_even_if_it_cannot_be_shown(
    records: int, error: WinnowError, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(Room(*(met_record(n) for n in range(1, records + 1))))
    item, undo = session.room.items.item, session.room.reviews.undo
    unseen: list[int] = []

    def undone(*given: Any, **named: Any) -> ReviewHead:
        unseen.append(1)
        return undo(*given, **named)

    def gone(head: ReviewHead, user: str) -> ReviewItem:
        if unseen and head.record == 1:
            unseen.clear()
            raise error
        return item(head, user)

    monkeypatch.setattr(session.room.reviews, "undo", undone)
    monkeypatch.setattr(session.room.items, "item", gone)
    session.press("n", *"Mine", keys.ENTER, "1", "z", "z", "q")
    assert session.answers() == {}
    assert session.kinds(1) == [EventKind.DECIDED, EventKind.UNDONE]
    assert session.desk.decided == 0
    assert not any("Not saved" in page for page in session.pages)
    told = f"Record 1 is taken back, but cannot be shown. {error.message}"
    assert any(told in page for page in session.pages)
    assert "There is nothing to undo in this session." in session.last
    assert session.room.head(1).lease_by is None
    assert item(session.room.head(1), "ann").draft == "Mine"


def test_what_is_taken_back_unseen_is_shown_again_from_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Session(Room(met_record(1)))
    item, failures = session.room.items.item, iter([False, True, False])

    def unreachable(head: ReviewHead, user: str) -> ReviewItem:
        if next(failures):
            raise RetryableError("S3 hangs.")
        return item(head, user)

    monkeypatch.setattr(session.room.items, "item", unreachable)
    session.press("1", "z", "r", "2", "q")
    assert session.answers() == {1: "not_met"}


@pytest.mark.parametrize("records", [1, 2])
def test_what_somebody_else_has_decided_since_is_not_taken_back(records: int) -> None:
    room = Room(*(met_record(n) for n in range(1, records + 1)))
    session = Session(room)

    def pressed() -> Iterator[keys.Key]:
        yield "1"
        room.reviews.decide("bob", RecordKey(UPLOAD, 1), room.head(1).version, Given("not_met"))
        yield from ("z", "q")

    TerminalReview(session.desk, Session._Given(pressed()), session._draw, lambda: HEIGHT).run()
    session.desk.close()
    assert session.answers() == {1: "not_met"}
    assert "Not taken back." in session.last


def test_leases_are_renewed_while_a_record_is_open() -> None:
    room = Room(met_record(1))
    session = Session(room)
    session.desk.advance()
    room.now = NOW + 250
    session.desk.renew()
    assert room.head().lease_until == NOW + 250 + 300
    session.desk.close()


def test_records_whose_results_are_gone_are_counted_and_not_shown() -> None:
    room = Room(met_record(1), met_record(2))
    room.objects.delete(room.file)
    session = Session(room).press("q")
    assert "2 could not be shown" in session.last
    assert [room.head(n).state for n in (1, 2)] == [State.EXPIRED, State.EXPIRED]
    assert room.head(1).lease_by is None


def test_no_decision_on_a_record_whose_results_were_deleted_while_it_was_open() -> None:
    room = Room(met_record(1), met_record(2))
    session = Session(room)

    def deleted() -> Iterator[str]:
        yield keys.ENTER
        room.objects.delete(ReviewPaths(BUCKET, room.definition.id, UPLOAD).result)
        yield from (keys.ENTER, "s")

    TerminalReview(session.desk, Session._Given(deleted()), session._draw, lambda: HEIGHT).run()
    session.desk.close()
    assert session.answers() == {1: "met"}
    assert any("Not saved" in page and "are gone" in page for page in session.pages)


def test_a_long_text_is_scrolled_and_the_keys_stay_on_the_screen() -> None:
    text = "\n".join(f"Line {n}." for n in range(200))
    session = Session(Room(met_record(1, text=text)))
    session.press(keys.DOWN, keys.DOWN, keys.PAGE_DOWN, keys.END, keys.HOME, "q")
    first, _, down, page_down, end, home = session.pages
    assert "Line 0." in first
    assert "Line 0.\n" not in down
    assert "Line 25." in page_down
    assert "Line 199." in end or "Blood loss" in end
    assert first == home
    assert all("Q quit" in page and len(page.splitlines()) <= HEIGHT for page in session.pages)


def test_a_label_without_a_key_of_its_own_is_typed() -> None:
    labels = tuple(Label(id=f"label-{n}") for n in range(1, 13))
    definition = LABELS.model_copy(update={"labels": labels})
    decision = LabelDecision(value="label-1", scores=(LabelScore(label="label-1", score=0.4),))
    records = [criteria_record(n, decision=decision, confidence=0.1 * n) for n in (1, 2)]
    session = Session(Room(*records, definition=definition))
    session.press("l", *"label-1", keys.BACKSPACE, *"11", keys.ENTER, "9", "q")
    assert session.answers() == {1: "label-11", 2: "label-9"}
    assert any("label-11, label-12" in " ".join(page.split()) for page in session.pages)


def test_events_say_that_they_came_from_a_terminal_and_how_long_it_took() -> None:
    room = Room(met_record(1))
    session = Session(room)
    session.desk.advance()
    room.now += 4.25
    session.desk.decide("met")
    session.desk.close()
    (event,) = room.store.events(room.head().key)
    assert (event.through, event.seconds) == (Through.TERMINAL, 4.2)


def test_no_text_steers_the_terminal() -> None:
    room = Room(met_record(1, text="a\x1b[2Jb", fields={"x\x1b": "\x07"}))
    page = Session(room).press("q").pages[0]
    assert "\x1b" not in page
    assert "\x07" not in page
