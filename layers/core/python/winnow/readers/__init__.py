"""Files to records: a registry with one module a format.

`read` finds the format, then yields records and invalid records in the order of the file,
without ever holding it. A reader is a function of a `Source`; to add a format, write
a module and name it in `READERS`.
"""

from collections.abc import Callable, Iterator

from winnow.errors import FileEmptyError, FileTypeError
from winnow.models import InvalidRecord, Record
from winnow.readers import delimited, document, json_array, json_lines
from winnow.readers.source import ReadLimits, Source

Reader = Callable[[Source], Iterator[Record | InvalidRecord]]

READERS: dict[str, Reader] = {
    ".csv": delimited.read,
    ".tsv": delimited.read_tabs,
    ".tab": delimited.read_tabs,
    ".jsonl": json_lines.read,
    ".ndjson": json_lines.read,
    ".json": json_array.read,
    ".txt": document.read,
    ".text": document.read,
    ".md": document.read,
    ".markdown": document.read,
}

# First bytes of formats that people drop and that are no text, whatever the name says.
_BINARY_SIGNATURES = {
    b"%PDF-": "PDF",
    b"PK\x03\x04": "ZIP, DOCX or XLSX",
    b"\xd0\xcf\x11\xe0": "old Word or Excel",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"\x1f\x8b": "gzip",
}


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """The records of a file.

    Raises FileEmptyError, FileTypeError, and what the format's reader raises.
    """
    head = source.head
    if not head.strip(b"\x00\t\n\r \xef\xbb\xbf\xff\xfe"):
        raise FileEmptyError("The file holds nothing but white space." if head else "0 bytes.")
    for signature, name in _BINARY_SIGNATURES.items():
        if head.startswith(signature):
            raise FileTypeError(f"This is a {name} file, which is not read.")
    reader = READERS.get(source.suffix)
    if reader is None:
        known = " ".join(sorted(READERS))
        raise FileTypeError(f"The file's ending is none of those that are read: {known}.")
    return reader(source)


__all__ = ["READERS", "ReadLimits", "Source", "read"]
