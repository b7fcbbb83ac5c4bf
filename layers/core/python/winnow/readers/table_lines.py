"""The rows of tables as lines of text that say what a table says by its places.

A mark under the column "No" is "Ongoing melena: No", not "Ongoing melena X"; a question in the
header is told with the answer below it; what stands in one cell keeps its lines.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

from winnow.parsers.marks import OPEN
from winnow.readers.fragments import Fragment, TableRow, TextFragment
from winnow.readers.table_cells import (
    filled,
    is_above_numbers,
    is_answer,
    is_code,
    is_cross,
    is_mark,
    is_of_forms,
    is_open,
    is_other,
    is_question,
    is_title,
    is_yes_or_no,
    plain,
    word,
)
from winnow.readers.table_headers import MAX_COLUMNS, Cells, Part, groups, parts

_STATEMENT = re.compile(
    r"(?:no|not|denies|denied|without|negative for|free of|never)\s+\w+"
    r"|(?!den|neg|no\b|absent|ruled|without|exclud)[^:]{2,60}:\s*\w",
    re.IGNORECASE,
)
"""A cell that says something by itself: what is beside it is no part of that."""
_FIELD = re.compile(r"[^:]{2,60}:\s*\w")
_TWO_WORDS = re.compile(r"[^\W\d_]{2,}[\s-]+(?:\w+[\s-]+)*?[^\W\d_]{2,}")
_MAX_LABEL = 120
_MAX_ROWS = 2_000
"""Rows that are looked at together."""
APART = "\x1f"
"""Between the cells of a table in a cell."""


def as_fragment(item: Sequence[Any]) -> Fragment | None:
    """The fragment that a parser has emitted (see winnow.parsers); None for any other item."""
    if item[0] == "text":
        return TextFragment(item[1], item[2], item[3])
    if item[0] == "row":
        return TableRow(item[1], tuple(map(_text_of, item[2])), item[3], item[4])
    return None


def as_text(fragments: Iterable[Fragment]) -> Iterator[TextFragment]:
    """The fragments with each row of a table as one or more lines of text.

    A table goes on, with its header, behind another one that stands in a cell of it.
    """
    begun: dict[int, Header] = {}
    for table, members in groupby(fragments, key=_table_of):
        if table is None:
            yield from (part for part in members if isinstance(part, TextFragment))
            continue
        rows = (part for part in members if isinstance(part, TableRow))
        while some := list(islice(rows, _MAX_ROWS)):
            known = Table([row.cells for row in some], begun.get(table, NO_HEADER))
            begun[table] = known.header()
            for number, row in enumerate(some):
                for line in known.lines(number, row.cells):
                    yield TextFragment(line + "\n", row.page, row.line)


def lines_of_table(rows: Sequence[Cells]) -> list[str]:
    r"""The lines of the rows of one table, as of one that stands in a cell of another.

    >>> lines_of_table([["Finding", "Yes", "No"], ["Melena", "", "X"]])
    ['Finding\tYes\tNo', 'Melena: No']
    """
    known = Table(rows)
    return [line for number, row in enumerate(rows) for line in known.lines(number, row)]


def _text_of(cell: Any) -> str:
    """The text of a cell as parsers emit it; the rows of a table in it are lines.

    The cells of these lines are kept apart by `APART`, which no text of XML has.
    """
    if isinstance(cell, str):
        return cell
    lines: list[str] = []
    for part in cell:
        if isinstance(part, str):
            lines.append(part)
        else:
            rows = [[_text_of(inner) for inner in row] for row in part]
            lines += (line.replace("\t", APART) for line in lines_of_table(rows))
    return "\n".join(lines)


def _table_of(part: Fragment) -> int | None:
    return part.table if isinstance(part, TableRow) else None


class Header(NamedTuple):
    """What the rows of a table go on under."""

    rows: Sequence[Cells]
    is_clear: bool
    """Whether the rows below may be told with it."""


NO_HEADER = Header((), is_clear=True)


class Table:
    """Rows of a table, and what they show of it; they may go on where others ended."""

    def __init__(self, rows: Sequence[Cells], before: Header = NO_HEADER) -> None:
        header, is_clear = before
        self._first = len(header)
        self._rows = [*header, *rows]
        self._parts = parts(self._rows, self._first - 1 if header else None, is_clear=is_clear)
        self._begins = [part.begin for part in self._parts]
        ends = [*self._begins[1:], len(self._rows)]
        self._sections = [
            _Section(self._rows, part, end) for part, end in zip(self._parts, ends, strict=True)
        ]

    def lines(self, number: int, row: Cells) -> list[str]:
        """The lines of a row, by its number from 0."""
        if len(filled(row)) == 1 and any(APART in cell for cell in row):
            return _lines_of(row)  # a table in it, alone in its row
        number += self._first
        at = bisect_right(self._begins, number) - 1
        return self._sections[at].lines(number, row) if at >= 0 else _lines_of(row)

    def header(self) -> Header:
        """What further rows go on under."""
        if not self._parts:
            return NO_HEADER
        last = self._parts[-1]
        rows = self._rows[last.begin : last.header + 1] if last.header is not None else []
        return Header(rows, last.is_clear)


class _Section:
    """Rows of a table that have a header in common."""

    def __init__(self, rows: Sequence[Cells], part: Part, end: int) -> None:
        self._part = part
        header = part.header if part.header is not None and part.header < end else None
        self._at = end if header is None else header
        self._header: Cells = () if header is None else rows[header]
        if len(self._header) > MAX_COLUMNS:
            self._header = ()
        self._below = () if header is None else rows[header + 1 : end]
        self._titles = {
            column: plain(title) for column, title in enumerate(self._header) if is_title(title)
        }
        """What the columns are called."""
        self._groups = self._names_of_groups(rows)
        """What columns have in common with those beside them."""
        below = {column: self._column(column) for column in self._titles}
        numbers = {column for column in below if self._is_of_numbers(column, below)}
        self._answers = {c for c, title in self._titles.items() if is_answer(title)} - numbers
        marked = {column for column, cells in below.items() if any(map(is_mark, cells))}
        self._has_answers = len(self._answers) > 1
        self._choices: set[int] = set()
        """The columns of which one is marked."""
        if marked or (self._has_answers and self._below):
            empty = {c for c, cells in below.items() if all(map(is_open, cells))}
            self._choices = {c for c in empty - numbers if is_question(self._titles[c])}
            self._choices |= marked | self._answers
        if not marked and any(
            is_other(cell, self._titles[c]) for c in self._answers for cell in below[c]
        ):
            self._choices = set()  # then it is no header: "Ongoing melena | No | Yes"
        self._questions = {
            column: title
            for column, title in self._titles.items()
            if column not in self._choices and is_question(title) and _are_answers(below[column])
        }
        """The columns whose header is the question that the cells below answer."""

    def _names_of_groups(self, rows: Sequence[Cells]) -> dict[int, str]:
        names: dict[int, str] = {}
        for number in reversed(self._part.group_rows()):
            above = groups(rows[number], rows[number + 1])
            names |= {c: f"{name} {names[c]}" if c in names else name for c, name in above.items()}
        for column in names.keys() & self._titles.keys():
            if is_yes_or_no(names[column]):  # "Yes" above "Mild" and "Severe"
                self._titles[column] = f"{names.pop(column)}, {self._titles[column]}"
        return names

    def _is_of_numbers(self, column: int, below: Mapping[int, list[str]]) -> bool:
        """Whether a column numbers the rows: "No." is no answer then."""
        title = self._titles[column]
        cells = filled(below[column])
        if not cells:
            following = self._titles.get(column + 1, "")
            return column == 0 and is_above_numbers(title) and not is_answer(following)
        if not all(map(is_code, cells)):
            return False
        if is_above_numbers(title) and any(
            other > column and _are_labels(below[other]) for other in below
        ):
            return True
        rows = sum(len(filled(row)) > 1 for row in self._below)
        return 1 < rows <= len(cells) == len(set(cells))

    def _column(self, column: int) -> list[str]:
        return [row[column] for row in self._below if column < len(row)]

    def lines(self, number: int, row: Cells) -> list[str]:
        """The lines of a row, by its number from 0."""
        if not self._part.is_clear:
            return _untold(row)
        if not (self._choices or self._questions):
            return _lines_of(row)
        if number < self._at:
            return self._group_lines(number, row)
        if number == self._at:
            return self._header_lines()
        return self._chosen(row) if self._choices else self._answered(row)

    def _group_lines(self, number: int, row: Cells) -> list[str]:
        """A row above the header, without what is told with the rows below."""
        if number not in self._part.group_rows():
            return _lines_of(row)
        return _lines_of(
            [
                cell
                for column, cell in enumerate(row)
                if column not in self._groups
                and column in self._titles
                and word(cell) != word(self._titles[column])
                and not self._titles[column].startswith(plain(cell))
            ]
        )

    def _header_lines(self) -> list[str]:
        """The header without the questions that are told with their answers."""
        asked = set(self._questions)
        asked |= {c for c in self._choices if c not in self._answers}
        told = {c for row in self._below for c in asked if _is_told(row, c)}
        cells = [
            "" if column in told else f"{_label(cell)}: {OPEN}" if column in asked else cell
            for column, cell in enumerate(self._header)
        ]
        return _lines_of([cell for cell in cells if cell]) if any(cells) else []

    def _chosen(self, row: Cells) -> list[str]:
        """A row of which a column is marked: one line for each label with columns of its own."""
        lines: list[str] = []
        labels: list[str] = []
        choices: list[int] = []
        first_label = min((c for c in range(len(row)) if c not in self._choices), default=0)
        leads = first_label < min(self._choices)
        last = max(self._choices)
        for column, cell in enumerate(row):
            if column in self._choices:
                choices.append(column)
                continue
            if choices and (leads and column < last):  # another label, with columns of its own
                lines += self._choice(row, labels, choices)
                labels, choices = [], []
            if cell.strip():
                labels.append(plain(cell))
        return lines + self._choice(row, labels, choices)

    def _choice(self, row: Cells, labels: list[str], choices: list[int]) -> list[str]:
        cells = {c: plain(row[c]) for c in choices}
        is_marked = any(map(is_mark, cells.values()))
        if not labels:
            return self._unlabelled(cells, is_marked=is_marked)
        is_numbered = len(labels) > 1 and is_code(labels[0])
        if not cells or (_is_text(labels[is_numbered]) and not is_marked):
            return _lines_of([*labels, *cells.values()])
        label = _label(" ".join(labels[: 1 + is_numbered])).rstrip(".")
        rest = labels[1 + is_numbered :]
        lines: list[str] = []
        for name, members in groupby(cells, key=lambda c: self._groups.get(c, "")):
            of_group = f"{label} ({name})" if name else label
            lines.append(self._told(of_group, {c: cells[c] for c in members}, rest))
            rest = []
        return lines

    def _unlabelled(self, cells: Mapping[int, str], *, is_marked: bool) -> list[str]:
        if is_marked:
            return [
                f"{'[x]' if is_mark(cell) else '[ ]'} {self._name(c)}" for c, cell in cells.items()
            ]
        return [  # lists below what they are answers to: "Denies", "Reports"
            f"{_label(self._name(c))}: {cell}" for c, cell in cells.items() if not is_open(cell)
        ]

    def _told(self, label: str, cells: Mapping[int, str], rest: Sequence[str]) -> str:
        """What is marked of columns of which one is."""
        ticks = [c for c, cell in cells.items() if is_mark(cell)]
        if len(ticks) > 1:  # a cross beside a tick is its opposite
            ticks = [c for c in ticks if not is_cross(cells[c])] or ticks
        texts = [
            c
            for c, cell in cells.items()
            if c not in ticks and not is_open(cell) and not is_cross(cell)
        ]
        chosen = ticks or texts
        if chosen and len({word(self._titles[c]) for c in cells}) < len(cells):
            more = [cells[c] for c in texts]  # "Yes, No, Yes, No" of nobody knows what
            return ", ".join([f"{label}: ?", *more, *rest])
        is_alone = len(cells) == 1 and not self._has_answers
        is_sure = bool(chosen) and not (is_alone and is_cross(cells[chosen[0]]))
        if is_sure and (len(chosen) == 1 or not self._answers.intersection(chosen)):
            told = [cells[c] if is_answer(cells[c]) else self._titles[c] for c in chosen]
            more = [cells[c] for c in texts if not is_answer(cells[c])]
            return ", ".join([f"{label}: {', '.join(told)}", *more, *rest])
        boxes = (f"{'[x]' if c in chosen and is_sure else '[ ]'} {self._titles[c]}" for c in cells)
        more = [cells[c] for c in texts]
        return ", ".join([f"{label}: {' '.join(boxes)}", *more, *rest])

    def _name(self, column: int) -> str:
        """What a column is called, with what it has in common with those beside it."""
        group = self._groups.get(column)
        return f"{group}: {self._titles[column]}" if group else self._titles[column]

    def _answered(self, row: Cells) -> list[str]:
        """A row whose answers are told with the questions above them, one line each."""
        if len(filled(row)) < 2 and not any(
            row[c].strip() for c in self._questions if c < len(row)
        ):
            return _lines_of(row)
        others = [plain(c) for n, c in enumerate(row) if n not in self._questions and c.strip()]
        told = [
            f"{_label(self._name(c))}: {plain(row[c]) or OPEN}"
            for c in self._questions
            if c < len(row)
        ]
        before = "\t".join(others)
        return [f"{before}\t{line}" if before else line for line in told]


def _untold(row: Cells) -> list[str]:
    """A row whose marks stand below nothing certain."""
    labels = [plain(cell) for cell in row if not is_open(cell) and not is_mark(cell)]
    if not labels or not any(map(is_mark, row)):
        return _lines_of(row)
    return [f"{_label(' '.join(labels))}: ?"]


def _is_text(label: str) -> bool:
    """Whether a cell is more than the name of what is marked beside it."""
    return (
        len(label) > _MAX_LABEL
        or label.endswith(".")
        or is_of_forms(label)
        or _FIELD.match(label) is not None
    )


def _is_told(row: Cells, column: int) -> bool:
    return column < len(row) and bool(row[column].strip())


def _are_answers(cells: Iterable[str]) -> bool:
    filled = [cell for cell in cells if not is_open(cell)]
    return bool(filled) and all(map(is_answer, filled))


def _are_labels(cells: Iterable[str]) -> bool:
    """Whether what stands in a column may be what the rows are called."""
    return any(is_title(cell) and not is_answer(cell) and not is_code(cell) for cell in cells)


def _label(text: str) -> str:
    return plain(text).rstrip(": \t")


def _lines_of(row: Cells) -> list[str]:
    """The lines of a row by itself: one, but for cells that have lines or say something each."""
    texts = filled(row)
    if len(texts) == 1:
        return _cell_lines(texts[0])
    has_answer = any(is_answer(cell) or is_mark(cell) for cell in texts)
    lines: list[str] = []
    begun: list[str] = []
    last = ""
    for cell in row:
        of_cell = [plain(cell)] if has_answer and APART not in cell else _cell_lines(cell) or [""]
        if begun and (len(of_cell) > 1 or _says_all(last, of_cell[0])):
            lines.append("\t".join(begun).rstrip("\t"))
            begun, last = [], ""
        if len(of_cell) > 1:
            lines += of_cell
            continue
        begun += of_cell
        last = of_cell[0] or last
    lines.append("\t".join(begun).rstrip("\t"))
    return [line for line in lines if line.strip()]


def _says_all(last: str, cell: str) -> bool:
    """Whether what was begun ends before this cell: "No fever" beside "Ongoing melena"."""
    return (
        cell[:1].isupper()  # or a list goes on
        and bool(_STATEMENT.match(last))
        and bool(_TWO_WORDS.search(cell[:200]))
        and not is_answer(cell)
    )


def _cell_lines(cell: str) -> list[str]:
    """The lines of a cell; an answer on a line of its own is told with the line before it."""
    lines: list[str] = []
    for line in cell.split("\n"):
        text = "\t".join(map(plain, line.split(APART))).rstrip("\t")
        if lines and is_answer(text) and not is_answer(lines[-1]) and lines[-1][-1] not in ".;!":
            lines[-1] = f"{_label(lines[-1])}: {text}"
        elif text:
            lines.append(text)
    return lines
