"""One text judged outside a run, as Classify and Filter would: what the API calls a prediction."""

from collections.abc import Callable, Mapping

from winnow.errors import InternalError, RequestInvalidError, RequestTooLongError
from winnow.limits.budget import RecordBudget, RecordRejection
from winnow.models import Record, ResultRecord
from winnow.ports import Judge
from winnow.processes.schema import ProcessDefinition
from winnow.steps.classify import judge_records, scored
from winnow.steps.filter import outcome_of
from winnow.tables.columns import plain_name
from winnow.tables.numbers import wrong_column

_TOO_LONG = ("record_too_long", "record_too_slow")


def record_of(definition: ProcessDefinition, text: str | None, fields: Mapping[str, str]) -> Record:
    """The record of a text, or of a row that contains one.

    Raises RequestInvalidError when there is no text to judge, or no number in a numeric column.
    """
    columns = definition.input
    rest = dict(fields)
    source_id = None
    if columns.text_columns:
        if text is None and (column := _first(columns.text_columns, rest)) is not None:
            text = rest.pop(column)
        if text is None or not text.strip():
            raise RequestInvalidError(
                "There is no text to judge: `text` is missing or blank, and `fields` has none of "
                f"the process's text columns ({', '.join(columns.text_columns)})."
            )
    if (column := _first(columns.id_columns, rest)) is not None:
        source_id = rest.pop(column)
    if wrong := wrong_column(rest, columns.numeric_columns):
        raise RequestInvalidError(f"The column {wrong} of `fields` is missing or is not a number.")
    if any("\x00" in part for part in (text or "", *rest, *rest.values())):
        raise RequestInvalidError("The text or a field contains NUL characters.")
    return Record(record=1, source_id=source_id, text=text or "", fields=rest)


def _first(columns: tuple[str, ...], fields: Mapping[str, str]) -> str | None:
    """The field that is the best of these columns."""
    names = {plain_name(name): name for name in reversed(list(fields))}
    return next((names[plain] for c in columns if (plain := plain_name(c)) in names), None)


def predict(
    definition: ProcessDefinition,
    judge: Judge,
    record: Record,
    threshold: float,
    budget: RecordBudget,
    clock: Callable[[], float],
) -> ResultRecord:
    """The result of a record: accepted at this threshold, or for review with the reason.

    Raises RequestTooLongError when it is beyond the budget, InternalError when the judge breaks.
    """
    (judgement,) = judge_records(judge, [record], budget, clock)
    if isinstance(judgement, RecordRejection):
        if judgement.code in _TOO_LONG:
            raise RequestTooLongError(judgement.reason)
        raise InternalError("Judging the text failed.")
    return outcome_of(scored(record, judgement), threshold, definition.input.min_ocr_confidence)
