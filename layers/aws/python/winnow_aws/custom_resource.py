"""The handler of a custom resource: CloudFormation waits until it is answered at an address.

Whatever happens is answered: a stack that is not would wait for an hour.
"""

import json
import urllib.request
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from winnow.errors import EndpointUnreachableError, EventInvalidError, InternalError, WinnowError
from winnow_aws.handler import logger, places_of

MAX_REASON = 500
"""Characters of a reason; CloudFormation takes 4 kB of all."""
_TIMEOUT_S = 10.0
_ATTEMPTS = 3


class ResourceEvent(BaseModel):
    """What CloudFormation sends."""

    model_config = ConfigDict(extra="ignore")

    RequestType: Literal["Create", "Update", "Delete"]
    ResponseURL: str = Field(pattern=r"^https?://")
    StackId: str
    RequestId: str
    LogicalResourceId: str
    PhysicalResourceId: str = ""
    ResourceProperties: dict[str, Any] = Field(default_factory=dict)


def resource_handler(
    call: Callable[[dict[str, Any]], dict[str, str]],
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Make a Lambda handler of a function from the resource's properties to its attributes.

    The function is called when the resource is made and when it is updated; when it is deleted,
    nothing is done. An error fails the stack's operation with the code and the sentence. The
    handler returns what it answered.
    """

    @wraps(call)
    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        logger.clear_state()
        try:
            asked = ResourceEvent.model_validate(event)
        except ValidationError as error:
            raise EventInvalidError(
                f"The event is none of a custom resource ({error.error_count()} problems)."
            ) from None
        status, reason, data = "SUCCESS", "", {}
        if asked.RequestType != "Delete":
            try:
                data = call(asked.ResourceProperties)
            except WinnowError as error:
                status, reason = "FAILED", str(error)
                logger.error("failed", code=error.code)
            except Exception as error:
                # Its message is not ours: it may contain anything.
                places = places_of(error)
                ours = InternalError(f"{type(error).__name__} at {places[-1]}.")
                status, reason = "FAILED", str(ours)
                logger.error(
                    "failed", code=ours.code, error_type=type(error).__name__, where=places
                )
        answer = {
            "Status": status,
            "Reason": reason[:MAX_REASON],
            "PhysicalResourceId": asked.PhysicalResourceId or asked.LogicalResourceId,
            "StackId": asked.StackId,
            "RequestId": asked.RequestId,
            "LogicalResourceId": asked.LogicalResourceId,
            "Data": data,
        }
        _send(asked.ResponseURL, answer)
        logger.info("answered", status=status)
        return answer

    return handle


def _send(url: str, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    # The address is signed without a content type.
    request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")  # noqa: S310 - checked
    for left in reversed(range(_ATTEMPTS)):
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answered:  # noqa: S310 - checked
                if answered.status == HTTPStatus.OK:
                    return
        except OSError as error:
            if not left:
                raise EndpointUnreachableError(
                    f"CloudFormation could not be answered ({type(error).__name__})."
                ) from None
