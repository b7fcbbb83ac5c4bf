"""Records of one case as one record: what belongs together, and where each part is."""

import email.message
import io
import json
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import files
from tests.fakes.processes import MOODS
from tests.fuzz.targets import in_process
from winnow.errors import FileTooLargeError
from winnow.models import PART_BREAK, PART_SEPARATOR, InvalidRecord, Record
from winnow.processes.loader import load_definition
from winnow.readers import ReadLimits, Source, sandbox
from winnow.readers.cases import records_for

JOIN = MOODS.replace("[case_id]}", "[case_id], case: join}")
LETTER = "Iron deficiency anemia since spring."
ENDOSCOPY = "Colonoscopy and upper endoscopy were normal."


@pytest.fixture(autouse=True)
def parsers_in_this_process(monkeypatch):
    monkeypatch.setattr(sandbox, "parse", in_process)


def read(
    content: bytes | str,
    name: str = "x.csv",
    *,
    limits: ReadLimits | None = None,
    case_id: str | None = None,
    process: str = JOIN,
    ocr=None,
) -> list[Record | InvalidRecord]:
    columns = load_definition(process, "moods").input
    data = content.encode() if isinstance(content, str) else content
    with Source(
        io.BytesIO(data),
        name,
        columns.text_columns,
        columns.id_columns,
        limits or ReadLimits(),
        unit=columns.unit,
        case_id=case_id,
        ocr=ocr,
    ) as source:
        return list(records_for(source, columns))


def texts(records: list[Record | InvalidRecord]) -> list[str]:
    return [record.text if isinstance(record, Record) else record.code for record in records]


def joined(*parts: str) -> str:
    return PART_SEPARATOR.join(parts)


def check_parts(record: Record | InvalidRecord, *expected: str) -> None:
    """The spans of the parts are their texts, and leave out only what is between them."""
    assert isinstance(record, Record)
    assert [record.text[part.start : part.end] for part in record.parts] == list(expected)
    gaps = [record.text[one.end : other.start] for one, other in pairwise(record.parts)]
    assert gaps == [PART_SEPARATOR] * (len(expected) - 1)


def mail(text: str, *attached: tuple[str, bytes, str]) -> bytes:
    message = email.message.EmailMessage()
    message["From"] = "a@b.example"
    message["Subject"] = "Capsule"
    message["MIME-Version"] = "1.0"
    message.set_content(text)
    for name, content, kind in attached:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def test_rows_of_one_id_are_one_case_whatever_is_between_them():
    records = read("case_id,note\nA,one\nB,two\nA,three\n")
    assert texts(records) == [joined("one", "three"), "two"]
    first, second = records
    check_parts(first, "one", "three")
    assert [(part.record, part.line) for part in first.parts] == [(1, 2), (3, 4)]
    assert (first.record, first.line, first.source_id) == (1, 2, "A")
    assert (second.record, second.source_id, second.parts) == (2, "B", ())


def test_a_process_that_does_not_ask_for_it_joins_nothing():
    content = "case_id,note\nA,one\nA,two\n"
    assert texts(read(content, process=MOODS)) == ["one", "two"]


def test_rows_without_an_id_are_cases_of_their_own():
    assert texts(read("case_id,note\n,one\n ,two\nA,three\n,four\nA,five\n")) == [
        "one",
        "two",
        joined("three", "five"),
        "four",
    ]
    assert texts(read("age,note\n1,one\n1,two\n")) == ["one", "two"]


