"""The webhook of a chat: its address in Secrets Manager, and the posts to it.

Only an address of the chat itself is called, by TLS, and no redirect is followed: what answers is
not read.
"""

import json
import random
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from winnow.errors import (
    RetryableError,
    WebhookAddressMissingError,
    WebhookRefusedError,
    WinnowError,
)
from winnow.steps.notices import check_address
from winnow_aws.aws_errors import code_of, translated

TIMEOUT_S = 3.0
ATTEMPTS = 3
_FIRST_WAIT_S = 1.0
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class Webhook:
    """The webhook whose address is the secret with this ARN."""

    def __init__(
        self,
        secrets: Any,
        arn: str,
        kind: str,
        sleep: Callable[[float], None],
        *,
        local: bool = False,
    ) -> None:
        """Take where the address is.

        Args:
            secrets: Boto3's client of `secretsmanager`.
            kind: A name of CHATS.
            local: The address may be one of this machine.
        """
        self._secrets = secrets
        self._arn = arn
        self._kind = kind
        self._sleep = sleep
        self._local = local

    def post(self, message: dict[str, Any]) -> None:
        """Post a message. If an answer is lost, the chat has it twice.

        Raises:
            WebhookAddressMissingError, WebhookAddressInvalidError: The secret is no address.
            WebhookRefusedError: The chat does not take the message.
            RetryableError: The chat did not answer, or asks to come again later.
            AccessDeniedError, AwsRefusedError: The secret cannot be read.
        """
        address = self._address()
        check_address(self._kind, address, self._local)
        content = json.dumps(message).encode()
        for attempt in range(ATTEMPTS):
            problem = self._posted(address, content)
            if problem is None:
                return
            if attempt + 1 < ATTEMPTS:
                self._sleep(_FIRST_WAIT_S * 2**attempt * random.uniform(1, 1.5))  # noqa: S311 - jitter
        raise RetryableError(
            f"{self._kind.capitalize()} did not take the notice, {ATTEMPTS} times ({problem}).",
            hint="Look at the chat's own status page. The notice is kept in NoticesUndelivered.",
        )

    def _address(self) -> str:
        """Read every time: notices are rare, and a new address is used at once."""
        with translated("in Secrets Manager", _missing):
            answer = self._secrets.get_secret_value(SecretId=self._arn)
        return str(answer.get("SecretString", "")).strip()

    def _posted(self, address: str, content: bytes) -> str | None:
        """Post once; returns why it is worth another attempt, and None if it is not needed."""
        parts = urlsplit(address)
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = connect(parts.netloc, timeout=TIMEOUT_S)
        target = parts._replace(scheme="", netloc="").geturl()
        try:
            connection.request("POST", target, content, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()
        if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"HTTP {status}"
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise WebhookRefusedError(f"{self._kind.capitalize()} refused it (HTTP {status}).")
        return None


def _missing(error: ClientError) -> WinnowError | None:
    if code_of(error) == "ResourceNotFoundException":
        return WebhookAddressMissingError("The secret of the webhook has no address yet.")
    return None
