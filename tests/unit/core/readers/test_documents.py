"""Documents to records: PDF, DOCX, XLSX, HTML and mail, and where each line of them stands."""

import datetime
import email.message
import io
import re

import pytest

from tests.fakes import files
from winnow.errors import NoRecordsError, NoTextColumnError, NoTextLayerError
from winnow.models import InvalidRecord, Record
from winnow.readers import ReadLimits, Source, read
from winnow.readers.pages.geometry import Line, Page


def source(content: bytes | str, name: str = "x", **options) -> Source:
    data = content.encode() if isinstance(content, str) else content
    limits = ReadLimits(**options.pop("limits", {}))
    return Source(io.BytesIO(data), name, ["note", "text"], ["case_id", "id"], limits, **options)


def records(content: bytes | str, name: str = "x", **options):
    with source(content, name, **options) as opened:
        return list(read(opened))


def texts(content: bytes | str, name: str = "x", **options) -> list[str]:
    found = records(content, name, **options)
    assert not [record for record in found if isinstance(record, InvalidRecord)]
    return [record.text for record in found]


def where(record: Record, words: str) -> tuple[int | None, int | None]:
    """Page and line of the place that the words begin at."""
    at = record.text.index(words)
    place = [place for place in record.places if place.start <= at][-1]
    return place.page, place.line


# -- PDF -------------------------------------------------------------------------------------------

TWO_PAGES = [
    files.lines(["The patient has occult bleeding. A", "colonoscopy was negative."]),
    files.lines(["A capsule study is requested."]),
]


@pytest.mark.parametrize("compress", [False, True])
def test_a_pdf_is_one_record_that_knows_its_pages_and_lines(compress):
    (record,) = records(files.pdf(TWO_PAGES, compress=compress), "x.pdf", case_id="C-7")
    assert record.text == (
        "The patient has occult bleeding. A colonoscopy was negative.\n"
        "A capsule study is requested."
    )
    assert where(record, "colonoscopy") == (1, 2)
    assert where(record, "A capsule") == (2, 1)
    assert record.source_id == "C-7"


def test_a_pdf_may_be_a_record_a_page_or_a_paragraph():
    content = files.pdf(TWO_PAGES)
    assert texts(content, unit="page") == [
        "The patient has occult bleeding. A colonoscopy was negative.",
        "A capsule study is requested.",
    ]
    rows = records(content, unit="row")
    assert [(row.record, row.text) for row in rows] == [
        (1, "The patient has occult bleeding. A colonoscopy was negative."),
        (2, "A capsule study is requested."),
    ]
    assert where(rows[1], "A capsule") == (2, 1)


def test_words_drawn_one_by_one_and_in_no_order_are_a_line():
    words = [(200, 100, "occult"), (72, 100, "She"), (240, 100, "bleeding."), (100, 100, "has had")]
    assert texts(files.pdf([words])) == ["She has had occult bleeding."]


def test_a_scan_without_a_reader_of_pictures_says_so():
    with pytest.raises(NoTextLayerError, match="2 pages"):
        records(files.pdf([[], []]))


def test_pages_without_text_are_noted():
    with source(files.pdf([TWO_PAGES[0], []])) as opened:
        assert len(list(read(opened))) == 1
    assert [(note.code, "2" in note.text) for note in opened.notes] == [
        ("wrong_extension", False),
        ("pages_without_text", True),
    ]


def test_an_empty_page_is_no_picture():
    def ocr(file, kind, pages):
        raise AssertionError(pages)

    text = files.pdf([TWO_PAGES[0]])
    stream = re.search(rb"stream\n(.*)\nendstream", text, re.DOTALL)
    assert stream
    (record,) = records(files.pdf_of_streams([stream[1], b""]), ocr=ocr)
    assert record.places[0].page == 1
    with pytest.raises(NoRecordsError):
        records(files.pdf_of_streams([b"", b""]), ocr=ocr)


def test_ocr_reads_the_pages_that_have_no_text_and_its_boxes_are_kept():
    asked = []

    def ocr(file, kind, pages):
        asked.append((kind, pages, file.read(5)))
        line = Line("Read from", 100, 100, 400, 120, 0.9, (0.1, 0.04, 0.4, 0.05))
        cell = Line("a picture.", 500, 101, 700, 121, 0.95, (0.5, 0.05, 0.7, 0.06))
        yield Page(2, 1000, 2000, (line, cell))

    (record,) = records(files.pdf([TWO_PAGES[0], []]), ocr=ocr)
    assert asked == [("pdf", [2], b"%PDF-")]
    assert record.text.endswith("Read from a picture.")
    last = record.places[-1]
    assert (last.page, last.line, last.box, last.confidence) == (2, 1, (0.1, 0.04, 0.7, 0.06), 0.9)
    assert record.places[0].box not in (None, last.box)
    assert record.places[0].confidence is None


