"""XLSX, by calamine: the rows of every visible sheet, values as text."""

import datetime
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

from winnow.parsers.errors import ParseError
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts
from winnow.parsers.xlsx.formats import CellStyles, cell_styles
from winnow.parsers.xlsx.sparse import CompactedSheet, SheetFacts, compacted
from winnow.parsers.xlsx.strings import any_struck, is_strings

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook, SheetMetadata

Emit = Callable[[list[Any]], None]
_MAX_MERGED_CHARS = 200
"""Of a cell that is merged over rows: an id has no more."""


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, _scratch: IO[bytes] | None) -> None:
    """Emit a `table` item a sheet, then a `row` a row that is not empty, with its number.

    A `row` ends with its cells that reach into rows below, if there are any: their places, their
    texts, and the last of these rows. A sheet that cannot be read is a `damaged` item; if none can
    be, that is a ParseError.
    """
    parts = Parts(file, limits)
    main = _main(parts)
    sheets = _sheets(parts, main, limits)
    styles = cell_styles(parts, main)
    facts: dict[str, SheetFacts] = {}
    beside: Counter[str] = Counter()
    struck_strings = False
    for part in parts:  # what calamine unpacks it does not count
        if is_strings(part) and part not in sheets.values():
            struck_strings = any_struck(parts.blocks(part)) or struck_strings
            continue
        sheet_facts = facts.setdefault(part, SheetFacts()) if part in sheets.values() else None
        drawn = False
        for block in parts.blocks(part):
            if sheet_facts:
                sheet_facts.look_at(block)
            drawn = drawn or b"<a:t" in block
        if sheet_facts:
            sheet_facts.end()
        if kind := _beside(part, drawn):
            beside[kind] += 1
    with ExitStack() as files:
        book = _Workbook(file, parts, limits, files, sheets, facts, styles, struck_strings)
        _read(book, limits, emit)
    if struck_strings or any(sheet.struck for sheet in book.dense.values()):
        emit(["note", "struck_text", "Text that is struck through was not read."])
    if any(sheet.blank for sheet in book.dense.values()):
        emit(["note", "hidden_text", "Cells whose format shows nothing were not read."])
    _note(emit, facts.values(), book.dense.values(), beside)


class _Workbook:
    """The sheets of a workbook by calamine, those that it would not read rightly written anew."""

    def __init__(
        self,
        file: IO[bytes],
        parts: Parts,
        limits: dict[str, int],
        files: ExitStack,
        sheets: dict[str, str],
        facts: dict[str, SheetFacts],
        styles: CellStyles,
        struck_strings: bool,
    ) -> None:
        self._parts = parts
        self._limits = limits
        self._files = files
        self._sheets = sheets
        self._facts = facts
        self._styles = styles
        self._others = {negative: styles.others(negative=negative) for negative in (False, True)}
        self.dense: dict[str, CompactedSheet] = {}
        anew = [part for part, of_sheet in facts.items() if self._is_unlike(of_sheet)]
        self._book = _opened(self._written_anew(anew) if anew or struck_strings else file)

    def _is_unlike(self, sheet: SheetFacts) -> bool:
        """Whether calamine would not read a sheet as it is shown, or not within the memory."""
        others = self._others[sheet.negative]
        return (
            sheet.dropped
            or b"0" in others  # the style of cells without one
            or not sheet.styles.isdisjoint(others)
            or sheet.is_sparse(self._limits["max_columns"])
        )

    @property
    def metadata(self) -> "list[SheetMetadata]":
        """All sheets, in their order."""
        metadata: list[SheetMetadata] = self._book.sheets_metadata
        return metadata

    def cells(self, name: str) -> "CalamineSheet | None":
        """A sheet; None if it is damaged."""
        import python_calamine as calamine

        if (compact := self.compacted(name)) and compact.damaged:
            return None
        try:
            return self._book.get_sheet_by_name(name)
        except calamine.CalamineError:
            if self.dense.keys() >= self._facts.keys():
                return None
        # One cell of a kind that it does not know is enough. All sheets, as others may have more.
        self._book = _opened(self._written_anew(list(self._facts)))
        return self.cells(name)

    def compacted(self, name: str) -> CompactedSheet | None:
        """Where the cells of a sheet were, if it was written anew."""
        return self.dense.get(self._sheets.get(name, ""))

    def merged(self, name: str) -> list[tuple[int, int, int]]:
        """First row, last row, and column of a sheet's cells that are merged over rows."""
        of_sheet = self._facts.get(self._sheets.get(name, ""))
        return of_sheet.merged if of_sheet else []

    def _written_anew(self, anew: list[str]) -> IO[bytes]:
        made = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self.dense = compacted(self._parts, anew, self._limits, made, self._styles)
        return made


