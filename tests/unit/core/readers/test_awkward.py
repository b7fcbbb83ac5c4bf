"""Tables, JSON, text and archives as people and programs make them, each with its reading."""

import io
import json
import struct
import zipfile
from typing import NamedTuple

import pytest

from tests.fakes import files
from winnow.errors import (
    FileBombError,
    FileEmptyError,
    FileTooLargeError,
    FileTypeError,
    FileUnreadableError,
    NoRecordsError,
    NoTextColumnError,
    TimeLimitError,
)
from winnow.models import InvalidRecord
from winnow.readers import ReadLimits, RecordUnit, Source, read
from winnow.readers.tabular.dialect import Dialect
from winnow.readers.tabular.recovery import RowParser, _LineFeed
from winnow.readers.tabular.sniffer import quoted_after_blanks

A = ("1", "a")
"""Most files hold a record with this id and text."""


def source(content: bytes | str, name: str, unit: RecordUnit = "document", **limits: int) -> Source:
    data = content.encode() if isinstance(content, str) else content
    return Source(io.BytesIO(data), name, ["note", "text"], ["id"], ReadLimits(**limits), unit=unit)


class Reading(NamedTuple):
    """What came of a file: (id, text) or the code of each record, the codes of the notes."""

    records: list[tuple[str | None, str] | str]
    notes: list[str]


def reading(
    content: bytes | str, name: str = "x.csv", unit: RecordUnit = "document", **limits
) -> Reading:
    with source(content, name, unit, **limits) as opened:
        found = [
            record.code if isinstance(record, InvalidRecord) else (record.source_id, record.text)
            for record in read(opened)
        ]
    return Reading(found, [note.code for note in opened.notes])


# -- delimiters and quotes -------------------------------------------------------------------------

ROWS = [("id", "age", "note"), ("1", "50", "Melena, twice."), ("2", "60", "Fine; well.")]
READ = [("1", "Melena, twice."), ("2", "Fine; well.")]
MARKS = ",;|\t^~:!#*/=&%$§¦ \x01\x1e\x1f"


@pytest.mark.parametrize("mark", MARKS)
def test_any_delimiter_makes_the_same_table(mark):
    def cell(text: str) -> str:
        return f'"{text}"' if mark in text else text

    table = "\n".join(mark.join(map(cell, row)) for row in ROWS)
    assert reading(table) == (READ, [])


@pytest.mark.parametrize("marks", ["||", "::"])
def test_delimiters_of_two_characters(marks):
    table = "\n".join(marks.join(row) for row in ROWS)
    assert reading(table).records == READ


QUOTES = {
    "a blank after the delimiter": 'id, age, note\n1, 50, "Melena, twice."\n2, 60, "Fine; well."\n',
    "single quotes": "id,age,note\n1,50,'Melena, twice.'\n2,60,'Fine; well.'\n",
    "single quotes in the header too": "'id','age','note'\n'1','50','Melena, twice.'\n'2','60',"
    "'Fine; well.'\n",
    "blanks after the quotes": 'id,note,x\n1,"Melena, twice." ,2\n2,"Fine; well."\t,3\n',
    "all quoted": '"id","age","note"\r\n"1","50","Melena, twice."\r\n"2","60","Fine; well."\r\n',
    "two blanks and more": "id   age   note\n1    50    Melena, twice.\n2    60    Fine; well.\n",
    "one blank": 'id age note\n1 50 "Melena, twice."\n2 60 "Fine; well."\n',
    "a Markdown table": "| id | note |\n|:---|-----:|\n| 1 | Melena, twice. |\n| 2 | Fine; well. |",
    "a drawn table": "+----+------+\n| id | note |\n+----+------+\n| 1 | Melena, twice. |\n"
    "| 2 | Fine; well. |\n+----+------+\n",
    "psql": " id | note \n----+------\n  1 | Melena, twice.\n  2 | Fine; well.\n",
    "tabs in quotes": 'id,x,note\n1,"a\tb","Melena, twice."\n2,c,Fine; well.',
}


@pytest.mark.parametrize("table", QUOTES.values(), ids=QUOTES)
def test_quotes_and_gaps(table):
    assert reading(table).records == READ
    assert reading(table, "x.tsv").records == READ


def test_quotes_after_backslashes_are_read_wherever_they_begin():
    table = "id,age,note\n" + "0,0,plain\n" * 300
    table += (
        '1,50,"He said \\"no\\", twice."\n2,60,"Over \\"two\\"\nlines, and \\"on\\"."\n3,70,c\n'
    )
    assert reading(table).records[300:] == [
        ("1", 'He said "no", twice.'),
        ("2", 'Over "two"\nlines, and "on".'),
        ("3", "c"),
    ]


def test_backslashes_that_escape_nothing_stay():
    table = 'id,path,note\n1,C:\\new,See C:\\temp\\x.\n2,"C:\\dir\\","ok"\n3,x,line\\nline\n'
    assert reading(table).records == [
        ("1", "See C:\\temp\\x."),
        ("2", "ok"),
        ("3", "line\\nline"),
    ]


def test_blanks_that_belong_to_a_cell_stay():
    assert reading("id,note\n1,  a \n").records == [("1", "  a ")]
    assert reading('id,note\n1,"he said "" , b"\n').records == [("1", 'he said " , b')]


def test_an_inch_inside_a_cell_is_text_and_at_its_start_a_bad_row():
    assert reading('id,note\n1,Polyp 5" wide\n2,"5" polyp\n3,c\n').records == [
        ("1", 'Polyp 5" wide'),
        "row_malformed",
        ("3", "c"),
    ]


# -- before, below and around the table ------------------------------------------------------------