def test_a_picture_is_read_by_ocr():
    def ocr(file, kind, pages):
        yield Page(1, 10, 10, (Line(f"{kind} {pages}", 1, 1, 9, 2, 0.5),))

    assert texts(b"\x89PNG\r\n\x1a\n....", "x.png", ocr=ocr) == ["png None"]


# -- DOCX ------------------------------------------------------------------------------------------


def test_a_word_file_is_read_in_order_with_its_tables_headers_and_footers():
    body = (
        files.paragraph("History ", "of melena.")
        + files.table([["Test", "Result"], ["Hb", "8.1"]])
        + files.paragraph("Plan: capsule.")
    )
    content = files.docx(
        body, header=files.paragraph("Clinic A"), footer=files.paragraph("Confidential")
    )
    (record,) = records(content, "x.docx")
    assert record.text == (
        "Clinic A\nHistory of melena.\nTest\tResult\nHb\t8.1\nPlan: capsule.\nConfidential"
    )
    assert where(record, "Hb")[1] == 4


def test_what_word_marks_but_does_not_show_is_left_out():
    body = (
        "<w:p><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>inserted</w:t></w:r></w:ins>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r>"
        "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>"
    )
    assert texts(files.docx(body)) == ["inserteda\tb\nc"]


def test_word_s_page_breaks_are_pages():
    body = (
        files.paragraph("One.")
        + '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
        + "<w:p><w:r><w:lastRenderedPageBreak/><w:t>Two.</w:t></w:r></w:p>"
        + "<w:p><w:r><w:lastRenderedPageBreak/><w:t>Three.</w:t></w:r></w:p>"
    )
    assert texts(files.docx(body), unit="page") == ["One.", "Two.", "Three."]
    (record,) = records(files.docx(body))
    assert where(record, "Three") == (3, 3)


def test_the_rows_of_a_word_table_may_be_the_records():
    body = files.paragraph("Cases") + files.table(
        [["id", "note", "age"], ["A", "Melena.", "50"], ["B", "", "60"]]
    )
    first, second = records(files.docx(body), unit="row")
    assert (first.source_id, first.text, first.fields) == ("A", "Melena.", {"age": "50"})
    assert isinstance(second, InvalidRecord)
    assert second.code == "text_empty"


def test_python_docx_s_files_are_read():
    import docx

    document = docx.Document()
    document.add_heading("Report", 1)
    document.add_paragraph("The patient – José – is well.")
    cells = document.add_table(1, 2).rows[0].cells
    cells[0].text, cells[1].text = "Hb", "8.1"
    document.sections[0].header.paragraphs[0].text = "Clinic"
    out = io.BytesIO()
    document.save(out)
    assert texts(out.getvalue()) == ["Clinic\nReport\nThe patient – José – is well.\nHb\t8.1"]


# -- XLSX ------------------------------------------------------------------------------------------


def test_a_workbook_is_read_like_a_table():
    content = files.xlsx(
        {
            "Cases": [
                ["id", "note", "age", "seen"],
                [1, "Melena.", 50.5, datetime.date(2024, 5, 1)],
                [None, None, None, None],
                [2, "Well.", True, datetime.datetime(2024, 5, 1, 13, 30)],
                [3, None, 1, None],
            ]
        }
    )
    rows = records(content, "x.xlsx")
    assert [(row.record, row.line, row.source_id, row.part) for row in rows] == [
        (1, 2, "1", "Cases"),
        (2, 4, "2", "Cases"),
        (3, 5, "3", "Cases"),
    ]
    assert rows[0].fields == {"age": "50.5", "seen": "2024-05-01"}
    assert rows[1].fields == {"age": "TRUE", "seen": "2024-05-01 13:30:00"}
    assert rows[2].code == "text_empty"


def test_sheets_without_the_text_are_left_out_and_hidden_ones_are_not_read():
    content = files.xlsx(
        {
            "About": [["made", "by"], ["x", "y"]],
            "Cases": [["Export of May"], [], ["id", "note"], ["1", "a"]],
            "Secret": [["note"], ["hidden"]],
        },
        hidden=["Secret"],
    )
    with source(content, "x.xlsx") as opened:
        assert [(row.text, row.line) for row in read(opened)] == [("a", 4)]
    assert {note.code for note in opened.notes} == {
        "sheets_without_text",
        "hidden_sheets",
        "rows_before_header",
    }


@pytest.mark.parametrize("name", ["x.xlsx", "x.csv"])
def test_the_header_may_be_any_of_the_first_hundred_rows(name):
    def table(before: int) -> bytes:
        rows = [["North", "Ward 5", "May"]] * before + [["id", "age", "note"], ["1", "5", "a"]]
        if name == "x.xlsx":
            return files.xlsx({"Cases": rows})
        return "".join(",".join(row) + "\n" for row in rows).encode()

    assert texts(table(99), name) == ["a"]
    with pytest.raises(NoTextColumnError):
        records(table(100), name)


