"""Base64 and quoted-printable as programs, gateways and lists leave them in mails."""

import base64

import pytest

from tests.fakes.mails import HEAD, part, reading, several

TEXT = "No rash, and none since March."
FOOTER = "______________________\nWard mailing list\nhttps://lists.example/ward"
DAMAGED = ["transfer_encoding_damaged"]
GUESSED = ["transfer_encoding_guessed"]


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_lines(text: str) -> str:
    return base64.encodebytes(text.encode()).decode()


def mail(encoding: str, body: str, kind: str = "text/plain; charset=utf-8") -> str:
    return f"{HEAD}Content-Type: {kind}\nContent-Transfer-Encoding:{encoding}\n\n{body}\n"


@pytest.mark.parametrize(
    "written",
    [" base64 ", "\n base64", ' "base64"', " base64;", " base64; x=y", " base64 (comment)",
     " (comment) base64", " BASE64", " Base-64", " x-base64", " base64\t", " base64, base64",
     " base64."],
)  # fmt: skip
def test_base64_however_its_header_is_written(written):
    assert reading(mail(written, packed(TEXT))) == ([(None, TEXT)], [])


@pytest.mark.parametrize(
    "written",
    [" quoted-printable ", "\n quoted-printable", ' "quoted-printable"', " quoted-printable;",
     " Quoted-Printable; charset=utf-8", " quoted-printable (x)", " quoted_printable"],
)  # fmt: skip
def test_quoted_printable_however_its_header_is_written(written):
    body = "No rash, =61nd none =\nsince March."
    assert reading(mail(written, body)) == ([(None, TEXT)], [])


BODIES = {
    "another word for base64": (" packed", packed(TEXT), TEXT, GUESSED),
    "another word for quoted-printable": (" soft", "No rash, =\n=61t all.", "No rash, at all.",
                                          GUESSED),
    "another word for nothing": (" none", TEXT, TEXT, []),
    "a word, and letters that are no ASCII": (" soft", "M=C3=BCde.", "Müde.", GUESSED),
    "a word that is no encoding": (" utf-8", "Seen today, at=\n", "Seen today, at=", []),
    "a word, and equals signs": (" none", "Hb = 7 =\nx", "Hb = 7 =\nx", []),
    "a word, and figures": (" none", "Hb=12 =\nx=", "Hb=12 =\nx=", []),
    "eight bits": (" 8bit", "Hb=12 g", "Hb=12 g", []),
    "pieces": (" base64", packed("No fever. ") + "\n" + packed("Fresh bleeding."),
               "No fever. Fresh bleeding.", []),
    "pieces on one line": (" base64", packed("No fever. ") + packed("Bleeding.x") + packed("Now"),
                           "No fever. Bleeding.xNow", []),
    "a piece a line": (" base64", "\n".join(map(packed, ("One\n", "Two two\n", "3\n"))),
                       "One\nTwo two\n3", []),
    "lines": (" base64", in_lines(TEXT * 9), TEXT * 9, []),
    "lines with blank ones between": (" base64", in_lines(TEXT * 9).replace("\n", "\n\n"),
                                      TEXT * 9, []),
    "no padding": (" base64", packed(TEXT + "1").rstrip("="), TEXT + "1", []),
    "a footer": (" base64", f"{packed('No rash and so')}\n\n{FOOTER}", f"No rash and so\n{FOOTER}",
                 DAMAGED),
    "a footer behind no padding": (" base64", f"{packed('No rash and so on')}\n{FOOTER}",
                                   f"No rash and so on\n{FOOTER}", DAMAGED),
    "a footer that begins with a word": (" base64", f"{packed('No rash and so')}\nHospital\nA b",
                                         "No rash and so\nHospital\nA b", DAMAGED),
    "a footer behind lines": (" base64", f"{in_lines(TEXT * 9)}{FOOTER}", f"{TEXT * 9}\n{FOOTER}",
                              DAMAGED),
    "a warning before": (" base64", f"[External mail]\n\n{packed(TEXT)}",
                         f"[External mail]\n\n{TEXT}", DAMAGED),
    "a letter that is none": (" base64", in_lines(TEXT * 9).replace("\n", "!\n", 1), TEXT * 9,
                              DAMAGED),
    "a letter too many": (" base64", packed(TEXT * 2) + "\nA", TEXT * 2, DAMAGED),
    "text": (" base64", TEXT, TEXT, DAMAGED),
    "blanks behind soft breaks": (" quoted-printable", "mele= \nna=\t\n, once", "melena, once", []),
    "an end that is soft": (" quoted-printable", "melena=", "melena", []),
}  # fmt: skip


@pytest.mark.parametrize(("encoding", "body", "text", "notes"), BODIES.values(), ids=BODIES)
def test_what_a_body_is_packed_in(encoding, body, text, notes):
    assert reading(mail(encoding, body)) == ([(None, text)], notes)
    if "\n" not in text:
        content = mail(encoding, body).replace("\n", "\r\n")
        assert reading(content) == ([(None, text)], notes)


def test_base64_of_which_no_header_tells():
    assert reading(HEAD + part("text/plain", packed(TEXT))) == ([(None, TEXT)], GUESSED)
    assert reading(HEAD + part("text/plain", "Hb=12 g")) == ([(None, "Hb=12 g")], [])


CSV = "id,note\n1,Fresh bleeding.\n2,No rash.\n"


@pytest.mark.parametrize("kind", ["text/csv", "application/octet-stream"])
@pytest.mark.parametrize(
    ("encoding", "body", "notes"),
    [
        (" base64 ", packed(CSV), []),
        ("\n base64", packed(CSV), []),
        (" base64", "\n".join(packed(line + "\n") for line in CSV.splitlines()), []),
        (" base64", "".join(packed(line + "\n") for line in CSV.splitlines()), []),
        (" quoted-printable;", CSV.replace("1,F", "=31,=\nF"), []),
    ],
)
def test_what_an_attachment_is_packed_in(kind, encoding, body, notes):
    file = part(
        kind, body, 'Content-Disposition: attachment; filename="a.csv"',
        f"Content-Transfer-Encoding:{encoding}",
    )  # fmt: skip
    found = [(None, "See file."), ("a.csv", "Fresh bleeding."), ("a.csv", "No rash.")]
    content = HEAD + several("mixed", part("text/plain", "See file."), file)
    assert reading(content) == (found, notes)


def test_a_footer_is_no_part_of_a_file():
    file = part(
        "application/octet-stream", f"{packed(CSV)}\n-- \na footer",
        'Content-Disposition: attachment; filename="a.csv"', "Content-Transfer-Encoding: base64",
    )  # fmt: skip
    found, notes = reading(HEAD + several("mixed", part("text/plain", "See file."), file))
    assert found[1:] == [("a.csv", "Fresh bleeding."), ("a.csv", "No rash.")]
    assert notes == DAMAGED
