"""What people and attackers drop: each ends in records or a catalogued error, in bounded time."""

import io
import json
import os
import resource
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import files
from tests.fakes.examples import examples
from tests.scaling.measure import MOST, growth, spent
from winnow.errors import (
    FileBombError,
    FileEmptyError,
    FileEncryptedError,
    FileTooLargeError,
    FileTypeError,
    FileUnreadableError,
    NoRecordsError,
    TimeLimitError,
    WinnowError,
)
from winnow.models import InvalidRecord
from winnow.parsers import packages
from winnow.parsers.marks import plain_marks
from winnow.readers import READERS, SUFFIXES, ReadLimits, Source, read, sandbox
from winnow.readers.containers import shown_name


def source(content: bytes | str | io.RawIOBase, name: str = "x", **limits) -> Source:
    data = content.encode() if isinstance(content, str) else content
    stream: Any = io.BytesIO(data) if isinstance(data, bytes) else data
    return Source(stream, name, ["note", "text"], ["id"], ReadLimits(**limits))


def records(content, name: str = "x", **limits):
    with source(content, name, **limits) as opened:
        return list(read(opened))


def codes(content, name: str = "x", **limits) -> list[str | None]:
    return [getattr(record, "code", None) for record in records(content, name, **limits)]


class Endless(io.RawIOBase):
    """A file of `size` bytes that is nowhere: a beginning, then one block over and over."""

    def __init__(self, head: bytes, block: bytes, size: int) -> None:
        self._block = block
        self._rest = head
        self._left = size - len(head)
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._rest and self._left > 0:
            self._rest = self._block[: self._left]
            self._left -= len(self._rest)
        found, self._rest = self._rest[:size], self._rest[size:]
        self.given += len(found)
        return found


BLOCK = b"x" * (1 << 20)


# -- size ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "name", "limit"),
    [
        (b"id,note\n1,", "x.csv", "max_line_chars"),
        (b'id,note\n1,"', "x.csv", "max_line_chars"),
        (b'{"note": "', "x.jsonl", "max_line_chars"),
        (b'[{"note": "', "x.json", "max_record_chars"),
        (b"[" * 10, "x.json", "max_record_chars"),
        (b"Once", "x.txt", "max_document_chars"),
        (b"<html>", "x.html", "max_document_chars"),
        (b"%PDF-1.7\n", "x.pdf", "max_spool_bytes"),
        (b"PK\x03\x04", "x.zip", "max_spool_bytes"),
    ],
)
def test_a_gigabyte_of_one_line_is_refused_long_before_its_end(head, name, limit):
    stream = Endless(head, BLOCK, 1_000_000_000)
    small = {"max_spool_bytes": 20_000_000, "max_document_chars": 5_000_000}
    with pytest.raises(FileTooLargeError, match=limit):
        records(stream, name, **small)
    assert stream.given < 40_000_000


def test_many_columns_many_rows_and_many_pages_are_refused_by_name():
    wide = ",".join(f"c{n}" for n in range(10_000)) + "\n"
    with pytest.raises(FileTooLargeError, match="max_columns"):
        records("note," + wide, "x.csv")
    with pytest.raises(FileTooLargeError, match="max_columns"):
        records(files.xlsx({"A": [["note", *range(1_200)]]}))
    with pytest.raises(FileTooLargeError, match="max_rows"):
        records("note\n" + "a\n" * 50, "x.csv", max_rows=49)
    with pytest.raises(FileTooLargeError, match="max_pages"):
        records(files.pdf([files.lines(["a"])] * 5), max_pages=4)
    with pytest.raises(FileTooLargeError, match="max_document_chars"):
        records(files.pdf([files.lines(["abcdefgh" * 10] * 40)]), max_document_chars=1_000)


# -- tables ----------------------------------------------------------------------------------------


def test_a_header_shorter_than_its_rows_makes_them_ragged_and_names_why():
    found = records("id,note\n1,a,b\n2,c\n", "x.csv")
    assert [getattr(record, "code", None) for record in found] == ["row_ragged", None]


def test_a_delimiter_too_many_takes_nothing_away():
    assert [record.text for record in records("id,note\n1,a,\n2,b,\n", "x.csv")] == ["a", "b"]
    assert codes("id,note\n1,a\n2,b,,\n", "x.csv") == [None, "row_ragged"]


