"""Botocore's errors as ours, without AWS's messages: those may name an object's key.

TRANSIENT_CODES names errors that end by themselves; they become a RetryableError. Every other error
lasts until somebody changes something.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from winnow.errors import (
    AccessDeniedError,
    AwsRefusedError,
    InternalError,
    RetryableError,
    WinnowError,
)

_DENIED = {
    *("AccessDenied", "AccessDeniedException", "AuthorizationError", "403"),
    *("AuthorizationErrorException", "KMS.AccessDeniedException", "KMSAccessDenied"),
    *("ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId"),
    *("UnrecognizedClientException", "SignatureDoesNotMatch"),
}
TRANSIENT_CODES = {
    *("RequestTimeout", "RequestTimeoutException", "SlowDown", "BandwidthLimitExceeded"),
    *("Throttling", "ThrottlingException", "Throttled", "ThrottledException", "RequestThrottled"),
    *("ProvisionedThroughputExceededException", "RequestLimitExceeded", "TooManyRequestsException"),
    *("KMS.ThrottlingException", "KMSThrottling", "KMSThrottlingException"),
    *("InternalError", "InternalServerError", "InternalFailure", "ServiceUnavailable"),
    *("OperationAborted", "ReplicatedWriteConflictException", "ExecutionLimitExceeded"),
}
_SERVER_ERROR = 500
_BROKEN_OFF = (NoConnectionError, HTTPClientError, IncompleteReadError)
_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)


@contextmanager
def translated(
    where: str, own: Callable[[ClientError], WinnowError | None] = lambda _: None
) -> Iterator[None]:
    """Context for a call: raises botocore's errors as ours.

    `where` is what was called: "in the bucket b". `own` returns an error for codes with a special
    meaning there, and None for the others.
    """
    try:
        yield
    except ClientError as error:
        raise own(error) or from_client_error(error, where) from None
    except BotoCoreError as error:
        raise from_botocore_error(error) from None


def code_of(error: ClientError) -> str:
    """AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def from_client_error(error: ClientError, where: str) -> WinnowError:
    """The error for a response of AWS; `where` as in `translated`."""
    code = code_of(error)
    if code in _DENIED:
        return AccessDeniedError(f"{error.operation_name} is not allowed {where}.")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = RetryableError if code in TRANSIENT_CODES or status >= _SERVER_ERROR else AwsRefusedError
    return kind(f"{error.operation_name} was refused {where} ({code}).")


def from_botocore_error(error: BotoCoreError) -> WinnowError:
    """The error for a call without a response."""
    name = type(error).__name__
    if isinstance(error, _BROKEN_OFF):
        return RetryableError(f"AWS did not answer ({name}).")
    if isinstance(error, _NO_CREDENTIALS):
        return AccessDeniedError(f"There are no AWS credentials to call with ({name}).")
    return InternalError(f"A call to AWS could not be made ({name}).")
