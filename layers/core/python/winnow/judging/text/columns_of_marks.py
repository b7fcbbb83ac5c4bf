"""Tables that are typed with blanks or tabs: an X below "No" says no.

    Symptom           Yes   No
    Ongoing melena          X

Readers know tables, but in a plain text, or in a cell, nothing says that this is one. Here the mark
is written as the title that it stands below ("Ongoing melena:        no"); where that is not
certain, as "?". Every other character keeps its place.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from winnow.judging.lazy_patterns import lazy_pattern

_NO = frozenset(("no", "n", "denies", "denied", "absent", "negative", "neg", "never", "none"))
_YES = frozenset(
    (
        *("yes", "y", "reports", "reported", "present", "positive", "pos", "endorses", "endorsed"),
        *("current", "currently", "active"),
    )
)
_OTHER = frozenset(
    (
        *("past", "previous", "previously", "former", "resolved", "inactive", "unknown", "unsure"),
        *("n/a", "na", "maybe"),
    )
)
_TITLES = _NO | _YES | _OTHER
_HAS_MARK = lazy_pattern(r"(?:^|[\s\[(_])[xX✓✔✗✘☑☒](?=[\s\])_]|$)", re.MULTILINE)
_CELL = lazy_pattern(r"[^ \t\n]+(?: [^ \t\n]+)*")
_WORD = lazy_pattern(r"[^ \t\n]+")
_LINE = lazy_pattern(r"[^\n]+")
_EMPTY = r"\[ ?\]|\( ?\)|_{1,9}|[☐□○-]"
_TICK = r"\[ ?[xX✓✔] ?\]|\( ?[xX✓✔] ?\)|_{0,5}[xX✓✔]_{0,5}|[☑☒✗✘●]"
_MARK = lazy_pattern(rf"(?P<tick>{_TICK})|(?:{_EMPTY})")
_LEADING = lazy_pattern(rf"(?:{_TICK}|{_EMPTY})(?=[ \t])")
_LETTERS = lazy_pattern(r"[^\W\d_]{2}")
_MAX_LINE = 200
_MAX_COLUMNS = 12
_MAX_GAP = 2
"""Line ends between two lines of a table."""
_MAX_AWAY = 4
"""Characters that a mark may be beside its title."""
_SURE = 2
"""Characters that it is nearer to its title than to any other."""
_MAX_TITLE = 40
"""Characters of what else a row of titles has: "Symptom", "Comments"."""


class _Cell(NamedTuple):
    start: int
    end: int
    tabs: int
    """Tabs before it in its line."""
    is_mark: bool = False
    is_tick: bool = False

    @property
    def middle(self) -> float:
        return (self.start + self.end - 1) / 2


class _Row(NamedTuple):
    """A label and its marks."""

    label: _Cell
    marks: Sequence[_Cell]


class _Title(NamedTuple):
    word: str
    middle: float
    tabs: int


def with_columns(text: str) -> str:
    r"""The text with the marks of its tables as what they stand below.

    >>> with_columns("Symptom   Yes  No\nMelena         X\nFever      X")
    'Symptom   Yes  No\nMelena: no      \nFever: yes  '
    """
    if not _HAS_MARK.search(text):
        return text
    table = _Table(text)
    behind = 0
    for line in _LINE.finditer(text):
        if line.start() - behind > _MAX_GAP:
            table.end()
        table.add(*line.span())
        behind = line.end()
    table.end()
    return "".join(table.letters) if table.letters else text


class _Table:
    """The rows of what may be a table."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.letters: list[str] = []
        """Those of the text, as soon as one is another."""
        self._titles: Sequence[_Title] = ()
        self._is_tabbed = False
        self._untitled: list[tuple[int, list[_Row]]] = []
        """Rows below no titles, and where their lines begin."""

    def add(self, start: int, end: int) -> None:
        """A line."""
        text = self._text
        cells = _cells(text, start, end) if end - start <= _MAX_LINE else []
        has_tabs = text.find("\t", start, end) >= 0
        if found := _titles(text, start, cells):
            self.end()
            self._titles, self._is_tabbed = found, has_tabs
            return
        rows = list(_rows(text, cells)) if any(cell.is_tick for cell in cells) else []
        if not cells or (not rows and not self._titles):
            self.end()
        elif self._titles:
            for row in rows:
                is_tabbed = has_tabs and self._is_tabbed
                self._write(row, start, end, _said(row.marks, self._titles, start, is_tabbed))
        else:
            self._untitled.append((start, rows))

    def end(self) -> None:
        """No line that follows is of the table. Marks in several places have several meanings."""
        places = [
            (row, start, row.marks[0].middle - start)
            for start, rows in self._untitled
            for row in rows
            if len(row.marks) == 1 and row.label.end < row.marks[0].start - 1
        ]
        middles = [middle for _, _, middle in places]
        if middles and max(middles) - min(middles) > _MAX_AWAY:
            for row, start, _ in places:
                self._write(row, start, row.marks[0].end, "")
        self._titles = ()
        self._untitled = []

    def _write(self, row: _Row, start: int, end: int, said: str | None) -> None:
        """Write the title of a row's mark in its place."""
        if said is None:
            return
        label, marks = row
        word = "no" if said in _NO else "yes" if said in _YES else said
        is_before = marks[0].start < label.start
        if is_before:
            room = label.start - start - 1
        else:
            room = _blank_until(self._text, marks[-1].end, end) - label.end - 1
        if word == "yes" and len(word) > room:
            return  # as the mark does
        letters = self.letters = self.letters or list(self._text)
        for cell in marks:
            letters[cell.start : cell.end] = " " * (cell.end - cell.start)
        fits = 0 < len(word) <= room
        if is_before:
            answer = word if fits else "⍰"
            begin = label.start - len(answer) - 1
            if word == "yes":
                return
        else:
            answer = word if fits else "?"
            if letters[label.end - 1] not in ":?":
                letters[label.end] = ":"
            begin = label.end + 1 + (len(answer) < room)
        letters[begin : begin + len(answer)] = answer


