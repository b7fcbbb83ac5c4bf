"""PDFs of every making: what a case worker sees on the page is what is read."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pytest

from tests.fakes import files, pdfs
from tests.scaling.measure import MOST, growth
from winnow.errors import FileUnreadableError, NoTextLayerError
from winnow.models import Record
from winnow.parsers.errors import ParseError
from winnow.parsers.pdf import document
from winnow.parsers.pdf.lines import lines
from winnow.readers import ReadLimits, Source, read
from winnow.readers.pages.geometry import Line, Page

PROSE = (
    "The patient has iron deficiency anemia of unknown origin and was given iron twice. Upper "
    "endoscopy and colonoscopy were done in March and showed no source of the bleeding. She was "
    "seen again in May, when her hemoglobin had fallen from 11.2 to 7.9 in spite of treatment. "
    "A capsule study of the small bowel is now requested by her physician, Dr. Whitfield, who "
    "has discussed its risks with her and has found no sign of a stricture or an obstruction. "
)


def texts(content: bytes, **options) -> list[str]:
    with Source(io.BytesIO(content), "x.pdf", ["text"], ["id"], ReadLimits(), **options) as opened:
        return [record.text for record in read(opened)]


def parsed(content: bytes, **limits: int) -> list[list[Any]]:
    """The items of a PDF's parser."""
    items: list[list[Any]] = []
    document.parse(io.BytesIO(content), ReadLimits(**limits).model_dump(), items.append, None)
    return items


def notes(content: bytes) -> list[str]:
    with Source(io.BytesIO(content), "x.pdf", ["text"], ["id"], ReadLimits()) as opened:
        list(read(opened))
    return [note.code for note in opened.notes]


# -- columns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "width", "gutter"), [(2, 240, 18), (2, 242, 10), (3, 152, 14), (3, 150, 24)]
)
def test_columns_are_read_one_after_the_other_with_whole_sentences(columns, width, gutter):
    """A running head, columns set word by word, a page number between them."""
    page: list[files.Placed] = [(54, 40, "Clinic North"), (500, 40, "MRN 17"), (302, 760, "- 1 -")]
    for number in range(columns):
        part = " ".join([f"Part {number + 1} begins.", PROSE * 2])
        page += pdfs.justified(part, 54 + number * (width + gutter), width, 90)
    page.sort(key=lambda placed: placed[1])  # as a file may draw them: row by row
    (text,) = texts(files.pdf([page], size=9))
    body = text.removeprefix("Clinic North MRN 17\n")
    wanted = " ".join(f"Part {number + 1} begins. {PROSE * 2}" for number in range(columns))
    assert " ".join(body.split()).removesuffix(" - 1 -") == " ".join(wanted.split())
    assert body.count("\n") <= columns


def test_rows_of_a_table_stay_rows_and_text_around_it_stays_sentences():
    rows = [
        ("Test", "Result", "Unit", "Flag"),
        ("Hemoglobin", "7.9", "g/dL", "L"),
        ("Ferritin", "6", "ng/mL", "L"),
        ("Platelets", "412", "10^9/L", "H"),
    ]
    page = pdfs.justified(PROSE, 72, 460, 80)
    after = 20 + max(y for _, y, _ in page)
    for number, row in enumerate(rows):
        page += [
            (x, after + 12 * number, cell) for x, cell in zip((72, 200, 290, 400), row, strict=True)
        ]
    (text,) = texts(files.pdf([page], size=9))
    before, *table = text.split("\n")
    assert before == " ".join(PROSE.split())
    assert table == [" ".join(row) for row in rows]


def test_no_word_of_a_one_word_a_line_file_is_taken_for_a_running_line():
    words = PROSE.split()
    pages = [
        [(72, 60 + 14 * index, word) for index, word in enumerate(words[at : at + 50])]
        for at in range(0, len(words), 50)
    ]
    (text,) = texts(files.pdf(pages))
    assert text.split() == words


def test_pages_that_are_records_keep_what_they_have_in_common():
    """A batch of cases that all begin alike."""
    pages = [
        [
            (72, 40, "Request for capsule endoscopy"),
            (72, 120, f"Case {n}: melena, haemo-"),
            (500, 760, f"Page {n} of 3"),
        ]
        for n in (1, 2, 3)
    ]
    assert texts(files.pdf(pages), unit="page") == [
        f"Request for capsule endoscopy\nCase {n}: melena, haemo-" for n in (1, 2, 3)
    ]


# -- superscripts ----------------------------------------------------------------------------------


