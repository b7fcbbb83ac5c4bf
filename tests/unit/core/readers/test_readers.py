"""Readers: bytes to records, with what is wrong named and the rest read."""

import io
import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.errors import (
    FileEmptyError,
    FileTooLargeError,
    FileTypeError,
    FileUnreadableError,
    NoRecordsError,
    NoTextColumnError,
    WinnowError,
)
from winnow.models import InvalidRecord, Record
from winnow.readers import SUFFIXES, TEXT_KINDS, ReadLimits, Source, read

ENDINGS = sorted(ending for ending, kind in SUFFIXES.items() if kind in TEXT_KINDS)


def source(content: bytes | str, name: str = "cases.csv", **limits: int) -> Source:
    data = content.encode() if isinstance(content, str) else content
    return Source(io.BytesIO(data), name, ["note", "text"], ["case_id", "id"], ReadLimits(**limits))


def records(content: bytes | str, name: str = "cases.csv", **limits: int):
    return list(read(source(content, name, **limits)))


def texts(content: bytes | str, name: str = "cases.csv") -> list[str]:
    return [record.text for record in records(content, name) if isinstance(record, Record)]


def codes(content: bytes | str, name: str = "cases.csv", **limits: int) -> list[str]:
    return [r.code for r in records(content, name, **limits) if isinstance(r, InvalidRecord)]


# -- where records are pictures -------------------------------------------------------------------


def pictures(content: bytes, name: str) -> Source:
    return Source(io.BytesIO(content), name, ["picture"], ["id"], ReadLimits(), modality="image")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"Melena, twice.", "note.txt"),
        (b"# Note", "note.md"),
        (b"<html><body>Melena</body></html>", "note.html"),
        (b"From: a@b.c\nReceived: now\n\nMelena", "note.eml"),
        (b"%PDF-1.4 obj", "note.pdf"),
    ],
)
def test_a_format_of_text_is_refused_where_records_are_pictures(content, name):
    with pytest.raises(FileTypeError, match="The process judges pictures"):
        read(pictures(content, name))