@pytest.mark.parametrize("mark", ["NULL", "nan", "\\N", ".", "#N/A", "no MRN", "1.2E+16"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_rows_whose_id_marks_a_missing_value_are_cases_of_their_own(mark, form):
    rows = [("A", "one"), (mark, "two"), ("A", "three"), (mark, "four")]
    content = "case_id,note\n" + "".join(f"{key},{note}\n" for key, note in rows)
    if form == "jsonl":
        content = "".join(json.dumps({"case_id": key, "note": note}) + "\n" for key, note in rows)
    records = read(content, f"x.{form}")
    assert texts(records) == [joined("one", "three"), "two", "four"]
    assert [record.source_id for record in records] == ["A", None, None]


def test_ids_that_are_none_are_noted():
    columns = load_definition(MOODS, "moods").input
    for key, codes in (("NULL", ["ids_missing"]), ("", []), ("A", [])):
        data = io.BytesIO(f"case_id,note\n{key},one\nB,two\n".encode())
        with Source(
            data, "x.csv", columns.text_columns, columns.id_columns, ReadLimits()
        ) as source:
            list(records_for(source, columns))
            assert [note.code for note in source.notes] == codes


def test_the_id_that_an_upload_sets_is_an_id_whatever_it_is():
    content = "case_id,note\nNULL,one\nNULL,two\n"
    archive = files.package({"a.txt": b"three", "b.txt": b"four", "c.csv": content.encode()})
    assert texts(read(archive, "x.zip", case_id="NULL")) == [joined("three", "four"), "one", "two"]


def test_an_id_is_compared_without_the_blanks_around_it():
    assert texts(read("case_id,note\nA,one\nA ,two\na,three\n")) == [joined("one", "two"), "three"]


def test_objects_of_one_id_are_one_case():
    rows = [{"case_id": 7, "note": "one"}, {"note": "two"}, {"case_id": "7", "note": "three"}]
    assert texts(read(json.dumps(rows), "x.json")) == [joined("one", "three"), "two"]


def test_columns_keep_each_value_once_and_blank_cells_say_nothing():
    (record,) = read("case_id,note,age,date\nA,x,61,2024-01\nA,y,,2024-02\nA,z,61,2024-01\n")
    assert record.fields == {"age": "61", "date": "2024-01; 2024-02"}


def test_a_number_that_differs_within_a_case_is_no_number():
    numbers = JOIN.replace("case: join}", "case: join, numeric_columns: [age]}")
    good, bad = read("case_id,note,age\nA,x,61\nB,x,5\nA,y,61\nB,y,6\n", process=numbers)
    assert (good.source_id, good.kind) == ("A", "record")
    assert (bad.source_id, bad.code) == ("B", "number_invalid")


def test_a_mail_and_its_attachments_are_one_case():
    content = mail(
        LETTER,
        ("endoscopy.pdf", files.pdf([files.lines([ENDOSCOPY])]), "application/pdf"),
        ("labs.txt", b"Ferritin 6.", "text/plain"),
    )
    (record,) = read(content, "x.eml")
    check_parts(record, LETTER, ENDOSCOPY, "Ferritin 6.")
    assert [part.part for part in record.parts] == [None, "endoscopy.pdf", "labs.txt"]
    assert [part.record for part in record.parts] == [1, 2, 3]
    assert (record.part, record.source_id, record.fields["subject"]) == (None, None, "Capsule")
    pages = [record.text[place.start :][:5] for place in record.places if place.page == 1]
    assert pages == [ENDOSCOPY[:5]]


def test_documents_of_an_archive_are_one_case_and_its_tables_have_their_ids():
    content = files.package(
        {
            "letter.txt": LETTER,
            "rows.csv": "case_id,note\nA,one\nB,two\n,three\n",
            "endoscopy.txt": ENDOSCOPY,
            "more.csv": "case_id,note\nB,four\n",
        }
    )
    records = read(content, "x.zip")
    assert texts(records) == [joined(LETTER, ENDOSCOPY), "one", joined("two", "four"), "three"]
    assert [part.part for part in records[0].parts] == ["letter.txt", "endoscopy.txt"]
    assert [part.part for part in records[2].parts] == ["rows.csv", "more.csv"]
    assert [record.part for record in records] == [None, "rows.csv", None, "rows.csv"]


def test_the_id_of_the_upload_joins_its_documents_with_the_rows_of_that_id():
    content = files.package(
        {"rows.csv": "case_id,note\nA,one\nB,two\n,three\n", "letter.txt": LETTER}
    )
    records = read(content, "x.zip", case_id="A")
    assert texts(records) == [joined("one", LETTER), "two", "three"]
    assert [record.source_id for record in records] == ["A", "B", ""]


def test_pages_and_sheets_are_parts():
    pages = files.pdf([files.lines(["Glad."]), files.lines(["Sad."])])
    (record,) = read(pages, "x.pdf", process=JOIN.replace("case: join", "case: join, unit: page"))
    check_parts(record, "Glad.", "Sad.")
    assert [place.page for place in record.places] == [1, 2]
    sheets = files.xlsx(
        {"May": [["case_id", "note"], ["A", "x"]], "June": [["case_id", "note"], ["A", "y"]]}
    )
    (record,) = read(sheets, "x.xlsx")
    assert [part.part for part in record.parts] == ["May", "June"]


def test_lines_of_a_text_that_are_records_are_not_joined():
    rows = JOIN.replace("case: join", "case: join, unit: row")
    assert texts(read("one\ntwo\n", "x.txt", process=rows)) == ["one", "two"]


@pytest.mark.parametrize("first", [True, False], ids=["in front", "behind"])
def test_a_case_knows_that_a_part_of_it_could_not_be_read(first):
    members = [("broken.pdf", b"%PDF-1.7 nothing"), ("letter.txt", LETTER.encode())]
    content = files.package(dict(members if first else members[::-1]))
    records = read(content, "x.zip")
    assert [record.record for record in records] == [1, 2]
    (case,) = (record for record in records if isinstance(record, Record))
    assert (case.unread, case.text, case.parts) == (1, LETTER, ())
    (broken,) = (record for record in records if isinstance(record, InvalidRecord))
    assert broken.part == "broken.pdf"


def test_unread_parts_of_a_joined_case_are_counted_for_it_alone():
    long = "x" * 60
    content = f"case_id,note\nA,{long}\nB,{long}\nA,one\nC,three\nA,two\nA,{long}\n"
    records = read(content, limits=ReadLimits(max_record_chars=50))
    assert texts(records) == ["text_too_long"] * 2 + [
        joined("one", "two"),
        "three",
        "text_too_long",
    ]
    assert [record.unread for record in records if isinstance(record, Record)] == [2, 0]
    assert [record.record for record in records] == [1, 2, 3, 4, 6]


def test_a_part_without_text_takes_nothing_from_its_case():
    records = read("case_id,note\nA,one\nA,\nA,two\n")
    assert texts(records) == [joined("one", "two"), "text_empty"]
    assert records[0].unread == 0
    records = read(files.package({"a.txt": LETTER, "empty.txt": ""}), "x.zip")
    assert [getattr(record, "unread", None) for record in records] == [0, None]


def test_a_case_that_is_too_long_is_one_invalid_record():
    limits = ReadLimits(max_record_chars=50)
    content = f"case_id,note\nA,{'x' * 30}\nB,b\nA,{'y' * 30}\nA,a\n"
    records = read(content, limits=limits)
    assert texts(records) == ["case_too_long", "b"]
    assert (records[0].record, records[0].source_id) == (1, "A")
    assert "max_record_chars" in records[0].reason
    assert "x" not in records[0].reason.replace("texts", "").replace("max", "")


def test_the_columns_of_a_case_count_as_its_text_does():
    limits = ReadLimits(max_record_chars=50)
    rows = "".join(f"A,a,{letter * 30}\n" for letter in "xy")
    assert texts(read(f"case_id,note,more\n{rows}", limits=limits)) == ["case_too_long"]
    same = f"A,a,{'x' * 30}\n" * 2
    assert texts(read(f"case_id,note,more\n{same}", limits=limits)) == [joined("a", "a")]


def test_a_case_has_so_many_parts_at_most():
    content = "case_id,note\n" + "A,a\n" * 3 + "B,b\n"
    assert texts(read(content, limits=ReadLimits(max_case_parts=3))) == [joined(*"aaa"), "b"]
    records = read(content, limits=ReadLimits(max_case_parts=2))
    assert texts(records) == ["case_too_long", "b"]
    assert "max_case_parts" in records[0].reason


def test_records_that_take_too_much_disk_fail_the_file():
    content = "case_id,note\n" + "A,a\n" * 100
    with pytest.raises(FileTooLargeError, match="max_join_bytes"):
        read(content, limits=ReadLimits(max_join_bytes=2_000))


def test_letters_of_every_script_come_back_from_the_disk():
    strange = ["Änämie 🩸", "\u2028貧血", "a\x1db"]
    rows = "".join(json.dumps({"case_id": "é", "note": text}) + "\n" for text in strange)
    (record,) = read(rows, "x.jsonl")
    check_parts(record, *strange)


ROWS = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C", ""]), st.text("ab .", min_size=1)), max_size=12
)


@given(ROWS)
def test_every_row_is_in_one_case_and_cases_stand_by_their_first_rows(rows):
    content = "".join(json.dumps({"case_id": i, "note": t}) + "\n" for i, t in rows)
    if not content:
        return
    records = read(content, "x.jsonl")
    numbers = [record.record for record in records]
    assert numbers == sorted(numbers)
    seen = {}
    for record in records:
        for number in [part.record for part in getattr(record, "parts", ())] or [record.record]:
            assert number not in seen
            seen[number] = record
    assert sorted(seen) == list(range(1, len(rows) + 1))
    for number, (named, text) in enumerate(rows, 1):
        if text.strip():
            first = next(n for n, (i, t) in enumerate(rows, 1) if i == named and t.strip())
            assert seen[number].record == (first if named else number)
        else:
            assert seen[number].code == "text_empty"


def test_the_order_of_cases_that_take_turns_does_not_change_what_is_read():
    rows = [(f"c{number % 50}", f"text {number}") for number in range(400)]
    random.Random(1).shuffle(rows)
    content = "case_id,note\n" + "".join(f"{named},{text}\n" for named, text in rows)
    records = read(content)
    assert records == read(content)
    expected: dict[str, list[str]] = {}
    for named, text in rows:
        expected.setdefault(named, []).append(text)
    assert texts(records) == [joined(*parts) for parts in expected.values()]
    assert all(PART_BREAK in record.text for record in records)
