"""Mails as programs make them: one mail is one record and its attachments, once, and none lost."""

import email.message
import io

import pytest

from tests.fakes import files
from tests.fakes.mails import HEAD, part, reading, several
from winnow.errors import WinnowError
from winnow.parsers.mail import message
from winnow.parsers.mail.message import flowed
from winnow.readers import ReadLimits, Source, read

PDF = files.pdf([files.lines(["From the PDF."])])


def file(name: str, content: bytes, kind: str = "application/pdf") -> str:
    import base64

    text = base64.encodebytes(content).decode()
    return part(
        kind, text, "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{name}"',
    )  # fmt: skip


TEXT = part("text/plain", "Melena, twice.")
BLANK = part("text/plain", " \u00a0\n\n")
PAGE = part("text/html", "<p>Melena, <b>twice</b>.")
CALENDAR = part(
    "text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nDESCRIPTION:Melena\nEND:VCALENDAR"
)
AMP = part("text/x-amp-html", "<!doctype html><html amp4email><body>Melena, twice.")
LOGO = part("image/png", "iVBORw0KGgo=", "Content-ID: <logo>", "Content-Transfer-Encoding: base64")
WITH_LOGO = part("text/html", "<p>Melena, twice.<img src='cid:logo'>")
SIGNATURE = part("application/pgp-signature; name=signature.asc", "-----BEGIN PGP SIGNATURE-----")
ATTACHED = file("lab.pdf", PDF)
INNER = part("message/rfc822", HEAD + "\nThe forwarded case.")
ONE = [(None, "Melena, twice.")]
WITH_PDF = [*ONE, ("lab.pdf", "From the PDF.")]

