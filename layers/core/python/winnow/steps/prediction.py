"""A text or a picture judged outside a run, as its steps would: what the API calls a prediction."""

from collections.abc import Callable, Mapping
from typing import Protocol

from winnow.errors import (
    FileBombError,
    FileEmptyError,
    FileError,
    FileTooLargeError,
    FileTypeError,
    FileUnreadableError,
    InternalError,
    RequestInvalidError,
    RequestTooLongError,
    TimeLimitError,
)
from winnow.limits.budget import RecordBudget, RecordRejection
from winnow.models import (
    DecodedSquare,
    EncodedSquare,
    EncodeSquare,
    JudgedSquare,
    JudgeSquare,
    ModelInfo,
    Record,
    ResultRecord,
)
from winnow.ports import Judge
from winnow.processes.schema import ProcessDefinition
from winnow.registry.models import PinnedVersion
from winnow.steps.classify import judge_records, scored
from winnow.steps.filter import outcome_of
from winnow.tables.columns import plain_name
from winnow.tables.numbers import wrong_column

_TOO_LONG = ("record_too_long", "record_too_slow")
_REFUSALS: Mapping[str | None, type[FileError]] = {
    error.code: error
    for error in (
        FileTypeError,
        FileUnreadableError,
        FileTooLargeError,
        FileBombError,
        TimeLimitError,
    )
}
"""Why a picture cannot be decoded: as for one that is dropped."""


class PictureSteps(Protocol):
    """Decodes, judges and encodes one picture, where its decoders and its encoder are.

    Raises AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def decoded(self, content: bytes) -> DecodedSquare:
        """What is judged of a file."""
        ...

    def judged(self, task: JudgeSquare) -> JudgedSquare:
        """What a version of a process says of it."""
        ...

    def encoded(self, task: EncodeSquare) -> EncodedSquare:
        """What records are compared with that are to be like it."""
        ...


def record_of(definition: ProcessDefinition, text: str | None, fields: Mapping[str, str]) -> Record:
    """The record of a text, or of a row that contains one.

    Raises RequestInvalidError when there is no text to judge, or no number in a numeric column.
    """
    columns = definition.input
    rest = dict(fields)
    if columns.text_columns:
        if text is None and (column := _first(columns.text_columns, rest)) is not None:
            text = rest.pop(column)
        if text is None or not text.strip():
            raise RequestInvalidError(
                "There is no text to judge: `text` is missing or blank, and `fields` has none of "
                f"the process's text columns ({', '.join(columns.text_columns)})."
            )
    if wrong := wrong_column(rest, columns.numeric_columns):
        raise RequestInvalidError(f"The column {wrong} of `fields` is missing or is not a number.")
    return _identified(definition, text or "", rest, None)


def picture_record_of(
    definition: ProcessDefinition, picture: bytes, fields: Mapping[str, str]
) -> Record:
    """The record of a picture, which is not decoded yet. Raises FileEmptyError."""
    if not picture:
        raise FileEmptyError("The picture has no bytes.")
    return _identified(definition, "", dict(fields), picture)


def _identified(
    definition: ProcessDefinition, text: str, fields: dict[str, str], file: bytes | None
) -> Record:
    """A record with its id, if one of the fields is that."""
    if any("\x00" in part for part in (text, *fields, *fields.values())):
        raise RequestInvalidError("The text or a field contains NUL characters.")
    column = _first(definition.input.id_columns, fields)
    source_id = None if column is None else fields.pop(column)
    return Record(record=1, source_id=source_id, text=text, fields=fields, file=file)


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


def predict_picture(
    definition: ProcessDefinition,
    version: PinnedVersion,
    steps: PictureSteps,
    record: Record,
    threshold: float,
) -> tuple[ResultRecord, ModelInfo]:
    """The same of a record with a picture's file, and the encoder that judged.

    Raises a FileError where the picture cannot be decoded, InternalError when it cannot be judged.
    """
    decoded = _decoded(steps, record.file or b"")
    if version.stored is None:
        raise InternalError("The version is not in the registry.")
    task = JudgeSquare(
        square=decoded.square, version=version.ref, definition=version.stored, head=version.head
    )
    judged = steps.judged(task)
    if judged.judgement is None:
        raise InternalError("Judging the picture failed.")
    seen = record.model_copy(update={"file": None, "picture": decoded.picture})
    line = scored(seen, judged.judgement)
    result = outcome_of(line, threshold, definition.input.min_ocr_confidence)
    return result, judged.model


def picture_vector(steps: PictureSteps, content: bytes) -> bytes:
    """What records are compared with that are to be like a picture: 512 int8.

    Raises a FileError where the picture cannot be decoded.
    """
    if not content:
        raise FileEmptyError("The picture has no bytes.")
    return steps.encoded(EncodeSquare(encode=_decoded(steps, content).square)).vector


def _decoded(steps: PictureSteps, content: bytes) -> DecodedSquare:
    """A picture that was decoded. Raises a FileError."""
    decoded = steps.decoded(content)
    if decoded.picture is None:
        raise refusal_of(decoded.code, decoded.reason)
    return decoded


def refusal_of(code: str | None, reason: str | None) -> FileError:
    """Why a picture cannot be decoded, as the error of a file that is dropped."""
    refusal = _REFUSALS.get(code, FileUnreadableError)
    return refusal(reason or "The picture cannot be read.")