BEFORE = "rows_before_header"
SHAPES: dict[str, tuple[str, list[object], list[str]]] = {
    "sep= in quotes": ('"sep=;"\nid;note\n1;a\n', [A], []),
    "sep= after a mark": ("\ufeffsep=;\r\nid;note\r\n1;a\r\n", [A], []),
    "sep= that is wrong": ("sep=,\nid;note\n1;a\n", [A], []),
    "sep= a tab": ("sep=\t\nid\tnote\n1\ta\n", [A], []),
    "title rows": ("Export,,\nNorth,,\n,,\nid,age,note\n1,5,a\n", [A], [BEFORE]),
    "titles without delimiters": ("Export May 2024\n\nid,age,note\n1,5,a\n", [A], [BEFORE]),
    "a title with a delimiter": ("Clinic: North, Dept 5\nid,age,note\n1,5,a\n", [A], [BEFORE]),
    "a title with an open quote": ('"Export May\nid,age,note\n1,5,a\n', [A], [BEFORE]),
    "a title called like the column": ("Note\n\nid,age,note\n1,5,a\n", [A], [BEFORE]),
    "a title row with such a cell": ("Kind,text\nx,y\nid,age,note\n1,5,a\n", [A], [BEFORE]),
    "sixty lines before": ("A line\n" * 60 + "id,age,note\n1,5,a\n", [A], [BEFORE]),
    "a thousand blank lines before": ("\n" * 1_000 + "id,note\n1,a\n", [A], []),
    "rows of delimiters before": (",,\n" * 300 + "id,age,note\n1,5,a\n", [A], []),
    "comments": ("# by X\n# 1, 2\nid,note\n1,a\n# end\n", [A, "row_ragged"], [BEFORE]),
    "a row of units": ("id,age,note\n,years,\n1,5,a\n", ["text_empty", A], []),
    "a total below": ("id,age,note\n1,5,a\nTotal,5,\n", [A, "text_empty"], []),
    "a count below": ("id;note\n1;a\n(1 row affected)\n", [A, "row_ragged"], []),
    "the header again": (
        "id,note\n1,a\n\ufeffid,note\n2,b\n",
        [A, ("2", "b")],
        ["repeated_header"],
    ),
    "a delimiter after the header": ("id,note,\n1,a\n1,a\n", [A, A], []),
    "a delimiter after the rows": ("id,note\n1,a,\n", [A], []),
    "delimiters after the rows": ("id,note,x\n1,a,b,,\n1,a,c,,\n", [A, A], []),
    "a delimiter after all rows": ("id,note,x,\n1,a,b,\n1,a,,\n", [A, A], []),
    "a delimiter after some rows": ("id,note,\n1,a\n1,a,\n1,a,\n", ["row_ragged", A, A], []),
    "a delimiter after the rows and the header again": (
        "id,note,x\n1,a,b,\nid,note,x\n1,a,b,\n",
        [A, A],
        ["repeated_header"],
    ),
    "cells without a name": ("id,note,\n1,a,x\n1,a,y\n1,a,\n", [A, A, A], []),
    "a remark below": ("id,note\n1,a\n\nExported in May\n", [A, "row_ragged"], []),
    "rows that end early": ("id,note\n1,a\n2\n", [A, "row_ragged"], []),
    "names of several words": ("name,note\nLi,a\nvan der Berg,b\n", [(None, "a"), (None, "b")], []),
    "an id without digits": ("id,note\n1,a\n2,b\nKim,c\n", [A, ("2", "b"), ("Kim", "c")], []),
    "columns to the right": (
        "  id  note  x\n   1  a     7\n  12  b     9\n",
        [A, ("12", "b")],
        [],
    ),
    "names that are missing": (",,note\n1,2,a\n", [(None, "a")], []),
    "names seen twice": ("id,note,note\n1,a,b\n", [A], ["duplicate_headers"]),
    "a name with a hidden character": ("id,\u200bno\u00adte\n1,a\n", [A], []),
    "a name in wide letters": ("ＩＤ,ｎｏｔｅ\n1,a\n", [A], []),
    "a name over two lines": ('id,"clinical\nnote",note\n1,x,a\n', [A], []),
    "one column without a name for it": ("whatever\na\n", [(None, "a")], ["header_assumed"]),
    "one column of sentences": (
        "Melena twice since May.\nFine and well\n",
        [(None, "Melena twice since May."), (None, "Fine and well")],
        ["no_header"],
    ),
    "one column of numbers": ("12\n13,5\n", [(None, "12"), (None, "13,5")], ["no_header"]),
    "Ctrl-Z at the end": ("id,note\r\n1,a\r\n\x1a", [A], []),
    "Ctrl-Z below a single column": ("note\r\na\r\n\x1a", [(None, "a")], []),
    "a form feed between rows": ("id,note\n1,a\n\f\n1,a\n", [A, A], []),
    "CR before CRLF": ("id,note\r\r\n1,a\r\r\n", [A], []),
    "four kinds of line ends": ("id,note\r\n1,a\n1,a\r1,a\r\n", [A, A, A], []),
    "decimal commas": ("id;x;note\n1;3,5;a, b\n", [("1", "a, b")], []),
    "JSON in a cell": ('id,x,note\n1,"{""a"": [1, 2]}",a\n', [A], []),
    "JSON in a cell, not quoted": ('id,x,note\n1,{"a": [1, 2]},a\n', ["row_ragged"], []),
    "curly quotes are text": ("id,note\n1,“a, b”\n2,“c”\n", ["row_ragged", ("2", "“c”")], []),
    "rows in quotes": ('"id,note"\n"1,a"\n"1,""a, b"""\n', [A, ("1", "a, b")], ["rows_in_quotes"]),
    "control characters between cells": (
        "#A feed.\nid\x01x\x01note\x02\n1\x012\x01a\n",
        [A],
        [BEFORE],
    ),
    "a name of two words": (
        "clinical note\nhello world\n",
        [(None, "hello world")],
        ["header_assumed"],
    ),
    "a name with a dash": ("case-note\nx - y\n", [(None, "x - y")], ["header_assumed"]),
    "one column of addresses": (
        "http://a.example/b\nhttp://c.example/d\n",
        [(None, "http://c.example/d")],
        ["header_assumed"],
    ),
    "NUL in a name": ("id,no\x00te\n1,a\n", [A], []),
    "NULs at the end": ("id,note\n1,a\n" + "\0" * 99, [A, "row_ragged"], []),
    "a blank in fixed width": (
        "id   age  note  \n1    50   a\n2         b\n",
        [A, "row_ragged"],
        [],
    ),
}


@pytest.mark.parametrize(("table", "records", "notes"), SHAPES.values(), ids=SHAPES)
def test_the_shape_of_tables(table, records, notes):
    assert reading(table) == (records, notes)


