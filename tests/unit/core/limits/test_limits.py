"""Each limit that docs/formats.md names for a format is kept, and ends as the page says."""

import email.message
import io
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import BaseModel, ValidationError

from tests.fakes import files, scans
from tests.fuzz.targets import in_process
from tests.unit.core.readers.test_hostile import bomb_of
from tests.unit.core.steps.test_serialize_files import run
from winnow.errors import WinnowError
from winnow.models import InvalidRecord
from winnow.readers import READERS, ReadLimits, Source, read, sandbox
from winnow.recovery.report import SweepOptions
from winnow.steps.serialize import SerializeOptions
from winnow_ocr.pages import Pages

PAGE = (Path(__file__).parents[4] / "docs" / "formats.md").read_text()


def rows(first: str) -> list[list[str]]:
    """The rows of the table whose header begins with this."""
    table = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table if row[0] == "|"]


NAMED = {
    (row[0].strip("`"), limit)
    for row in rows("format | a record is")
    for limit in re.findall(r"max_\w+", row[-1])
}
BEYOND = {row[0].strip("`"): re.findall(r"`(\w+)`", row[-1])[-1] for row in rows("limit")}
"""Limit -> the code that the page says comes of it."""
SAYS_OTHERWISE = {("json", "max_columns"): "json_members", ("jsonl", "max_columns"): "json_members"}
"""Where a table as a whole is refused, an object is one invalid record."""

LONG = "a long text " * 20
WIDE = ["note", "b", "c", "d"]


def mail(attached: int, text: str) -> bytes:
    message = email.message.EmailMessage()
    message["From"] = "a@b.example"
    message["MIME-Version"] = "1.0"
    message.set_content(text)
    for number in range(attached):
        message.add_attachment("Text.", filename=f"{number}.txt")
    return message.as_bytes()


def bomb(member: str, size: int) -> Callable[[], bytes]:
    return lambda: bomb_of({"[Content_Types].xml": 0, member: size})


def pages(count: int) -> bytes:
    return scans.tiff([Image.new("1", (8, 8), 1)] * count)


def picture(kind: str) -> bytes:
    return scans.packed(Image.new("L", (40, 40), 255), kind)


BEYOND_IT: dict[tuple[str, str], tuple[Callable[[], bytes | str], int]] = {
    ("csv", "max_columns"): (lambda: ",".join(WIDE) + "\na,1,2,3\n", 3),
    ("csv", "max_line_chars"): (lambda: f"note\n{LONG}\n", 100),
    ("tsv", "max_columns"): (lambda: "\t".join(WIDE) + "\na\t1\t2\t3\n", 3),
    ("tsv", "max_line_chars"): (lambda: f"id\tnote\n1\t{LONG}\n", 100),
    ("jsonl", "max_columns"): (lambda: json.dumps(dict.fromkeys(WIDE, "a")), 3),
    ("jsonl", "max_line_chars"): (lambda: json.dumps({"note": LONG}), 100),
    ("json", "max_columns"): (lambda: json.dumps([dict.fromkeys(WIDE, "a")]), 3),
    ("json", "max_record_chars"): (lambda: json.dumps([{"note": LONG}]), 100),
    ("txt", "max_document_chars"): (lambda: LONG, 100),
    ("md", "max_document_chars"): (lambda: LONG, 100),
    ("html", "max_document_chars"): (lambda: f"<html><p>{LONG}", 100),
    ("eml", "max_members"): (lambda: mail(5, "Text."), 3),
    ("eml", "max_document_chars"): (lambda: mail(0, LONG), 100),
    ("pdf", "max_pages"): (lambda: files.pdf([files.lines(["a"])] * 4), 3),
    ("pdf", "max_document_chars"): (lambda: files.pdf([files.lines([LONG])]), 100),
    ("docx", "max_document_chars"): (lambda: files.docx(files.paragraph(LONG)), 100),
    ("docx", "max_unpacked_bytes"): (bomb("word/document.xml", 2 << 20), 1 << 20),
    ("docx", "max_ratio"): (bomb("word/document.xml", 12 << 20), 20),
    ("xlsx", "max_columns"): (lambda: files.xlsx({"A": [WIDE, ["a", 1, 2, 3]]}), 3),
    ("xlsx", "max_unpacked_bytes"): (bomb("xl/workbook.xml", 2 << 20), 1 << 20),
    ("xlsx", "max_ratio"): (bomb("xl/workbook.xml", 12 << 20), 20),
    ("zip", "max_members"): (lambda: files.package(dict.fromkeys("abcde", "x")), 3),
    ("zip", "max_unpacked_bytes"): (bomb("a.csv", 2 << 20), 1 << 20),
    ("zip", "max_ratio"): (bomb("a.csv", 12 << 20), 20),
    ("png", "max_pixels"): (lambda: picture("PNG"), 1_000),
    ("png", "max_spool_bytes"): (lambda: picture("PNG"), 60),
    ("jpeg", "max_pixels"): (lambda: picture("JPEG"), 1_000),
    ("jpeg", "max_spool_bytes"): (lambda: picture("JPEG"), 60),
    ("webp", "max_pixels"): (lambda: picture("WEBP"), 1_000),
    ("webp", "max_spool_bytes"): (lambda: picture("WEBP"), 30),
    ("gif", "max_pixels"): (lambda: picture("GIF"), 1_000),
    ("gif", "max_spool_bytes"): (lambda: picture("GIF"), 60),
    ("tiff", "max_pixels"): (lambda: picture("TIFF"), 1_000),
    ("tiff", "max_scanned_pages"): (lambda: pages(4), 3),
    ("tiff", "max_spool_bytes"): (lambda: picture("TIFF"), 60),
}
"""What is beyond a limit of its format, and the limit."""


