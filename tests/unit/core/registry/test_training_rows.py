"""Training rows as lines: what is written is read, and erasing understands it."""

import json

import pytest

from winnow.errors import StoredDataInvalidError
from winnow.registry.training_rows import RowSource, TrainingRow, dump_rows, load_rows
from winnow.reviews.models import Kind

ROW = TrainingRow(
    id="abc-3",
    text="Hb 7,\n„Blut“\u2028x",
    fields={"age": "7"},
    label="met",
    weight=50.0,
    blind=True,
    source=RowSource(upload="a" * 32, record=3),
    kind=Kind.AUDIT,
    held_out=True,
)
OF_A_FILE = TrainingRow(id="row 2", text="Melena.", label="met")


def test_rows_are_lines():
    content = dump_rows([ROW, OF_A_FILE])
    assert content.isascii()
    assert content.count(b"\n") == 2
    assert list(load_rows(content.splitlines(keepends=True))) == [ROW, OF_A_FILE]


def test_every_line_names_its_record_or_none():
    first, second = map(json.loads, dump_rows([ROW, OF_A_FILE]).splitlines())
    assert first["source"] == {"upload": "a" * 32, "record": 3}
    assert second["source"] is None


def test_a_damaged_line_is_named_without_its_text():
    with pytest.raises(StoredDataInvalidError, match="Line 2") as caught:
        list(load_rows([dump_rows([ROW]), b'{"text": "secret"}\n']))
    assert "secret" not in caught.value.message


def test_fields_of_a_later_version_are_passed_over():
    line = json.dumps({**json.loads(dump_rows([ROW])), "later": 1}).encode()
    assert list(load_rows([line])) == [ROW]
