"""JSON: an array of objects or strings, an object that contains such an array, or objects in a row.

An array is read an element at a time, so a long one costs no more memory than a short one, and what
is wrong with one element leaves the others readable.
"""

import re
from collections.abc import Generator, Iterator
from typing import Any

from winnow.errors import FileTooLargeError, FileUnreadableError, NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers.json_tables import UnnamedRows, rows_of
from winnow.readers.json_values import JsonProblem, decode, invalid_record, record_of
from winnow.readers.source import Source

_SPACE = " \t\r\n\ufeff"
_NOT_SPACE = re.compile(rf"[^{_SPACE}]")
_STRUCTURE = re.compile(r'["\[\]{}]')
_STRING_END = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR_END = re.compile(r"[,\]}\s]")
_BLOCK = 1 << 18
_MAX_CONSUMED = 1 << 14
"""Characters that may stay before the window: an error costs time in proportion to them."""
_MAX_DEPTH = 4
"""How many objects may be around the array."""
_MAX_PEEKED = 100
"""Elements that are read to decide whether an array is that of the records."""
_RECORDS_MEMBER = "records"
"""The member whose array is that of the records, whatever is in it."""
_MAX_LOOKAHEAD = 100_000
"""Names, values and brackets after the records that are searched for more of them."""
_READ_ALREADY = object()


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
        while text.next_char() == "{":
            value = yield from _object(text, source, 1)
            if value is _READ_ALREADY:
                if _more_follows(text, source):
                    source.note(
                        "records_left_out",
                        "What follows the array of records was not read; it may contain more "
                        "records.",
                    )
                return
            rows = rows_of(value, source)
            yield from [value] if rows is None else rows
            text.elements += 1
    else:
        raise FileUnreadableError("The JSON is neither an array nor an object.")
    if text.next_char():
        raise text.broken()


def _object(text: _Text, source: Source, depth: int) -> Generator[Any, None, Any]:
    """The object whose `{` is next, or the JsonProblem with it.

    Where the object, or one in it, holds the array of the records, these are yielded and
    the object is _READ_ALREADY.
    """
    begun = text.place
    text.skip()
    members: dict[str, Any] = {}
    problem: JsonProblem | None = None
    outer = True
    if text.next_char() == "}":
        text.skip()
        return members
    while True:
        name = text.value() if text.next_char() == '"' else None
        if not isinstance(name, str) or text.next_char() != ":":
            raise text.broken()
        text.skip()
        # An object that has a text of its own is a record, whatever lists it holds.
        outer = outer and not source.match_text_column((name,))
        first = text.next_char()
        if first == "[" and outer:
            value = yield from _array(text, source, name)
        elif first == "{" and outer and depth < _MAX_DEPTH:
            value = yield from _object(text, source, depth + 1)
        else:
            value = text.value()
        if value is _READ_ALREADY:
            return value
        if isinstance(value, JsonProblem):
            problem = problem or value
        elif name in members:
            problem = problem or JsonProblem("json_duplicate_key")
        else:
            members[name] = value
        text.check_size(begun)
        if _separator(text, "}"):
            return problem or members


def _more_follows(text: _Text, source: Source) -> bool:
    """Whether the rest of the file may contain records.

    It may when it names a member that the process reads, is not valid JSON, or is longer than
    `_MAX_LOOKAHEAD`.
    """
    for _ in range(_MAX_LOOKAHEAD):
        mark = text.next_char()
        if not mark:
            return False
        if mark in "{}[],:":
            text.skip()
            continue
        try:
            value = text.value()
        except (FileTooLargeError, FileUnreadableError):
            return True
        is_name = isinstance(value, str) and text.next_char() == ":"
        if is_name and (value == _RECORDS_MEMBER or source.reads((value,))):
            return True
    return True


def _array(text: _Text, source: Source, name: str) -> Generator[Any, None, Any]:
    """The array whose `[` is next; _READ_ALREADY where it is that of the records, yielded."""
    begun = text.place
    text.skip()
    if name == _RECORDS_MEMBER:
        yield from _elements(text)
        return _READ_ALREADY
    elements: list[Any] = []
    if text.next_char() == "]":
        text.skip()
        return elements
    while True:
        elements.append(text.value())
        last = _separator(text, "]")
        if len(elements) <= _MAX_PEEKED and _is_record(elements[-1], source):
            yield from elements
            text.elements += len(elements)
            if not last:
                yield from _elements(text)
            return _READ_ALREADY
        text.check_size(begun)
        if last:
            return next((value for value in elements if isinstance(value, JsonProblem)), elements)


def _is_record(value: Any, source: Source) -> bool:
    if not isinstance(value, dict):
        return False
    column = source.match_text_column(tuple(value))
    return column is not None and isinstance(value[column], str)


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
