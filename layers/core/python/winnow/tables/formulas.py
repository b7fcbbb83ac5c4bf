"""Cells that no spreadsheet takes for a formula, written so that the text can be restored.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, also after blanks or quotes. Where
its locale has another delimiter than the file, a cell begins in the middle of ours, too. An
apostrophe is put where such a cell would begin. One that stands there already gets another one, so
that each text is written in its own way. Numbers are left as they are.
"""

import re

SKIPPED = (
    r"\x0b\x0c\x1c-\x20\x85\xa0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
    r"\"'“”"
)
"""What spreadsheets may skip before a formula, on the same line."""
CELL_STARTS = r"\t\r\n;|"
FORMULA_STARTS = r"=+\-@＝＋－＠"
_DANGEROUS = re.compile(
    rf"(?:\A(?=[{SKIPPED}]*[{FORMULA_STARTS}\t\r\n])"
    rf"|(?<=[{CELL_STARTS}])(?=[{SKIPPED}]*[{FORMULA_STARTS}]))"
)
"""The places where a cell could begin and be a formula."""
_MARKED = re.compile(
    rf"(?:\A'(?=[{SKIPPED}]*[{FORMULA_STARTS}\t\r\n])"
    rf"|(?<=[{CELL_STARTS}])'(?=[{SKIPPED}]*[{FORMULA_STARTS}]))"
)
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def defused(text: str) -> str:
    """The text as a cell that is no formula.

    >>> defused("=1+1"), defused("'=1+1"), defused("a; -b"), defused("-0.5")
    ("'=1+1", "''=1+1", "a;' -b", '-0.5')
    """
    return text if _NUMBER.fullmatch(text) else _DANGEROUS.sub("'", text)


def restored(cell: str) -> str:
    """The text that `defused` was given.

    >>> restored("''=1+1"), restored("'tis"), restored("-0.5")
    ("'=1+1", "'tis", '-0.5')
    """
    return _MARKED.sub("", cell)
