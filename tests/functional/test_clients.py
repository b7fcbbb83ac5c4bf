"""Which AWS a function's clients call, and what they say where none answers."""

import socket

import pytest

from winnow.errors import EndpointUnreachableError, SettingsError
from winnow_aws.clients import client


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a function in an emulator of Lambda, with nobody's AWS settings."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "defaultkey")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "defaultsecret")
    return monkeypatch


def test_the_local_aws_is_called_with_its_own_key(emulated: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        emulated.setenv("LOCAL_AWS", f"http://key:secret@127.0.0.1:{port}")
        s3 = client("s3")
    assert s3.meta.endpoint_url == f"http://127.0.0.1:{port}"
    assert s3._request_signer._credentials.access_key == "key"
    assert s3._request_signer._credentials.token is None


def test_an_emulated_function_says_that_nobody_answers(emulated: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    emulated.setenv("LOCAL_AWS", f"http://key:secret@127.0.0.1:{port}")
    with pytest.raises(EndpointUnreachableError, match=rf"127\.0\.0\.1:{port}.*winnow up"):
        client("s3")


def test_in_aws_nothing_is_tried_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/01/[7]0123456789abcdef")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("LOCAL_AWS", "")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    def no_connection(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", no_connection)
    assert client("s3").meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:80", "http://127.0.0.1:80", "http://k:s@127.0.0.1", "http://k:s@h:x"]
)
def test_an_address_without_a_key_or_port_is_refused(
    emulated: pytest.MonkeyPatch, address: str
) -> None:
    emulated.setenv("LOCAL_AWS", address)
    with pytest.raises(SettingsError, match="LOCAL_AWS") as refused:
        client("s3")
    assert address not in str(refused.value)
