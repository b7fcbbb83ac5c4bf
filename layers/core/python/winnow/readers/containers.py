"""ZIP archives, e-mails and mailboxes: each member is read as a file of its own, one level deep.

A member's name never becomes a path: members are read from the archive into memory or an unnamed
temporary file. One that cannot be read becomes one invalid record; the others are read.
"""

import io
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO, BinaryIO, Protocol, cast

from winnow.errors import (
    FileBombError,
    FileTypeError,
    NoRecordsError,
    PermanentError,
    ReaderFailedError,
    WinnowError,
    catalogue,
)
from winnow.models import InvalidRecord, Record
from winnow.parsers.errors import ParseError
from winnow.parsers.packages import Counted, open_package
from winnow.readers import documents, mailbox, sandbox
from winnow.readers.fragments import Fragment, TableRow
from winnow.readers.ocr import OcrNeededError
from winnow.readers.source import Source
from winnow.readers.table_lines import as_fragment

ReadInner = Callable[[Source], Iterator[Record | InvalidRecord]]

_SYSTEM_FILES = re.compile(
    r"(?:^|/)(?:"
    r"(?:__MACOSX|\.Trashes|\.Spotlight-V100|\.fseventsd|\.AppleDouble|\$RECYCLE\.BIN)(?:/|$)"
    r"|(?:\.DS_Store|\.localized|(?:eh)?Thumbs\.db|desktop\.ini|Icon\r|\._[^/]*|~\$[^/]*"
    r"|\.~lock\.[^/]*#|[^/]*_\$folder\$)$)",
    re.IGNORECASE,
)
"""Files that operating systems and programs leave behind in folders."""
_DRIVE = re.compile(r"^[A-Za-z]:")
_MAX_NAME = 200
_UTF8 = 0x800


def read_zip(source: Source, read_inner: ReadInner) -> Iterator[Record | InvalidRecord]:
    """The records of every member, in the order of the archive's directory.

    Raises FileBombError before anything is unpacked when what the members declare is over the
    limits, and while unpacking when they declared too little.
    """
    file = source.spooled()
    limits = source.limits.model_dump()
    of_pictures = source.modality == "image"
    package = _opened(file, limits, "max_pictures" if of_pictures else "max_members")
    unpacked = Counted(package, limits)
    number = 0
    members = 0
    for info in package.infolist():
        name = _name(info)
        path = name.replace("\\", "/")  # as Windows writes it
        if path.endswith("/") or _SYSTEM_FILES.search(path):
            continue
        members += 1
        source.check_time()
        if problem := _unsafe(info):
            number += 1
            yield _unread(number, shown_name(name), *problem)
            continue
        stream = _Unpacked(unpacked.blocks(info))
        for record in _member(source, cast(BinaryIO, stream), name, members, read_inner):
            number += 1
            yield record.model_copy(update={"record": number})
        if stream.bomb:
            raise catalogue()[stream.bomb.code](stream.bomb.message)
    if not members:
        raise NoRecordsError("The archive contains no files.")


def read_mail(source: Source, read_inner: ReadInner) -> Iterator[Record | InvalidRecord]:
    """The body of a mail as a document, then the records of every attachment.

    Those of each mail in a mailbox.
    """
    if mailbox.begins(source.head) and len(list(islice(mailbox.mails(source.spooled()), 2))) > 1:
        yield from _read_mailbox(source, read_inner)
        return
    scratch = source.temporary()
    body: list[Fragment] = []
    fields: dict[str, str] = {}
    attached: list[tuple[str, int, tuple[str, str] | None]] = []
    for item in sandbox.parse("eml", source.spooled(), source.limits, scratch):
        if fragment := as_fragment(item):
            body.append(fragment)
        elif item[0] == "fields":
            fields = item[1]
        elif item[0] == "member":
            attached.append((item[1], item[2], None))
        elif item[0] == "unread":
            attached.append((item[1], 0, (item[2], item[3])))
        elif item[0] == "note":
            source.note(item[1], item[2])
    number = 0
    has_body = any(isinstance(part, TableRow) or part.text.strip() for part in body)
    if has_body or not attached:
        for record in documents.records(source, body, fields):
            number += 1
            yield record
    start = 0
    for members, (name, size, problem) in enumerate(attached, start=1):
        if problem:
            number += 1
            yield _unread(number, shown_name(name) or f"member {members}", *problem)
        elif not source.inside:
            stream = io.BufferedReader(_Slice(scratch, start, size))
            for record in _member(source, stream, name, members, read_inner):
                number += 1
                yield record.model_copy(update={"record": number})
        start += size
    if source.inside and attached:
        source.note("attachments_left_out", "Attachments of a mail in an archive were not read.")


