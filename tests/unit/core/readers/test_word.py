"""Word files: what Word keeps outside the text of its runs is read as pages show it, or noted."""

import io

import pytest

from tests.fakes import files, word
from tests.fakes.word import char, code, document, paragraph, part, run
from winnow.errors import FileBombError, FileTooLargeError, WinnowError
from winnow.readers import ReadLimits, Source, read


def opened(content: bytes, name: str = "x.docx", **limits) -> tuple[list[str], list[str]]:
    """The lines of the one record, and the codes of what was noted."""
    with Source(io.BytesIO(content), name, ["text"], ["id"], ReadLimits(**limits)) as source:
        (record,) = read(source)
    return record.text.split("\n"), [note.code for note in source.notes]


def lines(content: bytes) -> list[str]:
    found, notes = opened(content)
    assert not notes
    return found


P = files.paragraph

# -- other files that are taken in -----------------------------------------------------------------

PAGE = "<html><body><p>Melena for weeks.</p><table><tr><td>Hb<td>7.9</table></body></html>"
WEB_ARCHIVE = (
    "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\n"
    "Content-Type: text/html; charset=windows-1252\nContent-Transfer-Encoding: quoted-printable\n\n"
    "<html><body>She hasn=92t bled.</body></html>\n--b--\n"
)


@pytest.mark.parametrize(
    ("name", "content", "read_as"),
    [
        ("a.html", PAGE, ["Melena for weeks.", "Hb\t7.9"]),
        ("a.dat", PAGE.encode("utf-16"), ["Melena for weeks.", "Hb\t7.9"]),
        ("a.mht", WEB_ARCHIVE, ["She hasn’t bled."]),
        ("a.txt", "One.\r\nTwo.", ["One.", "Two."]),
        ("a.docx", files.docx(P("Inner.") + files.table([["a", "b"]])), ["Inner.", "a\tb"]),
    ],
)
def test_a_file_that_word_takes_in_is_read_where_it_stands(name, content, read_as):
    body = P("Before.") + '<w:altChunk r:id="c"/>' + P("After.")
    found = lines(document(body, {"c": ("aFChunk", f"word/{name}", content)}))
    assert found == ["Before.", *read_as, "After."]


@pytest.mark.parametrize(
    ("name", "content", "read_as", "notes"),
    [
        ("a.mht", "MIME-Version: 1.0\nContent-Type: text/plain\n\nPale.", ["Pale."], []),
        ("a.txt", "Date: 6 May\nSubject: Melena", ["Date: 6 May", "Subject: Melena"], []),
        ("a.html", "<meta charset=idna><p>Pâle.".encode("latin-1"), ["Pâle."], "encoding_guessed"),
        ("a.htm", PAGE.replace("weeks", "wéeks").encode("latin-1"),
         ["Melena for wéeks.", "Hb\t7.9"], "encoding_guessed"),
        ("a.txt", b"na\xefve", ["naïve"], "encoding_guessed"),
        ("a.html", b"<meta charset=gbk><p>Pale.\xff", ["Pale.�"], "bytes_replaced"),
        ("a.html", "<meta charset=latin2><p>źle".encode("latin2"), ["źle"], []),
        ("a.html", "<p hidden>No.<p>Yes.", ["Yes."], "hidden_text"),
        ("a.mht", WEB_ARCHIVE.replace("--b--", "--b\nContent-Type: text/html\n"
         "Content-Disposition: attachment; filename=f.html\n\n<p>Frame.\n--b--"),
         ["She hasn’t bled."], "parts_left_out"),
    ],
)  # fmt: skip
def test_of_files_taken_in_nothing_is_lost_without_a_word(name, content, read_as, notes):
    found = opened(document('<w:altChunk r:id="c"/>', {"c": ("aFChunk", f"word/{name}", content)}))
    assert found == (read_as, [notes] if notes else [])


@pytest.mark.parametrize(
    "related",
    [
        {"c": ("aFChunk", "word/a.rtf", "{\\rtf1 Melena.}")},
        {"c": ("aFChunk", "word/a.bin", b"\x00\x01\x02")},
        {"c": ("aFChunk", "word/a.docx", b"PK\x03\x04 damaged")},
        {"c": ("aFChunk", "word/not_there.html", "")},
        {},
    ],
)
def test_a_file_taken_in_that_cannot_be_read_is_noted(related):
    body = P("Before.") + '<w:altChunk r:id="c"/><w:subDoc r:id="d"/>' + P("After.")
    assert opened(document(body, related)) == (["Before.", "After."], ["parts_left_out"])


def test_files_that_take_each_other_in_come_to_an_end():
    content = files.docx(P("Innermost."))
    for _ in range(9):
        content = document(
            P("Around.") + '<w:altChunk r:id="c"/>', {"c": ("aFChunk", "word/a.docx", content)}
        )
    assert opened(content) == (["Around."] * 4, ["parts_left_out"])


def test_limits_hold_inside_a_file_that_is_taken_in():
    page = "<p>" + "bleeding " * 4_000
    content = document('<w:altChunk r:id="c"/>', {"c": ("aFChunk", "word/a.html", page)})
    with pytest.raises(FileTooLargeError, match="max_document_chars"):
        opened(content, max_document_chars=10_000)
    with pytest.raises(FileBombError, match="max_unpacked_bytes"):
        opened(content, max_unpacked_bytes=20_000)