R = "row_ragged"
"""A row that is not read."""
CUT: dict[str, tuple[str, list[object]]] = {
    "a comma before a blank column": ("id,note,x\n1,No pain, but fever,\n2,b,c\n", [R, ("2", "b")]),
    "a comma in the only row": ("id,note,x\n1,No pain, but fever,\n", [R]),
    "commas in all rows": ("id,note,x\n1,No pain, but fever,\n2,No rash, but pain,\n", [R, R]),
    "before blank columns": ("id,note,x,y\n1,No pain, but fever,,\n2,b,c,d\n", [R, ("2", "b")]),
    "semicolons": ("id;note;x\n1;No pain; but fever;\n2;b;c\n", [R, ("2", "b")]),
    "tabs": ("id\tnote\tx\n1\tNo pain\tbut fever\t\n2\tb\tc\n", [R, ("2", "b")]),
    "the text in front": ("note,id,x\nNo pain, but fever,1,\nb,2,c\n", [R, ("2", "b")]),
    "a comma before a nameless column": (
        "id,note,\n1,No pain, but fever\n2,b,\n3,c,\n",
        [R, ("2", "b"), ("3", "c")],
    ),
    "a comma in rows that end with one": (
        "id,note,x\n1,a,b,\n1,a,c,\n1,a,d,\n2,No pain, but fever,e,\n",
        [A, A, A, R],
    ),
    "a bar in Markdown": (
        "|id|note|x|\n|--|--|--|\n|1|No pain|but fever| |\n|2|b|c|\n",
        [R, ("2", "b")],
    ),
    "names of rows": ('"id","note","x"\n"1","K1","a","b"\n"2","K2","c",""\n', [R, R]),
    "names of rows with a blank column": (
        '"id","note","x"\n"1","K1","a",""\n"2","K2","c",""\n',
        [R, R],
    ),
    "names of rows without quotes": ("id,note,x\n1,K1,a,\n2,K2,c,\n", [R, R]),
    "two blanks in an aligned text": (
        "id   note                  x\n1    No pain.  But fever.\n2    b                     c\n",
        [R, ("2", "b")],
    ),
    "two blanks behind a blank cell": (
        "id   age   note\n1    50    a\n2    No pain.  But fever.\n",
        [A, R],
    ),
    "a line break": ("id,note\n1,a\n2,No pain\nbut fever\n3,c\n", [A, R, R, ("3", "c")]),
    "a line break at the end": ("id,note\n1,a\n2,No pain\nbut fever\n", [A, R, R]),
    "line breaks": ("id,x,note\n1,x,a\n2,x,No pain\nor rash\nbut fever\n", [A, R, R, R]),
    "a line break and a comma": (
        "id,note\n1,a\n2,No pain\nsince then, but fever\n3,c\n",
        [A, R, R, ("3", "c")],
    ),
    "a blank line inside": ("id,note\n1,a\n2,No pain.\n\nBut fever.\n3,c\n", [A, R, R, ("3", "c")]),
    "a line break in the text in front": ("note,id\nNo\npain,1\nb,2\n", [R, R, ("2", "b")]),
    "a line break in the middle": (
        "id,note,x\n1,a,x\n2,No pain\nor rash, but, fever\n3,c,x\n",
        [A, R, R, ("3", "c")],
    ),
}


@pytest.mark.parametrize(("table", "records"), CUT.values(), ids=CUT)
def test_a_text_that_is_not_quoted_is_not_read_up_to_its_delimiter(table, records):
    assert reading(table).records == records


NONE = NoTextColumnError.code
HEADERS: dict[str, tuple[str, list[str] | str]] = {
    "a kind called like the text": ("id,kind,note\n1,Note,a\n2,Call,b\n", ["a", "b"]),
    "and a delimiter after the rows": ("id,kind,note\n1,Note,a,\n2,Call,b,\n", ["a", "b"]),
    "and ids that the process does not know": (
        "nr,kind,note\n1,Note,a,\n2,Call,b,\n3,Note,c,\n",
        ["a", "b", "c"],
    ),
    "and a header that lacks the rows' names": ("kind,note\n1,Note,a\n2,Call,b\n", [R, R]),
    "one column with such a text": (
        "note\nWell\nText; the rest\nFine\n",
        ["Well", "Text; the rest", "Fine"],
    ),
    "one column with commas": (
        "note\nWell\nText, the rest\nFine, too\n",
        ["Well", "Text, the rest", "Fine, too"],
    ),
    "no header": ("1,Call,a\n2,Note,b\n3,Call,c\n", NONE),
    "no column with the text": ("nr,kind,x\n1,Call,a\n2,Note,b\n", NONE),
    "no column with the text, but words": ("x,kind,y\nLi,Call,a\nKim,Note,b\nBo,Call,c\n", NONE),
    "a legend": ("Field,Meaning\nid,number\nnote,words\nage,years\n", NONE),
    "a title called like the text": ("Note,Extract\nAuthor,Li\n\nid,note\n1,a\n2,b\n", ["a", "b"]),
    "a title of twenty lines": ("Note\n" + "A line\n" * 20 + "id,age,note\n1,5,a\n", ["a"]),
    "a header of two lines": ("Patient,Note,\nid,text,seen\n1,a,2026\n2,b,2026\n", ["a", "b"]),
    "a title as wide as the table": ("Export,2026-01-02\nnr,note\n11,a\n12,b\n", ["a", "b"]),
    "a title and years": ("Survey\nnote,2023,2024\na,5,6\nb,7,8\n", ["a", "b"]),
    "names as texts": ("id,note\n1,note\n2,text\n", ["note", "text"]),
    "such a kind in every row": (
        "id,kind,note\n" + "".join(f"{n},Note,{n}\n" for n in range(150)),
        list(map(str, range(150))),
    ),
}


@pytest.mark.parametrize(("table", "texts"), HEADERS.values(), ids=HEADERS)
def test_the_header_is_the_row_that_names_columns(table, texts):
    if isinstance(texts, str):
        with pytest.raises(NoTextColumnError):
            reading(table)
    else:
        found = [item if isinstance(item, str) else item[1] for item in reading(table).records]
        assert found == texts


def test_a_record_whose_text_may_go_on_says_where():
    with source("id,note\n7,No pain\nbut fever\n8,b\n", "x.csv") as opened:
        first, *_ = read(opened)
    assert isinstance(first, InvalidRecord)
    assert first.source_id == "7"
    assert "may go on in line 3" in first.reason


def test_a_line_break_in_quotes_is_no_piece_of_another_row():
    table = 'note,id,ward\n11,2,3\n"Fever since\nMonday",5,6\n12,8,9\n'
    texts = [item[1] for item in reading(table).records]
    assert texts == ["11", "Fever since\nMonday", "12"]


@pytest.mark.parametrize(
    "end", ["\u2028", "\u2029", "\x85", "\v", "\f", "\x1c", "\u00a0", "\u200b", "\u00ad"]
)
def test_what_looks_like_a_line_end_is_part_of_the_text(end):
    assert reading(f"id,note\n1,a{end}b\n2,c\n").records == [("1", f"a{end}b"), ("2", "c")]


@pytest.mark.parametrize("table", ['"id,note\n1,a\n2,b\n', 'id,"note\n1,a\n2,b\n'])
def test_a_header_that_is_never_closed_is_refused_and_not_read_as_one_column(table):
    with pytest.raises(FileUnreadableError, match="header"):
        reading(table)


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ("1,5,Melena twice.\n2,6,Fine.\n", NoTextColumnError),
        (",,\n1,2,a\n", NoTextColumnError),
        ("id,1,2\nx,a,b\n", NoTextColumnError),
        (",,,\n,,,\n", NoRecordsError),
    ],
)
def test_tables_without_a_name_for_the_text_are_refused(table, error):
    with pytest.raises(error):
        reading(table)


