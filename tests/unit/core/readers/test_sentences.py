"""Positioned lines put back into sentences: what stands on the page, and what comes of it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scaling.measure import MOST, growth
from winnow.readers.pages.columns import in_reading_order
from winnow.readers.pages.geometry import Line, Page
from winnow.readers.pages.sentences import sentences_of


def page(*lines: Line, number: int = 1) -> Page:
    return Page(number, 612, 792, lines)


def column(texts: list[str], x: float = 72, width: float = 460, top: float = 150) -> list[Line]:
    """Lines below each other, all but the last as wide as the column."""
    return [
        Line(
            text,
            x,
            top + 14 * index,
            x + (width if index < len(texts) - 1 else width / 2),
            top + 14 * index + 10,
        )
        for index, text in enumerate(texts)
    ]


def text_of(*pages: Page) -> str:
    pieces, _ = sentences_of(pages)
    return "".join(piece.text for piece in pieces).rstrip("\n")


def test_one_word_a_line():
    before = ["The", "patient", "has", "had", "occult", "bleeding", "for", "six", "months."]
    lines = [
        Line(word, 72, 100 + 14 * i, 72 + 6 * len(word), 110 + 14 * i)
        for i, word in enumerate(before)
    ]
    assert text_of(page(*lines)) == "The patient has had occult bleeding for six months."


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["a wire-", "less capsule"], "a wireless capsule"),
        (["at the follow-", "up visit"], "at the follow-up visit"),
        (["an anti-TNF drug; anti-", "TNF again"], "an anti-TNF drug; anti-TNF again"),
        (
            ["the re-entry of a loop: its re-", "entry was seen"],
            "the re-entry of a loop: its re-entry was seen",
        ),
        (["sero\u00ad", "negative"], "seronegative"),
        (["a sixty-", "three-year-old woman"], "a sixty-three-year-old woman"),
        (["a sixty-three", "-year-old woman"], "a sixty-three-year-old woman"),
        (["a sixty-three-", "-year-old woman"], "a sixty-three-year-old woman"),
        (["a 12-", "year-old boy"], "a 12-year-old boy"),
        (["a follow-up; fol-", "low-up again"], "a follow-up; follow-up again"),
        (["aged 40 -", "60 years"], "aged 40 - 60 years"),
    ],
)
def test_hyphens_at_line_ends(before, after):
    assert text_of(page(*column(before))) == after


def test_running_headers_footers_and_page_numbers():
    def sheet(number: int, text: list[str]) -> Page:
        return page(
            Line("Clinic A    MRN 0017", 72, 30, 300, 40),
            *column(text),
            Line(f"Page {number} of 3", 280, 760, 340, 770),
            Line("Confidential", 72, 760, 140, 770),
            number=number,
        )

    pages = [
        sheet(1, ["She was seen in May with a haemo-"]),
        sheet(2, ["globin of 8.1 and no source of bleeding was found, so that"]),
        sheet(3, ["a capsule study is requested."]),
    ]
    pieces, dropped = sentences_of(pages)
    assert "".join(piece.text for piece in pieces) == (
        "Clinic A MRN 0017\nShe was seen in May with a haemoglobin of 8.1 and no source of "
        "bleeding was found, so that a capsule study is requested.\nConfidential Page 3 of 3\n"
    )
    assert dropped == 4  # two headers, and the footer row of two pages
    assert [(piece.page, piece.text[:5]) for piece in pieces][1:] == [
        (1, "She w"),
        (2, "globi"),
        (3, "a cap"),
        (3, "Confi"),
    ]


def edged(edges: list[str], y: float) -> list[Page]:
    """A page for each text, which is at the same height, with paragraphs of its own."""
    return [
        page(
            Line(edge, 72, y, 72 + 6 * len(edge), y + 10),
            *column([f"Line {n} of page {number} tells of the knee." for n in range(10)], top=230),
            number=number,
        )
        for number, edge in enumerate(edges, start=1)
    ]


@pytest.mark.parametrize("y", [80, 705])
@pytest.mark.parametrize(
    "edges",
    [
        ["Hemoglobin 7.2 g/dL on 01/10/2026", "Hemoglobin 14.1 g/dL on 08/10/2026"],
        ["Ferritin 6 ng/mL", "Ferritin 90 ng/mL", "Ferritin 120 ng/mL"],
        ["Visit of 01/10/2026", "Visit of 08/10/2026", "Visit of 11/10/2026"],
        ["Hb 7", "Hb 8"],
        ["Hb 1", "Hb 2", "Hb 3"],
        ["Transfused 4 units", "Transfused 5 units", "Transfused 6 units"],
        ["INR 1.2 on day 1", "INR 2.2 on day 2"],
        ["Guaiac 2 of 3 positive", "Guaiac 0 of 3 positive"],
        ["Bleeding stopped 3 days ago", "Bleeding stopped 9 days ago"],
        ["2019: colonoscopy normal", "2024: colonoscopy normal"],
        ["BP 120/80", "BP 100/60"],
        ["120/80", "100/60"],
        ["14", "9"],
    ],
)
def test_lines_at_an_edge_that_differ_in_their_numbers_stay(edges, y):
    text = text_of(*edged(edges, y))
    assert [edge for edge in edges if edge not in text] == []


@pytest.mark.parametrize("y", [40, 750])
@pytest.mark.parametrize(
    "edges",
    [
        ["Clinic North MRN 0017"] * 3,
        ["Doe, Jane DOB 01/02/1950, printed 01/10/2026 10:03"] * 2,
        ["Clinic North, page 1", "Clinic North, page 2"],
        ["Report of Doe 1 of 2", "Report of Doe 2 of 2"],
        ["Journal of Medicine 233", "Journal of Medicine 234", "Journal of Medicine 235"],
    ],
)
def test_one_of_the_lines_that_run_stays(edges, y):
    assert sum(text_of(*edged(edges, y)).count(edge) for edge in set(edges)) == 1


@pytest.mark.parametrize(
    "edges",
    [
        ["1", "2", "3"],
        ["- 1 -", "- 2 -"],
        ["Page 7 of 9", "Page 8 of 9"],
        ["Seite 1 von 2", "Seite 2 von 2"],
        ["233", "234"],
    ],
)
def test_page_numbers_go(edges):
    pages = edged(edges, 750)
    assert sentences_of(pages)[1] == len(edges)


def test_two_columns_are_read_one_after_the_other():
    title = Line("A title over both of the columns of this page", 72, 60, 540, 80)
    left = column(
        [f"left column line number {n} goes on and" for n in range(1, 7)] + ["ends here."],
        width=220,
        top=100,
    )
    right = column(
        [f"right column line number {n} goes on and" for n in range(1, 7)] + ["ends there."],
        x=320,
        width=220,
        top=100,
    )
    foot = Line("A line across the foot of the page, under both of them", 72, 300, 540, 310)
    # As a file draws them: row by row.
    rows = [line for pair in zip(left, right, strict=True) for line in pair]
    ordered = in_reading_order(page(title, *rows, foot))
    assert ordered == [title, *left, *right, foot]


def test_cells_of_a_table_side_by_side_are_one_line():
    cells = []
    for index in range(8):
        y = 100 + 14 * index
        cells += [
            Line(f"Test {index}", 72, y, 110, y + 10),
            Line(f"{index}.1", 300, y, 320, y + 10),
        ]
    assert [line.text for line in in_reading_order(page(*cells))][:2] == [
        "Test 0 0.1",
        "Test 1 1.1",
    ]


def test_headings_lists_and_paragraphs_stay_apart():
    lines = [
        Line("FINDINGS", 72, 100, 130, 114),
        Line("The stomach was seen well and nothing was found in", 72, 124, 532, 134),
        Line("it or beyond.", 72, 138, 150, 148),
        Line("- angiectasia in the jejunum", 72, 152, 300, 162),
        Line("- no blood", 72, 166, 130, 176),
        Line("Signed: Dr. A", 72, 220, 150, 230),
    ]
    assert text_of(page(*lines)).split("\n") == [
        "FINDINGS",
        "The stomach was seen well and nothing was found in it or beyond.",
        "- angiectasia in the jejunum",
        "- no blood",
        "Signed: Dr. A",
    ]


def test_numbered_lines_of_a_transcript_lose_their_numbers():
    spoken = [
        "MR. MERCER: The question is",
        "whether the court may hear the",
        "case at all.",
        "JUSTICE: It may, and it will hear",
        "it today.",
        "MR. MERCER: Then I go on.",
    ]
    lines = []
    for number, text in enumerate(spoken, start=1):
        y = 100 + 24 * number
        lines += [
            Line(str(number), 72, y, 84, y + 10),
            Line(text, 110, y, 110 + 6 * len(text), y + 10),
        ]
    assert "2 whether" not in text_of(page(*lines))
    assert "The question is whether the court may hear the case at all." in text_of(page(*lines))


BOX = st.floats(0, 800, allow_nan=False)


@given(st.lists(st.tuples(st.text(max_size=12), BOX, BOX, BOX, BOX), max_size=40))
def test_no_word_is_lost_wherever_it_stands(boxes):
    lines = [Line(text, x, y, x + w, y + h) for text, x, y, w, h in boxes]
    pieces, dropped = sentences_of([page(*lines)])
    if dropped:
        return
    plain = "".join(text for text, *_ in boxes)
    kept = "".join(piece.text for piece in pieces)
    for char in "-\u00ad\u2010":
        plain, kept = plain.replace(char, ""), kept.replace(char, "")
    assert sorted("".join(kept.split())) == sorted("".join(plain.split()))


def test_columns_between_lines_across_the_page():
    """A flyer: lines across, two columns with a heading each, lines across again."""
    across = "Easy to learn, said in words that reach from one side of the page to the other side."
    above = column([across] * 12, width=468, top=60)
    left = column(
        [f"left {i} goes on and on in its own column" for i in range(9)], width=210, top=260
    )
    right = column(
        [f"right {i} tells of another thing altogether" for i in range(8)],
        x=320,
        width=220,
        top=260,
    )
    heading = Line("Additional Features", 72, 420, 180, 430)
    below = column([across] * 12, width=468, top=440)
    ordered = [line.text for line in in_reading_order(page(*above, *left, *right, heading, *below))]
    columns = [line.text for line in (*left, *right)]
    assert ordered == [*[across] * 12, *columns, "Additional Features", *[across] * 12]


def test_a_paragraph_goes_on_in_the_next_column_though_the_next_word_is_a_name():
    left = column([f"left {n} goes on and on in its own column" for n in range(8)], width=220)
    left[-1] = Line("and she was seen in the clinic by Doctor", 72, 248, 292, 258)
    right = column(["Whitfield who found " + "nothing " * 3] * 8, x=320, width=220)
    assert "seen in the clinic by Doctor Whitfield who" in text_of(page(*left, *right))


def test_a_table_below_columns_is_no_part_of_them():
    """It does not reach across the gutter, and its heading stands in the left column alone."""
    left = column([f"left {n} goes on and on in its own column" for n in range(9)], width=220)
    right = column([f"right {n} tells of another thing entirely" for n in range(9)], 320, 220)
    heading = Line("Findings", 72, 296, 130, 308)
    rows = [
        Line(text, x, y, x + 6 * len(text), y + 10)
        for y in (320, 334, 348)
        for x, text in ((72, "Hemoglobin"), (330, f"{y / 10} g/dL"))
    ]
    ordered = [line.text for line in in_reading_order(page(*left, *right, heading, *rows))]
    assert ordered[:18] == [line.text for line in (*left, *right)]
    assert ordered[18:] == ["Findings", *(f"Hemoglobin {y / 10} g/dL" for y in (320, 334, 348))]


def test_a_heading_at_the_foot_of_a_column_stays_there():
    left = column([f"left {n} goes on and on in its own column" for n in range(9)], width=220)
    heading = Line("9. PLAN", 72, 296, 120, 308)
    right = column([f"right {n} tells of another thing entirely" for n in range(9)], 320, 220)
    ordered = in_reading_order(page(*left, *right, heading))
    assert [line.text for line in ordered[9:11]] == ["9. PLAN", right[0].text]


def test_where_columns_are_known_to_be_few_lines_tell():
    """The last page of a document in two columns has three lines left for each."""

    def columns(count: int, number: int) -> Page:
        left = column(
            [f"{number} left {n} goes on and on in a column" for n in range(count)], width=220
        )
        right = column([f"{number} right {n} is of another thing" for n in range(count)], 320, 220)
        return page(*left, *right, number=number)

    alone = text_of(columns(3, 2))
    assert "2 left 0 goes on and on in a column 2 right 0" in alone
    text = text_of(columns(9, 1), columns(3, 2))
    assert text.index("2 left 2") < text.index("2 right 0")


def test_a_line_set_so_wide_that_its_words_part_is_still_of_its_column():
    left = column([f"left {n} goes on and on in its own column" for n in range(9)], width=220)
    right = column([f"right {n} tells of another thing entirely" for n in range(9)], 320, 220)
    wide = [
        Line(word, x, 150, x + 30, 160) for word, x in (("by", 320), ("Dr.", 400), ("Ames", 510))
    ]
    ordered = [line.text for line in in_reading_order(page(*left, *wide, *right[1:]))]
    assert ordered[9:11] == ["by Dr. Ames", right[1].text]


def test_double_spaced_text_at_the_top_of_a_page_is_no_header():
    texts = ["She was seen in the clinic by Doctor", "Whitfield, who asks for a capsule study of"]
    lines = [
        Line(text, 72, 40 + 28 * n, 500, 50 + 28 * n) for n, text in enumerate([*texts, *texts] * 6)
    ]
    assert text_of(page(*lines)).startswith(" ".join(texts))
    assert "\n" not in text_of(page(*lines))


@pytest.mark.parametrize("apart", [0.2, 3])
def test_twice_the_lines_of_a_page_take_twice_the_time(apart):
    def line(n: int) -> Line:
        left, top = 20 + 14 * (n % 40), n * apart
        return Line("words of a line", left, top, left + 30, top + 9)

    def lines(count: int) -> list[Line]:
        return [line(n) for n in range(count)]

    pieces, _ = sentences_of([page(*lines(5_000))])
    assert len("".join(piece.text for piece in pieces).split()) == 20_000

    def reading(text: str) -> Callable[[], object]:
        whole = page(*lines(len(text)))
        return lambda: sentences_of([whole])

    assert growth(reading, lambda size: "x" * size, 10_000) <= MOST


def two_rows(count: int) -> Page:
    """A page with two rows of so many cells."""
    return Page(
        1,
        20 * count,
        792,
        tuple(
            Line("a", 20 * n, top, 20 * n + 5, top + 10) for top in (300, 320) for n in range(count)
        ),
    )


def test_rows_of_twice_the_cells_take_twice_the_time():
    def reading(text: str) -> Callable[[], object]:
        whole = two_rows(len(text))
        return lambda: sentences_of([whole])

    assert growth(reading, lambda size: "x" * size, 2_000) <= MOST


def in_columns(number: int) -> Page:
    """A page with six pairs of columns that are on no other page, and cells elsewhere."""
    lines, top = list[Line](), 100.0
    for pair in range(6):
        edge = 330 + (number * 7 + pair * 11) % 400 / 10
        for _ in range(6):
            lines.append(Line("lorem ipsum dolor sit amet consectet", 50, top, edge - 20, top + 6))
            lines.append(Line("lorem ipsum dolor sit amet consectet", edge, top, 560, top + 6))
            top += 7
        lines.append(Line("a heading across all of it, which is long", 50, top + 6, 560, top + 12))
        top += 20
    for n in range(30):
        lines.append(Line("xx", 140 + n * 6, top + n // 5 * 18, 143 + n * 6, top + n // 5 * 18 + 6))
    return Page(number, 612, 792, tuple(lines))


@pytest.mark.slow
def test_twice_the_pages_with_columns_take_twice_the_time():
    def reading(text: str) -> Callable[[], object]:
        pages = [in_columns(number) for number in range(1, len(text) + 1)]
        return lambda: sentences_of(pages)

    assert growth(reading, lambda size: "x" * size, 300) <= MOST


def test_the_time_is_checked_on_every_page():
    checked: list[None] = []
    sentences_of([page(Line("a", 1, 1, 2, 2))] * 3, lambda: checked.append(None))
    assert len(checked) == 3


def short_lines(texts: list[str], x: float = 72, top: float = 150) -> list[Line]:
    """Lines below each other, each as wide as its text."""
    return [
        Line(text, x, top + 14 * n, x + 5.2 * len(text), top + 14 * n + 10)
        for n, text in enumerate(texts)
    ]


NOT_MARKED = "Pain: [ ] Present [ ] Absent [ ] Unknown"
LISTS = [
    ["Denies chest pain or dyspnea", "Still passing black stools", "EGD and colonoscopy normal"],
    ["No fever", "Ongoing melena", "Never smoker", "Anemia", "Weight loss: none", "Hematochezia"],
    ["EGD, colonoscopy: negative", "Obscure GI bleeding, anemia", "Denies chest pain, dyspnea"],
    ["Denies fever or chest pain", "Reports melena every day", "Capsule requested", "Lives alone"],
    ["Without night sweats", "Transfused 2 units of red cells on May 4", "Hemoglobin 6.9"],
]


@pytest.mark.parametrize("texts", LISTS)
@pytest.mark.parametrize("with_prose", [False, True])
def test_lines_of_a_list_stay_lines(texts, with_prose):
    pages = [page(*short_lines(texts))]
    if with_prose:
        prose = ["Words that fill a line of prose from one margin to the other and on"] * 6
        pages.append(page(*column(prose), number=2))
    assert text_of(*pages).split("\n")[: len(texts)] == texts


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("was guaiac-", "negative"),
        ("was H. pylori-", "negative"),
        ("a FIT-", "positive"),
        ("is transfusion-", "dependent"),
        ("now symptom-", "free"),
        ("an MRI-", "guided"),
    ],
)
def test_hyphens_of_words_with_two_parts_stay(before, after):
    assert text_of(page(*column([before, f"{after} test"]))) == f"{before}{after} test"


# -- marks in columns ------------------------------------------------------------------------------


def rows(texts: list[str], *columns: float) -> list[Line]:
    """Rows whose cells, parted by bars, begin at these places."""
    return [
        Line(cell, x, 150 + 15 * n, x + 5 * len(cell), 160 + 15 * n)
        for n, row in enumerate(texts)
        for x, cell in zip(columns, row.split("|"), strict=False)
        if cell
    ]


@pytest.mark.parametrize(
    ("texts", "columns", "told"),
    [
        (
            ["Finding|Yes|No", "Melena||X", "Fever|X"],
            (72, 250, 300),
            ["Finding Yes No", "Melena: No", "Fever: Yes"],
        ),
        (["Finding|Yes|No", "Melena||X"], (72, 250, 304), ["Finding Yes No", "Melena: No"]),
        (
            ["|Present|Absent|Unknown", "Melena|||X", "Pain", "Fever||x"],
            (72, 250, 330, 400),
            ["Present Absent Unknown", "Melena: Unknown", NOT_MARKED, "Fever: Absent"],
        ),
        (
            ["Symptom|Current|Past|Never", "Melena|||X", "Fever|X"],
            (72, 250, 310, 360),
            ["Symptom Current Past Never", "Melena: Never", "Fever: Current"],
        ),
        (
            ["Finding|Yes|No|Comment", "Melena||X|since May", "Fever|X||daily"],
            (72, 250, 300, 350),
            ["Finding Yes No Comment", "Melena: No, since May", "Fever: Yes, daily"],
        ),
        (
            ["Finding|Yes|No", "Melena|No", "Fever|X"],
            (72, 250, 300),
            ["Finding Yes No", "Melena: No", "Fever: Yes"],
        ),
        (
            [
                "Finding|Yes|No",
                "Rash||X",
                "Finding|No|Yes",
                "Pallor|X",
                "Screening|Never|Done",
                "EGD||X",
            ],
            (72, 250, 300),
            [
                "Finding Yes No",
                "Rash: No",
                "Finding No Yes",
                "Pallor: No",
                "Screening Never Done",
                "EGD: Done",
            ],
        ),
        (
            ["Liver|Normal|Abnormal", "Lobe|X", "Pain|None|Mild|Severe", "Chest|||X", "Back|X"],
            (72, 250, 330, 400),
            [
                "Liver Normal Abnormal",
                "Lobe: Normal",
                "Pain None Mild Severe",
                "Chest: Severe",
                "Back: None",
            ],
        ),
        (
            ["Ann|Sex: F|Born: 1950", "Finding|No|Yes", "Rash|X", "Pallor||X"],
            (72, 250, 300),
            ["Ann Sex: F Born: 1950", "Finding No Yes", "Rash: No", "Pallor: Yes"],
        ),
        (
            ["No.|Symptom|Present", "1|Rash|X", "2|Fever", "3|Cough|X"],
            (72, 110, 250),
            ["No. Symptom Present", "1 Rash: Present", "2 Fever: [ ] Present", "3 Cough: Present"],
        ),
        (
            ["|Mother||Father", "Disease|Yes|No|Yes|No", "Gout||X|X"],
            (72, 250, 300, 350, 400),
            ["Mother Father", "Disease Yes No Yes No", "Gout (Mother): No. Gout (Father): Yes"],
        ),
        (
            ["Disease|Yes|No|Yes|No", "Gout||X", "Rash|||X"],
            (72, 250, 300, 350, 400),
            ["Disease Yes No Yes No", "Gout: ?", "Rash: ?"],
        ),
        (
            ["Finding|Yes|No", "Rash||X", "Signed|Dr. A|Dr. B", "Gout|X", "Pain||X"],
            (72, 250, 300),
            ["Finding Yes No", "Rash: No", "Signed Dr. A Dr. B", "Gout: ?", "Pain: ?"],
        ),
        (["Melena||X", "Fever|X"], (72, 250, 300), ["Melena: ?", "Fever: ?"]),
        (["Melena|X", "Fever|X"], (72, 250), ["Melena X", "Fever X"]),
        (["X|Melena", "|Fever"], (72, 120), ["X Melena", "Fever"]),
        (["Name|Jane Doe", "Urgent|[x]"], (72, 250), ["Name Jane Doe", "Urgent [x]"]),
        (
            ["Test|Result|Unit", "Hemoglobin|7.4|g/dL", "Ferritin|6|ng/mL"],
            (72, 250, 300),
            ["Test Result Unit", "Hemoglobin 7.4 g/dL", "Ferritin 6 ng/mL"],
        ),
    ],
)
def test_marks_are_told_with_what_they_stand_below(texts, columns, told):
    assert text_of(page(*rows(texts, *columns))).split("\n") == told
