"""What is fuzzed: a function of bytes for each reader and parser, and the corpus it starts from."""

import io
import tempfile
from collections.abc import Callable

from tests.fakes import files
from winnow.errors import WinnowError
from winnow.parsers.refusal import Refusal
from winnow.readers import ReadLimits, Source, read

LIMITS = ReadLimits(
    max_line_chars=20_000,
    max_document_chars=50_000,
    max_record_chars=10_000,
    max_unpacked_bytes=2_000_000,
    max_pages=20,
    max_members=20,
)
Target = Callable[[bytes], None]


def reader(ending: str) -> Target:
    """A file with this ending, read in this process."""

    def target(content: bytes) -> None:
        try:
            with Source(
                io.BytesIO(content), f"x{ending}", ["note", "text"], ["id"], LIMITS
            ) as opened:
                for record in read(opened):
                    record.model_dump_json(ensure_ascii=True)
        except WinnowError:
            return

    return target


def parser(kind: str) -> Target:
    """A parser that runs in a child process otherwise."""
    import importlib

    module = importlib.import_module(f"winnow.parsers.{kind}")
    limits = LIMITS.model_dump()

    def target(content: bytes) -> None:
        items: list[list[object]] = []
        with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as scratch:
            file.write(content)
            file.seek(0)
            try:
                module.parse(file, limits, items.append, scratch)
            except (Refusal, MemoryError, RecursionError):
                return
            except Exception as problem:
                # The child names these to its parent as damage; only a few are known to come.
                if type(problem).__name__ not in KNOWN.get(kind, ()):
                    raise

    return target


KNOWN = {
    "xlsx": ("PanicException", "XmlError", "ZipError", "ValueError", "OverflowError"),
    "eml": ("HeaderParseError", "ValueError", "UnicodeEncodeError", "AttributeError", "KeyError"),
    "html": ("AssertionError",),
    "pdf": ("PdfiumError",),
}
"""Exceptions of libraries on damaged files, by parser; each ends as `file_unreadable`."""

TARGETS: dict[str, Callable[[], Target]] = {
    "csv": lambda: reader(".csv"),
    "tsv": lambda: reader(".tsv"),
    "jsonl": lambda: reader(".jsonl"),
    "json": lambda: reader(".json"),
    "txt": lambda: reader(".txt"),
    "any": lambda: reader(""),
    "zip": lambda: reader(".zip"),
    "pdf": lambda: parser("pdf"),
    "docx": lambda: parser("docx"),
    "xlsx": lambda: parser("xlsx"),
    "html": lambda: parser("html"),
    "eml": lambda: parser("eml"),
}

CORPUS: dict[str, tuple[bytes, ...]] = {
    "csv": (
        b'id,note\n1,a\n2,"b\n3,c\n',
        b"sep=;\nid;note\n1;a\n",
        b"note\ncaf\xe9\n\x81\n",
        "id\tnote\r1\tä\r".encode("utf-16"),
    ),
    "tsv": (b"id\tnote\n1\ta\n",),
    "jsonl": (
        b'{"note": "a", "id": 1}\n"b"\n{"note": NaN}\n{"a": 1, "a": 2}\n',
        b'{"note": "\\ud800"}\n{"n": ' + b"9" * 5_000 + b"}\n",
    ),
    "json": (
        b'[{"note": "a"}, {"note": "b", "x": [1, {"y": null}]}, "c", nonsense]',
        b'{"n": 1, "records": [{"note": "a"}]}',
        b"[" * 300,
        b"[",
        b'{"a": ',
        b'[1, "b\\u0041", nul',
    ),
    "txt": (b"One.\nTwo.\n\fThree.\n", b"\xef\xbb\xbfa", b"\xff\xfea\x00"),
    "any": (
        b"From: a@b.example\nMIME-Version: 1.0\nSubject: x\n\nText.\n",
        b"id|note\n1|a\n",
        b'{"a": 1}\n{"a": 2}\n',
    ),
    "zip": (files.package({"a.csv": "id,note\n1,a\n", "../b.txt": "x", "c.zip": "PK\x05\x06"}),),
    "pdf": (files.pdf([files.lines(["Some text."])]), files.pdf([[]], compress=True)),
    "docx": (
        files.docx(files.paragraph("a") + files.table([["b", "c"]]), header=files.paragraph("h")),
    ),
    "xlsx": (files.xlsx({"A": [["id", "note"], [1, "a"]]}),),
    "html": (b"<html><body><p>a<table><tr><td>b<td>c</table><script>x</script><pre>\n d",),
    "eml": (
        b"From: a@b.example\nSubject: =?utf-8?q?x?=\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nText.\n--b\n'
        b"Content-Type: text/csv\nContent-Disposition: attachment; filename=a.csv\n"
        b"Content-Transfer-Encoding: base64\n\naWQ=\n--b--\n",
    ),
}
