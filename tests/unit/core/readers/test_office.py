"""Word files, workbooks, pages and mails as people's programs make them."""

import datetime
import email.message
import email.mime.multipart
import email.mime.text
import io

import openpyxl
import pytest

from tests.fakes import files
from winnow.errors import FileTypeError
from winnow.readers import ReadLimits, Source, read


def records(content: bytes | str, name: str = "x", **options):
    data = content.encode() if isinstance(content, str) else content
    with Source(
        io.BytesIO(data), name, ["note", "text"], ["id"], ReadLimits(), **options
    ) as opened:
        return list(read(opened))


def lines(content: bytes | str, name: str = "x") -> list[str]:
    (record,) = records(content, name)
    return str(record.text).split("\n")


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def field(inner: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{inner}</w:ffData></w:fldChar></w:r>'


# -- Word ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "read_as"),
    [
        ("<w:del>" + run("gone") + "<w:r><w:tab/></w:r></w:del>", "Bleeding."),
        ("<w:moveFrom>" + run("moved away") + "</w:moveFrom>", "Bleeding."),
        ("<w:moveTo>" + run("moved here") + "</w:moveTo>", "Bleeding.moved here"),
        ("<w:ins>" + run(" new") + "</w:ins>", "Bleeding. new"),
        (run("hidden", "<w:vanish/>"), "Bleeding."),
        (run(" seen", '<w:vanish w:val="0"/>'), "Bleeding. seen"),
        (run("co\u00adoperate"), "Bleeding.cooperate"),
    ],
)
def test_of_tracked_changes_and_hidden_text_what_the_page_shows_is_read(marked, read_as):
    assert lines(files.docx(f"<w:p>{run('Bleeding.')}{marked}</w:p>")) == [read_as]


def test_the_mark_of_a_hidden_paragraph_end_hides_no_text():
    body = f"<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>{run('Seen.')}</w:p>"
    assert lines(files.docx(body)) == ["Seen."]


def test_content_controls_are_read_unless_they_only_say_what_to_enter():
    body = (
        "<w:sdt><w:sdtPr/><w:sdtContent>" + files.paragraph("Anemia.") + "</w:sdtContent></w:sdt>"
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
        + files.paragraph("Click or tap here to enter text.")
        + "</w:sdtContent></w:sdt>"
        + files.paragraph("The end.")
    )
    assert lines(files.docx(body)) == ["Anemia.", "___", "The end."]


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ('<w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>', "[x]"),
        ('<w:checkBox><w:default w:val="1"/></w:checkBox>', "[x]"),
        ('<w:checkBox><w:default w:val="1"/><w:checked w:val="0"/></w:checkBox>', "[ ]"),
        (
            '<w:ddList><w:result w:val="1"/><w:default w:val="0"/><w:listEntry w:val="urgent"/>'
            '<w:listEntry w:val="routine"/></w:ddList>',
            "routine",
        ),
        ('<w:ddList><w:result w:val="7"/><w:listEntry w:val="urgent"/></w:ddList>', "___"),
        ('<w:ddList><w:listEntry w:val="  "/><w:listEntry w:val="urgent"/></w:ddList>', "___"),
    ],
)
def test_fields_of_old_forms_show_what_was_chosen(inner, shown):
    body = f"<w:p>{run('Priority: ')}{field(inner)}{run('.')}</w:p>"
    assert lines(files.docx(body)) == [f"Priority: {shown}."]


def test_symbols_and_formulas_are_part_of_the_sentence():
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    body = (
        f"<w:p>{run('10')}"
        '<w:r><w:sym w:font="Symbol" w:char="F0B1"/></w:r>'
        f"{run('2, if ')}"
        f'<m:oMath xmlns:m="{math}"><m:r><m:t>x=2</m:t></m:r></m:oMath>'
        '<w:r><w:sym w:font="Other" w:char="F001"/></w:r></w:p>'
    )
    assert lines(files.docx(body)) == ["10±2, if x=2\ufffd"]