def raised(texts: str, size: float, small: float, rise: float, turn: bytes = b"") -> bytes:
    """A line whose parts between bars are set smaller and higher."""
    shown = b""
    for number, part in enumerate(texts.split("|")):
        is_raised = number % 2
        text = part.translate({ord("("): "\\(", ord(")"): "\\)"}).encode("latin-1")
        shown += b"/F1 %g Tf %g Ts (%s) Tj " % (
            small if is_raised else size,
            rise if is_raised else 0,
            text,
        )
    return b"BT " + (turn or b"1 0 0 1 72 700 Tm ") + shown + b"ET"


@pytest.mark.parametrize(
    ("size", "small", "rise"), [(11, 7, 4), (12, 8, 4), (10, 6.5, 3.3), (9, 6, 3), (11, 7.7, 2.5)]
)
@pytest.mark.parametrize(
    ("parts", "read_as"),
    [
        ("Last colonoscopy 1|1| years ago", "Last colonoscopy 1^1 years ago"),
        ("Hemoglobin 7|2| g/dL", "Hemoglobin 7^2 g/dL"),
        ("Hemoglobin 7.2|12| g/dL", "Hemoglobin 7.2^12 g/dL"),
        ("Hemoglobin (7|2|) g/dL", "Hemoglobin (7^2) g/dL"),
        ("Platelets 250 x 10|9|/L, MCV 70", "Platelets 250 x 10^9/L, MCV 70"),
        ("10|-3| mol", "10^-3 mol"),
        ("ferritin 9|3,4| ng/mL", "ferritin 9^3,4 ng/mL"),
        ("since 2019|1|. Then", "since 2019^1. Then"),
        ("the 5|th| of May", "the 5th of May"),
        ("30 kg/m|2| now", "30 kg/m2 now"),
    ],
)
def test_what_is_raised_is_no_part_of_the_number_before_it(parts, read_as, size, small, rise):
    content = files.pdf_of_streams([raised(parts, size, small, rise)])
    assert texts(content) == [read_as]


def test_raised_on_a_turned_page():
    turned = raised("Hemoglobin 7|2| g/dL in May", 11, 7, 4, b"0 1 -1 0 300 100 Tm ")
    assert texts(files.pdf_of_streams([turned])) == ["Hemoglobin 7^2 g/dL in May"]


def test_smaller_digits_on_the_same_line_are_of_their_number():
    content = files.pdf_of_streams([raised("in 19|84| she", 11, 8, 0)])
    assert texts(content) == ["in 1984 she"]


# -- turned pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_whose_text_runs_sideways_or_upside_down(degrees):
    """Landscape pages without a /Rotate, and pages scanned the wrong way round by a machine."""
    sentences = ["The patient has had melena twice.", "A capsule study is asked for."]
    step = {90: (14, 0), 180: (0, 14), 270: (-14, 0)}[degrees]
    placed = [(300 + step[0] * n, 400 + step[1] * n, s) for n, s in enumerate(sentences)]
    content = files.pdf_of_streams([pdfs.turned(placed, degrees)])
    assert texts(content) == [
        "The patient has had melena twice. A capsule study is asked for."
    ] or texts(content) == ["\n".join(sentences)]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_boxes_are_where_viewers_show_the_lines(rotate, degrees):
    sentences = ["The patient has had melena twice.", "A capsule study is asked for by Dr. Whit."]
    step = {0: (0, -40), 90: (40, 0), 180: (0, 40), 270: (-40, 0)}[degrees]
    placed = [(300 + step[0] * n, 400 + step[1] * n, s) for n, s in enumerate(sentences)]
    page = b"/CropBox [60 90 560 740] /Rotate %d" % rotate
    content = pdfs.drawn(pdfs.turned(placed, degrees), page=page)
    with Source(io.BytesIO(content), "x.pdf", ["text"], ["id"], ReadLimits()) as opened:
        [record] = read(opened)
    assert isinstance(record, Record)
    document = pdfium.PdfDocument(content)
    dark = np.asarray(document[0].render(scale=2).to_pil().convert("L")) < 128
    height, width = dark.shape
    inside = np.zeros_like(dark)
    for place in record.places:
        assert place.box is not None
        left, top, right, bottom = place.box
        assert (right - left) * (bottom - top) < 0.05, "no box is much larger than its line"
        inside[
            int(top * height) : int(bottom * height) + 1, int(left * width) : int(right * width) + 1
        ] = True
    assert dark.sum() > 500
    assert (dark & inside).sum() / dark.sum() > 0.97


