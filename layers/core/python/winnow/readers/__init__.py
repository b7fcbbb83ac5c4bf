"""Files to records: a registry with one reader for each kind of file.

`read` detects the kind from the bytes, then yields records and invalid records in the order of the
file, without holding the whole of it in memory. A reader is a function of a `Source`. To add a
format, write a module, name it in `READERS`, and add its signature to `detect`.
"""

import importlib
from collections.abc import Iterator

from winnow.errors import FileEmptyError, FileTooLargeError, FileTypeError, ReaderFailedError
from winnow.limits.reading import ReadLimits, setting_of
from winnow.models import InvalidRecord, Record
from winnow.readers import pictures
from winnow.readers.detect import SUFFIXES, TEXT_KINDS, Kind, kind_of, package_kind
from winnow.readers.ocr import PageReader
from winnow.readers.source import RecordUnit, Source

READERS: dict[Kind, tuple[str, str]] = {
    "csv": ("winnow.readers.tabular.delimited", "read"),
    "tsv": ("winnow.readers.tabular.delimited", "read_tabs"),
    "jsonl": ("winnow.readers.json_lines", "read"),
    "json": ("winnow.readers.json_array", "read"),
    "txt": ("winnow.readers.plain_text", "read"),
    "md": ("winnow.readers.plain_text", "read_markdown"),
    "html": ("winnow.readers.office", "read_html"),
    "eml": ("winnow.readers.containers", "read_mail"),
    "pdf": ("winnow.readers.pages.paged", "read_pdf"),
    "docx": ("winnow.readers.office", "read_docx"),
    "xlsx": ("winnow.readers.tabular.spreadsheet", "read"),
    "zip": ("winnow.readers.containers", "read_zip"),
    "png": ("winnow.readers.pages.paged", "read_pictures"),
    "jpeg": ("winnow.readers.pages.paged", "read_pictures"),
    "tiff": ("winnow.readers.pages.paged", "read_pictures"),
    "webp": ("winnow.readers.pages.paged", "read_pictures"),
    "gif": ("winnow.readers.pages.paged", "read_pictures"),
}
"""Kind -> module and function; a module is loaded when its kind is met."""

_BLANK = b"\x00\t\n\r \xef\xbb\xbf\xff\xfe"
_TIME_CHECK_INTERVAL = 20
"""Records between two looks at the clock."""
_READER_DEFECTS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError,
    RecursionError, NotImplementedError, EOFError,
)  # fmt: skip
"""What a defect of a reader raises; MemoryError and errors of the store pass through."""
_CONTAINERS = frozenset({"zip", "eml"})
_PICTURES = frozenset({"png", "jpeg", "tiff", "webp", "gif"})
_PICTURE_LISTS = frozenset({"csv", "tsv", "jsonl", "json"})
"""What lists pictures by their keys, where records are pictures."""


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """The records of a file.

    Raises FileEmptyError, FileTypeError, and what the format's reader raises.
    """
    head = source.head
    if not head.strip(_BLANK):
        if not source.whole:
            raise FileTypeError("The beginning of the file is only white space or NUL bytes.")
        raise FileEmptyError(
            "The file contains only white space." if head else "The file has 0 bytes."
        )
    try:
        kind = kind_of(source)
        if kind == "zip":
            kind = package_kind(source.spooled(), source.limits)
    except _READER_DEFECTS as problem:
        raise ReaderFailedError(problem) from problem
    if source.modality == "image":
        _check_kind_for_pictures(source, kind)
    _note_wrong_extension(source, kind)
    if source.inside and kind == "zip":
        raise FileTypeError("It is an archive inside another, which is not opened.")
    return _counted(source, _reader(source, kind))


def _reader(source: Source, kind: Kind) -> Iterator[Record | InvalidRecord]:
    name, function = READERS[kind]
    reader = getattr(importlib.import_module(name), function)
    records: Iterator[Record | InvalidRecord]
    if kind in _CONTAINERS:
        records = reader(source, read)
    elif kind in _PICTURES and source.modality == "image":
        records = pictures.read(source)
    elif kind in _PICTURES:
        records = reader(kind, source)
    else:
        records = reader(source)
    return records


def _with_reader_errors(
    records: Iterator[Record | InvalidRecord],
) -> Iterator[Record | InvalidRecord]:
    """The records; an unexpected exception of a reader becomes a ReaderFailedError of the file."""
    try:
        yield from records
    except _READER_DEFECTS as problem:
        raise ReaderFailedError(problem) from problem


def _counted(
    source: Source, records: Iterator[Record | InvalidRecord]
) -> Iterator[Record | InvalidRecord]:
    for count, record in enumerate(_with_reader_errors(records)):
        if not count % _TIME_CHECK_INTERVAL:
            source.check_time()
        if count == source.limits.max_rows:
            raise FileTooLargeError(
                f"The file has more than {source.limits.max_rows:,} records (limit max_rows)."
            )
        yield record


def _check_kind_for_pictures(source: Source, kind: Kind) -> None:
    """Raises FileTypeError where a process of pictures finds none in a file of this kind."""
    if source.inside and kind in _PICTURE_LISTS:
        raise FileTypeError(
            "The process judges pictures, and a list of pictures is not read inside an archive."
        )
    if kind not in _PICTURES | _PICTURE_LISTS | {"zip"}:
        raise FileTypeError(
            f"The process judges pictures, and this is {kind.upper()}. Drop a picture, a ZIP of "
            "pictures, or a CSV or JSONL file with the keys of pictures."
        )


def _note_wrong_extension(source: Source, kind: Kind) -> None:
    promised = SUFFIXES.get(source.suffix)
    alike = {promised, kind} <= {"txt", "md"} or {promised, kind} <= {"csv", "tsv"}
    if promised != kind and not alike:
        ending = "has no known extension" if promised is None else f"ends in {source.suffix}"
        source.note("wrong_extension", f"The file's name {ending}; it was read as {kind.upper()}.")


__all__ = [
    "READERS",
    "SUFFIXES",
    "TEXT_KINDS",
    "PageReader",
    "ReadLimits",
    "RecordUnit",
    "Source",
    "read",
    "setting_of",
]
