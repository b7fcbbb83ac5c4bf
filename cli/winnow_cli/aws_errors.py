"""Errors of AWS for a person at a command line.

In a run a refused call is about a role or a file; at a command line it is about credentials, a
region, a network or a clock. So a command uses botocore's error, even if an adapter has turned it
into an error of a run. AWS's own messages are never shown: they may contain a key.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from winnow.errors import (
    AccessDeniedError,
    AwsBusyError,
    AwsClockError,
    AwsCredentialsError,
    AwsNotSetUpError,
    AwsRefusedError,
    AwsUnreachableError,
    InternalError,
    RetryableError,
    StackNotRunningError,
    WinnowError,
)

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_CREDENTIALS = {
    *("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"),
    *("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("InvalidToken", "AuthFailure", "IncompleteSignature", "IncompleteSignatureException"),
    *("MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotSignedUp"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "OptInRequired"),
    "SubscriptionRequiredException",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"}
_CLOCK = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_SIGNATURES = {"SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"}
_OTHER_REGION = {
    *("AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"),
    "301",
}
_NO_CREDENTIALS = {
    *("CredentialRetrievalError", "PartialCredentialsError", "TokenRetrievalError", "LoginError"),
    *("SSOError", "NoAuthTokenError", "MetadataRetrievalError", "UnknownCredentialError"),
    *("RefreshWithMFAUnsupportedError", "MissingDependencyException", "UnknownTokenProviderError"),
}
"""Classes of botocore; some came with later versions of it."""
_SETTINGS = {
    *("ConfigParseError", "ConfigNotFound", "InvalidConfigError", "InvalidProxiesConfigError"),
    *("InvalidRetryConfigurationError", "InvalidDefaultsMode", "InvalidEndpointConfigurationError"),
    *(
        "EndpointProviderError",
        "BaseEndpointResolverError",
        "InvalidSTSRegionalEndpointsConfigError",
    ),
    *("InvalidIMDSEndpointError", "InvalidIMDSEndpointModeError", "InvalidChecksumConfigError"),
    *("UnsupportedS3ConfigurationError", "InvalidS3AddressingStyleError"),
}
_ADAPTER_ERRORS = (RetryableError, AccessDeniedError, AwsRefusedError, InternalError)


def with_aws_cause(error: WinnowError, stack: str | None) -> WinnowError:
    """The same error, or one made from botocore's, if that is its cause."""
    if type(error) not in _ADAPTER_ERRORS:
        return error
    cause = botocore_cause(error)
    return error if cause is None else from_botocore(cause, stack)


def botocore_cause(error: BaseException | None) -> "BotoCoreError | ClientError | None":
    """The error of botocore that this one is, or was made from; None if there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    while error is not None:
        if isinstance(error, BotoCoreError | ClientError):
            return error
        error = error.__cause__ or error.__context__
    return None


def from_botocore(error: "BotoCoreError | ClientError", stack: str | None) -> WinnowError:
    """An error of botocore from a call to a stack (None: the local one), as one of ours."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _from_client_error(error, stack)
    return _from_botocore_error(error, stack)


def _from_client_error(error: "ClientError", stack: str | None) -> WinnowError:
    from winnow_aws.aws_errors import code_of, from_client_error

    code, call = code_of(error), error.operation_name
    where = "in the local stack" if stack is None else f"in the stack {stack!r}"
    message = str(error.response.get("Error", {}).get("Message", ""))
    if code in _CLOCK or (
        code in _SIGNATURES and "ignature" in message and _is_about_time(message)
    ):
        return AwsClockError(f"AWS refused {call}: this machine's clock is wrong ({code}).")
    if code in _EXPIRED:
        return AwsCredentialsError(f"The AWS credentials have expired ({code}).")
    if code in _CREDENTIALS:
        return AwsCredentialsError(f"AWS does not accept these credentials ({code}).")
    if code in _OTHER_REGION:
        return AwsNotSetUpError(f"{call} {where} was sent to another region than its own ({code}).")
    ours = from_client_error(error, where)
    if stack is not None and type(ours) is RetryableError:
        return AwsBusyError(f"AWS could not serve {call} {where} for now ({code}).")
    return ours


def _is_about_time(message: str) -> bool:
    return "expired" in message or "not yet current" in message


def _from_botocore_error(error: "BotoCoreError", stack: str | None) -> WinnowError:
    from botocore import exceptions

    name = type(error).__name__
    host = urlsplit(str(error.kwargs.get("endpoint_url") or "")).netloc
    if isinstance(
        error,
        exceptions.ConnectionError | exceptions.HTTPClientError | exceptions.IncompleteReadError,
    ):
        if stack is None:
            return StackNotRunningError(f"The local stack does not answer ({name}).")
        if isinstance(error, exceptions.ProxyConnectionError):
            return AwsUnreachableError(f"The proxy on the way to AWS does not answer ({name}).")
        if isinstance(error, exceptions.SSLError):
            return AwsUnreachableError(
                f"The certificate that AWS or a proxy shows is not trusted ({name})."
            )
        return AwsUnreachableError(f"AWS does not answer{f' at {host}' if host else ''} ({name}).")
    if isinstance(error, exceptions.NoRegionError):
        return AwsNotSetUpError("No AWS region is set.")
    if isinstance(error, exceptions.ProfileNotFound):
        return AwsNotSetUpError(
            f"The AWS profile {str(error.kwargs.get('profile', ''))!r} is not configured here."
        )
    if isinstance(error, exceptions.InvalidRegionError):
        return AwsNotSetUpError(
            f"{str(error.kwargs.get('region_name', ''))!r} is not an AWS region."
        )
    if isinstance(error, exceptions.NoCredentialsError):
        return AwsCredentialsError("There are no AWS credentials here.")
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _NO_CREDENTIALS:
        return AwsCredentialsError(f"The AWS credentials cannot be loaded ({name}).")
    if names & _SETTINGS:
        return AwsNotSetUpError(f"The AWS settings of this machine cannot be used ({name}).")
    return InternalError(f"A call to AWS could not be made ({name}).")
