"""Records as CSV: cells that no spreadsheet takes for a formula and that steer no terminal."""

import csv
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from winnow_cli.render.records import because_of, decision_of, evidence_of

if TYPE_CHECKING:
    from winnow.models import ResultRecord

COLUMNS = (
    "outcome",
    "record",
    "line",
    "part",
    "source_id",
    "decision",
    "because",
    "score",
    "confidence",
    "calibrated",
    "evidence",
    "code",
    "reason",
)
_FORMULA = re.compile(
    r"""(?<![\s"'“”\u200b\u2060\ufeff])([\s"'“”\u200b\u2060\ufeff]*+)[=+\-@＝＋－＠]"""
)
"""What a formula begins with, and all before it that a spreadsheet may leave out."""
_BREAK = re.compile(r"[\t\r\n]")
_BLANK_STARTS = ("\t", "\r", "\n")
_CELL_ENDS = ("", ";", "|")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no cell of a CSV has: controls that steer a terminal, and halves of surrogate pairs."""


def write_csv(records: Iterable["ResultRecord"], stream: TextIO) -> None:
    """CSV for a spreadsheet; a cell that a spreadsheet would run as a formula is made text.

    Control characters other than tabs and line ends are replaced by U+FFFD; the JSON has them.
    """
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for record in records:
        evidence = evidence_of(record)
        cells = (
            record.outcome.value,
            record.record,
            record.line,
            record.part,
            record.source_id,
            decision_of(record),
            ";".join(because_of(record)),
            record.score,
            record.confidence,
            record.calibrated,
            evidence[0][1].text if evidence else None,
            record.code,
            record.reason,
        )
        writer.writerow(["" if cell is None else safe_cell(cell) for cell in cells])


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: a ' before it marks it as text.

    So also after blanks and quotes, in the wide letters of East Asian keyboards, and after what a
    spreadsheet of another country takes for the end of the cell.

    >>> safe_cell("=1+1"), safe_cell("a; @b"), safe_cell(-0.5)
    ("'=1+1", "a;' @b", '-0.5')
    """
    if not isinstance(value, str):
        return str(value)
    safe = _FORMULA.sub(_mark_as_text, _CONTROL.sub("\ufffd", value))
    return f"'{safe}" if safe[:1] in _BLANK_STARTS else safe


def _mark_as_text(formula: re.Match[str]) -> str:
    """An apostrophe at the start, or behind `;` or `|`, and behind every tab and line break."""
    before = formula.string[formula.start() - 1 : formula.start()]
    mark = "'" if before in _CELL_ENDS else ""
    lead = _BREAK.sub(r"\g<0>'", formula[1])
    return f"{mark}{lead}{formula[0][-1]}"
