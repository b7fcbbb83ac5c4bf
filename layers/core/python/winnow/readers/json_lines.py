"""JSON lines: a JSON object, or a string, a line."""

from collections.abc import Iterator

from winnow.errors import NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source
from winnow.readers.values import JsonProblem, decode_all, record_of, refused


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """A record a line that is not blank.

    Raises NoTextColumnError when not one of the lines has the text.
    """
    number = 0
    lacking = 0
    for line, content in enumerate(source.lines, start=1):
        if not content.strip(" \t\r\n\ufeff"):
            continue
        number += 1
        try:
            value = decode_all(content)
        except JsonProblem as problem:
            yield refused(number, line, problem)
            continue
        record = record_of(source, number, line, value)
        lacking += isinstance(record, InvalidRecord) and record.code == NoTextColumnError.code
        yield record
    if lacking and lacking == number:
        raise NoTextColumnError("Not one line has a member that the process reads as text.")