def _read_mailbox(source: Source, read_inner: ReadInner) -> Iterator[Record | InvalidRecord]:
    """The records of every mail of a mailbox, each a case by itself."""
    if source.inside:
        raise FileTypeError(
            "It is a mailbox of several e-mails inside another file: drop it alone."
        )
    number = 0
    for count, content in enumerate(mailbox.mails(source.spooled()), start=1):
        if count > source.limits.max_members:
            raise FileBombError(
                f"It has more than {source.limits.max_members:,} e-mails (limit max_members)."
            )
        source.check_time()
        for record in _member(source, io.BytesIO(content), f"{count}.eml", count, read_inner):
            number += 1
            yield record.model_copy(update={"record": number, "of_upload": False})


def shown_name(name: str) -> str:
    r"""A member's name as results show it: a label, never a path. No control characters, short.

    >>> shown_name("../a\x00b.csv")
    '../ab.csv'
    """
    shown = "".join(
        char for char in name if unicodedata.category(char)[0] != "C" or char == "\u200d"
    )
    return shown if len(shown) <= _MAX_NAME else f"…{shown[-_MAX_NAME:]}"


def _member(
    source: Source, stream: BinaryIO, name: str, number: int, read_inner: ReadInner
) -> Iterator[Record | InvalidRecord]:
    """The records of one member; if it cannot be read to its end, the last one is invalid."""
    shown = shown_name(name) or f"member {number}"
    count = 0
    inner: Source | None = None
    try:
        inner = source.member(stream, name)
        for record in read_inner(inner):
            count += 1
            part = f"{shown} > {record.part}" if record.part else shown
            yield record.model_copy(update={"part": part})
        if not count:
            raise NoRecordsError("It contains no records.")
    except PermanentError as error:
        yield _unread(count + 1, shown, error.code, error.message)
    except ParseError as error:
        yield _unread(count + 1, shown, error.code, error.message)
    except (WinnowError, MemoryError, OcrNeededError):
        raise
    except Exception as problem:  # a defect of a reader on one member; the others are read
        failure = ReaderFailedError(problem)
        yield _unread(count + 1, shown, failure.code, failure.message)
    finally:
        if inner:
            for note in inner.notes:
                source.note(note.code, f"Member {number}: {note.text}")
            inner.close()


def _unread(number: int, part: str, code: str, reason: str) -> InvalidRecord:
    return InvalidRecord(record=number, part=part, code=code, reason=reason, of_upload=True)


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a member; some programs write UTF-8 without the flag that declares it."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _unsafe(info: zipfile.ZipInfo) -> tuple[str, str] | None:
    name = info.orig_filename.replace("\\", "/")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "member_link", "The member is a link or a device, which is not supported."
    if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/") or "\x00" in name:
        return "member_path", "The member's path points outside the archive."
    return None


def _opened(file: IO[bytes], limits: dict[str, int], members_limit: str) -> zipfile.ZipFile:
    """The archive. Raises the error of `winnow.errors` that the package's code names."""
    try:
        return open_package(file, limits, members_limit)
    except ParseError as error:
        raise catalogue()[error.code](error.message) from None


class _Readable(Protocol):
    def seek(self, offset: int) -> int: ...
    def read(self, size: int) -> bytes: ...


class _Unpacked(io.RawIOBase):
    """A member as a stream of counted bytes."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""
        self.bomb: ParseError | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            try:
                self._rest = next(self._blocks, b"")
            except ParseError as error:
                if error.code == "file_bomb":
                    self.bomb = error
                raise
        size = len(self._rest) if size < 0 else size
        block, self._rest = self._rest[:size], self._rest[size:]
        return block


class _Slice(io.RawIOBase):
    """A stretch of a file as a stream of its own."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file = cast(_Readable, file)
        self._at = start
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._at)
        block = self._file.read(min(len(buffer), self._left))
        buffer[: len(block)] = block
        self._at += len(block)
        self._left -= len(block)
        return len(block)