# -- what was changed ------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["<w:del/>", "<w:moveFrom/>"])
def test_a_deleted_end_of_a_paragraph_joins_it_to_the_next(mark):
    body = paragraph(run("She denies "), mark=mark) + P("black stools.") + P("Pale.")
    assert opened(document(body)) == (
        ["She denies black stools.", "Pale."],
        ["tracked_changes"],
    )


def test_deleted_ends_one_after_the_other_at_the_end_and_in_cells():
    gone = "<w:del/>"
    cell = paragraph(run("no "), mark=gone) + paragraph(run("blood"), mark=gone)
    body = (
        paragraph(run("a"), mark=gone) + paragraph(mark=gone) + paragraph(run("b"), mark=gone)
        + f"<w:tbl><w:tr><w:tc>{cell}</w:tc><w:tc>{P('seen')}</w:tc></w:tr></w:tbl>"
        + paragraph(run("last"), mark=gone)
    )  # fmt: skip
    assert opened(document(body))[0] == ["ab", "no blood\tseen", "last"]


def test_an_inserted_end_of_a_paragraph_ends_it():
    body = paragraph(run("One."), mark="<w:ins/>") + P("Two.")
    assert opened(document(body))[0] == ["One.", "Two."]


def test_a_hidden_end_of_a_paragraph_shows_the_next_beside_it():
    body = paragraph(run("Plan: "), mark="<w:vanish/><w:specVanish/>") + P("capsule study.")
    assert lines(document(body)) == ["Plan: capsule study."]


def test_deleted_rows_and_cells_of_tables():
    def row(properties: str, *cells: str) -> str:
        return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"

    def cell(text: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{P(text)}</w:tc>"

    body = (
        "<w:tbl>"
        + row("", cell("Hb"), cell("7.9"))
        + row("<w:del/>", cell("Hb"), cell("14.2"))
        + row("", cell("Ferritin"), cell("300", "<w:cellDel/>"), cell("6", "<w:cellIns/>"))
        + row("<w:ins/>", cell("Iron"), cell("20"))
        + "</w:tbl>"
    )
    assert opened(document(body)) == (
        ["Hb\t7.9", "Ferritin\t6", "Iron\t20"],
        ["tracked_changes"],
    )


def test_what_moved_stands_where_it_went():
    body = (
        paragraph(f"<w:moveFrom>{run('Melena.')}</w:moveFrom>", mark="<w:moveFrom/>")
        + P("History.")
        + paragraph(f"<w:moveTo>{run('Melena.')}</w:moveTo>", mark="<w:moveTo/>")
    )
    assert opened(document(body))[0] == ["History.", "Melena."]


def test_properties_of_before_a_change_hide_nothing():
    old = '<w:rPrChange w:id="1"><w:rPr><w:vanish/></w:rPr></w:rPrChange>'
    body = paragraph(
        run("Seen.", old),
        properties="<w:pPrChange><w:pPr><w:rPr><w:del/></w:rPr></w:pPr></w:pPrChange>",
    ) + P("Next.")
    assert lines(document(body)) == ["Seen.", "Next."]


# -- what is hidden --------------------------------------------------------------------------------

STYLES = part(
    "styles",
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"/>'
    '<w:style w:type="character" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Child"><w:basedOn w:val="Secret"/></w:style>'
    '<w:style w:type="character" w:styleId="Open"><w:basedOn w:val="Secret"/>'
    '<w:rPr><w:vanish w:val="0"/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Instruction"><w:pPr><w:rPr/></w:pPr>'
    "<w:rPr><w:vanish/></w:rPr></w:style>"
    '<w:style w:type="character" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>',
)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (paragraph(run("x", '<w:rStyle w:val="Secret"/>')), False),
        (paragraph(run("x", '<w:rStyle w:val="Child"/>')), False),
        (paragraph(run("x", '<w:rStyle w:val="Open"/>')), True),
        (paragraph(run("x", '<w:rStyle w:val="Loop"/>')), True),
        (paragraph(run("x", '<w:rStyle w:val="Secret"/><w:vanish w:val="false"/>')), True),
        (paragraph(run("x"), properties='<w:pStyle w:val="Instruction"/>'), False),
        # A property that toggles: hidden twice is shown.
        (
            paragraph(
                run("x", '<w:rStyle w:val="Secret"/>'),
                properties='<w:pStyle w:val="Instruction"/>',
            ),
            True,
        ),
        (paragraph("<w:r><w:rPr><w:vanish/></w:rPr><w:sym w:font='a' w:char='F0'/></w:r>"), False),
        (paragraph(run("x", "<w:webHidden/>")), True),
        (f"<w:tbl><w:tr><w:trPr><w:hidden/></w:trPr><w:tc>{P('x')}</w:tc></w:tr></w:tbl>", False),
    ],
)
def test_hidden_text_is_noted_whatever_hides_it(body, shown):
    found, notes = opened(document(body + P("Seen."), {"s": ("styles", "word/styles.xml", STYLES)}))
    assert found == (["x", "Seen."] if shown else ["Seen."])
    assert notes == ([] if shown else ["hidden_text"])


