"""The marks of forms and lists, as the few that judging knows: ☐ not ticked, ☑ ticked, ⍰ not known.

The one table of marks. Each mark is written as one of these at its own place, so that spans stay.
What a mark says depends on those beside it:

- A box is empty, a tick is ticked, whatever else there is. A cross behind a word says no; before
  one it does if others are ticked. Where the others are empty boxes it may be the tick: in front of
  an answer on one line it is, in a list it is not known.
- Circles and filled squares are bullets where all items have the same. Beside empty ones a filled
  square is ticked. Where some items of a list have ○ and others ●, ○ is not known, for it may be
  the inner level of a list; on one line ("○ Yes ● No") they are a choice.
- A letter of no known font is a bullet if all items of a list have the same one, else not known.
- A blank ("_ melena") is empty if other items are ticked, else not known.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from winnow.judging.lazy_patterns import lazy_pattern

EMPTY, TICKED, UNKNOWN = "☐", "☑", "⍰"
_BOX = frozenset("☐□◻◽⬜▢❏❐❑❒🗆🗌🞎🞏🞐⬚🔲")
_CIRCLE = frozenset("○◯⚪⭘❍")
_TICK = frozenset("👍☑☒✓✔✅🗸🗹⊠⌧▣◉⦿🔘🗵🗷")
_CROSS = frozenset("👎⛔🚫✗✘❌✖✕☓🗴🗶")
_FILLED_BOX = frozenset("■⬛◼")
_FILLED = _FILLED_BOX | frozenset("●⬤⚫•▪◾")
_HOLLOW = _BOX | _CIRCLE
_NOT_LETTERS = "\ufffd❎"
_ALL = "".join(sorted(_HOLLOW | _TICK | _CROSS | _FILLED)) + _NOT_LETTERS
_MARK = lazy_pattern(f"[{_ALL}\ue000-\uf8ff]")
_LEADING = lazy_pattern(
    rf"[ \t]{{0,80}}(?:[-*][ \t]{{1,4}})?([{_ALL}\ue000-\uf8ff⍰])\ufe0f?(?=\s{{0,8}}\w)"
)
_BLANK = lazy_pattern(
    r"[ \t]{0,80}(?:[-*•][ \t]{1,4})?(_{1,8})(?:([xX✓✔])_{1,8})?"
    r"(?=[ \t]{1,8}[^\W_]|[^\W_][^_\n\r]{0,200}$)",
    re.MULTILINE,
)
_HAS_BLANK = lazy_pattern(r"^[ \t]{0,80}(?:[-*•][ \t]{1,4})?_", re.MULTILINE)
_ANSWER = lazy_pattern(r"\s{0,8}(?:yes|no|y|n|unknown|n/a)\.?\s*$", re.IGNORECASE)
_LINE = lazy_pattern(r"[^\n\r]+")
_MAX_BETWEEN = 1
"""Lines without a mark that may stand between two items of one list."""


class _Item(NamedTuple):
    """A line with a mark in front."""

    at: int
    mark: str
    indent: int
    is_answer: bool
    """Whether nothing but "yes" or "no" stands behind it."""


def plain_marks(text: str) -> str:
    """The text with its marks written as EMPTY, TICKED and UNKNOWN, each at its place."""
    has_blank = _HAS_BLANK.search(text) is not None
    if not has_blank and (text.isascii() or not _MARK.search(text)):
        return text
    letters = list(text)
    if has_blank:
        _fill_blanks(text, letters)
    for line in _LINE.finditer(text):
        _read_line(text, line.start(), line.end(), letters)
    for group in _groups("".join(letters)):
        _read_group(group, letters)
    return "".join(letters)


def _fill_blanks(text: str, letters: list[str]) -> None:
    """Blanks in front of items: "_ melena", "_x_ anemia"."""
    blanks = [m for line in _LINE.finditer(text) if (m := _BLANK.match(text, line.start()))]
    any_ticked = any(blank[2] for blank in blanks) or re.search("[☑☒✓✔]", text) is not None
    for blank in blanks:
        for at in range(blank.start(1), blank.end()):
            letters[at] = " "
        letters[blank.start(1)] = TICKED if blank[2] else EMPTY if any_ticked else UNKNOWN


def _read_line(text: str, start: int, end: int, letters: list[str]) -> None:
    """The marks of one line that say something by themselves or by each other."""
    places = [mark.start() for mark in _MARK.finditer(text, start, end)]
    if not places:
        return
    marks = {text[at] for at in places}
    leading = _LEADING.match(text, start, end)
    is_list_item = leading is not None and len(places) == 1
    is_form = not marks.isdisjoint(_HOLLOW) and not marks <= _HOLLOW
    ticked = not marks.isdisjoint(_TICK)
    for at in places:
        mark = text[at]
        if at + 1 < end and text[at + 1] == "\ufe0f":
            letters[at + 1] = " "
        if mark in _BOX:
            letters[at] = EMPTY
        elif mark in _TICK:
            letters[at] = TICKED
        elif is_list_item:
            continue
        elif mark in _CROSS:
            letters[at] = TICKED if is_form and not ticked else EMPTY
        elif is_form and mark in _CIRCLE:
            letters[at] = EMPTY
        elif is_form and mark in _FILLED and (at != places[0] or len(places) == len(marks)):
            letters[at] = TICKED


def _groups(text: str) -> Iterator[list[_Item]]:
    """The lists of a text: lines with a mark in front that stand together."""
    group: list[_Item] = []
    between = 0
    for line in _LINE.finditer(text):
        if mark := _LEADING.match(text, line.start(), line.end()):
            group.append(
                _Item(
                    mark.start(1),
                    mark[1],
                    mark.start(1) - line.start(),
                    _ANSWER.match(text[mark.end() : min(line.end(), mark.end() + 24)]) is not None,
                )
            )
            between = 0
        elif group and line.group().strip():
            between += 1
            if between > _MAX_BETWEEN:
                yield group
                group, between = [], 0
    if group:
        yield group


def _read_group(group: list[_Item], letters: list[str]) -> None:
    answers = [item for item in group if item.is_answer]
    if any(item.mark in _HOLLOW for item in answers):
        for item in answers:
            letters[item.at] = EMPTY if item.mark in _HOLLOW else TICKED
        group = [item for item in group if not item.is_answer]
    marks = {item.mark for item in group}
    ticked = TICKED in marks
    by_indent: dict[int, set[str]] = {}
    for item in group:
        by_indent.setdefault(item.indent, set()).add(item.mark)
    for item in group:
        beside = by_indent[item.indent] - {item.mark}
        if item.mark in _CROSS:
            is_no = ticked or (len(group) == 1 and EMPTY not in marks)
            letters[item.at] = EMPTY if is_no else UNKNOWN
        elif item.mark in _CIRCLE:
            if beside:
                letters[item.at] = EMPTY if TICKED in beside else UNKNOWN
        elif item.mark in _FILLED_BOX:
            if EMPTY in marks:
                letters[item.at] = TICKED
        elif item.mark in _NOT_LETTERS or "\ue000" <= item.mark <= "\uf8ff":
            is_bullet = len(group) > 1 and len(marks) == 1
            letters[item.at] = "•" if is_bullet else UNKNOWN