def test_a_watermark_and_a_note_in_the_margin_are_lines_of_their_own():
    body = pdfs.turned(
        [
            (
                72,
                700 - 14 * n,
                f"Line {n} of the report goes on and on and on and on and on to the margin and",
            )
            for n in range(9)
        ],
        0,
    )
    across = pdfs.turned([(150, 500, "DRAFT COPY")], 45)
    margin = pdfs.turned([(30, 300, "Form 12-B a")], 90)
    (text,) = texts(files.pdf_of_streams([body + b"\n" + across + b"\n" + margin]))
    report, *aside = text.split("\n")
    assert report == " ".join(
        f"Line {n} of the report goes on and on and on and on and on to the margin and"
        for n in range(9)
    )
    assert sorted(aside) == ["DRAFT COPY", "Form 12-B a"]


# -- what is filled in -----------------------------------------------------------------------------


def test_what_a_form_holds_is_read_beside_its_labels():
    labels = [
        (72, 100, "Patient name:"),
        (72, 130, "Urgent"),
        (72, 160, "Inpatient"),
        (72, 190, "Plan:"),
        (72, 230, "Notes:"),
        (72, 330, "Password:"),
    ]
    content = pdfs.form(
        labels,
        [
            {"type": "Tx", "rect": (170, 686, 400, 706), "value": "Maria Löpez"},
            {"type": "Btn", "rect": (170, 656, 182, 668), "value": "On"},
            {"type": "Btn", "rect": (170, 626, 182, 638), "value": "Off"},
            {
                "type": "Ch",
                "rect": (170, 596, 400, 612),
                "value": "Capsule study",
                "flags": 1 << 17,
            },
            {
                "type": "Tx",
                "rect": (170, 500, 500, 575),
                "value": "Colonoscopy negative.\nMelena twice.",
                "flags": 1 << 12,
            },
            {"type": "Tx", "rect": (170, 456, 400, 470), "value": "secret", "flags": 1 << 13},
            {"type": "Tx", "rect": (170, 400, 400, 420), "value": "unseen", "hidden": 2},
        ],
    )
    (text,) = texts(content)
    assert text.split("\n") == [
        "Patient name: Maria Löpez",
        "Urgent [x]",
        "Inpatient [ ]",
        "Plan: Capsule study",
        "Notes: Colonoscopy negative.",
        "Melena twice.",
        "Password:",
    ]


def test_what_is_typed_onto_a_page_is_read_where_it_stands():
    content = files.pdf([[(72, 100, "Diagnosis:"), (72, 160, "Signed")]])
    (text,) = texts(pdfs.typed_on(content, "obscure bleeding", (150, 684, 300, 704)))
    assert text == "Diagnosis: obscure bleeding\nSigned"


def test_a_dynamic_form_is_refused_with_what_to_do():
    with pytest.raises(FileUnreadableError, match=r"XFA.*print it"):
        texts(pdfs.dynamic_form())


def test_scripts_do_not_run_and_files_inside_are_noted():
    content = files.pdf([[(72, 100, "Plain text.")]])
    assert texts(pdfs.with_script(content)) == ["Plain text."]
    assert notes(pdfs.with_attachment(content)) == ["attachments_left_out"]


# -- pages that are pictures -----------------------------------------------------------------------

FAX = pdfs.turned([(72, 780, "From 555-0100 to Clinic   1 May, page 2 of 3")], 0)
LOGO = pdfs.picture(100, 60, 72, 700)


def asked(content: bytes) -> list[int]:
    """The pages that OCR is asked for."""
    numbers: list[int] = []

    def ocr(file, kind, pages):
        numbers.extend(pages)
        for number in pages:
            yield Page(
                number, 612, 792, (Line(f"Read from page {number}.", 72, 90, 300, 100, 0.9),)
            )

    read_texts = texts(content, ocr=ocr)
    for number in numbers:
        assert f"Read from page {number}." in read_texts[0]
    return numbers


def test_a_scan_with_a_fax_s_line_on_it_goes_to_ocr():
    prose = pdfs.turned([(72, 600 - 14 * n, PROSE[:90]) for n in range(5)], 0)
    streams = [
        prose,
        pdfs.picture() + b"\n" + FAX,
        LOGO + b"\n" + FAX,
        pdfs.picture() + b"\n" + prose,
        b"\n".join(pdfs.picture(612, 50, 0, 50 * n) for n in range(15)),
    ]
    assert asked(files.pdf_of_streams(streams)) == [2, 5]


def test_without_ocr_what_text_there_is_is_read_and_the_rest_noted():
    content = files.pdf_of_streams(
        [pdfs.turned([(72, 600, "Text.")], 0), pdfs.picture() + b"\n" + FAX]
    )
    assert notes(content) == ["pages_without_text"]
    with pytest.raises(NoTextLayerError):
        texts(files.pdf_of_streams([pdfs.picture()]))


