"""XLSX, by calamine: the rows of every visible sheet, values as text."""

import datetime
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from typing import IO, Any

from winnow.parsers.errors import ParseError
from winnow.parsers.packages import feed, xml_parser
from winnow.parsers.parts import Parts
from winnow.parsers.xlsx.sparse import CompactedSheet, SheetFacts, compacted

Emit = Callable[[list[Any]], None]


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, _scratch: IO[bytes] | None) -> None:
    """Emit a `table` item a sheet, then a `row` a row that is not empty, with its number."""
    parts = Parts(file, limits)
    sheets = _sheets(parts)
    facts: dict[str, SheetFacts] = {}
    beside: Counter[str] = Counter()
    for part in parts:  # what calamine unpacks it does not count
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
    max_columns = limits["max_columns"]
    sparse = [part for part, of_sheet in facts.items() if of_sheet.is_sparse(max_columns)]
    with tempfile.TemporaryFile() as rewritten:
        dense = compacted(parts, sparse, limits, rewritten) if sparse else {}
        _read(rewritten if sparse else file, limits, emit, sheets, dense)
    _note(emit, facts.values(), beside)


def _read(
    file: IO[bytes],
    limits: dict[str, int],
    emit: Emit,
    sheets: dict[str, str],
    dense: dict[str, CompactedSheet],
) -> None:
    file.seek(0)
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(file)
    except calamine.PasswordError:
        raise ParseError("file_encrypted", "The workbook asks for a password.") from None
    except calamine.CalamineError:
        raise ParseError("file_unreadable", "The workbook is damaged.") from None
    hidden = charts = number = 0
    for sheet in book.sheets_metadata:
        if sheet.typ != calamine.SheetTypeEnum.WorkSheet:
            charts += 1
            continue
        if sheet.visible != calamine.SheetVisibleEnum.Visible:
            hidden += 1
            continue
        number += 1
        try:
            cells = book.get_sheet_by_name(sheet.name)
        except calamine.CalamineError:
            raise ParseError("file_unreadable", f"Sheet {number} is damaged.") from None
        moved = dense.get(sheets.get(sheet.name, ""))
        if cells.width > limits["max_columns"]:
            raise ParseError(
                "file_too_large",
                f"Sheet {number} has {cells.width:,} columns, more than "
                f"{limits['max_columns']:,} (limit max_columns).",
            )
        emit(["table", number, sheet.name, moved.columns if moved else None])
        for line, row in enumerate(cells.iter_rows(), start=1):
            # iter_rows begins with the sheet's first row, whether or not it holds anything.
            texts = list(map(_text, row))
            if any(texts):
                emit(["row", number, texts, None, moved.rows[line - 1] if moved else line])
    if hidden:
        emit(["note", "hidden_sheets", f"Hidden sheets that were not read: {hidden}."])
    if charts:
        emit(["note", "sheets_left_out", f"Sheets without cells, not read: {charts}."])


def _sheets(parts: Parts) -> dict[str, str]:
    """The parts of the sheets, by their names; as `Parts` lists them, in small letters."""
    main = next(
        (r.target for r in parts.related("").values() if r.kind == "officeDocument"),
        "xl/workbook.xml",
    )
    if main not in parts:
        return {}
    related = parts.related(main)
    sheets: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.endswith("}sheet"):
            key = next((v for k, v in attributes.items() if k.endswith("relationships}id")), "")
            if key in related:
                sheets[attributes.get("name", "")] = related[key].target.lower()

    parser = xml_parser()
    parser.StartElementHandler = start
    feed(parser, parts.uncounted(main))
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


def _note(emit: Emit, facts: Iterable[SheetFacts], beside: Counter[str]) -> None:
    whole = SheetFacts()
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
    return str(whole) if sure else f"{value:.15e}"


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
