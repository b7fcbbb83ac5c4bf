"""After a YAML error the file is read on, so that every problem of it is reported at once."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from winnow.errors import ProcessInvalidError
from winnow.processes.loader import load_definition
from winnow.processes.yaml_repair import MAX_REPAIRED_CHARS, MAX_REPAIRS, quote, repaired


@pytest.mark.parametrize(
    ("broken", "line", "read"),
    [
        # Characters that mean something in YAML.
        ("t: Plan: rest\n", 1, {"t": "Plan: rest"}),
        ("s:\n  - *bold text\n  - b\n", 2, {"s": ["*bold text", "b"]}),
        ("s:\n  - @home care\n", 2, {"s": ["@home care"]}),
        ("s:\n  - % of weight\n", 2, {"s": ["% of weight"]}),
        ("s:\n  - > 3 weeks\n  - b\n", 2, {"s": ["> 3 weeks", "b"]}),
        ("s: [a, {b: c: d}]\n", 1, {"s": ["a", {"b": "c: d"}]}),
        # Quotes.
        ('s:\n  - "Rest" was advised.\n  - b\n', 2, {"s": ['"Rest" was advised.', "b"]}),
        ("t: 'the patient's knee'\nu: b\n", 1, {"t": "the patient's knee", "u": "b"}),
        ('t: "open\nu: b\n', 1, {"t": "open", "u": "b"}),
        ('t: "a\\d"\nu: b\n', 1, {"t": "a\\d", "u": "b"}),
        # Indentation.
        ("c:\n  - id: a\n   t: b\n    u: c\n", 3, {"c": [{"id": "a", "t": "b", "u": "c"}]}),
        ("c:\n  - id: a\n      t: b\n", 3, {"c": [{"id": "a", "t": "b"}]}),
        ("a: b\n c: d\n", 2, {"a": "b", "c": "d"}),
        ("c:\n    - a\n   - b\n", 3, {"c": ["a", "b"]}),
        ("c:\n\t- id: a\n\t  t: b\nd: e\n", 2, {"c": [{"id": "a", "t": "b"}], "d": "e"}),
        # Something is left out.
        ("c:\n  - a\n  -b\n  - c\n", 3, {"c": ["a", "b", "c"]}),
        ("a: b\nc d\ne: f\n", 2, {"a": "b", "c": "d", "e": "f"}),
        ("a: b\nc:d\ne: f\n", 2, {"a": "b", "c": "d", "e": "f"}),
        ("a: [b, c\nd: e\n", 1, {"a": ["b", "c"], "d": "e"}),
        ("c:\n  - {id: a, t: b\n  - {id: c}\n", 2, {"c": [{"id": "a", "t": "b"}, {"id": "c"}]}),
        ("a: [b, c}\nd: e\n", 1, {"a": ["b", "c"], "d": "e"}),
    ],
)
def test_a_line_is_repaired_and_the_rest_is_read(broken: str, line: int, read: object) -> None:
    text, repairs, error = repaired(broken)
    assert error is None
    assert [repair.line + 1 for repair in repairs] == [line]
    assert yaml.load(text, Loader=yaml.BaseLoader) == read


def test_every_line_of_a_kind_is_reported() -> None:
    text = """\
id: a b
version: 1.0.0
kind: labels
title: Moods: two
labels:
  - id: glad
    examples:
      - "Glad" is what I am.
   - id: sad
\t  examples: [I am sad.
"""
    with pytest.raises(ProcessInvalidError) as caught:
        load_definition(text, "p.yaml")
    found = [line.split(": ")[:2] for line in caught.value.message.split("\n")]
    assert found == [
        ["p.yaml:1", "id"],
        ["p.yaml:4", "title"],
        ["p.yaml:8", "labels[0].examples[0]"],
        ["p.yaml:9", "labels[1].id"],
        ["p.yaml:10", "(file)"],
        ["p.yaml:10", "labels[1].examples[0]"],
    ]


def test_a_shown_cure_is_what_the_file_should_say() -> None:
    for sentence in ("Impression: gout", 'He said: "rest"', "the 5' mark: x", "a\\b: c"):
        (repair,) = repaired(f"title: {sentence}\n")[1]
        assert yaml.safe_load(repair.message.rsplit("quote it: ", 1)[1]) == {"title": sentence}
        assert yaml.safe_load(quote(sentence)) == sentence


def test_repairs_have_an_end() -> None:
    many = "".join(f"f{n}: a: b\n" for n in range(MAX_REPAIRS + 5))
    assert len(repaired(many)[1]) == MAX_REPAIRS
    assert repaired(many)[2] is not None
    assert repaired("a: b: c\n" + "#" * MAX_REPAIRED_CHARS)[1] == []
    assert repaired("a: b" + " " * 100_000 + ": c\n")[1] == []


@given(st.text(alphabet="ab:-[]{}\"'\t \n#*>|,", max_size=80))
def test_what_is_repaired_reads_as_yaml_and_keeps_its_lines(text: str) -> None:
    fixed, repairs, error = repaired(text)
    assert fixed.count("\n") == text.count("\n")
    assert all(0 <= repair.line <= text.count("\n") for repair in repairs)
    if error is None:
        list(yaml.parse(fixed, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
