"""The screen of `winnow review --terminal`: one record, what was decided, and the keys."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from winnow.models import ResultRecord
from winnow_cli.console import clean, safe, shorten
from winnow_cli.render.record import NOTHING_SAID, by_part, grounds_of, text_of
from winnow_cli.render.records import answer_of
from winnow_cli.render.uploads import SHORT_ID

if TYPE_CHECKING:
    from winnow.reviews.items import ReviewItem
    from winnow.reviews.models import Totals

MAX_KEYS = 9
"""Decisions that have a key of their own; all others are typed."""
_MAX_NAME = 100
"""Characters of an id, or of the name of a part."""


class Body:
    """What is shown of a record between its head and the keys.

    It is broken into lines once for each width: not for every key.
    """

    def __init__(self, parts: Sequence[Text] = ()) -> None:
        self._parts = parts
        self._width = 0
        self._lines: list[list[Segment]] = []

    def lines(self, console: Console, options: ConsoleOptions) -> list[list[Segment]]:
        """Its lines on a screen."""
        if self._width != options.max_width:
            self._width = options.max_width
            self._lines = [
                line
                for part in self._parts
                for line in console.render_lines(part, options, pad=False)
            ]
        return self._lines


class Page:
    """A record on the whole screen: its lines from an offset on, between its head and the keys."""

    def __init__(self, head: Text, body: Body, foot: Text, offset: int, height: int) -> None:
        self._head = head
        self._body = body
        self._foot = foot
        self.offset = offset
        self.window = height
        """Lines of the body that there is room for."""
        self._height = height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.update(height=None, no_wrap=False, overflow="fold")
        head = console.render_lines(self._head, wide, pad=False)
        foot = console.render_lines(self._foot, wide, pad=False)
        body = self._body.lines(console, wide)
        self.window = max(self._height - len(head) - len(foot) - 1, 1)
        self.offset = max(min(self.offset, len(body) - self.window), 0)
        shown = body[self.offset : self.offset + self.window]
        below = len(body) - self.offset - len(shown)
        rule = f" {below} more lines, scroll with ↓ " if below > 0 else ""
        blank: list[list[Segment]] = [[]] * (self.window - len(shown))
        for line in [*head, *shown, *blank]:
            yield from line
            yield Segment.line()
        yield Segment(f"{rule:─^{options.max_width}}"[: options.max_width])
        for line in foot:
            yield Segment.line()
            yield from line


def head_of(item: "ReviewItem", totals: "Totals") -> Text:
    """Which record it is, how many are open, and what the machine decided."""
    head = Text.assemble(
        (clean(item.process.title), "bold"),
        f"  record {item.record:,} of {item.upload[:SHORT_ID]}",
        f"  {shorten(item.part, _MAX_NAME)}" if item.part else "",
        f"  {shorten(item.source_id, _MAX_NAME)}" if item.source_id else "",
        (f"  {totals.decided:,} of {totals.queued:,} decided", "dim"),
        "\n",
    )
    if item.review is not None and item.review.by is not None:
        head.append(f"Decided: {clean(answer_of(item.review))}. ", "yellow")
    if item.hidden:
        return head.append("Blind: the machine's decision is shown after yours.", "cyan")
    if item.decision is not None:
        basis = "" if item.calibrated else ", not a probability"
        head.append("The machine: ").append(title_of(item, str(item.decision.value)), "bold")
        if item.confidence is not None:
            head.append(f" (confidence {item.confidence:.2f}{basis})")
        if item.reason:
            head.append(f". {clean(item.reason)}")
    if item.kind == "audit":
        head.append(" Audit: it was accepted.", "cyan")
    for title in item.missing:
        head.append(f"\n{clean(title)}: {NOTHING_SAID}", "yellow")
    return head


def body_of(item: "ReviewItem") -> Body:
    """The record's text with its evidence in colour, its other fields, and the criteria."""
    fields = Text("\n").join(
        Text.assemble((f"{clean(name)}: ", "dim"), safe(value))
        for name, value in item.fields.items()
        if value.strip()
    )
    record = ResultRecord(
        outcome=item.outcome,
        record=item.record,
        text=item.text,
        parts=item.parts,
        decision=item.decision,
        score=item.score,
        confidence=item.confidence,
    )
    if item.hidden:
        text = by_part(Text(safe(item.text or ""), end=""), item.parts)
        return Body([Text(""), text, Text(""), fields])
    parts = (text_of(record), Text(""), fields, grounds_of(record))
    return Body([part for part in parts if part is not None])


def keys_line(item: "ReviewItem") -> Text:
    """The keys, each with what it does to this record."""
    keys = [] if approved_by_enter(item) is None else [("Enter", "approve")]
    decisions = item.process.decisions
    keys += [(str(n), clean(d.title)) for n, d in enumerate(decisions[:MAX_KEYS], 1)]
    if len(decisions) > MAX_KEYS:
        keys.append(("L", "another label"))
    keys += [("0", "cannot tell"), ("S", "skip"), ("Z", "undo"), ("N", "note"), ("Q", "quit")]
    line = Text()
    for key, what in keys:
        line.append(key, "bold reverse").append(f" {what}   ")
    line.rstrip()
    return line


def approved_by_enter(item: "ReviewItem") -> str | None:
    """What Enter decides: what the machine did, if it is seen and a person may decide so."""
    if item.hidden or item.decision is None:
        return None
    decision = str(item.decision.value)
    return decision if decision in {d.id for d in item.process.decisions} else None


def title_of(item: "ReviewItem", decision: str) -> str:
    """How a decision is called."""
    titles = {named.id: named.title for named in item.process.decisions}
    return clean(titles.get(decision, decision))
