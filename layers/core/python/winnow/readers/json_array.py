"""JSON: an array of objects or strings, an object that contains such an array, or objects in a row.

An array is read an element at a time, so a long one costs no more memory than a short one, and what
is wrong with one element leaves the others readable.
"""

import re
from collections.abc import Generator, Iterator
from typing import Any, Literal

from winnow.errors import FileTooLargeError, FileUnreadableError, NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers.json_tables import UnnamedRows, rows_of
from winnow.readers.json_values import (
    MAX_PEEKED,
    JsonProblem,
    decode,
    has_text,
    invalid_record,
    note_texts_in_lists,
    record_of,
)
from winnow.readers.source import Source

_SPACE = " \t\r\n\ufeff"
_NOT_SPACE = re.compile(rf"[^{_SPACE}]")
_STRUCTURE = re.compile(r'["\[\]{}]')
_NAME_END = re.compile(r"[ \t\r\n]{0,64}:[ \t\r\n]{0,64}")
_STRING_END = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR_END = re.compile(r"[,\]}\s]")
_BLOCK = 1 << 18
_MAX_CONSUMED = 1 << 14
"""Characters that may stay before the window: an error costs time in proportion to them."""
_MAX_DEPTH = 4
"""How many objects may be around the array."""
_RECORDS_MEMBER = "records"
"""The member whose array is that of the records, whatever is in it."""
_MAX_LOOKAHEAD = 100_000
"""Names, values and brackets after the records that are searched for more of them."""
_MAX_MESSAGE_CHARS = 200
"""What is longer than a message about the records is a record itself."""
_READ_ALREADY = object()
_GIVEN_UP = object()
_Own = Literal["none", "message", "record"]
"""What an object's text is: that of no record, perhaps a message about those in it, or a record."""


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """The elements of the array, or the objects.

    Raises FileUnreadableError where the JSON is cut off or not valid, NoTextColumnError when no
    element has the text.
    """
    number = 0
    lacking = 0
    unnamed_rows = UnnamedRows(source)
    for value in _values(_Text(source), source):
        if isinstance(value, list) and (value := unnamed_rows.with_names(value, number)) is None:
            continue
        number += 1
        if isinstance(value, JsonProblem):
            yield invalid_record(number, None, value)
            continue
        record = record_of(source, number, None, value)
        lacking += isinstance(record, InvalidRecord) and record.code == NoTextColumnError.code
        yield record
    unnamed_rows.raise_if_all(number)
    if lacking and lacking == number:
        raise NoTextColumnError("Not one element has a member that the process reads as text.")