def shifted(text: str) -> str:
    """Text as it comes out of a font whose codes are its glyphs' numbers."""
    return "".join(char if char == " " else chr(ord(char) - 29) for char in text)


def test_a_text_layer_of_codes_is_not_believed():
    """As a PDF reads from whose fonts the table of letters was stripped."""
    plain = PROSE[:180].replace("\\", "").replace("(", "").replace(")", "")
    lines = [(72.0, 100.0 + 14 * n, plain[60 * n : 60 * n + 60]) for n in range(3)]
    garbled = [(x, y, shifted(text)) for x, y, text in lines]
    capitals = [(x, y, text.upper()) for x, y, text in lines]
    assert asked(files.pdf([lines, garbled, capitals])) == [2]


def test_a_page_with_names_blacked_out_is_believed():
    rows = [f"Patient XXXXXXXXXXXX of XXXXXXXXXXXXX seen {n} times by xxxxxxxxx" for n in range(8)]
    assert asked(files.pdf([files.lines(rows)])) == []


# -- struck text, lists, fields without a form, signs ----------------------------------------------


def line(text: str, y: float = 700, x: float = 72) -> bytes:
    return pdfs.at(text, y, x=x)


def strike_out(*quads: str, more: str = "") -> str:
    points = f"/QuadPoints [{' '.join(quads)}]" if quads else ""
    return f"/Subtype /StrikeOut /Rect [70 696 162 713] {points} {more}"


TWO_LINES = line("Ongoing melena.") + line("Kept.", 660)
WHOLE = "72 712 160 712 72 698 160 698"


@pytest.mark.parametrize(
    ("stream", "annotations", "shown"),
    [
        (TWO_LINES, [strike_out(WHOLE)], "Kept."),
        (TWO_LINES, [strike_out()], "Kept."),
        (TWO_LINES, [strike_out(WHOLE, "72 671 110 671 72 658 110 658")], None),
        (
            line("She has no ongoing melena."),
            [strike_out("118 711 134 711 118 697 134 697")],
            "She has ongoing melena.",
        ),
        (TWO_LINES, [strike_out(WHOLE, more="/Contents (by mistake)")], "Kept."),
    ],
)
def test_words_that_an_annotation_strikes_out_are_left_out(stream, annotations, shown):
    content = pdfs.annotated(stream, annotations)
    if shown:
        assert texts(content) == [shown]
        assert "struck_text" in notes(content)
    else:
        with pytest.raises(NoTextLayerError):
            texts(content)


@pytest.mark.parametrize("kind", ["Highlight", "Underline", "Squiggly"])
def test_words_that_are_marked_otherwise_stay(kind):
    content = pdfs.annotated(TWO_LINES, [strike_out(WHOLE).replace("StrikeOut", kind)])
    assert texts(content) == ["Ongoing melena.\nKept."]
    assert notes(content) == []


def test_a_strike_that_is_not_shown_strikes_nothing():
    content = pdfs.annotated(TWO_LINES, [strike_out(WHOLE, more="").replace("/Rect", "/F 2 /Rect")])
    content = content.replace(b"/F 4 /Subtype /StrikeOut /F 2", b"/F 2 /Subtype /StrikeOut     ")
    assert texts(content) == ["Ongoing melena.\nKept."]


@pytest.mark.parametrize("kind", ["Stamp", "Ink", "Line", "Circle"])
def test_what_is_drawn_as_a_comment_is_noted(kind):
    content = pdfs.annotated(TWO_LINES, [f"/Subtype /{kind} /Rect [9 9 50 50]"])
    assert notes(content) == ["comments_left_out"]


COMBO, SEVERAL = 1 << 17, 1 << 21
CODES = "/Opt [[(0)(No)] [(1)(Yes)]]"


@pytest.mark.parametrize(
    ("flags", "entries", "shown"),
    [
        (COMBO, f"/V (0) {CODES}", "No"),
        (COMBO, "/V (1) /Opt [[(1)(No)] [(2)(Yes)]]", "No"),
        (COMBO, "/V (No) /Opt [(No)(Yes)]", "No"),
        (COMBO | 1 << 18, "/V (Other) /Opt [(No)(Yes)]", "Other"),
        (COMBO, CODES, ""),
        (SEVERAL, "/V [(Melena) (Anemia)] /Opt [(Melena)(Fever)(Anemia)]", "Melena, Anemia"),
        (SEVERAL, "/V [(1) (3)] /Opt [[(1)(a)] [(2)(b)] [(3)(c)]]", "a, c"),
        (0, "/V (Fever) /Opt [(Melena)(Fever)]", "Fever"),
        (SEVERAL, "/Opt [(Melena)(Fever)]", ""),
    ],
)
@pytest.mark.parametrize("form", [True, False])
def test_lists_show_what_viewers_show_of_them(flags, entries, shown, form):
    field = f"/Subtype /Widget /FT /Ch /Ff {flags} /T (a) /Rect [150 698 300 712] {entries}"
    assert texts(pdfs.annotated(line("Finding:"), [field], form=form)) == [
        f"Finding: {shown}".strip()
    ]