def drawn_box(text: str, anchor: str = "", properties: str = "", of_run: str = "") -> str:
    """A run with a text box, and the same box in the older form."""
    space = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    inner = f"<w:txbxContent>{P(text)}</w:txbxContent>"
    return (
        f'<w:r><w:rPr>{of_run}</w:rPr><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>'
        f'<wp:anchor xmlns:wp="{space}" {anchor}><wp:docPr {properties}/>{inner}</wp:anchor>'
        f"</w:drawing></mc:Choice><mc:Fallback><w:pict>{inner}</w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )


HIDES = 'hidden="1"'


@pytest.mark.parametrize(
    "how", [{"anchor": HIDES}, {"properties": HIDES}, {"of_run": "<w:vanish/>"},
            {"anchor": HIDES, "properties": 'hidden="true"'}],
)  # fmt: skip
def test_a_hidden_text_box_is_left_out_in_all_its_forms(how):
    body = paragraph(drawn_box("Melena.", **how), run("a"), drawn_box("Seen.")) + P("b")
    assert opened(document(body)) == (["Seen.", "a", "b"], ["hidden_text"])


def test_a_text_box_at_the_end_of_its_paragraph_keeps_the_text_before_it():
    body = paragraph(run("a"), drawn_box("Seen.")) + P("b")
    assert lines(document(body)) == ["Seen.", "a", "b"]


def test_a_text_box_that_is_not_hidden_is_read_once():
    how = {"anchor": 'hidden="0"', "properties": 'hidden="false"'}
    body = paragraph(drawn_box("Melena.", **how), run("a"))
    assert lines(document(body)) == ["Melena.", "a"]


# -- struck text, bullets that are boxes, symbol fonts ---------------------------------------------

STRUCK = part(
    "styles",
    '<w:style w:type="paragraph" w:styleId="Gone"><w:rPr><w:strike/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Child"><w:basedOn w:val="Gone"/></w:style>'
    '<w:style w:type="character" w:styleId="Twice"><w:rPr><w:dstrike/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Once"><w:rPr><w:strike/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Ticked"><w:pPr><w:numPr><w:ilvl w:val="1"/>'
    '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>',
)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (paragraph(run("x", "<w:strike/>")), False),
        (paragraph(run("x", "<w:dstrike/>")), False),
        (paragraph(run("x", '<w:strike w:val="true"/>')), False),
        (paragraph(run("x", '<w:strike w:val="0"/>')), True),
        (paragraph(run("x", '<w:rStyle w:val="Twice"/>')), False),
        (paragraph(run("x", '<w:rStyle w:val="Twice"/><w:dstrike w:val="0"/>')), True),
        (paragraph(run("x"), properties='<w:pStyle w:val="Gone"/>'), False),
        (paragraph(run("x"), properties='<w:pStyle w:val="Child"/>'), False),
        (
            paragraph(
                run("x", '<w:strike w:val="false"/>'), properties='<w:pStyle w:val="Child"/>'
            ),
            True,
        ),
        (
            paragraph(run("x", '<w:rStyle w:val="Once"/>'), properties='<w:pStyle w:val="Gone"/>'),
            True,
        ),
        (paragraph(run("x"), properties="<w:rPr><w:strike/></w:rPr>"), True),
        (paragraph(run("x", "<w:rPrChange><w:rPr><w:strike/></w:rPr></w:rPrChange>")), True),
    ],
)
def test_struck_text_is_left_out_and_noted(body, shown):
    found, notes = opened(document(body + P("Seen."), {"s": ("styles", "word/styles.xml", STRUCK)}))
    assert found == (["x", "Seen."] if shown else ["Seen."])
    assert notes == ([] if shown else ["struck_text"])


def test_a_struck_denial_denies_nothing():
    body = paragraph(run("She has ") + run("no ", "<w:strike/>") + run("ongoing melena."))
    assert opened(document(body)) == (["She has ongoing melena."], ["struck_text"])


def levels(*bullets: tuple[str, str]) -> str:
    return "".join(
        f'<w:lvl w:ilvl="{level}"><w:numFmt w:val="bullet"/><w:lvlText w:val="{sign}"/>'
        f'<w:rPr><w:rFonts w:ascii="{font}" w:hAnsi="{font}"/></w:rPr></w:lvl>'
        for level, (sign, font) in enumerate(bullets)
    )


LISTS = part(
    "numbering",
    '<w:abstractNum w:abstractNumId="7">'
    f"{levels(('&#xF0A8;', 'Wingdings'), ('☒', 'MS Gothic'))}</w:abstractNum>"
    '<w:abstractNum w:abstractNumId="8">'
    f"{levels(('&#xF0A7;', 'Wingdings'), ('o', 'Courier New'))}</w:abstractNum>"
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="8"/><w:lvlOverride w:ilvl="0">'
    f"{levels(('□', 'Arial'))}</w:lvlOverride></w:num>",
)


@pytest.mark.parametrize(
    ("properties", "shown"),
    [
        ('<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>', "☐ x"),
        ('<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>', "☒ x"),
        ('<w:numPr><w:numId w:val="1"/></w:numPr>', "☐ x"),
        ('<w:pStyle w:val="Ticked"/>', "☒ x"),
        ('<w:pStyle w:val="Ticked"/><w:numPr><w:numId w:val="0"/></w:numPr>', "x"),
        ('<w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr>', "☐ x"),
        ('<w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr>', "x"),
        ('<w:numPr><w:ilvl w:val="1"/><w:numId w:val="2"/></w:numPr>', "x"),
        ('<w:numPr><w:ilvl w:val="0"/><w:numId w:val="9"/></w:numPr>', "x"),
    ],
)
def test_bullets_that_are_boxes_are_read(properties, shown):
    parts = {
        "s": ("styles", "word/styles.xml", STRUCK),
        "n": ("numbering", "word/numbering.xml", LISTS),
    }
    body = paragraph(run("x"), properties=properties) + P("y")
    assert lines(document(body, parts)) == [shown, "y"]


