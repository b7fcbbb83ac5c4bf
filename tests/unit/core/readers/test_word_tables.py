"""Tables of Word files: each cell stays below its column, whatever is in the cells before it."""

import io

import pytest

from tests.fakes import files, word
from winnow.readers import ReadLimits, Source, read

P = files.paragraph


def cell(text: str = "", properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{P(text)}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def control(content: str, properties: str = "<w:showingPlcHdr/>") -> str:
    """A content control, which shows its placeholder if nothing else is said."""
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def span(columns: int) -> str:
    return f'<w:gridSpan w:val="{columns}"/>'


def indent(columns: object) -> str:
    return f'<w:gridBefore w:val="{columns}"/>'


def opened(body: str, **parts) -> tuple[list[str], list[str]]:
    """The lines of the record, and the codes of what was noted."""
    with Source(io.BytesIO(word.document(body, **parts)), "x.docx", ["text"], ["id"],
                ReadLimits()) as source:  # fmt: skip
        (record,) = read(source)
    return record.text.split("\n"), [note.code for note in source.notes]


def lines(body: str, **parts) -> list[str]:
    found, notes = opened(body, **parts)
    assert not notes
    return found


EMPTY, X, PICK = cell(), cell("X"), control(cell("Choose an item."))
HEADER = row(cell("Finding"), cell("Yes"), cell("No"))
MELENA = cell("Ongoing melena")
RESTART, GOES_ON = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([HEADER, row(MELENA, PICK, X)], ["Ongoing melena: No"]),
        ([HEADER, row(MELENA, X, PICK)], ["Ongoing melena: Yes"]),
        ([HEADER, row(MELENA, control(PICK, ""), X)], ["Ongoing melena: No"]),
        ([HEADER, row(MELENA, control(control(cell("pick"), "")), X)], ["Ongoing melena: No"]),
        ([HEADER, row(MELENA, control(X, '<w:showingPlcHdr w:val="0"/>'), EMPTY)],
         ["Ongoing melena: Yes"]),
        ([HEADER, row(MELENA, f"<w:tc>{control(P('Click') + P('here'))}</w:tc>", X)],
         ["Ongoing melena: No"]),
        ([row(cell("Finding"), cell("Comment", span(2)), cell("Yes"), cell("No")),
          row(MELENA, control(cell("Click", span(2))), EMPTY, X)], ["Ongoing melena: No, ___"]),
        ([row(cell("Finding"), cell("Date"), cell("Yes"), cell("No")),
          row(cell("Cough"), control(cell("Click", RESTART)), EMPTY, X),
          row(MELENA, cell("", GOES_ON), X, EMPTY)],
         ["Cough: No, ___", "Ongoing melena: Yes, ___"]),
        # A control around whole rows holds their labels and answers, whatever it says of itself.
        ([HEADER, control(row(MELENA, EMPTY, X))], ["Ongoing melena: No"]),
        ([HEADER, control(row(MELENA, PICK, X) + row(cell("Cough"), X, EMPTY)),
          row(cell("Pain"), control(cell("a")), X)],
         ["Ongoing melena: No", "Cough: Yes", "Pain: No"]),
    ],
)  # fmt: skip
def test_a_placeholder_takes_its_place_in_the_row(rows, shown):
    assert lines(table(*rows))[1:] == shown


def inline(text: str, control_xml: str, after: str = "") -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r>{control_xml}<w:r><w:t>{after}</w:t></w:r></w:p>"


