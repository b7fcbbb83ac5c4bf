"""XLSX, by calamine: the rows of every visible sheet, values as text."""

import datetime
from collections.abc import Callable
from typing import IO, Any

from winnow.parsers.packages import Counted, open_package
from winnow.parsers.refusal import Refusal


def parse(
    file: IO[bytes],
    limits: dict[str, int],
    emit: Callable[[list[Any]], None],
    _scratch: IO[bytes] | None,
) -> None:
    """Emit a `table` item a sheet, then a `row` a row that is not empty, with its number."""
    package = open_package(file, limits)
    unpacked = Counted(package, limits)
    for member in package.infolist():  # what calamine unpacks it does not count
        for _ in unpacked.blocks(member):
            pass
    file.seek(0)
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(file)
    except calamine.PasswordError:
        raise Refusal("file_encrypted", "The workbook asks for a password.") from None
    except calamine.CalamineError:
        raise Refusal("file_unreadable", "The workbook is damaged.") from None
    hidden = 0
    number = 0
    for sheet in book.sheets_metadata:
        if sheet.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        if sheet.visible != calamine.SheetVisibleEnum.Visible:
            hidden += 1
            continue
        number += 1
        try:
            cells = book.get_sheet_by_name(sheet.name)
        except calamine.CalamineError:
            raise Refusal("file_unreadable", f"Sheet {number} is damaged.") from None
        if cells.width > limits["max_columns"]:
            raise Refusal(
                "file_too_large",
                f"Sheet {number} has {cells.width:,} columns, more than "
                f"{limits['max_columns']:,} (limit max_columns).",
            )
        emit(["table", number, sheet.name])
        for line, row in enumerate(cells.iter_rows(), start=1):
            # iter_rows begins with the sheet's first row, whether or not it holds anything.
            texts = list(map(_text, row))
            if any(texts):
                emit(["row", number, texts, None, line])
    if hidden:
        emit(["note", "hidden_sheets", f"Hidden sheets that were not read: {hidden}."])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat(" ") if isinstance(value, datetime.datetime) else value.isoformat()
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)
