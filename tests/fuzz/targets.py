"""What is fuzzed: a function of bytes for each reader, and the seeds that it starts from."""

import importlib
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any
from unittest import mock

from tests.fakes import files, pdfs, pictures
from winnow.errors import (
    FileBombError,
    FileUnreadableError,
    ReaderFailedError,
    WinnowError,
    catalogue,
)
from winnow.parsers.__main__ import PARSERS
from winnow.parsers.errors import ParseError
from winnow.parsers.squares import LENGTH_BYTES
from winnow.readers import ReadLimits, Source, read, sandbox
from winnow.readers.ocr import Pictures
from winnow.readers.pages.geometry import Line, Page
from winnow.storage.paths import SQUARE_BYTES, SQUARE_SIDE
from winnow_ocr.squares import THUMBNAIL_SIDE

LIMITS = ReadLimits(
    max_line_chars=20_000,
    max_document_chars=50_000,
    max_record_chars=10_000,
    max_columns=50,
    max_unpacked_bytes=2_000_000,
    max_pages=20,
    max_members=20,
    max_pixels=400_000,
    max_scanned_pages=10,
)
Target = Callable[[bytes], None]

KNOWN = {
    "xlsx": ("PanicException", "XmlError", "ZipError", "ValueError", "OverflowError"),
    "eml": ("HeaderParseError", "ValueError", "UnicodeEncodeError", "AttributeError", "KeyError"),
    "pdf": ("PdfiumError",),
}
"""Exceptions of libraries on damaged files, by parser; each ends as `file_unreadable`."""


class Items(list[list[Any]]):
    """What a parser emits, as its parent gets it."""

    def __call__(self, item: list[Any]) -> None:
        self.append(json.loads(json.dumps(item)))

    def flush(self) -> None:
        pass


def in_process(
    kind: str,
    file: IO[bytes],
    limits: ReadLimits,
    scratch: IO[bytes] | None = None,
    **options: Any,
) -> Iterator[list[Any]]:
    """As `sandbox.parse`, without the child: so that its coverage is seen."""
    parser = importlib.import_module(PARSERS[kind])
    items = Items()
    file.seek(0)
    try:
        parser.parse(file, {**limits.model_dump(), **options}, items, scratch)
    except ParseError as error:
        raise catalogue()[error.code](error.message) from None
    except MemoryError:
        raise FileBombError("Reading it takes more memory than it may.") from None
    except RecursionError:
        raise FileUnreadableError("It is nested too deeply.") from None
    except Exception as problem:
        # The child names these to its parent as damage; only a few are known to come.
        if type(problem).__name__ not in KNOWN.get(kind, ()):
            raise
        raise FileUnreadableError("Its content is damaged.") from None
    yield from items


def ocr(file: IO[bytes], kind: Pictures, pages: Sequence[int] | None) -> Iterator[Page]:
    """Decodes pages as OCR gets them, checks what it gets, and says how large each is."""
    if kind != "pdf":
        check_square(file.read())
    with tempfile.TemporaryFile() as scratch:
        wanted = None if pages is None else list(pages)
        items = list(in_process("pictures", file, LIMITS, scratch, file_kind=kind, pages=wanted))
        size = 0
        for _, number, width, height, columns, rows in items:
            assert min(columns, rows) > 0
            assert columns * rows <= 3_300 * 3_300
            assert kind == "pdf" or columns * rows <= LIMITS.max_pixels
            size += columns * rows * 3
            line = Line(f"{columns} x {rows}", 0.0, 0.0, width, height, 0.5)
            yield Page(number, width, height, (line,))
        assert len(items) <= LIMITS.max_scanned_pages
        assert scratch.tell() == size