ENTER = "<w:r><w:t>Enter text.</w:t></w:r>"
BOX_2010 = (
    '<w14:checkbox xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"/>'
    "<w:showingPlcHdr/>"
)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (inline("Ongoing melena:", control(ENTER)), ["Ongoing melena: ___"]),
        (inline("Hb: ", control(ENTER), "g/dL"), ["Hb: ___ g/dL"]),
        (P("a") + control(P("Click") + P("here.")) + P("b"), ["a", "___", "b"]),
        (control(P("a") + control(P("b")) + P("c")) + P("d"), ["___", "d"]),
        (control(control(P("a"), "")) + P("d"), ["___", "d"]),
        (table(row(MELENA, PICK)), ["Ongoing melena\t___"]),
        (table(row(MELENA, f"<w:tc>{control(P('a') + P('b'))}</w:tc>")), ["Ongoing melena\t___"]),
        (table(row(cell("Finding"), cell("Answer")), row(MELENA, PICK)),
         ["Finding\tAnswer", "Ongoing melena\t___"]),
        (control(table(HEADER, row(MELENA, EMPTY, X))), ["Finding\tYes\tNo", "Ongoing melena: No"]),
        (inline("Melena ", control("<w:r><w:t>☐</w:t></w:r>", BOX_2010)), ["Melena ☐"]),
        (inline("a", control(ENTER, "<w:picture/><w:showingPlcHdr/>"), "b"), ["ab"]),
        (inline("a", control(ENTER, ""), "b"), ["aEnter text.b"]),
    ],
)  # fmt: skip
def test_a_placeholder_is_an_open_answer(body, shown):
    assert opened(body) == (shown, [])


def test_what_a_control_is_bound_to_stands_where_its_text_would():
    def bound(content: str, more: str = "<w:text/>") -> str:
        return control(content, f'{more}<w:dataBinding w:xpath="/c/a"/>')

    two_wide = control(f"{bound(cell('old', span(2)))}", "")
    body = (
        table(
            row(cell("Finding"), cell("Since", span(2)), cell("Yes"), cell("No")),
            row(MELENA, two_wide, EMPTY, X),
            row(cell("Cough"), bound(cell("Enter", span(2)), "<w:showingPlcHdr/>"), X, EMPTY),
            row(cell("Pain"), f"<w:tc>{bound(P('a') + P('b'))}</w:tc>", EMPTY, EMPTY, X),
        )
        + bound(P("Enter") + P("here"))
        + P("End.")
    )
    data = {"d": ("customXml", "word/item1.xml", "<c><a>May</a></c>")}
    assert lines(body, related=data)[1:] == [
        "Ongoing melena: No, May", "Cough: Yes, May", "Pain: No, May", "May", "End.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([row(cell("Bleeding", span(2)), EMPTY, X), row(MELENA, EMPTY, X, properties=indent(1))],
         ["Bleeding: No", "Ongoing melena: No"]),
        ([row(MELENA, X, EMPTY, properties=indent(1))], ["Ongoing melena: Yes"]),
        ([row(MELENA, PICK, X, properties=indent(1))], ["Ongoing melena: No"]),
        ([row(MELENA, EMPTY, X, properties='<w:gridAfter w:val="1"/>' + indent(1))],
         ["Ongoing melena: No"]),
        ([row(MELENA, EMPTY, X, properties=f"{indent(1)}<w:trPrChange><w:trPr>{indent(2)}</w:trPr>"
              "</w:trPrChange>")], ["Ongoing melena: No"]),
        ([row(cell("Cough", span(2)), EMPTY, X, cell("May", RESTART)),
          row(MELENA, EMPTY, X, cell("", GOES_ON), properties=indent(1))],
         ["Cough: No, May", "Ongoing melena: No, May"]),
        ([row(MELENA, cell(), EMPTY, X, properties=indent(0))], ["Ongoing melena: No"]),
    ],
)  # fmt: skip
def test_an_indented_row_keeps_its_columns(rows, shown):
    header = row(cell("Finding", span(2)), cell("Yes"), cell("No"), cell("Since"))
    assert lines(table(header, *rows))[1:] == shown


@pytest.mark.parametrize("columns", ["99999999", "-1", "", "two"])
def test_an_indent_is_no_more_than_a_table_has_columns(columns):
    body = table(row(cell("a"), cell("b")), row(cell("c"), properties=indent(columns)))
    assert [line.strip() for line in lines(body)] == ["a\tb", "c"]


