"""Writes sheets anew that calamine would not read, or not as they are shown.

Calamine fills memory from A1 to the last cell: a cell far away from the others costs as much memory
as if all between were full. So a sheet is looked at first, as bytes; one that is sparse is written
anew with its empty rows and columns left out, and with a list of where each of the others was. So
is one that has numbers shown as others, text that is struck through, or something that calamine
refuses or drops.
"""

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from winnow.parsers.errors import ParseError
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts
from winnow.parsers.xlsx.formats import CellStyles, NumberFormat
from winnow.parsers.xlsx.strings import (
    MAIN,
    RichText,
    SharedStrings,
    Written,
    has_strike,
    is_strings,
    shared_strings,
    write_strings,
)

# Patterns that begin with letters of their own are looked for fast; others may be of any prefix.
_CELLS = re.compile(rb'r="([A-Z]{1,3})\d')
_CELLS_OF_ANY = re.compile(rb"""\br=["']([A-Z]{1,3})\d""")
_ROWS = re.compile(rb'<row\b(?:[^<>]*?\br="(\d{1,7})")?')
_ROWS_OF_ANY = re.compile(rb"""<(?:\w+:)?row\b(?:[^<>]*?\br=["'](\d{1,7}))?""")
_HIDDEN_ROWS = re.compile(rb"""<(?:\w+:)?row\b[^<>]*?\bhidden=["'](?:1|true)["']""")
_HIDDEN_COLUMNS = re.compile(rb"""<(?:\w+:)?col\b[^<>]*?\bhidden=["'](?:1|true)["']""")
_STYLES = re.compile(rb"""s=["'](\d{1,6})["']""")
_MERGED = re.compile(
    rb"""<(?:\w+:)?mergeCell\b[^<>]*?\bref=["']\$?([A-Z]{1,3})\$?(\d{1,7}):"""
    rb"""\$?[A-Z]{1,3}\$?(\d{1,7})["']"""
)
# Possessive: blanks are not tried twice.
_UNKNOWN = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]*/>)\s*+"
    rb"(?:<(?:\w+:)?v\s*+/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*+</(?:\w+:)?c>"
)
_MAX_CHEAP_CELLS = 2_000_000
"""Cells that cost little memory, though most were empty."""
_SPARSE_RATIO = 10
"""Sparse is a sheet with so many times the cells that it says anything of."""
_BLOCK = 1 << 16
_KINDS = frozenset({"", "n", "s", "str", "inlineStr", "b", "d"})
"""Kinds of values; there is also `e`, an error, whose text nobody reads."""
_TRUTHS = frozenset({"0", "1", "true", "false"})
_Take = Callable[["_Cells", str, str, str], None]


