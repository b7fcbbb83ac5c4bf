"""What went wrong with AWS, as the person at a command line needs to hear it.

In a run a refusal is about a role or a file; here it is about credentials, a region, a network, a
clock. So a command looks at what botocore raised, also where an adapter has made it an error of a
run's. AWS's own messages are never shown: they may hold a key.
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
_OF_A_RUN = (RetryableError, AccessDeniedError, AwsRefusedError, InternalError)


def honest(error: WinnowError, stack: str | None) -> WinnowError:
    """The error a command ends with: told anew where botocore is behind it."""
    if type(error) not in _OF_A_RUN:
        return error
    cause = behind(error)
    return error if cause is None else trouble(cause, stack)


def behind(error: BaseException | None) -> "BotoCoreError | ClientError | None":
    """What botocore raised, of an error or of those it was made from; None if it raised none."""
    from botocore.exceptions import BotoCoreError, ClientError

    while error is not None:
        if isinstance(error, BotoCoreError | ClientError):
            return error
        error = error.__cause__ or error.__context__
    return None


def trouble(error: "BotoCoreError | ClientError", stack: str | None) -> WinnowError:
    """What botocore raised while a command spoke to a stack (None: the local one), as ours."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _refused(error, stack)
    return _unanswered(error, stack)


def _refused(error: "ClientError", stack: str | None) -> WinnowError:
    from winnow_aws.aws_errors import code_of, from_client_error

    code, call = code_of(error), error.operation_name
    where = "in the local stack" if stack is None else f"in the stack {stack!r}"
    message = str(error.response.get("Error", {}).get("Message", ""))
    if code in _CLOCK or (code in _SIGNATURES and "ignature" in message and _of_time(message)):
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


def _of_time(message: str) -> bool:
    return "expired" in message or "not yet current" in message


def _unanswered(error: "BotoCoreError", stack: str | None) -> WinnowError:
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
        return AwsNotSetUpError(f"{str(error.kwargs.get('region_name', ''))!r} is no AWS region.")
    if isinstance(error, exceptions.NoCredentialsError):
        return AwsCredentialsError("There are no AWS credentials here.")
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _NO_CREDENTIALS:
        return AwsCredentialsError(f"The AWS credentials cannot be had ({name}).")
    if names & _SETTINGS:
        return AwsNotSetUpError(f"The AWS settings of this machine cannot be used ({name}).")
    return InternalError(f"A call to AWS could not be made ({name}).")
