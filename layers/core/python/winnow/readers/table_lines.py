"""The rows of tables as lines of text that say what a table says by its places.

A mark under the column "No" is "Ongoing melena: No", not "Ongoing melena X"; a question in the
header is told with the answer below it; what stands in one cell keeps its lines.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import Any

from winnow.readers.fragments import Fragment, TableRow, TextFragment


def _listed(text: str) -> frozenset[str]:
    return frozenset(" ".join(item.split()) for item in text.split(","))


_YES = _listed("yes, y, ja, present, positive, pos, reported, reports, abnormal, true, confirmed")
_NO = _listed(
    """no, n, nein, none, nil, never, absent, denied, denies, negative, neg, normal, wnl, false,
    not present, not reported, within normal limits"""
)
_NEITHER = _listed(
    """unknown, unk, unsure, n/a, na, pending, resolved, past, not sure, not known, don't know,
    not applicable, not done, not asked, not examined, not assessed, not tested, not recorded,
    not documented"""
)
_TITLES = _listed(
    """answer, answers, comment, comments, condition, date, details, diagnosis, diagnoses, finding,
    findings, flag, history, id, interpretation, item, name, no, nr, number, present, question,
    questions, reported, response, result, results, review, sign, signs, site, status, symptom,
    symptoms, system, test, unit, value, when, yes/no, y/n, outcome, remarks, notes, note, type, #,
    review of systems, signs and symptoms, medical history"""
)
"""Header cells that name a kind of thing: what is below them says enough."""
_CROSS = frozenset("✗✘❌✖")
"""Either marks or the opposite of a tick."""
_MARK = re.compile(r"[xX✓✔√☒☑🗹✅■●◉⬛]|[\[(]\s?[xX✓✔•●]\s?[\])]")
_NO_MARK = re.compile(r"|[\[(]\s?[\])]|[☐□○◯◻⬜❏▢]|[-–—_.]{1,20}")
_ASIDE = re.compile(r"\([^()]{0,40}\)")
_BETWEEN_ANSWERS = re.compile(r"\s*(?:/|\bor\b|,)\s*")
_ENDS = " .:;?!*\t"
_STATEMENT = re.compile(
    r"(?:no|not|denies|denied|without|negative for|free of|never)\s+\w+"
    r"|(?!den|neg|no\b|absent|ruled|without|exclud)[^:]{2,60}:\s*\w",
    re.IGNORECASE,
)
"""A cell that says something by itself: what is beside it is no part of that."""
_FIELD = re.compile(r"[^:]{2,60}:\s*\w")
_TWO_WORDS = re.compile(r"[^\W\d_]{2,}[\s-]+(?:\w+[\s-]+)*?[^\W\d_]{2,}")
_MAX_TITLE = 60
"""Characters of what a column is called at most."""
_MAX_LABEL = 120
_MAX_ROWS = 2_000
"""Rows that are looked at to know a table."""
_MAX_COLUMNS = 60
"""Of a table with more, nothing is looked for in the header."""
APART = "\x1f"
"""Between the cells of a table in a cell."""
_OPEN = "___"
"""An answer that was left open."""

Cells = Sequence[str]


def as_text(fragments: Iterable[Fragment]) -> Iterator[TextFragment]:
    """The fragments with each row of a table as one or more lines of text."""
    for table, members in groupby(fragments, key=_table_of):
        if table is None:
            yield from (part for part in members if isinstance(part, TextFragment))
            continue
        rows = (part for part in members if isinstance(part, TableRow))
        first = list(islice(rows, _MAX_ROWS))
        known = Table([row.cells for row in first])
        for number, row in enumerate(chain(first, rows)):
            for line in known.lines(number, row.cells):
                yield TextFragment(line + "\n", row.page, row.line)


def lines_of_table(rows: Sequence[Cells]) -> list[str]:
    r"""The lines of the rows of one table, as of one that stands in a cell of another.

    >>> lines_of_table([["Finding", "Yes", "No"], ["Melena", "", "X"]])
    ['Finding\tYes\tNo', 'Melena: No']
    """
    known = Table(rows[:_MAX_ROWS])
    return [line for number, row in enumerate(rows) for line in known.lines(number, row)]


def text_of(cell: Any) -> str:
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
            rows = [[text_of(inner) for inner in row] for row in part]
            lines += (line.replace("\t", APART) for line in lines_of_table(rows))
    return "\n".join(lines)


def _table_of(part: Fragment) -> int | None:
    return part.table if isinstance(part, TableRow) else None


def _plain(cell: str) -> str:
    return " ".join(cell.split())


def _word(cell: str) -> str:
    return _plain(cell).strip(_ENDS).casefold().replace("’", "'")


def _kind(word: str) -> frozenset[str] | None:
    return next((kind for kind in (_YES, _NO, _NEITHER) if word in kind), None)


def is_answer(cell: str) -> bool:
    """Whether a cell is an answer and nothing else: "No", "Denied / absent", "yes (daily)"."""
    if len(cell) > _MAX_TITLE:
        return False
    word = _word(cell)
    if word in _YES or word in _NO or word in _NEITHER:
        return True
    kinds = {_kind(part) for part in _BETWEEN_ANSWERS.split(_word(_ASIDE.sub("", word)))}
    return len(kinds) == 1 and None not in kinds  # "Yes/No" is a question


def is_mark(cell: str) -> bool:
    """Whether a cell is a tick, a cross or a filled box."""
    plain = cell.strip()
    return _MARK.fullmatch(plain) is not None or plain in _CROSS


def _is_open(cell: str) -> bool:
    return _NO_MARK.fullmatch(cell.strip()) is not None


def _is_title(cell: str) -> bool:
    """Whether a cell may be what its column is called."""
    plain = cell.strip()
    return 0 < len(plain) <= _MAX_TITLE and not is_mark(plain) and not _is_open(plain)


class Table:
    """What a table's first rows show of it."""

    def __init__(self, rows: Sequence[Cells]) -> None:
        self._at = next((n for n, row in enumerate(rows) if len(_filled(row)) > 1), len(rows))
        """Which row is the header, if any is."""
        self._header: Cells = rows[self._at] if self._at < len(rows) else ()
        if len(self._header) > _MAX_COLUMNS:
            self._header = ()
        self._below = rows[self._at + 1 :]
        self._titles = {
            column: _plain(title) for column, title in enumerate(self._header) if _is_title(title)
        }
        """What the columns are called."""
        below = {column: self._column(column) for column in self._titles}
        answers = {column for column, title in self._titles.items() if is_answer(title)}
        marked = {column for column, cells in below.items() if any(map(is_mark, cells))}
        self._has_answers = len(answers) > 1
        self._choices: set[int] = set()
        """The columns of which one is marked."""
        if marked or self._has_answers:
            empty = {c for c, cells in below.items() if all(map(_is_open, cells))}
            self._choices = marked | answers | {c for c in empty if _is_question(self._titles[c])}
        if not marked and any(
            _is_other(cell, self._titles[c]) for c in answers for cell in below[c]
        ):
            self._choices = set()  # then it is no header: "Ongoing melena | No | Yes"
        self._questions = {
            column: title
            for column, title in self._titles.items()
            if column not in self._choices and _is_question(title) and _are_answers(below[column])
        }
        """The columns whose header is the question that the cells below answer."""

    def _column(self, column: int) -> list[str]:
        return [row[column] for row in self._below if column < len(row)]

    def lines(self, number: int, row: Cells) -> list[str]:
        """The lines of a row, by its number from 0."""
        if any(APART in cell for cell in row) and len(_filled(row)) == 1:
            return _lines_of(row)  # a table in it, alone in its row
        if number < self._at or not (self._choices or self._questions):
            return _lines_of(row)
        if number == self._at:
            return self._header_lines()
        return self._chosen(row) if self._choices else self._answered(row)

    def _header_lines(self) -> list[str]:
        """The header without the questions that are told with their answers."""
        asked = set(self._questions)
        asked |= {c for c in self._choices if not is_answer(self._titles[c])}
        told = {c for row in self._below for c in asked if _is_told(row, c)}
        cells = [
            "" if column in told else f"{_label(cell)}: {_OPEN}" if column in asked else cell
            for column, cell in enumerate(self._header)
        ]
        return _lines_of([cell for cell in cells if cell]) if any(cells) else []

    def _chosen(self, row: Cells) -> list[str]:
        """A row of which a column is marked: one line for each label with columns of its own."""
        if [_word(row[c]) for c in sorted(self._choices) if c < len(row)] == [
            _word(self._titles[c]) for c in sorted(self._choices)
        ]:
            return _lines_of(row)  # the header again
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
                labels.append(_plain(cell))
        return lines + self._choice(row, labels, choices)

    def _choice(self, row: Cells, labels: list[str], choices: list[int]) -> list[str]:
        cells = {c: _plain(row[c]) for c in choices}
        if not labels or _is_text(labels[0]):
            if not labels and any(map(is_mark, cells.values())):
                return [
                    f"{'[x]' if is_mark(cell) else '[ ]'} {self._titles[c]}"
                    for c, cell in cells.items()
                ]
            if not labels:  # lists below what they are answers to: "Denies", "Reports"
                return [
                    f"{_label(self._titles[c])}: {cell}"
                    for c, cell in cells.items()
                    if not _is_open(cell)
                ]
            return _lines_of([*labels, *cells.values()])
        label = labels[0] if not labels[0].isdigit() or len(labels) < 2 else "\t".join(labels[:2])
        rest = labels[label.count("\t") + 1 :]
        ticks = [c for c, cell in cells.items() if is_mark(cell)]
        if len(ticks) > 1:  # a cross beside a tick is its opposite
            ticks = [c for c in ticks if cells[c] not in _CROSS] or ticks
        texts = [
            c
            for c, cell in cells.items()
            if c not in ticks and not _is_open(cell) and cell not in _CROSS
        ]
        is_alone = len(choices) == 1 and not self._has_answers
        chosen = ticks or texts
        is_sure = bool(chosen) and not (is_alone and cells[chosen[0]] in _CROSS)
        if is_sure and (len(chosen) == 1 or not any(is_answer(self._titles[c]) for c in chosen)):
            told = [cells[c] if is_answer(cells[c]) else self._titles[c] for c in chosen]
            more = [cells[c] for c in texts if not is_answer(cells[c])]
            return [", ".join([f"{_label(label)}: {', '.join(told)}", *more, *rest])]
        boxes = (
            f"{'[x]' if c in chosen and is_sure else '[ ]'} {self._titles[c]}" for c in choices
        )
        more = [cells[c] for c in texts]
        return [", ".join([f"{_label(label)}: {' '.join(boxes)}", *more, *rest])]

    def _answered(self, row: Cells) -> list[str]:
        """A row whose answers are told with the questions above them, one line each."""
        if len(_filled(row)) < 2 and not any(
            row[c].strip() for c in self._questions if c < len(row)
        ):
            return _lines_of(row)
        others = [_plain(c) for n, c in enumerate(row) if n not in self._questions and c.strip()]
        told = [
            f"{_label(title)}: {_plain(row[c]) or _OPEN}"
            for c, title in self._questions.items()
            if c < len(row)
        ]
        before = "\t".join(others)
        return [f"{before}\t{line}" if before else line for line in told]


