"""Mailboxes: each e-mail is a record, and a text with `From` in it is one text."""

import io

import pytest

from tests.fakes import files
from tests.fakes.mails import part, reading, several
from winnow.errors import FileBombError
from winnow.readers import ReadLimits, Source, read
from winnow.readers.cases import joined

DATED = "From a@b Mon Jan 01 10:00:00 2024"
WELL, BLEEDING = part("text/plain", "Well."), part("text/plain", "Fresh bleeding.")
BOTH = [("1.eml", "Well."), ("2.eml", "Fresh bleeding.")]


def mail(body: str, line: str = DATED, headers: str = "") -> str:
    return f"{line}\n{headers}From: a@b.example\nMIME-Version: 1.0\n{body}\n\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("line", "headers"),
    [
        (DATED, ""),
        ("From - Mon Jan 01 10:00:00 2024", "X-Mozilla-Status: 0001\n"),
        ("From 178@xxx Mon Jan 01 10:00:00 +0000 2024", "X-GM-THRID: 17\n"),
        ("From MAILER-DAEMON Fri Jul  8 12:08:34 2011", ""),
        ('From "a b"@c Sat, 1 Jan 2024 10:00:00 +0100', ""),
        ("From a@b 2024-01-01T10:00:00", ""),
        ("From a@b", ""),
        (f"{DATED}\n>From c@d Mon Jan 01 2024", ""),
    ],
)
def test_each_mail_of_a_mailbox_is_a_record(line, headers, line_end):
    content = mail(WELL, line, headers) + mail(BLEEDING, line, headers)
    assert reading(content.replace("\n", line_end), "a.eml") == (BOTH, [])


MAILBOXES = {
    "alternatives": (
        mail(several("alternative", WELL, part("text/html", "<p>Well."))) + mail(BLEEDING),
        BOTH,
    ),
    "no empty line between": (mail(WELL).rstrip() + "\n" + mail(BLEEDING), BOTH),
    "three": (mail(WELL) + mail(BLEEDING) * 2, [*BOTH, ("3.eml", "Fresh bleeding.")]),
    "one": (mail(WELL), [(None, "Well.")]),
    "quoted lines": (
        mail(WELL + "\n>From here on.\n>>From x") + mail(BLEEDING),
        [("1.eml", "Well.\nFrom here on.\n>From x"), BOTH[1]],
    ),
    "a text with such a line": (
        mail(WELL + "\n\nFrom my view\nNote: well") + mail(BLEEDING),
        [("1.eml", "Well.\n\nFrom my view\nNote: well"), BOTH[1]],
    ),
    "a mail with such a line": (
        mail(WELL + "\n\nFrom the ward\nFrom: ward\nDate: x\n\nB"),
        [(None, "Well.\n\nFrom the ward\nFrom: ward\nDate: x\n\nB")],
    ),
    "one that is encrypted": (
        mail(WELL) + mail(part("application/pkcs7-mime", "x")) + mail(BLEEDING),
        [BOTH[0], ("2.eml > member 1", "file_encrypted"), ("3.eml", "Fresh bleeding.")],
    ),
}


@pytest.mark.parametrize(("content", "found"), MAILBOXES.values(), ids=MAILBOXES)
def test_where_a_mail_begins(content, found):
    assert reading(content)[0] == found


def test_files_in_a_mailbox_are_left_out_as_in_an_archive():
    row = part("text/csv", "id,note\n1,x", 'Content-Disposition: attachment; filename="a.csv"')
    content = mail(several("mixed", WELL, row)) + mail(BLEEDING)
    assert reading(content) == (BOTH, ["attachments_left_out"])


def test_a_mailbox_in_an_archive_is_not_opened():
    archive = files.package({"a.mbox": mail(WELL) + mail(BLEEDING)})
    assert reading(archive, "x.zip")[0] == [("a.mbox", "file_type")]


def test_a_note_that_begins_with_from_is_a_note():
    text = "From the ward Mon 10:00\nNote: x\n\nFrom the ward Tue 10:00\nNote: y"
    assert reading(text, "x.txt")[0] == [(None, text)]


def test_mails_of_a_mailbox_are_cases_of_their_own():
    content = (mail(WELL) + mail(BLEEDING)).encode()
    with Source(io.BytesIO(content), "x.mbox", ["note"], ["id"], ReadLimits()) as opened:
        assert [line.text for line in joined(opened, read(opened))] == ["Well.", "Fresh bleeding."]


def test_a_mailbox_has_as_many_mails_as_an_archive_has_members():
    limits = ReadLimits(max_members=2)
    with (
        Source(io.BytesIO(mail(WELL).encode() * 3), "x.mbox", ["note"], [], limits) as opened,
        pytest.raises(FileBombError, match="more than 2 e-mails"),
    ):
        list(read(opened))
