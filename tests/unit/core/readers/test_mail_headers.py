"""Headers of mails with lines among them that are none, and texts that only look like headers."""

import base64

import pytest

from tests.fakes.mails import HEAD, part, reading, several

TEXT = "Fresh bleeding since May."
PLAIN = "Content-Type: text/plain; charset=utf-8\n"
PAGE = "Content-Type: text/html; charset=utf-8\n"
PACKED = "Content-Transfer-Encoding: base64\n"
GATEWAY = "Scanned by the gateway\n"
BOX = "From a@b Mon Jan 01 10:00:00 2024\n"
LEFT_OUT = ["header_lines_left_out"]
SEE = part("text/plain", "See.")


def packed(text: str) -> str:
    return f"\n{base64.b64encode(text.encode()).decode()}\n"


END = packed(TEXT)
CSV = packed(f"id,note\n1,{TEXT}\n")

MENDED = {
    "a line": (HEAD + GATEWAY + PLAIN + PACKED + END, [(None, TEXT)], LEFT_OUT),
    "between": (HEAD + PLAIN + GATEWAY + PACKED + END, [(None, TEXT)], LEFT_OUT),
    "several": (HEAD + GATEWAY + "x\n" + PLAIN + "y\n" + PACKED + END, [(None, TEXT)], LEFT_OUT),
    "one that goes on": (
        HEAD + GATEWAY + "  of the ward\n" + PLAIN + PACKED + END,
        [(None, TEXT)],
        LEFT_OUT,
    ),
    "before a header of mails alone": (
        HEAD.replace("Message-ID: <1@b>\n", "") + PLAIN + PACKED + GATEWAY + "Message-ID: <1>\n"
        + END,
        [(None, TEXT)],
        LEFT_OUT,
    ),
    "not English": (HEAD + "Prüfung: x\n" + PLAIN + PACKED + END, [(None, TEXT)], LEFT_OUT),
    "a subject that is not folded": (
        HEAD + "Subject: a long one\nthat goes on\n" + PLAIN + PACKED + END,
        [(None, TEXT)],
        LEFT_OUT,
    ),
    "blanks before colons": (
        HEAD + "Content-Type : text/html\nContent-Transfer-Encoding\t: base64\n"
        + packed(f"<p>{TEXT}"),
        [(None, TEXT)],
        [],
    ),
    "blanks before all colons": (
        (HEAD + PLAIN + PACKED).replace(":", " :") + END,
        [(None, TEXT)],
        [],
    ),
    "parameters that are not folded": (
        HEAD + "Content-Type: text/html;\ncharset=utf-8\n" + PACKED + packed(f"<p>{TEXT}"),
        [(None, TEXT)],
        [],
    ),
    "nor with a semicolon": (
        HEAD + "Content-Type: text/html\ncharset=utf-8\n" + PACKED + packed(f"<p>{TEXT}"),
        [(None, TEXT)],
        [],
    ),
    "a header without a name": (HEAD + ": x\n" + PLAIN + PACKED + END, [(None, TEXT)], []),
    "in a part": (
        HEAD + several("mixed", PLAIN + GATEWAY + PACKED + END),
        [(None, TEXT)],
        LEFT_OUT,
    ),
    "in a part of a part": (
        HEAD + several("mixed", several("alternative", PLAIN + GATEWAY + PACKED + END)),
        [(None, TEXT)],
        LEFT_OUT,
    ),
    "in a file": (
        HEAD + several("mixed", SEE, "Content-Type: text/csv\n" + GATEWAY
        + "Content-Disposition: attachment;\nfilename=a.csv\n" + PACKED + CSV),
        [(None, "See."), ("a.csv", TEXT)],
        LEFT_OUT,
    ),
    "in a forwarded mail": (
        HEAD + several("mixed", SEE, "Content-Type: message/rfc822\n\n" + HEAD + GATEWAY + PLAIN
        + PACKED + END),
        [(None, "See."), ("attached.eml", TEXT)],
        LEFT_OUT,
    ),
    "a mailbox's quoted line": (
        BOX + f">{BOX}" + HEAD + PLAIN + PACKED + END,
        [(None, TEXT)],
        [],
    ),
    "such lines alone": (f">{BOX}>{BOX}" + HEAD + "\n" + TEXT, [(None, TEXT)], []),
}  # fmt: skip


@pytest.mark.parametrize(("content", "found", "notes"), MENDED.values(), ids=MENDED)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_headers_behind_a_line_that_is_none_are_headers(content, found, notes, line_end):
    assert reading(content.replace("\n", line_end)) == (found, notes)


TEXTS = {
    "titles": "Impression: none\nX-ray: clear\nContent-Type: x\n\nMore.",
    "dashes": "A\n--\nWard\nContent-Type: x\n\nB",
    "a boundary": "see boundary=zz\n--zz\nNo rash\nContent-Type: x",
    "a mailbox's line": "A\n\nFrom here on well.\n>From x\nB",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_that_looks_like_headers_stays(text):
    assert reading(HEAD + part("text/plain", text)) == ([(None, text)], [])
    found, notes = reading(HEAD + several("mixed", part("text/plain", text)))
    assert (found, notes) == ([(None, text)], [])


@pytest.mark.parametrize(
    "text",
    [
        "No rash.\nSecond: line",
        "No rash.\nHistory: anemia\n\nMore.",
        "No rash.\nX-ray: clear\nDate: 1/2/24\nReceived: 2 units\nFrom: ward\nFollow-up: no\n\nB",
    ],
)
def test_a_text_below_headers_without_an_empty_line_stays(text):
    found = [(None, text)]
    assert reading(HEAD + several("mixed", "Content-Type: text/plain\n" + text)) == (found, [])
    assert reading(HEAD + "Content-Type: text/plain\n" + text) == (found, [])


def test_what_is_a_mailbox_line_in_a_note_is_its_text():
    text = "From the ward:\n>From here\nNo rash."
    assert reading(text, "x.txt") == ([(None, text)], [])