def test_names_that_stand_twice_keep_every_cell_and_are_noted():
    with source("note,x,x,x (2),\na,1,2,3,4\n", "x.csv") as opened:
        (row,) = read(opened)
    assert list(row.fields.values()) == ["1", "2", "3", "4"]
    assert [note.code for note in opened.notes] == ["duplicate_headers"]


def test_nul_bytes_spoil_their_own_row():
    assert codes("id,note\n1,a\x00b\n2,c\n", "x.csv") == ["text_nul", None]


def test_cr_only_line_ends_and_line_separators():
    assert [r.text for r in records("id,note\r1,a\r2,b\r", "x.csv")] == ["a", "b"]
    assert [r.text for r in records("note\na\u2028b\n", "x.csv")] == ["a\u2028b"]
    assert [r.text for r in records('{"note": "a\u2028b"}\n', "x.jsonl")] == ["a\u2028b"]


@pytest.mark.parametrize("at", [1, 50, 5_000])
def test_a_quote_that_is_never_closed_takes_one_row(at):
    rows = [f"{n},text {n}" for n in range(1, 10_001)]
    rows[at - 1] = f'{at},"text {at}'
    found = records("id,note\n" + "\n".join(rows), "x.csv", max_line_chars=20_000)
    assert len(found) == 10_000
    assert [r.record for r in found if isinstance(r, InvalidRecord)] == [at]
    assert found[-1].text == "text 10000"