class _Text:
    """A window on the file's text: `next_char`, `skip` and `value` move along it."""

    def __init__(self, source: Source) -> None:
        self._blocks = source.lines.blocks(_BLOCK)
        # Escapes make six characters of one; an element has other members besides its text.
        self._max_chars = max(8 * source.limits.max_record_chars, 4 * _BLOCK)
        self._limit = source.limits.max_record_chars
        self._text = ""
        self._at = 0
        self._dropped = 0
        self._ended = False
        self.elements = 0

    def _more(self) -> bool:
        if len(self._text) - self._at > self._max_chars:
            raise self._too_long()
        # Twice as much each time, so that a long element is not scanned over and over.
        target_chars = max(_BLOCK, len(self._text) - self._at)
        pieces = [self._text[self._at :]]
        self._dropped += self._at
        self._at = 0
        read_chars = 0
        while read_chars < target_chars and (block := next(self._blocks, "")):
            pieces.append(block)
            read_chars += len(block)
        self._text = "".join(pieces)
        self._ended = not read_chars
        return read_chars > 0

    def next_char(self) -> str:
        """The next character that is no white space, not consumed; "" at the end."""
        while not (match := _NOT_SPACE.search(self._text, self._at)):
            self._at = len(self._text)
            if not self._more():
                return ""
        self._at = match.start()
        return match.group()

    @property
    def place(self) -> int:
        """How many characters of the file were read."""
        return self._dropped + self._at

    def skip(self) -> None:
        self._at += 1

    def check_size(self, begun: int) -> None:
        """Raises FileTooLargeError when the value that began there is longer than any may be."""
        if self.place - begun > self._max_chars:
            raise self._too_long()

    def _too_long(self) -> FileTooLargeError:
        return FileTooLargeError(
            f"Element {self.elements + 1:,} is far longer than a record of {self._limit:,} "
            "characters (limit max_record_chars). A table by columns is to be written as a list of "
            "objects."
        )

    def ahead(self) -> dict[str, Any]:
        """The members after the array or object that is next, by name, as far as the window is.

        Arrays and objects among them are left out.
        """
        if len(self._text) - self._at < _BLOCK and not self._ended:
            self._more()
        text, at, depth = self._text, self._at, 0
        members: dict[str, Any] = {}
        while depth >= 0 and (match := _STRUCTURE.search(text, at)):
            at = match.end()
            if match.group() != '"':
                depth += 1 if match.group() in "[{" else -1
                continue
            if not (string := _STRING_END.match(text, at)):
                break
            at = string.end()
            if depth:
                continue
            if not (colon := _NAME_END.match(text, at)):
                break
            at = colon.end()
            if text[at : at + 1] not in ("[", "{", ""):
                try:
                    name, _ = decode(text, match.start())
                    members[name], at = decode(text, at)
                except JsonProblem:
                    break
        return members

    def value(self) -> Any:
        """The next JSON value, or the JsonProblem with it. Raises FileUnreadableError."""
        if not self.next_char():
            raise self.broken()
        if self._at > _MAX_CONSUMED:
            self._text = self._text[self._at :]
            self._dropped += self._at
            self._at = 0
        while True:
            try:
                value, end = decode(self._text, self._at)
            except JsonProblem as problem:
                end = self._end()
                if end < 0:
                    if self._more():
                        continue
                    raise self.broken() from None
                self._at = end
                return problem
            # A number that ends with the window may go on after it.
            if end == len(self._text) and self._more():
                continue
            self._at = end
            return value

    def _end(self) -> int:
        """Where the value ends, by its brackets and quotes alone; -1 when beyond the window."""
        text, at = self._text, self._at
        if text[at] not in '"[{':
            match = _SCALAR_END.search(text, at)
            if match and match.start() == at:
                raise self.broken()
            return match.start() if match else -1
        depth = 0
        while match := _STRUCTURE.search(text, at):
            at = match.end()
            mark = match.group()
            if mark == '"':
                string = _STRING_END.match(text, at)
                if not string:
                    return -1
                at = string.end()
            else:
                depth += 1 if mark in "[{" else -1
            if depth <= 0:
                return at
        return -1

    def broken(self) -> FileUnreadableError:
        return FileUnreadableError(f"The JSON is not valid after element {self.elements:,}.")


def _values(text: _Text, source: Source) -> Iterator[Any]:
    """Elements, each a JSON value or a JsonProblem."""
    first = text.next_char()
    if first == "[":
        text.skip()
        yield from _elements(text)
    elif first == "{":
        any_array = False
        while text.next_char() == "{":
            value = yield from _object(text, source, 1)
            if value is _GIVEN_UP:
                return
            if value is _READ_ALREADY:
                any_array = True
                continue
            rows = rows_of(value, source)
            if rows is None:
                rows = _rows_without_text(value, source)
            yield from [value] if rows is None else rows
            text.elements += 1
        if any_array and text.next_char():
            _note_rest(source)
            return
    else:
        raise FileUnreadableError("The JSON is neither an array nor an object.")
    if text.next_char():
        raise text.broken()


def _object(text: _Text, source: Source, depth: int) -> Generator[Any, None, Any]:
    """The object whose `{` is next, or the JsonProblem with it.

    Where the object, or one in it, holds the array of the records, these are yielded and
    the object is _READ_ALREADY, or _GIVEN_UP if not even its end is looked for.
    """
    begun = text.place
    text.skip()
    members: dict[str, Any] = {}
    problem: JsonProblem | None = None
    own: _Own | None = None
    outer = True
    if text.next_char() == "}":
        text.skip()
        return members
    while True:
        name = text.value() if text.next_char() == '"' else None
        if not isinstance(name, str) or text.next_char() != ":":
            raise text.broken()
        text.skip()
        first = text.next_char()
        if first in ("[", "{"):
            # A text in several pieces is a record's, whatever lists are beside it.
            outer = outer and not source.match_text_column((name,))
            own = own or _own_text({**members, **text.ahead()}, source)
        inner = outer and (own != "record" or _is_named_records(name, members, text, source))
        if first == "[" and inner:
            value = yield from _array(text, source, name)
        elif first == "{" and inner and depth < _MAX_DEPTH:
            value = yield from _object(text, source, depth + 1)
        else:
            value = text.value()
        if value is _READ_ALREADY and own != "none":
            source.note(
                "message_left_out",
                "A text beside the array of the records was taken for a message about them and "
                "left out. If it is a record, make it an element of the array.",
            )
        if value is _READ_ALREADY and not _step_over_rest(text, source):
            value = _GIVEN_UP
        if value is _READ_ALREADY or value is _GIVEN_UP:
            return value
        if isinstance(value, JsonProblem):
            problem = problem or value
        elif name in members:
            problem = problem or JsonProblem("json_duplicate_key")
        else:
            members[name] = value
        text.check_size(begun)
        if _separator(text, "}"):
            break
    if own == "record":
        note_texts_in_lists(members, source)
    return problem or members