@dataclass(slots=True)
class SheetFacts:
    """Counts of what is in a sheet, taken from its bytes without parsing."""

    cells: int = 0
    letters: set[bytes] = field(default_factory=set)
    rows: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0
    unknown: int = 0
    """Formulas without a result."""
    errors: int = 0
    styles: set[bytes] = field(default_factory=set)
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    """First row, last row, and column of cells that are merged over rows."""
    dropped: bool = False
    """Whether calamine would drop something of it, or read what is struck through."""
    negative: bool = False
    """Whether there are negative numbers."""
    last_row: bytes = b""
    rest: bytes = b""
    usual: bool | None = None
    """Whether its elements have no prefix, and its attributes stand in double quotes."""

    def look_at(self, block: bytes) -> None:
        """Take the next bytes of the sheet."""
        data = self.rest + block
        # A cell may be parted by the end of a block: what follows the last one waits.
        small = len(data) < 8 * _BLOCK
        end = data.rfind(b"</c>") + 4 if small else data.rfind(b">") + 1 or len(data)
        if end < 4:
            self.rest = data
            return
        self.rest = data[end:]
        self._count(data[:end])

    def end(self) -> None:
        """The sheet has ended."""
        self._count(self.rest)
        self.rest = b""

    def _count(self, data: bytes) -> None:
        if self.usual is None:
            self.usual = b"<row" in data and b"r='" not in data
        usual = self.usual
        letters = (_CELLS if usual else _CELLS_OF_ANY).findall(data)
        self.cells += len(letters)
        self.letters.update(letters)
        rows = (_ROWS if usual else _ROWS_OF_ANY).findall(data)
        # Rows without a number follow the one before.
        self.rows = max(self.rows + len(rows), max(map(int, filter(None, rows)), default=0))
        if b"hidden" in data:
            self.hidden_rows += len(_HIDDEN_ROWS.findall(data))
            self.hidden_columns += len(_HIDDEN_COLUMNS.findall(data))
        if b"f>" in data or b"<f" in data:
            self.unknown += len(_UNKNOWN.findall(data))
        self.errors += data.count(b't="e"') + data.count(b"t='e'")
        self.styles.update(_STYLES.findall(data))
        self.negative = self.negative or b"v>-" in data
        lost = b"<![CDATA[" in data or has_strike(data)
        self.dropped = self.dropped or lost or self._repeats(rows)
        if b"mergeCell" in data:
            self._merge(data)

    def _repeats(self, rows: list[bytes]) -> bool:
        """Whether two rows have one number: calamine keeps the last."""
        numbered = [row for row in rows if row]
        if not numbered:
            return False
        repeated = numbered[0] == self.last_row or len(set(numbered)) < len(numbered)
        self.last_row = numbered[-1]
        return repeated

    def _merge(self, data: bytes) -> None:
        for letters, first, last in _MERGED.findall(data):
            if int(last) > int(first):
                self.merged.append((int(first), int(last), _column(letters)))

    def is_sparse(self, max_columns: int) -> bool:
        """Whether it would take far more memory than what is in it."""
        width = max(map(_column, self.letters), default=0)
        return width > max_columns or width * self.rows > max(
            _MAX_CHEAP_CELLS, _SPARSE_RATIO * self.cells
        )


@dataclass(slots=True)
class CompactedSheet:
    """The original numbers, from 1, of the columns and rows of a compacted sheet."""

    columns: list[int]
    rows: list[int]
    impossible: int = 0
    """Cells with values that their kind does not have, left out; errors do not count."""
    scaled: int = 0
    """Numbers written as they are shown."""
    struck: bool = False
    """Whether something was left out that is struck through."""
    blank: bool = False
    """Whether something was left out that its format does not show."""
    damaged: bool = False
    """Whether its XML cannot be read, so that nothing of it was written."""