BODIES = {
    "plain": (TEXT, ONE),
    "a page": (PAGE, ONE),
    "alternatives": (several("alternative", TEXT, PAGE), ONE),
    "a page first": (several("alternative", PAGE, TEXT), ONE),
    "a blank plain part": (several("alternative", BLANK, PAGE), ONE),
    "a plain part of no width": (
        several("alternative", part("text/plain", "\u200b\ufeff"), PAGE),
        ONE,
    ),
    "a blank page": (several("alternative", TEXT, part("text/html", "<p>&nbsp;")), ONE),
    "a blank plain part and a file": (
        several("mixed", several("alternative", BLANK, PAGE), ATTACHED),
        WITH_PDF,
    ),
    "a plain part that says nothing": (
        several(
            "alternative",
            part("text/plain", "See the page."),
            part("text/html", "<p>" + "Melena. " * 9),
        ),
        [(None, ("Melena. " * 9).strip())],
    ),
    "boxes that the plain part lacks": (
        several(
            "alternative",
            part("text/plain", "Melena\nFever"),
            part(
                "text/html", "<p><input type=checkbox>Melena<p><input type=checkbox checked>Fever"
            ),
        ),
        [(None, "[ ] Melena\n[x] Fever")],
    ),
    "boxes that both parts have": (
        several(
            "alternative",
            part("text/plain", "[ ] Melena\n[x] Fever."),
            part(
                "text/html", "<p><input type=checkbox>Melena<p><input type=checkbox checked>Fever"
            ),
        ),
        [(None, "[ ] Melena\n[x] Fever.")],
    ),
    "related in alternative": (
        several("alternative", TEXT, several("related", WITH_LOGO, LOGO)),
        ONE,
    ),
    "alternative in related": (
        several("related", several("alternative", TEXT, WITH_LOGO), LOGO),
        ONE,
    ),
    "a file in related": (several("related", WITH_LOGO, LOGO, ATTACHED), WITH_PDF),
    "a calendar in alternative": (several("alternative", TEXT, PAGE, CALENDAR), ONE),
    "a calendar beside": (several("mixed", TEXT, CALENDAR), ONE),
    "AMP": (several("alternative", TEXT, AMP, PAGE), ONE),
    "RTF as an alternative": (
        several("alternative", TEXT, part("application/rtf", "{\\rtf1 x}")),
        ONE,
    ),
    "Apple's mixed in alternative": (
        several(
            "alternative", TEXT, several("mixed", PAGE, ATTACHED, part("text/html", "<p><br>"))
        ),
        WITH_PDF,
    ),
    "a file in alternative": (several("alternative", TEXT, PAGE, ATTACHED), WITH_PDF),
    "alternative in alternative": (
        several("alternative", several("alternative", TEXT, PAGE), PAGE),
        ONE,
    ),
    "alternatives that are mixed": (several("mixed", TEXT, PAGE), ONE),
    "a page with a footer beside": (
        several("mixed", TEXT, part("text/html", "<p>Melena, twice.<p>Clinic")),
        [(None, "Melena, twice.\nClinic")],
    ),
    "signed by PGP": (several("signed", TEXT, SIGNATURE), ONE),
    "signed, with a footer of a list": (
        several("mixed", several("signed", TEXT, SIGNATURE), part("text/plain", "List")),
        [(None, "Melena, twice.\nList")],
    ),
    "signed by S/MIME": (
        several(
            "signed",
            several("alternative", TEXT, PAGE),
            file("smime.p7s", b"0", "application/pkcs7-signature"),
        ),
        ONE,
    ),
    "encrypted by PGP": (
        several(
            "encrypted",
            part("application/pgp-encrypted", "Version: 1"),
            part("application/octet-stream", "x"),
        ),
        [("member 1", "file_encrypted")],
    ),
    "S/MIME": (
        file("smime.p7m", b"0", "application/pkcs7-mime; smime-type=enveloped-data"),
        [("smime.p7m", "file_encrypted")],
    ),
    "a report": (
        several(
            "report",
            part("text/plain", "Not delivered."),
            part("message/delivery-status", "Reporting-MTA: dns; x\n\nAction: failed"),
            INNER,
        ),
        [(None, "Not delivered."), ("attached.eml", "The forwarded case.")],
    ),
    "a forwarded mail": (
        several("mixed", TEXT, INNER),
        [*ONE, ("attached.eml", "The forwarded case.")],
    ),
    "a body called an attachment": (
        part("text/plain", "Melena, twice.", "Content-Disposition: attachment"),
        ONE,
    ),
    "a blank file of a gateway": (
        several("mixed", TEXT, part("text/html; name=ATT00001.htm", "<html>")),
        ONE,
    ),
    "no end boundary": (several("mixed", TEXT, ATTACHED, end=False), WITH_PDF),
    "no boundary named": (
        several("mixed", TEXT, ATTACHED).replace("; boundary=", "; x="),
        WITH_PDF,
    ),
    "another boundary named": (
        several("mixed", TEXT, ATTACHED).replace('boundary="', 'boundary="no'),
        WITH_PDF,
    ),
    "several parts in none": ('Content-Type: multipart/mixed; boundary="x"\n\nMelena, twice.', ONE),
    "no part at all": (several("mixed"), [(None, "no_records")]),
    "a card": (
        several("mixed", TEXT, part("text/x-vcard; name=a.vcf", "BEGIN:VCARD\nEND:VCARD")),
        ONE,
    ),
    "a mail in base64": (
        several(
            "mixed",
            TEXT,
            part(
                "message/rfc822",
                "RnJvbTogYUBiLmV4YW1wbGUKTWVzc2FnZS1JRDogPDFAYj4KClRoZSBmb3J3YXJkZWQgY2FzZS4K",
                "Content-Transfer-Encoding: base64",
            ),
        ),
        [*ONE, ("attached.eml", "The forwarded case.")],
    ),
    "an unknown type of several": (several("x-unknown", TEXT, ATTACHED), WITH_PDF),
    "Markdown": (part("text/markdown", "Melena, twice."), ONE),
    "a type that is none": (part("text", "Melena, twice."), ONE),
}


@pytest.mark.parametrize(("body", "found"), BODIES.values(), ids=BODIES)
def test_a_mail_is_one_record_and_its_attachments(body, found):
    assert reading(HEAD + body)[0] == found


@pytest.mark.parametrize("kind", ["text/plain", "multipart/mixed"])
@pytest.mark.parametrize("header", ["Content-Type", "content-disposition"])
def test_of_a_header_of_parameters_no_more_than_any_program_writes_is_taken_apart(
    kind, header, monkeypatch
):
    longest = 0
    parted = email.message._parseparam  # type: ignore[attr-defined]

    def watched(text):
        nonlocal longest
        longest = max(longest, len(text))
        return parted(text)

    monkeypatch.setattr(email.message, "_parseparam", watched)
    head = f"From: a@example.org\nMIME-Version: 1.0\n{header}: {kind}; a=1"
    items: list[list] = []
    message.parse(
        io.BytesIO((head + "; b=c" * 100_000 + "\n\nMelena.").encode()),
        ReadLimits().model_dump(), items.append, None,
    )  # fmt: skip
    assert items[-1] == ["text", "Melena.\n", None, 1]
    assert 0 < longest <= 20_000  # written anew, its values stand in quotes


