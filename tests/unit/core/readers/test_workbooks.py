"""Workbooks as programs and people leave them: far cells, styles, formulas, what is hidden."""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from tests.fakes import files
from winnow.errors import FileBombError, FileTooLargeError, FileUnreadableError, WinnowError
from winnow.models import InvalidRecord
from winnow.parsers.errors import ParseError
from winnow.parsers.xlsx import formats, sparse, workbook
from winnow.parsers.xlsx.formats import CellStyles
from winnow.parsers.xlsx.strings import Written
from winnow.readers import ReadLimits, Source, read

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def opened(content: bytes, name: str = "x.xlsx", **limits):
    """The records, and the codes of what was noted."""
    with Source(io.BytesIO(content), name, ["note"], ["id"], ReadLimits(**limits)) as source:
        return list(read(source)), [note.code for note in source.notes]


def sheet(rows: str, *, before: str = "", prefix: str = "", space: str = MAIN) -> str:
    """A sheet's XML around these rows."""
    if prefix:
        rows = rows.replace("</", f"</{prefix}:").replace("<", f"<{prefix}:")
        rows = rows.replace(f"<{prefix}:/", "</")
        return (
            f'<{prefix}:worksheet xmlns:{prefix}="{space}"><{prefix}:sheetData>{rows}'
            f"</{prefix}:sheetData></{prefix}:worksheet>"
        )
    return f'<worksheet xmlns="{space}">{before}<sheetData>{rows}</sheetData></worksheet>'


