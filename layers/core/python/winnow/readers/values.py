"""A JSON value as a record: what an object's members mean."""

import json
from typing import Any

from winnow.errors import NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source


def record_of(source: Source, number: int, line: int | None, value: Any) -> Record | InvalidRecord:
    """A string is a record's text; an object's members are its columns."""
    if isinstance(value, str):
        return source.record(number, line, "text", {"text": value})
    if not isinstance(value, dict):
        return _invalid(number, line, "json_shape", "It is neither an object nor a string.")
    values = {str(name): _cell(member) for name, member in value.items()}
    try:
        text_column = source.text_column(tuple(values))
    except NoTextColumnError as error:
        return _invalid(number, line, error.code, error.sentence)
    if not isinstance(value[text_column], str):
        return _invalid(number, line, "text_not_a_string", "Its text is not a JSON string.")
    return source.record(number, line, text_column, values)


def malformed(number: int, line: int | None) -> InvalidRecord:
    """A line that is not JSON."""
    return _invalid(number, line, "json_malformed", "It is not valid JSON.")


def _cell(member: Any) -> str:
    if isinstance(member, str):
        return member
    return "" if member is None else json.dumps(member, ensure_ascii=False)


def _invalid(number: int, line: int | None, code: str, reason: str) -> InvalidRecord:
    return InvalidRecord(record=number, line=line, code=code, reason=reason)