def test_tables_in_tables_links_lists_and_text_boxes():
    body = (
        f"<w:p>{run('See ')}<w:hyperlink>{run('the policy')}</w:hyperlink>{run(' first.')}</w:p>"
        "<w:p><w:pPr><w:numPr/></w:pPr>" + run("First of a list") + "</w:p>"
        "<w:tbl><w:tr><w:tc>"
        + files.paragraph("Outer")
        + files.table([["a", "b"], ["c", "d"]])
        + "</w:tc><w:tc>"
        + files.paragraph("Beside")
        + "</w:tc></w:tr></w:tbl>"
        "<w:p><w:r><w:drawing><w:txbxContent>"
        + files.paragraph("In a box.")
        + f"</w:txbxContent></w:drawing></w:r>{run('Around it.')}</w:p>"
    )
    assert lines(files.docx(body)) == [
        "See the policy first.",
        "First of a list",
        "Outer",
        "a\tb",
        "c\td",
        "Beside",
        "In a box.",
        "Around it.",
    ]


def test_a_strict_file_is_read_like_a_usual_one():
    import zipfile

    usual = files.docx(files.paragraph("Read.") + files.table([["a", "b"]]))
    with zipfile.ZipFile(io.BytesIO(usual)) as package:
        members = {name: package.read(name) for name in package.namelist()}
    strict = {
        name: content.replace(
            files.WORD.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main"
        ).replace(
            files.RELATIONS.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
        for name, content in members.items()
    }
    assert strict != members
    assert lines(files.package(strict)) == ["Read.", "a\tb"]


# -- workbooks -------------------------------------------------------------------------------------


def book(*rows: list[object], epoch: datetime.datetime | None = None, **formats: str) -> bytes:
    """A workbook of one sheet; `formats` are of cells, by their names."""
    made = openpyxl.Workbook()
    if epoch:
        made.epoch = epoch
    sheet = made.worksheets[0]
    for row in rows:
        sheet.append(row)
    for cell, form in formats.items():
        sheet[cell].number_format = form
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_values_of_cells():
    content = book(
        ["id", "note", "number as text", "long time", "time", "share", "error"],
        [
            "1",
            "a",
            "00123",
            datetime.timedelta(hours=30, seconds=5),
            datetime.time(12),
            0.125,
            "#N/A",
        ],
        D2="[h]:mm:ss",
        F2="0.0%",
    )
    (row,) = records(content)
    assert row.fields == {
        "number as text": "00123",
        "long time": "30:00:05",
        "time": "12:00:00",
        "share": "12.5%",
        "error": "",
    }


def test_dates_since_1904():
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    seen = datetime.date(2024, 5, 1)
    (row,) = records(book(["note", "seen"], ["a", seen], epoch=CALENDAR_MAC_1904, B2="yyyy-mm-dd"))
    assert row.fields == {"seen": "2024-05-01"}


def test_a_merged_cell_is_of_its_first_row():
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    for row in (["note", "ward"], ["a", "North"], ["b", None]):
        sheet.append(row)
    sheet.merge_cells("B2:B3")
    out = io.BytesIO()
    made.save(out)
    assert [row.fields["ward"] for row in records(out.getvalue())] == ["North", ""]


# -- HTML ------------------------------------------------------------------------------------------


def page(body: str) -> str:
    return f"<!doctype html><html><body>{body}</body></html>"


def test_a_saved_form_shows_what_was_entered():
    content = page(
        "<label>Name <input type=text value='Maria'></label><input type=hidden value=token>"
        "<select><option>A<option selected>B</select><select><option>first<option>second</select>"
        "<textarea>typed</textarea><input type=checkbox checked> urgent <input type=radio> not"
        "<input type=password value=secret>"
    )
    assert lines(content) == ["Name Maria B first typed [x] urgent [ ] not"]


def test_what_a_reader_does_not_see_of_a_page():
    content = page(
        "<p>Hb<!-- no --> 8<del> no</del>.<noscript>no</noscript><template>no</template>"
        "<p>co&shy;operate&#8203;d<svg><title>no</title></svg>"
    )
    assert lines(content) == ["Hb 8.", "cooperated"]


def test_tables_for_layout_are_read_in_order():
    content = page(
        "<table><tr><td>Before<td><table><tr><td>a<td>b<tr><td>c<td>d</table>after<tr><td>e</table>"
    )
    assert lines(content) == ["Before", "a\tb", "c\td", "after", "e"]


def test_the_encoding_of_xhtml_is_that_of_its_xml():
    content = '<?xml version="1.0" encoding="iso-8859-15"?><html><body>5 €</body></html>'
    assert lines(content.encode("iso8859_15")) == ["5 €"]


# -- pictures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmif1", "HEIC"),
    ],
)
def test_photographs_of_other_kinds_say_what_to_save_them_as(head, name):
    with pytest.raises(FileTypeError, match=rf"{name}.*JPEG"):
        records(head + bytes(50), "photo.jpg")