def _is_other(cell: str, title: str) -> bool:
    """Whether a cell below an answer is another answer."""
    return is_answer(cell) and not _is_open(cell) and _word(cell) != _word(title)


def _is_question(title: str) -> bool:
    return _word(title) not in _TITLES and not is_answer(title)


def _is_text(label: str) -> bool:
    """Whether a cell is more than the name of what is marked beside it."""
    return len(label) > _MAX_LABEL or label.endswith(".") or _FIELD.match(label) is not None


def _is_told(row: Cells, column: int) -> bool:
    return column < len(row) and bool(row[column].strip())


def _filled(row: Cells) -> list[str]:
    return [cell for cell in row if cell.strip()]


def _are_answers(cells: Iterable[str]) -> bool:
    filled = [cell for cell in cells if not _is_open(cell)]
    return bool(filled) and all(map(is_answer, filled))


def _label(text: str) -> str:
    return _plain(text).rstrip(": \t")


def _lines_of(row: Cells) -> list[str]:
    """The lines of a row by itself: one, but for cells that have lines or say something each."""
    filled = _filled(row)
    if len(filled) == 1:
        return _cell_lines(filled[0])
    has_answer = any(is_answer(cell) or is_mark(cell) for cell in filled)
    lines: list[str] = []
    begun: list[str] = []
    for cell in row:
        of_cell = [_plain(cell)] if has_answer and APART not in cell else _cell_lines(cell) or [""]
        if begun and (len(of_cell) > 1 or _says_all(begun, of_cell[0])):
            lines.append("\t".join(begun).rstrip("\t"))
            begun = []
        lines += of_cell[:-1]
        begun.append(of_cell[-1])
        if len(of_cell) > 1:
            lines.append(begun.pop())
    lines.append("\t".join(begun).rstrip("\t"))
    return [line for line in lines if line.strip()]


def _says_all(begun: Sequence[str], cell: str) -> bool:
    """Whether what was begun ends before this cell: "No fever" beside "Ongoing melena"."""
    last = next((text for text in reversed(begun) if text), "")
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
        plain = "\t".join(map(_plain, line.split(APART))).rstrip("\t")
        if lines and is_answer(plain) and not is_answer(lines[-1]) and lines[-1][-1] not in ".;!":
            lines[-1] = f"{_label(lines[-1])}: {plain}"
        elif plain:
            lines.append(plain)
    return lines