@pytest.fixture(autouse=True)
def parsers_in_this_process(monkeypatch):
    monkeypatch.setattr(sandbox, "parse", in_process)


def code_of(content: bytes | str, kind: str, limits: ReadLimits) -> tuple[str, str]:
    """The code and the sentence that a file comes to."""
    data = content.encode() if isinstance(content, str) else content

    def no_text(picture: object) -> list[Any]:
        return []

    ocr = Pages(no_text, limits, itertools.count().__next__)
    try:
        with Source(io.BytesIO(data), f"x.{kind}", ["note"], [], limits, ocr=ocr) as source:
            (record,) = read(source)
    except WinnowError as error:
        return error.code, error.message
    assert isinstance(record, InvalidRecord)
    return record.code, record.reason


OF_ALL: dict[str, Callable[[], bytes]] = {
    "max_file_bytes": lambda: b"note\nab\n",
    "max_rows": lambda: b"note\na\nb\n",
    "max_read_seconds": lambda: b"note\n" + b"a\n" * 100_000,
    "max_scan_seconds": lambda: pages(4),
}
"""What is beyond a limit of 1 that every format has, or every scan."""
OF_CASES = {"max_case_parts", "max_join_bytes"}
"""Kept where cases are joined: tests/unit/core/readers/test_cases.py."""
OF_PICTURES = {"max_picture_bytes", "max_pictures"}
"""Kept where pictures are judged: tests/unit/core/steps/test_pictures.py."""
OF_THE_CHILD = {"max_seconds", "max_parser_bytes"}
"""Kept by the child that parses: tests/unit/core/readers/test_hostile.py."""


def test_every_limit_is_passed_here():
    assert set(BEYOND_IT) == NAMED
    assert {kind for kind, _ in NAMED} == set(READERS)
    kept_elsewhere = OF_CASES | OF_PICTURES | OF_THE_CHILD
    assert {limit for _, limit in NAMED} | set(OF_ALL) | kept_elsewhere == set(BEYOND)


@pytest.mark.parametrize("limit", sorted(set(OF_ALL) - {"max_file_bytes"}))
def test_every_format_keeps_the_limits_of_all(limit, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr("winnow.readers.source.time.monotonic", lambda: next(ticks))
    code, message = code_of(OF_ALL[limit](), "csv", ReadLimits(**{limit: 1}))
    assert (code, limit in message) == (BEYOND[limit], True)


def test_a_file_beyond_its_bytes_is_not_opened():
    with pytest.raises(WinnowError, match="max_file_bytes") as error:
        run(OF_ALL["max_file_bytes"](), limits=ReadLimits(max_file_bytes=1))
    assert error.value.code == BEYOND["max_file_bytes"]


@pytest.mark.parametrize(("kind", "limit"), sorted(BEYOND_IT))
def test_a_format_keeps_its_limits(kind, limit):
    made, most = BEYOND_IT[kind, limit]
    code, message = code_of(made(), kind, ReadLimits(**{limit: most}))
    assert code == SAYS_OTHERWISE.get((kind, limit), BEYOND[limit])
    assert limit in message


NEEDED: dict[type[BaseModel], dict[str, object]] = {
    SerializeOptions: {"results_bucket": "b"},
    SweepOptions: {"retention_days": 90},
}


@pytest.mark.parametrize("options", [ReadLimits, SerializeOptions, SweepOptions])
def test_an_option_that_does_not_exist_is_refused_and_not_passed_over(options: type[BaseModel]):
    with pytest.raises(ValidationError, match="max_recods"):
        options.model_validate({**NEEDED.get(options, {}), "max_recods": 1})