def test_a_list_of_twice_the_chosen_entries_takes_twice_the_time():
    """PDFium draws the fields of a page that its form is shown, and this list in n^3."""

    def reading(text: str) -> Callable[[], object]:
        chosen = " ".join(f"(entry {n})" for n in range(len(text)))
        field = (
            f"<< /Type /Annot /Subtype /Widget /FT /Ch /Ff {SEVERAL} /T (a) /V [{chosen}] "
            f"/Opt [{chosen}] /Rect [150 698 300 712] >>"
        ).encode()
        content = pdfs.drawn(
            line("Finding:"), field,
            catalog=b"/AcroForm << /Fields [6 0 R] >>", page=b"/Annots [6 0 R]",
        )  # fmt: skip
        return lambda: parsed(content)

    assert "entry 0, entry 1" in str(reading("ab")())
    assert growth(reading, lambda size: "x" * size, 300) <= MOST


def test_rows_of_twice_the_words_take_twice_the_time():
    def reading(text: str) -> Callable[[], object]:
        words = [
            ("a", 4.0 * n, 20.0 * row, 4.0 * n + 2, 20.0 * row + 4)
            for row in range(6)
            for n in range(len(text) // 6)
        ]
        return lambda: lines(words)

    assert growth(reading, lambda size: "x" * size, 8_000) <= MOST


def test_gaps_as_wide_as_a_page_of_any_width():
    rows = [("ab", x, 20.0 * row, x + 9, 20.0 * row + 9) for row in range(8) for x in (1.0, 1e9)]
    assert [line[0] for line in lines(rows)] == ["ab"] * 16


def test_lines_of_a_letter_count_as_longer_ones():
    letters = files.pdf([[(9 + 30 * (n % 20), 80 + 20 * (n // 20), "a") for n in range(300)]])
    assert len(parsed(letters)[0][4]) > 200
    with pytest.raises(ParseError, match="longer than 1,000 characters"):
        parsed(letters, max_document_chars=1_000)


def box(name: str, y: int, state: str) -> str:
    return (
        f"/Subtype /Widget /FT /Btn {name} /Rect [72 {y} 82 {y + 10}] /AS /{state} "
        f"/AP << /N << /Yes null /Off null >> >>"
    )


@pytest.mark.parametrize("names", [("/T (a)", "/T (b)", "/T (c)"), ("", "", "")])
def test_fields_without_a_form_are_read(names):
    stream = line("Melena", 700, 90) + line("Fever", 680, 90) + line("Bleeding:", 660)
    text = "/Subtype /Widget /FT /Tx {} /Rect [150 658 300 672] /V (No)"
    fields = [box(names[0], 699, "Off"), box(names[1], 679, "Yes"), text.format(names[2])]
    assert texts(pdfs.annotated(stream, fields, form=False)) == [
        "[ ] Melena\n[x] Fever\nBleeding: No"
    ]


def signs(letters: str, font: str = "ZapfDingbats") -> str:
    """What is read of these letters of a font, each a word."""
    stream = b"".join(
        line(letter, 700, 72 + 30 * place).replace(b"/F1", b"/ZD") + line("x", 700, 90 + 30 * place)
        for place, letter in enumerate(letters)
    )
    content = pdfs.annotated(stream, []).replace(b"/ZapfDingbats", f"/{font}".encode())
    (text,) = texts(content)
    return text.replace(" x", "").replace(" ", "")


@pytest.mark.parametrize(
    ("letters", "font", "shown"),
    [
        ("oq4n", "ZapfDingbats", "☐☐✓■"),
        ("o", "Wingdings", "☐"),
        ("x", "Wingdings-Regular", "☒"),
        ("R", "ABCDEF+Wingdings2", "☑"),
        ("c", "Webdings", "☐"),
        ("a", "Symbol", "α"),
        ("o", "Helvetica", "o"),
    ],
)
def test_signs_of_symbol_fonts_are_boxes_and_bullets(letters, font, shown):
    assert signs(letters, font) == shown
