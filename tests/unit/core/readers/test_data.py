"""Real files that break parsers, each with the reading that is expected of it.

They are no part of this repository: the folder is named by WINNOW_DATA.
"""

import difflib
import os
from pathlib import Path

import pytest

from tests.fakes.readings import SCANS
from winnow.errors import (
    FileEmptyError,
    FileEncryptedError,
    FileTypeError,
    NoRecordsError,
    NoTextLayerError,
    WinnowError,
)
from winnow.models import InvalidRecord, Record
from winnow.readers import ReadLimits, Source, read

DATA = Path(os.environ.get("WINNOW_DATA", Path(__file__).parents[5] / "shared" / "data"))
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not (DATA / "documents").is_dir(), reason="WINNOW_DATA is not there"),
]

Expected = list[tuple[int, str | None, dict[str, str] | str]]


Found = tuple[list[Record | InvalidRecord], Source]


def opened(folder: str, name: str, text: str = "text") -> Found:
    with (
        (DATA / folder / name).open("rb") as stream,
        Source(stream, name, [text], ["id"], ReadLimits()) as source,
    ):
        return list(read(source)), source


# file -> the column taken as text, the codes of its notes, and of each row: its line, its text and
# its other columns, or the code of why it is invalid
TABLES: dict[str, tuple[str, list[str], Expected]] = {
    "csvkit_bad.csv": (
        "column_b",
        [],
        [
            (2, None, "row_ragged"),
            (3, None, "row_ragged"),
            (4, "mixed types.... uh oh", {"column_a": "0", "column_c": "17"}),
        ],
    ),
    "csvkit_mac_newlines.csv": (
        "a",
        [],
        [(2, "1", {"b": "2", "c": "3"}), (3, "Once upon\ra time", {"b": "5", "c": "6"})],
    ),
    "csvkit_optional_quote_characters.csv": ("a", [], [(2, "1", {"b": "2", "c": "3"})]),
    "csvkit_test_empty_columns_long_row.csv": ("a", [], []),
    "csvkit_test_latin1.csv": (
        "c",
        ["encoding_guessed"],
        [(2, "3", {"a": "1", "b": "2"}), (3, "©", {"a": "4", "b": "5"})],
    ),
    "csvkit_test_utf16_little.csv": (
        "c",
        [],
        [(2, "3", {"a": "1", "b": "2"}), (3, "ʤ", {"a": "4", "b": "5"})],
    ),
    "frictionless_blank-rows-multiple.csv": (
        "name",
        [],
        [(2, "John", {"age": "30"}), (3, "Julie", {"age": "26"})],
    ),
    "frictionless_duplicate-headers.csv": (
        "name",
        ["duplicate_headers"],
        [
            (2, "John", {"id (2)": "0", "age": "30", "id (3)": "001101"}),
            (3, "Julie", {"id (2)": "0", "age": "26", "id (3)": "001102"}),
        ],
    ),
    "frictionless_issue-1009-semicolon.csv": (
        "fieldNameB",
        [],
        [(2, "c", {"fieldNameA": "0123"})],
    ),
    "frictionless_skip-rows-before-headers.csv": (
        "name",
        ["rows_before_header"],
        [(3, "english", {}), (4, "中国人", {})],
    ),
    "frictionless_table-infer-iso-8859-7.csv": (
        "name",
        ["encoding_guessed"],
        [
            (2, "Λεωνιδας", {"age": "39"}),
            (3, "Αλεξανδρος", {"age": "23"}),
            (4, "Μυρων", {"age": "36"}),
            (5, "Ευστοργιος", {"age": "28"}),
        ],
    ),
    "markitdown_test_mskanji.csv": (
        "住所",
        ["encoding_guessed"],
        [
            (2, "東京", {"名前": "佐藤太郎", "年齢": "30"}),
            (3, "大阪", {"名前": "三木英子", "年齢": "25"}),
            (4, "名古屋", {"名前": "髙橋淳", "年齢": "35"}),
        ],
    ),
    "nodecsv_365-utf16le-bom-windows.csv": ("c", [], [(2, "3", {"a": "1", "b": "2"})]),
    "spectrum_comma_in_quotes.csv": (
        "city",
        [],
        [
            (
                2,
                "Anytown, WW",
                {"first": "John", "last": "Doe", "address": "120 any st.", "zip": "08123"},
            )
        ],
    ),
    "spectrum_escaped_quotes.csv": (
        "b",
        [],
        [(2, 'ha "ha" ha', {"a": "1"}), (3, "4", {"a": "3"})],
    ),
    "spectrum_newlines_crlf.csv": (
        "a",
        [],
        [
            (2, "1", {"b": "2", "c": "3"}),
            (3, "Once upon \na time", {"b": "5", "c": "6"}),
            (5, "7", {"b": "8", "c": "9"}),
        ],
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_as_expected(name):
    text, notes, expected = TABLES[name]
    rows, source = opened("awkward_csv", name, text)
    found = [
        (row.line, None, row.code)
        if isinstance(row, InvalidRecord)
        else (row.line, row.text, row.fields)
        for row in rows
    ]
    assert found == expected
    assert [note.code for note in source.notes] == notes


def test_every_table_of_the_folder_is_expected():
    there = {path.name for path in (DATA / "awkward_csv").glob("*.csv")} - {"MANIFEST.csv"}
    assert there <= set(TABLES)


REFUSED: dict[str, type[WinnowError]] = {
    "markitdown_MEDRPT-2024-PAT-3847_medical_report_scan.pdf": NoTextLayerError,
    "ocrmypdf_linn.pdf": NoTextLayerError,
    "pdfplumber_empty.pdf": FileEmptyError,
    "pypdf_encrypted_r6-user-password.pdf": FileEncryptedError,
    "pytesseract_test.png": FileTypeError,
    "python-docx_tbl-having-tables.docx": NoRecordsError,
}
"""The DOCX has tables in tables, and not a letter in them."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_document_is_refused_as_expected_where_nothing_reads_pictures(name):
    with pytest.raises(REFUSED[name]):
        opened("documents", name)


SENTENCES = {
    "markitdown_test.docx": (
        "AutoGen: Enabling Next-Gen LLM Applications via Multi-Agent Conversation",
        "AutoGen is an open-source framework that allows developers to build LLM applications via "
        "multiple agents that can converse with each other to accomplish tasks.",
    ),
    "pdfplumber_scotus-transcript-p1.pdf": (
        "The above-entitled matter came on for oral argument before the Supreme Court of the "
        "United States at 1:01 p.m.",
        "STEVEN E. MERCER, ESQ., Deputy Attorney General, Los Angeles, Cal.; on behalf of the "
        "Petitioner.",
    ),
    "pypdf_crazyones.pdf": (
        "The ones who see things differently. Theyre not fond of rules. And they have no respect "
        "for the status quo. You can quote them, disagree with them, glorify or vilify them.",
        "Because the people who are crazy enough to think they can change the world, are the ones "
        "who do.",
    ),
    "pypdf_two-different-pages.pdf": ("1", "2"),
    "ocrmypdf_linn.txt": ("The LinnSequencer", "32 Track MIDI Sequence Recorder"),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_document_is_one_record_with_its_sentences_whole(name):
    (record,), source = opened("documents", name)
    for message in SENTENCES[name]:
        near = difflib.get_close_matches(message, record.text.split("\n"), 1, 0.5)
        assert message in record.text, near
    assert not {note.code for note in source.notes} - {"running_lines"}


def test_every_document_of_the_folder_is_expected():
    """Scans by what OCR reads of them: tests/functional/test_ocr.py."""
    there = {path.name for path in (DATA / "documents").iterdir()}
    refused_for_good = set(REFUSED) - set(SCANS)
    assert there <= refused_for_good | set(SENTENCES) | set(SCANS)
    assert set(SCANS) <= set(REFUSED)