def compacted(
    parts: Parts,
    sparse: Sequence[str],
    limits: dict[str, int],
    file: IO[bytes],
    styles: CellStyles,
) -> dict[str, CompactedSheet]:
    """Write the workbook to a file with these sheets compacted, a damaged one empty.

    Numbers of styles that scale are written as they are shown, and what is struck through is not.
    """
    strings = shared_strings(parts)
    sheets: dict[str, CompactedSheet] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for part in parts:
            if not part.endswith((".xml", ".rels")) or "/drawings/" in part:
                continue
            with made.open(parts.name(part), "w") as out:
                if part in sparse:
                    try:
                        sheet = _rewritten(parts, part, strings, limits, out, styles)
                    except ParseError as error:
                        if error.code != "file_unreadable":
                            raise
                        # It is read once before anything of it is written.
                        out.write(f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>'.encode())
                        sheet = CompactedSheet([], [], damaged=True)
                    sheets[part] = sheet
                elif strings.struck and is_strings(part):
                    write_strings(parts, part, out)
                else:
                    for block in parts.uncounted(part):
                        out.write(block)
    return sheets


def _rewritten(
    parts: Parts,
    part: str,
    strings: SharedStrings,
    limits: dict[str, int],
    out: IO[bytes],
    styles: CellStyles,
) -> CompactedSheet:
    used: set[int] = set()
    _each_cell(parts, part, strings, styles, lambda cell, *_: used.add(cell.column))
    columns = sorted(used)
    if len(columns) > limits["max_columns"]:
        raise ParseError(
            "file_too_large",
            f"A sheet has {len(columns):,} columns, more than "
            f"{limits['max_columns']:,} (limit max_columns).",
        )
    names = {column: _letters(place) for place, column in enumerate(columns, start=1)}
    sheet = CompactedSheet(columns, [])
    rows = sheet.rows
    last = 0
    written = Written(out, f'<worksheet xmlns="{MAIN}"><sheetData>')

    def write(cell: "_Cells", kind: str, style: str, value: str) -> None:
        nonlocal last
        if last != cell.rows:
            written.add(f'{"</row>" if rows else ""}<row r="{len(rows) + 1}">')
            rows.append(cell.row)
            last = cell.rows
        if kind in ("", "n") and (shown := _shown(value, styles.scales.get(style or "0"))):
            sheet.scaled += 1
            kind, style, value = "str", "", shown
        elif kind in ("", "n") and value.startswith("-") and (style or "0") in styles.dates:
            style = ""  # no date is negative: it is a number
        attributes = f" s={quoteattr(style)}" if style else ""
        if kind == "inlineStr":
            inner = f'<is><t xml:space="preserve">{escape(value)}</t></is>'
        else:
            inner = f"<v>{escape(value)}</v>"
        attributes += f" t={quoteattr(kind)}" if kind else ""
        written.add(f'<c r="{names[cell.column]}{len(rows)}"{attributes}>{inner}</c>')

    cells = _each_cell(parts, part, strings, styles, write)
    sheet.impossible, sheet.struck, sheet.blank = cells.impossible, cells.struck, cells.blank
    written.end(f"{'</row>' if rows else ''}</sheetData></worksheet>")
    return sheet


def _shown(value: str, scale: NumberFormat | None) -> str | None:
    """A number as it is shown, where that is another."""
    if scale is None:
        return None
    try:
        return scale.shown(float(value))
    except (ValueError, OverflowError):
        return None


def _each_cell(
    parts: Parts, part: str, strings: SharedStrings, styles: CellStyles, take: _Take
) -> "_Cells":
    """Call `take` for each cell that shows something, with its kind, style and value."""
    reader = _Cells(strings, styles, take)
    parser = xml_parser()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    feed(parser, parts.uncounted(part))
    return reader


class _Cells:
    """The cells of a sheet as a stream."""

    def __init__(self, strings: SharedStrings, styles: CellStyles, take: _Take) -> None:
        self._strings = strings
        self._styles = styles
        self._take = take
        self.rows = 0
        """How many rows have begun."""
        self.row = 0
        self.column = 0
        self.impossible = 0
        """Cells whose value there is not."""
        self.struck = self.blank = False
        self._kind = ""
        self._style = ""
        self._text = RichText()
        self.data = self._text.data

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "row":
            number = attributes.get("r", "")
            self.row = int(number[:8]) if number.isdecimal() else self.row + 1
            self.rows += 1
            self.column = 0
        elif name == "c":
            letters = re.match("[A-Z]{1,3}", attributes.get("r", ""))
            self.column = _column(letters[0].encode()) if letters else self.column + 1
            self._kind = attributes.get("t", "")
            self._style = attributes.get("s", "")
            self._text.clear()
        else:
            self._text.start(name, attributes)

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        if name != "c":
            self._text.end(name)
            return
        kind, value = self._kind, self._text.shown
        self.struck = self.struck or self._text.struck
        if value and kind != "e" and self._is_possible(value):
            style = self._style or "0"
            if style in self._styles.blank:
                self.blank = True
                return
            if style in self._styles.struck:
                # Of its text, what has a font of its own is struck through by that alone.
                own = self._strings.own.get(value.strip(), "") if kind == "s" else self._text.own
                kind, value = "inlineStr", own
                self.struck = True
            if value:
                self._take(self, kind, self._style, value)

    def _is_possible(self, value: str) -> bool:
        """Whether there is such a value, and it is not empty; counts those that there are not."""
        possible = self._kind in _KINDS
        if self._kind == "s":
            number = value.strip()
            if number in self._strings.empty:
                return False
            possible = number.isdecimal() and int(number[:9]) < self._strings.count
        elif self._kind == "b":
            possible = value in _TRUTHS
        self.impossible += not possible
        return possible


def _column(letters: bytes) -> int:
    """The number of a column by its letters.

    >>> _column(b"A"), _column(b"XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _letters(number: int) -> str:
    """The letters of a column by its number.

    >>> _letters(1), _letters(16384)
    ('A', 'XFD')
    """
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
