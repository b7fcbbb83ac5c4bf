"""Detects the kind of a file by its bytes; its name decides only what these leave open."""

import json
import re
from typing import IO, Literal

from winnow.errors import FileTypeError
from winnow.limits.reading import ReadLimits
from winnow.parsers.errors import ParseError
from winnow.parsers.packages import open_package
from winnow.readers.source import Source
from winnow.readers.tabular.sniffer import sniff
from winnow.readers.text import decoded
from winnow.tables.columns import ColumnNames

Kind = Literal[
    "csv", "tsv", "jsonl", "json", "txt", "md", "html", "eml", "pdf", "docx", "xlsx", "zip",
    "png", "jpeg", "tiff", "webp", "gif",
]  # fmt: skip

SUFFIXES: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".txt": "txt",
    ".text": "txt",
    ".md": "md",
    ".markdown": "md",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".xht": "html",
    ".eml": "eml",
    ".mht": "eml",
    ".mhtml": "eml",
    ".mbox": "eml",
    ".pdf": "pdf",
    ".docx": "docx",
    ".docm": "docx",
    ".dotx": "docx",
    ".dotm": "docx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xltx": "xlsx",
    ".xltm": "xlsx",
    ".zip": "zip",
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".webp": "webp",
    ".gif": "gif",
}
"""The kind for each file extension."""

TEXT_KINDS = frozenset({"csv", "tsv", "jsonl", "json", "txt", "md", "html", "eml"})