def test_quotes_never_closed_in_every_row_take_time_in_proportion():
    found = records("id,note\n" + '1,"a\n' * 20_000, "x.csv")
    assert all(isinstance(record, InvalidRecord) for record in found)
    assert (
        growth(
            lambda text: lambda: records(text, "x.csv"),
            lambda size: "id,note\n" + '1,"a\n' * (size // 5),
            50_000,
        )
        <= MOST
    )


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^", "~", ":", "¦", "\x1f"])
def test_any_delimiter(mark):
    table = "\n".join(
        mark.join(row) for row in (("id", "age", "note"), ("1", "9", "a"), ("2", "8", "b"))
    )
    assert [(r.source_id, r.text) for r in records(table, "x.csv")] == [("1", "a"), ("2", "b")]


def test_excel_s_line_that_names_the_delimiter():
    assert [r.text for r in records("sep=;\nid;note\n1;a, b\n", "x.csv")] == ["a, b"]


def test_lines_before_the_header_are_left_out_and_noted():
    with source("Export of May\n\nid,note\n1,a\n", "x.csv") as opened:
        assert [(r.text, r.line) for r in read(opened)] == [("a", 4)]
    assert [note.code for note in opened.notes] == ["rows_before_header"]


# -- encodings -------------------------------------------------------------------------------------

SENTENCES = {
    "cp932": "名前,年齢,住所の欄に東京と書いてあります",
    "euc_jp": "患者は腹痛を訴えていますので、内視鏡検査をお願いします",
    "gb18030": "患者主诉腹痛三个月,要求胶囊内镜检查",
    "big5": "病人主訴腹痛三個月,要求膠囊內視鏡檢查",
    "cp949": "환자는 삼 개월 동안 복통을 호소합니다",
    "cp1251": "Пациент жалуется на боль в животе и слабость",
    "koi8_r": "Пациент жалуется на боль в животе и слабость",
    "cp866": "Пациент жалуется на боль в животе и слабость",
    "iso8859_7": "Ο ασθενής παραπονιέται για πόνο στην κοιλιά",
    "cp1250": "Pacient si stěžuje na bolest břicha, žádné krvácení zjištěno",
    "iso8859_2": "Pacjent zgłasza ból brzucha, żadnego krwawienia; wieść świętą",
    "cp1252": "Le patient signale une douleur légère, déjà traitée – « sévère »",
    "mac_roman": "Le patient signale une douleur légère, déjà traitée à l'été",
    "cp850": "Le patient signale une douleur légère, déjà traitée à l'été",
    "cp1254": "Hasta üç aydır karın ağrısından şikayetçi, kapsül endoskopi öneriliyor",
    "cp1255": "החולה מתלונן על כאבי בטן במשך שלושה חודשים",
    "cp1256": "يشكو المريض من ألم في البطن منذ ثلاثة أشهر",
}


@pytest.mark.parametrize("encoding", sorted(SENTENCES))
def test_other_encodings_are_read_and_noted(encoding):
    message = SENTENCES[encoding]
    content = f'id,note\n1,plain\n2,"{message}"\n'.encode(encoding)
    with source(content, "x.csv") as opened:
        assert [record.text for record in read(opened)] == ["plain", message]
    assert [note.code for note in opened.notes] == ["encoding_guessed"]
    assert "line 3" in opened.notes[0].text


def test_mixed_encodings_keep_the_lines_that_are_utf8():
    content = "note\ncafé\n".encode() + "déjà\n".encode("cp1252") + "naïve “x”\n".encode()
    with source(content, "x.csv") as opened:
        assert [record.text for record in read(opened)] == ["café", "déjà", "naïve “x”"]
    assert "line 3" in opened.notes[0].text


def test_what_is_marked_as_utf16_and_is_not_is_refused():
    with pytest.raises(FileUnreadableError, match="UTF-16"):
        records(b"\xff\xfen\x00o\x00t\x00e\x00\n\x00\x00\xd8\n\x00", "x.csv")


@given(st.sampled_from(sorted(SENTENCES)), st.sampled_from([10, 65_500, 65_600, 140_000]))
@settings(max_examples=15, deadline=None)
def test_a_long_way_to_the_first_foreign_line_changes_nothing(encoding, before):
    content = (
        b"note\n"
        + b"a plain line\n" * (before // 13)
        + SENTENCES[encoding].replace(",", " ").encode(encoding)
    )
    assert records(content, "x.csv")[-1].text == SENTENCES[encoding].replace(",", " ")


# -- JSON ------------------------------------------------------------------------------------------

BAD_ELEMENTS = {
    '{"note": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}": "json_too_deep",
    '{"note": "a", "x": NaN}': "json_constant",
    '{"note": "a", "note": "b"}': "json_duplicate_key",
    '{"note": "a", "x": ' + "7" * 5_000 + "}": "json_number",
    '{"note": "\\ud800"}': "text_undecodable",
    '{"note": "a", "x": nonsense}': "json_malformed",
    "nonsense": "json_malformed",
    "7": "json_shape",
    '{"note": "a" "b": "]"}': "json_malformed",
}


@pytest.mark.parametrize(
    ("element", "code"), list(BAD_ELEMENTS.items()), ids=list(BAD_ELEMENTS.values())
)
@pytest.mark.parametrize("shape", ["[{}]", '{{"n": [1], "records": [{}]}}'])
def test_a_bad_element_is_one_invalid_record_and_the_others_are_read(shape, element, code):
    content = shape.format('{"note": "first"}, ' + element + ', {"note": "last"}')
    assert codes(content, "x.json") == [None, code, None]


def test_an_array_that_breaks_off_is_refused_after_its_elements():
    with source('[{"note": "a"}, {"note": "b', "x.json") as opened:
        found = read(opened)
        assert next(found).text == "a"
        with pytest.raises(FileUnreadableError, match="after element 1"):
            next(found)


def test_elements_over_many_blocks_are_read_once():
    elements = [{"note": "x" * size} for size in (10, 700_000, 5, 300_000, 1)]
    found = records(json.dumps(elements), "x.json")
    assert [len(record.text) for record in found] == [10, 700_000, 5, 300_000, 1]


# -- PDF -------------------------------------------------------------------------------------------


def encrypted(password: str) -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(files.pdf([files.lines(["Secret text here."])])))
    writer.encrypt(user_password=password, owner_password="o", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_pdf_with_a_password_is_refused_and_one_without_is_read():
    with pytest.raises(FileEncryptedError):
        records(encrypted("secret"))
    assert [record.text for record in records(encrypted(""))] == ["Secret text here."]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_a_truncated_pdf_is_read_or_refused(share):
    whole = files.pdf([files.lines(["Some text."])] * 20)
    try:
        found = records(whole[: int(len(whole) * share)])
    except (FileUnreadableError, NoRecordsError):
        return
    assert found


def test_a_bomb_of_a_pdf_ends_within_the_limits():
    # A gigabyte of drawing instructions in a megabyte, and a page that draws itself.
    bomb = zlib.compressobj(9)
    packed = (
        b"".join(bomb.compress(b"q BT (x) Tj ET Q " * 60_000) for _ in range(300)) + bomb.flush()
    )
    content = files.pdf_of_streams([packed]).replace(
        b"<< /Length %d >>" % len(packed), b"<< /Length %d /Filter /FlateDecode >>" % len(packed)
    )
    started = spent()
    with pytest.raises((FileBombError, TimeLimitError, FileTooLargeError, FileUnreadableError)):
        records(content, max_seconds=5, max_parser_bytes=400_000_000)
    # Processor time: the parser's own limit, and as much again for all around it.
    assert spent() - started < 10


# -- packages --------------------------------------------------------------------------------------


def bomb_of(members: dict[str, int]) -> bytes:
    """A ZIP whose members are that many zeros."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, size in members.items():
            with archive.open(name, "w", force_zip64=True) as member:
                for _ in range(size // len(ZEROS)):
                    member.write(ZEROS)
    return out.getvalue()


ZEROS = bytes(1 << 20)
KINDS = {
    "x.docx": "word/document.xml",
    "x.xlsx": "xl/workbook.xml",
    "x.zip": "cases.csv",
}


@pytest.mark.parametrize("name", KINDS)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(name, monkeypatch):
    content = bomb_of({"[Content_Types].xml": 0, KINDS[name]: 60 << 20})
    monkeypatch.setattr(packages.Counted, "blocks", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(FileBombError, match="max_ratio"):
        records(content, name)
    with pytest.raises(FileBombError, match="max_unpacked_bytes"):
        records(content, name, max_unpacked_bytes=50_000_000)


def lying(content: bytes, size: int, claimed: int) -> bytes:
    """The same ZIP, its members said to be smaller than they are."""
    return content.replace(size.to_bytes(4, "little"), claimed.to_bytes(4, "little"))


def test_a_zip_that_lies_about_its_sizes_is_refused_while_it_is_unpacked():
    note = "id,note\n" + "1,a\n" * 20_000
    content = files.package({"a.csv": note, "b.csv": "id,note\n1,b\n"})
    found = records(lying(content, len(note), 90), "x.zip")
    assert "file_unreadable" in {getattr(record, "code", None) for record in found}
    with pytest.raises(FileBombError, match="max_unpacked_bytes"):
        records(content, "x.zip", max_unpacked_bytes=len(note) + 5)


def test_archives_with_too_many_members_are_refused():
    content = files.package({f"{n}.txt": "a" for n in range(30)})
    with pytest.raises(FileBombError, match="max_members"):
        records(content, max_members=20)


ENTITIES = (
    '<!DOCTYPE w:document [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{("&a" + str(n - 1) + ";") * 10}">' for n in range(1, 12)).replace(
        "&a0;", "&a;"
    )
    + "]>"
)
EXTERNAL = '<!DOCTYPE w:document [<!ENTITY a11 SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE w:document SYSTEM "http://127.0.0.1:9/x.dtd">'


@pytest.mark.parametrize("prolog", [ENTITIES, EXTERNAL, PARAMETER])
def test_xml_entities_are_refused(prolog):
    body = files.paragraph("&a11;") if "a11" in prolog else files.paragraph("x")
    with pytest.raises(FileUnreadableError, match="document type"):
        records(files.docx(body, prolog=prolog), max_seconds=5)


@pytest.mark.parametrize("prolog", [ENTITIES, EXTERNAL])
def test_xml_entities_in_a_workbook_are_not_followed(prolog):
    whole = files.xlsx({"A": [["note"], ["MARK"]]})
    members = {}
    with zipfile.ZipFile(io.BytesIO(whole)) as book:
        for name in book.namelist():
            members[name] = book.read(name).decode()
    sheet = "xl/worksheets/sheet1.xml"
    assert "MARK" in members[sheet]
    members[sheet] = prolog.replace("w:document", "worksheet") + members[sheet].replace(
        "MARK", "&a11;"
    )
    try:
        found = records(files.package(members), max_seconds=10)
    except WinnowError:
        return
    assert all(
        "root:" not in getattr(r, "text", "") and len(r.model_dump_json()) < 1_000 for r in found
    )


def test_deep_xml_and_deep_html_are_refused_or_read():
    deep = "<w:sdt>" * 50_000 + files.paragraph("a") + "</w:sdt>" * 50_000
    with pytest.raises(FileUnreadableError, match="nested"):
        records(files.docx(deep))
    assert [r.text for r in records("<html>" + "<div>" * 100_000 + "deep", "x.html")] == ["deep"]


# -- archives --------------------------------------------------------------------------------------


def archive(*members: tuple[str, bytes, int]) -> bytes:
    """Members by name, content and Unix mode."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            made.writestr(info, content)
    return out.getvalue()


FILE = stat.S_IFREG | 0o644


def test_every_member_is_a_source_of_records_and_bad_ones_are_named():
    inner = files.package({"a.txt": "x"})
    content = archive(
        ("cases/a.csv", b"id,note\n1,a\n2,\n", FILE),
        ("b.pdf", files.pdf([files.lines(["From a PDF."])]), FILE),
        ("folder/", b"", stat.S_IFDIR | 0o755),
        ("__MACOSX/._b.pdf", b"litter", FILE),
        ("../../etc/cron.d/x.txt", b"escaped", FILE),
        ("/abs.txt", b"escaped", FILE),
        ("C:\\x.txt", b"escaped", FILE),
        ("link.txt", b"/etc/passwd", stat.S_IFLNK | 0o777),
        ("nested.zip", inner, FILE),
        ("program", b"\x7fELF", FILE),
        ("empty.csv", b"", FILE),
        ("header.csv", b"id,note\n", FILE),
        ("last.txt", b"The last.", FILE),
    )
    found = records(content, "x.zip")
    assert [(r.record, r.part, getattr(r, "code", None)) for r in found] == [
        (1, "cases/a.csv", None),
        (2, "cases/a.csv", "text_empty"),
        (3, "b.pdf", None),
        (4, "../../etc/cron.d/x.txt", "member_path"),
        (5, "/abs.txt", "member_path"),
        (6, "C:\\x.txt", "member_path"),
        (7, "link.txt", "member_link"),
        (8, "nested.zip", "file_type"),
        (9, "program", "file_type"),
        (10, "empty.csv", "file_empty"),
        (11, "header.csv", "no_records"),
        (12, "last.txt", None),
    ]
    assert "escaped" not in "".join(r.model_dump_json() for r in found)


def test_an_encrypted_member_is_one_invalid_record():
    content = bytearray(files.package({"a.txt": "Secret.", "b.txt": "Open."}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    assert codes(bytes(content), "x.zip") == ["file_encrypted", None]


def test_a_damaged_member_is_one_invalid_record():
    content = files.package({"a.txt": "A text that is deflated. " * 20, "b.txt": "Open."})
    at = content.index(b"a.txt") + 12
    broken = content[:at] + b"\xff\xff\xff" + content[at + 3 :]
    assert codes(broken, "x.zip") == ["file_unreadable", None]


def test_a_member_without_a_name_is_read():
    content = files.package({"a.txt": "Read."}).replace(b"a.txt", b"\0.txt")
    assert codes(content, "x.zip") == ["member_path"]
    (found,) = records(nameless(files.package({"a.txt": "Read."})), "x.zip")
    assert (found.part, getattr(found, "code", None)) == ("member 1", None)


def nameless(content: bytes) -> bytes:
    """The same archive of one member, with its five letters of name taken away."""
    at = content.index(b"PK\x01\x02")
    local = content[:26] + b"\0\0" + content[28:30] + content[35:at]
    entry = content[at : at + 28] + b"\0\0" + content[at + 30 : at + 46]
    end = content[-22:-10] + len(entry).to_bytes(4, "little") + len(local).to_bytes(4, "little")
    return local + entry + end + b"\0\0"


def test_an_empty_archive_and_one_that_is_cut_off():
    with pytest.raises(NoRecordsError):
        records(files.package({}), "x.zip")
    with pytest.raises(FileUnreadableError):
        records(files.package({"a.txt": "abc" * 100})[:-30], "x.zip")


@pytest.mark.parametrize(
    "name",
    [
        "a b.txt",
        "a+b.txt",
        "a%25b.txt",
        "é.txt",
        "a//b.txt",
        "n" * 1_000 + ".txt",
        "a\u202etxt.exe",
    ],
)
def test_odd_names_of_members_are_labels(name):
    (record,) = records(archive((name, b"Read.", FILE)), "x.zip")
    assert record.text == "Read."
    assert record.part == shown_name(name)
    assert len(record.part) <= 201
    assert record.part.isprintable()


def test_files_that_cannot_be_opened_say_what_they_are():
    for head, word in (
        (b"\xd0\xcf\x11\xe0", "old"),
        (b"{\\rtf1", "RTF"),
        (b"7z\xbc\xaf'\x1c", "7z"),
    ):
        with pytest.raises(FileTypeError, match=word):
            records(head + bytes(100))
    with pytest.raises(FileTypeError, match="OpenDocument"):
        records(files.package({"mimetype": "application/vnd.oasis.opendocument.text"}))
    with pytest.raises(FileTypeError, match="neither text"):
        records(bytes(range(256)) * 10)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize("content", [b"", b" \n", b"\x00" * 9])
def test_zero_bytes_are_empty_whatever_the_name(suffix, content):
    with pytest.raises(FileEmptyError):
        records(content, f"x{suffix}")


# -- the child process -----------------------------------------------------------------------------


def child(code: str, monkeypatch, **limits) -> Iterator[list]:
    monkeypatch.setattr(sandbox, "_BOOT", code)
    return sandbox.parse("pdf", io.FileIO(os.devnull), ReadLimits(**limits))


def test_a_child_that_hangs_is_killed(monkeypatch):
    code = "import os, time; print(f'[\"child\", {os.getpid()}]', flush=True); time.sleep(600)"
    items = child(code, monkeypatch, max_seconds=5)
    _, pid = next(items)
    os.kill(pid, 0)
    with pytest.raises(TimeLimitError, match="max_seconds"):
        next(items)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def confined(expression: str) -> str:
    """The child as it is, but for a parser that only evaluates an expression."""
    return (
        "import sys; sys.path.insert(0, sys.argv[1]); import json;"
        "sys.path[:] = json.loads(sys.argv[1]) ; from winnow.parsers import __main__ as m;"
        "from winnow.parsers.html import visible_text;"
        f"visible_text.parse = lambda *a: {expression};"
        "m.main('html', json.loads(sys.argv[3]), -1)"
    )


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not limit memory")
def test_a_child_that_takes_too_much_memory_is_a_bomb(monkeypatch):
    code = confined("bytearray(2_000_000_000)")
    with pytest.raises(FileBombError, match="max_parser_bytes"):
        list(child(code, monkeypatch, max_parser_bytes=300_000_000))


def test_a_child_that_the_system_kills_for_want_of_memory_is_a_bomb(monkeypatch):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(FileBombError, match="more memory than the machine has"):
        list(child(code, monkeypatch))


def test_a_child_that_uses_up_its_processor_time_is_too_slow_and_no_bomb(monkeypatch):
    """Not killed by the parent, whose clock strikes a second later, but by the system."""
    with pytest.raises(TimeLimitError, match="max_seconds"):
        list(child(confined("any(iter(int, 1))"), monkeypatch, max_seconds=1))


def test_a_child_may_complain_of_more_than_a_pipe_holds(monkeypatch):
    code = "import os, json; os.write(2, bytes(1_000_000)); print(json.dumps(['end']))"
    assert list(child(code, monkeypatch, max_seconds=5)) == []


def test_a_child_s_last_words_tell_that_memory_was_short(monkeypatch):
    code = (
        "import os; os.write(2, b'warning\\n' * 100_000 + b'memory allocation of 9 bytes failed');"
        "os.abort()"
    )
    with pytest.raises(FileBombError, match="max_parser_bytes"):
        list(child(code, monkeypatch, max_seconds=5))


@pytest.mark.parametrize(
    "code",
    ["import os; os.abort()", "import ctypes; ctypes.string_at(0)", "raise SystemExit(0)", "1/0"],
)
def test_a_child_that_crashes_makes_the_file_unreadable(monkeypatch, code):
    with pytest.raises(FileUnreadableError):
        list(child(code, monkeypatch))


def test_the_child_gets_no_credentials_and_no_files(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    code = (
        "import os, json; print(json.dumps(['env', sorted(os.environ)]));print(json.dumps(['end']))"
    )
    (item,) = child(code, monkeypatch)
    assert not [name for name in item[1] if "AWS" in name]


# -- properties ------------------------------------------------------------------------------------

HEADS = {
    "pdf": b"%PDF-1.4\n",
    "docx": b"PK\x03\x04",
    "html": b"<!doctype html>",
    "eml": b"From: a@b.example\nMIME-Version: 1.0\n",
    "png": b"\x89PNG\r\n\x1a\n",
    "json": b"[",
    "jsonl": b'{"note": "a"}\n{',
    "csv": b"id,note\n",
}
IN_PROCESS = [
    ending
    for ending, kind in SUFFIXES.items()
    if kind in ("csv", "tsv", "json", "jsonl", "txt", "md")
]


def ends_well(content: bytes, name: str) -> None:
    try:
        found = records(content, name)
    except WinnowError:
        return
    for record in found:
        record.model_dump_json(ensure_ascii=True)


@given(
    st.sampled_from(sorted(HEADS.values())), st.binary(max_size=400), st.sampled_from(IN_PROCESS)
)
@settings(max_examples=examples(150), deadline=None)
def test_any_bytes_end_well(head, content, ending):
    ends_well(head + content, f"x{ending}")


WHOLE = {
    "pdf": files.pdf([files.lines(["Some text."])]),
    "docx": files.docx(files.paragraph("Some text.") + files.table([["a", "b"]])),
    "xlsx": files.xlsx({"A": [["id", "note"], [1, "a"]]}),
    "html": b"<html><body><p>Some <b>text</b>.</p><table><tr><td>a</table>",
    "eml": b"From: a@b.example\nMIME-Version: 1.0\nSubject: x\n\nSome text.\n",
    "zip": files.package({"a.csv": "id,note\n1,a\n", "b.txt": "Text."}),
}


@pytest.mark.parametrize("kind", sorted(WHOLE))
@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_files_with_damage_end_well(kind, data):
    content = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    ends_well(bytes(content[: cut if data.draw(st.booleans()) else len(content)]), f"x.{kind}")


def test_every_kind_has_a_reader_and_an_ending():
    assert set(SUFFIXES.values()) == set(READERS)


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\u00ad\u200b<&>"),
    min_size=1,
    max_size=40,
).filter(lambda text: text.strip())


def is_no_symbol(text: str) -> bool:
    """Whether it has no letter that is read as another sign: of symbol fonts, or a box."""
    return plain_marks(text) == text


@given(st.lists(TEXT.filter(is_no_symbol), min_size=1, max_size=4))
@settings(max_examples=10, deadline=None)
def test_any_text_survives_a_word_file(paragraphs):
    body = "".join(files.paragraph(text) for text in paragraphs)
    (record,) = records(files.docx(body))
    assert record.text == "\n".join(text.strip(" ") for text in paragraphs)


@given(st.lists(TEXT, min_size=1, max_size=4))
@settings(max_examples=10, deadline=None)
def test_any_text_survives_a_workbook(cells):
    found = records(files.xlsx({"A": [["id", "note"], *[["x", "'" + cell] for cell in cells]]}))
    assert [record.text for record in found] == ["'" + cell for cell in cells]


@given(st.lists(TEXT.filter(is_no_symbol), min_size=1, max_size=4))
@settings(max_examples=10, deadline=None)
def test_any_text_survives_html(paragraphs):
    content = "<html><body>" + "".join(f"<p>{text}</p>" for text in paragraphs)
    (record,) = records(content, "x.html")
    assert record.text.split() == " ".join(paragraphs).split()


@given(st.lists(TEXT, min_size=1, max_size=4))
@settings(max_examples=10, deadline=None)
def test_any_text_survives_a_mail(lines):
    import email.message

    message = email.message.EmailMessage()
    message["From"] = "a@b.example"
    message["MIME-Version"] = "1.0"
    message.set_content("\n".join(lines), charset="utf-8", cte="base64")
    (record,) = records(message.as_bytes(), "x.eml")
    assert record.text.split() == " ".join(lines).split()


@given(
    st.lists(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=15, deadline=None)
def test_any_words_survive_a_pdf(words):
    (record,) = records(files.pdf([files.lines(["A sentence of words: " + " ".join(words)])]))
    assert record.text.split() == ["A", "sentence", "of", "words:", *words]


def test_memory_does_not_grow_with_the_file():
    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    row = b"1," + b"some words of a case " * 10 + b"\n"
    with source(Endless(b"id,note\n", row * 4_000, 5_000_000), "x.csv") as opened:
        for _ in read(opened):
            pass
    before = peak()
    with source(Endless(b"id,note\n", row * 4_000, 60_000_000), "x.csv") as opened:
        for _ in read(opened):
            pass
    unit = 1 if sys.platform == "darwin" else 1024
    assert (peak() - before) * unit < 20_000_000