# -- encodings -------------------------------------------------------------------------------------

CYRILLIC = "Пациент жалуется на боль"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["Melena – twice", CYRILLIC, "患者主诉腹痛,三个月"])
def test_wide_encodings_without_a_mark(encoding, text):
    table = f'id;note\n1;"{text}"\n2;"{text}"\n'
    assert reading(table.encode(encoding)) == ([("1", text), ("2", text)], [])
    document = json.dumps([{"id": "1", "note": text}], ensure_ascii=False)
    assert reading(document.encode(encoding), "x.json").records == [("1", text)]


def test_a_few_nul_bytes_are_not_taken_for_a_wide_encoding():
    assert reading("id,note\n1,a\0b\n2,c\0\n3,d\n").records == ["text_nul", "text_nul", ("3", "d")]
    assert reading("abc\0def", "x.txt").records == ["text_nul"]


def test_seven_bit_japanese():
    assert reading("id,note\n1,患者は腹痛を訴えて\n".encode("iso2022_jp")).records == [
        ("1", "患者は腹痛を訴えて")
    ]


GUESSED = {
    "iso8859_15": "Kosten: 50 € für Prüfung",
    "cp1257": "Pacientas skundžiasi pilvo skausmu, šiąnakt bloga savijauta",
    "cp874": "ผู้ป่วยปวดท้องมากเป็นเวลาสามเดือน",
    "cp437": "déjà vu, fièvre élevée ½",
}


@pytest.mark.parametrize("encoding", GUESSED)
def test_more_encodings_are_guessed_and_noted(encoding):
    text = GUESSED[encoding]
    found = reading(f'id,note\n1,plain\n2,"{text}"\n'.encode(encoding))
    assert found == ([("1", "plain"), ("2", text)], ["encoding_guessed"])


# -- kinds -----------------------------------------------------------------------------------------

KINDS: dict[str, tuple[str, str, list[object]]] = {
    "HTML called CSV": ("x.csv", "<!-- x --><html><body><p>a</p>", [(None, "a")]),
    "a table called JSON": ("x.json", "id,note\n1,a\n", [A]),
    "a table called JSONL": ("x.jsonl", "id,note\n1,a\n", [A]),
    "a table called PDF": ("x.pdf", "id,note\n1,a\n", [A]),
    "JSON called CSV": ("x.csv", '[{"id": 1, "note": "a"}]', [A]),
    "JSONL called CSV": ("x.csv", '{"id": 1, "note": "a"}\n{"id": 1, "note": "a"}\n', [A, A]),
    "an array called JSONL": ("x.jsonl", '[{"id": 1, "note": "a"}]', [A]),
    "a mail called CSV": ("x.csv", "From: a@b.c\nMIME-Version: 1.0\n\na\n", [(None, "a")]),
    "a table that begins with a bracket": ("x.csv", "[x],id,note\n0,1,a\n", [A]),
    "text that begins with a bracket": ("x.txt", "[Note] a\nb\n", [(None, "[Note] a\nb")]),
    "text that begins with a brace": ("x.txt", "{Note} a\n", [(None, "{Note} a")]),
    "text with colons": ("x.txt", "Note: a\nAge: 5\n", [(None, "Note: a\nAge: 5")]),
    "text with dashes": ("x.txt", "Note - a\nAge - 5\n", [(None, "Note - a\nAge - 5")]),
    "text of two columns": ("x.txt", "Note  a\nAge   5\n", [(None, "Note  a\nAge   5")]),
    "a table of HTML called XLS": ("x.xls", "<table><tr><td>a<!-- b --></table>", [(None, "a")]),
    "a paragraph of HTML called text": ("x.txt", "<p class=n>a<p>b", [(None, "a\nb")]),
    "styles before a page": ("x", "<style>.h{color:red}</style><div>a</div>", [(None, "a")]),
    "a comment before a piece of a page": ("x.txt", "<!-- b -->\n<div>a</div>", [(None, "a")]),
    "XHTML with instructions": (
        "x.xml",
        '<?xml version="1.0"?>\n<?xml-stylesheet href="a.css"?>\n<!-- b -->\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html><body>a',
        [(None, "a")],
    ),
    "text in angle brackets": ("x.txt", "<Patient> says a\n", [(None, "<Patient> says a")]),
    "text below a number": ("x.txt", "<5 mg/dL a\n", [(None, "<5 mg/dL a")]),
    "text that begins with an address": (
        "x.txt",
        "<a@b.org> wrote: a",
        [(None, "<a@b.org> wrote: a")],
    ),
    "text about XML": ("x.txt", "About <?xml version?>", [(None, "About <?xml version?>")]),
    "Markdown with HTML first": ("x.md", "<div>\n\n# A\n", [(None, "<div>\n\n# A")]),
    "text about PDF": ("x.txt", "About %PDF-1.7 files.\n", [(None, "About %PDF-1.7 files.")]),
    "text like a bzip2 file": ("x.txt", "BZh is a name.", [(None, "BZh is a name.")]),
    "text like a RAR archive": ("x.txt", "Rar! he said.", [(None, "Rar! he said.")]),
    "text like a GIF": ("x.txt", "GIF8 is no word.", [(None, "GIF8 is no word.")]),
    "Markdown with front matter": (
        "x.md",
        "---\nnote: x\n---\n# A\n\n```\na, b\n```\n",
        [(None, "---\nnote: x\n---\n# A\n\n```\na, b\n```")],
    ),
}


@pytest.mark.parametrize(("name", "content", "records"), KINDS.values(), ids=KINDS)
def test_the_kind_is_told_from_the_bytes(name, content, records):
    assert reading(content, name).records == records