def _cells(text: str, start: int, end: int) -> list[_Cell]:
    """The cells of a line; marks at its beginning may be one blank apart."""
    cells: list[_Cell] = []
    at = start
    while at < end:
        if text[at] in " \t":
            at += 1
            continue
        is_first = all(cell.is_mark for cell in cells)
        found = (is_first and _LEADING.match(text, at, end)) or _CELL.match(text, at, end)
        if not found:
            break
        mark = _MARK.fullmatch(text, *found.span())
        cells.append(
            _Cell(
                *found.span(),
                text.count("\t", start, found.start()),
                mark is not None,
                mark is not None and mark["tick"] is not None,
            )
        )
        at = found.end()
        if len(cells) > 2 * _MAX_COLUMNS:
            return []
    return cells


def _titles(text: str, start: int, cells: Sequence[_Cell]) -> list[_Title]:
    """What the columns below a line are called, if it is a row of titles."""
    titles: list[_Title] = []
    for cell in cells:
        words = list(_WORD.finditer(text, cell.start, cell.end))
        known = [word.group().lower().strip(":*") in _TITLES for word in words]
        if cell.is_mark or (len(words) > 1 and any(known) and not all(known)):
            return []
        if all(known):
            titles += [
                _Title(
                    word.group().lower().strip(":*"),
                    (word.start() + word.end() - 1) / 2 - start,
                    cell.tabs,
                )
                for word in words
            ]
        elif cell.end - cell.start > _MAX_TITLE:
            return []
    return titles if 1 < len(titles) <= _MAX_COLUMNS else []


def _rows(text: str, cells: Sequence[_Cell]) -> Iterator[_Row]:
    """The labels of a line, each with its marks: those behind it, or before it in all of them."""
    is_before = bool(cells) and cells[0].is_mark
    label: _Cell | None = None
    marks: list[_Cell] = []
    for cell in cells:
        if cell.is_mark:
            marks.append(cell)
        elif _LETTERS.search(text, cell.start, cell.end):
            if is_before and marks:
                yield _Row(cell, marks)
            elif label and marks:
                yield _Row(label, marks)
            if is_before or marks or label is None:
                label, marks = cell, []
    if label and marks and not is_before:
        yield _Row(label, marks)


def _said(
    marks: Sequence[_Cell], titles: Sequence[_Title], start: int, is_tabbed: bool
) -> str | None:
    """The title of the one mark that is a tick; "" if nobody knows, None without a tick."""
    ticks = [cell for cell in marks if cell.is_tick]
    if not ticks:
        return None
    if len(ticks) > 1:
        return ""
    (tick,) = ticks
    if is_tabbed:
        found = [title.word for title in titles if title.tabs == tick.tabs]
        return found[0] if len(found) == 1 else ""
    away = sorted((abs(tick.middle - start - title.middle), title.word) for title in titles)
    is_sure = away[0][0] <= _MAX_AWAY and away[1][0] - away[0][0] >= _SURE
    return away[0][1] if is_sure else ""


def _blank_until(text: str, at: int, end: int) -> int:
    """The end of the blanks at a place, up to the last of them before what follows in the line."""
    begin = at
    while at < end and text[at] in " \t":
        at += 1
    return at if at == end else max(begin, at - 1)