def test_a_workbook_without_the_text_is_refused():
    with pytest.raises(NoTextColumnError):
        records(files.xlsx({"A": [["x", "y"], ["1", "2"]]}))
    assert records(files.xlsx({"A": [["note"]]})) == []


# -- HTML ------------------------------------------------------------------------------------------


def test_html_gives_the_text_that_its_reader_sees():
    content = """<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body>
    <h1>Report</h1><p>The patient &ndash; <b>Jos&eacute;</b> &ndash; is
    well.</p><script>alert("x")</script><div hidden>no</div><p style="display: none">no</p>
    <ul><li>One<li>Two</ul><table><tr><th>Test</th><th>Result</th></tr><tr><td>Hb<td>8.1</table>
    <pre>a
b</pre>last"""
    (record,) = records(content, "x.html")
    assert record.text.split("\n") == [
        "Report",
        "The patient – José – is well.",
        "One",
        "Two",
        "Test\tResult",
        "Hb\t8.1",
        "a",
        "b",
        "last",
    ]


def test_the_rows_of_an_html_table_may_be_the_records():
    content = "<html><table><tr><th>id<th>note<tr><td>A<td>Melena.<tr><td><td>Well.</table>"
    assert [(row.source_id, row.text) for row in records(content, unit="row")] == [
        ("A", "Melena."),
        ("", "Well."),
    ]


def test_html_is_read_in_the_encoding_that_it_declares():
    content = '<html><meta charset="iso-8859-7"><body>Μελαινα</body>'.encode("iso8859_7")
    assert texts(content) == ["Μελαινα"]


# -- mail ------------------------------------------------------------------------------------------


def mail(*, html: bool = False) -> email.message.EmailMessage:
    message = email.message.EmailMessage()
    message["From"] = "Dr. José <j@example.org>"
    message["To"] = "intake@example.org"
    message["Subject"] = "Case – melena"
    message["Message-ID"] = "<1@example.org>"
    message.set_content("The patient has melena.\nPlease advise.\n")
    if html:
        message.add_alternative("<p>The patient has <b>melena</b>.</p>", subtype="html")
    return message


@pytest.mark.parametrize("html", [False, True])
def test_a_mail_is_its_body_with_its_headers_as_fields(html):
    (record,) = records(mail(html=html).as_bytes(), "x.eml")
    assert record.text == "The patient has melena.\nPlease advise."
    assert record.fields == {
        "subject": "Case – melena",
        "from": "Dr. José <j@example.org>",
        "to": "intake@example.org",
    }
    assert record.places[1].line == 2


def test_the_attachments_of_a_mail_are_read_by_their_own_readers():
    message = mail()
    message.add_attachment(
        b"id,note\n1,a\n2,b\n", maintype="application", subtype="x", filename="c.csv"
    )
    message.add_attachment(
        files.pdf(TWO_PAGES), maintype="application", subtype="pdf", filename="r.pdf"
    )
    message.add_attachment(b"\x7fELF", maintype="application", subtype="x", filename="p.exe")
    found = records(message.as_bytes(), "x.eml", case_id="C")
    assert [(r.record, r.part, r.source_id, getattr(r, "code", None)) for r in found] == [
        (1, None, "C", None),
        (2, "c.csv", "1", None),
        (3, "c.csv", "2", None),
        (4, "r.pdf", "C", None),
        (5, "p.exe", None, "file_type"),
    ]


def test_a_page_without_plain_text_beside_it_is_the_body():
    message = email.message.EmailMessage()
    message["From"] = "a@example.org"
    message["MIME-Version"] = "1.0"
    message.set_content("<p>Only <i>this</i>.</p>", subtype="html")
    assert texts(message.as_bytes()) == ["Only this."]


def test_a_mail_whose_charset_is_a_lie_is_read_and_noted():
    raw = (
        b"From: a@b.example\r\nMessage-ID: <1@b>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + "Déjà vu, naïveté, et cætera.".encode("cp1252")
    )
    with source(raw, "x.eml") as opened:
        assert [record.text for record in read(opened)] == ["Déjà vu, naïveté, et cætera."]
    assert [note.code for note in opened.notes] == ["encoding_guessed"]


# -- text ------------------------------------------------------------------------------------------


def test_a_text_knows_its_lines_and_may_be_a_record_a_page_or_a_line():
    content = "One.\nTwo.\n\fThree.\n\nFour."
    (record,) = records(content, "x.txt", case_id="C")
    assert where(record, "Three") == (2, 3)
    assert record.source_id == "C"
    assert texts(content, "x.txt", unit="page") == ["One.\nTwo.", "Three.\n\nFour."]
    assert [(r.text, r.line) for r in records(content, "x.txt", unit="row")] == [
        ("One.", 1),
        ("Two.", 2),
        ("Three.", 3),
        ("Four.", 5),
    ]