# -- tables in cells -------------------------------------------------------------------------------


def around(*content: str) -> str:
    """A cell with tables in it: the last thing in a cell is a paragraph."""
    return f"<w:tc>{''.join(content)}<w:p/></w:tc>"


def of(*rows: tuple[str, ...]) -> str:
    return table(*(row(*map(cell, texts)) for texts in rows))


GRID = table(HEADER, row(MELENA, EMPTY, X))
COUGH = table(HEADER, row(cell("Cough"), X, EMPTY))
SHOWN = ["Finding\tYes\tNo", "Ongoing melena: No"]
SHOWN_COUGH = ["Finding\tYes\tNo", "Cough: Yes"]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([row(around(GRID))], SHOWN),
        ([row(around(P("Form"), GRID, P("Signed.")))], ["Form", *SHOWN, "Signed."]),
        ([row(around(GRID, COUGH))], [*SHOWN, *SHOWN_COUGH]),
        ([row(around(GRID), around(COUGH))], [*SHOWN, *SHOWN_COUGH]),
        ([row(around(GRID)), row(around(COUGH))], [*SHOWN, *SHOWN_COUGH]),
        ([row(cell("GI"), around(GRID))], ["GI", *SHOWN]),
        ([row(cell("GI"), around(GRID), cell("No"))], ["GI", *SHOWN, "No"]),
        ([row(around(table(row(around(table(row(around(GRID))))))))], SHOWN),
        ([HEADER, row(around(of(("Since", "May")))), row(MELENA, EMPTY, X)],
         [SHOWN[0], "Since\tMay", SHOWN[1]]),
        ([row(around(of(("Hb", "7.9"), ("Ferritin", "12"))))], ["Hb\t7.9", "Ferritin\t12"]),
        ([row(around(of(("Melena?", "Pain?"), ("No", "Yes"))))], ["Melena?: No", "Pain?: Yes"]),
        ([row(around(of(("", ""), ("", "")))), row(cell("a"))], ["a"]),
        ([row(around(GRID), properties="<w:hidden/>"), row(cell("a"))], ["a"]),
        ([row(around(table(row(cell("Cough", span(2)), EMPTY, X),
                           row(MELENA, PICK, X, properties=indent(1))).replace(
            "<w:tbl>", f"<w:tbl>{row(cell('Finding', span(2)), cell('Yes'), cell('No'))}")))],
         [SHOWN[0], "Cough: No", "Ongoing melena: No"]),
    ],
)  # fmt: skip
def test_a_table_in_a_cell_is_read_as_a_table(rows, shown):
    assert opened(table(*rows))[0] == shown


def test_tables_in_tables_have_an_end():
    """Deep ones are text of their cells, with nothing lost."""
    inner = GRID
    for _ in range(60):
        inner = table(row(around(inner)))
    assert opened(inner)[0] == ["Finding Yes No", "Ongoing melena X"]


def test_rows_of_a_record_s_table_keep_the_tables_in_their_cells():
    """The text of a row is its cell, in which tabs part the cells of the inner table."""
    body = table(row(cell("id"), cell("text")), row(cell("1"), around(P("Hb:"), of(("a", "b")))))
    with Source(io.BytesIO(word.document(body)), "x.docx", ["text"], ["id"], ReadLimits(),
                unit="row") as source:  # fmt: skip
        (record,) = read(source)
    assert (record.source_id, record.text) == ("1", "Hb:\na\tb")


@pytest.mark.parametrize("header", [True, False])
def test_a_header_is_read_once_with_the_tables_in_it(header):
    part = word.part("hdr" if header else "ftr", table(row(around(GRID))))
    kind = "header" if header else "footer"
    parts = {f"h{n}": (kind, f"word/{kind}{n}.xml", part) for n in range(3)}
    found, _ = opened(P("Pale."), related=parts)
    assert sorted(found) == sorted(["Pale.", *SHOWN])
