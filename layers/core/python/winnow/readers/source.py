"""What a reader gets: the file, the columns to look for, the limits; it collects the notes."""

import errno
import io
import itertools
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import PurePosixPath
from typing import IO, BinaryIO, Literal

from winnow.errors import FileTooLargeError, NoTextColumnError, TimeLimitError
from winnow.limits.reading import ReadLimits
from winnow.models import InvalidRecord, Note, Record, SourceLocation
from winnow.readers.answered import is_answered_beside
from winnow.readers.markup import Markup, markup_of
from winnow.readers.ocr import PageReader
from winnow.readers.text import TextLines, undecodable
from winnow.tables.columns import ColumnNames, plain_name
from winnow.tables.ids import is_no_id

KeepPicture = Callable[[int, bytes], None]
"""Stores the JPEG of a page under a number that no other page of the file has."""
RecordUnit = Literal["document", "page", "row"]
Modality = Literal["text", "image"]

_HEAD_BYTES = 1 << 16
_BLOCK = 1 << 20
_MAX_NOTES = 20


class Source:
    """One file as a reader sees it.

    `text_columns` and `id_columns` are what the process calls them, best first; names are compared
    without regard to case, spaces, `_` and `-`. `numeric_columns` are those that it takes numbers
    from; where it takes no text, records may lack one. `unit` is what becomes a record of a
    document, `case_id` the id of records that have none of their own, `ocr` what reads pages that
    are pictures, or None without OCR; where `modality` is image, they are not read: a record is a
    picture. `keep_picture` is given the pictures of these pages, or None:
    they are not kept. With `answers_beside`, a short text that another column denies is no
    record, for it is judged alone.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        text_columns: Sequence[str],
        id_columns: Sequence[str],
        limits: ReadLimits,
        *,
        numeric_columns: Sequence[str] = (),
        modality: Modality = "text",
        unit: RecordUnit = "document",
        case_id: str | None = None,
        ocr: PageReader | None = None,
        keep_picture: KeepPicture | None = None,
        answers_beside: bool = True,
    ) -> None:
        self._stream = stream
        self._answers_beside = answers_beside
        self.head = _read_fully(stream, _HEAD_BYTES)
        self.whole = len(self.head) < _HEAD_BYTES
        """Whether `head` is the whole file."""
        self.suffix = PurePosixPath(name).suffix.lower()
        # A parser in its child gets no more time than the file has.
        self.limits = limits.model_copy(
            update={"max_seconds": min(limits.max_seconds, limits.max_read_seconds)}
        )
        self.textless = bool(numeric_columns) and not text_columns
        """Whether records are numbers alone."""
        self._numeric_columns = tuple(numeric_columns)
        self.modality: Modality = modality
        self.unit = unit
        self.case_id = case_id
        self.ocr = ocr
        self._keep_picture = keep_picture
        self._picture_numbers = itertools.count(1)
        self._ends = time.monotonic() + limits.max_read_seconds
        self.only_member: str | None = None
        """The name of the only member of all elements of a JSON file; empty if some have others."""
        self.inside = False
        """Whether this is a member of something: then it is not unpacked again."""
        self.declared_encoding: str | None = None
        self._columns = (tuple(text_columns), tuple(id_columns))
        self._text_columns = tuple(map(plain_name, text_columns))
        self._id_columns = tuple(map(plain_name, id_columns))
        self._process_columns = self._text_columns or tuple(map(plain_name, numeric_columns))
        self._text_column_list = ", ".join(text_columns)
        self._lines: TextLines | None = None
        self._notes: dict[tuple[str, str], Note] = {}
        self._files = ExitStack()
        self._spool: IO[bytes] | None = None

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the temporary files."""
        self._files.close()

    @property
    def lines(self) -> TextLines:
        """The file as text, decoded once."""
        if self._lines is None:
            stream = io.BufferedReader(_Rejoined(self.head, self._stream), _HEAD_BYTES)
            self._lines = TextLines(
                stream,
                self.head,
                self.limits.max_line_chars,
                self.declared_encoding,
                self.check_time,
            )
        return self._lines

    def spooled(self) -> IO[bytes]:
        """The file on disk, for formats that are not read from start to end.

        Raises FileTooLargeError when it is larger than the limit, or than the disk.
        """
        if self._spool:
            self._spool.seek(0)
            return self._spool
        file = self.temporary()
        left = self.limits.max_spool_bytes - len(self.head)
        try:
            file.write(self.head)
            while block := self._stream.read(min(_BLOCK, left + 1)):
                left -= len(block)
                if left < 0:
                    break
                file.write(block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            left = -1
        if left < 0:
            raise FileTooLargeError(
                f"The file is larger than {self.limits.max_spool_bytes:,} bytes, the most for "
                "a file that is no plain text (limit max_spool_bytes)."
            )
        file.flush()
        file.seek(0)
        self._spool = file
        return file

    def temporary(self) -> IO[bytes]:
        """An empty file on disk, gone when the source is closed."""
        return self._files.enter_context(tempfile.TemporaryFile())

    def check_time(self) -> None:
        """Raises TimeLimitError when reading has taken longer than `max_read_seconds`."""
        if time.monotonic() > self._ends:
            raise TimeLimitError(
                f"Reading the file takes more than {self.limits.max_read_seconds} seconds "
                "(limit max_read_seconds)."
            )

    def member(self, stream: BinaryIO, name: str) -> "Source":
        """A file inside this one, read by the same rules within the time that is left."""
        left = max(1, int(self._ends - time.monotonic()))
        limits = self.limits.model_copy(update={"max_seconds": min(left, self.limits.max_seconds)})
        inner = Source(
            stream,
            name,
            *self._columns,
            limits,
            numeric_columns=self._numeric_columns,
            modality=self.modality,
            unit=self.unit,
            case_id=self.case_id,
            ocr=self.ocr,
            keep_picture=self._keep_picture,
            answers_beside=self._answers_beside,
        )
        inner._ends = self._ends
        inner._picture_numbers = self._picture_numbers
        inner.inside = True
        return inner

    # -- pictures ----------------------------------------------------------------------------------

    def keep_picture(self, page: int, jpeg: bytes | None) -> int | None:
        """Keep the picture of a page; the number that it is kept under, None if it is not.

        The number is the page's, in an archive or a mail a running one: two members may both have a
        page 1.
        """
        if jpeg is None or self._keep_picture is None:
            return None
        number = next(self._picture_numbers) if self.inside else page
        self._keep_picture(number, jpeg)
        return number

    # -- notes -------------------------------------------------------------------------------------

    def note(self, code: str, text: str) -> None:
        """Add a note for the user; the same note is added once."""
        if len(self._notes) < _MAX_NOTES:
            self._notes.setdefault((code, text), Note(code=code, text=text))

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes; complete once the records were read."""
        return (*self._notes.values(), *(self._lines.notes if self._lines else ()))

    # -- columns -----------------------------------------------------------------------------------

    @property
    def process_columns(self) -> tuple[str, ...]:
        """The plain names of the columns that the process reads as text, or else as numbers."""
        return self._process_columns

    @property
    def column_names(self) -> ColumnNames:
        """The plain names of the columns that the process knows."""
        numbers = map(plain_name, self._numeric_columns)
        return ColumnNames(self._process_columns, (*self._id_columns, *numbers))

    def reads(self, names: Sequence[str]) -> bool:
        """Whether the process reads one of these columns, as text or else as a number."""
        return _first(self._process_columns, names) is not None

    def match_text_column(self, names: Sequence[str]) -> str | None:
        """The first of the process's text columns that is among these names, or None."""
        return _first(self._text_columns, names)

    def text_column(self, names: Sequence[str]) -> str | None:
        """The column with the text: the process's first choice, or the only one, if it is no id.

        None where records are numbers alone. Raises NoTextColumnError, which does not quote the
        header: it may be a row of data.
        """
        if self.textless:
            return None
        if column := self.match_text_column(names):
            return column
        if len(names) == 1 and not self.id_column(names):
            return names[0]
        columns = (
            f"None of the {len(names)} columns is" if len(names) > 1 else "The one column is not"
        )
        raise NoTextColumnError(f"{columns} one that the process reads: {self._text_column_list}.")

    @property
    def id_name(self) -> str | None:
        """What the process calls the column with the record's own id, if it names any."""
        return next(iter(self._columns[1]), None)

    def id_column(self, names: Sequence[str]) -> str | None:
        """The column with the record's own id, if any."""
        return _first(self._id_columns, names)

    # -- records -----------------------------------------------------------------------------------

    def record(
        self,
        number: int,
        line: int | None,
        text: str,
        *,
        source_id: str | None = None,
        fields: Mapping[str, str] | None = None,
        places: tuple[SourceLocation, ...] = (),
        of_upload: bool = False,
    ) -> Record | InvalidRecord:
        """A record, or an invalid record with the reason.

        A cell that marks a missing id, or has a rounded one, is no id; an upload's id is one.
        """
        fields = fields or {}
        if source_id and not of_upload and is_no_id(source_id):
            source_id = None
            self.note(
                "ids_missing",
                "Some ids are marks for a missing value, such as NULL or -, or numbers that were "
                "rounded. Their records have no id and are joined with none.",
            )
        problem = self._problem(text, source_id or "", fields)
        if not problem and not of_upload:
            problem = self._markup(text)
        if not problem and not of_upload:
            problem = self._answered(text, fields)
        if problem:
            code, reason = problem
            shown = None if code in ("text_undecodable", "text_nul") else source_id
            return InvalidRecord(
                record=number,
                line=line,
                source_id=shown,
                code=code,
                reason=reason,
                of_upload=of_upload,
            )
        return Record(
            record=number,
            line=line,
            source_id=source_id,
            text=text,
            fields=dict(fields),
            places=places,
            of_upload=of_upload,
        )

    def _problem(
        self, text: str, source_id: str, fields: Mapping[str, str]
    ) -> tuple[str, str] | None:
        everything = "\n".join((text, source_id, *fields.values(), *fields))
        if undecodable(everything):
            return "text_undecodable", "It contains bytes or escapes that are not valid characters."
        if "\x00" in everything:
            return "text_nul", "It contains NUL bytes: it is damaged, or not text."
        if not text.strip() and not self.textless:
            return "text_empty", "Its text is empty."
        if len(text) > self.limits.max_record_chars:
            limit = self.limits.max_record_chars
            return "text_too_long", (
                f"Its text is longer than {limit:,} characters (limit max_record_chars)."
            )
        return None

    def _answered(self, text: str, fields: Mapping[str, str]) -> tuple[str, str] | None:
        """Why a question is not read whose answer stands in another column."""
        if fields and self._answers_beside and is_answered_beside(text, fields):
            return "text_answered", (
                "Its text is short, and another column denies it or says that it is of somebody "
                "else. Write both into the text."
            )
        return None

    def _markup(self, text: str) -> tuple[str, str] | None:
        """Why a cell is not read whose markup tells what its words do not; notes other markup."""
        markup = markup_of(text)
        if markup is Markup.TELLING:
            return "text_markup", (
                "Its text is RTF, XML, or HTML with deleted or hidden text or a table: read as "
                "plain text it may say the contrary. Export it as plain text."
            )
        if markup is Markup.PLAIN:
            self.note(
                "markup_in_text",
                "Some texts are HTML and were read with their tags. Export them as plain text.",
            )
        return None


class _Rejoined(io.RawIOBase):
    """A stream with the bytes in front that were read from it already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._head:
            block = self._head[: len(buffer)]
            self._head = self._head[len(block) :]
        else:
            block = self._rest.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


def _read_fully(stream: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes; fewer only at the end. A read from a network may give fewer."""
    content = bytearray()
    while len(content) < size and (block := stream.read(size - len(content))):
        content += block
    return bytes(content)


def _first(sought: tuple[str, ...], names: Sequence[str]) -> str | None:
    return _first_of(sought, tuple(names))


@lru_cache(maxsize=32)  # the records of a file mostly have the same names
def _first_of(sought: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    by_plain = {plain_name(name): name for name in reversed(names)}
    return next((by_plain[name] for name in sought if name in by_plain), None)