def test_lists_whose_definitions_are_damaged_are_read_without_bullets():
    body = paragraph(run("x"), properties='<w:numPr><w:numId w:val="1"/></w:numPr>')
    assert lines(document(body, {"n": ("numbering", "word/numbering.xml", "<w:num")})) == ["x"]


@pytest.mark.parametrize(
    ("font", "code", "sign"),
    [
        ("Wingdings", "F06F", "☐"),
        ("Wingdings", "F070", "☐"),
        ("Wingdings", "F0A1", "☐"),
        ("Wingdings", "F0FD", "☒"),
        ("Wingdings", "F0FE", "☑"),
        ("Wingdings 2", "F02A", "☐"),
        ("Wingdings 2", "00A3", "☐"),
        ("Wingdings 2", "F052", "☑"),
        ("Webdings", "F063", "☐"),
        ("Webdings", "F061", "✓"),
        ("Segoe UI Symbol", "2751", "☐"),
        ("MS Gothic", "2612", "☒"),
        ("Wingdings", "F0A7", "▪"),
        ("Wingdings", "F06C", "●"),
        ("Wingdings 3", "F07D", "➢"),
        ("Symbol", "F0B7", "•"),
        ("Symbol", "F06D", "μ"),
        ("Wingdings", "F03A", "\ufffd"),
    ],
)
def test_signs_of_symbol_fonts_are_boxes_and_bullets(font, code, sign):
    found, notes = opened(
        document(paragraph(f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>{run(" x")}'))
    )
    assert found == [f"{sign} x"]
    assert notes == (["symbols_unknown"] if sign == "\ufffd" else [])


@pytest.mark.parametrize(
    ("text", "fonts", "shown"),
    [
        ("¨", 'w:ascii="Wingdings" w:hAnsi="Wingdings"', "☐"),
        ("þ", 'w:hAnsi="Wingdings"', "☑"),
        ("o", 'w:ascii="Wingdings"', "☐"),
        ("o", 'w:ascii="Courier New"', "o"),
        ("a b", 'w:ascii="Symbol"', "α β"),
        ("\uf0b7\uf0a7\uf06f\uf071\uf078\uf0fe", 'w:ascii="Calibri"', "•▪☐☐☒☑"),
    ],
)
def test_letters_of_symbol_fonts_are_what_they_show(text, fonts, shown):
    assert lines(document(paragraph(run(text, f"<w:rFonts {fonts}/>")))) == [shown]


WHITE = '<w:color w:val="FFFFFF"/>'
BLUE = '<w:shd w:val="clear" w:fill="1F3864"/>'


def coloured(how: str, text: str = "white", of_paragraph: str = "") -> str:
    written = f"<w:r><w:rPr>{how}</w:rPr><w:t>{text}</w:t></w:r>"
    return f"<w:p><w:pPr>{of_paragraph}</w:pPr>{written}<w:r><w:t>.</w:t></w:r></w:p>"


@pytest.mark.parametrize(
    ("body", "noted"),
    [
        (coloured(WHITE), True),
        (coloured(WHITE.lower()), True),
        (coloured(WHITE + '<w:shd w:val="clear" w:fill="auto"/>'), True),
        (coloured(WHITE + BLUE), False),
        (coloured(WHITE + '<w:highlight w:val="black"/>'), False),
        (coloured(WHITE, of_paragraph=BLUE), False),
        (coloured("", of_paragraph=f"<w:rPr>{WHITE}</w:rPr>"), False),
        (coloured(WHITE, text=" ") + coloured(""), False),
        (f"<w:tbl><w:tr><w:tc>{BLUE}{coloured(WHITE)}</w:tc></w:tr></w:tbl>", False),
    ],
)
def test_white_text_without_a_ground_is_read_and_noted(body, noted):
    found, notes = opened(document(body))
    assert (found[-1], notes) == ("white.", ["same_colour"] * noted)


# -- what styles say -------------------------------------------------------------------------------

SUPER = '<w:vertAlign w:val="superscript"/>'
WINGDINGS = '<w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/>'
LETTERS = '<w:rFonts w:ascii="Arial" w:hAnsi="Arial"/>'
THEME = '<w:rFonts w:ascii="Wingdings" w:asciiTheme="minorHAnsi" w:hAnsiTheme="minorHAnsi"/>'
OF_A, OF_B = '<w:rStyle w:val="A"/>', '<w:rStyle w:val="B"/>'
PARAGRAPH_A = '<w:pStyle w:val="A"/>'


def styled(body: str, a: str, b: str = "", of_paragraphs: str = "") -> tuple[list[str], list[str]]:
    """A text with a style A, of characters or paragraphs, and a style B that is based on it."""
    kind = "paragraph" if of_paragraphs or PARAGRAPH_A in body else "character"
    styles = part(
        "styles",
        f'<w:style w:type="{kind}" w:styleId="A"><w:pPr>{of_paragraphs}</w:pPr>'
        f"<w:rPr>{a}</w:rPr></w:style>"
        f'<w:style w:type="{kind}" w:styleId="B"><w:basedOn w:val="A"/>'
        f"<w:rPr>{b}</w:rPr></w:style>",
    )
    return opened(document(body, {"s": ("styles", "word/styles.xml", styles)}))


@pytest.mark.parametrize(
    ("runs", "a", "b", "shown"),
    [
        ([run("10"), run("9", OF_A), run("/L")], SUPER, "", "10^9/L"),
        ([run("10"), run("12", OF_B), run("/L")], SUPER, "", "10^12/L"),
        ([run("10"), run("1", OF_A), run("2", OF_A)], SUPER, "", "10^12"),
        ([run("10"), run("1", SUPER), run("2", SUPER), run("/L")], "", "", "10^12/L"),
        ([run("10"), run("9", OF_B)], SUPER, '<w:vertAlign w:val="baseline"/>', "109"),
        ([run("10"), run("9", OF_A + '<w:vertAlign w:val="baseline"/>')], SUPER, "", "109"),
        ([run("6"), run("th", OF_A), run(" of May")], SUPER, "", "6th of May"),
        ([run("þ", OF_A), run(" Melena")], WINGDINGS, "", "☑ Melena"),
        ([run("o", OF_B), run(" Melena")], WINGDINGS, "<w:b/>", "☐ Melena"),
        ([run("þ", OF_A + '<w:rFonts w:hint="default"/>')], WINGDINGS, "", "☑"),
        ([run("Melena", OF_A + LETTERS)], WINGDINGS, "", "Melena"),
        ([run("Melena", OF_A + THEME)], WINGDINGS, "", "Melena"),
        ([run("Melena", OF_B)], WINGDINGS, LETTERS, "Melena"),
        ([run("þ", OF_A), run("þorn")], WINGDINGS, "", "☑þorn"),
    ],
)
def test_what_a_run_s_style_says_counts_where_the_run_says_nothing(runs, a, b, shown):
    assert styled(paragraph(*runs), a, b) == ([shown], [])


def test_a_paragraph_s_style_counts_for_the_paragraph_alone():
    body = paragraph(run("þ"), run(" Melena", LETTERS), properties=PARAGRAPH_A) + P("þorn")
    assert styled(body, WINGDINGS) == (["☑ Melena", "þorn"], [])


@pytest.mark.parametrize(
    ("text", "a", "of_paragraphs", "noted"),
    [
        (paragraph(run("a", OF_A)), WHITE, "", True),
        (paragraph(run("a", OF_B)), WHITE, "", True),
        (paragraph(run("a"), properties=PARAGRAPH_A), WHITE, "", True),
        (paragraph(run("a", OF_A)), WHITE + BLUE, "", False),
        (paragraph(run("a", OF_A + WHITE)), BLUE, "", False),
        (paragraph(run("a", OF_A + '<w:color w:val="auto"/>')), WHITE, "", False),
        (paragraph(run("a"), properties=PARAGRAPH_A), WHITE, BLUE, False),
        (paragraph(run("a"), properties='<w:pStyle w:val="B"/>'), WHITE, BLUE, False),
    ],
)
def test_white_text_of_a_style_is_noted_where_no_ground_is(text, a, of_paragraphs, noted):
    assert styled(text, a, of_paragraphs=of_paragraphs) == (["a"], ["same_colour"] * noted)


# -- fields, controls ------------------------------------------------------------------------------


def test_of_fields_what_they_show_is_read():
    inner = char("begin") + code("MERGEFIELD sex") + char("separate") + run("F") + char("end")
    body = (
        paragraph(
            run("Seen "),
            char("begin"),
            code("DATE"),
            char("separate"),
            run("1 May"),
            char("end"),
            run(" by us."),
        )
        + paragraph(
            char("begin"), code("IF "), inner, code('= "F" "her" "his"'), char("separate"),
            run("her"), char("end"), run(" case"),
        )
        + f'<w:p><w:fldSimple w:instr="PAGE">{run("3")}</w:fldSimple></w:p>'
    )  # fmt: skip
    assert lines(document(body)) == ["Seen 1 May by us.", "her case", "3"]


def test_a_field_that_is_never_closed_loses_nothing():
    body = P("One.") + paragraph(run("Two "), char("begin"), run("three.")) + P("Four.")
    assert lines(document(body)) == ["One.", "Two", "three.", "Four."]


SIGN = "SYMBOL 254 \\f "
WORDS = run("þ", WINGDINGS)


def field(text: str, result: str | None = None) -> str:
    """A field by its code, with its result if it is stored."""
    stored = "" if result is None else char("separate") + result
    return char("begin") + code(text) + stored + char("end")


def simple(text: str, result: str = "") -> str:
    return f'<w:fldSimple w:instr="{text}">{result}</w:fldSimple>'


@pytest.mark.parametrize(
    ("shown_by", "sign"),
    [
        (field(f'{SIGN}"Wingdings" \\s 12'), "☑"),
        (field(f"{SIGN}Wingdings"), "☑"),
        (field(f"{SIGN}Wingdings", ""), "☑"),
        (field(f"{SIGN}Wingdings", WORDS), "☑"),
        (
            char("begin")
            + code(" SYM")
            + code('BOL 0xA8 \\f "Wing')
            + code('dings"')
            + char("end"),
            "☐",
        ),
        (field('symbol 82 \\f "Wingdings 2" \\h'), "☑"),
        (field("SYMBOL 163 \\f Symbol"), "≤"),
        (field("SYMBOL 177 \\a"), "±"),
        (field("SYMBOL 9746 \\u"), "☒"),
        (simple(f"{SIGN}Wingdings"), "☑"),
        (simple(f"{SIGN}&quot;Wingdings&quot;", WORDS), "☑"),
        (field("DATE") + field("SYMBOL") + simple("PAGE") + simple("SYMBOL"), ""),
    ],
)
def test_a_sign_that_a_field_draws_is_read_from_its_code(shown_by, sign):
    assert lines(document(paragraph(shown_by, run(" Melena")))) == [f"{sign} Melena".strip()]


def test_a_hidden_field_shows_no_sign():
    hidden = field(f"{SIGN}Wingdings").replace("<w:r>", "<w:r><w:rPr><w:vanish/></w:rPr>")
    assert opened(document(paragraph(hidden, run("a")))) == (["a"], ["hidden_text"])


BLANKS = run("\u2002" * 5)


@pytest.mark.parametrize(
    ("shown_by", "text"),
    [
        (field(" FORMTEXT ", BLANKS), "___"),
        (field(" FORMTEXT ", run("\u2002") + run("\u2002\u2002")), "___"),
        (field(" FORMTEXT ", ""), "___"),
        (field(" FORMTEXT "), "___"),
        (simple("FORMTEXT"), "___"),
        (field(" FORMTEXT ", run("No")), "No"),
        (field(" FORMTEXT ", run("\u2002") + run("No")), "No"),
        (field(" FORMTEXT ", field(" FORMTEXT ", BLANKS)), "___"),
        (field(" REF a ", BLANKS), ""),
        (field(" MACROBUTTON NoMacro [Click here and type] "), "[Click here and type]"),
        (field(" macrobutton CheckIt \u2610 "), "\u2610"),
        (simple("MACROBUTTON AcceptAll No"), "No"),
        (field(" MACROBUTTON NoMacro "), ""),
    ],
)
def test_a_form_s_field_that_was_not_filled_in_is_an_open_answer(shown_by, text):
    (found,) = lines(document(paragraph(run("Melena: "), shown_by, run(" Fever: no"))))
    assert found.split() == f"Melena: {text} Fever: no".split()


ON, OFF = 'on="t"', 'on="f"'


def art(text: str, more: str = "") -> str:
    """Letters that are drawn."""
    path = f'<v:textpath string="{text}" {more}/>' if text else "<v:textpath/>"
    return f"<w:pict><v:shape>{path}</v:shape></w:pict>"


def test_drawn_letters_are_read_as_a_text_box():
    empty = '<mc:Choice Requires="wps"><w:drawing/></mc:Choice>'
    choice = f"<mc:AlternateContent>{empty}<mc:Fallback>{art('COPY')}</mc:Fallback>"
    body = (
        paragraph(run("a "), f"<w:r>{art('VOID', ON)}</w:r>", run("b"))
        + paragraph(f"<w:r>{choice}</mc:AlternateContent></w:r>", run("c"))
        + paragraph(f"<w:r>{art('')}{art('x', OFF)}</w:r>", run("d"))
    )
    assert lines(document(body)) == ["VOID", "a b", "COPY", "c", "d"]


DATA = (
    f"{word.DECLARED}<c:case xmlns:c='urn:c'><c:name>Maria</c:name><c:hb unit='g/dL'>7.9</c:hb>"
    "<c:hb>8.1</c:hb></c:case>"
)


def control(binding: str, inner: str, more: str = "") -> str:
    return (
        f'<w:sdt><w:sdtPr>{more}<w:dataBinding w:storeItemID="{{ABC}}" w:xpath="{binding}"/>'
        f"</w:sdtPr><w:sdtContent>{inner}</w:sdtContent></w:sdt>"
    )


def test_a_control_that_is_bound_to_data_shows_the_data():
    """As in files that a program has filled in through their data alone."""
    placeholder = "<w:showingPlcHdr/>"
    body = (
        paragraph(run("Name: "), control("/c:case[1]/c:name[1]", run("Click here"), placeholder))
        + control("/c:case/c:hb[2]", P("old"), "<w:text/>")
        + control("/c:case[1]/c:hb[1]/@unit", P("Enter"), placeholder)
        + control("/c:case[1]/c:none[1]", P("Enter"), placeholder)
        + control("//c:hb", P("kept"), "<w:text/>")
        + control("/c:case[1]/c:name[1]", P("rich"))
        + "<w:tbl><w:tr>"
        + control("/c:case[1]/c:name[1]", f"<w:tc>{P('Enter')}</w:tc>", placeholder)
        + f"<w:tc>{P('beside')}</w:tc></w:tr></w:tbl>"
    )
    properties = '<ds:datastoreItem ds:itemID="{abc}" xmlns:ds="urn:ds"/>'
    content = document(
        body,
        {"d": ("customXml", "../customXml/item1.xml", "")},
        {
            "customXml/item1.xml": DATA,
            "customXml/_rels/item1.xml.rels": word.relations(
                {"p": ("customXmlProps", "props1.xml", "")}
            ),
            "customXml/props1.xml": properties,
        },
    )
    assert lines(content) == [
        "Name: Maria", "8.1", "g/dL", "___", "kept", "rich", "Maria\tbeside",
    ]  # fmt: skip


# -- what stands beside the text -------------------------------------------------------------------


def notes_part(tag: str, *texts: str) -> str:
    inner = "".join(f'<w:{tag} w:id="{n}">{P(text)}</w:{tag}>' for n, text in enumerate(texts))
    return part(f"{tag}s", inner)


def test_notes_that_the_text_refers_to_are_read_and_no_others():
    refers = '<w:r><w:footnoteReference w:id="1"/></w:r>'
    body = paragraph(run("Hb 7.9"), refers) + paragraph(
        f"<w:del>{refers.replace('1', '2')}</w:del>", '<w:r><w:endnoteReference w:id="0"/></w:r>'
    )
    content = document(
        body,
        {
            "f": ("footnotes", "word/footnotes.xml", notes_part("footnote", "-", "In May.", "no")),
            "e": ("endnotes", "word/endnotes.xml", notes_part("endnote", "At the end.", "no")),
        },
    )
    assert opened(content)[0] == ["Hb 7.9", "In May.", "At the end."]


def header(kind: str, text: str) -> tuple[str, str, str]:
    tag = "hdr" if kind == "header" else "ftr"
    return kind, f"word/{text}.xml", part(tag, P(text))


@pytest.mark.parametrize(
    ("section", "settings", "shown"),
    [
        ("", "", ["usual"]),
        ("<w:titlePg/>", "", ["first", "usual"]),
        ('<w:titlePg w:val="0"/>', "", ["usual"]),
        ("", "<w:evenAndOddHeaders/>", ["even", "usual"]),
        ("<w:sectPrChange><w:sectPr><w:titlePg/></w:sectPr></w:sectPrChange>", "", ["usual"]),
    ],
)
def test_headers_that_no_page_shows_are_not_read(section, settings, shown):
    references = "".join(
        f'<w:headerReference w:type="{kind}" r:id="{key}"/>'
        for key, kind in (("a", "first"), ("b", "even"), ("c", "default"))
    )
    content = document(
        P("Text.") + f"<w:sectPr>{references}{section}</w:sectPr>",
        {
            "a": header("header", "first"),
            "b": header("header", "even"),
            "c": header("header", "usual"),
            "d": header("header", "unused"),
            "s": ("settings", "word/settings.xml", part("settings", settings)),
        },
    )
    assert lines(content) == [*shown, "Text."]


def choice(first: str, second: str) -> str:
    return (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{first}</mc:Choice>'
        f"<mc:Fallback>{second}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def box(text: str) -> str:
    return f"<w:txbxContent>{text}</w:txbxContent>"


def test_a_text_box_is_read_once_from_whichever_form_of_it_has_text():
    old = f"<w:pict><v:shape><v:textbox>{box(P('Boxed.'))}</v:textbox></v:shape></w:pict>"
    new = f"<w:drawing>{box(P('Boxed.'))}</w:drawing>"
    for content in (choice(new, old), choice("<w:drawing/>", old), f"<w:r>{old}</w:r>"):
        body = paragraph(run("Around "), content, run("it."))
        assert lines(document(body)) == ["Boxed.", "Around it."]


def test_a_text_box_does_not_disturb_the_text_around_it():
    inner = paragraph(run("hidden", "<w:vanish/>"), run("a"), mark="<w:del/>") + P("b")
    body = paragraph(run("One "), choice(box(inner), ""), run("two."), mark="<w:del/>") + P("x")
    assert opened(document(body))[0] == ["ab", "One two.x"]


def test_what_is_not_read_is_noted():
    related = {
        "c": (
            "comments",
            "word/comments.xml",
            part("comments", f"<w:comment>{P('?')}</w:comment>"),
        ),
        "o": ("oleObject", "word/embeddings/a.bin", "x"),
        "p": ("package", "word/embeddings/b.xlsx", "x"),
        "h": ("chart", "word/charts/chart1.xml", "<x/>"),
        "d": ("diagramData", "word/diagrams/data1.xml", "<x/>"),
        "g": ("glossaryDocument", "word/glossary/document.xml", part("document", P("Building"))),
    }
    assert opened(document(P("Text."), related)) == (
        ["Text."],
        ["comments_left_out", "attachments_left_out", "drawings_left_out"],
    )
    with Source(
        io.BytesIO(document(P("Text."), related)), "x.docx", ["text"], [], ReadLimits()
    ) as source:
        list(read(source))
    assert [note.text[-2:] for note in source.notes] == ["1.", "2.", "2."]


# -- letters ---------------------------------------------------------------------------------------


def symbol(font: str, letter: str) -> str:
    return f'<w:r><w:sym w:font="{font}" w:char="{letter}"/></w:r>'


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        (symbol("Symbol", "F06D") + run("g"), "μg"),
        (symbol("Symbol", "F0A3") + run(" 7"), "≤ 7"),
        (symbol("Wingdings", "F0FE") + run(" yes"), "☑ yes"),
        (symbol("Wingdings 2", "F052") + run(" yes"), "☑ yes"),
        (symbol("MS Gothic", "2612") + run(" no"), "☒ no"),
        (symbol("Symbol", "nothing"), "\ufffd"),
        (run("m", '<w:rFonts w:ascii="Symbol"/>') + run("g"), "μg"),
        (run("\uf0b3") + run(" 12"), "≥ 12"),
        (run("10") + run("9", '<w:vertAlign w:val="superscript"/>') + run("/L"), "10^9/L"),
        (run("10") + run("-3", '<w:vertAlign w:val="superscript"/>'), "10^-3"),
        (run("m") + run("2", '<w:vertAlign w:val="superscript"/>'), "m2"),
        (run("H") + run("2", '<w:vertAlign w:val="subscript"/>') + run("O"), "H2O"),
        (
            "<w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t><w:softHyphen/><w:t>c</w:t></w:r>",
            "a-bc",
        ),
        ("<w:r><w:t>a</w:t><w:ptab w:alignment='right'/><w:t>b</w:t></w:r>", "a\tb"),
        (
            "<w:r><w:ruby><w:rt><w:r><w:t>kan</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t>"
            "</w:r></w:rubyBase></w:ruby></w:r>",
            "漢",
        ),
        (run("שלום", "<w:rtl/>"), "שלום"),
    ],
)
def test_letters_that_are_no_plain_text(inner, shown):
    found, notes = opened(document(f"<w:p>{inner}</w:p>"))
    assert found == [shown]
    assert notes == (["symbols_unknown"] if "\ufffd" in shown else [])


def math(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def test_powers_fractions_and_brackets_of_formulas_stay_apart():
    power = f"<m:sSup><m:e>{math('10')}</m:e><m:sup>{math('9')}</m:sup></m:sSup>"
    fraction = f"<m:f><m:num>{math('a')}</m:num><m:den>{math('b')}</m:den></m:f>"
    round_ones = f"<m:d><m:e>{math('x')}{power}</m:e></m:d>"
    square = (
        f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val=""/></m:dPr><m:e>{math("y")}</m:e></m:d>'
    )
    body = f"<w:p><m:oMath>{power}{fraction}{round_ones}{square}</m:oMath></w:p>"
    assert lines(document(body)) == ["10^9a/b(x10^9)[y"]


# -- other forms of the file -----------------------------------------------------------------------


def test_the_strict_form_is_read_with_all_of_its_parts():
    body = (
        paragraph(run("no "), mark="<w:del/>")
        + paragraph(
            run("blood"),
            '<w:r><w:footnoteReference w:id="0"/></w:r>',
            f"<m:oMath>{math('x')}</m:oMath>",
        )
        + '<w:altChunk r:id="c"/>'
    )
    content = document(
        body,
        {
            "c": ("aFChunk", "word/a.html", "<p>Taken in."),
            "f": ("footnotes", "word/footnotes.xml", notes_part("footnote", "Note.")),
        },
    )
    assert opened(content)[0] == ["no bloodx", "Taken in.", "Note."]
    assert opened(word.strict(content)) == opened(content)


@pytest.mark.parametrize("name", ["x.docm", "x.dotx", "x.dotm"])
def test_macros_and_templates_are_read_as_documents(name):
    assert opened(files.docx(P("Text.")), name) == (["Text."], [])


def test_names_of_parts_in_capitals_with_backslashes_and_in_percents():
    content = document(
        P("Text.") + '<w:altChunk r:id="c"/>',
        {"c": ("aFChunk", "word/my%20part.html", "")},
        {"word\\My Part.html": "<p>Found."},
    )
    assert lines(content) == ["Text.", "Found."]


@pytest.mark.parametrize(
    "damage",
    [
        {"word/styles.xml": "<w:styles"},
        {"word/footnotes.xml": "\x00"},
    ],
)
def test_a_damaged_part_is_refused_not_passed_over(damage):
    (name,) = damage
    kind = name.removeprefix("word/").removesuffix(".xml")
    with pytest.raises(WinnowError) as raised:
        opened(document(P("Text."), {"a": (kind, name, damage[name])}))
    assert raised.value.code == "file_unreadable"


def test_damage_of_what_is_not_read_harms_nothing():
    content = document(P("Text."), {"a": ("comments", "word/comments.xml", "<x")})
    assert opened(content) == (["Text."], ["comments_left_out"])


def merged(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{files.paragraph(text)}</w:tc>"


GOES_ON = "<w:vMerge/>"
BEGINS = '<w:vMerge w:val="restart"/>'


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (
            [
                merged("Melena") + merged("Denied", BEGINS),
                merged("Fever") + merged("", GOES_ON),
                merged("Pain") + merged("Yes"),
                merged("Cough") + merged("", GOES_ON),
            ],
            ["Melena\tDenied", "Fever\tDenied", "Pain\tYes", "Cough"],
        ),
        (
            [merged("No", BEGINS) + merged("Melena"), merged("", GOES_ON) + merged("Fever")],
            ["No\tMelena", "No\tFever"],
        ),
        (
            [
                merged("Finding") + merged("Yes") + merged("No"),
                merged("Melena", '<w:gridSpan w:val="2"/>') + merged("X"),
            ],
            ["Finding\tYes\tNo", "Melena: No"],
        ),
        ([merged("a") + merged("No", BEGINS), merged("") + merged("", GOES_ON)], ["a\tNo"]),
        (
            ["<w:tc>" + files.paragraph("No pain") + files.paragraph("Melena") + "</w:tc>"],
            ["No pain", "Melena"],
        ),
    ],
)
def test_cells_that_cover_several_and_lines_of_cells(rows, shown):
    table = "".join(f"<w:tr>{row}</w:tr>" for row in rows)
    assert lines(files.docx(f"<w:tbl>{table}</w:tbl>")) == shown