def test_what_holds_no_text_is_left_out_and_said():
    assert reading(HEAD + several("signed", TEXT, SIGNATURE)) == (ONE, ["parts_left_out"])
    assert reading(HEAD + several("alternative", TEXT, PAGE)) == (ONE, [])


ENCODINGS = {
    "Latin 1 is Windows-1252": ("iso-8859-1", b"hasn\x92t \x96 ok", "hasn’t – ok", []),
    "so is ASCII": ("us-ascii", b"hasn\x92t", "hasn’t", []),
    "a name of the web": ("x-cp1250", b"\x8aimon", "Šimon", []),
    "Japanese": ("iso-2022-jp", "下血".encode("iso2022_jp"), "下血", []),
    "two letters of Chinese": ("gb2312", "黑便".encode("gb2312"), "黑便", []),
    "Hebrew, from right to left": ("iso-8859-8-i", "שלום".encode("iso8859_8"), "שלום", []),
    "UTF-16 with its mark": ("utf-16", "Melena – twice".encode("utf-16"), "Melena – twice", []),
    "UTF-7": ("utf-7", b"Melena +IBM- twice", "Melena – twice", []),
    "UTF-8 with its mark": ("utf-8", b"\xef\xbb\xbfMelena", "Melena", []),
    "no name": ("", "Déjà vu – naïveté".encode(), "Déjà vu – naïveté", []),
    "UTF-8 called Latin 1": ("iso-8859-1", "Déjà vu".encode(), "Déjà vu", ["encoding_guessed"]),
    "Latin 1 called UTF-8": (
        "utf-8",
        "Déjà, naïveté".encode("cp1252"),
        "Déjà, naïveté",
        ["encoding_guessed"],
    ),
    "a codec that is no text": ("base64", "Déjà vu".encode(), "Déjà vu", []),
    "a codec that runs what it reads": ("unicode_escape", rb"\x41 Melena", r"\x41 Melena", []),
    "a name that is none": ("x-nosuch", "Déjà vu".encode(), "Déjà vu", []),
    "bytes that are none": ("windows-1252", b"Melena \x81", "Melena \ufffd", ["bytes_replaced"]),
}


@pytest.mark.parametrize(("name", "content", "text", "notes"), ENCODINGS.values(), ids=ENCODINGS)
def test_the_encoding_of_a_mail_is_what_the_web_means_by_its_name(name, content, text, notes):
    import base64

    charset = f'; charset="{name}"' if name else ""
    raw = f"{HEAD}Content-Type: text/plain{charset}\n"
    packed = f"{raw}Content-Transfer-Encoding: base64\n\n".encode() + base64.encodebytes(content)
    assert reading(packed) == ([(None, text)], notes)
    if b"\x00" not in content:
        assert reading(f"{raw}Content-Transfer-Encoding: 8bit\n\n".encode() + content) == (
            [(None, text)],
            notes,
        )


def test_a_page_in_a_mail_may_declare_its_own_encoding():
    body = b"\n<meta charset=windows-1251><p>" + "Мелена".encode("cp1251")
    assert reading(f"{HEAD}Content-Type: text/html\n".encode() + body)[0] == [(None, "Мелена")]


def test_an_attached_text_keeps_the_encoding_that_the_mail_says():
    row = part(
        'text/csv; charset="iso-8859-2"', "id,note\n1,@",
        'Content-Disposition: attachment; filename="a.csv"', "Content-Transfer-Encoding: 8bit",
    )  # fmt: skip
    raw = (
        (HEAD + several("mixed", TEXT, row)).encode().replace(b"@\n", "Łódź\n".encode("iso8859_2"))
    )
    assert reading(raw)[0] == [*ONE, ("a.csv", "Łódź")]


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\n", b"\xef\xbb\xbf\n", b"From x Mon\n"])
def test_what_stands_before_the_headers_is_no_text(before):
    assert reading(before + (HEAD + TEXT).encode())[0] == ONE