@pytest.mark.parametrize(
    ("content", "name", "what"),
    [
        (b"\x1f\x8b\x08\x00abc", "x.csv.gz", "gzip"),
        (b"BZh91AY&SYabc", "x.csv", "bzip2"),
        (b"\x78\x9f\x3e\x22\x01\x00", "winmail.dat", "Outlook"),
        (b'<?xml version="1.0"?><Workbook/>', "x.csv", "XML"),
        (b'<?xml version="1.0"?><note>a</note>', "x.xml", "an XML file"),
        (b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<note>a</note>', "x.txt", "an XML file"),
        (b'<!DOCTYPE note SYSTEM "note.dtd"><note>a</note>', "x.md", "an XML file"),
        (b'<?xml version="1.0"?><!-- c --><ClinicalDocument>a', "x", "C-CDA"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"><text>a', "x.txt", "C-CDA"),
        (b'<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir">', "x.json", "FHIR"),
        (b'<?xml version="1.0"?><?mso-application progid="Word.Document"?>', "x.doc", "Word"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', "x.xls", "Excel"),
        (b'<svg width="9" xmlns="http://www.w3.org/2000/svg"><text>a', "x.svg", "SVG"),
        (b'<?xml version="1.0"?><rss version="2.0">', "x.html", "an XML file"),
    ],
)
def test_what_is_not_read_is_refused_by_name(content, name, what):
    with pytest.raises(FileTypeError, match=what):
        reading(content, name)


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ("FixedDocSeq.fdseq", "XPS"),
        ("Documents/1/Pages/1.fpage", "XPS"),
        ("Index/Document.iwa", "Apple Pages"),
        ("visio/document.xml", "Visio"),
        ("ppt/presentation.xml", "PowerPoint"),
        ("3D/model.model", "parts of a document"),
    ],
)
def test_packages_that_are_not_read_are_refused_by_name(member, what):
    package = files.package({"[Content_Types].xml": "<Types/>", member: "Bleeding."})
    with pytest.raises(FileTypeError, match=what):
        reading(package, "x.zip")


def test_xml_in_an_archive_is_a_part_that_cannot_be_read():
    archive = files.package({"a.txt": "a", "b.xml": '<?xml version="1.0"?>\n<note>b</note>'})
    assert reading(archive, "x.zip").records == [(None, "a"), "file_type"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("She has ~~no~~ melena.", "She has  melena."),
        ("~~Ongoing melena.~~ Fine.", " Fine."),
        ("- [x] ~~Fever~~\n- [ ] Chills", "- [x] \n- [ ] Chills"),
        ("~Ongoing melena.~ Fine.", " Fine."),
        ("~~Ongoing melena\nand pain.~~ Fine.", " Fine."),
        ("<del>Ongoing melena.</del> Fine.", " Fine."),
        ("Fine. <S>Ongoing <b>melena</b></S>", "Fine. "),
    ],
)
def test_what_markdown_strikes_through_is_left_out_and_noted(text, shown):
    assert reading(text, "x.md") == ([(None, shown)], ["struck_text"])


@pytest.mark.parametrize(
    "text",
    ["Hb ~~ 7", "a ~~ b ~~ c", "~~~\ncode\n~~~", "~5 and ~7", "~~a\n\nb~~", "~~open", "~5-~10 mg"],
)
def test_tildes_that_strike_nothing_stay(text):
    assert reading(text, "x.md") == ([(None, text)], [])
    assert reading("A ~~b~~ c", "x.txt") == ([(None, "A ~~b~~ c")], [])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Fine. <!-- Ongoing melena. -->", "Fine. "),
        ("<!--\nOngoing melena.\n\nPain.\n-->\nFine.", "\nFine."),
        ("Fine.\n\n[comment]: # (Ongoing melena)\n\nDone.", "Fine.\n\n\n\nDone."),
        ("[//]: # 'Ongoing melena'\nFine.", "\nFine."),
    ],
)
def test_what_markdown_has_as_comments_is_left_out_and_noted(text, shown):
    assert reading(text, "x.md") == ([(None, shown)], ["hidden_text"])
    assert reading(text, "x.txt") == ([(None, text)], [])


@pytest.mark.parametrize("text", ["Fine <!-- open", "[1]: https://a.example (Melena)", "a --> b"])
def test_what_is_no_comment_in_markdown_stays(text):
    assert reading(text, "x.md") == ([(None, text)], [])


def test_comments_before_a_page_take_no_time():
    assert reading("<!---->" * 5_000 + "<html><p>a", "x.html").records == [(None, "a")]
    assert reading("<!---->" * 5_000 + "a", "x.txt").records[0][1].endswith("a")


# -- JSON ------------------------------------------------------------------------------------------

OBJECT = '{"id": 1, "note": "a"}'
JSON: dict[str, tuple[str, list[object]]] = {
    "an array under a name": (f'{{"count": 2, "cases": [{OBJECT}, {OBJECT}], "x": 1}}', [A, A]),
    "an array two objects deep": (f'{{"x": {{"y": 1}}, "data": {{"cases": [{OBJECT}]}}}}', [A]),
    "a bad element first": (f'{{"cases": [{{"note": NaN}}, {OBJECT}]}}', ["json_constant", A]),
    "an array of other things before": (f'{{"tags": [{{"x": 1}}, "y"], "cases": [{OBJECT}]}}', [A]),
    "a record with a list in it": ('{"id": 1, "note": "a", "meds": [{"note": "b"}]}', [A]),
    "a record with a list before": ('{"meds": [{"name": "b"}], "id": 1, "note": "a"}', [A]),
    "objects without anything between": (OBJECT * 3, [A, A, A]),
    "objects over several lines": ('{\n"id": 1,\n"note": "a"\n}\n' * 2, [A, A]),
    "an empty array": ("[]", []),
    "an array in an array": (f"[[1], {OBJECT}]", ["json_shape", A]),
    "lone halves of characters": (
        '[{"note": "\\udc00x"}, {"note": "\\ud83d\\ude00"}]',
        ["text_undecodable", (None, "😀")],
    ),
    "infinity as a number": ('[{"note": "a", "n": 1e999}]', ["json_number"]),
    "NUL in a name": ('[{"note": "a", "\\u0000": "x"}]', ["text_nul"]),
    "a trailing comma in an object": (f'[{{"note": "a",}}, {OBJECT}]', ["json_malformed", A]),
    "quotes of another kind": ("[{'note': 'a'}, " + OBJECT + "]", ["json_malformed", A]),
    "too many members": (
        f"[{json.dumps({'note': 'a', **{str(n): n for n in range(1_000)}})}, {OBJECT}]",
        ["json_members", A],
    ),
}


@pytest.mark.parametrize(("content", "records"), JSON.values(), ids=JSON)
def test_the_shape_of_json(content, records):
    assert reading(content, "x.json").records == records


def test_numbers_keep_the_digits_they_were_written_with():
    numbers = {"a": "1.10", "b": "0.1000000000000000055", "c": "12345678901234567890123"}
    written = ", ".join(f'"{name}": {number}' for name, number in numbers.items())
    with source(f'[{{"note": "a", "id": 7.0, {written}}}]', "x.json") as opened:
        (record,) = read(opened)
    assert record.fields == numbers
    assert record.source_id == "7.0"


@pytest.mark.parametrize("depth", range(975, 1_000))
def test_every_depth_ends_in_a_record_or_in_too_deep(depth):
    content = f'[{{"note": "a", "x": {"[" * depth}{"]" * depth}}}, {OBJECT}]'
    assert reading(content, "x.json").records in ([(None, "a"), A], ["json_too_deep", A])


