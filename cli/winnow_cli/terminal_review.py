"""`winnow review --terminal`: the queue in a terminal, one key a record."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from winnow.errors import (
    NothingToUndoError,
    RecordJudgedAgainError,
    RetryableError,
    ReviewConflictError,
    WinnowError,
)
from winnow.reviews.notes import MAX_NOTE
from winnow_cli import key_sequences as keys
from winnow_cli.console import clean
from winnow_cli.render.records import CANNOT_TELL, answer_of
from winnow_cli.render.review_screen import (
    MAX_KEYS,
    Body,
    Page,
    approved_by_enter,
    body_of,
    head_of,
    keys_line,
    title_of,
)

if TYPE_CHECKING:
    from winnow.reviews.items import ReviewItem
    from winnow_cli.desk import Desk, Done

MAX_SHOWN_LABELS = 12
"""Labels that are listed while one is typed."""
NOTHING_PASTED = "Several characters came at once, as if pasted: nothing was done. Press one key."


class Keys(Protocol):
    """Where keys come from."""

    def read(self) -> keys.Key:
        """Wait for the next one."""
        ...


class TerminalReview:
    """The loop: a record is shown, a key is read, what it means is done."""

    def __init__(
        self,
        desk: "Desk",
        pressed: Keys,
        show: Callable[[Page], None],
        height: Callable[[], int],
    ) -> None:
        """`show` draws a page on the screen, which is `height()` lines high."""
        self._desk = desk
        self._pressed = pressed
        self._show = show
        self._height = height
        self._message = ""
        self._offset = 0
        self._window = 1
        self._body: tuple[ReviewItem, Body] | None = None

    def run(self) -> None:
        """Until the person quits, or nothing is left.

        Raises the error if the first record cannot be fetched.
        """
        self._desk.advance()
        if self._desk.trouble is not None:
            raise self._desk.trouble
        while True:
            item = self._desk.item
            if item is None:
                if not self._at_the_end():
                    return
                continue
            self._draw(item, keys_line(item))
            key = self._key()
            if key == keys.CLOSED or key.lower() == "q":
                return
            self._handle(partial(self._press, item, key))

    def _handle(self, act: Callable[[], None]) -> None:
        """Do what a key means; an error is told on the screen."""
        try:
            act()
        except RecordJudgedAgainError as error:
            self._message = f"{error.message} Decide what it says now, or press S."
        except ReviewConflictError:
            self._message = self._conflict()
        except WinnowError as error:
            # Nothing is lost: the record stays, and so does its note.
            again = isinstance(error, RetryableError)
            hint = "Press the key again." if again else error.hint
            self._message = f"Not saved. {error.message} {hint}"

    def _key(self) -> str:
        """The next key that is one: pasted text decides nothing."""
        key = self._pressed.read()
        if not isinstance(key, keys.Pasted):
            return key
        self._message = NOTHING_PASTED
        return keys.RESIZED

    def _press(self, item: "ReviewItem", key: str) -> None:
        if self._scroll(key):
            return
        self._message = ""
        decisions = item.process.decisions
        match key.lower():
            case keys.ENTER:
                decision = approved_by_enter(item)
                if decision is None:
                    choices = f"1 to {min(len(decisions), MAX_KEYS)}, or 0"
                    self._message = f"There is nothing to approve. Press {choices}."
                else:
                    self._decide(decision)
            case "0" | "?":
                self._decide(None)
            case "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" as number:
                if int(number) <= len(decisions):
                    self._decide(decisions[int(number) - 1].id)
            case "l" if len(decisions) > MAX_KEYS:
                self._type_label(item)
            case "s":
                self._desk.skip()
                self._message = f"Record {item.record:,} is given back for somebody else."
                self._next()
            case "z":
                self._undo()
            case "n":
                self._type_note(item)

    def _undo(self) -> None:
        try:
            undone = self._desk.undo()
        except (NothingToUndoError, ReviewConflictError) as error:
            self._message = f"Not taken back. {error.message}"
            return
        if undone is None:
            self._message = "There is nothing to undo in this session."
        elif undone.trouble is None:
            self._offset = 0
            self._message = "Taken back. Decide it again."
        else:
            record, why = f"Record {undone.head.record:,}", clean(undone.trouble.message)
            self._message = f"{record} is taken back, but cannot be shown. {why}"

    def _decide(self, decision: str | None) -> None:
        done = self._desk.decide(decision)
        self._message = told(done)
        self._next()

    def _next(self) -> None:
        self._offset = 0
        self._desk.advance()

    def _scroll(self, key: str) -> bool:
        steps = {
            keys.UP: -1,
            keys.DOWN: 1,
            keys.PAGE_UP: -self._window,
            keys.PAGE_DOWN: self._window,
            " ": self._window,
            keys.HOME: -self._offset,
            keys.END: 1_000_000,
            keys.RESIZED: 0,
        }
        if key not in steps:
            return False
        self._offset = max(self._offset + steps[key], 0)
        return True

    def _conflict(self) -> str:
        item = self._desk.item
        state = item.review if item is not None else None
        now = "" if state is None else f" It is now: {clean(answer_of(state))}."
        return f"Somebody else has changed this record.{now} Decide it again, or press S."

    # -- typing ------------------------------------------------------------------------------------

    def _type_note(self, item: "ReviewItem") -> None:
        note = self._typed(item, "Note", self._desk.note, lambda _: "")
        if note is not None:
            self._desk.write(note[:MAX_NOTE])
            self._message = "The note is kept with your decision." if note else ""

    def _type_label(self, item: "ReviewItem") -> None:
        def matches(typed: str) -> list[str]:
            folded = typed.casefold()
            named = [(d.id, d.title) for d in item.process.decisions]
            exact = [own for own, title in named if folded in (own.casefold(), title.casefold())]
            return exact or [
                own
                for own, title in named
                if folded in own.casefold() or folded in title.casefold()
            ]

        def listed(typed: str) -> str:
            found = matches(typed)
            more = ", …" if len(found) > MAX_SHOWN_LABELS else ""
            return ", ".join(map(clean, found[:MAX_SHOWN_LABELS])) + more

        typed = self._typed(item, "Label", "", listed)
        if typed is None:
            return
        found = matches(typed)
        if len(found) == 1:
            self._decide(found[0])
        else:
            self._message = f"{len(found)} labels are called so. Press L and type more of it."

    def _typed(
        self, item: "ReviewItem", name: str, text: str, beside: Callable[[str], str]
    ) -> str | None:
        """A line that the person types; None if Escape was pressed."""
        while True:
            foot = Text.assemble((f"{name}: ", "bold"), text, ("▌", "blink"))
            if more := beside(text):
                foot.append(f"\n{more}", "dim")
            foot.append("\nEnter keeps it, Escape leaves it as it was.", "dim")
            self._draw(item, foot)
            key = self._pressed.read()
            if isinstance(key, keys.Pasted):
                text += on_one_line(key.text)
            elif key == keys.ENTER:
                return text.strip()
            elif key in (keys.ESCAPE, keys.CLOSED):
                return None
            elif key == keys.BACKSPACE:
                text = text[:-1]
            elif key == keys.ERASE_LINE:
                text = ""
            elif len(key) == 1:
                text += key

    # -- the screen --------------------------------------------------------------------------------

    def _draw(self, item: "ReviewItem", foot: Text) -> None:
        if self._body is None or self._body[0] is not item:
            self._body = (item, body_of(item))
        lines = Text(self._message, "yellow")
        if self._desk.note:
            lines.append(f"\nNote: {clean(self._desk.note)}", "cyan")
        page = Page(
            head_of(item, self._desk.totals),
            self._body[1],
            Text("\n").join([lines, foot]),
            self._offset,
            self._height(),
        )
        self._show(page)
        self._offset, self._window = page.offset, page.window

    def _at_the_end(self) -> bool:
        """No record is shown. Whether to go on: with what was skipped, or what came meanwhile."""
        trouble = self._desk.trouble
        why = "Nothing is left to decide."
        if trouble is not None:
            why = f"The next record could not be fetched. {clean(trouble.message)} Press R."
        text = Text.assemble(
            (self._message, "yellow"),
            (f"\n{why}\n", "bold"),
            f"You decided {self._desk.decided:,} in this session.\n",
            f"{self._desk.unreadable:,} could not be shown: their results are gone or damaged.\n"
            if self._desk.unreadable
            else "",
        )
        foot = Text()
        for key, what in (
            ("S", "those that you skipped"),
            ("R", "look again"),
            ("Z", "undo"),
            ("Q", "quit"),
        ):
            foot.append(key, "bold reverse").append(f" {what}   ")
        self._show(Page(text, Body(), foot, 0, self._height()))
        self._message = ""
        key = self._key().lower()
        if key == "s":
            self._desk.show_skipped()
        elif key == "r":
            self._desk.skipped = False
            self._desk.advance()
        elif key == "z":
            self._handle(self._undo)
        return key not in ("q", keys.ENTER, keys.CLOSED)


def on_one_line(text: str) -> str:
    r"""Pasted text as it could be typed.

    >>> on_one_line("seen in clinic\r\n2 units\x1b")
    'seen in clinic 2 units'
    """
    one = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() else " " for c in one if c.isprintable() or c.isspace())


def told(done: "Done") -> str:
    """What was decided, and what the machine had, in a sentence."""
    item, head = done.item, done.head
    assert head.answer is not None
    decision = head.answer.decision
    yours = CANNOT_TELL if decision is None else title_of(item, decision)
    machine = f"{title_of(item, head.decision)} ({head.confidence:.2f})"
    if head.agreed:
        sentence = f"{yours}, as the machine" + (f" ({head.confidence:.2f})" if item.hidden else "")
    else:
        sentence = f"{yours}; the machine had {machine}"
    return f"Record {item.record:,}: {sentence}. Z takes it back."
