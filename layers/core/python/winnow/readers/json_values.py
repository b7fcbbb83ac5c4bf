"""A JSON value as a record: what an object's members mean, and what is wrong with it."""

import json
import math
import re
from json import JSONDecodeError
from typing import Any, NoReturn

from winnow.errors import NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source

PROBLEMS = {
    "json_malformed": "It is not valid JSON.",
    "json_constant": "It contains NaN or Infinity, which are not valid JSON.",
    "json_duplicate_key": "A member of it is repeated, so its value is ambiguous.",
    "json_number": "A number in it is too large or has too many digits.",
    "row_ragged": "The number of its cells differs from the number of columns.",
    "json_members": "It has more members than the limit max_columns.",
    "json_too_deep": "It is nested too deeply.",
}
"""What can be wrong with one JSON value, by code."""

MAX_PEEKED = 100
"""Elements that are read to decide whether an array is that of the records."""
_MEMBER_NAME = re.compile(r'"([^"\\]{1,200})"[ \t\r\n]{0,20}:')


class JsonProblem(Exception):  # noqa: N818
    """A value that cannot be read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _DuplicateKey(Exception):  # noqa: N818
    pass


class _NotJsonConstant(Exception):  # noqa: N818
    pass


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateKey
    return members


def _refuse_constant(_: str) -> NoReturn:
    raise _NotJsonConstant


class _Number(float):
    """A number with a decimal point that keeps its digits as they are in the file."""

    written: str


def _number(written: str) -> _Number:
    number = _Number(written)
    if math.isinf(number):
        raise ValueError
    number.written = written
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_refuse_constant, parse_float=_number
)


def decode(text: str, start: int = 0) -> tuple[Any, int]:
    """The JSON value at `start`, and where it ends. Raises JsonProblem."""
    try:
        return _DECODER.raw_decode(text, start)
    except _DuplicateKey:
        raise JsonProblem("json_duplicate_key") from None
    except _NotJsonConstant:
        raise JsonProblem("json_constant") from None
    except RecursionError:
        raise JsonProblem("json_too_deep") from None
    except JSONDecodeError:
        raise JsonProblem("json_malformed") from None
    except ValueError:  # the interpreter's limit on digits, or infinity
        raise JsonProblem("json_number") from None


def decode_all(text: str) -> Any:
    """The one JSON value that a text is. Raises JsonProblem."""
    stripped = text.strip(" \t\r\n\ufeff")
    value, end = decode(stripped)
    if end != len(stripped):
        raise JsonProblem("json_malformed")
    return value


def record_of(source: Source, number: int, line: int | None, value: Any) -> Record | InvalidRecord:
    """A string is a record's text; an object's members are its columns."""
    if isinstance(value, str):
        return source.record(number, line, value)
    if not isinstance(value, dict):
        return _invalid(number, line, "json_shape", "It is neither an object nor a string.")
    if len(value) > source.limits.max_columns:
        return invalid_record(number, line, JsonProblem("json_members"))
    names = tuple(value)
    try:
        text_column = _text_member(source, names)
    except NoTextColumnError as error:
        return _invalid(number, line, error.code, error.message)
    text = "" if text_column is None else value[text_column]
    if not isinstance(text, str):
        return _invalid(number, line, "text_not_a_string", "Its text is not a JSON string.")
    fields = {name: _cell(member) for name, member in value.items() if name != text_column}
    id_column = source.id_column(tuple(fields))
    source_id = fields.pop(id_column) if id_column else None
    return source.record(number, line, text, source_id=source_id, fields=fields)


def has_text(value: Any, source: Source) -> bool:
    """Whether a value is an object with a text that the process reads."""
    if not isinstance(value, dict):
        return False
    column = source.match_text_column(tuple(value))
    return column is not None and isinstance(value[column], str)


def note_texts_in_lists(members: dict[str, Any], source: Source) -> None:
    """Note that a record has lists of objects with texts, which are judged as no records."""
    if any(
        isinstance(value, list) and any(has_text(each, source) for each in value[:MAX_PEEKED])
        for value in members.values()
    ):
        source.note(
            "texts_in_lists",
            "An object with a text of its own is one record; lists of objects with texts in it are "
            "a column of the record. Write them as objects of their own to have them judged.",
        )


def _text_member(source: Source, names: tuple[str, ...]) -> str | None:
    """The name of the member with the text.

    One that is not named like the text is the text where each element has this member alone. So it
    is not where the beginning of the file, or an element before, names the text.

    Raises NoTextColumnError.
    """
    if source.textless:
        return None
    if len(names) != 1 or source.match_text_column(names):
        source.only_member = ""
        return source.text_column(names)
    if source.only_member is None:
        source.only_member = "" if _names_text(source) else names[0]
    if not source.only_member or names[0] != source.only_member:
        raise NoTextColumnError(
            "Its only member is not one that the process reads, and other elements have others."
        )
    return source.text_column(names)


def _names_text(source: Source) -> bool:
    """Whether the beginning of the file has a member that is named like the text."""
    head = source.head.replace(b"\0", b"").decode("utf-8", "ignore")
    return source.match_text_column(_MEMBER_NAME.findall(head)) is not None


def invalid_record(number: int, line: int | None, problem: JsonProblem) -> InvalidRecord:
    """The invalid record for a value with this problem."""
    return _invalid(number, line, problem.code, PROBLEMS[problem.code])


def _cell(member: Any) -> str:
    if isinstance(member, str):
        return member
    if isinstance(member, _Number):
        return member.written
    return "" if member is None else json.dumps(member, ensure_ascii=False)


def _invalid(number: int, line: int | None, code: str, reason: str) -> InvalidRecord:
    return InvalidRecord(record=number, line=line, code=code, reason=reason)