def test_a_mail_saved_as_utf_16_is_read():
    assert reading((HEAD + TEXT).encode("utf-16"))[0] == ONE


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"=?utf-8?q?Caf=C3=A9?=", "Café"),
        (b"=?UTF-8?B?Q2Fmww==?= =?UTF-8?B?qQ?=", "Café"),
        (b"=?utf-8?q?Caf=C3?= =?utf-8?q?=A9_1?=", "Café 1"),
        (b"=?iso-8859-1?q?hasn=92t?= done", "hasn’t done"),
        (b"=?base64?q?x?=", "=?base64?q?x?="),
        (b"=?utf-8?b?Q2Fm?", "=?utf-8?b?Q2Fm?"),
        (b"=?utf-8*en?q?Melena?=", "Melena"),
        (b"Caf\xc3\xa9", "Café"),
        (b"Caf\xe9", "Café"),
        (b"=?utf-8?b?!!!!?= x", "x"),
    ],
)
def test_headers_in_any_encoding(raw, value):
    content = b"Subject: " + raw + b"\n" + (HEAD + TEXT).encode()
    with Source(io.BytesIO(content), "x.eml", ["note"], ["id"], ReadLimits()) as opened:
        (record,) = read(opened)
    assert record.fields["subject"] == value


def test_lines_that_the_mail_program_broke_are_whole():
    body = part(
        "text/plain; format=flowed", "She has \nmelena.\n\n Twice.\n> Since \n> May?\n-- \nDr. A "
    )
    assert reading(HEAD + body)[0] == [
        (None, "She has melena.\n\nTwice.\n> Since May?\n-- \nDr. A")
    ]
    assert flowed(["黑 ", "便"], joined=True) == ["黑便"]


def test_a_member_that_raises_anything_is_one_invalid_record(monkeypatch):
    from winnow.readers.tabular import delimited

    def fails(*_: object) -> None:
        raise LookupError("with text of the document")

    monkeypatch.setattr(delimited, "sniff", fails)
    row = file("a.csv", b"id,note\n1,x\n", "text/csv")
    found, _ = reading(HEAD + several("mixed", TEXT, row, ATTACHED))
    assert found == [*ONE, ("a.csv", "file_unreadable"), ("lab.pdf", "From the PDF.")]
    archive = files.package({"a.csv": "id,note\n1,x\n", "b.txt": "Melena."})
    with Source(io.BytesIO(archive), "x.zip", ["note"], ["id"], ReadLimits()) as opened:
        bad, good = read(opened)
    assert (bad.code, good.text) == ("file_unreadable", "Melena.")
    assert "LookupError at test_mail.py" in bad.reason
    assert "document" not in bad.reason


def test_a_file_on_which_its_reader_fails_has_a_code(monkeypatch):
    from winnow.readers import json_array

    def read_all() -> None:
        content = io.BytesIO(b'[{"note": "a"}]')
        with Source(content, "x.json", ["note"], [], ReadLimits()) as opened:
            list(read(opened))

    def fails(error: type[BaseException]) -> None:
        raise error

    monkeypatch.setattr(json_array, "record_of", lambda *_: fails(ZeroDivisionError))
    with pytest.raises(WinnowError, match=r"file_unreadable: .*ZeroDivisionError"):
        read_all()
    monkeypatch.setattr(json_array, "record_of", lambda *_: fails(MemoryError))
    with pytest.raises(MemoryError):
        read_all()


@pytest.mark.parametrize("tag", ["s", "del", "strike"])
def test_what_a_page_strikes_through_is_not_read_from_the_plain_part(tag):
    page = part("text/html", f"<p>Fine. <{tag}>Ongoing melena.</{tag}></p>")
    content = HEAD + several("alternative", part("text/plain", "Fine. Ongoing melena."), page)
    with Source(io.BytesIO(content.encode()), "x.eml", ["text"], ["id"], ReadLimits()) as opened:
        assert [record.text for record in read(opened)] == ["Fine."]
    assert "struck_text" in [note.code for note in opened.notes]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>Well.<noscript><p>Melena.</noscript><p>Afebrile.", "Well.\nMelena.\nAfebrile."),
        ("<head><noscript><style>.x{display:none}</style></noscript><p class=x>No.<p>Yes.", "Yes."),
        ("<p>Well.<noscript><i>No</i> melena", "Well.No melena"),
        ("<p>Well.<noscript></noscript><script>Melena.</script>", "Well."),
        ("<p>Well.<noscript><p hidden>Melena.</noscript>", "Well."),
    ],
)
def test_a_mail_program_runs_no_scripts(page, text):
    assert reading(HEAD + part("text/html", page))[0] == [(None, text)]


XHTML = (
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
    "<body><script src='x'/><p>Melena.</p></body></html>"
)


@pytest.mark.parametrize(
    ("kind", "found"),
    [("application/xhtml+xml", [(None, "Melena.")]), ("text/html", [(None, "no_records")])],
)
def test_a_page_of_xml_closes_elements_as_xml_does(kind, found):
    assert reading(HEAD + part(kind, XHTML))[0] == found
