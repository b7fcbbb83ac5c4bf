"""JSON lines: a JSON object, or a string, a line."""

from collections.abc import Iterator

from winnow.errors import NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers.json_tables import UnnamedRows, rows_of
from winnow.readers.json_values import (
    JsonProblem,
    decode_all,
    invalid_record,
    note_texts_in_lists,
    record_of,
)
from winnow.readers.source import Source


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """One record per line that is not blank.

    Raises NoTextColumnError when not one of the lines has the text.
    """
    number = 0
    lacking = 0
    unnamed_rows = UnnamedRows(source)
    for line, content in enumerate(source.lines, start=1):
        if not content.strip(" \t\r\n\ufeff"):
            continue
        try:
            value = decode_all(content)
        except JsonProblem as problem:
            value = problem
        rows = rows_of(value, source, lists=False)
        for row in [value] if rows is None else rows:
            element = unnamed_rows.with_names(row, number) if isinstance(row, list) else row
            if element is None and isinstance(row, list):
                continue
            number += 1
            if isinstance(element, JsonProblem):
                yield invalid_record(number, line, element)
                continue
            record = record_of(source, number, line, element)
            if isinstance(element, dict) and isinstance(record, Record):
                note_texts_in_lists(element, source)
            lacking += isinstance(record, InvalidRecord) and record.code == NoTextColumnError.code
            yield record
    unnamed_rows.raise_if_all(number)
    if lacking and lacking == number:
        raise NoTextColumnError("Not one line has a member that the process reads as text.")