def test_a_list_of_pictures_is_read_but_not_in_an_archive():
    table = b"id,picture\na,inbox/p/a.png\nb,inbox/p/b.png\n"
    assert [r.text for r in read(pictures(table, "x.csv"))] == ["inbox/p/a.png", "inbox/p/b.png"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.csv", table)
    (record,) = read(pictures(packed.getvalue(), "x.zip"))
    assert (record.code, record.part) == ("file_type", "x.csv")
    assert "not read inside an archive" in record.reason


# -- tables ----------------------------------------------------------------------------------------


def test_a_row_keeps_its_line_its_id_and_its_other_columns():
    rows = records('case_id,age,note\nA1,50,"Melena, twice.\nStill bleeding."\nA2,60,Well.\n')
    assert rows == [
        Record(
            record=1,
            line=2,
            source_id="A1",
            text="Melena, twice.\nStill bleeding.",
            fields={"age": "50"},
        ),
        Record(record=2, line=4, source_id="A2", text="Well.", fields={"age": "60"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_delimiters_line_ends_and_encodings(delimiter, end, encoding):
    table = end.join([delimiter.join(row) for row in [("id", "note"), ("1", "café"), ("2", "b")]])
    assert texts((table + end).encode(encoding)) == ["café", "b"]


def test_tsv_is_split_at_tabs_whatever_else_stands_in_it():
    assert texts("a,b,c\tnote\nx\ty, z\n", "x.TSV") == ["y, z"]


def test_windows_1252_is_read_and_noted():
    read_from = source("note\nfine\ncaf\xe9 \x96 bar\n".encode("latin-1"))
    assert [record.text for record in read(read_from)] == ["fine", "café – bar"]
    assert [note.code for note in read_from.notes] == ["encoding_guessed"]
    assert "line 3" in read_from.notes[0].text


def test_utf8_has_nothing_to_note():
    read_from = source("note\ncafé\n")
    list(read(read_from))
    assert read_from.notes == ()


def test_a_byte_that_no_encoding_explains_makes_its_row_invalid_and_no_other():
    assert codes(b"note\ngood\nbad \x81\ngood\n") == ["text_undecodable"]
    assert texts(b"note\ngood\nbad \x81\ngood\n") == ["good", "good"]


def test_bad_rows_are_named_and_the_others_read():
    table = 'id,note\n1,a\n2\n3,b,c\n4,\n5,e"f"\n6,"g"h\n7,i\n'
    rows = records(table)
    assert [(r.record, r.line, r.code) for r in rows if isinstance(r, InvalidRecord)] == [
        (2, 3, "row_ragged"),
        (3, 4, "row_ragged"),
        (4, 5, "text_empty"),
        (6, 7, "row_malformed"),
    ]
    assert [r.source_id for r in rows if isinstance(r, Record)] == ["1", "5", "7"]


def test_a_quote_never_closed_takes_its_own_row_and_no_other():
    rows = records('id,note\n1,a\n2,"b\n3,c\n4,d\n')
    assert [(r.record, r.line, getattr(r, "code", None)) for r in rows] == [
        (1, 2, None),
        (2, 3, "row_malformed"),
        (3, 4, None),
        (4, 5, None),
    ]
    assert "to line 5" in rows[1].reason


def test_blank_lines_are_no_records_but_count_as_lines():
    rows = records("\n\nid,note\n\n1,a\n   \n2,b\n")
    assert [(r.record, r.line) for r in rows] == [(1, 5), (2, 7)]


def test_duplicate_headers_keep_every_cell():
    (row,) = records("note,x,x\na,1,2\n")
    assert row.fields == {"x": "1", "x (2)": "2"}


def test_the_text_column_is_the_process_s_choice_whatever_its_spelling():
    assert texts("Text,NOTE\nb,a\n") == ["a"]
    assert texts("TEXT,x\nb,a\n") == ["b"]


def test_a_single_column_needs_no_name():
    assert texts("whatever\na\nb\n") == ["a", "b"]


def test_a_single_column_of_ids_is_no_text():
    with pytest.raises(NoTextColumnError, match="The one column is not"):
        records("id\na\nb\n")


def test_no_text_column_is_refused_without_telling_the_header():
    with pytest.raises(NoTextColumnError) as error:
        records("John Doe,Melena\nx,y\n")
    assert "note, text" in str(error.value)
    assert "John" not in str(error.value)


def test_limits_are_named():
    with pytest.raises(FileTooLargeError, match="max_columns"):
        records("note,b,c\n1,2,3\n", max_columns=2)
    with pytest.raises(FileTooLargeError, match="max_line_chars"):
        records("note\n" + "x" * 100, max_line_chars=50)
    assert codes("note\n" + "x" * 100, max_record_chars=50) == ["text_too_long"]


# -- JSON ------------------------------------------------------------------------------------------


def test_json_lines_take_objects_and_strings():
    rows = records('{"id": 7, "text": "a", "more": [1]}\n\n"b"\n', "x.jsonl")
    assert rows == [
        Record(record=1, line=1, source_id="7", text="a", fields={"more": "[1]"}),
        Record(record=2, line=3, text="b"),
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "json_malformed"),
        ('{"text": "a" "b"}', "json_malformed"),
        ('{"text": "a"} x', "json_malformed"),
        ('{"text": NaN}', "json_constant"),
        ('{"text": ' + "[" * 100_000, "json_too_deep"),
        ('{"text": ' + "9" * 5000 + "}", "json_number"),
        ('{"text": "a", "text": "b"}', "json_duplicate_key"),
        ('{"text": "a", "x": {"y": 1, "y": 2}}', "json_duplicate_key"),
        ('{"text": "a", "\\ud800": "b"}', "text_undecodable"),
        ('{"text": "a\\u0000"}', "text_nul"),
        ("[1]", "json_shape"),
        ("3", "json_shape"),
        ('{"text": 3}', "text_not_a_string"),
        ('{"text": "\\ud800"}', "text_undecodable"),
        ('{"other": "x", "b": 1}', "no_text_column"),
        ('{"text": " "}', "text_empty"),
    ],
)
def test_a_bad_line_of_json_is_one_invalid_record(line, code):
    rows = records('{"text": "a"}\n' + line + '\n{"text": "b"}\n', "x.ndjson")
    assert [getattr(row, "code", None) for row in rows] == [None, code, None]
    for row in rows:
        row.model_dump_json(ensure_ascii=True)


@pytest.mark.parametrize(
    "shape", ["[{}]", '{{"records": [{}], "n": 1}}', '{{"n": [1], "records": [{}]}}']
)
def test_json_arrays_are_read_wherever_they_stand(shape):
    content = shape.format('{"note": "a", "id": "1", "x": {"y": [2]}}, "b"')
    assert records(content, "x.json") == [
        Record(record=1, source_id="1", text="a", fields={"x": '{"y": [2]}'}),
        Record(record=2, text="b"),
    ]


def test_one_json_object_is_one_record():
    assert texts('{"n": {"m": [1, {"o": null}]}, "note": "a"}', "x.json") == ["a"]


def test_a_json_array_on_one_long_line_is_no_long_line():
    many = json.dumps([{"note": "x" * 100}] * 50)
    assert len(records(many, "x.json", max_line_chars=200)) == 50


@pytest.mark.parametrize(
    "content", ['[{"note": "a"}', "[1,,2]", "nonsense", '"text"', '{"a": 1', '[{"note": "a"}] x']
)
def test_broken_json_is_unreadable(content):
    with pytest.raises(FileUnreadableError):
        records(content, "x.json")


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_json_without_any_text_is_refused(name):
    with pytest.raises(NoTextColumnError):
        records('{"other": "x", "b": "y"}', name)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_json_in_other_encodings(encoding):
    assert texts('[{"note": "café"}]'.encode(encoding), "x.json") == ["café"]


# -- documents and what is no document -----------------------------------------------------------


def test_a_text_file_is_one_record():
    assert texts("HISTORY\r\nMelena.\rStill.\n", "Note.TXT") == ["HISTORY\nMelena.\nStill."]
    assert texts("# Title\n", "a.md") == ["# Title"]


@pytest.mark.parametrize("content", [b"", b"\n \t", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00" * 10])
@pytest.mark.parametrize("suffix", ENDINGS)
def test_nothing_is_empty_in_every_format(content, suffix):
    with pytest.raises(FileEmptyError):
        records(content, f"x{suffix}")


def test_a_header_alone_has_no_records():
    assert records("id,note\n") == []


def test_white_space_before_the_header_only():
    with pytest.raises((NoRecordsError, FileEmptyError)):
        records("\u2003\n\u2003\n")


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.csv.exe", "inbox.csv/x", "x.json.bak"])
def test_a_wrong_ending_is_read_all_the_same_and_noted(name):
    read_from = source("id,note\n1,a\n2,b\n", name)
    assert [record.text for record in read(read_from)] == ["a", "b"]
    assert [note.code for note in read_from.notes] == ["wrong_extension"]


@pytest.mark.parametrize(
    ("head", "error"),
    [
        (b"%PDF-1.7", FileUnreadableError),
        (b"PK\x03\x04", FileUnreadableError),
        (b"\x89PNG\r\n\x1a\n", FileTypeError),
        (b"\xd0\xcf\x11\xe0", FileTypeError),
        (b"{\\rtf1", FileTypeError),
    ],
)
def test_a_renamed_binary_is_not_taken_for_text(head, error):
    with pytest.raises(error):
        records(head + b"\n1,2\n")


# -- properties ------------------------------------------------------------------------------------

CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), min_size=1
)


@given(st.lists(CELL.filter(str.strip), min_size=1, max_size=8))
def test_any_text_survives_json_lines(cells):
    content = "\n".join(json.dumps({"note": cell}) for cell in cells)
    assert texts(content, "x.jsonl") == cells


@given(st.lists(CELL.filter(str.strip), min_size=1, max_size=8))
def test_any_text_survives_csv(cells):
    quoted = "".join('"' + cell.replace('"', '""') + '"\r\n' for cell in cells)
    # DOS ended its files with a Ctrl-Z: a row of nothing else is left out.
    assert texts("note\r\n" + quoted) == [cell for cell in cells if cell != "\x1a"]


@given(st.binary(max_size=300), st.sampled_from(ENDINGS))
@settings(deadline=None)
def test_any_bytes_give_records_or_a_catalogued_error(content, suffix):
    try:
        found = records(b"note\n" + content, f"x{suffix}")
    except WinnowError:
        return
    for record in found:
        record.model_dump_json(ensure_ascii=True)
