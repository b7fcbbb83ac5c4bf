"""Botocore's errors as ours, without AWS's messages: those may name an object's key.

TRANSIENT_CODES names the errors that pass by themselves; they become a RetryableError. Everything
else needs somebody to change something.
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
    """Goes round a call: botocore's errors come out as ours.

    `where` is what was called: "in the bucket b". `own` gives an error for the codes that mean
    something of their own there, and None for the others.
    """
    try:
        yield
    except ClientError as error:
        raise own(error) or from_client_error(error, where) from None
    except BotoCoreError as error:
        raise from_botocore_error(error) from None


def code_of(error: ClientError) -> str:
    """AWS's own code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def from_client_error(error: ClientError, where: str) -> WinnowError:
    """What AWS answered; `where` as in `translated`."""
    code = code_of(error)
    if code in _DENIED:
        return AccessDeniedError(f"{error.operation_name} is not allowed {where}.")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = RetryableError if code in TRANSIENT_CODES or status >= _SERVER_ERROR else AwsRefusedError
    return kind(f"{error.operation_name} was refused {where} ({code}).")


def from_botocore_error(error: BotoCoreError) -> WinnowError:
    """What kept the call from an answer."""
    name = type(error).__name__
    if isinstance(error, _BROKEN_OFF):
        return RetryableError(f"AWS did not answer ({name}).")
    if isinstance(error, _NO_CREDENTIALS):
        return AccessDeniedError(f"There are no AWS credentials to call with ({name}).")
    return InternalError(f"A call to AWS could not be made ({name}).")