def check_square(content: bytes) -> None:
    """What is judged of the same file, where a process judges pictures, and what people see."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as scratch:
        file.write(len(content).to_bytes(LENGTH_BYTES, "little") + content)
        options = {"side": SQUARE_SIDE, "thumbnail": THUMBNAIL_SIDE}
        ((kind, *about),) = in_process("squares", file, LIMITS, scratch, **options)
        if kind == "square":
            size = about[-1]
            assert 0 < size < THUMBNAIL_SIDE * THUMBNAIL_SIDE * 3
            assert scratch.tell() == SQUARE_BYTES + size


def reader(ending: str) -> Target:
    """A file with this ending, read in this process, its parser too."""

    def target(content: bytes) -> None:
        try:
            with Source(
                io.BytesIO(content), f"x{ending}", ["note", "text"], ["id"], LIMITS, ocr=ocr
            ) as opened:
                for record in read(opened):
                    record.model_dump_json(ensure_ascii=True)
                    assert not getattr(record, "reason", "").startswith("Its reader fails"), record
        except ReaderFailedError as failure:
            raise failure.__cause__ or failure from None
        except WinnowError:
            return

    return target


def patched(target: Target) -> Target:
    """The target with its parsers in this process."""

    def run(content: bytes) -> None:
        with mock.patch.object(sandbox, "parse", in_process):
            target(content)

    return run


TARGETS = {
    name: f".{name}"
    for name in (
        "csv", "tsv", "jsonl", "json", "txt", "md", "html", "eml", "pdf", "docx", "xlsx", "zip",
        "png", "jpeg", "tiff", "webp", "gif",
    )
}  # fmt: skip
"""Name -> the ending of its files: one a reader."""
TARGETS["any"] = ""

_CSV = (
    b'id,note\n1,a\n2,"b\n3,c\n',
    b"sep=;\nid;note\n1;a\n",
    b"note\ncaf\xe9\n\x81\n",
    "id\tnote\r1\tä\r".encode("utf-16"),
    "id;note\n1;Пациент\n".encode("utf-16-le"),
    "id,note\n1,a\n".encode("utf-32-be"),
    b'id,note\n1,a\nb","d\nb","d\nb","d\n',
    b'Title\n"never closed\nid, note\n1, "He said \\"no\\", b" \n',
    b"| id | note |\n|----|------|\n| 1  | a    |\n",
    b"id   age  note\n1    50   Melena twice\n",
    b"id,note\n1,'a, b'\n2,'c, d'\n\x1a",
    b"Melena twice since May.\nFine.\n",
    b"id,note,\n1,a\nid,note,\n\xef\xbb\xbfid,note,\n2,b,c\n",
)
_JSON = (
    b'[{"note": "a"}, {"note": "b", "x": [1, {"y": null}]}, "c", nonsense]',
    b'{"n": 1, "records": [{"note": "a"}]}',
    b'{"data": {"n": 1.50, "cases": [{"x": 1}, {"note": "a"}, {"note": NaN}]}}',
    b'{"note": "a", "meds": [{"note": "b"}]}{"note": "c"}',
    b"[" * 300,
    b"[",
    b'{"a": ',
    b'[1, "b\\u0041", nul',
    '[{"note": "é"}]'.encode("utf-16-le"),
)

SEEDS: dict[str, tuple[bytes, ...]] = {
    "csv": _CSV,
    "tsv": (b"id\tnote\n1\ta\n", b'id,note\n1,"a\tb"\n', *_CSV),
    "jsonl": (
        b'{"note": "a", "id": 1}\n"b"\n{"note": NaN}\n{"a": 1, "a": 2}\n',
        b'{"note": "\\ud800"}\n{"n": ' + b"9" * 5_000 + b"}\n",
    ),
    "json": _JSON,
    "txt": (b"One.\nTwo.\n\fThree.\n", b"\xef\xbb\xbfa", b"\xff\xfea\x00", b"\x1b$B4x\x1b(B"),
    "md": (b"# Title\n\n| id | note |\n|---|---|\n| 1 | a |\n", b"[a](b)\n\n```\ncode\n```\n"),
    "any": (
        b"From: a@b.example\nMIME-Version: 1.0\nSubject: x\n\nText.\n",
        b"id|note\n1|a\n",
        b'{"a": 1}\n{"a": 2}\n',
        b"<!-- a --><!----><html><p>Text.",
        *_CSV[:3],
        *_JSON[:3],
    ),
    "zip": (
        files.package({"a.csv": "id,note\n1,a\n", "../b.txt": "x", "c.zip": "PK\x05\x06"}),
        files.package({"a.html": "<html><p>a", "b.eml": "From: a@b\nMIME-Version: 1.0\n\nb"}),
    ),
    "pdf": (
        files.pdf([files.lines(["Some text."])]),
        files.pdf([[]], compress=True),
        pdfs.form([(72, 100, "a")], [{"type": "Tx", "rect": (90, 686, 200, 706), "value": "b"}]),
        files.pdf_of_streams(
            [pdfs.turned([(300, 400, "up")], 90), pdfs.turned([(72, 700, "x")], 45)]
        ),
        files.pdf_of_streams([pdfs.picture() + pdfs.turned([(72, 700, "x")], 0)]),
    ),
    "docx": (
        files.docx(files.paragraph("a") + files.table([["b", "c"]]), header=files.paragraph("h")),
        files.docx(
            "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent/></w:sdt><w:p><w:r><w:rPr>"
            '<w:vanish/></w:rPr><w:sym w:char="F0B1"/><w:ffData><w:ddList><w:result w:val="1"/>'
            '<w:listEntry w:val="a"/></w:ddList><w:checkBox><w:checked/></w:checkBox></w:ffData>'
            "</w:r><w:del><w:r><w:t>a</w:t></w:r></w:del></w:p>"
        ),
    ),
    "xlsx": (files.xlsx({"A": [["id", "note"], [1, "a"]]}),),
    "html": (
        b"<html><body><p>a<table><tr><td>b<td>c</table><script>x</script><pre>\n d",
        b"<html><style>.a > b, td[x=y]{display:none!important}</style><p class=a><b hidden>c<p>d"
        b"<svg><path/><p>e<math><mi>f</math><form><font color=#fff style='font-size:0'>&#0065;",
        b"<html><select><option>a<option selected>b</select><input value=c><del>d</del>"
        b"<table><tr><td>e<table><tr><td>f</table>g</table>",
    ),
    "eml": (
        b"From: a@b.example\nSubject: =?utf-8?q?x?=\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nText.\n--b\n'
        b"Content-Type: text/csv\nContent-Disposition: attachment; filename=a.csv\n"
        b"Content-Transfer-Encoding: base64\n\naWQ=\n--b--\n",
    ),
    "png": pictures.pngs(),
    "jpeg": pictures.jpegs(),
    "tiff": pictures.tiffs(),
    "webp": pictures.webps(),
    "gif": pictures.gifs(),
}
