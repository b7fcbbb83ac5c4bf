"""Clients of AWS's services for a function, with its role and region and the same retries.

In an emulator of Lambda (`sam local invoke`, `docker run`) there may be another AWS to call: the
variable LOCAL_AWS names it with its key, `http://KEY:SECRET@HOST:PORT`. `winnow up` writes it into
`.winnow/sam/`. In AWS the variable is empty.
"""

import os
import socket
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.session import Session, get_session

from winnow.errors import EndpointUnreachableError, SettingsError
from winnow_aws.sent_requests import count_requests

LOCAL_AWS = "LOCAL_AWS"
_LOCAL_REGION = "us-east-1"
_CONNECT_S = 2.0
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 6},
    connect_timeout=5,
    read_timeout=60,
    # As many as threads that share a client.
    max_pool_connections=16,
)
"""Timeouts in seconds, for one attempt."""


def client(service: str, config: Config | None = None) -> Any:
    """A client of the service with this name in botocore; `config` adds to what all clients have.

    Raises SettingsError for a LOCAL_AWS that is not an address, and EndpointUnreachableError if the
    function runs in an emulator and nothing answers at the service's address.
    """
    aws_client: Any = _session().create_client(
        service, config=_merged(config), **_local(os.environ)
    )
    count_requests(aws_client)
    if emulated(os.environ):
        _must_answer(aws_client.meta.endpoint_url)
    return aws_client


@cache
def _session() -> Session:
    """Shared by all clients: what it reads of botocore's data it reads once."""
    # boto3's would also import its transfers of files, which nothing here uses.
    return get_session()


def _merged(config: Config | None) -> Config:
    merged: Config = _CONFIG if config is None else _CONFIG.merge(config)
    return merged


def emulated(environment: Mapping[str, str]) -> bool:
    """Whether this is an emulator of Lambda: AWS's own log streams have a date in their name."""
    return environment.get("AWS_LAMBDA_LOG_STREAM_NAME") == "$LATEST"


def _local(environment: Mapping[str, str]) -> dict[str, Any]:
    """Address, key and region of the local AWS, as botocore takes them; empty without one."""
    address = environment.get(LOCAL_AWS, "").strip()
    if not address:
        return {}
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not (host and port and parts.username and parts.password):
        raise SettingsError(f"{LOCAL_AWS}: give http://KEY:SECRET@HOST:PORT, or nothing.")
    return {
        "endpoint_url": f"{parts.scheme}://{host}:{port}",
        "aws_access_key_id": parts.username,
        "aws_secret_access_key": parts.password,
        "aws_session_token": None,
        "region_name": environment.get("AWS_REGION") or _LOCAL_REGION,
    }


def _must_answer(endpoint: str) -> None:
    """Reject an address where nothing listens.

    In AWS such a call is retried; on an engineer's machine it means that the stack is down.
    Looking up a name has no timeout, so it is done in a thread.
    """
    parts = urlsplit(endpoint)
    address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection(address, timeout=_CONNECT_S).close()
        except OSError:
            return
        answered.set()

    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(_CONNECT_S)
    if not answered.is_set():
        raise EndpointUnreachableError(
            f"No AWS answers at {address[0]}:{address[1]}. Start one with `winnow up`, and pass "
            ".winnow/sam/env.json on (sam local invoke --env-vars)."
        )
