"""Errors as problem documents (RFC 9457): our code, what is wrong and what to do, no trace."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from winnow import errors
from winnow.errors import InternalError, WinnowError
from winnow_api.messages import Response

CONTENT_TYPE = "application/problem+json"
TYPE = "urn:winnow:error:"
STATUS: Mapping[type[WinnowError], HTTPStatus] = {
    errors.NotSignedInError: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowedError: HTTPStatus.FORBIDDEN,
    errors.RouteUnknownError: HTTPStatus.NOT_FOUND,
    errors.ProcessNotOpenError: HTTPStatus.NOT_FOUND,
    errors.PredictionUnknownError: HTTPStatus.NOT_FOUND,
    errors.RecordUnknownError: HTTPStatus.NOT_FOUND,
    errors.UploadUnknownError: HTTPStatus.NOT_FOUND,
    errors.ObjectGoneError: HTTPStatus.NOT_FOUND,
    errors.FileError: HTTPStatus(422),
    errors.FileTooLargeError: HTTPStatus(413),
    errors.NotFinishedError: HTTPStatus.CONFLICT,
    errors.RecordErasedError: HTTPStatus.GONE,
    errors.DecisionInvalidError: HTTPStatus(422),
    errors.ReviewConflictError: HTTPStatus.CONFLICT,
    errors.NothingToUndoError: HTTPStatus.CONFLICT,
    errors.ReviewOffError: HTTPStatus.NOT_FOUND,
    errors.VersionUnknownError: HTTPStatus.NOT_FOUND,
    errors.ReleaseConflictError: HTTPStatus.CONFLICT,
    errors.ReleaseInvalidError: HTTPStatus(422),
    errors.RolledBackAlreadyError: HTTPStatus(422),
    errors.TrainingRunningError: HTTPStatus.CONFLICT,
    errors.TrainingOffError: HTTPStatus.NOT_FOUND,
    # Its name differs between versions of Python.
    errors.RequestTooLongError: HTTPStatus(413),
    errors.QueueTooLongError: HTTPStatus(422),
    errors.IdempotencyKeyReusedError: HTTPStatus(422),
    errors.SearchTooSlowError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SearchUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SavedSearchUnknownError: HTTPStatus.NOT_FOUND,
    errors.SearchNameTakenError: HTTPStatus.CONFLICT,
    errors.SavedSearchesFullError: HTTPStatus(422),
    errors.ExportTooLongError: HTTPStatus(422),
    errors.SearchTooLongError: HTTPStatus(413),
    errors.RequestError: HTTPStatus.BAD_REQUEST,
    errors.RetryableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of an error's class, or of the nearest of its bases; any other is a 500."""
_RETRY_AFTER_S = "2"


def status_of(error: type[WinnowError]) -> HTTPStatus:
    """The status that an error is answered with.

    >>> status_of(errors.CursorInvalidError)
    <HTTPStatus.BAD_REQUEST: 400>
    """
    found = (STATUS[cls] for cls in error.__mro__ if cls in STATUS)
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_of(
    error: WinnowError, request_id: str, extra: Mapping[str, Any] | None = None
) -> Response:
    """The answer to a request that failed, with `extra` fields.

    What is not the asker's to change (a setting, a permission of the function) is told by its code
    alone: its message is for the log.
    """
    status = status_of(type(error))
    own = status != HTTPStatus.INTERNAL_SERVER_ERROR
    document = {
        "type": f"{TYPE}{error.code}",
        "title": status.phrase,
        "status": int(status),
        "detail": error.message if own else "The server failed to answer. Nothing is lost.",
        "code": error.code,
        "hint": error.hint if own else f"Tell an administrator the request id {request_id}.",
        "instance": request_id,
        **(extra or {}),
    }
    headers = {}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = _RETRY_AFTER_S
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Response(json.dumps(document).encode(), CONTENT_TYPE, int(status), headers)


def unexpected(error: Exception, request_id: str) -> Response:
    """The answer to a defect: its type goes to the log, its message nowhere."""
    return problem_of(InternalError(type(error).__name__), request_id)
