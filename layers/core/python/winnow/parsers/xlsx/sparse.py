"""Compacts sheets that are mostly empty: calamine fills memory from A1 to the last cell.

A cell far away from the others costs as much memory as if all between were full. So a sheet is
looked at first, as bytes; one that is sparse is written anew with its empty rows and columns left
out, and with a list of where each of the others was.
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

# Patterns that begin with letters of their own are looked for fast; others may be of any prefix.
_CELLS = re.compile(rb'r="([A-Z]{1,3})\d')
_CELLS_OF_ANY = re.compile(rb"""\br=["']([A-Z]{1,3})\d""")
_ROWS = re.compile(rb'<row\b(?:[^<>]*?\br="(\d{1,7})")?')
_ROWS_OF_ANY = re.compile(rb"""<(?:\w+:)?row\b(?:[^<>]*?\br=["'](\d{1,7}))?""")
_HIDDEN_ROWS = re.compile(rb"""<(?:\w+:)?row\b[^<>]*?\bhidden=["'](?:1|true)["']""")
_HIDDEN_COLUMNS = re.compile(rb"""<(?:\w+:)?col\b[^<>]*?\bhidden=["'](?:1|true)["']""")
# Possessive: blanks are not tried twice.
_UNKNOWN = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]*/>)\s*+"
    rb"(?:<(?:\w+:)?v\s*+/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*+</(?:\w+:)?c>"
)
_MAX_CHEAP_CELLS = 2_000_000
"""Cells that cost little memory, though most were empty."""
_SPARSE_RATIO = 10
"""Sparse is a sheet with so many times the cells that it says anything of."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BLOCK = 1 << 16
_Take = Callable[[int, int, str, str, str], None]


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
    rest: bytes = b""
    usual: bool | None = None
    """Whether its elements have no prefix, and its attributes stand in double quotes."""

    def look_at(self, block: bytes) -> None:
        """Take the next bytes of the sheet."""
        data = self.rest + block
        # A cell may be parted by the end of a block: what follows the last one waits.
        end = data.rfind(b"</c>") + 4 if len(data) < 8 * _BLOCK else len(data)
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
        self.errors += data.count(b't="e"')

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


def compacted(
    parts: Parts, sparse: Sequence[str], limits: dict[str, int], file: IO[bytes]
) -> dict[str, CompactedSheet]:
    """Write the workbook to a file with these sheets compacted."""
    empty = _empty_strings(parts)
    sheets: dict[str, CompactedSheet] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for part in parts:
            if not part.endswith((".xml", ".rels")) or "/drawings/" in part:
                continue
            with made.open(parts.name(part), "w") as out:
                if part in sparse:
                    sheets[part] = _rewritten(parts, part, empty, limits, out)
                else:
                    for block in parts.uncounted(part):
                        out.write(block)
    return sheets


def _rewritten(
    parts: Parts, part: str, empty: frozenset[str], limits: dict[str, int], out: IO[bytes]
) -> CompactedSheet:
    used: set[int] = set()
    _each_cell(parts, part, empty, lambda _row, column, *_: used.add(column))
    columns = sorted(used)
    if len(columns) > limits["max_columns"]:
        raise ParseError(
            "file_too_large",
            f"A sheet has {len(columns):,} columns, more than "
            f"{limits['max_columns']:,} (limit max_columns).",
        )
    names = {column: _letters(place) for place, column in enumerate(columns, start=1)}
    rows: list[int] = []
    waiting: list[str] = [f'<worksheet xmlns="{_MAIN}"><sheetData>']

    def write(row: int, column: int, kind: str, style: str, value: str) -> None:
        if not rows or rows[-1] != row:
            waiting.append(f'{"</row>" if rows else ""}<row r="{len(rows) + 1}">')
            rows.append(row)
        attributes = f" s={quoteattr(style)}" if style else ""
        if kind == "inlineStr":
            inner = f'<is><t xml:space="preserve">{escape(value)}</t></is>'
        else:
            inner = f"<v>{escape(value)}</v>"
        attributes += f" t={quoteattr(kind)}" if kind else ""
        waiting.append(f'<c r="{names[column]}{len(rows)}"{attributes}>{inner}</c>')
        if len(waiting) > _BLOCK:
            out.write("".join(waiting).encode())
            waiting.clear()

    _each_cell(parts, part, empty, write)
    waiting.append(f"{'</row>' if rows else ''}</sheetData></worksheet>")
    out.write("".join(waiting).encode())
    return CompactedSheet(columns, rows)


def _each_cell(parts: Parts, part: str, empty: frozenset[str], take: _Take) -> None:
    """Call `take` with row, column, kind, style and value of each cell that has something in it."""
    reader = _Cells(empty, take)
    parser = xml_parser()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    feed(parser, parts.uncounted(part))


class _Cells:
    """The cells of a sheet as a stream."""

    def __init__(self, empty: frozenset[str], take: _Take) -> None:
        self._empty = empty
        self._take = take
        self._row = 0
        self._column = 0
        self._kind = ""
        self._style = ""
        self._value: list[str] = []
        self._open = ""
        self._aside = False
        """In how a text is pronounced."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "row":
            number = attributes.get("r", "")
            self._row = int(number[:8]) if number.isdecimal() else self._row + 1
            self._column = 0
        elif name == "c":
            letters = re.match("[A-Z]{1,3}", attributes.get("r", ""))
            self._column = _column(letters[0].encode()) if letters else self._column + 1
            self._kind = attributes.get("t", "")
            self._style = attributes.get("s", "")
            self._value.clear()
        elif name in ("v", "t"):
            self._open = name
        elif name == "rPh":
            self._aside = True

    def data(self, text: str) -> None:
        if self._open and not self._aside:
            self._value.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        if name in ("v", "t"):
            self._open = ""
        elif name == "rPh":
            self._aside = False
        elif name == "c":
            value = "".join(self._value)
            if value and not (self._kind == "s" and value.strip() in self._empty):
                self._take(self._row, self._column, self._kind, self._style, value)


def _empty_strings(parts: Parts) -> frozenset[str]:
    """The numbers of the shared strings that are empty."""
    numbers: list[str] = []
    number = 0
    filled = False
    open_text = False

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal filled, open_text
        if tag.endswith("}si"):
            filled = False
        open_text = tag.endswith("}t")

    def data(_: str) -> None:
        nonlocal filled
        filled = filled or open_text

    def end(tag: str) -> None:
        nonlocal number, open_text
        open_text = False
        if tag.endswith("}si"):
            if not filled:
                numbers.append(str(number))
            number += 1

    for part in parts:
        if part.rpartition("/")[2] == "sharedstrings.xml":
            number = 0
            parser = xml_parser()
            parser.StartElementHandler = start
            parser.EndElementHandler = end
            parser.CharacterDataHandler = data
            feed(parser, parts.uncounted(part))
    return frozenset(numbers)


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