def test_one_bad_line_of_ten_thousand():
    lines = [OBJECT] * 10_000
    lines[4_321] = '{"note":'
    found = reading("\n".join(lines), "x.jsonl").records
    assert len(found) == 10_000
    assert [at for at, record in enumerate(found) if record == "json_malformed"] == [4_321]


@pytest.mark.parametrize(
    "content", ["3", "null", '"a"', "[1, 2,]", "// x\n[1]", f"{OBJECT},\n{OBJECT}", "[1]\0\0"]
)
def test_json_that_is_none_is_unreadable(content):
    with pytest.raises(FileUnreadableError):
        reading(content, "x.json")


# -- archives --------------------------------------------------------------------------------------

CASES = "id,note\n1,a\n"


def test_archives_packed_in_other_ways_are_read():
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", packing) as made:
            made.writestr("a.csv", CASES)
            made.comment = b"A comment."
            with made.open("b.csv", "w", force_zip64=True) as member:
                member.write(CASES.encode())
        assert reading(out.getvalue() + b"appended", "x.zip").records == [A, A]


def test_an_archive_written_as_a_stream_is_read():
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    out = Stream()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.csv", CASES)
    assert reading(out.getvalue(), "x.zip").records == [A]


def test_members_of_one_name_are_all_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.csv", CASES)
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr("a.csv", CASES)
    assert reading(out.getvalue(), "x.zip").records == [A, A]


def test_what_systems_leave_in_archives_is_no_member():
    litter = ("__MACOSX/._a.csv", "x/.DS_Store", "Thumbs.db", "~$a.docx", "x/")
    content = files.package({**dict.fromkeys(litter, "x"), "a.csv": CASES})
    assert reading(content, "x.zip").records == [A]
    with pytest.raises(NoRecordsError):
        reading(files.package(dict.fromkeys(litter, "x")), "x.zip")


def test_a_name_in_utf8_that_is_not_marked_as_such_is_shown_right():
    content = bytearray(files.package({"é.csv": CASES}))
    for signature, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        content[content.index(signature) + offset] &= ~0x08
    with source(bytes(content), "x.zip") as opened:
        assert [record.part for record in read(opened)] == ["é.csv"]


def test_a_member_with_a_wrong_checksum_is_invalid_and_the_next_one_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.csv", "id,note\n1,x\n")
        made.writestr("b.csv", CASES)
    broken = out.getvalue().replace(b"1,x", b"1,y")
    assert reading(broken, "x.zip").records == ["file_unreadable", A]


def test_members_that_overlap_are_no_way_around_the_limits():
    base = files.package({"a.csv": CASES + "1,a\n" * 50_000})
    at, end = base.index(b"PK\x01\x02"), base.rindex(b"PK\x05\x06")
    entries = base[at:end] * 300
    tail = struct.pack("<HHHHIIH", 0, 0, 300, 300, len(entries), at, 0)
    with pytest.raises(FileBombError, match="max_ratio"):
        reading(base[:at] + entries + b"PK\x05\x06" + tail, "x.zip")


def test_a_hundred_thousand_members_are_refused_before_they_are_listed(monkeypatch):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for number in range(100_000):
            made.writestr(str(number), b"")
    content = out.getvalue()
    monkeypatch.setattr("zipfile.ZipFile", lambda *_: pytest.fail("it was listed"))
    with pytest.raises(FileBombError, match="max_members"):
        reading(content, "x.zip")


# -- work in proportion ----------------------------------------------------------------------------

REPEATED = {
    "a quote that each row closes and opens": 'b","d\n',
    "the same after backslashes": 'b\\"","d\n',
    "the same before blanks": 'b","d" \n',
    "never closed": 'b,"d\n',
    "three quotes": 'b,"""\n',
}


@pytest.mark.parametrize("row", REPEATED.values(), ids=REPEATED)
def test_lines_are_read_again_in_proportion_to_the_file(row, monkeypatch):
    seen = 0
    following = _LineFeed.__next__

    def counted(feed: _LineFeed) -> str:
        nonlocal seen
        line = following(feed)
        seen += len(line)
        return line

    monkeypatch.setattr(_LineFeed, "__next__", counted)
    count, most = 30_000, 10_000
    lines = ["id,note\n", *[row] * count]
    rows = RowParser(iter(lines), Dialect(","), most, 8 * most)
    rows.width = 2
    assert sum(found.last - found.line + 1 for found in rows if not found.error) <= count + 1
    assert seen < 20 * sum(map(len, lines)) + 16 * most


def test_a_cell_of_many_lines_is_whole_among_bad_rows():
    note = "\n".join(["a line of a note"] * 500)
    table = "id,note\n" + '1,"b\n2,c\n' * 20 + f'3,"{note}"\n'
    assert reading(table).records[-1] == ("3", note)


def test_small_bad_elements_after_a_large_one_are_cheap():
    elements = ['{"note": "' + "x" * 900_000 + '"}', *["x"] * 50_000, OBJECT]
    found = reading("[" + ",".join(elements) + "]", "x.json").records
    assert found[1:] == ["json_malformed"] * 50_000 + [A]


def test_one_object_is_no_longer_than_an_element_may_be():
    many = "{" + ",".join(f'"{n}": 1' for n in range(400_000)) + "}"
    with pytest.raises(FileTooLargeError, match="max_record_chars"):
        reading(many, "x.json", max_record_chars=10_000)


@pytest.mark.parametrize("unit", ["document", "page"])
def test_a_text_of_many_short_lines_is_told_no_places(unit):
    assert reading("a\n" * 200_000, "x.txt", unit, max_record_chars=300_000).records == [
        "text_too_long"
    ]


@pytest.mark.parametrize(
    "content",
    [
        (b"id,note\n" + b"1,a\n" * 100_000, "x.csv"),
        (b'{"note": "a"}\n' * 100_000, "x.jsonl"),
        (b"[" + b'{"note": "a"},' * 100_000, "x.json"),
        (b'{"a": [' + b"1," * 400_000, "x.json"),
        (b"\n" * 70_000 + b"a\n" * 10, "x.csv"),
        (b"a line\n" * 100_000, "x.txt"),
        (files.package({"a.csv": CASES, "b.csv": CASES}), "x.zip"),
    ],
    ids=lambda content: content[1],
)
def test_reading_ends_when_its_time_is_up(content, monkeypatch):
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    monkeypatch.setattr("winnow.readers.source.time.monotonic", clock)
    with pytest.raises((TimeLimitError, FileTypeError), match=r"max_read_seconds|white space"):
        reading(*content, max_read_seconds=1)


def test_nothing_at_all():
    with pytest.raises(FileEmptyError):
        reading(b"", "x.zip")