def book(
    xml: str, strings: str = "", more: dict[str, str] | None = None, sheets: str = ""
) -> bytes:
    """A workbook of one sheet, made by hand."""
    relations = (
        f'<Relationship Id="a" Type="{files.RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="b" Type="{files.RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    )
    return files.package(
        {
            "[Content_Types].xml": f'<Types xmlns="{files.PACKAGE}/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{files.PACKAGE}/relationships">'
            f'<Relationship Id="a" Type="{files.RELATIONS}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{files.RELATIONS}"><sheets>'
            f'<sheet name="Cases" sheetId="1" r:id="a"/>{sheets}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{files.PACKAGE}/relationships">'
            f"{relations}</Relationships>",
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
            "xl/worksheets/sheet1.xml": xml,
            **(more or {}),
        }
    )


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADER = f'<row r="1">{cell("A1", "id")}{cell("B1", "note")}</row>'


def case(row: int, more: str = "") -> str:
    return f'<row r="{row}">{cell(f"A{row}", str(row))}{cell(f"B{row}", "Melena.")}{more}</row>'


# -- far cells -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "fields", "lines"),
    [
        (HEADER + case(2, '<c r="XFD2"><v>1</v></c>'), {"column 16384": "1"}, [2]),
        (HEADER + case(2) + case(1_048_576), {}, [2, 1_048_576]),
        (HEADER + case(2) + '<row r="1048576"><c r="XFD1048576"><v>7</v></c></row>', {}, [2]),
        (HEADER + case(2, '<c r="XFD2" s="1"/>'), {}, [2]),
        (HEADER + case(2, cell("XFD2", "")), {}, [2]),
        (HEADER + case(2, '<c r="XFD2" t="str"><v></v></c>'), {}, [2]),
        (HEADER + case(2, '<c r="XFD2" t="s"><v>0</v></c>'), {}, [2]),
        (HEADER + case(2) + '<row r="1048576" s="1" customFormat="1"/>', {}, [2]),
        (HEADER + case(2, '<c r="D2"><v>5</v></c>'), {"column 4": "5"}, [2]),
    ],
    ids=[
        "last column", "last row", "last cell", "styled", "empty inline", "empty result",
        "empty shared", "styled row", "near",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["usual", "prefixed", "single quotes", "strict"])
def test_a_cell_far_away_costs_no_memory_and_refuses_nothing(rows, fields, lines, form):
    xml = sheet(rows)
    if form == "prefixed":
        xml = sheet(rows, prefix="x")
    elif form == "single quotes":
        xml = sheet(rows).replace('"', "'")
    elif form == "strict":
        xml = sheet(rows, space="http://purl.oclc.org/ooxml/spreadsheetml/main")
    found, _ = opened(book(xml, "<si><t/></si>"), max_parser_bytes=300_000_000)
    assert [(r.line, r.text, r.fields) for r in found] == [
        (line, "Melena.", fields if line == 2 else {}) for line in lines
    ]
    assert [record.source_id for record in found] == [str(line) for line in lines]


def test_a_size_that_a_sheet_boasts_of_costs_nothing():
    xml = sheet(HEADER + case(2), before='<dimension ref="A1:XFD1048576"/>')
    assert len(opened(book(xml), max_parser_bytes=300_000_000)[0]) == 1


def test_dates_and_numbers_of_a_sheet_that_is_made_small_stay_what_they_are():
    made = openpyxl.Workbook()
    page = made.worksheets[0]
    import datetime

    page.append(["id", "note", "seen", "ok", "share", "code"])
    page.append(["1", "Melena.", datetime.date(2024, 5, 1), True, 0.125, "00123"])
    page["XFD900000"] = "far"
    page["C2"].number_format = "yyyy-mm-dd"
    out = io.BytesIO()
    made.save(out)
    (record,), notes = opened(out.getvalue(), max_parser_bytes=300_000_000)
    assert record.fields == {"seen": "2024-05-01", "ok": "TRUE", "share": "0.125", "code": "00123"}
    assert notes == ["cells_beside_table"]


def test_other_sheets_of_such_a_workbook_are_read_as_ever():
    made = openpyxl.Workbook()
    first, second = made.worksheets[0], made.create_sheet("Second")
    for page, note in ((first, "One."), (second, "Two.")):
        page.append(["id", "note"])
        page.append(["a", note])
    first["XFD2"] = 1
    second["AB9"] = "beside"
    out = io.BytesIO()
    made.save(out)
    found, notes = opened(out.getvalue())
    assert [(r.part, r.text) for r in found] == [("Sheet", "One."), ("Second", "Two.")]
    assert notes == ["cells_beside_table"]


def test_a_sheet_with_too_many_columns_is_refused_by_what_is_in_them():
    row = "".join(cell(f"{sparse._letters(n)}1", f"c{n}") for n in range(1, 1_202))
    with pytest.raises(FileTooLargeError, match="max_columns"):
        opened(book(sheet(f'<row r="1">{row}</row>')))
    half = "".join(cell(f"{sparse._letters(2 * n)}1", f"c{n}") for n in range(1, 900))
    wide = f'<row r="1">{half}{cell("ZZZ1", "note")}</row>'
    with pytest.raises(WinnowError, match="columns"):
        opened(book(sheet(wide)), max_columns=800)
    assert opened(book(sheet(wide + '<row r="2">' + cell("ZZZ2", "Read.") + "</row>")))[0]


def test_rows_and_cells_without_their_places_follow_each_other():
    row = "<row>" + "<c t='inlineStr'><is><t>{}</t></is></c>" * 2 + "</row>"
    rows = row.format("id", "note") + row.format("1", "One.") + row.format("2", "Two.")
    found, _ = opened(book(sheet(rows)))
    assert [(r.line, r.text) for r in found] == [(2, "One."), (3, "Two.")]
    far = rows + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    found, _ = opened(book(sheet(far)))
    assert [(r.line, r.text) for r in found] == [(2, "One."), (3, "Two.")]


def steps(content: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many cells are written anew."""
    count = 0
    whole: Callable[..., object] = sparse._each_cell

    def counted(parts, part, strings, styles, take):
        def each(*values):
            nonlocal count
            count += 1
            return take(*values)

        return whole(parts, part, strings, styles, each)

    monkeypatch.setattr(sparse, "_each_cell", counted)
    from winnow.parsers.xlsx import workbook

    workbook.parse(io.BytesIO(content), ReadLimits().model_dump(), lambda _: None, None)
    return count


def test_only_sheets_that_are_sparse_are_written_anew(monkeypatch):
    rows = "".join(case(n) for n in range(2, 500))
    assert steps(book(sheet(HEADER + rows)), monkeypatch) == 0
    assert steps(book(sheet(HEADER + rows + case(1_048_576))), monkeypatch) == 2 * 2 * 500


@pytest.mark.parametrize("size", [1, 7, 100, 5_000])
def test_what_a_sheet_is_like_does_not_hang_on_where_its_blocks_end(size):
    rows = '<row r="3" hidden="1">' + case(3).removeprefix('<row r="3">')
    formula = '<c r="D9"><f>A1</f></c><c r="E9" t="e"><v>#N/A</v></c>'
    xml = sheet(
        HEADER + rows + case(9, formula), before='<cols><col min="2" max="2" hidden="1"/></cols>'
    ).encode()
    facts = sparse.SheetFacts()
    for at in range(0, len(xml), size):
        facts.look_at(xml[at : at + size])
    facts.end()
    assert (facts.cells, facts.rows, facts.letters) == (8, 9, {b"A", b"B", b"D", b"E"})
    assert (facts.hidden_rows, facts.hidden_columns) == (1, 1)
    assert (facts.unknown, facts.errors) == (1, 1)


# -- what cells hold -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ('<c r="B2" t="str"><f>UPPER("a")</f><v>Result.</v></c>', "Result."),
        ('<c r="B2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="B2" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="B2" t="s"><v>1</v></c>', "Rich text."),
        ('<c r="B2" t="s"><v>2</v></c>', "漢字"),
        (
            '<c r="B2" t="inlineStr"><is><r><t xml:space="preserve">In </t></r>'
            "<r><t>line.</t></r></is></c>",
            "In line.",
        ),
        ('<c r="B2" t="inlineStr"><is><t xml:space="preserve">a_x000D_b</t></is></c>', "a\rb"),
        ('<c r="B2"><v>1E-3</v></c>', "0.001"),
        ('<c r="B2"><v>123456789012345</v></c>', "123456789012345"),
    ],
)
@pytest.mark.parametrize("far", ["", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'])
def test_values_of_cells(inner, text, far):
    strings = (
        '<si><t/></si><si><r><t xml:space="preserve">Rich </t></r><r><rPr><b/></rPr>'
        "<t>text.</t></r></si>"
        '<si><t>漢字</t><rPh sb="0" eb="2"><t>かんじ</t></rPh></si>'
    )
    rows = f'{HEADER}<row r="2">{cell("A2", "1")}{inner}</row>{far}'
    (record,), _ = opened(book(sheet(rows), strings))
    assert record.text == text


def test_formulas_without_results_and_errors_are_empty_and_noted():
    """As in files that a program wrote and nobody opened."""
    made = openpyxl.Workbook()
    page = made.worksheets[0]
    page.append(["id", "note", "age"])
    page.append(["1", '="Mel"&"ena."', "=1+1"])
    page.append(["2", "Seen.", "#N/A"])
    out = io.BytesIO()
    made.save(out)
    (first, second), notes = opened(out.getvalue())
    assert isinstance(first, InvalidRecord)
    assert first.code == "text_empty"
    assert second.fields == {"age": ""}
    assert notes == ["formulas_without_results", "cells_with_errors"]


def test_hidden_rows_and_columns_are_read_and_noted():
    """A filter hides rows: they are cases all the same."""
    hidden_row = case(3).replace('<row r="3"', '<row r="3" hidden="1"')
    hidden_column = '<cols><col min="1" max="1" hidden="1"/></cols>'
    found, notes = opened(book(sheet(HEADER + case(2) + hidden_row)))
    assert ([r.line for r in found], notes) == ([2, 3], ["hidden_rows"])
    found, notes = opened(book(sheet(HEADER + case(2), before=hidden_column)))
    assert ([r.source_id for r in found], notes) == (["2"], ["hidden_rows"])


def test_what_stands_beside_the_cells_is_noted():
    more = {
        "xl/comments1.xml": "<comments/>",
        "xl/threadedComments/threadedComment1.xml": "<x/>",
        "xl/drawings/drawing1.xml": "<x><a:t>Boxed</a:t></x>",
        "xl/drawings/drawing2.xml": "<x/>",
        "xl/charts/chart1.xml": "<x/>",
        "xl/charts/style1.xml": "<x/>",
        "xl/embeddings/a.bin": "x",
    }
    with Source(
        io.BytesIO(book(sheet(HEADER + case(2)), more=more)), "x.xlsx", ["note"], [], ReadLimits()
    ) as source:
        assert len(list(read(source))) == 1
    assert [(note.code, note.text[-2:]) for note in source.notes] == [
        ("attachments_left_out", "1."),
        ("comments_left_out", "2."),
        ("drawings_left_out", "2."),
    ]


def test_a_row_with_something_beside_the_table_alone_is_no_record():
    rows = HEADER + case(2) + f'<row r="3">{cell("F3", "see legend")}</row>' + case(4)
    found, notes = opened(book(sheet(rows)))
    assert [record.line for record in found] == [2, 4]
    assert notes == ["cells_beside_table"]


@pytest.mark.parametrize("name", ["x.xlsm", "x.xltx", "x.xltm"])
def test_macros_and_templates_are_read_as_workbooks(name):
    found, notes = opened(book(sheet(HEADER + case(2))), name)
    assert (len(found), notes) == (1, [])


def test_a_sheet_that_is_damaged_beyond_its_first_look_is_refused():
    xml = sheet(HEADER + case(2) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    with pytest.raises(WinnowError) as raised:
        opened(book(xml[:-40]))
    assert raised.value.code == "file_unreadable"


def test_a_copy_that_is_made_small_is_a_whole_workbook():
    """Nothing but what is read of it, each part once."""
    from winnow.parsers.parts import Parts

    content = book(
        sheet(HEADER + case(2, '<c r="XFD2"><v>1</v></c>')), more={"xl/media/a.png": "x"}
    )
    parts, out = Parts(io.BytesIO(content), ReadLimits().model_dump()), io.BytesIO()
    limits = ReadLimits().model_dump()
    dense = sparse.compacted(parts, ["xl/worksheets/sheet1.xml"], limits, out, CellStyles())
    assert dense["xl/worksheets/sheet1.xml"] == sparse.CompactedSheet([1, 2, 16_384], [1, 2])
    with zipfile.ZipFile(out) as made:
        assert "xl/media/a.png" not in made.namelist()
        assert b'r="C2"' in made.read("xl/worksheets/sheet1.xml")


# -- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "source_id"),
    [
        ("7", "7"),
        ("123456789012345", "123456789012345"),
        ("1234567890123456", "1234567890123456"),
        ("9007199254740991", "9007199254740991"),
        ("1234567890123450", None),
        ("12345678901234567", None),
        ("12345678901234568", None),
        ("1E+20", None),
        ("1001.5", "1001.5"),
    ],
)
def test_a_number_is_an_id_where_all_its_digits_are_sure(stored, source_id):
    rows = f'<row r="2"><c r="A2"><v>{stored}</v></c>{cell("B2", "Melena.")}</row>'
    (record,), notes = opened(book(sheet(HEADER + rows)))
    assert record.source_id == source_id
    assert notes == ([] if source_id else ["ids_missing"])


def styled(*codes: str) -> dict[str, str]:
    """The part of styles: style 0 is plain, the others have these formats."""
    forms = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(codes)
    )
    used = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(codes)))
    return {
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{forms}</numFmts>'
        '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
        f'<cellXfs><xf numFmtId="0"/><xf numFmtId="9"/><xf numFmtId="10"/>{used}</cellXfs>'
        "</styleSheet>"
    }


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ('s="1"><v>0.65</v>', "65%"),
        ('s="2"><v>0.654</v>', "65.4%"),
        ('s="3"><v>0.4</v>', "40%"),
        ('s="4"><v>250000</v>', "250 x 1,000"),
        ('s="1" t="n"><v>0.07</v>', "7%"),
        ('s="1"><f>13/20</f><v>0.65</v>', "65%"),
        ("s='1'><v>0.65</v>", "65%"),
        ('s="0"><v>0.65</v>', "0.65"),
        ("><v>0.65</v>", "0.65"),
        ('s="5"><v>65</v>', "65"),
        ('s="6"><v>65</v>', "65"),
        ('s="1" t="str"><v>0.65</v>', "0.65"),
        ('s="1" t="inlineStr"><is><t>65 %</t></is>', "65 %"),
        ('s="1" t="b"><v>1</v>', "TRUE"),
        ('s="1" t="e"><v>#N/A</v>', ""),
        ('s="99"><v>0.65</v>', "0.65"),
    ],
)
@pytest.mark.parametrize("far", ["", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'])
def test_a_number_that_is_shown_as_another_is_read_as_it_is_shown(value, read, far):
    header = HEADER.replace("</row>", cell("C1", "lvef") + "</row>")
    more = styled("0.0%;-0.0%", "#,##0,", "0&quot; %&quot;", "#,##0")
    xml = sheet(header + case(2, f'<c r="C2" {value}</c>') + case(3) + far)
    (first, second), notes = opened(book(xml, more=more))
    assert first.fields == {"lvef": read}
    assert second.fields == {"lvef": ""}
    scaled = read.endswith("000") or re.fullmatch(r"[\d.]+%", read)
    assert ("numbers_scaled" in notes) == bool(scaled)


# -- what calamine refuses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        *(
            (f't="e"><v>{error}</v>', None)
            for error in ("#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!", "#BUSY!", "Err:502")
        ),
        ("t='e'><v>#N/A</v>", None),
        ('t="s"><v>99</v>', None),
        ('t="odd"><v>1</v>', None),
        ('t="b"><v>2</v>', None),
        ('t="s"><v>0</v><extLst><ext uri="x"/></extLst>', "Shared."),
        ('t="str"><v><![CDATA[Melena & ]]>anemia.</v>', "Melena & anemia."),
    ],
)
def test_a_cell_that_is_not_known_costs_itself(inner, text):
    second = sheet(HEADER + f'<row r="2">{cell("A2", "7")}<c r="B2" {inner}</c></row>' + case(3))
    content = book(sheet(HEADER + case(2)), "<si><t>Shared.</t></si>")
    for xml in (content, with_sheets(second, sheet(HEADER + case(2)))):
        assert len(opened(xml)[0]) >= 1
    found, notes = opened(with_sheets(sheet(HEADER + case(2)), second, sheet(HEADER + case(4))))
    assert [getattr(record, "text", None) for record in found] == [
        "Melena.", text, "Melena.", "Melena.",
    ]  # fmt: skip
    assert [record.part for record in found] == ["A", "B", "B", "C"]
    assert notes == ([] if text else ["cells_with_errors"])


def with_sheets(*xmls: str) -> bytes:
    """A workbook of these sheets: A, B and so on."""
    names = "ABCDEF"[: len(xmls)]
    return files.package(
        {
            "[Content_Types].xml": f'<Types xmlns="{files.PACKAGE}/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{files.PACKAGE}/relationships">'
            f'<Relationship Id="a" Type="{files.RELATIONS}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{files.RELATIONS}"><sheets>'
            + "".join(
                f'<sheet name="{name}" sheetId="{n}" r:id="{name}"/>'
                for n, name in enumerate(names, start=1)
            )
            + "</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{files.PACKAGE}/relationships">'
            + "".join(
                f'<Relationship Id="{name}" Type="{files.RELATIONS}/worksheet" '
                f'Target="worksheets/{name}.xml"/>'
                for name in names
            )
            + f'<Relationship Id="s" Type="{files.RELATIONS}/sharedStrings" '
            'Target="sharedStrings.xml"/></Relationships>',
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>Shared.</t></si></sst>',
            **{f"xl/worksheets/{name}.xml": xml for name, xml in zip(names, xmls, strict=True)},
        }
    )


def test_a_damaged_sheet_is_an_invalid_record_and_the_others_are_read():
    whole = sheet(HEADER + case(2))
    found, notes = opened(with_sheets(whole, whole[:-30], whole))
    assert [(r.record, r.part, isinstance(r, InvalidRecord)) for r in found] == [
        (1, "A", False), (2, "C", False), (3, "B", True),
    ]  # fmt: skip
    assert (found[2].code, notes) == ("file_unreadable", [])
    with pytest.raises(WinnowError, match="damaged"):
        opened(with_sheets(whole[:-30], whole[:-20]))


def test_two_rows_of_one_number_are_two_records():
    again = case(2).replace("Melena.", "Anemia.")
    found, _ = opened(book(sheet(HEADER + case(2) + again + case(3))))
    assert [(r.line, r.text) for r in found] == [(2, "Melena."), (2, "Anemia."), (3, "Melena.")]


# -- merged ids ------------------------------------------------------------------------------------


def merged(*ranges: str) -> str:
    return "".join(f'<mergeCell ref="{place}"/>' for place in ranges)


@pytest.mark.parametrize(
    ("ranges", "ids"),
    [
        (["A2:A3"], ["2", "2", "", "5"]),
        (["A2:A4"], ["2", "2", "2", "5"]),
        (["A2:A9"], ["2", "2", "2", "5"]),
        (["A3:A4"], ["2", "", "", "5"]),
        (["B2:B4"], ["2", "", "", "5"]),
        (["A1:A3"], ["2", "", "", "5"]),
        (["A2:C4", "D1:D5"], ["2", "2", "2", "5"]),
        ([], ["2", "", "", "5"]),
    ],
)
@pytest.mark.parametrize("far", ["", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'])
def test_a_merged_id_is_that_of_all_its_rows(ranges, ids, far):
    rows = [case(n).replace(cell(f"A{n}", str(n)), "") for n in (3, 4)]
    xml = sheet(HEADER + case(2) + "".join(rows) + case(5) + far)
    xml = xml.replace("</sheetData>", f"</sheetData><mergeCells>{merged(*ranges)}</mergeCells>")
    found, _ = opened(book(xml))
    assert [record.source_id for record in found] == ids


def test_the_text_of_a_merged_cell_is_told_once():
    rows = "".join(f'<row r="{n}">{cell(f"B{n}", "Melena.")}</row>' for n in range(3, 300))
    xml = sheet(HEADER + case(2) + rows)
    xml = xml.replace("</sheetData>", f"</sheetData><mergeCells>{merged('A2:A290')}</mergeCells>")
    items: list[list[Any]] = []
    workbook.parse(io.BytesIO(book(xml)), ReadLimits().model_dump(), items.append, None)
    assert [item[5] for item in items if item[0] == "row" and len(item) > 5] == [[(0, "2", 290)]]
    ids = [record.source_id for record in opened(book(xml))[0]]
    assert ids == ["2"] * 289 + [""] * 9


# -- small files that would be read for long, or fill the memory -----------------------------------


def test_a_sheet_is_read_once_however_often_it_is_named():
    again = '<sheet name="B" sheetId="2" r:id="a"/>'
    with pytest.raises(FileUnreadableError, match="Two sheets of the workbook are one"):
        opened(book(sheet(HEADER + case(2)), sheets=again))


def test_a_workbook_of_too_many_sheets_is_a_bomb():
    more = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="none"/>' for n in range(2, 12))
    with pytest.raises(FileBombError, match="more than 10 sheets"):
        opened(book(sheet(HEADER + case(2)), sheets=more), max_members=10)


def test_number_formats_that_are_read_for_each_style_have_a_length(monkeypatch):
    monkeypatch.setattr(formats, "_MAX_CODES", 10_000)
    rows = f'<row r="2">{cell("B2", "Melena.")}</row>'
    with pytest.raises(ParseError, match="number formats"):
        workbook.parse(
            io.BytesIO(book(sheet(HEADER + rows), more=styled(*["0" * 1_001] * 10))),
            ReadLimits().model_dump(),
            print,
            None,
        )


def test_sheets_of_one_column_that_wait_for_a_named_one_do_not_fill_the_memory():
    text = "".join(f'<row r="{n}">{cell(f"A{n}", "Melena twice. " * 9)}</row>' for n in (1, 2, 3))
    found, _ = opened(with_sheets(*[sheet(text)] * 3))
    assert len(found) == 9
    with pytest.raises(FileTooLargeError, match="Sheets of one column without a name are longer"):
        opened(with_sheets(*[sheet(text)] * 3), max_document_chars=1_000)


def test_the_first_rows_of_a_sheet_do_not_fill_the_memory():
    rows = "".join(case(n) for n in range(2, 300))
    whole, _ = opened(book(sheet(HEADER + rows)))
    assert opened(book(sheet(HEADER + rows)), max_document_chars=20)[0] == whole
    assert len(whole) == 298


def test_styles_are_gathered_once_and_not_for_every_sheet(monkeypatch):
    asked: list[bool] = []
    others = CellStyles.others

    def counted(styles: CellStyles, *, negative: bool) -> frozenset[bytes]:
        asked.append(negative)
        return others(styles, negative=negative)

    monkeypatch.setattr(CellStyles, "others", counted)
    content = with_sheets(*[sheet(HEADER + case(2))] * 6)
    workbook.parse(io.BytesIO(content), ReadLimits().model_dump(), lambda _: None, None)
    assert sorted(asked) == [False, True]


def test_long_texts_that_are_written_anew_are_not_kept_in_memory():
    out = io.BytesIO()
    written = Written(out, "<a>")
    for _ in range(5):
        written.add("b" * 40_000)
    assert out.tell() > 80_000
    written.end("</a>")
    assert out.getvalue() == b"<a>" + b"b" * 200_000 + b"</a>"


# -- which row is the header, and which sheet has the records --------------------------------------

CASES: list[list[object]] = [["id", "note"], ["1", "a"]]
SHEETS: dict[str, tuple[dict[str, list[Any]], list[str], list[str]]] = {
    "a title called like the text": ({"A": [["Note"], *CASES]}, ["a"], ["rows_before_header"]),
    "such a title of two cells": (
        {"A": [["Note", "of May"], *CASES, ["2", "b"]]},
        ["a", "b"],
        ["rows_before_header"],
    ),
    "a kind called like the text": (
        {"A": [["id", "kind", "note"], ["1", "Note", "a"], ["2", "Call", "b"]]},
        ["a", "b"],
        [],
    ),
    "a legend": (
        {"A": CASES, "B": [["Field", "Meaning"], ["id", "number"], ["note", "words"], ["x", "y"]]},
        ["a"],
        ["sheets_without_text"],
    ),
    "a cover": ({"A": [["Report"], ["by Li"]], "B": CASES}, ["a"], ["sheets_without_text"]),
    "a sheet of numbers": ({"A": CASES, "B": [["Count"], [12]]}, ["a"], ["sheets_without_text"]),
    "a summary": (
        {"A": CASES, "B": [["Report"], ["Rows", 3], ["By", "Li"]]},
        ["a"],
        ["sheets_without_text"],
    ),
    "one column": ({"A": [["Remarks"], ["a"], ["b"]]}, ["a", "b"], ["header_assumed"]),
    "one column of texts": ({"A": [["Fine today."], ["a"]]}, ["Fine today.", "a"], ["no_header"]),
    "one column at the right": ({"A": [[None, "x"], [None, "a"]]}, ["a"], ["header_assumed"]),
    "one column each": (
        {"A": [["Remarks"], ["a"]], "B": [["Remarks"], ["b"]]},
        ["a", "b"],
        ["header_assumed"],
    ),
    "one long column": (
        {"A": [["Remarks"], *[[f"t{n}"] for n in range(300)]]},
        [f"t{n}" for n in range(300)],
        ["header_assumed"],
    ),
}


@pytest.mark.parametrize(("sheets", "texts", "notes"), SHEETS.values(), ids=SHEETS)
def test_the_header_and_the_sheet_of_the_records(sheets, texts, notes):
    found, noted = opened(files.xlsx(sheets))
    assert [record.text for record in found] == texts
    assert noted == notes


@pytest.mark.parametrize(
    "rows",
    [
        [["Ward 5"], ["MRN", "Remarks"], ["1", "a"]],
        [["MRN", "Remarks"], ["1", "a"]],
        [["Ward 5", None], [None, "Remarks"], [None, "a"]],
        [["id"], ["1"]],
    ],
)
def test_a_sheet_of_several_columns_must_name_the_text(rows):
    with pytest.raises(WinnowError) as raised:
        opened(files.xlsx({"A": rows}))
    assert raised.value.code == "no_text_column"


# -- struck text -----------------------------------------------------------------------------------

FONTS = '<fonts><font/><font><b/><strike/></font><font><strike val="0"/></font></fonts>'
STRUCK_STYLES = (
    f'<styleSheet xmlns="{MAIN}">{FONTS}<cellStyleXfs><xf fontId="1"/></cellStyleXfs><cellXfs>'
    '<xf fontId="0"/><xf fontId="1"/><xf fontId="2"/><xf fontId="1" numFmtId="14"/></cellXfs>'
    "<dxfs><dxf><font><strike/></font></dxf></dxfs></styleSheet>"
)
GONE = "<r><rPr><strike/></rPr><t>Ongoing melena.</t></r>"
KEPT = '<r><t xml:space="preserve">She is well. </t></r>'
OWN = "<r><rPr><b/></rPr><t>Afebrile.</t></r>"


def inline(text: str, style: int = 0) -> str:
    return f'<c r="B2" s="{style}" t="inlineStr"><is>{text}</is></c>'


def notes_of(cell_xml: str, strings: str = "", styles: str = STRUCK_STYLES):
    """The texts of a sheet with this cell in its first row, and what was noted."""
    xml = sheet(HEADER + f'<row r="2">{cell("A2", "1")}{cell_xml}</row>' + case(3))
    found, notes = opened(book(xml, strings, {"xl/styles.xml": styles}))
    texts = [record.code if isinstance(record, InvalidRecord) else record.text for record in found]
    assert texts.pop() == "Melena."
    return texts[0].strip(), notes


@pytest.mark.parametrize(
    ("text", "style", "shown"),
    [
        (GONE, 0, "text_empty"),
        (KEPT + GONE, 0, "She is well."),
        (GONE + KEPT, 0, "She is well."),
        (GONE + KEPT + GONE + OWN, 0, "She is well. Afebrile."),
        (KEPT + GONE.replace("<strike/>", '<b/><strike val="true"/>'), 0, "She is well."),
        (KEPT + GONE.replace("<strike/>", '<strike val="1"></strike>'), 0, "She is well."),
        ("<t>Ongoing melena.</t>", 1, "text_empty"),
        (KEPT, 1, "text_empty"),
        # A run with a font of its own is struck through by that font alone.
        (KEPT + OWN, 1, "Afebrile."),
        (KEPT + GONE + OWN, 1, "Afebrile."),
        (GONE, 1, "text_empty"),
    ],
)
def test_what_is_struck_through_is_left_out_and_noted(text, style, shown):
    shared = f'<c r="B2" s="{style}" t="s"><v>1</v></c>'
    strings = f"<si><t>Other.</t></si><si>{text}<rPh><t>x</t></rPh></si><si/>"
    assert notes_of(inline(text, style)) == (shown, ["struck_text"])
    assert notes_of(shared, strings) == (shown, ["struck_text"])


@pytest.mark.parametrize(
    ("text", "style", "shown"),
    [
        (KEPT + OWN, 0, "She is well. Afebrile."),
        ("<t>A strike at work: &lt;strike/&gt;.</t>", 0, "A strike at work: <strike/>."),
        ("<t>Struck by a car.</t>", 2, "Struck by a car."),
        (KEPT + OWN.replace("<b/>", '<strike val="0"/>'), 0, "She is well. Afebrile."),
        (KEPT + OWN.replace("<b/>", '<strike val="false"/>'), 0, "She is well. Afebrile."),
    ],
)
def test_what_is_not_struck_through_is_read(text, style, shown):
    shared = f'<c r="B2" s="{style}" t="s"><v>0</v></c>'
    assert notes_of(inline(text, style)) == (shown, [])
    assert notes_of(shared, f"<si>{text}</si>") == (shown, [])


@pytest.mark.parametrize(
    "struck",
    [
        '<c r="C2" s="1"><v>7.9</v></c>',
        '<c r="C2" s="3"><v>45000</v></c>',
        '<c r="C2" s="1" t="b"><v>1</v></c>',
        '<c r="C2" s="1" t="str"><f>A1</f><v>7.9</v></c>',
        f'<c r="C2" t="inlineStr"><is>{GONE}</is></c>',
    ],
)
def test_other_cells_that_are_struck_through_are_empty(struck):
    header = HEADER.replace("</row>", cell("C1", "hb") + "</row>")
    rows = header + case(2, struck) + case(3, '<c r="C3" s="2"><v>8.1</v></c>')
    found, notes = opened(book(sheet(rows), more={"xl/styles.xml": STRUCK_STYLES}))
    assert [record.fields for record in found] == [{"hb": ""}, {"hb": "8.1"}]
    assert notes == ["struck_text"]


def test_a_strike_is_found_wherever_a_block_ends():
    """Also with a prefix, and far into the shared strings."""
    for filler in range(65_400, 65_560, 7):
        strings = f"<si><t>{'x' * filler}</t></si><si>{KEPT}{GONE}</si>"
        found, notes = notes_of('<c r="B2" t="s"><v>1</v></c>', strings)
        assert (found, notes) == ("She is well.", ["struck_text"])
    xml = sheet(HEADER + f'<row r="2">{cell("A2", "1")}{inline(KEPT + GONE)}</row>', prefix="x")
    found, notes = opened(book(xml))
    assert (found[0].text.strip(), notes) == ("She is well.", ["struck_text"])


@pytest.mark.parametrize("size", [1, 7, 100, 5_000])
def test_a_struck_run_of_a_sheet_is_seen_wherever_its_blocks_end(size):
    xml = sheet(HEADER + case(2) + f'<row r="3">{inline(KEPT + GONE)}</row>' + case(4)).encode()
    facts = sparse.SheetFacts()
    for at in range(0, len(xml), size):
        facts.look_at(xml[at : at + size])
    facts.end()
    assert facts.dropped


def test_workbooks_of_openpyxl_with_struck_cells():
    made = openpyxl.Workbook()
    table = made.active
    for row in (("id", "note"), (1, "Ongoing melena."), (2, "Pale.")):
        table.append(row)
    table["B2"].font = openpyxl.styles.Font(strike=True)
    out = io.BytesIO()
    made.save(out)
    found, notes = opened(out.getvalue())
    assert [getattr(record, "text", None) for record in found] == [None, "Pale."]
    assert notes == ["struck_text"]


# -- formats that show nothing, or no number -------------------------------------------------------

HIDING = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode=";;;"/>'
    '<numFmt numFmtId="171" formatCode="[$-409]d\\-mmm\\-yy;@"/>'
    '<numFmt numFmtId="172" formatCode="0&quot; days&quot;;;;@"/></numFmts><cellXfs>'
    '<xf/><xf numFmtId="170"/><xf numFmtId="14"/><xf numFmtId="171"/><xf numFmtId="172"/>'
    '<xf numFmtId="46"/></cellXfs></styleSheet>'
)


def test_a_cell_whose_format_shows_nothing_is_left_out_and_noted():
    assert notes_of(inline("<t>Melena.</t>", 1), styles=HIDING) == ("text_empty", ["hidden_text"])
    assert notes_of(inline("<t>Pale.</t>", 4), styles=HIDING) == ("Pale.", [])
    shared = '<c r="B2" s="1" t="s"><v>0</v></c>'
    assert notes_of(shared, "<si><t>a</t></si>", HIDING) == ("text_empty", ["hidden_text"])


@pytest.mark.parametrize(
    ("value", "style", "shown"),
    [
        ("-1", 2, "-1"),
        ("-0.5", 3, "-0.5"),
        ("-2", 5, "-2"),
        ("-2", 0, "-2"),
        ("-2", 4, "-2"),
        ("45000", 2, "2023-03-15"),
        ("45000", 3, "2023-03-15"),
        ("1.5", 5, "36:00:00"),
    ],
)
def test_a_negative_number_is_no_date(value, style, shown):
    header = HEADER.replace("</row>", cell("C1", "hb") + "</row>")
    one = case(2, f'<c r="C2" s="{style}"><v>{value}</v></c>')
    other = case(3, '<c r="C3" s="2"><v>45001</v></c>')
    found, notes = opened(book(sheet(header + one + other), more={"xl/styles.xml": HIDING}))
    assert [record.fields["hb"] for record in found] == [shown, "2023-03-16"]
    assert not notes
