"""Records as CSV: no cell is a formula for a spreadsheet or a control code for a terminal."""

import csv
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TextIO

from winnow_cli.render.records import CANNOT_TELL, because_of, decision_of, evidence_of

if TYPE_CHECKING:
    from winnow.models import ResultRecord
    from winnow.reviews.items import ReviewState

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
    "text",
)
REVIEW_COLUMNS = ("reviewed", "reviewed_by", "reviewed_at")
"""What a person decided, and who and when; only for a stack with reviews."""
_FORMULA = re.compile(
    r"""(?<![\s"'“”\u200b\u2060\ufeff])([\s"'“”\u200b\u2060\ufeff]*+)[=+\-@＝＋－＠]"""
)
"""The first character of a formula, and characters before it that spreadsheets may ignore."""
_BREAK = re.compile(r"[\t\r\n]")
_BLANK_STARTS = ("\t", "\r", "\n")
_CELL_ENDS = ("", ";", "|")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that are replaced: control characters, and halves of surrogate pairs."""


def write_csv(
    records: Iterable["ResultRecord"],
    stream: TextIO,
    reviews: "Mapping[int, ReviewState | None] | None" = None,
) -> None:
    """Write CSV for a spreadsheet; cells that would be formulas are marked as text.

    With `reviews`, what people decided of records by their numbers, three more columns say so.

    Control characters other than tabs and line ends are replaced by U+FFFD; the JSON has them.
    """
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS if reviews is None else (*COLUMNS, *REVIEW_COLUMNS))
    for record in records:
        evidence = evidence_of(record)
        cells: tuple[object, ...] = (
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
            _text_of(record),
        )
        if reviews is not None:
            cells = (*cells, *_review_cells(reviews.get(record.record)))
        writer.writerow(["" if cell is None else safe_cell(cell) for cell in cells])


def _text_of(record: "ResultRecord") -> str | None:
    """The text; between the parts of a case an empty line in place of a control character."""
    from winnow.models import PART_SEPARATOR

    if record.text is None or not record.parts:
        return record.text
    return "\n\n".join(record.text.split(PART_SEPARATOR))


def _review_cells(review: "ReviewState | None") -> tuple[object, ...]:
    if review is None:
        return (None, None, None)
    decision = CANNOT_TELL if review.cannot_tell else review.decision
    return (decision, review.by, review.at)


def safe_cell(value: object) -> str:
    """A cell that is not a formula for a spreadsheet: a ' before it marks it as text.

    This includes formulas after spaces and quotes, in fullwidth characters, and after the
    separators of other locales.

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