# -- what spreadsheets and data frames write -------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "records"),
    [
        ('id,note\n="00123",="No melena."\n', [("00123", "No melena.")]),
        ('id,note\n="1",="Anemia, melena."\n="2",="b"\n', [("1", "Anemia, melena."), ("2", "b")]),
        ('id,note\n="1",="a ""tarry"", b"\n', [("1", 'a "tarry", b')]),
        (
            'id,note\n="1",="first\nand, second"\n="2",b\n',
            [("1", "first\nand, second"), ("2", "b")],
        ),
        ('id;note\n"=""00123""";"=""Melena; twice."""\n', [("00123", "Melena; twice.")]),
        ('="id"\t="note"\n="01"\t="a"\n', [("01", "a")]),
        ('id,note\n1,"He said, =""x"", yes"\n="2",b\n', [("1", 'He said, ="x", yes'), ("2", "b")]),
        ('id,note\n1,"=""a""&""b"""\n', [("1", '="a"&"b"')]),
        ("id,note\n'00123,'a\n", [("'00123", "'a")]),
        ("id,note\n1,=A1+B2\n", [("1", "=A1+B2")]),
    ],
)
def test_cells_that_keep_their_text_from_a_spreadsheet(content, records):
    assert reading(content).records == records


CELLS = {"id": ["C1", "C2"], "note": ["Melena.", "None."], "hb": [7.9, None]}
BY_ROWS = [("C1", "Melena."), ("C2", "None.")]


@pytest.mark.parametrize("form", ["columns", "index", "split", "table", "records", "values"])
def test_a_data_frame_is_read_in_every_form_that_has_names(form):
    import pandas

    content = pandas.DataFrame(CELLS).to_json(orient=form)
    for name in ("x.json", "x.jsonl"):
        if form != "values":
            assert reading(content, name).records == BY_ROWS
            continue
        with pytest.raises(NoTextColumnError, match=r'to_json\(orient="records"\)'):
            reading(content, name)


TABLES: dict[str, tuple[object, list[object]]] = {
    "columns as lists": ({"id": ["1"], "note": ["a"]}, [A]),
    "columns in an object": ({"data": {"id": {"0": "1"}, "note": {"0": "a"}}}, [A]),
    "a cell that is missing": ({"id": {"0": "1"}, "note": {"0": "a", "1": "b"}}, [A, ("", "b")]),
    "rows under a header": ([["id", "note"], ["1", "a"], ["2"]], [A, "row_ragged"]),
    "nothing where a row was to be": (
        [["id", "note"], None, ["1", "a"]],
        ["json_shape", A],
    ),
    "a header that stands twice": ([["note", "note"], ["1", "a"]], ["json_duplicate_key"]),
    "a text of several lines": ({"id": "1", "note": ["a", "b"]}, ["text_not_a_string"]),
    "elements of several lines": ([{"note": ["a", "b"]}], ["text_not_a_string"]),
}


@pytest.mark.parametrize(("content", "records"), TABLES.values(), ids=TABLES)
def test_json_that_is_a_table(content, records):
    assert reading(json.dumps(content), "x.json").records == records


ONLY_MEMBER: dict[str, tuple[list[dict[str, object]], list[object]]] = {
    "of all": ([{"x": "a"}, {"x": "b"}], [(None, "a"), (None, "b")]),
    "below the text": ([{"id": "1", "note": "a"}, {"end": "Rows: 1"}], [A, NONE]),
    "above the text": ([{"exported": "May"}, {"id": "1", "note": "a"}], [NONE, A]),
    "beside another": ([{"x": "a"}, {"end": "Rows: 1"}], [(None, "a"), NONE]),
    "beside several": ([{"x": "a"}, {"x": "b", "y": 1}, {"x": "c"}], [(None, "a"), NONE, NONE]),
    "and a text that names the text": ([{"x": '"note": a'}], [(None, '"note": a')]),
}


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
@pytest.mark.parametrize(("elements", "records"), ONLY_MEMBER.values(), ids=ONLY_MEMBER)
def test_an_only_member_is_the_text_if_it_is_that_of_every_element(elements, records, name):
    lines = list(map(json.dumps, elements))
    content = f"[{','.join(lines)}]" if name == "x.json" else "\n".join(lines)
    assert reading(content, name).records == records


def test_json_lines_may_have_a_header():
    content = '["id", "note"]\nnull\n["1", "a"]\n'
    assert reading(content, "x.jsonl").records == ["json_shape", A]


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (', "count": 2, "by": [{"name": "x"}], "none": {}}', False),
        (', "rejected": [{"note": "b"}]}', True),
        (', "more": {"pages": [{"id": 2, "NOTE": "b"}]}}', True),
        ("}\nno JSON", True),
        (', "n": [' + "1, " * 100_000 + "1]}", True),
    ],
    ids=["other things", "a second array", "deeper", "no JSON", "no end of it"],
)
def test_what_may_be_lost_after_the_records_is_noted(after, told):
    found = reading(f'{{\n"records": [{OBJECT}]{after}', "x.json")
    assert (found.records, found.notes) == ([A], ["records_left_out"] if told else [])


B = ("2", "b")
OTHER = '{"id": 2, "note": "b"}'
PAIR = '[{"id": 1, "note": "a"}, {"id": 2, "note": "b"}]'
VISIT = '[{"date": "2026", "note": "visit"}]'
MESSAGE, LISTS = ["message_left_out"], ["texts_in_lists"]
WRAPPED: dict[str, tuple[str, list[object], set[str]]] = {
    "a message before": (f'{{"note": "OK", "records": {PAIR}}}', [A, B], {*MESSAGE}),
    "under another name": (f'{{"note": "OK", "data": {PAIR}}}', [A, B], {*MESSAGE}),
    "a message after": (
        f'{{"items": {PAIR}, "note": "OK"}}',
        [A, B],
        {*MESSAGE, "records_left_out"},
    ),
    "no message": (f'{{"note": null, "records": {PAIR}}}', [A, B], {*MESSAGE}),
    "an empty message": (f'{{"status": 200, "note": "", "rows": {PAIR}}}', [A, B], {*MESSAGE}),
    "a message around": (f'{{"note": "OK", "data": {{"items": {PAIR}}}}}', [A, B], {*MESSAGE}),
    "a message inside": (f'{{"data": {{"note": "OK", "items": {PAIR}}}}}', [A, B], {*MESSAGE}),
    "its own id": (f'{{"id": 9, "note": "OK", "records": {PAIR}}}', [A, B], {*MESSAGE}),
    "pages": (
        f'{{\n"note": "OK", "records": [{OBJECT}]}}\n{{"note": "OK", "records": [{OTHER}]}}',
        [A, B],
        {*MESSAGE},
    ),
    "pages without messages": (
        f'{{\n"page": 1, "data": [{OBJECT}]}}\n{{"page": 2, "data": [{OTHER}]}}',
        [A, B],
        set(),
    ),
    "lists before the text": (f'{{"id": 1, "visits": {VISIT}, "note": "a"}}', [A], {*LISTS}),
    "lists after the text": (f'{{"id": 1, "note": "a", "visits": {VISIT}}}', [A], {*LISTS}),
    "the id after all": (f'{{"note": "a", "visits": {VISIT}, "id": 1}}', [A], {*LISTS}),
    "an object with lists before": (
        f'{{"id": 1, "seen": {{"visits": {VISIT}}}, "note": "a"}}', [A], set(),
    ),
    "objects with lists": (
        f'{{\n"visits": {VISIT}, "id": 1, "note": "a"}}'
        f'{{\n"visits": {VISIT}, "id": 2, "note": "b"}}',
        [A, B],
        {*LISTS},
    ),
    "objects, one with a list": (
        f'{{"id": 1,\n"visits": {VISIT}, "note": "a"}}\n{{"id": 2, "note": "b"}}', [A, B], {*LISTS},
    ),
    "a long text without an id": (
        f'{{"records": {VISIT}, "note": "{"Melena. " * 50}"}}',
        [(None, "Melena. " * 50)],
        {*LISTS},
    ),
    "a list of codes": ('{"id": 1, "codes": ["x", "y"], "note": "a"}', [A], set()),
    "a list of other objects": ('{"note": "a", "labs": [{"hb": 7}], "id": 1}', [A], set()),
    "no text of its own": (f'{{"id": 7, "visits": {PAIR}}}', [A, B], set()),
    "quotes and brackets in the text": (
        f'{{"id": 1, "visits": {VISIT}, "said": "]}} \\"{{[", "note": "a"}}', [A], {*LISTS},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "records", "notes"), WRAPPED.values(), ids=WRAPPED)