# -- mail ------------------------------------------------------------------------------------------

PDF = files.pdf([files.lines(["From the PDF."])])


def mail() -> email.message.EmailMessage:
    message = email.message.EmailMessage()
    message["From"] = "=?utf-8?q?Dr=2E_Jos=C3=A9?= <j@example.org>"
    message["Subject"] = "Überweisung – " + "Fall " * 20
    message["Message-ID"] = "<1@example.org>"
    return message


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
def test_bodies_and_headers_of_any_encoding(encoding):
    message = mail()
    message.set_content(
        "A café – and a line that is so long that it has to be broken. " * 4, cte=encoding
    )
    (record,) = records(message.as_bytes())
    assert (
        record.text.strip()
        == ("A café – and a line that is so long that it has to be broken. " * 4).strip()
    )
    assert record.fields["from"] == "Dr. José <j@example.org>"
    assert record.fields["subject"].startswith("Überweisung – Fall Fall")


def test_a_file_shown_in_the_mail_is_an_attachment_all_the_same():
    """As Apple's Mail sends PDFs, and telephones send photographs."""
    message = mail()
    message.set_content("See below.")
    message.add_attachment(
        PDF, maintype="application", subtype="pdf", filename="lab.pdf", disposition="inline"
    )
    message.add_attachment(
        b"\x89PNG\r\n\x1a\n...", maintype="image", subtype="png", disposition="inline"
    )
    found = records(message.as_bytes())
    assert [(r.part, getattr(r, "text", None) or r.code) for r in found] == [
        (None, "See below."),
        ("lab.pdf", "From the PDF."),
        ("member 2", "file_type"),
    ]


def test_a_picture_of_the_page_is_no_attachment():
    message = mail()
    message.set_content("<p>Dear all <img src='cid:logo'></p>", subtype="html")
    message.add_related(b"\x89PNG\r\n\x1a\n...", "image", "png", cid="<logo>")
    assert [record.text for record in records(message.as_bytes())] == ["Dear all"]


def test_a_page_between_texts_is_read_as_a_page():
    message = email.mime.multipart.MIMEMultipart("mixed")
    message["From"] = "a@example.org"
    message["Message-ID"] = "<1@example.org>"
    message.attach(email.mime.text.MIMEText("First."))
    message.attach(email.mime.text.MIMEText("<p>Between.</p>", "html"))
    message.attach(email.mime.text.MIMEText("Last."))
    found = records(message.as_bytes())
    assert [record.text for record in found] == ["First.\nLast.", "Between."]


def test_a_forwarded_mail_is_read_with_its_own_headers():
    inner = mail()
    inner.set_content("The forwarded case.")
    message = mail()
    message.set_content("FYI")
    message.add_attachment(inner)
    first, second = records(message.as_bytes())
    assert (first.text, second.text, second.part) == ("FYI", "The forwarded case.", "attached.eml")
    assert second.fields["from"] == "Dr. José <j@example.org>"
