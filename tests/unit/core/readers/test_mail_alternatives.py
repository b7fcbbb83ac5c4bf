"""What stands beside each other as alternatives: one text is taken, and no file is lost."""

import pytest

from tests.fakes.mails import HEAD, part, reading, several

SEE = "See the file."
PLAIN = part("text/plain", SEE)
PAGE = part("text/html", f"<p>{SEE}</p>")
CSV = "id,note\n1,Tarry stools.\n"
ROW = (None, SEE), ("a.csv", "Tarry stools.")
LONG = ("Tarry stools. " * 5).strip()


def attached(kind: str, text: str, name: str) -> str:
    return part(kind, text, f'Content-Disposition: attachment; filename="{name}"')


def named(kind: str, text: str, name: str) -> str:
    return part(kind, text, f'Content-Disposition: inline; filename="{name}"')


FILES = {
    "attached": ([PLAIN, PAGE, attached("text/csv", CSV, "a.csv")], [*ROW], []),
    "first": ([attached("text/csv", CSV, "a.csv"), PLAIN], [*ROW], []),
    "named": ([PLAIN, part('text/csv; name="a.csv"', CSV)], [*ROW], []),
    "shown": ([PLAIN, PAGE, named("text/csv", CSV, "a.csv")], [*ROW], []),
    "JSON": (
        [PLAIN, PAGE, attached("application/json", '[{"note": "Tarry stools."}]', "a.json")],
        [(None, SEE), ("a.json", "Tarry stools.")],
        [],
    ),
    "RTF that is attached": (
        [PLAIN, PAGE, attached("application/rtf", "{\\rtf1 x}", "a.rtf")],
        [(None, SEE), ("a.rtf", "file_type")],
        [],
    ),
    "text that is attached": (
        [PLAIN, PAGE, attached("text/plain", "Tarry stools.", "a.txt")],
        [(None, SEE), ("a.txt", "Tarry stools.")],
        [],
    ),
    "a page that is attached": (
        [PLAIN, attached("text/html", "<p>Tarry stools.", "a.html")],
        [(None, SEE), ("a.html", "Tarry stools.")],
        [],
    ),
    "a page with a name": (
        [PLAIN, part('text/html; name="a.html"', f"<p>{LONG}")],
        [(None, LONG)],
        [],
    ),
    "a page shown": ([PLAIN, named("text/html", f"<p>{LONG}", "a.htm")], [(None, LONG)], []),
    "a page in related with a name": (
        [PLAIN, several("related", named("text/html", f"<p>{LONG}", "a.htm"))],
        [(None, LONG)],
        [],
    ),
    "both with names": (
        [named("text/plain", SEE, "a.txt"), named("text/html", f"<p>{SEE}", "a.htm")],
        [(None, SEE)],
        [],
    ),
    "text with a name beside the body": (
        [PLAIN, named("text/plain", "Tarry stools.", "a.txt")],
        [(None, SEE), ("a.txt", "Tarry stools.")],
        [],
    ),
    "RTF": ([PLAIN, part("text/rtf", "{\\rtf1 x}")], [(None, SEE)], ["parts_left_out"]),
    "for a watch": (
        [PLAIN, part("text/watch-html", "<b>x</b>"), PAGE],
        [(None, SEE)],
        ["parts_left_out"],
    ),
    "nothing but RTF": (
        [part("application/rtf", "{\\rtf1 x}")],
        [("member 1", "file_type")],
        ["parts_left_out"],
    ),
    "the same twice": ([PLAIN, part("text/plain", SEE + "\n")], [(None, SEE)], []),
    "two texts": (
        [PLAIN, part("text/plain", "Tarry stools.")],
        [(None, "Tarry stools.")],
        ["alternatives_left_out"],
    ),
    "two pages": (
        [PAGE, part("text/html", "<p>Tarry stools.")],
        [(None, "Tarry stools.")],
        ["alternatives_left_out"],
    ),
    "marks": ([PLAIN, part("text/markdown", f"**{SEE}**"), PAGE], [(None, SEE)], []),
    "nothing but marks": ([part("text/markdown", SEE)], [(None, SEE)], []),
}


@pytest.mark.parametrize(("branches", "found", "notes"), FILES.values(), ids=FILES)
def test_of_alternatives_no_file_is_lost(branches, found, notes):
    assert reading(HEAD + several("alternative", *branches)) == (found, notes)


def table(*rows: str) -> str:
    cells = ("".join(f"<td>{cell}" for cell in row.split("|")) for row in rows)
    return f"<table><tr>{'<tr>'.join(cells)}</table>"


