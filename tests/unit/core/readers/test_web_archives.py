"""Web archives (MHTML): style sheets beside the page hide what they hide in the browser."""

import base64

import pytest

from tests.fakes.mails import HEAD, part, reading, several

GONE = ".gone{display:none}"
BODY = "<p class=gone>Tarry stools.</p><p>Well."
BOTH = "Tarry stools.\nWell."
HIDDEN, LEFT_OUT = ["hidden_text"], ["styles_left_out"]


def link(address: str, more: str = "rel=stylesheet") -> str:
    return f'<link {more} href="{address}">'


def sheet(place: str, text: str = GONE, *headers: str) -> str:
    return part("text/css; charset=utf-8", text, f"Content-Location: {place}", *headers)


def archive(head: str, *parts: str, body: str = BODY, place: str = "https://e.example/a/b") -> str:
    page = part("text/html", f"<html>{head}<body>{body}", f"Content-Location: {place}")
    return (
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://e.example/\n"
        f"MIME-Version: 1.0\n{several('related', page, *parts)}"
    )


ARCHIVES = {
    "Chrome's": (archive(link("cid:css-1@m.blink"), sheet("cid:css-1@m.blink")), "Well.", HIDDEN),
    "whole addresses": (
        archive(link("https://e.example/s.css"), sheet("https://e.example/s.css")),
        "Well.",
        HIDDEN,
    ),
    "an address from the page's": (
        archive(link("../s.css?a=1&amp;b=2"), sheet("https://e.example/s.css?a=1&b=2")),
        "Well.",
        HIDDEN,
    ),
    "a file with a blank": (
        archive(link("my%20s.css"), sheet("file:///C:/x/my s.css"), place="file:///C:/x/a.htm"),
        "Well.",
        HIDDEN,
    ),
    "an id": (archive(link("cid:s"), part("text/css", GONE, "Content-ID: <s>")), "Well.", HIDDEN),
    "base64": (
        archive(
            link("cid:s"),
            sheet(
                "cid:s",
                base64.b64encode(GONE.encode()).decode(),
                "Content-Transfer-Encoding: base64",
            ),
        ),
        "Well.",
        HIDDEN,
    ),
    "one that shows again": (
        archive(
            link("cid:a") + link("cid:b"), sheet("cid:a"), sheet("cid:b", ".gone{display:block}")
        ),
        BOTH,
        [],
    ),
    "the page's own style, first": (
        archive("<style>.gone{display:block}</style>" + link("cid:s"), sheet("cid:s")),
        "Well.",
        HIDDEN,
    ),
    "one that is missing": (archive(link("cid:s")), BOTH, LEFT_OUT),
    "one of two that is missing": (
        archive(link("cid:s") + link("cid:t"), sheet("cid:s")),
        "Well.",
        LEFT_OUT + HIDDEN,
    ),
    "one that takes in another": (
        archive(link("cid:s"), sheet("cid:s", "@import 'x.css';" + GONE)),
        "Well.",
        LEFT_OUT + HIDDEN,
    ),
    "another style to choose": (
        archive(link("cid:s", "rel='alternate stylesheet'"), sheet("cid:s")),
        BOTH,
        [],
    ),
    "for print": (
        archive(link("cid:s", "rel=stylesheet media=print"), sheet("cid:s")),
        BOTH,
        [],
    ),
    "an icon": (archive(link("a.ico", "rel=icon")), BOTH, []),
    "a link in a comment": (
        archive(f"<!-- {link('cid:s')} -->", sheet("cid:s", GONE + "/* --> */")),
        BOTH,
        [],
    ),
    "a link in a script": (
        archive(f"<script>'{link('cid:s')}'</script>", sheet("cid:s")),
        BOTH,
        [],
    ),
    "tags in a sheet": (
        archive(link("cid:s"), sheet("cid:s", "p::after{content:'</style><p>Bad'}" + GONE)),
        "Well.",
        HIDDEN,
    ),
    "pictures, fonts and scripts": (
        archive(
            link("cid:s"),
            sheet("cid:s"),
            *(
                part(kind, "x", f"Content-Location: https://e.example/{kind}")
                for kind in ("image/png", "font/woff2", "text/javascript")
            ),
        ),
        "Well.",
        HIDDEN,
    ),
    "a frame": (
        archive(
            link("cid:s"),
            part("text/html", f"{link('cid:s')}<p class=gone>X<p>Frame.", "Content-ID: <f>"),
            sheet("cid:s"),
        ),
        "Well.\nFrame.",
        HIDDEN,
    ),
    "a mail with a sheet on the web": (
        HEAD + part("text/html", link("https://e.example/fonts.css") + BODY),
        BOTH,
        [],
    ),
    "a mail's page with its sheet": (
        HEAD
        + several(
            "alternative",
            part("text/plain", BOTH),
            several(
                "related",
                part("text/html", link("cid:s") + BODY),
                part("text/css", GONE, "Content-ID: <s>"),
            ),
        ),
        "Well.",
        HIDDEN,
    ),
}


@pytest.mark.parametrize(("content", "text", "notes"), ARCHIVES.values(), ids=ARCHIVES)
def test_a_page_is_read_with_the_style_sheets_that_it_links_to(content, text, notes):
    assert reading(content, "x.mhtml") == ([(None, text)], notes)


@pytest.mark.parametrize(
    ("body", "text", "notes"),
    [
        ("<html><body><p>Well.<p hidden>x</body></html>", "Well.", HIDDEN),
        ("\n<!DOCTYPE html>\n<p>Well.<p hidden>x", "Well.", HIDDEN),
        ("<b>Well.</b> <html> is a tag.", "<b>Well.</b> <html> is a tag.", []),
        ("<htmlx> Well.", "<htmlx> Well.", []),
    ],
)
def test_a_whole_page_that_is_called_plain_text_is_a_page(body, text, notes):
    assert reading(HEAD + part("text/plain", body)) == ([(None, text)], notes)