def _opened(file: IO[bytes]) -> "CalamineWorkbook":
    file.seek(0)
    import python_calamine as calamine

    try:
        return calamine.CalamineWorkbook.from_filelike(file)
    except calamine.PasswordError:
        raise ParseError("file_encrypted", "The workbook asks for a password.") from None
    except calamine.CalamineError:
        raise ParseError("file_unreadable", "The workbook is damaged.") from None


def _read(book: _Workbook, limits: dict[str, int], emit: Emit) -> None:
    import python_calamine as calamine

    hidden = charts = number = damaged = 0
    for sheet in book.metadata:
        if sheet.typ != calamine.SheetTypeEnum.WorkSheet:
            charts += 1
            continue
        if sheet.visible != calamine.SheetVisibleEnum.Visible:
            hidden += 1
            continue
        number += 1
        cells = book.cells(sheet.name)
        if cells is None:
            damaged += 1
            emit(["damaged", number, sheet.name])
            continue
        moved = book.compacted(sheet.name)
        if cells.width > limits["max_columns"]:
            raise ParseError(
                "file_too_large",
                f"Sheet {number} has {cells.width:,} columns, more than "
                f"{limits['max_columns']:,} (limit max_columns).",
            )
        emit(["table", number, sheet.name, moved.columns if moved else None])
        reaching = _Reaching(book.merged(sheet.name), moved)
        for line, row in enumerate(cells.iter_rows(), start=1):
            # iter_rows begins with the sheet's first row, whether or not it holds anything.
            texts = list(map(_text, row))
            place = moved.rows[line - 1] if moved else line
            merged = reaching.cells(place, texts)
            if any(texts):
                emit(["row", number, texts, None, place, *([merged] if merged else [])])
    if damaged and damaged == number:
        raise ParseError("file_unreadable", "Its sheets are damaged.")
    if hidden:
        emit(["note", "hidden_sheets", f"Hidden sheets that were not read: {hidden}."])
    if charts:
        emit(["note", "sheets_left_out", f"Sheets without cells, not read: {charts}."])


class _Reaching:
    """Merged cells that reach into rows below their first, as the rows of a sheet go by."""

    def __init__(self, merged: list[tuple[int, int, int]], moved: CompactedSheet | None) -> None:
        places = {column: at for at, column in enumerate(moved.columns)} if moved else None
        self._waiting = [
            (first, last, places[column] if places else column - 1)
            for first, last, column in sorted(merged, reverse=True)
            if places is None or column in places
        ]

    def cells(self, row: int, texts: list[str]) -> list[tuple[int, str, int]]:
        """Those that begin in this row: their places in it, their texts, and their last rows."""
        merged: list[tuple[int, str, int]] = []
        while self._waiting and self._waiting[-1][0] <= row:
            first, last, at = self._waiting.pop()
            if first == row and at < len(texts) and 0 < len(texts[at]) <= _MAX_MERGED_CHARS:
                merged.append((at, texts[at], last))
        return merged