PAGES = {
    "hidden by a style": (
        "Well. Tarry stools.",
        "<p>Well. <span style='display:none'>Tarry stools.</span>",
        "Well.",
        ["hidden_text"],
    ),
    "hidden by a class": (
        "Well. Tarry stools.",
        "<style>.x{display:none}</style><p>Well. <i class=x>Tarry stools.</i>",
        "Well.",
        ["hidden_text"],
    ),
    "hidden by an attribute": (
        "Well.\nTarry stools.",
        "<p>Well.<p hidden>Tarry stools.",
        "Well.",
        ["hidden_text"],
    ),
    "a line for the list of mails": (
        "Well today.",
        "<div style='display:none'>News of the ward</div><p>Well today.",
        "Well today.",
        ["hidden_text"],
    ),
    "struck through": (
        "Well. Tarry stools.",
        "<p>Well. <s>Tarry stools.</s>",
        "Well.",
        ["struck_text"],
    ),
    "marks in a table": (
        "Finding Yes No\nTarry stools X\nRash X",
        table("Finding|Yes|No", "Tarry stools||X", "Rash|X|"),
        "Finding\tYes\tNo\nTarry stools: No\nRash: Yes",
        [],
    ),
    "ticks under other titles": (
        "Symptom Denies Reports\nTarry stools ✓\nRash ✓",
        table("Symptom|Denies|Reports", "Tarry stools|✓|", "Rash||✓"),
        "Symptom\tDenies\tReports\nTarry stools: Denies\nRash: Reports",
        [],
    ),
    "answers under questions": (
        "Tarry stools? Rash?\nNo Yes",
        table("Tarry stools?|Rash?", "No|Yes"),
        "Tarry stools?: No\nRash?: Yes",
        [],
    ),
    "boxes of a symbol font": (
        "o Tarry stools\nþ Rash",
        "<p><font face=Wingdings>o</font> Tarry stools<p><font face=Wingdings>þ</font> Rash",
        "☐ Tarry stools\n☑ Rash",
        [],
    ),
    "an answer in the second column alone": (
        "Rash? Tarry stools?\nNo",
        table("Rash?|Tarry stools?", "|No"),
        "Rash?\nTarry stools?: No",
        [],
    ),
    "a box that is ticked": (
        "[ ] Rash\n[ ] Tarry stools",
        "<p><input type=checkbox checked>Rash<p><input type=checkbox>Tarry stools",
        "[x] Rash\n[ ] Tarry stools",
        [],
    ),
    "boxes that it hides": (
        "Well.\n[x] Tarry stools",
        "<p>Well.<p hidden>[x] Tarry stools",
        "Well.",
        ["hidden_text"],
    ),
    "what is chosen": (
        "Tarry stools?\nYes\nNo",
        "<p>Tarry stools? <select><option>Yes<option selected>No</select>",
        "Tarry stools? No",
        [],
    ),
    "what is entered": (
        "Tarry stools since:",
        "<p>Tarry stools since: <input value=May>",
        "Tarry stools since: May",
        [],
    ),
    "raised figures": (
        "Platelets 109/l",
        "<p>Platelets 10<sup>9</sup>/l",
        "Platelets 10^9/l",
        [],
    ),
    "much more": ("See page.", f"<p>{LONG}", LONG, []),
}
TEXTS = {
    "the same": ("Well since\nMay.", "<p><b>Well</b> since May.<br>"),
    "laid out by tables": (
        "Well since May.\n\nWard",
        "<table><tr><td>Well since May.</table><table><tr><td>Ward</table>",
    ),
    "a signature in a table": (
        "Well since May.\nDr. A\nWard",
        "<p>Well since May.<table><tr><td><img src=x><td>Dr. A<br>Ward</table>",
    ),
    "a page of pictures": (
        "The capsule showed nothing unusual.",
        "<div style='display:none'>News</div><img src=a.png><p>View online",
    ),
    "boxes that the page has as pictures": (
        "[ ] Tarry stools\n[x] Rash",
        "<div style='display:none'>x</div><p><img src=a>Tarry stools<p><img src=b>Rash",
    ),
    "an input without a field": ("Well since May.", "<p>Well since May.<input type=hidden name=a>"),
    "a page elsewhere": ("Well since May, no rash.", "<p>Read it on our portal."),
    "a page with a note of its own": ("Well since May.", "<p style='color:#fff'>Well since May."),
}


@pytest.mark.parametrize(("plain", "page", "text", "notes"), PAGES.values(), ids=PAGES)
def test_a_page_that_says_more_by_its_look_is_read(plain, page, text, notes):
    both = part("text/plain", plain), part("text/html", page)
    assert reading(HEAD + several("alternative", *both)) == ([(None, text)], notes)


@pytest.mark.parametrize(("plain", "page"), TEXTS.values(), ids=TEXTS)
def test_otherwise_the_plain_text_is_read_and_nothing_noted_of_the_page(plain, page):
    both = part("text/plain", plain), part("text/html", page)
    assert reading(HEAD + several("alternative", *both)) == ([(None, plain)], [])
