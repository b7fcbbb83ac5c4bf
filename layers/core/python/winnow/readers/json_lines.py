"""JSON lines: a JSON object, or a string, a line."""

from collections.abc import Iterator

from winnow.errors import NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers.json_tables import Unnamed, rows_of
from winnow.readers.json_values import JsonProblem, decode_all, record_of, refused
from winnow.readers.source import Source


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """A record a line that is not blank.

    Raises NoTextColumnError when not one of the lines has the text.
    """
    number = 0
    lacking = 0
    unnamed = Unnamed(source)
    for line, content in enumerate(source.lines, start=1):
        if not content.strip(" \t\r\n\ufeff"):
            continue
        try:
            value = decode_all(content)
        except JsonProblem as problem:
            value = problem
        rows = rows_of(value, source, lists=False)
        for row in [value] if rows is None else rows:
            one = row
            if isinstance(row, list) and (one := unnamed.named(row, number)) is None:
                continue
            number += 1
            if isinstance(one, JsonProblem):
                yield refused(number, line, one)
                continue
            record = record_of(source, number, line, one)
            lacking += isinstance(record, InvalidRecord) and record.code == NoTextColumnError.code
            yield record
    unnamed.refuse(number)
    if lacking and lacking == number:
        raise NoTextColumnError("Not one line has a member that the process reads as text.")