def _main(parts: Parts) -> str:
    """The part of the workbook."""
    return next(
        (r.target for r in parts.related("").values() if r.kind == "officeDocument"),
        "xl/workbook.xml",
    )


def _sheets(parts: Parts, main: str, limits: dict[str, int]) -> dict[str, str]:
    """The parts of the sheets, by their names; as `Parts` lists them, in small letters.

    Raises ParseError where two sheets have one part: a small file would be read a thousand times.
    """
    if main not in parts:
        return {}
    related = parts.related(main)
    sheets: dict[str, str] = {}
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        if tag.endswith("}sheet"):
            count += 1
            if count > limits["max_members"]:
                raise ParseError(
                    "file_bomb",
                    f"It has more than {limits['max_members']:,} sheets (limit max_members).",
                )
            key = next((v for k, v in attributes.items() if k.endswith("relationships}id")), "")
            if key in related:
                sheets[attributes.get("name", "")] = related[key].target.lower()

    parser = xml_parser()
    parser.StartElementHandler = start
    feed(parser, parts.uncounted(main))
    if len(set(sheets.values())) < len(sheets):
        raise ParseError("file_unreadable", "Two sheets of the workbook are one: it is damaged.")
    return sheets


def _beside(part: str, drawn: bool) -> str | None:
    """The contents of a part that are not read."""
    folder = part.rpartition("/")[0]
    if folder.endswith("embeddings"):
        return "attachments"
    if not part.endswith(".xml"):
        return None
    if folder.endswith("threadedcomments") or part.startswith("xl/comments"):
        return "comments"
    if folder.endswith("charts") and "chart" in part.rpartition("/")[2]:
        return "drawings"
    return "drawings" if folder.endswith("drawings") and drawn else None


def _note(
    emit: Emit,
    facts: Iterable[SheetFacts],
    anew: Iterable[CompactedSheet],
    beside: Counter[str],
) -> None:
    whole = SheetFacts()
    scaled = 0
    for sheet in anew:
        whole.errors += sheet.impossible
        scaled += sheet.scaled
    for of_sheet in facts:
        whole.hidden_rows += of_sheet.hidden_rows
        whole.hidden_columns += of_sheet.hidden_columns
        whole.unknown += of_sheet.unknown
        whole.errors += of_sheet.errors
    if whole.hidden_rows or whole.hidden_columns:
        emit(["note", "hidden_rows", "Rows or columns that are hidden were read."])
    for count, code, text in (
        (
            whole.unknown,
            "formulas_without_results",
            "Formulas whose results are not in the file, read as empty: {}. "
            "Open it in a spreadsheet program and save it.",
        ),
        (whole.errors, "cells_with_errors", "Cells with an error, read as empty: {}."),
        (
            scaled,
            "numbers_scaled",
            "Numbers shown as a percentage or in thousands, read as text as they are shown: {}. "
            "Give their column a plain number format if they are to count as numbers.",
        ),
        (beside["attachments"], "attachments_left_out", "Files in it that were not read: {}."),
        (beside["comments"], "comments_left_out", "Sheets whose comments were not read: {}."),
        (beside["drawings"], "drawings_left_out", "Charts and drawings that were not read: {}."),
    ):
        if count:
            emit(["note", code, text.format(count)])


def _number(value: float) -> str:
    """A number with the digits that are sure: long ones show that they were rounded.

    >>> _number(7.0), _number(0.65), _number(1234567890123456.0), _number(1234567890123450.0)
    ('7', '0.65', '1234567890123456', '1.234567890123450e+15')
    """
    if not value.is_integer():
        return repr(value)
    whole = int(value)
    # Excel keeps 15 digits and makes zeros of the others; beyond 2^53 not each integer is there.
    sure = abs(whole) < 10**15 or (abs(whole) <= 1 << 53 and whole % 10)
    if sure:
        return str(whole)
    return f"{value:.15e}" if abs(value) < 1e16 else repr(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat(" ") if isinstance(value, datetime.datetime) else value.isoformat()
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)
