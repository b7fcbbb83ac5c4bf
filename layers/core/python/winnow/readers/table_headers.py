"""Which rows of a table are headers, and of which rows.

A table may have several: the columns "Yes, No" of its first rows may be "Never, Done" or
"No, Yes" further down. Where it is not clear whether a row is a header, the rows below it have
none: what is marked in them is not told with a title.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from winnow.readers.table_cells import (
    ends_as_kind,
    filled,
    is_above_numbers,
    is_answer,
    is_choice,
    is_contrary,
    is_detail,
    is_kind,
    is_mark,
    is_open,
    is_title,
    is_yes_or_no,
    plain,
    word,
)

MAX_COLUMNS = 60
"""Of a row with more, nothing is looked for in it."""
_MAX_GROUP_ROWS = 2
"""Rows above a header that say what its columns have in common."""
_FIELD = re.compile(r"[^:]{1,60}:\s*\S")
_VALUE = re.compile(r"\d{3}|\d\s?[/.:-]\s?\d")
"""A date or a number, which no header has."""

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table that have a header in common."""

    begin: int
    header: int | None
    """Which row says what the columns are called, if any does."""
    is_clear: bool = True
    """Whether marks may be told with what stands above them."""

    def group_rows(self) -> range:
        """The rows above the header that name groups of its columns."""
        return range(self.begin, self.header or self.begin)


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row shows; sets of columns are bits of a number."""

    cells: Cells
    filled: int = 0
    marks: int = 0
    texts: int = 0
    titles: int = 0
    answers: int = 0

    @property
    def label(self) -> str:
        return self.cells[0] if self.cells else ""

    def words(self) -> list[str]:
        return sorted(word(cell) for cell in self.cells if cell.strip())

    def is_above_labels(self) -> bool:
        """Whether the row begins as a header does."""
        label = self.label
        return not label.strip() or ends_as_kind(label) or is_above_numbers(label)

    def looks_like_data(self) -> bool:
        """Whether a cell is a field, a date or a long number."""
        cells = filled(self.cells)
        names = sum(cell.rstrip().endswith(":") for cell in cells)
        return 0 < names < len(cells) or any(
            _FIELD.match(cell) or _VALUE.search(cell[:60]) for cell in cells
        )


class _Kind(Enum):
    DATA = "data"
    HEADER = "header"
    DOUBTFUL = "doubtful"
    """Either: what is marked below it has no certain title."""


def _seen(cells: Cells) -> _Row:
    count = len(filled(cells))
    if len(cells) > MAX_COLUMNS:
        return _Row(cells, filled=count)
    marks = texts = titles = answers = 0
    for column, cell in enumerate(cells):
        bit = 1 << column
        if is_mark(cell):
            marks |= bit
        elif not is_open(cell):
            texts |= bit
            if is_title(cell):
                titles |= bit
                if is_answer(cell) and not _is_above_numbers(cells, column):
                    answers |= bit
    return _Row(cells, count, marks, texts, titles, answers)


def _is_above_numbers(cells: Cells, column: int) -> bool:
    """Whether "No" in the first column is "number": no "Yes" is beside it."""
    return (
        column == 0 and is_above_numbers(cells[0]) and not (len(cells) > 1 and is_answer(cells[1]))
    )


def parts(rows: Sequence[Cells], first: int | None = None, *, is_clear: bool = True) -> list[Part]:
    """The parts of a table, in their order; the first header may be known."""
    seen = [_seen(row) for row in rows]
    marked = _marked_below(seen)
    if first is None and is_clear:
        first, is_clear = _first(seen, marked)
    found: list[Part] = []
    if first != 0:
        above = _first_of_two(seen[:first]) if first else None
        found.append(Part(0, above, is_clear))
    known: list[list[str]] = []
    header = first
    for number in range(first or 0, len(seen)):
        row = seen[number]
        if number != first and (row.marks or row.filled < 2 or not row.titles):
            continue
        if number == first or row.words() in known:
            kind = _Kind.HEADER
        elif header is None:
            is_header = _is_clear(row) and row.is_above_labels()
            kind = _Kind.HEADER if is_header else _Kind.DATA
        else:
            kind = _kind(row, seen[header], marked[header], marked[number])
        if kind is _Kind.HEADER:
            _begin(found, seen, number)
            header = number
            if len(known) < MAX_COLUMNS:
                known.append(row.words())
        elif kind is _Kind.DOUBTFUL:
            found.append(Part(number, None, is_clear=False))
            header = None
    return found


def _begin(found: list[Part], seen: Sequence[_Row], header: int) -> None:
    begin = header
    while header - begin < _MAX_GROUP_ROWS and begin and _is_grouped(seen[begin - 1], seen[begin]):
        begin -= 1
    while found and found[-1].begin >= begin:
        found.pop()
    found.append(Part(begin, header))


def _marked_below(seen: Sequence[_Row]) -> list[int]:
    """The columns that are marked below each row."""
    below = 0
    marked: list[int] = []
    for row in reversed(seen):
        marked.append(below)
        below |= row.marks
    return marked[::-1]


def _is_clear(row: _Row) -> bool:
    """Whether a row is a header by itself."""
    count = row.answers.bit_count()
    return count > 1 or (count == 1 and row.is_above_labels())


def names_choices(cells: Cells) -> bool:
    """Whether a row by itself is a header of columns of which one is marked."""
    row = _seen(cells)
    if row.marks:
        return False
    is_named = is_kind(row.label) and row.titles.bit_count() > 1 and not row.looks_like_data()
    return _is_clear(row) or is_named or (len(cells) > 2 and all(map(is_choice, cells[1:])))


def is_data(cells: Cells) -> bool:
    """Whether a row has a field, a date or a long number, as no header has."""
    return _seen(cells).looks_like_data()


def _first_of_two(seen: Sequence[_Row]) -> int | None:
    return next((n for n, row in enumerate(seen) if row.filled > 1), None)


def _first(seen: Sequence[_Row], marked: Sequence[int]) -> tuple[int | None, bool]:
    """The first header, and whether what is marked without one may be told as it stands."""
    at = next((n for n, row in enumerate(seen) if row.marks), None)
    if at is None:
        return _first_of_unmarked(seen), True
    clear = [n for n in range(at) if _is_clear(seen[n]) and seen[n].titles & marked[n]]
    if clear:
        return max(clear, key=lambda n: (_weight(seen[n]), -n)), True
    able = _able(seen, at)
    if len(able) == 1 or (able and is_kind(seen[able[0]].label)):
        return able[0], True
    return None, not able and not _is_in_several(seen)


def _weight(row: _Row) -> int:
    """How much speaks for a header."""
    return (row.answers.bit_count() > 1) + (is_kind(row.label) or not row.label.strip())


def _first_of_unmarked(seen: Sequence[_Row]) -> int | None:
    first = _first_of_two(seen)
    if first is None or seen[first].answers.bit_count() > 1:
        return first
    return next(
        (n for n, row in enumerate(seen) if row.answers.bit_count() > 1 and is_kind(row.label)),
        first,
    )


def _able(seen: Sequence[_Row], at: int) -> list[int]:
    """The rows above the first mark that may be its header."""
    wanted = 0
    for row in seen[at:]:
        if _is_clear(row) and not row.marks:
            break
        wanted |= row.marks
    able = [n for n in range(at) if seen[n].titles.bit_count() > 1 and not wanted & ~seen[n].titles]
    if len(able) > 1:
        able = [n for n in able if not seen[n].looks_like_data()]
    return [n for n in able if is_kind(seen[n].label)] or able


def _is_in_several(seen: Sequence[_Row]) -> bool:
    """Whether marks stand in several places behind what they are of."""
    places: set[int] = set()
    for row in seen:
        last = -1
        for column in range((row.marks | row.texts).bit_length()):
            if row.texts >> column & 1:
                last = column
            elif last >= 0 and row.marks >> column & 1:
                places.add(column - last)
    return len(places) > 1


def _kind(row: _Row, header: _Row, below_header: int, below: int) -> _Kind:
    """What a row without marks is, below a header."""
    choices = header.titles & (header.answers | below_header)
    own = row.texts & below & ~header.titles
    """Columns that are marked below and that only this row has a title for."""
    texts = row.texts & choices | own
    is_named = (
        word(row.label) == word(header.label)
        or is_kind(row.label)
        or (not row.label.strip() and row.answers.bit_count() > 1)
    )
    if texts.bit_count() > 1 or own:
        return _kind_of_wide(row, header, texts, choices, is_named=is_named)
    if row.answers.bit_count() > 1 and choices:
        return _Kind.HEADER if is_named else _Kind.DOUBTFUL
    if not texts:
        return _Kind.DATA
    column = texts.bit_length() - 1
    cell, title = row.cells[column], header.cells[column]
    if word(cell) != word(title) and ((is_named and is_choice(cell)) or is_detail(cell)):
        return _Kind.HEADER
    if is_contrary(cell, title) and choices.bit_count() > 1 and row.is_above_labels():
        return _Kind.DOUBTFUL
    return _Kind.DATA


def _kind_of_wide(row: _Row, header: _Row, texts: int, choices: int, *, is_named: bool) -> _Kind:
    """What a row is that has text in more than one column of which one is marked."""
    cells = [row.cells[column] for column in _columns(texts)]
    is_list = header.titles == header.answers  # nothing stands above labels
    if _FIELD.match(row.label) or (is_list and not any(map(is_choice, cells))):
        return _Kind.DATA
    has_choice = any(map(is_choice, cells))
    is_above_answers = (header.answers & choices).bit_count() > 1
    if has_choice and (
        is_named or (is_above_answers and row.titles & texts == texts and not row.looks_like_data())
    ):
        return _Kind.HEADER
    if is_named and not row.looks_like_data() and all(map(is_title, cells)):
        return _Kind.HEADER
    titles = [header.cells[column] for column in _columns(choices)]
    if (
        not header.answers & choices
        and not has_choice
        and all(title[:1].isupper() for title in titles)
        and not any(cell[:1].isupper() for cell in cells)
    ):
        return _Kind.DATA  # "since May" below "Current"
    return _Kind.DOUBTFUL


def _columns(bits: int) -> list[int]:
    return [column for column in range(bits.bit_length()) if bits >> column & 1]


def _is_grouped(top: _Row, row: _Row) -> bool:
    """Whether a row says what columns of the header below it have in common."""
    if not top.titles or top.marks or row.marks or any(_FIELD.match(cell) for cell in top.cells):
        return False
    names = groups(top.cells, row.cells)
    if not names or any(is_yes_or_no(n) and is_answer(row.cells[c]) for c, n in names.items()):
        return False
    covered = any(
        cell.strip() and word(cell) == word(title)
        for cell, title in zip(top.cells, row.cells, strict=False)
    )
    if covered or is_open(row.label):
        return True
    titles = [word(row.cells[column]) for column in names]
    told = {(name, word(row.cells[column])) for column, name in names.items()}
    return len(set(titles)) < len(titles) == len(told)


def groups(top: Cells, row: Cells) -> dict[int, str]:
    """What the columns of a header have in common with those beside them, by the row above.

    >>> groups(["Finding", "Current", "", "Past", ""], ["", "Yes", "No", "Yes", "No"])
    {1: 'Current', 2: 'Current', 3: 'Past', 4: 'Past'}
    """
    name = ""
    found: dict[int, str] = {}
    for column, title in enumerate(row[:MAX_COLUMNS]):
        cell = top[column] if column < len(top) else ""
        if cell.strip():
            name = plain(cell) if is_title(cell) and is_title(title) else ""
            if word(cell) == word(title):
                name = ""
        elif not column:
            name = ""
        if name and is_title(title):
            found[column] = name
    return found