_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)
_UNSUPPORTED = (
    (b"\xd0\xcf\x11\xe0", "an old or encrypted Word or Excel file, or an Outlook message"),
    (b"{\\rtf", "an RTF file"),
    (b"x\x9f>\x22", "a file of attachments packed by Outlook (winmail.dat)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh91AY&SY", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"%!PS-Adobe-", "a PostScript file"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_UNSUPPORTED_PICTURES = (
    (4, b"ftyphei", "a HEIC photograph"),
    (4, b"ftypmif1", "a HEIC photograph"),
)
"""Unsupported as well; their signatures are not at the start of the file."""
_UNSUPPORTED_PACKAGES = (
    ("mimetype", "an OpenDocument or EPUB file"),
    ("ppt/presentation.xml", "a PowerPoint file"),
    ("xl/workbook.bin", "a binary Excel file (XLSB)"),
    ("visio/document.xml", "a Visio drawing"),
    ("fixeddocseq.fdseq", "an XPS document"),
    ("fixeddocumentsequence.fdseq", "an XPS document"),
    ("index/document.iwa", "a file of Apple Pages, Numbers or Keynote"),
)
_CONTENT_TYPES = "[content_types].xml"
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_PIECE_OF_HTML = re.compile(
    r"<(?:table|div|p|meta|span|center|font|style|title|link|section|article|main|form|[uod]l|pre"
    r"|h[1-6]|blockquote|fieldset)(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
"""What pages without a head begin with, such as the tables that programs name `.xls`."""
_XML_DECLARATION = re.compile(r"\s*<\?xml[\s?-]", re.IGNORECASE)
_XML_ROOT = re.compile(
    r"<(?:!doctype\s|[a-z_][\w.:-]{0,100}\s[^<>]{0,2000}?\bxmlns[:=])", re.IGNORECASE
)
_XML_FORMATS = (
    ("<clinicaldocument", "a clinical document in XML (C-CDA)"),
    ("urn:hl7-org:v3", "an HL7 message in XML"),
    ("http://hl7.org/fhir", "a FHIR resource in XML"),
    ('progid="word.document"', "a Word document saved as XML"),
    ("schemas.microsoft.com/office/word", "a Word document saved as XML"),
    ("schemas.microsoft.com/office/2006/xmlpackage", "an Office document saved as XML"),
    ('progid="excel.sheet"', "an Excel workbook saved as XML"),
    ("urn:schemas-microsoft-com:office:spreadsheet", "an Excel workbook saved as XML"),
    ("urn:oasis:names:tc:opendocument", "an OpenDocument file saved as XML"),
    ("schemas.microsoft.com/xps", "a page of an XPS document"),
    ("http://www.w3.org/2000/svg", "an SVG drawing"),
)
"""What stands near the beginning of XML files, in lower case, and what they are."""
_NEAR = 4_000
_HEADER = re.compile(r"[!-9;-~]+:|[A-Za-z]+-[A-Za-z-]{1,60}[ \t]{1,20}:")
_MAIL_HEADERS = frozenset({"received", "message-id", "mime-version", "return-path"})
_OF_MAILBOX = 3
"""Lines at the beginning of a mail that may be a mailbox's own, not headers."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a]")


def kind_of(source: Source) -> Kind:
    """The kind of a file. Raises FileTypeError, with the name of a known unsupported format."""
    head = source.head
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(b"RIFF") and head[8:].startswith(b"WEBP"):
        return "webp"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"  # or a document made of one: see `package_kind`
    for signature, name in _UNSUPPORTED:
        if head.startswith(signature):
            raise FileTypeError(f"This is {name}. This format is not supported.")
    for start, signature, name in _UNSUPPORTED_PICTURES:
        if head[start:].startswith(signature):
            raise FileTypeError(
                f"This is {name}. This format is not supported: save it as JPEG or PNG."
            )
    # The standard lets a PDF begin anywhere in its first kilobyte.
    if b"%PDF-" in head[:1024] and not _is_text_before(head):
        return "pdf"
    text = decoded(head)
    if not _reads_as_text(text, SUFFIXES.get(source.suffix) in TEXT_KINDS):
        raise FileTypeError("The file is neither text nor of a supported format.")
    return _text_kind(text, source)


def package_kind(file: IO[bytes], limits: ReadLimits) -> Kind:
    """The kind of a ZIP file by its members: DOCX and XLSX are ZIP files, too.

    Raises FileTypeError.
    """
    try:
        listed = open_package(file, limits.model_dump()).namelist()
    except ParseError:  # the archive's reader says why
        return "zip"
    finally:
        file.seek(0)
    # Some programs write a package's names with backslashes, or in capitals.
    names = {name.replace("\\", "/").lstrip("/").lower() for name in listed}
    if _CONTENT_TYPES in names:
        if any(name.startswith("word/") for name in names):
            return "docx"
        if "xl/workbook.xml" in names:
            return "xlsx"
    for member, title in _UNSUPPORTED_PACKAGES:
        if member in names:
            raise _unsupported_document(title)
    if any(name.endswith(".fpage") for name in names):
        raise _unsupported_document("an XPS document")
    if _CONTENT_TYPES in names:
        raise _unsupported_document("a package of parts of a document")
    return "zip"


def _unsupported_document(title: str) -> FileTypeError:
    return FileTypeError(
        f"This is {title}. This format is not supported: save it as PDF, Word or text."
    )


def _is_text_before(head: bytes) -> bool:
    """Whether a file only mentions the signature of a PDF, as a text about PDFs may."""
    before = head[: head.index(b"%PDF-")]
    return bool(before.strip()) and b"obj" not in head


def _reads_as_text(text: str, promised: bool) -> bool:
    """Whether there are few control characters; more are allowed where the name promises text."""
    allowed, share = (500, 3) if promised else (8, 100)
    return len(_CONTROL.findall(text)) <= max(allowed, len(text) // share)


def _text_kind(text: str, source: Source) -> Kind:
    promised = SUFFIXES.get(source.suffix)
    promised = promised if promised in TEXT_KINDS else None
    if kind := _json_kind(text, promised, whole=source.whole):
        return kind
    start = _first_element(text)
    if _HTML.match(text, start) or (promised != "md" and _PIECE_OF_HTML.match(text, start)):
        return "html"
    if _XML_DECLARATION.match(text) or _XML_ROOT.match(text, start):
        raise _unsupported_document(_xml_title(text[:_NEAR].lower()))
    if is_mail(text):
        return "eml"
    if promised in ("csv", "tsv"):
        return promised
    if _is_table(text, source.column_names, source.whole, promised):
        return "csv"
    return promised or "txt"


def _first_element(text: str) -> int:
    """Where a page or an XML file begins, after blanks, instructions and comments."""
    at = 0
    while True:
        while text[at : at + 1].isspace():
            at += 1
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4) + 3
        elif text.startswith("<?", at):
            end = text.find(">", at) + 1
        else:
            return at
        if end <= at:
            return at
        at = end


def _xml_title(beginning: str) -> str:
    """What an XML file is, by what stands near its beginning, in lower case."""
    titles = (title for mark, title in _XML_FORMATS if mark in beginning)
    return next(titles, "an XML file")


def _json_kind(text: str, promised: Kind | None, *, whole: bool) -> Kind | None:
    """JSON or JSON lines where the text clearly is; None where it may be something else."""
    start = text.lstrip(" \t\r\n\ufeff")
    if start[:1] not in ("{", "["):
        return None
    if promised == "md" and start.startswith("["):  # a link
        return None
    decoder = json.JSONDecoder()
    try:
        value, end = decoder.raw_decode(start)
    except RecursionError:
        return promised if promised in ("json", "jsonl") else "json"
    except json.JSONDecodeError as error:
        if promised in ("json", "jsonl"):
            return promised
        # A value that is longer than what was looked at, and sound as far as that goes.
        sound = error.pos >= len(start) - 2 or error.msg.startswith("Unterminated")
        return "json" if sound and not whole else None
    except ValueError:  # a number with too many digits
        return promised if promised in ("json", "jsonl") else "json"
    after = start[end:].lstrip(" \t")
    if isinstance(value, dict) and after.strip()[:1] == "{":
        # One a line, or one after the other.
        return "jsonl" if after[0] in "\r\n" and "\n" not in start[:end] else "json"
    if after.strip()[:1] in ("{", "[", '"') and after[:1] in "\r\n":
        return "jsonl"
    if after.strip():
        return promised if promised in ("json", "jsonl") else None
    if promised == "jsonl" and isinstance(value, dict) and "\n" not in start[:end]:
        return "jsonl"
    if isinstance(value, list) and not value and promised in ("txt", "md", "csv", "tsv"):
        return None
    return "json"


def is_mail(text: str) -> bool:
    """Whether the text begins with the headers of an e-mail that was sent."""
    names: set[str] = set()
    lines = text.replace("\r\n", "\n").split("\n")
    for index, line in enumerate(lines[:200]):
        if not line.strip():
            break
        if line[0] in " \t" and names:
            continue
        if index < _OF_MAILBOX and line.startswith(("From ", ">From ")):
            continue
        if not (match := _HEADER.match(line)):
            return False
        names.add(match.group()[:-1].rstrip().lower())
    return "from" in names and bool(names & _MAIL_HEADERS)


def _is_table(text: str, names: ColumnNames, whole: bool, promised: Kind | None) -> bool:
    lines = [line + "\n" for line in re.split(r"\r\n|\r|\n", text)[:40]]
    if not whole and len(lines) < 40:
        lines.pop()
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) < 2:
        return False
    table = sniff(lines, names)
    if table.columns < 2 or table.evenness < 0.8 or table.skip:
        return False
    if table.dialect.aligned or table.delimiter in ": -=.":  # so does other text look
        return False
    return table.names_text or (promised is None and len(lines) > 2 and table.evenness > 0.95)
