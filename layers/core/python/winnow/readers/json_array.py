"""JSON: an array of objects or strings, or one object that holds such an array under `records`.

Read as a stream of events (ijson), so a long array costs no more memory than a short one.
"""

from collections.abc import Iterator
from typing import Any

import ijson

from winnow.errors import FileUnreadableError, NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source
from winnow.readers.text import TextLines
from winnow.readers.values import record_of


class _Utf8:
    """Decoded text as UTF-8, the one encoding JSON has."""

    def __init__(self, lines: TextLines) -> None:
        self._lines = lines

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # ijson asks so whether it gets bytes or text
            return b""
        block = next(self._lines.blocks(size), "")
        return block.removeprefix("\ufeff").encode("utf-8", "surrogateescape")


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """The elements of the array, or the one object.

    Raises FileUnreadableError where the JSON breaks off or is none, NoTextColumnError when not one
    element has the text.
    """
    number = 0
    lacking = 0
    try:
        for value in _elements(_Utf8(source.lines)):
            number += 1
            record = record_of(source, number, None, value)
            lacking += isinstance(record, InvalidRecord) and record.code == NoTextColumnError.code
            yield record
    except (ijson.JSONError, UnicodeError, RecursionError):
        raise FileUnreadableError(f"The JSON is not valid after element {number:,}.") from None
    if lacking and lacking == number:
        raise NoTextColumnError("Not one element has a member that the process reads as text.")


def _elements(stream: _Utf8) -> Iterator[Any]:
    events = ijson.parse(stream, use_float=True)
    prefix, event, _ = next(events)
    if event == "start_array":
        yield from ijson.items(_again((prefix, event, None), events), "item")
        return
    if event != "start_map":
        raise FileUnreadableError("The JSON is neither an array nor an object.")
    members: dict[str, Any] = {}
    for prefix, event, value in events:
        if event == "map_key":
            name = value
        elif event == "end_map" and prefix == "":
            break
        elif name == "records" and event == "start_array" and prefix == "records":
            yield from ijson.items(_again((prefix, event, value), events), "records.item")
            return
        else:
            members[name] = _whole(prefix, event, value, events)
    yield members


def _again(first: tuple[str, str, Any], rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _whole(prefix: str, event: str, value: Any, events: Iterator[Any]) -> Any:
    if event not in ("start_map", "start_array"):
        return value
    return next(ijson.items(_again((prefix, event, value), events), prefix))
