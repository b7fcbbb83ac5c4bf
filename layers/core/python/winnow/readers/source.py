"""What a reader is given: the file, the columns to look for, the limits, and a place for notes."""

import io
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field

from winnow.errors import NoTextColumnError
from winnow.models import InvalidRecord, Note, Record
from winnow.readers.text import TextLines, undecodable

_HEAD_BYTES = 4096


class ReadLimits(BaseModel):
    """How much a reader takes before it refuses; each is named in the refusal."""

    model_config = ConfigDict(frozen=True)

    max_line_chars: int = Field(1_000_000, gt=0, description="of one line, or one CSV field")
    max_document_chars: int = Field(10_000_000, gt=0, description="of a file that is one document")
    max_record_chars: int = Field(200_000, gt=0, description="of one record's text")
    max_columns: int = Field(1_000, gt=0, description="of a table")


class Source:
    """One file as a reader sees it.

    `text_columns` and `id_columns` are what the process calls them, best first; names are compared
    without regard to case, spaces, `_` and `-`.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        text_columns: Sequence[str],
        id_columns: Sequence[str],
        limits: ReadLimits,
    ) -> None:
        self._stream = io.BufferedReader(stream, _HEAD_BYTES * 16)  # type: ignore[type-var]
        self.head = self._stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
        self.suffix = PurePosixPath(name).suffix.lower()
        self.limits = limits
        self._text_columns = tuple(map(_plain, text_columns))
        self._id_columns = tuple(map(_plain, id_columns))
        self._wanted = ", ".join(text_columns)
        self._lines: TextLines | None = None

    @property
    def lines(self) -> TextLines:
        """The file as text, decoded once."""
        if self._lines is None:
            self._lines = TextLines(self._stream, self.head, self.limits.max_line_chars)
        return self._lines

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was noticed; complete once the records were read."""
        return self._lines.notes if self._lines else ()

    def text_column(self, names: Sequence[str]) -> str:
        """The column with the text: the process's first choice, or the only one there is.

        Raises NoTextColumnError. It does not quote the header, which may be a row of data.
        """
        if found := _first(self._text_columns, names):
            return found
        if len(names) == 1:
            return names[0]
        raise NoTextColumnError(
            f"None of the {len(names)} columns is one that the process reads: {self._wanted}."
        )

    def id_column(self, names: Sequence[str]) -> str | None:
        """The column with the record's own id, where there is one."""
        return _first(self._id_columns, names)

    def record(
        self, number: int, line: int | None, text_column: str, values: Mapping[str, str]
    ) -> Record | InvalidRecord:
        """A record of named values, or why it is none."""
        fields = {name: value for name, value in values.items() if name != text_column}
        id_column = self.id_column(tuple(fields))
        source_id = fields.pop(id_column) if id_column else None
        text = values.get(text_column, "")
        if any(undecodable(value) for value in (text, source_id or "", *fields.values())):
            return InvalidRecord(
                record=number,
                line=line,
                code="text_undecodable",
                reason="It holds bytes or escapes that stand for no character.",
            )
        problem = self._problem(text)
        if problem:
            code, reason = problem
            return InvalidRecord(
                record=number, line=line, source_id=source_id, code=code, reason=reason
            )
        return Record(record=number, line=line, source_id=source_id, text=text, fields=fields)

    def _problem(self, text: str) -> tuple[str, str] | None:
        if not text.strip():
            return "text_empty", "Its text is empty."
        if len(text) > self.limits.max_record_chars:
            limit = self.limits.max_record_chars
            return "text_too_long", (
                f"Its text is longer than {limit:,} characters (limit max_record_chars)."
            )
        return None


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char not in " _-\t\ufeff")


def _first(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    by_plain = {_plain(name): name for name in reversed(names)}
    return next((by_plain[name] for name in wanted if name in by_plain), None)