def test_the_order_of_members_does_not_decide_what_is_a_record(content, records, notes):
    found = reading(content, "x.json")
    assert (found.records, set(found.notes)) == (records, notes)


@pytest.mark.parametrize(
    ("content", "records"),
    [
        ({"M-1": {"note": "a"}, "M-2": {"note": "b"}}, [("M-1", "a"), ("M-2", "b")]),
        ({"1234567": {"note": "a"}, "7": {"note": "b"}}, [("1234567", "a"), ("7", "b")]),
        ({"M-1": {"id": "1", "note": "a"}, "M-2": {"note": "b"}}, [A, ("M-2", "b")]),
        ({"note": {"M-1": "a", "M-2": "b"}}, [("M-1", "a"), ("M-2", "b")]),
        ({"note": {"M-1": "a"}, "id": {"M-1": "1"}}, [A]),
        ({"0": {"note": "a"}, "1": {"note": "b"}}, [(None, "a"), (None, "b")]),
        ({"note": {"3": "a", "17": "b"}}, [(None, "a"), (None, "b")]),
    ],
)
def test_labels_of_rows_are_their_ids_unless_they_only_count(content, records):
    assert reading(json.dumps(content), "x.json").records == records


def test_a_line_with_a_text_and_a_list_of_texts_is_noted():
    content = f'{{"id": 1, "visits": {VISIT}, "note": "a"}}\n{{"id": 2, "note": "b"}}\n'
    found = reading(content, "x.jsonl")
    assert (found.records, found.notes) == ([A, B], LISTS)
    found = reading('{"id": 1, "codes": ["x"], "note": "a"}\n' * 2, "x.jsonl")
    assert (found.records, found.notes) == ([A, A], [])


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_rows_without_a_text_at_the_beginning_cost_no_others(count):
    rows = [{"id": n, "note": None} for n in range(count)]
    found = reading(json.dumps({"rows": [*rows, {"id": "1", "note": "a"}]}), "x.json")
    assert found.records == [*["text_not_a_string"] * count, A]
    found = reading(json.dumps({"rows": rows}), "x.json")
    assert found.records == ["text_not_a_string"] * count


def test_columns_that_are_not_equally_long_are_refused():
    with pytest.raises(FileUnreadableError, match="equally long"):
        reading('{"id": ["1"], "note": ["a", "b"]}', "x.json")


def test_windows_names_in_an_archive():
    content = files.package(
        {
            "cases\\": "",
            "cases\\may.csv": CASES,
            "cases\\Thumbs.db": "x",
            "cases\\DESKTOP.INI": "x",
            "cases\\.DS_Store": "x",
            "cases\\~$may.docx": "x",
            "__MACOSX\\._may.csv": "x",
            "old_$folder$": "",
            ".~lock.may.ods#": "x",
            "..\\up.txt": "x",
        }
    )
    with source(content, "x.zip") as opened:
        found = [(record.part, getattr(record, "code", None)) for record in read(opened)]
    assert found == [("cases\\may.csv", None), ("..\\up.txt", "member_path")]


# -- time ------------------------------------------------------------------------------------------


def test_blanks_before_a_quote_are_looked_at_once():
    """Steps are counted in characters that a pattern could start over from: none does."""
    assert not quoted_after_blanks("a" + " " * 1_000_000 + "b", " ")
    assert quoted_after_blanks('a  "b"', " ")
    assert quoted_after_blanks('a, "b"', ",")
    assert not quoted_after_blanks('"a, ", "b', ";")
    assert not quoted_after_blanks('"a, "', ",")


@pytest.mark.parametrize(
    "content",
    [
        "id note x\n1 a" + " " * 240_000 + "b\n2 c d\n",
        "note,a" + "\u0300\u0316" * 100_000 + "\nx,1\n",
        "id,note\n1," + "-" * 500_000 + "x\n",
        "id,note\n1," + "=" * 500_000 + "-x\n",
        'id,note\n1,="' * 20_000,
        "note," + ",".join("n" + "\u0300\u0316" * 100 for _ in range(900)) + "\nx\n",
    ],
)
def test_a_file_that_is_hard_to_lay_out_is_done_within_its_time(content):
    try:
        reading(content, max_read_seconds=10)
    except TimeLimitError:
        pytest.fail("it takes more time than in proportion to its length")
    except (NoTextColumnError, FileUnreadableError):
        pass


def test_a_parser_gets_no_more_time_than_its_file():
    with source("<html>", "x.html", max_read_seconds=3) as opened:
        assert opened.limits.max_seconds == 3


@pytest.mark.parametrize("name", ["x.zip", "x.docx", "x.xlsx"])
@pytest.mark.parametrize(
    "end", [b"\xff" * 18, b"\xffPK\x05\x06" + b"\xff" * 12 + b"\0", b"", b"\xff" * 7]
)
def test_the_end_of_a_package_that_declares_no_size_is_damaged(name: str, end: bytes) -> None:
    with pytest.raises(FileUnreadableError):
        reading(b"PK\x05\x06" + end, name)