def _own_text(members: dict[str, Any], source: Source) -> _Own:
    """What the text of an object with these members is, whose arrays and objects do not count."""
    column = source.match_text_column(tuple(members))
    if column is None or not isinstance(members[column], str | None):
        return "none"
    if source.id_column(tuple(members)) or not _is_message(members[column]):
        return "record"
    return "message"


def _is_message(value: str | None) -> bool:
    return value is None or len(value) <= _MAX_MESSAGE_CHARS


def _is_named_records(name: str, members: dict[str, Any], text: _Text, source: Source) -> bool:
    """Whether an array is that of the records by its name, and the text beside it a message."""
    if name != _RECORDS_MEMBER:
        return False
    known = {**members, **text.ahead()}
    column = source.match_text_column(tuple(known))
    return column is None or not isinstance(known[column], str) or _is_message(known[column])


def _step_over_rest(text: _Text, source: Source) -> bool:
    """Go on behind the object that an array was read of; False where its end is not looked for.

    What may be more records is noted: a member that the process reads, what is no valid JSON, and
    what is longer than `_MAX_LOOKAHEAD`.
    """
    depth = 0
    for _ in range(_MAX_LOOKAHEAD):
        mark = text.next_char()
        if not mark:
            return True
        if mark in "{}[],:":
            depth += (mark in "{[") - (mark in "}]")
            text.skip()
            if depth < 0:
                return True
            continue
        try:
            value = text.value()
        except (FileTooLargeError, FileUnreadableError):
            break
        is_name = isinstance(value, str) and text.next_char() == ":"
        if is_name and (value == _RECORDS_MEMBER or source.reads((value,))):
            _note_rest(source)
    _note_rest(source)
    return False


def _note_rest(source: Source) -> None:
    source.note(
        "records_left_out",
        "What follows the array of records was not read; it may contain more records.",
    )


def _array(text: _Text, source: Source, name: str) -> Generator[Any, None, Any]:
    """The array whose `[` is next; _READ_ALREADY where it is that of the records, yielded."""
    begun = text.place
    text.skip()
    if name == _RECORDS_MEMBER:
        yield from _elements(text)
        return _READ_ALREADY
    elements: list[Any] = []
    without_text = False
    if text.next_char() == "]":
        text.skip()
        return elements
    while True:
        elements.append(text.value())
        last = _separator(text, "]")
        peeked = len(elements) <= MAX_PEEKED
        without_text = without_text or (peeked and _lacks_text(elements[-1], source))
        # After so many without a text, the others may have one.
        if (peeked and has_text(elements[-1], source)) or (
            without_text and len(elements) == MAX_PEEKED
        ):
            yield from elements
            text.elements += len(elements)
            if not last:
                yield from _elements(text)
            return _READ_ALREADY
        text.check_size(begun)
        if last:
            return next((value for value in elements if isinstance(value, JsonProblem)), elements)


def _lacks_text(value: Any, source: Source) -> bool:
    """Whether a record's text is null."""
    if not isinstance(value, dict):
        return False
    column = source.match_text_column(tuple(value))
    return column is not None and value[column] is None


def _rows_without_text(value: Any, source: Source) -> list[Any] | None:
    """The first of an object's lists whose elements are records, though none has a text."""
    if not isinstance(value, dict) or source.match_text_column(tuple(value)):
        return None
    lists = (each for each in value.values() if isinstance(each, list))
    return next(
        (each for each in lists if any(_lacks_text(row, source) for row in each[:MAX_PEEKED])),
        None,
    )


def _elements(text: _Text) -> Iterator[Any]:
    """The elements of an array that was entered."""
    if text.next_char() == "]":
        text.skip()
        return
    while True:
        yield text.value()
        text.elements += 1
        if _separator(text, "]"):
            return


def _separator(text: _Text, end: str) -> bool:
    """Step over what follows a value: False for a comma, True for the end."""
    mark = text.next_char()
    if mark not in (",", end):
        raise text.broken()
    text.skip()
    return mark == end
