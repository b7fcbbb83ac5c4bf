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


def lines(body: str, **parts) -> list[str]:
    with Source(io.BytesIO(word.document(body, **parts)), "x.docx", ["text"], ["id"],
                ReadLimits()) as source:  # fmt: skip
        (record,) = read(source)
    assert not source.notes
    return record.text.split("\n")


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
          row(MELENA, control(cell("Click", span(2))), EMPTY, X)], ["Ongoing melena: No"]),
        ([row(cell("Finding"), cell("Date"), cell("Yes"), cell("No")),
          row(cell("Cough"), control(cell("Click", RESTART)), EMPTY, X),
          row(MELENA, cell("", GOES_ON), X, EMPTY)], ["Cough: No", "Ongoing melena: Yes"]),
        # A control around whole rows holds their labels and answers, whatever it says of itself.
        ([HEADER, control(row(MELENA, EMPTY, X))], ["Ongoing melena: No"]),
        ([HEADER, control(row(MELENA, PICK, X) + row(cell("Cough"), X, EMPTY)),
          row(cell("Pain"), control(cell("a")), X)],
         ["Ongoing melena: No", "Cough: Yes", "Pain: No"]),
    ],
)  # fmt: skip
def test_a_placeholder_takes_its_place_in_the_row(rows, shown):
    assert lines(table(*rows))[1:] == shown


def test_placeholders_outside_of_tables_are_not_read():
    body = (
        P("Before.") + control(P("Click here.") + P("And here."))
        + f"<w:p><w:r><w:t>Pale</w:t></w:r>{control('<w:r><w:t>Enter</w:t></w:r>')}</w:p>"
        + control(table(HEADER, row(MELENA, EMPTY, X)))
    )  # fmt: skip
    assert lines(body) == ["Before.", "Pale", "Finding\tYes\tNo", "Ongoing melena: No"]


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
